package filters

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var carol, dana = Actor{ID: "user:UCAROL", User: "UCAROL"}, Actor{ID: "user:UDANA", User: "UDANA"}

// asking is a scene in which alice asked for two agents, and so many must say yes.
func asking(t *testing.T, approvals int) (*scene, Approval) {
	t.Helper()
	s := newScene(t, 6, LimitConfig{})
	s.needs = Needs{Rule: "many", Approvals: approvals, From: JurorsApprovers}
	result, err := s.Filter(t.Context(), asks(alice, "k1", "agent-one", "agent-two"))
	if err != nil || result.Approval == nil || result.State != StateAsked {
		t.Fatalf("asking: %+v, %v", result, err)
	}
	return s, *result.Approval
}

func wants(t *testing.T, err error, code Code, says string) {
	t.Helper()
	if err == nil || CodeOf(err) != code || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %s that says %q", err, code, says)
	}
}

func TestWhatNeedsApprovalIsAskedForAndChangesNothing(t *testing.T) {
	s, approval := asking(t, 1)
	if standing := s.Filters(); len(standing) != 0 {
		t.Errorf("%d filters stand before anybody said yes", len(standing))
	}
	if approval.Hash != approval.Plan.Hash() || len(approval.Plan.Steps) != 2 || approval.By != alice.ID || approval.Impact.TaskSum() != 4 {
		t.Errorf("the plan is not frozen as it was asked for: %+v", approval)
	}
	again, err := s.Filter(t.Context(), asks(alice, "k1", "agent-one", "agent-two"))
	if err != nil || !again.Repeated || again.Approval == nil || again.Approval.ID != approval.ID || len(s.Approvals()) != 1 {
		t.Errorf("the same request again: %+v, %v, %d approvals", again, err, len(s.Approvals()))
	}
	if dry, err := s.Filter(t.Context(), Request{Actor: alice, Targets: asks(alice, "", "agent-one").Targets, DryRun: true}); err != nil || dry.Needs.Approvals != 1 || dry.Approval != nil {
		t.Errorf("a dry run says what it would need: %+v, %v", dry.Needs, err)
	}
}

func TestApprovedByAnotherItIsCarriedOutOnce(t *testing.T) {
	s, approval := asking(t, 1)
	granted, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2", Cause: CauseClick}, approval.ID)
	if err != nil || granted.State != ApprovalGranted || granted.Votes[0].Right != "approver" {
		t.Fatalf("approve: %+v, %v", granted, err)
	}
	var operations []string
	for range 2 { // the leader crashed before it had written down that it began
		started, err := s.Start(t.Context(), &granted)
		if err != nil {
			t.Fatal(err)
		}
		operations = append(operations, started.Operation)
	}
	standing := s.Filters()
	if len(standing) != 2 || standing[0].Owner != alice.Owner() || standing[0].Reason != "kernel upgrade" || operations[0] != operations[1] || operations[0] == "" {
		t.Errorf("carried out: %+v, operations %v", standing, operations)
	}
}

func TestWhoMayNotSayYes(t *testing.T) {
	s, approval := asking(t, 2)
	approve := func(actor Actor, key string) error {
		_, err := s.Approve(t.Context(), Request{Actor: actor, Key: key, Cause: CauseCommand}, approval.ID)
		return err
	}
	wants(t, approve(alice, "k2"), Denied, "you asked for this yourself")
	wants(t, approve(Actor{ID: "api:ci", User: "UALICE", Role: "operator"}, "k3"), Denied, "you asked for this yourself")
	wants(t, approve(Actor{ID: "api:robot", Role: "operator"}, "k4"), Denied, "only people approve")
	wants(t, approve(carol, "k5"), Denied, "not an approver")
	if err := approve(bob, "k6"); err != nil {
		t.Fatal(err)
	}
	if err := approve(bob, "k6"); err != nil {
		t.Errorf("a click that is delivered twice: %v", err)
	}
	wants(t, approve(bob, "k7"), Conflict, "counted already: 1 of 2")
	_, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k8"}, "a-nothing")
	wants(t, err, Unknown, "no approval")
	if err := approve(dana, "k9"); err != nil {
		t.Fatal(err)
	}
	wants(t, approve(Actor{ID: "user:UERIN", User: "UERIN"}, "k10"), Conflict, "approved, the last word was by `user:UDANA`")
}

