package journal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

// consented is a journal of a filter that alice asked for, that bob and carol said yes to, and that was carried out.
func consented() *story {
	s := &story{run: Run{Rules: &Rules{Approved: func(e *filters.Event) bool { return e.Kind == filters.KindFilter }}}}
	s.leader(1)
	approval := filters.Approval{
		Schema: 1, ID: "a-1", Plan: filters.Plan{Kind: filters.PlanFilters, Verb: filters.VerbFilter, Steps: []filters.Step{{Agent: one, Mode: filters.ModeFilter}}},
		Needs: filters.Needs{Approvals: 2}, By: alice, User: "UALICE", Asked: s.now(), Expires: s.now().Add(time.Hour), State: filters.ApprovalOpen,
	}
	approval.Hash = approval.Plan.Hash()
	s.write(&approval, "ask", "open")
	for _, user := range []string{"UBOB", "UCAROL"} {
		approval.Votes = append(slices.Clone(approval.Votes), filters.Vote{By: "user:" + user, User: user, Yes: true, Right: "approver", At: s.now()})
		outcome := filters.OutcomeApproved
		if approval.Yes() == 2 {
			approval.State, outcome = filters.ApprovalGranted, "granted"
		}
		s.write(&approval, "yes-"+user, outcome)
	}
	filter := s.place(placed(one))
	s.last().Request, s.run.Told = "approval:a-1", []Told{{"ask", Done}, {"yes-UBOB", Done}}
	approval.State, approval.Operation = filters.ApprovalStarted, filter.Operation
	s.write(&approval, "", "started")
	s.take(filter)
	filter.Revision, filter.State = 3, filters.StateVerified
	s.run.End = &End{At: s.now(), Filters: []filters.Filter{filter}, Agents: []Agent{{ID: one, Hostname: string(one), Withheld: true}}}
	return s
}

func (s *story) write(approval *filters.Approval, request, outcome string) {
	approval.Revision++
	told := filters.ToldOf(approval, outcome)
	told.Record.Revision = approval.Revision
	told.Event.Request, told.Event.Record = request, &told.Record
	s.add(told.Event)
}

// amend changes an approval in the entry of the outcome and in those after it.
func (s *story) amend(outcome string, change func(*filters.Approval)) {
	found := false
	for i := range s.run.Entries {
		e := &s.run.Entries[i]
		if found = found || e.Kind == filters.KindApproval && e.Outcome == outcome; !found || e.Record == nil {
			continue
		}
		approval, err := filters.DecodeApproval(e.Record)
		if err != nil {
			panic(err)
		}
		change(&approval)
		told := filters.ToldOf(&approval)
		e.Record = &told.Record
	}
}

func TestApprovalsAreHeldToTheirWord(t *testing.T) {
	if violations := Check(consented().run); len(violations) > 0 {
		t.Fatalf("a good journal: %v", violations)
	}
	vote := func(i int, change func(*filters.Vote)) func(*filters.Approval) {
		return func(approval *filters.Approval) { change(&approval.Votes[i]) }
	}
	for name, c := range map[string]struct {
		says string
		harm func(*story)
	}{
		"her own yes":              {"asked for by", func(s *story) { s.amend("approved", vote(0, func(v *filters.Vote) { v.By = alice })) }},
		"her own, by another name": {"asked for by", func(s *story) { s.amend("approved", vote(0, func(v *filters.Vote) { v.User = "UALICE" })) }},
		"one person twice":         {"heard twice", func(s *story) { s.amend("granted", vote(1, func(v *filters.Vote) { v.User = "UBOB" })) }},
		"a robot's yes":            {"no person", func(s *story) { s.amend("granted", vote(1, func(v *filters.Vote) { v.By = "api:ci" })) }},
		"a yes by no right":        {"no right", func(s *story) { s.amend("granted", vote(1, func(v *filters.Vote) { v.Right = "" })) }},
		"a yes that is too late": {"after it expired", func(s *story) {
			s.amend("open", func(a *filters.Approval) { a.Expires = start.Add(-time.Minute) })
		}},
		"a yes that became a no":     {"were changed", func(s *story) { s.amend("granted", vote(0, func(v *filters.Vote) { v.Yes = false })) }},
		"granted by one of two":      {"with 1 of 2 yes", func(s *story) { s.amend("approved", func(a *filters.Approval) { a.State = filters.ApprovalGranted }) }},
		"begun before it is granted": {"while it is open", func(s *story) { s.amend("granted", func(a *filters.Approval) { a.State = filters.ApprovalOpen }) }},
		"begun by itself": {"was open and is started", func(s *story) {
			s.amend("granted", func(a *filters.Approval) { a.State = filters.ApprovalOpen })
			s.amend("started", func(a *filters.Approval) { a.State = filters.ApprovalStarted })
		}},
		"denied by nobody":       {"nobody said no", func(s *story) { s.amend("granted", func(a *filters.Approval) { a.State = filters.ApprovalDenied }) }},
		"another plan":           {"another than was asked for", func(s *story) { s.amend("granted", func(a *filters.Approval) { a.Plan.Steps[0].Agent = two }) }},
		"another need":           {"was changed", func(s *story) { s.amend("approved", func(a *filters.Approval) { a.Needs.Approvals = 1 }) }},
		"another requester":      {"was changed", func(s *story) { s.amend("approved", func(a *filters.Approval) { a.By = "user:UDAVE" }) }},
		"nobody asked":           {"nobody asked for it", func(s *story) { s.find(filters.KindFilter, "").Request = "approval:a-9" }},
		"in another's name":      {"in the name of", func(s *story) { s.find(filters.KindFilter, "").Actor = "user:UBOB" }},
		"without asking":         {"had none", func(s *story) { s.find(filters.KindFilter, "").Request = "typed" }},
		"asked and done at once": {"is written for it", func(s *story) { s.find(filters.KindFilter, "").Request = "ask" }},
		"granted and forgotten":  {"nothing became of it", func(s *story) { s.drop(filters.KindApproval, "started") }},
		"carried out twice": {"and again at", func(s *story) {
			s.repeat(filters.KindFilter)
		}},
		"begun, and nothing did": {"nothing did", func(s *story) { s.drop(filters.KindFilter, "") }},
		"a version is missing":   {"from version", func(s *story) { s.find(filters.KindApproval, "granted").Record.Revision++ }},
	} {
		t.Run(name, func(t *testing.T) {
			s := consented()
			c.harm(s)
			found := Check(s.run)
			if !slices.ContainsFunc(found, func(v Violation) bool { return strings.Contains(v.String(), c.says) }) {
				t.Errorf("nothing with %q among %v", c.says, found)
			}
		})
	}
}

