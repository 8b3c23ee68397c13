package commands

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// listed is how many of a long list are shown.
const listed = 10

// Lasting renders a duration as people say it, in its two largest units: `1 h 12 m`, `45 s`, `3 d`.
func Lasting(d time.Duration) string {
	d = d.Abs()
	switch {
	case d >= 48*time.Hour:
		return units(int(d/(24*time.Hour)), "d", int(d%(24*time.Hour)/time.Hour), "h")
	case d >= time.Hour:
		return units(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "m")
	case d >= 10*time.Minute:
		return strconv.Itoa(int(d/time.Minute)) + " m"
	case d >= time.Minute:
		return units(int(d/time.Minute), "m", int(d%time.Minute/time.Second), "s")
	}
	return strconv.Itoa(int(d/time.Second)) + " s"
}

func units(large int, largeUnit string, small int, smallUnit string) string {
	text := strconv.Itoa(large) + " " + largeUnit
	if small > 0 {
		text += " " + strconv.Itoa(small) + " " + smallUnit
	}
	return text
}

// Count renders a number with its noun: `1 agent`, `3 agents`.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Of renders a part with its whole: `2 of 6 agents`.
func Of(part, whole int, noun string) string {
	return strconv.Itoa(part) + " of " + Count(whole, noun)
}

// Names joins names: `a`, `a and b`, `a, b and c`; of many the first ten and how many more there are. Total is how many
// there are in all, where names holds only some of them.
func Names(names []string, total int) string {
	total = max(total, len(names))
	shown := names[:min(len(names), listed)]
	if more := total - len(shown); more > 0 {
		return strings.Join(shown, ", ") + fmt.Sprintf(" and %d more", more)
	}
	if len(shown) < 2 {
		return strings.Join(shown, "")
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}

// List lists names with commas: of many the first ten and how many more there are. Total is as for Names.
func List(names []string, total int) string {
	if total = max(total, len(names)); total > listed {
		return Names(names, total)
	}
	return strings.Join(names, ", ")
}

// Ends renders the end of a filter: `until 16:03 (1 h 59 m left)` or `no end`.
func Ends(until, now time.Time) Line {
	if until.IsZero() {
		return Say("no end")
	}
	if left := until.Sub(now).Round(time.Second); left > 0 {
		return Say("until ", Clock(until, now), " ("+Lasting(left)+" left)")
	}
	return Say("until ", Clock(until, now))
}

// Separated joins the lines that are not empty with a dot between them.
func Separated(parts ...Line) Line {
	var joined Line
	for _, part := range parts {
		if len(part) == 0 {
			continue
		}
		if len(joined) > 0 {
			joined = append(joined, Text(" · "))
		}
		joined = append(joined, part...)
	}
	return joined
}

// TaskCounts renders tasks by framework: `3 tasks run on: marathon 2, chronos 1`.
func TaskCounts(tasks map[string]int) string {
	total := 0
	var parts []string
	for _, framework := range filters.Frameworks(tasks) {
		if tasks[framework] > 0 {
			total += tasks[framework]
			parts = append(parts, inert(framework)+" "+strconv.Itoa(tasks[framework]))
		}
	}
	if total == 0 {
		return "no tasks run there"
	}
	verb := " run on: "
	if total == 1 {
		verb = " runs on: "
	}
	return Count(total, "task") + verb + List(parts, 0)
}

// distinctHosts returns the hostnames of filters, each once, in their order.
func distinctHosts(of []filters.Filter) []string {
	seen := make(map[string]bool, len(of))
	var names []string
	for i := range of {
		if !seen[of[i].Hostname] {
			seen[of[i].Hostname] = true
			names = append(names, of[i].Hostname)
		}
	}
	return names
}

// agentsOf counts the agents of filters: several may stand on one.
func agentsOf(all []filters.Filter) int {
	seen := make(map[filters.AgentID]bool, len(all))
	for i := range all {
		seen[all[i].Agent] = true
	}
	return len(seen)
}

func more(shown, total int) []Line {
	if total <= shown {
		return nil
	}
	return []Line{Say(fmt.Sprintf("and %d more", total-shown))}
}
