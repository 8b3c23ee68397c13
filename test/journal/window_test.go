package journal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// diary is a journal of windows and runs, written by hand: an entry says when it is.
type diary struct {
	run    Run
	states map[string]int64 // revisions of records
}

func at(clock string) time.Time {
	when, err := time.Parse("2 15:04", clock)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 11, when.Day(), when.Hour(), when.Minute(), 0, 0, time.UTC)
}

func (d *diary) add(clock string, e filters.Event) {
	e.At, e.ID = at(clock), fmt.Sprintf("%d-%d", at(clock).UnixMilli(), len(d.run.Entries))
	e.Term, e.Actor, e.Cause = 1, "window:w", filters.CauseWindow
	if e.Subject == "" {
		e.Subject = "s"
	}
	d.run.Entries = append(d.run.Entries, e)
}

func (d *diary) record(clock string, shelf filters.Shelf, name string, kind filters.Kind, body any, e filters.Event) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	key := string(shelf) + name
	d.states[key]++
	e.Kind, e.Record = kind, &filters.Record{Shelf: shelf, Name: name, Body: encoded, Revision: d.states[key]}
	d.add(clock, e)
}

// place writes a filter of an owner, which the operation's next entry tells of.
func (d *diary) place(clock string, owner filters.Owner, agent filters.AgentID, until time.Time) filters.Filter {
	filter := filters.Filter{ID: fmt.Sprint("f-", owner, agent, len(d.run.Entries)), Agent: agent, Hostname: "host-" + string(agent), Rack: "r1", Owner: owner, Mode: filters.ModeFilter, Operation: "op-" + clock, Revision: 1, Until: until}
	d.add(clock, filters.Event{Kind: filters.KindFilter, Agent: agent, Operation: "op-" + clock, Filter: &filter})
	return filter
}

// end ends a filter and settles it.
func (d *diary) end(clock string, filter filters.Filter, kind filters.Kind) {
	filter.Ended, filter.Revision = at(clock), 2
	d.add(clock, filters.Event{Kind: kind, Agent: filter.Agent, Filter: &filter})
	settled := filter
	d.add(clock, filters.Event{Kind: filters.KindGave, Agent: filter.Agent, Filter: &settled, Settled: true})
}

var (
	daily  = scheduler.Definition{Schedule: "0 2 * * *", Duration: "2h", Targets: []string{"*"}, Cutoff: "30m", MaxUnavailable: "1"}
	timing = "0 2 * * * | UTC | 2h |  | "
)

func (d *diary) window(clock string, kind filters.Kind, state scheduler.WindowState, reason string) {
	state.Timing = timing
	d.record(clock, filters.ShelfWindows, "w", kind, state, filters.Event{Operation: "op-" + clock, Reason: reason})
}

// nights is a journal in which a window opens on the 2nd, is not there on the 3rd, and opens on the 4th; on the 5th it runs.
func nights() *diary {
	d := &diary{states: map[string]int64{}}
	d.run.Rules = &Rules{
		Limits: filters.LimitConfig{Cluster: filters.LimitValue{Count: 3}}, Size: func(string, string) int { return 10 }, Attribute: func(filters.AgentID, string) string { return "r1" },
		Frozen: func(when time.Time, _ string) bool { return when.Day() == 9 },
	}
	d.add("1 00:00", filters.Event{Kind: filters.KindLeader})
	d.window("1 12:00", filters.KindWindow, scheduler.WindowState{Last: at("1 02:00")}, "")
	for _, day := range []string{"2", "4"} {
		open := &scheduler.Opening{Start: at(day + " 02:00"), End: at(day + " 04:00"), Definition: &daily, Waiting: []filters.AgentID{"b"}}
		owner := scheduler.Occurrence{Window: "w", Start: open.Start}.Owner()
		first := d.place(day+" 02:00", owner, "a", open.End)
		d.window(day+" 02:00", filters.KindOpen, scheduler.WindowState{Last: open.Start, Open: open}, "")
		d.end(day+" 02:30", first, filters.KindRelease)
		second := d.place(day+" 03:00", owner, "b", open.End)
		d.window(day+" 03:00", filters.KindOpen, scheduler.WindowState{Last: open.Start, Open: open}, "")
		d.end(day+" 04:00", second, filters.KindExpire)
		closing := *open
		closing.Closing = open.End
		d.window(day+" 04:00", filters.KindClose, scheduler.WindowState{Last: open.Start, Open: &closing}, "")
		d.window(day+" 04:01", filters.KindClosed, scheduler.WindowState{Last: open.Start}, "")
		if day == "2" {
			d.window("3 12:00", filters.KindPassed, scheduler.WindowState{Last: at("3 02:00")}, "nobody was there")
		}
	}
	d.rolling("5")
	d.window("5 12:00", filters.KindPassed, scheduler.WindowState{Last: at("5 02:00")}, "skipped")
	d.run.End = &End{At: at("6 01:00"), Agents: []Agent{{ID: "a"}, {ID: "b"}}}
	return d
}

