package operation

import (
	"slices"
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
		{"it was cancelled meanwhile", func(s *scene, _ *filters.Approval) {
			s.must(s.desk.Cancel(s.t.Context(), s.asks("web-2")))
			s.lead()
		}, filters.Invalid, "`web-2` is not in the maintenance schedule"},
		{"it is being cancelled", func(s *scene, _ *filters.Approval) { s.must(s.desk.Cancel(s.t.Context(), s.asks("web-2"))) }, filters.Invalid, "is being taken out of the schedule"},
		{"somebody else moved it", func(s *scene, _ *filters.Approval) { s.put(filters.MachineDraining, 9, 2) }, filters.Invalid, "somebody else has just changed `web-2`"},
		{"somebody else took it down", func(s *scene, _ *filters.Approval) { s.put(filters.MachineDown, 0, 2) }, filters.Invalid, "was taken down by somebody else"},
		{"the master is away", func(s *scene, _ *filters.Approval) {
			s.broken = &filters.Error{Code: filters.Unavailable, Wrong: "away"}
		}, filters.Unavailable, "away"},
		{"it was switched off since", func(s *scene, _ *filters.Approval) { s.config.MayDown = false }, filters.Denied, "`allow: [down]`"},
		{"who asked may not any more", func(s *scene, _ *filters.Approval) { s.denied = true }, filters.Denied, "you may look"},
		{"more must say yes", func(s *scene, _ *filters.Approval) { s.needs.Approvals = 2 }, filters.Changed, "by now 2 must say yes, and 1 did"},
		{"another agent came to the machine", func(s *scene, _ *filters.Approval) {
			view := *s.roster.View()
			view.Agents = append(slices.Clone(view.Agents), filters.Agent{ID: "S9", Hostname: "web-2", IP: "10.0.0.2", Port: 5060, Active: true})
			s.roster = filters.NewRoster(view)
		}, filters.Invalid, "not what was approved"},
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
