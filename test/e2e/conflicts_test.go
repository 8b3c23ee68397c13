package e2e

import (
	"testing"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// mistakes are the rules that Mesos's documentation has for schedules and lists of machines ("Performing Node Maintenance"), each
// broken from chat, with what people are told instead of the master's words.
var mistakes = map[string]struct{ typed, told string }{
	"a window has at least one machine":      {"maintenance schedule --start now --duration 1h", "names no machine"},
	"and an interval":                        {"maintenance schedule agent-one", "needs --start"},
	"a duration is not negative":             {"maintenance schedule agent-one --start now --duration -1h", "must be more than zero"},
	"a machine has a hostname":               {"maintenance schedule ,@ --start now", "names no group"},
	"or an IP":                               {"maintenance schedule agent-nine@ --start now", "agent-nine@"},
	"both, if it is not registered":          {"maintenance schedule agent-nine --start now", "I know no agent agent-nine"},
	"both, as its agent has them":            {"maintenance schedule agent-one@10.9.9.9 --start now", "matches hostname and IP, both"},
	"the IP is correctly formed":             {"maintenance schedule agent-nine@10.0.0 --start now", "10.0.0"},
	"and of version 4":                       {"maintenance schedule agent-nine@::1 --start now", "::1"},
	"a machine that is down stays listed":    {"maintenance cancel agent-six", "stays in the maintenance schedule"},
	"what is taken down is in the schedule":  {"maintenance down agent-one", "is not in the maintenance schedule"},
	"also what the master has never seen":    {"maintenance down agent-nine@10.0.9.9", "is not in the maintenance schedule"},
	"a list of machines is not empty":        {"maintenance down", "names no machine"},
	"nor to be brought up":                   {"maintenance up", "names no machine"},
	"what is brought up is down":             {"maintenance up agent-one", "is not down"},
	"a machine appears once in the schedule": {"maintenance schedule elsewhere@10.9.9.9 --start now", "somebody else"},
}

// Each of Mesos's rules is checked before anything is sent, and nothing is.
func TestMesosRulesOfMaintenanceFromChat(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayTakeDown})
	untouched := theirs(t, w)
	down(t, w, "agent-six")
	before, entries := schedule(t, w), len(w.Journal())
	for rule, mistake := range mistakes {
		t.Run(rule, func(t *testing.T) {
			said(t, w.Say("alice", mistake.typed), mistake.told, "Nothing was changed")
		})
	}
	for _, event := range w.Journal()[entries:] {
		if event.Record != nil && event.Record.Shelf == filters.ShelfMachines {
			t.Errorf("%s of %s is in the journal", event.Kind, event.Host)
		}
	}
	if after := schedule(t, w); len(after) != len(before) {
		t.Errorf("the schedule was %v and is %v", before, after)
	}
	untouched()
	said(t, w.Say("alice", "maintenance schedule agent-one,AGENT-ONE,agent-one@127.0.1.1 --start now --duration 1h --dry-run"), "Would schedule agent-one")
}

// down takes a machine down, as two people do.
func down(t *testing.T, w *harness.World, hostname string) {
	t.Helper()
	prepareDown(t, w, hostname, "conflicts")
}

// What excludes one another is found when it is asked for, and said with what to do instead.
func TestConflictsFromChat(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: "    allow: [drain, gone, down]\n"})
	entry := scheduled{"agent-two", "127.0.1.2", somebodyElse().Start, somebodyElse().Duration}
	reschedule(t, w, map[string]scheduled{"agent-two": entry})
	prepareScheduled(t, w, "agent-one", "conflicts")
	down(t, w, "agent-six")
	occupy(t, w, 2*harness.Patience, "agent-three")
	said(t, w.Say("alice", "drain agent-three -m conflicts"), "Asked for approval")
	agree(t, w, "agent-three")
	w.AwaitRoot("agent-three", "of 1 tasks left")
	said(t, w.Say("alice", "maintenance schedule agent-five --start now --duration 1h -m conflicts"), "comes into the maintenance schedule")
	w.AwaitRoot("agent-five is in the maintenance schedule", "confirmed")
	for name, conflict := range map[string]struct{ typed, told, instead string }{
		"drain of a machine in the schedule":          {"drain agent-one", "is in the maintenance schedule", "/mesos maintenance cancel agent-one"},
		"drain of a machine that others scheduled":    {"drain agent-two", "maintenance schedule", "Nothing was changed"},
		"schedule of one that is draining":            {"maintenance schedule agent-three --start now", "is being drained", "/mesos status agent-three"},
		"down of one that is not scheduled":           {"maintenance down agent-four", "is not in the maintenance schedule", "/mesos maintenance schedule agent-four"},
		"down of one that others scheduled":           {"maintenance down agent-two", "somebody else", "Nothing was changed"},
		"two drains of one agent":                     {"drain agent-three", "under way in run", "/mesos run show"},
		"drain while the machine is down":             {"drain agent-six", "in maintenance by our word", "/mesos maintenance up agent-six"},
		"gone of an agent whose machine is down":      {"gone agent-six --confirm agent-six", "in maintenance by our word", "/mesos maintenance up agent-six"},
		"cancel of a machine that is down":            {"maintenance cancel agent-six", "is down", "/mesos maintenance up agent-six@127.0.3.2"},
		"filter of an agent whose machine is down":    {"filter agent-six", "is not listed by the master since", "/mesos status agent-six"},
		"a drain that is to be gone and is not typed": {"drain agent-four --mark-gone", "cannot be undone", "--confirm agent-four"},
	} {
		t.Run(name, func(t *testing.T) {
			said(t, w.Say("alice", conflict.typed), conflict.told, conflict.instead, "Nothing was changed")
		})
	}
	said(t, w.Say("bob", "filter agent-three -m disk"), "agent-three takes no new tasks")
	said(t, w.Say("bob", "unfilter agent-three"), "also withheld by")
}

// What waits for approval reserves nothing: what stands in its way by the time of the last yes is told then, and nothing is killed.
func TestConflictsThatComeBeforeTheYes(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: "    allow: [drain, gone, down]\n"})
	occupy(t, w, 0, "agent-one", "agent-two")
	prepareAsked(t, w, "agent-one", "power")
	said(t, w.Say("alice", "maintenance cancel agent-one"), "leaves the maintenance schedule")
	w.AwaitRoot("agent-one is out of the maintenance schedule", "confirmed")
	takeDown(t, w, "agent-one")
	w.AwaitRoot("take agent-one down", "is not in the maintenance schedule")

	said(t, w.Say("alice", "drain agent-two -m disk"), "Asked for approval")
	scheduleIt(t, w, "agent-two", "power")
	w.AwaitRoot("agent-two is in the maintenance schedule", "confirmed")
	agree(t, w, "drain agent-two")
	w.AwaitRoot("drain agent-two", "is in the maintenance schedule", "disk")
	for _, hostname := range []string{"agent-one", "agent-two"} {
		if agent := w.Agent(hostname); agent.Withheld() || agent.Runs("on-"+hostname) == 0 {
			t.Errorf("%s was touched: %+v", hostname, agent)
		}
	}
	w.Rest(2 * harness.Patience)
}
