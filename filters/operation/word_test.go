package operation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// bob is somebody who may say yes.
var bob = filters.Actor{ID: "user:UBOB", User: "UBOB"}

// asked is a scene in which alice has asked for web-1 and web-2 to be taken down, which bob has to approve.
func asked(t *testing.T) (*scene, filters.Approval) {
	t.Helper()
	s := newScene(t)
	s.ready(PhaseScheduled, "web-1")
	s.ready(PhaseScheduled, "web-2")
	s.needs = filters.Needs{Rule: "irreversible", Approvals: 1, From: filters.JurorsApprovers}
	listing := s.must(s.desk.Down(t.Context(), s.asks("web-1", "web-2")))
	if listing.Approval == nil || listing.State != filters.StateAsked || len(listing.Changed) != 0 {
		t.Fatalf("asking is answered with %+v", listing)
	}
	return s, *listing.Approval
}

// granted is asked, and bob said yes.
func granted(t *testing.T) (*scene, filters.Approval) {
	t.Helper()
	s, approval := asked(t)
	return s, s.approve(approval.ID)
}

func (s *scene) approve(id string) filters.Approval {
	s.t.Helper()
	request := s.asks()
	request.Actor = bob
	approval, err := s.service.Approve(s.t.Context(), request, id)
	if err != nil || approval.State != filters.ApprovalGranted {
		s.t.Fatalf("%+v, %v", approval, err)
	}
	return approval
}

// phase is where machine i stands; empty: it is not ours.
func (s *scene) phase(i int) Phase {
	s.t.Helper()
	known, err := s.config.machine(machine(i))
	if err != nil {
		s.t.Fatal(err)
	}
	if known == nil {
		return ""
	}
	return known.Phase
}

// sent counts the calls that were about to be made.
func (s *scene) sent(kind filters.Kind) int {
	count := 0
	for _, event := range s.store.Journal() {
		if event.Kind == kind && event.Outcome == OutcomeSending {
			count++
		}
	}
	return count
}

// leave takes agents out of the master's list.
func (s *scene) leave(agents ...filters.AgentID) {
	view := *s.roster.View()
	view.Agents = slices.DeleteFunc(slices.Clone(view.Agents), func(agent filters.Agent) bool { return slices.Contains(agents, agent.ID) })
	s.roster = filters.NewRoster(view)
}

func TestWhatIsAskedForBeginsNothing(t *testing.T) {
	s, approval := asked(t)
	for range 3 {
		s.lead()
	}
	last := s.store.Journal()[len(s.store.Journal())-1]
	if s.phase(1) != PhaseScheduled || s.phase(2) != PhaseScheduled || s.sent(filters.KindDown) != 0 || last.Kind != filters.KindApproval || last.Operation == "" {
		t.Errorf("nobody has said yes, and they are %s and %s, after %+v", s.phase(1), s.phase(2), last)
	}
	if hosts := approval.Plan.Steps; len(hosts) != 3 || approval.Plan.Kind != filters.PlanMachines || approval.By != "user:UALICE" {
		t.Errorf("the plan is %+v", approval.Plan)
	}
	if _, err := s.service.Withdraw(t.Context(), s.asks(), approval.ID); err != nil {
		t.Errorf("alice takes it back: %v", err)
	}
}

func TestAskedForTwiceItIsOneApproval(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-2")
	s.needs = filters.Needs{Approvals: 1, From: filters.JurorsApprovers}
	request := s.asks("web-2")
	first, again := s.must(s.desk.Down(t.Context(), request)), s.must(s.desk.Down(t.Context(), request))
	if !again.Repeated || again.Approval == nil || again.Approval.ID != first.Approval.ID || len(again.Changed) != 0 || len(s.service.Approvals()) != 1 {
		t.Errorf("the second answer is %+v", again)
	}
}

// The leader may die between beginning and writing down that it began; the agents of what is down are in no list then.
func TestApprovedMachinesAreTakenDownOnce(t *testing.T) {
	s, approval := granted(t)
	first, err := s.desk.Start(t.Context(), &approval)
	if err != nil || first.Operation == "" || len(first.Skipped) != 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	begun, err := s.config.machine(machine(2))
	if err != nil || begun.Phase != PhaseTakingDown || begun.By != "user:UALICE" || begun.Reason != "kernel" || begun.Operation != first.Operation {
		t.Errorf("it is %+v, %v", begun, err)
	}
	s.lead()
	s.leave("S0", "S1", "S2")
	again, err := s.desk.Start(t.Context(), &approval)
	if err != nil || again.Operation != first.Operation {
		t.Errorf("begun again after a crash: %+v, %v", again, err)
	}
	s.lead()
	if s.phase(1) != PhaseDown || s.phase(2) != PhaseDown || s.sent(filters.KindDown) != 2 {
		t.Errorf("they are %s and %s after %d calls", s.phase(1), s.phase(2), s.sent(filters.KindDown))
	}
}

func TestWhatHasVanishedSinceIsLeftOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		gone    []filters.AgentID
		skipped []string
		phases  [2]Phase
	}{
		{"a machine's only agent", []filters.AgentID{"S2"}, []string{"web-2"}, [2]Phase{PhaseTakingDown, PhaseScheduled}},
		{"one of two on the machine", []filters.AgentID{"S1"}, nil, [2]Phase{PhaseTakingDown, PhaseTakingDown}},
		{"both of a machine", []filters.AgentID{"S0", "S1"}, []string{"web-1", "web-1"}, [2]Phase{PhaseScheduled, PhaseTakingDown}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, approval := granted(t)
			s.leave(test.gone...)
			started, err := s.desk.Start(t.Context(), &approval)
			var skipped []string
			for _, out := range started.Skipped {
				skipped = append(skipped, out.Hostname)
			}
			if err != nil || !slices.Equal(skipped, test.skipped) {
				t.Errorf("left out: %q, want %q, %v", skipped, test.skipped, err)
			}
			if got := [2]Phase{s.phase(1), s.phase(2)}; got != test.phases {
				t.Errorf("they are %v, want %v", got, test.phases)
			}
		})
	}
	s, approval := granted(t)
	s.leave("S0", "S1", "S2")
	_, err := s.desk.Start(t.Context(), &approval)
	refused(t, err, filters.Unknown, "lists none of its agents any more")
}

func TestWhatStandsInTheWayOfAnApprovedPlan(t *testing.T) {
	for _, test := range []struct {
		name   string
		meddle func(s *scene, approval *filters.Approval)
		code   filters.Code
		words  string
	}{
		{"the master is away", func(s *scene, _ *filters.Approval) {
			s.broken = &filters.Error{Code: filters.Unavailable, Wrong: "away"}
		}, filters.Unavailable, "away"},
		{"it was switched off since", func(s *scene, _ *filters.Approval) { s.config.MayDown = false }, filters.Denied, "`allow: [down]`"},
		{"who asked may not any more", func(s *scene, _ *filters.Approval) { s.denied = true }, filters.Denied, "you may look"},
		{"more must say yes", func(s *scene, _ *filters.Approval) { s.needs.Approvals = 2 }, filters.Changed, "by now 2 must say yes, and 1 did"},
		{"its options cannot be read", func(_ *scene, a *filters.Approval) { a.Plan.Details = []byte(`[]`) }, filters.Internal, "cannot be read"},
		{"its options say something else", func(_ *scene, a *filters.Approval) { a.Plan.Details = []byte(`{"kind":"up"}`) }, filters.Internal, "cannot be read"},
		{"its options lack the time", func(_ *scene, a *filters.Approval) { a.Plan.Details = []byte(`{"kind":"schedule"}`) }, filters.Internal, "cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, approval := granted(t)
			test.meddle(s, &approval)
			before := len(s.store.Journal())
			_, err := s.desk.Start(t.Context(), &approval)
			refused(t, err, test.code, test.words)
			if after := len(s.store.Journal()); after != before || s.phase(1) != PhaseScheduled {
				t.Errorf("%d entries were written, web-1 is %s", after-before, s.phase(1))
			}
		})
	}
}

// An approved plan is bound by its options, too: what is made of them again must be the same to the byte, whatever zone they were
// given in.
func TestAnApprovedTimeIsTheTimeThatWasAskedFor(t *testing.T) {
	s := newScene(t)
	s.needs = filters.Needs{Approvals: 1, From: filters.JurorsApprovers}
	span := filters.Span{Start: dawn.Add(time.Hour).In(time.FixedZone("CEST", 7200))}
	asked := s.must(s.desk.Schedule(t.Context(), s.asks("web-2", "web-9@10.0.0.9"), span))
	if s.phase(2) != "" || asked.Approval == nil {
		t.Fatalf("asking is answered with %+v", asked)
	}
	approval := s.approve(asked.Approval.ID)
	if _, err := s.desk.Start(t.Context(), &approval); err != nil {
		t.Fatal(err)
	}
	s.lead()
	for _, i := range []int{2, 9} {
		if got, there := s.schedule.Of(machine(i)); !there || !got.Start.Equal(span.Start) || !got.Endless {
			t.Errorf("%s is in the schedule at %v", machine(i), got)
		}
	}
}

func TestGivingMachinesBackNeedsNoApproval(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseDown, "web-1")
	s.ready(PhaseScheduled, "web-2")
	s.needs = filters.Needs{Approvals: 2, From: filters.JurorsApprovers}
	s.must(s.desk.Up(t.Context(), s.asks("web-1")))
	s.must(s.desk.Cancel(t.Context(), s.asks("web-2")))
	s.lead()
	if s.phase(1)+s.phase(2) != "" || len(s.service.Approvals()) != 0 {
		t.Errorf("they are %q and %q, asked for: %v", s.phase(1), s.phase(2), s.service.Approvals())
	}
}

