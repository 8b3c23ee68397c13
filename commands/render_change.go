package commands

import (
	"fmt"
	"math"
	"slices"
	"time"

	"cordon/filters"
)

// renderResult answers a change that was recorded, or found nothing to do.
func renderResult(result filters.Result, asker filters.Actor) Reply {
	reply := Reply{Cluster: result.Cluster, Operation: result.Operation, State: result.State}
	switch {
	case result.DryRun:
		reply.Lines = renderPlan(result, asker)
	case result.Verb == filters.VerbFilter || result.Verb == filters.VerbAdopt:
		reply.Lines = renderWithheld(result)
	case result.Verb == filters.VerbExtend:
		reply.Lines = renderExtended(result)
	default:
		reply.Lines = renderEnded(result, asker)
		reply.Buttons = releaseOthers(result.Others)
	}
	if result.Approval != nil && result.Approval.Glass {
		reply.Lines = append(reply.Lines, glassLine(result.Approval))
	}
	if result.Observe && !result.DryRun {
		reply.Lines = append(reply.Lines, Say("I only observe ", Strong(result.Cluster), ": nothing is sent to its master."))
	}
	return reply
}

func renderWithheld(result filters.Result) []Line {
	placed, renewed := split(result)
	var lines []Line
	if len(placed) > 0 {
		hosts, total := distinctHosts(placed), result.Count-len(renewed)
		head := subject("⏸ ", hosts, total, " takes no new tasks", " take no new tasks")
		if result.Verb == filters.VerbAdopt {
			head = subject("⏸ ", hosts, total, " becomes ours to give back", " become ours to give back")
		}
		lines = append(lines, Separated(head, Say("asked ", Clock(result.At, result.At))))
		if len(hosts) > 1 {
			lines = append(lines, Say(List(hosts, total)))
		}
		lines = append(lines, Separated(reason(result.Plan.Reason), Ends(result.Plan.Until, result.At)))
		lines = append(lines, Say("The channel shows when it is confirmed. Tasks that run there run on."))
	}
	if len(renewed) > 0 {
		lines = append(lines, Separated(
			Say(Strong(Names(distinctHosts(renewed), 0)), " "+were(renewed)+" withheld by you already; now: ", reason(renewed[0].Reason)),
			Ends(renewed[0].Until, result.At)))
	}
	if same := unchanged(result); len(same) > 0 {
		lines = append(lines, Say(Strong(Names(same, 0)), " "+is(len(same))+" withheld by you already, just so."))
	}
	if len(result.Changed) == 0 {
		lines = append(lines, Say(nothingChanged))
	}
	return lines
}

// split tells the filters that were placed from those that stood before and got another end or reason.
func split(result filters.Result) (placed, renewed []filters.Filter) {
	already := map[filters.AgentID]bool{}
	for _, step := range result.Plan.Already {
		already[step.Agent] = true
	}
	for _, filter := range result.Changed {
		if already[filter.Agent] {
			renewed = append(renewed, filter)
		} else {
			placed = append(placed, filter)
		}
	}
	return placed, renewed
}

// unchanged names the agents that the plan left as they were.
func unchanged(result filters.Result) []string {
	changed := map[filters.AgentID]bool{}
	for _, filter := range result.Changed {
		changed[filter.Agent] = true
	}
	var names []string
	for _, step := range result.Plan.Already {
		if !changed[step.Agent] && !slices.Contains(names, step.Hostname) {
			names = append(names, step.Hostname)
		}
	}
	return names
}

func renderExtended(result filters.Result) []Line {
	var lines []Line
	if len(result.Changed) > 0 {
		first := result.Changed[0]
		names := Names(distinctHosts(result.Changed), result.Count)
		if first.Until.IsZero() {
			lines = append(lines, Say(Strong(names), ": no end, as before; I will ask about it again in a day."))
		} else {
			lines = append(lines, Say(Strong(names), " "+stay(result.Changed)+" withheld ", Ends(first.Until, result.At)))
		}
	}
	if len(result.Others) > 0 {
		lines = append(lines, Say(Strong(Names(distinctHosts(result.Others), 0)), " "+stay(result.Others)+" withheld longer than that already: ", Ends(result.Others[0].Until, result.At)))
		lines = append(lines, longer(result))
	}
	if len(result.Changed) == 0 {
		lines = append(lines, Say(nothingChanged))
	}
	return lines
}

// longer says what moves the end of what stays longer than was asked: about an hour more than is left.
func longer(result filters.Result) Line {
	first := result.Others[0]
	hours := int(math.Ceil(first.Until.Sub(result.At).Hours())) + 1
	return Say("An extension counts from now: ", Literal(fmt.Sprintf("/mesos extend %s --for %dh", first.ID, hours)), " moves the end.")
}