func TestOneNoIsEnoughAndNeedsAReason(t *testing.T) {
	s, approval := asking(t, 2)
	if _, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID); err != nil {
		t.Fatal(err)
	}
	_, err := s.Deny(t.Context(), Request{Actor: dana, Key: "k3"}, approval.ID)
	wants(t, err, Invalid, "needs a reason")
	denied, err := s.Deny(t.Context(), Request{Actor: dana, Key: "k4", Reason: "not during the *sale*"}, approval.ID)
	if err != nil || denied.State != ApprovalDenied {
		t.Fatalf("deny: %+v, %v", denied, err)
	}
	_, err = s.Approve(t.Context(), Request{Actor: Actor{ID: "user:UERIN", User: "UERIN"}, Key: "k5"}, approval.ID)
	wants(t, err, Conflict, "denied by `user:UDANA` for “not during the sale”")
	_, err = s.Withdraw(t.Context(), Request{Actor: alice, Key: "k6"}, approval.ID)
	wants(t, err, Conflict, "denied by")
}

// Who said yes may say no as long as it has not begun, without anybody being asked whether they may: then it is not done.
func TestAYesCanBecomeANo(t *testing.T) {
	for name, needed := range map[string]int{"before it is decided": 2, "before it begins": 1} {
		t.Run(name, func(t *testing.T) {
			s, approval := asking(t, needed)
			yes, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Deny(t.Context(), Request{Actor: bob, Key: "k3"}, approval.ID)
			wants(t, err, Invalid, "needs a reason")
			_, err = s.Deny(t.Context(), Request{Actor: Actor{ID: "api:ci", User: "UBOB", Role: "operator"}, Key: "k4", Reason: "no"}, approval.ID)
			wants(t, err, Conflict, "")
			for range 2 { // the click is delivered twice
				denied, err := s.Deny(t.Context(), Request{Actor: bob, Key: "k5", Reason: "wrong rack"}, approval.ID)
				if err != nil || denied.State != ApprovalDenied || denied.Yes() != 0 || len(denied.Votes) != 2 || denied.Votes[1].Right != "approver" {
					t.Fatalf("deny: %+v, %v", denied, err)
				}
			}
			_, err = s.Approve(t.Context(), Request{Actor: dana, Key: "k6"}, approval.ID)
			wants(t, err, Conflict, "denied by `user:UBOB` for “wrong rack”")
			if _, _ = s.Start(t.Context(), &yes); len(s.Filters()) != 0 {
				t.Error("it was carried out after the no")
			}
		})
	}
}

func TestANoComesTooLateOnceItHasBegun(t *testing.T) {
	s, approval := asking(t, 1)
	granted, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID)
	if err != nil {
		t.Fatal(err)
	}
	started, err := s.Start(t.Context(), &granted)
	if err != nil {
		t.Fatal(err)
	}
	deny := func(key string) error {
		_, err := s.Deny(t.Context(), Request{Actor: bob, Key: key, Reason: "wrong rack"}, approval.ID)
		return err
	}
	wants(t, deny("k3"), Conflict, "it has begun. `/mesos unfilter agent-one,agent-two --all` gives them back") // before the leader has written down that it began
	if granted, err = s.Approval(approval.ID); err != nil {
		t.Fatal(err)
	}
	granted.State, granted.Operation = ApprovalStarted, started.Operation
	if err := s.Settle(t.Context(), 1, Actor{ID: "bot:one"}, ApprovalStep{granted, string(ApprovalStarted)}); err != nil {
		t.Fatal(err)
	}
	wants(t, deny("k4"), Conflict, "it has begun. `/mesos unfilter agent-one,agent-two --all` gives them back")
	if now, err := s.Approval(approval.ID); err != nil || len(now.Votes) != 1 || len(s.Filters()) != 2 {
		t.Errorf("afterwards: %+v, %v", now, err)
	}
}