func TestWhoBreaksTheGlassTakesDownAtOnce(t *testing.T) {
	s := newScene(t)
	s.ready(PhaseScheduled, "web-2")
	s.needs = filters.Needs{Approvals: 2, From: filters.JurorsApprovers}
	request := s.asks("web-2")
	request.Glass = true
	listing := s.must(s.desk.Down(t.Context(), request))
	if listing.Approval == nil || !listing.Approval.Glass || len(listing.Changed) != 1 || s.phase(2) != PhaseTakingDown {
		t.Errorf("got %+v, it is %s", listing, s.phase(2))
	}
}

// One machine in whose way something stands keeps none of the others back: it is left out, and named with the reason, also when the
// leader dies before that is written down.
func TestWhatOneMachineCannotHaveTheOthersDo(t *testing.T) {
	for _, test := range []struct {
		name   string
		meddle func(s *scene)
		why    string
	}{
		{"it was cancelled meanwhile", func(s *scene) {
			s.must(s.desk.Cancel(s.t.Context(), s.asks("web-2")))
			s.lead()
		}, "it is not in the maintenance schedule"},
		{"it is being cancelled", func(s *scene) { s.must(s.desk.Cancel(s.t.Context(), s.asks("web-2"))) }, "it is being taken out of the schedule, by the word of `user:UALICE`"},
		{"somebody else moved it", func(s *scene) { s.put(filters.MachineDraining, 9, 2) }, "somebody else has just changed it in the maintenance schedule"},
		{"somebody else took it down", func(s *scene) { s.put(filters.MachineDown, 0, 2) }, "it was taken down by somebody else already"},
		{"it is down by our word", func(s *scene) {
			s.needs = filters.Needs{}
			s.must(s.desk.Down(s.t.Context(), s.asks("web-2")))
			s.lead()
		}, "it is down already"},
		{"another agent came to it", func(s *scene) {
			view := *s.roster.View()
			view.Agents = append(slices.Clone(view.Agents), filters.Agent{ID: "S9", Hostname: "web-2", IP: "10.0.0.2", Port: 5060, Active: true})
			s.roster = filters.NewRoster(view)
		}, "it has another agent by now, S9, of which nobody has approved"},
		{"its IP is not told any more", func(s *scene) {
			view := *s.roster.View()
			view.Agents = slices.Clone(view.Agents)
			view.Agents[2].IP = ""
			s.roster = filters.NewRoster(view)
		}, "it runs an agent whose IP the master did not tell"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, approval := granted(t)
			test.meddle(s)
			s.needs = filters.Needs{}
			want := []filters.LeftOut{{Agent: "S2", Hostname: "web-2", Why: test.why}}
			for range 2 { // after a crash once more
				started, err := s.desk.Start(t.Context(), &approval)
				if err != nil || started.Operation == "" || !slices.Equal(started.Skipped, want) {
					t.Errorf("%+v, %v; want left out %+v", started, err, want)
				}
			}
			if s.lead(); s.phase(1) != PhaseDown {
				t.Errorf("web-1 is %s", s.phase(1))
			}
		})
	}
}

func TestAPlanOfWhichNoMachineIsLeftBeginsNothing(t *testing.T) {
	s, approval := granted(t)
	s.put(filters.MachineDown, 0, 1, 2)
	before := len(s.store.Journal())
	_, err := s.desk.Start(t.Context(), &approval)
	refused(t, err, filters.Unknown, "none of its agents is left: web-1 (it was taken down by somebody else already), web-2 (it was")
	if after := len(s.store.Journal()); after != before {
		t.Errorf("%d entries were written", after-before)
	}
}

func TestAMachineThatIsScheduledAlreadyKeepsNoneBack(t *testing.T) {
	s := newScene(t)
	s.needs = filters.Needs{Approvals: 1, From: filters.JurorsApprovers}
	span := filters.Span{Start: dawn, Duration: time.Hour}
	approval := s.approve(s.must(s.desk.Schedule(t.Context(), s.asks("web-2", "web-3", "web-4"), span)).Approval.ID)
	s.needs = filters.Needs{}
	s.must(s.desk.Schedule(t.Context(), s.asks("web-3"), span))
	s.lead()
	s.put(filters.MachineDraining, 9, 4)
	started, err := s.desk.Start(t.Context(), &approval)
	if err != nil || len(started.Skipped) != 2 || started.Skipped[0].Why != "it is in the maintenance schedule so already" || !strings.Contains(started.Skipped[1].Why, "somebody else's window") {
		t.Errorf("%+v, %v", started, err)
	}
	if s.lead(); s.phase(2) != PhaseScheduled {
		t.Errorf("web-2 is %q", s.phase(2))
	}
}