// rolling is a run over two agents, one after the other: the second fails.
func (d *diary) rolling(day string) {
	run := scheduler.RunState{ID: "r-1", Phase: scheduler.RunGoing, By: "user:UALICE", Procedure: scheduler.Procedure{Steps: []string{"wait 5m", "webhook reboot"}}, Agents: 2, NoNew: at(day + " 12:00")}
	agent := func(clock string, id filters.AgentID, phase scheduler.AgentPhase, step int, sent string) {
		state := scheduler.RunAgent{Run: "r-1", Agent: id, Hostname: "host-" + string(id), Phase: phase, Step: step}
		if sent != "" {
			state.Sent = at(day + sent)
		}
		d.record(day+clock, filters.ShelfRunAgents, "r-1 "+string(id), filters.KindRunAgent, state, filters.Event{Operation: "op-" + day + clock, Agent: id, Outcome: string(phase)})
	}
	agent(" 08:00", "a", scheduler.AgentWaiting, 0, "")
	agent(" 08:00", "b", scheduler.AgentWaiting, 0, "")
	d.record(day+" 08:00", filters.ShelfRuns, "r-1", filters.KindRun, run, filters.Event{Outcome: "started"})
	first := d.place(day+" 08:01", "run:r-1", "a", time.Time{})
	agent(" 08:01", "a", scheduler.AgentWithholding, 0, "")
	agent(" 08:02", "a", scheduler.AgentStepping, 0, "")
	agent(" 08:07", "a", scheduler.AgentStepping, 1, "")
	agent(" 08:08", "a", scheduler.AgentStepping, 1, " 08:08")
	agent(" 08:09", "a", scheduler.AgentReturning, 2, "")
	d.end(day+" 08:10", first, filters.KindRelease)
	agent(" 08:10", "a", scheduler.AgentGiving, 2, "")
	agent(" 08:11", "a", scheduler.AgentDone, 2, "")
	second := d.place(day+" 08:12", "run:r-1", "b", time.Time{})
	agent(" 08:12", "b", scheduler.AgentWithholding, 0, "")
	agent(" 08:13", "b", scheduler.AgentFailed, 0, "")
	run.Phase = scheduler.RunDone
	d.record(day+" 08:14", filters.ShelfRuns, "r-1", filters.KindRun, run, filters.Event{Outcome: "done", Reason: "failed, and stay withheld: host-b"})
	d.end(day+" 09:00", second, filters.KindRelease)
}

func TestGoodNightsHaveNoViolations(t *testing.T) {
	for _, violation := range Check(nights().run) {
		t.Error(violation)
	}
}

// edit changes the record of the first entry of the kind and outcome, at or after the time.
func edit[S any](d *diary, clock string, kind filters.Kind, outcome string, change func(*S)) {
	e := d.find(clock, kind, outcome)
	var state S
	if err := json.Unmarshal(e.Record.Body, &state); err != nil {
		panic(err)
	}
	change(&state)
	e.Record.Body, _ = json.Marshal(state)
}

