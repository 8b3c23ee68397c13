package commands

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"cordon/filters"
)

// Cost says what a plan costs, a line for each kind of loss and none for what is nought, for dry runs, questions and approvals
// alike. Tasks is what becomes of the tasks: Killed or RunsOn. The racks have a line of their own: Racks.
func Cost(tasks Line, impact *filters.Impact) []Line {
	lines := []Line{Separated(append([]Line{tasks}, standOut(impact)...)...), Separated(alone(impact), lastInstances(impact)), volumes(impact), operations(impact),
		Separated(resourcesLeft(impact), emptied(impact))}
	lines = append(lines, roles(impact)...)
	return withoutEmpty(append(lines, away(impact), unread(impact)))
}

// Racks says which racks lose agents, and what each has left.
func Racks(impact *filters.Impact) Line {
	var parts []string
	for _, rack := range impact.Racks {
		part := fmt.Sprintf("rack %s loses %d of %d", rack.Rack, rack.Agents, rack.Total)
		if left := amounts(rack.Left); left != "" {
			part += " (" + left + " left)"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil
	}
	return Say(Names(parts, len(parts)+impact.Cut.Racks))
}

// Killed says which tasks a plan kills.
func Killed(impact *filters.Impact) Line {
	if !impact.TasksKnown {
		return Say("kills what runs there; this replica does not follow the master, so I do not know what that is")
	}
	return tasksOf(impact, func(total int) string { return "kills " + Count(total, "task") + " there: " })
}

// RunsOn says which tasks run on where nothing new begins.
func RunsOn(impact *filters.Impact) Line {
	if !impact.TasksKnown {
		return Say("I do not know which tasks run there: this replica does not follow the master")
	}
	return tasksOf(impact, func(total int) string {
		if total == 1 {
			return "1 task runs on: "
		}
		return strconv.Itoa(total) + " tasks run on: "
	})
}

// tasksOf names the tasks of a plan's agents, after what becomes of so many. What runs on a host that the master does not list is not known.
func tasksOf(impact *filters.Impact, become func(total int) string) Line {
	total, unlisted := impact.TaskSum(), Line(nil)
	if impact.Unlisted > 0 {
		unlisted = Say("what runs on " + Count(impact.Unlisted, "host") + " that the master does not list is not known")
	}
	switch {
	case total > 0:
		return Separated(Say(become(total), byFramework(impact)), unlisted)
	case len(unlisted) > 0:
		return unlisted
	}
	return Say("no tasks run there")
}

// byFramework names the frameworks with their tasks, most first.
func byFramework(impact *filters.Impact) string {
	parts := taskParts(impact.Tasks)
	return List(parts, len(parts)+impact.Cut.Frameworks)
}

// standOut says which tasks are not running yet or not any more, and since when the oldest runs.
func standOut(impact *filters.Impact) []Line {
	var parts []string
	for _, state := range []filters.TaskState{filters.TaskStaging, filters.TaskStarting, filters.TaskKilling} {
		if n := impact.States[state]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+string(state))
		}
	}
	lines := []Line{Say(strings.Join(parts, ", "))}
	if oldest := impact.Oldest; oldest != nil && impact.TaskSum() > 0 {
		lines = append(lines, Say("the oldest has run for "+Lasting(impact.AsOf.Sub(oldest.Since))+" (", oldest.Framework, ")"))
	}
	return lines
}

// alone names the frameworks that have every task there.
func alone(impact *filters.Impact) Line {
	if len(impact.Alone) == 0 {
		return nil
	}
	return Say("frameworks with every task there: ", Strong(Names(impact.Alone, len(impact.Alone)+impact.Cut.Alone)))
}

// lastInstances names the apps that have every instance there.
func lastInstances(impact *filters.Impact) Line {
	if len(impact.Last) == 0 {
		return nil
	}
	return Say("apps with every instance there: ", Strong(Names(impact.Last, len(impact.Last)+impact.Cut.Last)))
}

// volumes says what is kept on the disks there, and for whom.
func volumes(impact *filters.Impact) Line {
	if impact.VolumeSum() == 0 {
		return nil
	}
	var parts []string
	for _, volume := range impact.Volumes {
		whose := []string{amount(volume.SizeMB/1024, "GB")}
		if len(volume.Principals) > 0 {
			whose = append(whose, "made by "+Names(volume.Principals, 0))
		}
		if len(volume.Frameworks) > 0 {
			whose = append(whose, "of "+Names(volume.Frameworks, 0))
		}
		parts = append(parts, fmt.Sprintf("role %s %d (%s)", volume.Role, volume.Count, strings.Join(whose, ", ")))
	}
	return Say(Strong(Count(impact.VolumeSum(), "persistent volume")), " there: ", List(parts, len(parts)+impact.Cut.Volumes))
}

// operations says what is under way on the resources there.
func operations(impact *filters.Impact) Line {
	total := 0
	var parts []string
	for _, pending := range impact.Operations {
		total += pending.Count
		part := pending.Type
		if pending.Framework != "" {
			part += " by " + pending.Framework
		}
		parts = append(parts, part+" "+strconv.Itoa(pending.Count))
	}
	if total == 0 {
		return nil
	}
	return Say(Count(total, "operation")+" pending there: ", List(parts, 0))
}