// Of a no and the beginning at once one is first, and the other one knows.
func TestANoAndTheBeginningAtOnce(t *testing.T) {
	for range 20 {
		s, approval := asking(t, 1)
		granted, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		var no error
		both.Go(func() { _, no = s.Deny(t.Context(), Request{Actor: bob, Key: "k3", Reason: "wrong rack"}, approval.ID) })
		both.Go(func() { _, _ = s.Start(t.Context(), &granted) })
		both.Wait()
		now, err := s.Approval(approval.ID)
		if err != nil || (no == nil) != (now.State == ApprovalDenied) || (no == nil) != (len(s.Filters()) == 0) {
			t.Fatalf("%v, and it is %s with %d filters: %v", no, now.State, len(s.Filters()), err)
		}
	}
}

func TestOnlyTheRequesterWithdraws(t *testing.T) {
	s, approval := asking(t, 1)
	_, err := s.Withdraw(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID)
	wants(t, err, Denied, "only `user:UALICE` can withdraw")
	if withdrawn, err := s.Withdraw(t.Context(), Request{Actor: alice, Key: "k3", Reason: "not needed"}, approval.ID); err != nil || withdrawn.State != ApprovalWithdrawn {
		t.Errorf("withdraw: %+v, %v", withdrawn, err)
	}
	_, err = s.Approve(t.Context(), Request{Actor: bob, Key: "k4"}, approval.ID)
	wants(t, err, Conflict, "was withdrawn")
}

func TestAYesThatComesTooLateIsNone(t *testing.T) {
	s, approval := asking(t, 1)
	s.store.now = approval.Expires
	_, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID)
	wants(t, err, Conflict, "it is too late")
}

func TestTwoClicksAtOnceDecideOnce(t *testing.T) {
	s, approval := asking(t, 1)
	var clicks sync.WaitGroup
	outcomes := make([]error, 8)
	for i := range outcomes {
		clicks.Go(func() {
			actor := Actor{ID: "user:U" + string(rune('A'+i)), User: "U" + string(rune('A'+i))}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, outcomes[i] = s.Approve(ctx, Request{Actor: actor, Key: "click-" + actor.User, Cause: CauseClick}, approval.ID)
		})
	}
	clicks.Wait()
	counted := 0
	for _, err := range outcomes {
		if err == nil {
			counted++
		} else {
			wants(t, err, Conflict, "decided already")
		}
	}
	decided, _ := s.Service.Approval(approval.ID)
	if counted != 1 || len(decided.Votes) != 1 || decided.State != ApprovalGranted {
		t.Errorf("%d clicks were counted, the approval has %+v", counted, decided.Votes)
	}
}