func renderEnded(result filters.Result, asker filters.Actor) []Line {
	held := map[filters.AgentID]bool{}
	for _, other := range result.Others {
		held[other.Agent] = true
	}
	free := slices.DeleteFunc(slices.Clone(result.Changed), func(f filters.Filter) bool { return held[f.Agent] })
	var lines []Line
	if len(free) > 0 {
		hosts, total := distinctHosts(free), agentsOf(free)
		if len(held) == 0 {
			total += result.Count - len(result.Changed) // those that a repeated answer does not name
		}
		head := subject("▶ ", hosts, total, " takes tasks again", " take tasks again")
		if result.Held != "" || len(result.Draining)+len(result.Leaving) > 0 {
			head = subject("⏏ ", hosts, total, " is released", " are released")
		}
		lines = append(lines, Separated(head, Say("asked ", Clock(result.At, result.At))))
		if len(hosts) > 1 {
			lines = append(lines, Say(List(hosts, total)))
		}
		lines = append(lines, stillDraining(result)...)
		if result.Held == "" {
			lines = append(lines, Say("The channel shows when it is confirmed."))
		}
	}
	if len(held) > 0 {
		lines = append(lines, renderStillHeld(result, asker)...)
	}
	if result.Held != "" {
		lines = append(lines, Say("Nothing is given back just now: ", result.Held, ". It follows by itself."))
	}
	return lines
}

// stillDraining says what is given back only after its drain, or never.
func stillDraining(result filters.Result) []Line {
	var lines []Line
	if drains := result.Draining; len(drains) > 0 {
		lines = append(lines, Say(Strong(Names(drains, 0)), " "+is(len(drains))+" still being drained, which cannot be cancelled; given back after DRAINED."))
	}
	if leave := result.Leaving; len(leave) > 0 {
		lines = append(lines, Say(Strong(Names(leave, 0)), " "+is(len(leave))+" to leave the cluster for ever, which cannot be taken back: it goes on."))
	}
	return lines
}

// renderStillHeld says by whom agents are withheld although the filter is gone.
func renderStillHeld(result filters.Result, asker filters.Actor) []Line {
	whose := "Your filter is"
	switch own := ownedBy(result.Changed, asker); {
	case len(result.Changed) > 1 && own:
		whose = "Your filters are"
	case len(result.Changed) > 1:
		whose = "The filters are"
	case !own:
		whose = "The filter is"
	}
	return append(stillHeld(result), Say(whose+" gone; "+pronoun(len(distinctHosts(result.Others)))+" when theirs are."))
}

// stillHeld says who else withholds each agent, and until when.
func stillHeld(result filters.Result) []Line {
	var lines []Line
	hosts := distinctHosts(result.Others)
	for _, host := range hosts[:min(listed, len(hosts))] {
		line := Say(host + " is also withheld by ")
		others := slices.DeleteFunc(slices.Clone(result.Others), func(f filters.Filter) bool { return f.Hostname != host })
		for i, other := range others {
			switch {
			case i > 0 && i == len(others)-1:
				line = append(line, Text(" and "))
			case i > 0:
				line = append(line, Text(", "))
			}
			line = append(line, Holder(string(other.Owner), other.Drain)...)
			line = append(line, endsBriefly(other.Until, result.At)...)
		}
		lines = append(lines, append(line, Text(".")))
	}
	return append(lines, more(listed, len(hosts))...)
}

func pronoun(hosts int) string {
	if hosts == 1 {
		return "it gets tasks"
	}
	return "they get tasks"
}

func endsBriefly(until, now time.Time) Line {
	if until.IsZero() {
		return Say(" (no end)")
	}
	return Say(" (until ", Clock(until, now), ")")
}

func ownedBy(all []filters.Filter, asker filters.Actor) bool {
	return !slices.ContainsFunc(all, func(f filters.Filter) bool { return f.Owner != asker.Owner() })
}

// releaseOthers offers to end the filters of all owners where it is one agent that is meant.
func releaseOthers(others []filters.Filter) []Button {
	if len(others) == 0 || len(distinctHosts(others)) > 1 {
		return nil
	}
	return []Button{
		{Label: "Release all", Action: ActionReleaseAll, Value: string(others[0].Agent), Danger: true,
			Confirm: "The filters of every owner on " + others[0].Hostname + " end, and it gets tasks."},
		{Label: "Details", Action: ActionDetails, Value: string(others[0].Agent)},
	}
}

