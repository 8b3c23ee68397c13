package operation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

func TestConflictsAreFoundBeforeAnythingIsDone(t *testing.T) {
	scheduling := func(s *scene, request filters.Request) (Listing, error) {
		return s.desk.Schedule(s.t.Context(), request, at(5))
	}
	down := func(s *scene, r filters.Request) (Listing, error) { return s.desk.Down(s.t.Context(), r) }
	up := func(s *scene, r filters.Request) (Listing, error) { return s.desk.Up(s.t.Context(), r) }
	cancel := func(s *scene, r filters.Request) (Listing, error) { return s.desk.Cancel(s.t.Context(), r) }
	phase := func(p Phase) func(*scene) { return func(s *scene) { s.ready(p, "web-2") } }
	theirs := func(s *scene) { s.put(filters.MachineDraining, 3, 2) }
	theirsDown := func(s *scene) { s.put(filters.MachineDown, 3, 2) }
	for _, test := range []struct {
		name    string
		prepare func(s *scene)
		act     func(s *scene, request filters.Request) (Listing, error)
		code    filters.Code
		words   string
	}{
		{"schedule what somebody else has", theirs, scheduling, filters.Conflict, "`web-2 (10.0.0.2)` stands in somebody else's window of the maintenance schedule: 2026-11-22 05:00 UTC for 1h"},
		{"schedule what is down", phase(PhaseDown), scheduling, filters.Conflict, "`web-2` is down, by the word of `user:UALICE`: one operation on a machine at a time. `/mesos maintenance up web-2` brings it up"},
		{"schedule what somebody else took down", theirsDown, scheduling, filters.Conflict, "was taken down by somebody else"},
		{"schedule what is being scheduled", phase(PhaseScheduling), scheduling, filters.Conflict, "is being scheduled"},
		{"schedule what is being taken down", phase(PhaseTakingDown), scheduling, filters.Conflict, "is being taken down"},
		{"schedule what is drained", func(s *scene) { s.drain(filters.Draining) }, scheduling, filters.Conflict, "is being drained"},
		{"down, not scheduled", func(*scene) {}, down, filters.Invalid, "`/mesos maintenance schedule web-2 --start now --duration 1h` first"},
		{"down, scheduled by somebody else", theirs, down, filters.Conflict, "somebody else's window"},
		{"down, and down by somebody else", theirsDown, down, filters.Conflict, "was taken down by somebody else already"},
		{"down, still being scheduled", phase(PhaseScheduling), down, filters.Conflict, "is being scheduled"},
		{"down, leaving the schedule", phase(PhaseCancelling), down, filters.Conflict, "is being taken out of the schedule"},
		{"down, on its way already", phase(PhaseTakingDown), down, filters.Conflict, "is being taken down, by the word of `user:UALICE`"},
		{"down, and switched off", func(s *scene) { phase(PhaseScheduled)(s); s.config.MayDown = false }, down, filters.Denied, "`allow: [down]`"},
		{"up, not down", phase(PhaseScheduled), up, filters.Invalid, "`web-2` is not down"},
		{"up, down by somebody else", theirsDown, up, filters.Conflict, "only what I took down myself is mine to bring up"},
		{"up, being brought up", phase(PhaseBringingUp), up, filters.Conflict, "is being brought up"},
		{"cancel, not scheduled", func(*scene) {}, cancel, filters.Invalid, "is not in the maintenance schedule"},
		{"cancel, somebody else's", theirs, cancel, filters.Conflict, "somebody else's window"},
		{"cancel what is down", phase(PhaseDown), cancel, filters.Invalid, "stays in the maintenance schedule for as long as it is"},
		{"a master that lacks the calls", func(s *scene) { s.broken = invalid("no calls", "Mesos 1.0 or later") }, scheduling, filters.Invalid, "Mesos 1.0 or later"},
		{"a master that is away", func(s *scene) { s.broken = &filters.Error{Code: filters.Unavailable, Wrong: "away"} }, cancel, filters.Unavailable, "away"},
		{"somebody who may not", func(s *scene) { s.denied = true }, scheduling, filters.Denied, "you may look"},
		{"while a freeze stands", func(s *scene) {
			r := s.asks()
			if _, err := s.service.Freeze(s.t.Context(), r); err != nil {
				s.t.Fatal(err)
			}
		}, scheduling, filters.Frozen, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			test.prepare(s)
			before := len(s.store.Journal())
			_, err := test.act(s, s.asks("web-2"))
			refused(t, err, test.code, test.words)
			if after := len(s.store.Journal()); after != before {
				t.Errorf("%d entries were written", after-before)
			}
		})
	}
}