func TestWhatChangedSinceIsNotCarriedOut(t *testing.T) {
	grant := func(t *testing.T) (*scene, Approval) {
		s, approval := asking(t, 1)
		granted, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID)
		if err != nil {
			t.Fatal(err)
		}
		return s, granted
	}
	t.Run("more people must say yes by now", func(t *testing.T) {
		s, granted := grant(t)
		s.needs.Approvals = 2
		_, err := s.Start(t.Context(), &granted)
		wants(t, err, Changed, "by now 2 must say yes, and 1 did")
	})
	t.Run("others must say yes by now", func(t *testing.T) { // an attribute of an agent changed, and another rule matches
		s, granted := grant(t)
		s.needs.From = JurorsOnCall
		_, err := s.Start(t.Context(), &granted)
		wants(t, err, Changed, "by now it takes the word of those on call, and it was approved by that of approvers")
		if s.needs = (Needs{}); len(s.Filters()) != 0 {
			t.Error("it was carried out")
		}
		if _, err := s.Start(t.Context(), &granted); err != nil {
			t.Errorf("nobody need say yes any more: %v", err)
		}
	})
	t.Run("it costs more by now", func(t *testing.T) {
		s, granted := grant(t)
		granted.Impact.Tasks = map[string]int{"marathon": 4}
		_, err := s.Start(t.Context(), &granted)
		wants(t, err, Changed, "chronos")
	})
	t.Run("the requester may not any more", func(t *testing.T) {
		s, granted := grant(t)
		s.denied = true
		_, err := s.Start(t.Context(), &granted)
		wants(t, err, Denied, "may look")
	})
	t.Run("an agent has vanished: it is left out", func(t *testing.T) {
		s, granted := grant(t)
		s.view.Agents = s.view.Agents[1:]
		s.roster = NewRoster(s.view)
		started, err := s.Start(t.Context(), &granted)
		if standing := s.Filters(); err != nil || len(started.Skipped) != 1 || started.Skipped[0].Hostname != "agent-one" || len(standing) != 1 || standing[0].Hostname != "agent-two" {
			t.Errorf("%+v, %v, %d filters", started, err, len(standing))
		}
	})
	t.Run("the cluster was not read yet: it waits", func(t *testing.T) {
		s, granted := grant(t)
		s.roster = NewRoster(View{})
		_, err := s.Start(t.Context(), &granted)
		wants(t, err, Unavailable, "have not read the cluster")
	})
	t.Run("an agent is withheld by the requester already", func(t *testing.T) {
		s, granted := grant(t)
		s.needs = Needs{}
		if _, err := s.Filter(t.Context(), asks(alice, "k3", "agent-one")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(t.Context(), &granted); err != nil || len(s.Filters()) != 2 {
			t.Errorf("%v, %d filters", err, len(s.Filters()))
		}
	})
	t.Run("somebody edited the stored plan", func(t *testing.T) {
		s, granted := grant(t)
		granted.Plan.Steps = granted.Plan.Steps[:1]
		granted.Plan.Already = []Step{{Agent: "aaaa-S3", Hostname: "agent-four", Mode: ModeFilter}}
		_, err := s.Start(t.Context(), &granted)
		wants(t, err, Invalid, "not what was approved")
	})
}

func TestAskedAgainItIsAnotherApproval(t *testing.T) {
	s, approval := asking(t, 1)
	if _, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, approval.ID); err != nil {
		t.Fatal(err)
	}
	granted, err := s.Service.Approval(approval.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AskAgain(t.Context(), 1, Actor{ID: "bot:one"}, granted, "6 tasks instead of 4"); err != nil {
		t.Fatal(err)
	}
	old, _ := s.Service.Approval(approval.ID)
	fresh, err := s.Service.Approval(old.Again)
	if err != nil || old.State != ApprovalChanged || fresh.State != ApprovalOpen || len(fresh.Votes) != 0 || fresh.Hash != old.Hash || fresh.Why != "6 tasks instead of 4" {
		t.Errorf("old %+v, fresh %+v, %v", old, fresh, err)
	}
	_, err = s.Approve(t.Context(), Request{Actor: dana, Key: "k3"}, approval.ID)
	wants(t, err, Conflict, "asked again as `"+fresh.ID+"`")
}

