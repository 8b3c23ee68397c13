package config

import (
	"reflect"

	"cordon/scheduler"
)

// words explain a field of another package's type, as the tags of this package's own do.
type words struct{ doc, example string }

// scheduled is what docs/configuration.md says of the types that windows are written in, by the fields' names in the file.
var scheduled = map[reflect.Type]map[string]words{
	reflect.TypeFor[scheduler.Definition](): {
		"schedule":            {"When it opens: five cron fields (minute, hour, day of month, month, day of week), or @hourly, @daily, @weekly, @monthly, @yearly. A day of month together with a day of week means either, as in cron: `bot validate` says so and prints the next openings. A time that the clock jumps over opens at the end of the jump, a time that happens twice opens the first time. Required.", "0 2 * * 2"},
		"duration":            {"How long it is open. Required.", "2h or 1d12h"},
		"time_zone":           {"What the schedule and the dates are read in; empty: UTC.", "Europe/Berlin"},
		"targets":             {"Hostnames, agent IDs, globs and @groups, resolved when it opens. Targets or attributes are required.", "[web-*, \"@bench\"]"},
		"attributes":          {"Attributes, all of which an agent must have: they narrow targets, and alone they select among all agents.", "{rack: r1}"},
		"joining":             {"Agents that join while it is open are withheld, too.", ""},
		"mode":                {"What it does with its agents: filter (no new offers), drain (that, and what runs there is killed gracefully, which needs `allow: [drain]`; they are given back when the window is over and they are drained) or schedule (their machines stand in Mesos's maintenance schedule for as long as it is open, from its first `announce` on, or an hour ahead; they are taken out at its end). Empty: filter.", "drain"},
		"take_down":           {"Of mode schedule: the machines are taken down at its start, which kills what runs there and needs `allow: [down]`, and brought up at its end. In this file the window needs nobody's yes for it unless `approval` is set.", ""},
		"drain":               {"How a window of mode drain does it.", ""},
		"reason":              {"What people are told it is for.", "kernel updates"},
		"start_date":          {"The first day on which it opens, in its time zone.", "2026-12-01"},
		"end_date":            {"The last day on which it opens, in its time zone.", "2027-03-31"},
		"cutoff":              {"How long before its end nothing new begins; empty: until the end something may.", "30m"},
		"overrun":             {"What becomes of a run that is under way at the end: finish (what is under way is finished, nothing else begins) or stop (it is aborted). Empty: finish.", "stop"},
		"missed":              {"What becomes of an occurrence whose start nobody was there for: late (it opens while it would still be open) or skip. Empty: late.", "skip"},
		"announce":            {"How long before it opens the channel is told.", "[24h, 1h]"},
		"max_unavailable":     {"How many agents, or which share of them, may be withheld by anybody after it took one: of the cluster, or of each value of max_unavailable_per. Where there is no room agents wait.", "25%"},
		"max_unavailable_per": {"The attribute that max_unavailable is counted over.", "rack"},
		"approval":            {"Each occurrence asks before it opens, the longest `announce` ahead, or an hour; without a yes it does not open.", ""},
		"run":                 {"What goes over the agents while it is open. Without it they are all withheld from start to end.", ""},
	},
	reflect.TypeFor[scheduler.Draining](): {
		"max_grace_period": {"The longest that a task is given to end, where its executor obeys it: command tasks keep their own by default. Empty: each its own.", "10m"},
		"deadline":         {"How long an agent may drain before the channel is told what holds it up; nothing is forced. Empty: as long as it takes.", "1h"},
		"mark_gone":        {"Is refused: a window never does what cannot be undone.", ""},
	},
	reflect.TypeFor[scheduler.Procedure](): {
		"steps":        {"What is done for each agent while it is withheld, in order: `wait DURATION`, `confirm` (a person says done, failed or skip), `webhook NAME`.", "[webhook reboot, wait 5m]"},
		"max_parallel": {"How many agents are under way at once; 0: 1.", "2"},
		"batch_by":     {"An attribute: agents of one value are done before those of the next begin.", "rack"},
		"soak":         {"How long an agent must be back and well before it is given back; empty: it is looked at once.", "5m"},
		"max_failures": {"How many agents may fail before the run stops; 0: it stops at the first.", "1"},
		"expect":       {"Whether steps restart the agent: restart (it must have registered again since its steps began) or stay. Empty: stay.", "restart"},
	},
	reflect.TypeFor[scheduler.RotaDefinition](): {
		"people":    {"The Slack IDs of those who take turns, in their order. Required.", "[U0123, U0456]"},
		"from":      {"When the first of them begins: a day and a time, as clocks in the rota's time zone show them. They hand over at the same time of the day in summer and in winter. Required.", "2026-11-23 09:00"},
		"shift":     {"How long each of them is on call: an hour to 31 days. Required.", "7d"},
		"time_zone": {"The zone of from; empty: UTC.", "Europe/Berlin"},
	},
	reflect.TypeFor[scheduler.Freeze](): {
		"name":      {"What people are told it is. Required.", "year's end"},
		"from":      {"When it begins: a day, or a day and a time, in its time zone. Required.", "2026-12-20 or 2026-12-20 18:00"},
		"to":        {"When it ends; a day is included to its end. Required.", "2027-01-03"},
		"time_zone": {"The zone of from and to; empty: UTC.", "Europe/Berlin"},
		"windows":   {"The windows that it holds; empty: every window, and runs.", "[kernel-tue]"},
	},
}