func TestTargetsAreMachines(t *testing.T) {
	for _, test := range []struct {
		name    string
		targets []string
		want    string // machines with their agents
		code    filters.Code
		words   string
	}{
		{"an agent means all of its machine", []string{"S0"}, "web-1@10.0.0.1 S0 S1", "", ""},
		{"a hostname", []string{"WEB-3"}, "web-3@10.0.0.3 S3", "", ""},
		{"a machine that is not registered", []string{"web-9@10.0.0.9"}, "web-9@10.0.0.9", "", ""},
		{"a registered one in full, in other letters", []string{"Web-3@10.0.0.3", "web-3"}, "web-3@10.0.0.3 S3", "", ""},
		{"a wrong IP", []string{"web-3@10.0.0.4"}, "", filters.Invalid, "`web-3` is registered with the IP 10.0.0.3, not 10.0.0.4"},
		{"a wrong hostname", []string{"wbe-3@10.0.0.3"}, "", filters.Invalid, "the IP 10.0.0.3 is that of `web-3`"},
		{"no IP", []string{"web-9@"}, "", filters.Invalid, "its hostname and its IP"},
		{"an IP that is none", []string{"web-9@10.0.0"}, "", filters.Invalid, "not an IPv4 address"},
		{"nobody", []string{"nobody"}, "", filters.Unknown, "I know no agent `nobody`"},
		{"nothing", nil, "", filters.Invalid, "no agent is named"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			listing, err := s.desk.Schedule(t.Context(), s.asks(test.targets...), at(0))
			if test.code != "" {
				refused(t, err, test.code, test.words)
				return
			}
			var got []string
			for _, state := range s.must(listing, err).Changed {
				got = append(got, strings.TrimSpace(fmt.Sprint(state.Machine.Typed(), " ", strings.Trim(fmt.Sprint(state.Agents), "[]"))))
			}
			if text := strings.Join(got, ", "); text != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

func TestSpansThatNobodyMeans(t *testing.T) {
	s := newScene(t)
	for words, span := range map[string]filters.Span{
		"no start is given": {Duration: time.Hour}, "duration is negative": {Start: dawn, Duration: -time.Hour},
		"that time is over":        {Start: s.now.Add(-2 * time.Hour), Duration: time.Hour},
		"none that Mesos can hold": {Start: dawn.AddDate(400, 0, 0), Duration: time.Hour},
	} {
		_, err := s.desk.Schedule(t.Context(), s.asks("web-2"), span)
		refused(t, err, filters.Invalid, words)
	}
	begun := filters.Span{Start: s.now.Add(-time.Minute), Duration: time.Hour}
	if _, err := s.desk.Schedule(t.Context(), s.asks("web-2"), begun); err != nil {
		t.Errorf("one that has just begun: %v", err)
	}
}

func TestARequestThatComesTwiceDoesOneThing(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-2")
	request := s.asks("web-2")
	first := s.must(s.desk.Down(t.Context(), request))
	before := len(s.store.Journal())
	again := s.must(s.desk.Down(t.Context(), request))
	if !again.Repeated || again.Operation != first.Operation || len(again.Changed) != 1 || again.Changed[0].Phase != PhaseTakingDown {
		t.Errorf("the second answer is %+v", again)
	}
	if len(s.store.Journal()) != before {
		t.Error("it was recorded twice")
	}
}

func TestWhatIsSoAlreadyIsNotRecordedAgain(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-2")
	before := len(s.store.Journal())
	if listing := s.must(s.desk.Schedule(t.Context(), s.asks("web-2"), at(0))); len(listing.Already) != 1 || len(listing.Changed) != 0 {
		t.Errorf("got %+v", listing)
	}
	if len(s.store.Journal()) != before {
		t.Error("it was recorded again")
	}
}

func TestADryRunTellsWhatItCosts(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-1")
	s.needs = filters.Needs{Rule: "irreversible", Approvals: 2, From: filters.JurorsApprovers}
	s.roster = filters.NewRoster(*s.roster.View())
	s.roster.View().Began = s.now
	before := len(s.store.Journal())
	request := s.asks("web-1")
	request.DryRun = true
	listing := s.must(s.desk.Down(t.Context(), request))
	if listing.Impact.Agents != 2 || listing.Impact.Tasks["marathon"] != 1 || !listing.TasksKnown || listing.Tasks["marathon"] != 1 {
		t.Errorf("it would cost %+v", listing.Impact)
	}
	if listing.Needs != s.needs || listing.Approval != nil {
		t.Errorf("it would need %+v, and asked for %+v", listing.Needs, listing.Approval)
	}
	if len(s.store.Journal()) != before {
		t.Error("a dry run was recorded")
	}
}

func TestOneCommandIsBounded(t *testing.T) {
	s := newScene(t)
	var targets []string
	for i := 20; i < 26; i++ {
		targets = append(targets, machine(i).Typed())
	}
	_, err := s.desk.Schedule(t.Context(), s.asks(targets...), at(0))
	refused(t, err, filters.Limited, "one command may change at most 5")
}

func TestStatus(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-2")
	s.put(filters.MachineDown, 3, 4)
	s.put(filters.MachineDraining, 4, 9)
	s.tasks["S2"] = map[string]int{"marathon": 2, "chronos": 1}
	answered := s.now.Add(-time.Minute)
	for i := range s.status {
		if s.status[i].Machine.Same(machine(2)) {
			s.status[i].Answers = []filters.InverseAnswer{{Framework: "marathon", Word: filters.InverseDeclined, Since: answered}}
		}
	}
	views, err := s.desk.Status(t.Context(), nil)
	if err != nil || len(views) != 3 {
		t.Fatalf("%v, %+v", err, views)
	}
	ours, down, away := views[0], views[1], views[2]
	if ours.Machine != machine(2) || ours.Mode != filters.MachineDraining || ours.State == nil || ours.Others() || len(ours.Agents) != 1 {
		t.Errorf("ours: %+v", ours)
	}
	if left, before := ours.Left(dawn.Add(-time.Hour)); left != time.Hour || !before {
		t.Errorf("an hour before it begins: %v %v", left, before)
	}
	if left, before := ours.Left(dawn.Add(20 * time.Minute)); left != 40*time.Minute || before {
		t.Errorf("20 minutes after: %v %v", left, before)
	}
	if len(ours.Answers) != 2 || ours.Answers[0].Framework != "chronos" || ours.Answers[0].Word != filters.InverseSilent || ours.Answers[0].Since != ours.State.Since ||
		ours.Answers[1].Word != filters.InverseDeclined || !ours.Answers[1].Since.Equal(answered) {
		t.Errorf("answers: %+v", ours.Answers)
	}
	if down.Machine != machine(4) || down.Mode != filters.MachineDown || down.State != nil || !down.Others() {
		t.Errorf("somebody else's: %+v", down)
	}
	if away.Machine != machine(9) || len(away.Agents) != 0 || !away.Others() {
		t.Errorf("one that is not registered: %+v", away)
	}
	if views, err = s.desk.Status(t.Context(), []filters.Target{{Name: "web-3"}}); err != nil || len(views) != 1 || views[0].Mode != filters.MachineUp || views[0].Span != nil {
		t.Errorf("one that is up: %v, %+v", err, views)
	}
}

func TestADrainOfAScheduledMachineIsExplained(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-2")
	s.put(filters.MachineDraining, 4, 3)
	on := func(i int) []filters.Agent { return []filters.Agent{*s.roster.OnHost(machine(i).Hostname)[0]} }
	refused(t, s.desk.Undrainable(t.Context(), on(2)), filters.Conflict, "`/mesos maintenance cancel web-2` takes it out")
	refused(t, s.desk.Undrainable(t.Context(), on(3)), filters.Conflict, "Somebody else put it there")
	if err := s.desk.Undrainable(t.Context(), on(4)); err != nil {
		t.Errorf("one that is not scheduled: %v", err)
	}
}

func TestAMachineWhoseRecordCannotBeReadIsLeftAlone(t *testing.T) {
	s := newScene(t)
	s.write([]filters.Told{{Record: filters.Record{Shelf: filters.ShelfMachines, Name: machine(2).Name(), Body: []byte(`[]`)}}}, nil)
	s.lead()
	_, err := s.desk.Schedule(t.Context(), s.asks("web-2"), at(0))
	refused(t, err, filters.Internal, "cannot be read")
}