func resourcesLeft(impact *filters.Impact) Line {
	left, whole := impact.Left, impact.Whole
	parts := []string{
		number(left.CPUs) + " of " + number(whole.CPUs) + " CPUs",
		number(left.MemMB/1024) + " of " + number(whole.MemMB/1024) + " GB",
	}
	if whole.GPUs > 0 {
		parts = append(parts, number(left.GPUs)+" of "+number(whole.GPUs)+" GPUs")
	}
	if whole.DiskMB > 0 {
		parts = append(parts, number(left.DiskMB/1024)+" of "+number(whole.DiskMB/1024)+" GB of disk")
	}
	return Say("left for new tasks: ", strings.Join(parts, ", "))
}

func emptied(impact *filters.Impact) Line {
	var racks []string
	for _, rack := range impact.Racks {
		if rack.Agents+rack.Withheld >= rack.Total {
			racks = append(racks, rack.Rack)
		}
	}
	switch len(racks) {
	case 0:
		return nil
	case 1:
		return Say("leaves rack ", Strong(racks[0]), " empty")
	}
	return Say("leaves racks ", Strong(Names(racks, 0)), " empty")
}

// roles says whose quota could be met before and cannot be met then, each in a line, and what the other roles could have.
func roles(impact *filters.Impact) []Line {
	var lines []Line
	var others []string
	for i := range impact.Roles {
		switch role := &impact.Roles[i]; role.Short {
		case filters.ShortGuarantee:
			lines = append(lines, Say("role ", Strong(role.Role), " could not have what its quota guarantees any more: "+short(role.Could, role.Guarantee)))
		case filters.ShortLimit:
			lines = append(lines, Say("role ", Strong(role.Role), " could not grow to its quota's limit any more: "+short(role.Could, role.Limit)))
		default:
			others = append(others, role.Role+" "+amounts(role.Could))
		}
	}
	total := len(impact.Roles) + impact.Cut.Roles
	if len(lines) > listed {
		return append(lines[:listed:listed], Say(fmt.Sprintf("and %d more roles", total-listed)))
	}
	if len(others) > 0 {
		lines = append(lines, Say("each role could have, with what is free: ", strings.Join(others[:min(len(others), listed)], "; "), etc(listed, total-len(lines))))
	}
	return lines
}

// etc says how many more there are.
func etc(shown, total int) string {
	if total <= shown {
		return ""
	}
	return fmt.Sprintf("; and %d more", total-shown)
}

// short names the resources that do not suffice: `13 of 15 CPUs`.
func short(could, wanted filters.Resources) string {
	var parts []string
	for _, part := range []struct {
		could, wanted float64
		unit          string
	}{
		{could.CPUs, wanted.CPUs, "CPUs"}, {could.MemMB / 1024, wanted.MemMB / 1024, "GB"},
		{could.GPUs, wanted.GPUs, "GPUs"}, {could.DiskMB / 1024, wanted.DiskMB / 1024, "GB of disk"},
	} {
		if part.could < part.wanted {
			parts = append(parts, number(part.could)+" of "+number(part.wanted)+" "+part.unit)
		}
	}
	return strings.Join(parts, ", ")
}

// amounts renders the resources that are not nought.
func amounts(r filters.Resources) string {
	var parts []string
	for _, part := range []struct {
		value float64
		unit  string
	}{{r.CPUs, "CPUs"}, {r.MemMB / 1024, "GB"}, {r.GPUs, "GPUs"}, {r.DiskMB / 1024, "GB of disk"}} {
		if part.value > 0 {
			parts = append(parts, amount(part.value, part.unit))
		}
	}
	return strings.Join(parts, ", ")
}

func amount(value float64, unit string) string { return number(value) + " " + unit }

// away counts what is missing already, whoever took it.
func away(impact *filters.Impact) Line {
	var parts []string
	for _, part := range []struct {
		count int
		words string
	}{
		{impact.Withheld, " withheld by us"}, {impact.Foreign, " withheld by somebody else"}, {impact.Away, " disconnected"},
	} {
		if part.count > 0 {
			parts = append(parts, strconv.Itoa(part.count)+part.words)
		}
	}
	if impact.Down > 0 {
		parts = append(parts, Count(impact.Down, "machine")+" down")
	}
	if len(parts) == 0 {
		return nil
	}
	return Say("away already: ", strings.Join(parts, ", "))
}

// unread says what could not be found out.
func unread(impact *filters.Impact) Line {
	if len(impact.Unread) == 0 {
		return nil
	}
	return Say("not known: ", List(impact.Unread, 0))
}

// number renders a quantity without a needless fraction.
func number(value float64) string {
	return strconv.FormatFloat(math.Round(value*10)/10, 'f', -1, 64)
}

// PlanCost says what an approval's plan costs and, where tasks have to end for it, how that goes.
func PlanCost(plan *filters.Plan, impact *filters.Impact) []Line {
	for _, step := range plan.Steps {
		switch step.Mode {
		case filters.ModeDrain:
			return append(Cost(Killed(impact), impact), planTerms(plan, impact)...)
		case filters.ModeDown:
			return Cost(Killed(impact), impact)
		}
	}
	return Cost(RunsOn(impact), impact)
}