// subject renders who does something: one host by name, several by number.
func subject(sign string, hosts []string, total int, one, several string) Line {
	if len(hosts) == 1 {
		return Say(sign, Strong(hosts[0]+one))
	}
	return Say(sign, Strong(Count(max(total, len(hosts)), "agent")+several))
}

func reason(text string) Line {
	if text == "" {
		return Say("no reason given")
	}
	return Say(text)
}

func were(all []filters.Filter) string {
	if len(distinctHosts(all)) == 1 {
		return "was"
	}
	return "were"
}

func stay(all []filters.Filter) string {
	if len(distinctHosts(all)) == 1 {
		return "stays"
	}
	return "stay"
}

func is(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// renderFreeze answers freeze and thaw.
func renderFreeze(cluster string, freeze filters.Freeze, thawed bool, now time.Time) Reply {
	if thawed {
		return Reply{Cluster: cluster, Lines: []Line{
			Say(Strong(cluster+" is thawed"), ": new filters may start again."),
			Say("It was frozen for "+Lasting(now.Sub(freeze.At))+": ", freeze.Reason),
		}}
	}
	return Reply{Cluster: cluster, Lines: []Line{
		Say(Strong(cluster+" is frozen"), ": nothing new starts. Releasing, and ends that come, go on."),
		Say(freeze.Reason, " · ", Literal("/mesos thaw -m …"), " ends it"),
	}}
}

// renderDryFreeze says what freeze or thaw would do.
func renderDryFreeze(cluster string, freeze filters.Freeze, thaw bool, now time.Time) Reply {
	if thaw {
		return Reply{Cluster: cluster, Lines: []Line{
			Say(Strong("Would thaw "+cluster), " (nothing was changed)"),
			Say("new filters might start again · frozen for "+Lasting(now.Sub(freeze.At))+" by ", Who(freeze.By), ": ", freeze.Reason),
		}}
	}
	return Reply{Cluster: cluster, Lines: []Line{
		Say(Strong("Would freeze "+cluster), " (nothing was changed)"),
		Say("nothing new would start; releasing, and ends that come, would go on · ", freeze.Reason),
	}}
}

// renderAnswered answers answer, and its dry run.
func renderAnswered(cluster string, question filters.Question, dry bool) Reply {
	does := "Things stay as they are."
	if question.Answer == "yes" {
		does = Meaning(question.Kind)
	}
	head := Say("Answered ", Strong(question.Answer), ": ", question.Text)
	if dry {
		head = Say(Strong("Would answer "+question.Answer), " (nothing was changed): ", question.Text)
	}
	return Reply{Cluster: cluster, Lines: []Line{head, Say(does)}}
}

// Meaning says what yes to a question of the kind does; no leaves things as they are.
func Meaning(kind filters.QuestionKind) string {
	switch kind {
	case filters.QuestionContested:
		return "The agent is withheld again, and I go on repairing."
	case filters.QuestionReturned:
		return "The host's new agent ID takes the filter over."
	case filters.QuestionGiveBack:
		return "These agents are given back."
	case filters.QuestionOpening:
		return "It opens as planned, for these agents."
	case filters.QuestionShrunk:
		return "The smaller fleet is taken for the whole, and giving back goes on."
	}
	return ""
}

// renderUnlocked answers unlock, and its dry run: what is given back by it, and what goes on.
func renderUnlocked(cluster string, overdue []filters.Filter, goesOn []Line, lock filters.Lock, dry bool, now time.Time) Reply {
	reply := unlocked(cluster, overdue, lock, dry, now)
	if len(goesOn) > 0 {
		reply.Lines = append(append(reply.Lines, Say("What goes on by it:")), goesOn...)
	}
	return reply
}

func unlocked(cluster string, overdue []filters.Filter, lock filters.Lock, dry bool, now time.Time) Reply {
	reply := Reply{Cluster: cluster}
	if dry {
		reply.Lines = []Line{Say(Strong("Would unlock "+cluster), " (nothing was changed)"), Say("locked because ", lock.Cause)}
	} else {
		reply.Lines = []Line{Say(Strong(cluster+" is unlocked"), ": giving back goes on."), Say("It was locked because ", lock.Cause)}
	}
	if len(overdue) == 0 {
		reply.Lines = append(reply.Lines, Say("Nothing is overdue: no agent is given back by it."))
		return reply
	}
	hosts := distinctHosts(overdue)
	reply.Lines = append(reply.Lines, Say("Overdue, and given back by it where no other filter stands: ", Strong(Names(hosts, 0))))
	for _, filter := range overdue[:min(len(overdue), listed)] {
		reply.Lines = append(reply.Lines, filterLine(filter, now))
	}
	reply.Lines = append(reply.Lines, more(listed, len(overdue))...)
	return reply
}