// A yes may become a no until it has begun, and nothing else becomes anything.
func TestAYesMayBecomeANo(t *testing.T) {
	for name, c := range map[string]struct {
		needs int
		word  filters.Vote
		says  string
	}{
		"while it is open":                {2, filters.Vote{By: "user:UBOB", User: "UBOB", Right: "approver"}, ""},
		"before it begins":                {1, filters.Vote{By: "user:UBOB", User: "UBOB", Right: "approver"}, ""},
		"somebody else, once it is given": {1, filters.Vote{By: "user:UCAROL", User: "UCAROL", Right: "approver"}, "which is granted"},
		"by a token":                      {2, filters.Vote{By: "api:ci", User: "UBOB", Right: "approver"}, "no person"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &story{}
			s.leader(1)
			approval := filters.Approval{
				Schema: 1, ID: "a-1", Plan: filters.Plan{Kind: filters.PlanFilters, Verb: filters.VerbFilter}, Needs: filters.Needs{Approvals: c.needs},
				By: alice, User: "UALICE", Asked: s.now(), Expires: s.now().Add(time.Hour), State: filters.ApprovalOpen,
			}
			approval.Hash = approval.Plan.Hash()
			yes := filters.Vote{By: "user:UBOB", User: "UBOB", Yes: true, Right: "approver", At: s.now()}
			s.write(&approval, "ask", "open")
			approval.Votes, approval.State = []filters.Vote{yes}, map[int]filters.ApprovalState{1: filters.ApprovalGranted, 2: filters.ApprovalOpen}[c.needs]
			s.write(&approval, "yes", filters.OutcomeApproved)
			approval.Votes, approval.State = append(slices.Clone(approval.Votes), c.word), filters.ApprovalDenied
			s.write(&approval, "no", string(filters.ApprovalDenied))
			found := Check(s.run)
			if c.says == "" && len(found) > 0 || c.says != "" && !slices.ContainsFunc(found, func(v Violation) bool { return strings.Contains(v.String(), c.says) }) {
				t.Errorf("found %v, expected %q", found, c.says)
			}
		})
	}
}

// Who breaks the glass does not wait; it is another who looks at it.
func TestBrokenGlassIsReviewedByAnother(t *testing.T) {
	s := &story{run: Run{Rules: &Rules{Approved: func(e *filters.Event) bool { return e.Kind == filters.KindFilter }}}}
	s.leader(1)
	filter := s.place(placed(one))
	approval := filters.Approval{Schema: 1, ID: "a-1", By: alice, User: "UALICE", Glass: true, State: filters.ApprovalStarted, Operation: filter.Operation}
	approval.Hash = approval.Plan.Hash()
	s.write(&approval, s.last().Request, filters.OutcomeGlass)
	s.last().At, s.last().Operation = s.find(filters.KindFilter, "").At, filter.Operation
	s.last().ID = s.find(filters.KindFilter, "").ID[:13] + "-1"
	s.take(filter)
	review := func(by string) []Violation {
		approval.Review = &filters.Vote{By: by, User: strings.TrimPrefix(by, "user:")}
		s.write(&approval, "", filters.OutcomeReviewed)
		return Check(s.run)
	}
	if violations := review("user:UBOB"); len(violations) > 0 {
		t.Errorf("bob's review: %v", violations)
	}
	if violations := review(alice); len(violations) != 1 || !strings.Contains(violations[0].String(), "did themselves") {
		t.Errorf("alice's review: %v", violations)
	}
}