func (d *diary) find(clock string, kind filters.Kind, outcome string) *filters.Event {
	for i := range d.run.Entries {
		if e := &d.run.Entries[i]; e.Kind == kind && e.Outcome == outcome && !e.At.Before(at(clock)) {
			return e
		}
	}
	panic("no such entry")
}

// without takes the first entry of the kind and outcome out, and renumbers the record's others.
func (d *diary) without(clock string, kind filters.Kind, outcome string) {
	gone := *d.find(clock, kind, outcome)
	d.run.Entries = slices.DeleteFunc(d.run.Entries, func(e filters.Event) bool { return e.ID == gone.ID })
	for i := range d.run.Entries {
		if e := &d.run.Entries[i]; e.Record != nil && gone.Record != nil && e.Record.Key() == gone.Record.Key() && e.Record.Revision > gone.Record.Revision {
			e.Record.Revision--
		}
	}
}

func TestEachViolationOfWindowsAndRunsIsSeen(t *testing.T) {
	type state = scheduler.WindowState
	type agent = scheduler.RunAgent
	for _, c := range []struct {
		name string
		rule Rule
		says string
		harm func(*diary)
	}{
		{"an occurrence is forgotten", RuleWindow, "neither opened at [2026-11-03", func(d *diary) { d.without("3 00:00", filters.KindPassed, "") }},
		{"the last occurrence is forgotten", RuleWindow, "neither opened at 2026-11-05", func(d *diary) { d.without("5 00:00", filters.KindPassed, "") }},
		{"it passes without a word", RuleWindow, "nobody is told why", func(d *diary) { d.find("3 00:00", filters.KindPassed, "").Reason = "" }},
		{"it passes over another without a word", RuleWindow, "and not at [2026-11-05", func(d *diary) {
			edit(d, "5 00:00", filters.KindPassed, "", func(s *state) { s.Last = at("6 02:00") })
			d.find("5 00:00", filters.KindPassed, "").At = at("6 03:00")
		}},
		{"it passes before it came", RuleWindow, "before it came", func(d *diary) {
			edit(d, "3 00:00", filters.KindPassed, "", func(s *state) { s.Last = at("4 02:00") })
		}},
		{"a start that there is not", RuleWindow, "which is no start of it", func(d *diary) {
			edit(d, "3 00:00", filters.KindPassed, "", func(s *state) { s.Last = at("3 03:00") })
		}},
		{"it opens and does not account for it", RuleWindow, "does not account for that", func(d *diary) {
			edit(d, "4 00:00", filters.KindOpen, "", func(s *state) { s.Last = at("3 02:00") })
		}},
		{"it opens, and says that it did not", RuleWindow, "says that it did not", func(d *diary) {
			edit(d, "4 00:00", filters.KindOpen, "", func(s *state) { s.Last = at("3 02:00") })
			edit(d, "4 03:00", filters.KindOpen, "", func(s *state) { s.Last = at("3 02:00") })
			edit(d, "4 00:00", filters.KindClose, "", func(s *state) { s.Last = at("3 02:00") })
			edit(d, "4 00:00", filters.KindClosed, "", func(s *state) { s.Last = at("3 02:00") })
			edit(d, "5 00:00", filters.KindPassed, "", func(s *state) { s.Last = at("4 02:00") })
		}},
		{"it goes back", RuleWindow, "goes back", func(d *diary) {
			edit(d, "4 04:00", filters.KindClose, "", func(s *state) { s.Last = at("2 02:00") })
		}},
		{"it opens twice", RuleWindow, "for the second time", func(d *diary) {
			edit(d, "4 00:00", filters.KindOpen, "", func(s *state) { s.Open.Start, s.Open.End = at("2 02:00"), at("2 04:00") })
		}},
		{"it opens too long", RuleWindow, "for 2h0m0s until", func(d *diary) {
			edit(d, "4 00:00", filters.KindOpen, "", func(s *state) { s.Open.End = at("4 05:00") })
		}},
		{"it closes without a word", RuleWindow, "opens or closes with warn", func(d *diary) {
			d.without("4 00:00", filters.KindClose, "")
			d.find("4 00:00", filters.KindClosed, "").Kind = filters.KindClose
			d.find("4 00:00", filters.KindClose, "").Kind = filters.KindWarn
		}},
		{"it never closes", RuleWindow, "should have closed at 2026-11-04", func(d *diary) {
			d.run.Entries = slices.DeleteFunc(d.run.Entries, func(e filters.Event) bool { return e.At.After(at("4 03:00")) })
		}},
		{"it closes early", RuleWindow, "closes before its end", func(d *diary) {
			e := d.find("4 00:00", filters.KindClose, "")
			e.At = at("4 03:00")
		}},
		{"it is closed without closing", RuleWindow, "was not closing", func(d *diary) { d.without("4 00:00", filters.KindClose, "") }},
		{"an agent is not given back and not named", RuleGiven, "does not name host-b", func(d *diary) {
			d.without("4 03:30", filters.KindGave, "")
		}},
		{"somebody closes it, and an agent stays withheld", RuleGiven, "host-b stays withheld", func(d *diary) {
			d.without("4 03:30", filters.KindExpire, "")
			d.without("4 03:30", filters.KindGave, "")
			edit(d, "4 03:30", filters.KindClose, "", func(s *state) { s.Open.EndedBy = "user:UALICE" })
		}},
		{"it is removed and stays open", RuleWindow, "stays open", func(d *diary) {
			e := d.find("4 03:00", filters.KindOpen, "")
			e.Kind, e.Outcome = filters.KindWindow, "removed"
		}},
		{"placed while paused", RuleTaken, "paused it", func(d *diary) {
			edit(d, "4 02:00", filters.KindOpen, "", func(s *state) { s.Paused = &scheduler.Word{By: "user:UALICE"} })
		}},
		{"placed in a freeze", RuleTaken, "in a freeze", func(d *diary) { d.run.Rules.Frozen = func(when time.Time, _ string) bool { return when.Day() == 4 } }},
		{"placed after the cutoff", RuleTaken, "after its cutoff", func(d *diary) {
			late := daily
			late.Cutoff = "1h30m"
			edit(d, "4 02:30", filters.KindOpen, "", func(s *state) { s.Open.Definition = &late })
		}},
		{"placed again on what was released", RuleTaken, "again in one occurrence", func(d *diary) {
			*d.find("2 02:45", filters.KindFilter, "").Filter = filters.Filter{
				ID: "again", Agent: "a", Hostname: "host-a", Owner: "window:w/2026-11-02T02:00:00Z", Operation: "op-2 03:00", Mode: filters.ModeFilter, Until: at("2 04:00"), Revision: 1,
			}
		}},
		{"placed out of nothing", RuleTaken, "out of nothing", func(d *diary) { d.find("2 02:45", filters.KindFilter, "").Operation = "another" }},
		{"placed for longer than it is open", RuleTaken, "and ends", func(d *diary) { d.find("2 02:00", filters.KindFilter, "").Filter.Until = at("2 05:00") }},
		{"nobody approved it", RuleTaken, "nobody approved it", func(d *diary) {
			edit(d, "2 02:00", filters.KindOpen, "", func(s *state) {
				asks := daily
				asks.Approval = true
				s.Open.Definition = &asks
			})
		}},
		{"more than max_unavailable", RuleLimit, "max_unavailable: 2 agents", func(d *diary) {
			d.without("4 02:30", filters.KindRelease, "")
			d.without("4 02:30", filters.KindGave, "")
		}},
		{"more than max_withheld", RuleLimit, "max_withheld: 1 agents", func(d *diary) {
			d.run.Rules.Limits.Cluster = filters.LimitValue{Percent: 5}
			d.run.Rules.Size = func(string, string) int { return 0 }
			d.run.Rules.Limits.Rack = filters.LimitValue{Count: -1}
		}},
		{"a leader's entry without a term", RuleTerm, "open without a term", func(d *diary) { d.find("2 00:00", filters.KindOpen, "").Term = 0 }},
		{"a record written over", RuleLost, "the record of w", func(d *diary) { d.find("2 00:00", filters.KindClose, "").Record.Revision = 9 }},
		{"too many at once", RuleRun, "2 agents under way", func(d *diary) {
			d.without("5 00:00", filters.KindRunAgent, "done")
		}},
		{"a step twice", RuleRun, "done again", func(d *diary) {
			edit(d, "5 08:07", filters.KindRunAgent, "stepping", func(s *agent) { s.Sent = at("5 08:07") })
		}},
		{"a step is left out", RuleRun, "from step 0 to 2", func(d *diary) {
			d.without("5 08:07", filters.KindRunAgent, "stepping")
			d.without("5 08:08", filters.KindRunAgent, "stepping")
		}},
		{"a run is over and an agent is not", RuleRun, "is withholding", func(d *diary) { d.without("5 00:00", filters.KindRunAgent, "failed") }},
		{"a failed agent is not named", RuleGiven, "does not name host-b", func(d *diary) { d.find("5 00:00", filters.KindRun, "done").Reason = "" }},
		{"begun after nothing new may", RuleTaken, "nothing new begins since", func(d *diary) {
			edit(d, "5 00:00", filters.KindRun, "started", func(s *scheduler.RunState) { s.NoNew = at("5 08:10") })
		}},
		{"begun while paused", RuleTaken, "although it is paused", func(d *diary) {
			edit(d, "5 00:00", filters.KindRun, "started", func(s *scheduler.RunState) { s.Phase = scheduler.RunPaused })
		}},
		{"begun and not withheld", RuleTaken, "does not withhold it", func(d *diary) { d.without("5 08:11", filters.KindFilter, "") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := nights()
			c.harm(d)
			found := Check(d.run)
			if !slices.ContainsFunc(found, func(v Violation) bool { return v.Rule == c.rule && strings.Contains(v.String(), c.says) }) {
				t.Errorf("no %q with %q among %v", c.rule, c.says, found)
			}
		})
	}
}