func TestWhoBreaksTheGlassIsReviewedByAnother(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.needs = Needs{Approvals: 2, From: JurorsApprovers}
	request := asks(alice, "k1", "agent-one")
	request.Glass, request.Reason = true, ""
	_, err := s.Filter(t.Context(), request)
	wants(t, err, Invalid, "needs a reason")
	request.Reason = "rack on fire"
	result, err := s.Filter(t.Context(), request)
	if err != nil || result.Operation == "" || len(s.Filters()) != 1 || result.Approval == nil || !result.Approval.Glass {
		t.Fatalf("broken glass: %+v, %v", result, err)
	}
	id := result.Approval.ID
	_, err = s.Review(t.Context(), Request{Actor: alice, Key: "k2"}, id)
	wants(t, err, Denied, "you did this yourself")
	_, err = s.Review(t.Context(), Request{Actor: carol, Key: "k3"}, id)
	wants(t, err, Denied, "not an approver")
	if reviewed, err := s.Review(t.Context(), Request{Actor: bob, Key: "k4", Reason: "was right"}, id); err != nil || reviewed.Review.By != bob.ID {
		t.Errorf("review: %+v, %v", reviewed, err)
	}
	_, err = s.Review(t.Context(), Request{Actor: dana, Key: "k5"}, id)
	wants(t, err, Conflict, "was reviewed by `user:UBOB` already")
}

func TestGivingBackCanNeedApprovalToo(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	placed, err := s.Filter(t.Context(), asks(alice, "k1", "agent-one", "agent-two"))
	if err != nil {
		t.Fatal(err)
	}
	s.needs = Needs{Approvals: 1, From: JurorsApprovers}
	asked, err := s.Release(t.Context(), Request{Actor: dana, Key: "k2", Cause: CauseCommand, Reason: "owner is away"}, []string{placed.Changed[0].ID, placed.Changed[1].ID})
	if err != nil || asked.Approval == nil || len(s.Filters()) != 2 {
		t.Fatalf("release: %+v, %v", asked, err)
	}
	granted, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k3"}, asked.Approval.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.needs = Needs{}
	if _, err := s.Unfilter(t.Context(), asks(alice, "k4", "agent-one")); err != nil { // one ends meanwhile
		t.Fatal(err)
	}
	s.needs = Needs{Approvals: 1, From: JurorsApprovers}
	for range 2 { // after a crash once more
		started, err := s.Start(t.Context(), &granted)
		if err != nil || len(started.Skipped) != 1 || started.Skipped[0].Hostname != "agent-one" || started.Skipped[0].Why != "its filter is over" {
			t.Errorf("%+v, %v", started, err)
		}
	}
	if left := s.Filters(); len(left) != 0 {
		t.Errorf("%d filters stand", len(left))
	}
}

// Of agents that were to be adopted one takes tasks again: the other is adopted all the same.
func TestWhatNobodyElseWithholdsAnyMoreIsNotAdopted(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	foreign := func(a *Agent) { a.Active, a.Deactivated = false, true }
	s.set(0, foreign)
	s.set(1, foreign)
	s.needs = Needs{Approvals: 1, From: JurorsApprovers}
	asked, err := s.Adopt(t.Context(), asks(alice, "k1", "agent-one", "agent-two"))
	if err != nil || asked.Approval == nil {
		t.Fatalf("adopt: %+v, %v", asked, err)
	}
	granted, err := s.Approve(t.Context(), Request{Actor: bob, Key: "k2"}, asked.Approval.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.set(0, func(a *Agent) { a.Active, a.Deactivated = true, false })
	for range 2 { // after a crash once more
		started, err := s.Start(t.Context(), &granted)
		if err != nil || len(started.Skipped) != 1 || started.Skipped[0].Hostname != "agent-one" || started.Skipped[0].Why != "it takes tasks: nobody withholds it" {
			t.Errorf("%+v, %v", started, err)
		}
	}
	if standing := s.Filters(); len(standing) != 1 || standing[0].Hostname != "agent-two" || !standing[0].Adopt {
		t.Errorf("%+v", standing)
	}
}

func TestWhatCannotWaitIsRefused(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.needs = Needs{Approvals: 1, From: JurorsApprovers}
	_, err := s.Replace(t.Context(), asks(Actor{ID: "api:ci", Role: "operator"}, "k1", "agent-one"))
	wants(t, err, Denied, "needs the approval of others")
	direct := asks(Actor{ID: "api:ci", Role: "operator"}, "k2", "agent-one")
	direct.Direct = true
	_, err = s.Filter(t.Context(), direct)
	wants(t, err, Denied, "needs the approval of others")
	if asked := s.Approvals(); len(asked) > 0 {
		t.Errorf("somebody was asked: %+v", asked)
	}
}

func TestNobodyIsAskedForWhatTheLimitsForbid(t *testing.T) {
	s := newScene(t, 6, LimitConfig{Cluster: LimitValue{Count: 1}})
	s.needs = Needs{Approvals: 1, From: JurorsApprovers}
	_, err := s.Filter(t.Context(), asks(alice, "k1", "agent-one", "agent-two"))
	wants(t, err, Limited, "so nobody is asked")
	if len(s.Approvals()) != 0 {
		t.Error("somebody is asked")
	}
}

func TestTypedAgain(t *testing.T) {
	s := newScene(t, 6, LimitConfig{})
	s.needs = Needs{Typed: true, Why: "it is in production"}
	for _, test := range []struct {
		typed []string
		says  string
	}{
		{nil, "it is in production, so each hostname must be typed again; not typed: `agent-one`, `agent-two`"},
		{[]string{"agent-one"}, "not typed: `agent-two`"},
		{[]string{"agent-one", "agent-two", "agent-six"}, "`agent-six`, which is none of the agents"},
		{[]string{"AGENT-TWO", "agent-one"}, ""},
	} {
		request := asks(alice, "", "agent-one", "agent-two")
		request.Typed = test.typed
		_, err := s.Filter(t.Context(), request)
		if test.says == "" {
			if err != nil {
				t.Errorf("%v: %v", test.typed, err)
			}
			continue
		}
		wants(t, err, Invalid, test.says)
	}
}

func TestWhatOnlyLooksLikeTheHostnameIsNotTyped(t *testing.T) {
	for word, is := range map[string]bool{
		"disk-1": true, "DISK-1": true, "di\u017fk-1": false, "dis\u212a-1": false, "d\u0456sk-1": false, "disk\u20101": false, "disk-1\u200b": false, "disk-l": false, "": false,
	} {
		if Retyped(word, "disk-1") != is {
			t.Errorf("%q: %t", word, !is)
		}
	}
}

// Whatever people say in whatever order, an approval is granted only by as many different others as it needs, before it expires.
func TestNobodyGrantsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		needed := rapid.IntRange(1, 3).Draw(rt, "needed")
		s, approval := asking(t, needed)
		people := []Actor{alice, bob, carol, dana, {ID: "user:UERIN", User: "UERIN"}, {ID: "api:ci", User: "UBOB", Role: "operator"}, {ID: "api:robot", Role: "operator"}}
		for i := range rapid.IntRange(0, 12).Draw(rt, "words") {
			actor := rapid.SampledFrom(people).Draw(rt, "who")
			request := Request{Actor: actor, Key: rapid.SampledFrom([]string{"same", "k" + string(rune('a'+i))}).Draw(rt, "key"), Reason: "why"}
			say := rapid.SampledFrom([]func(context.Context, Request, string) (Approval, error){s.Approve, s.Approve, s.Approve, s.Deny, s.Withdraw}).Draw(rt, "word")
			_, _ = say(t.Context(), request, approval.ID)
			s.store.now = s.store.now.Add(time.Duration(rapid.IntRange(0, 10).Draw(rt, "minutes")) * time.Minute)
		}
		decided, err := s.Service.Approval(approval.ID)
		if err != nil {
			rt.Fatal(err)
		}
		users := map[string]bool{}
		for _, vote := range decided.Votes {
			if vote.Yes {
				users[vote.User] = true
			}
			if vote.User == alice.User || vote.User == carol.User || vote.User == "" || vote.Yes && !vote.At.Before(decided.Expires) {
				rt.Fatalf("this word does not count: %+v", vote)
			}
		}
		if decided.State == ApprovalGranted && (len(users) != needed || decided.Yes() != needed) {
			rt.Fatalf("granted by %d of %d, %d of them still", len(users), needed, decided.Yes())
		}
	})
}