// The walk is what windows are held to: some of its starts are written down here.
func TestWalk(t *testing.T) {
	for _, c := range []struct{ timing, from, to, want string }{
		{"30 2 * * * | Europe/Berlin | 1h |  | ", "2027-03-27T00:00:00Z", "2027-03-30T00:00:00Z", "27 01:30, 28 01:00, 29 00:30"},
		{"30 1 * * * | America/New_York | 1h |  | ", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "31 05:30, 1 05:30, 2 06:30"},
		{"0 12 31 * * | UTC | 1h |  | ", "2026-08-01T00:00:00Z", "2026-11-01T00:00:00Z", "31 12:00, 31 12:00"},
		{"0 0 13 * 5 | UTC | 1h |  | ", "2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z", "6 00:00, 13 00:00"},
		{"@weekly | UTC | 1d2h | 2026-11-02 | 2026-11-15", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "8 00:00, 15 00:00"},
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		to, _ := time.Parse(time.RFC3339, c.to)
		var got []string
		for _, start := range newWalk(c.timing).starts(from.Add(-1), to) {
			got = append(got, start.UTC().Format("2 15:04"))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %s, want %s", c.timing, text, c.want)
		}
	}
	for _, timing := range []string{"", "0 2 * * MON | UTC | 1h |  | ", "0 2 * * * | Nowhere | 1h |  | ", "0 2 * * | UTC | 1h |  | ", "0 2 * * * | UTC | long |  | "} {
		if newWalk(timing) != nil {
			t.Errorf("%q is read", timing)
		}
	}
}
