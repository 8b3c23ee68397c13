package commands

import (
	"fmt"
	"slices"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// renderAsked answers a command that waits for somebody's yes.
func renderAsked(cluster string, approval *filters.Approval, now time.Time) Reply {
	return Reply{
		Cluster: cluster, State: filters.StateAsked,
		Lines: withoutEmpty([]Line{
			Say("🔑 ", Strong("Asked for approval"), ": ", PlanWords(&approval.Plan), ". Nothing was changed yet."),
			PlanTerms(&approval.Plan),
			Separated(JurorWords(approval), Ends(approval.Expires, now), RuleWords(approval)),
			Say("The channel has it as ", Literal(approval.ID), "; ", Literal("/mesos withdraw "+approval.ID), " takes it back."),
		}),
	}
}

// PlanWords say what a plan would do, as it stands behind "asks to".
func PlanWords(plan *filters.Plan) Line {
	names := Names(plan.Hosts(), 0)
	if window := scheduler.PlannedWindow(plan); window != nil {
		return windowWords(Say("the window ", Strong(window.Name)), names)
	}
	return DeedWords(plan.Verb, plan.Mode(), names)
}

func windowWords(which Line, names string) Line {
	line := append(Say("make "), which...)
	if names == "" {
		return append(line, Text(", which no agent matches now"))
	}
	return append(line, Say(" over ", Strong(names))...)
}

// PlanTerms says when a window that a plan would make opens, and what it keeps to; nil: the plan makes none.
func PlanTerms(plan *filters.Plan) Line {
	window := scheduler.PlannedWindow(plan)
	if window == nil {
		return nil
	}
	return Separated(append([]Line{Say(window.Words())}, WindowTerms(window)...)...)
}

// DeedWords say what a verb would do to the agents of the names, in a mode where the verb has several.
func DeedWords(verb filters.Verb, mode filters.Mode, names string) Line {
	hosts := Strong(names)
	switch verb {
	case filters.VerbFilter:
		return Say("withhold ", hosts)
	case filters.VerbUnfilter, filters.VerbRelease:
		return Say("give back ", hosts)
	case filters.VerbGone:
		return Say("mark ", hosts, " gone for ever")
	case filters.VerbRun:
		return Say("run maintenance over ", hosts)
	case filters.VerbWindow:
		return windowWords(Say("a window"), names)
	case filters.VerbMaintenance:
		return placeWords(mode, hosts)
	}
	return Say(string(verb)+" ", hosts)
}

func placeWords(mode filters.Mode, hosts Span) Line {
	if mode == filters.ModeDown {
		return Say("take ", hosts, " down")
	}
	return Say("put ", hosts, " into the maintenance schedule")
}

// JurorWords say who may approve, and how many of them must, or have.
func JurorWords(approval *filters.Approval) Line {
	needs, yes := approval.Needs, approval.Yes()
	one, several := "an approver", "approvers"
	if needs.From == filters.JurorsOnCall {
		one, several = "whoever is on call (or an admin)", "those on call (or admins)"
	}
	switch {
	case needs.Approvals == 1:
		return Say("needs the yes of " + one)
	case yes == 0 && needs.From == filters.JurorsOnCall:
		return Say(fmt.Sprintf("needs the yes of %d of those on call (or of admins)", needs.Approvals))
	case yes == 0:
		return Say(fmt.Sprintf("needs the yes of %d approvers", needs.Approvals))
	}
	return Say(fmt.Sprintf("%d yes of %d, from %s", yes, needs.Approvals, several))
}

// RuleWords say which rule asks for the approval.
func RuleWords(approval *filters.Approval) Line {
	needs := approval.Needs
	switch {
	case needs.Rule == "":
		return nil
	case needs.Why == "":
		return Say("rule ", Literal(needs.Rule))
	}
	return Say("rule ", Literal(needs.Rule), ": "+needs.Why)
}

// Undone says what of a plan cannot be taken back; nil: all of it can.
func Undone(plan *filters.Plan) Line {
	window := plan.Kind == filters.PlanWindow
	switch {
	case window && plan.Mode() == filters.ModeDrain:
		return Say("⚠ Each opening drains them, and a drain cannot be cancelled: what is killed is killed.")
	case window && plan.Mode() == filters.ModeDown:
		return Say("⚠ Each opening kills what runs there.")
	case plan.Verb == filters.VerbGone:
		return Say("⚠ ", Strong("This cannot be undone"), ": the master forgets them, with all that is on their disks.")
	case plan.Verb == filters.VerbDrain && plan.Mode() == filters.ModeFilter:
		return nil // a drain by hand kills nothing, and an abort gives the agents back
	case plan.Verb == filters.VerbDrain:
		return Say("⚠ A drain cannot be cancelled: what is killed is killed.")
	case plan.Mode() == filters.ModeDown:
		return Say("⚠ What runs there is killed at once.")
	}
	return nil
}

// ApprovalHead leads the message of an approval with what is true now.
func ApprovalHead(approval *filters.Approval) Line {
	who, what := Who(approval.By), PlanWords(&approval.Plan)
	switch approval.State {
	case filters.ApprovalOpen:
		return Say("🔑 ", who, " asks to ", what)
	case filters.ApprovalGranted:
		return Say("🔑 ", Strong("Approved, about to begin"), ": ", what)
	case filters.ApprovalStarted:
		if approval.Glass {
			return Say("🚨 ", who, " ", Strong("broke the glass"), " to ", what)
		}
		return Say("🔑 ", Strong("Approved and begun"), ": ", what)
	case filters.ApprovalDenied:
		return Say("🔑 ", Strong("Denied"), ": ", what)
	case filters.ApprovalWithdrawn:
		return Say("🔑 ", Strong("Withdrawn"), ": ", what)
	case filters.ApprovalExpired:
		return Say("🔑 ", Strong("Expired"), ": nobody else said yes in time to ", what)
	case filters.ApprovalVoid:
		return Say("🔑 ", Strong("Void"), ": ", what)
	case filters.ApprovalChanged:
		return Say("🔑 ", Strong("Asked again"), ": it costs more by now to ", what)
	}
	return Say("🔑 ", Strong("Approved, and could not be carried out"), ": ", what)
}

// VoteWords say who said what, each in a phrase.
func VoteWords(approval *filters.Approval, now time.Time) []Line {
	var lines []Line
	for i := range approval.Votes {
		vote := &approval.Votes[i]
		word := "approved by "
		if !vote.Yes {
			word = "denied by "
		}
		line := Say(word, Who(vote.By), " ("+vote.Right+") at ", Clock(vote.At, now))
		if vote.Reason != "" {
			line = append(line, Text(": "+vote.Reason))
		}
		if approval.TakenBack(i) {
			line = append(line, Text("; taken back"))
		}
		lines = append(lines, line)
	}
	if review := approval.Review; review != nil {
		lines = append(lines, append(Say("reviewed by ", Who(review.By), " ("+review.Right+") at ", Clock(review.At, now)), reasonBehind(review.Reason)...))
	}
	return lines
}

func reasonBehind(text string) Line {
	if text == "" {
		return nil
	}
	return Say(": " + text)
}

// renderApprovals lists what waits.
func renderApprovals(cluster string, all []filters.Approval, asker filters.Actor, now time.Time) Reply {
	var open, review []filters.Approval
	for i := range all {
		switch {
		case all[i].Open(now) || all[i].State == filters.ApprovalGranted:
			open = append(open, all[i])
		case all[i].Unreviewed():
			review = append(review, all[i])
		}
	}
	if len(open)+len(review) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{Say("Nothing waits for approval in ", Strong(cluster), ".")}}
	}
	lines := []Line{Separated(Say(Strong(cluster)), Say(Count(len(open), "approval")+" open"), reviewsDue(len(review)))}
	for i := range open[:min(len(open), listed)] {
		lines = append(lines, approvalLines(&open[i], asker, now)...)
	}
	lines = append(lines, more(listed, len(open))...)
	for i := range review[:min(len(review), listed)] {
		lines = append(lines, Separated(append(Say(Literal(review[i].ID), " "), ApprovalHead(&review[i])...), Say("to be reviewed: ", Literal("/mesos review "+review[i].ID))))
	}
	return Reply{Cluster: cluster, Lines: append(lines, more(listed, len(review))...)}
}

// awaitingLines tell on somebody's own page of an approval that waits.
func awaitingLines(approval *filters.Approval, actor filters.Actor, now time.Time) []Line {
	head := Separated(ApprovalHead(approval), reason(approval.Plan.Reason))
	if approval.Unreviewed() {
		return withoutEmpty([]Line{head, Separated(Say("to be reviewed by somebody else"), RuleWords(approval))})
	}
	return withoutEmpty([]Line{
		head, Undone(&approval.Plan),
		Separated(JurorWords(approval), Ends(approval.Expires, now), RuleWords(approval), Say(Literal(approval.ID))),
		revocable(approval, actor, now),
	})
}

// revocable tells somebody that they can take their yes back; nil: there is none.
func revocable(approval *filters.Approval, actor filters.Actor, now time.Time) Line {
	yes := approval.Revocable(actor, now)
	if yes == nil {
		return nil
	}
	return Say("you said yes at ", Clock(yes.At, now), ": until it begins, ", Strong("Deny"), " takes it back and stops it")
}

// ApprovalButtons are the verbs about the approval as buttons, and Details.
func ApprovalButtons(id string, verbs ...string) []Button {
	buttons := make([]Button, 0, len(verbs)+1)
	for _, verb := range verbs {
		buttons = append(buttons, Button{Label: capital(verb), Action: verb, Value: id, Danger: verb == "deny"})
	}
	return append(buttons, Button{Label: "Details", Action: ActionApprovalDetails, Value: id})
}

// glassLine says behind what was done without waiting that somebody is to look at it.
func glassLine(approval *filters.Approval) Line {
	return Say("🚨 ", Strong("You broke the glass"), ": the channel and those on call are told, and somebody else reviews it as ", Literal(approval.ID), ".")
}

func reviewsDue(count int) Line {
	if count == 0 {
		return nil
	}
	return Say(Strong(Count(count, "broken glass") + " to be reviewed"))
}

// approvalLines end with what the asker may type, who cannot approve what they asked for.
func approvalLines(approval *filters.Approval, asker filters.Actor, now time.Time) []Line {
	verb := "approve"
	if approval.AskedBy(asker) {
		verb = "withdraw"
	}
	return []Line{
		Separated(append(Say(Literal(approval.ID), " "), ApprovalHead(approval)...), reason(approval.Plan.Reason)),
		Separated(JurorWords(approval), Ends(approval.Expires, now), Say(Literal("/mesos "+verb+" "+approval.ID))),
	}
}

// renderWord answers a word about an approval.
func renderWord(cluster, verb string, approval *filters.Approval, dry bool, now time.Time) Reply {
	said := map[string]string{"approve": "Counted", "deny": "Denied", "withdraw": "Withdrawn", "review": "Reviewed"}[verb]
	what := PlanWords(&approval.Plan)
	if dry {
		return Reply{Cluster: cluster, Lines: []Line{Say(Strong("Your "+verb+" would count"), " (nothing was changed): ", what)}}
	}
	lines := []Line{Say(Strong(said), ": ", what)}
	if last := len(approval.Votes) - 1; verb == "deny" && slices.ContainsFunc(approval.Votes[:max(last, 0)], func(vote filters.Vote) bool { return vote.User == approval.Votes[last].User }) {
		lines = append(lines, Say("Your yes is taken back, and nothing of it was begun."))
	}
	switch missing := approval.Needs.Approvals - approval.Yes(); {
	case verb != "approve":
	case approval.State == filters.ApprovalOpen:
		lines = append(lines, Separated(Say(moreYes(missing)), Ends(approval.Expires, now), Say(Literal("/mesos deny "+approval.ID+" -m why"), " takes yours back")))
	default:
		lines = append(lines, Say("That is enough: it begins now, and the channel shows it."))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

func moreYes(missing int) string {
	if missing == 1 {
		return "1 more yes is needed"
	}
	return fmt.Sprintf("%d more yes are needed", missing)
}

// needsLine says in a dry run what would be needed first.
func needsLine(needs filters.Needs, hosts []string) []Line {
	var lines []Line
	if needs.Approvals > 0 {
		approval := filters.Approval{Needs: needs}
		line := JurorWords(&approval)
		lines = append(lines, Separated(append(Say("would wait for approval: "), line...), RuleWords(&approval)))
	}
	if needs.Typed {
		lines = append(lines, Say("It needs each hostname typed again: ", Literal("--confirm "+Names(hosts, 0))))
	}
	return lines
}

// hashShown is how much of a plan's hash is shown: enough to tell two apart.
const hashShown = 12

// renderApprovalDetails answers the Details button of an approval.
func renderApprovalDetails(cluster string, approval *filters.Approval, now time.Time) Reply {
	plan := &approval.Plan
	lines := []Line{
		Separated(append(Say(Literal(approval.ID), " "), ApprovalHead(approval)...), reason(plan.Reason)),
		Separated(Say("asked by ", Who(approval.By), " at ", Clock(approval.Asked, now)), Say("plan ", Literal(PlanHash(approval))), RuleWords(approval)),
		Say(Count(len(plan.Steps), "agent")+": ", List(plan.Hosts(), 0)), PlanTerms(plan),
	}
	lines = append(lines, PlanCost(plan, &approval.Impact)...)
	lines = append(lines, VoteWords(approval, now)...)
	if approval.Why != "" {
		lines = append(lines, People(approval.Why))
	}
	if approval.Open(now) {
		lines = append(lines, Separated(JurorWords(approval), Ends(approval.Expires, now)), Say("the same by typing: ", Literal("/mesos approve "+approval.ID), " or ", Literal("/mesos deny "+approval.ID+" -m \"why\"")))
	}
	return Reply{Cluster: cluster, Lines: withoutEmpty(lines)}
}

// ApprovalOf is the approval that a journal entry tells of, as it was then; nil: none.
func ApprovalOf(event *filters.Event) *filters.Approval {
	if event.Record == nil || event.Record.Shelf != filters.ShelfApprovals || event.Record.Removed {
		return nil
	}
	approval, err := filters.DecodeApproval(event.Record)
	if err != nil {
		return nil
	}
	return &approval
}

// PlanHash is as much of the plan's hash as tells it from others.
func PlanHash(approval *filters.Approval) string {
	return approval.Hash[:min(len(approval.Hash), hashShown)]
}

// approvalLine is a line of the history: which approval and what it is about, what became of it, and the plan's hash.
func approvalLine(event *filters.Event) Line {
	line := Say(Literal(event.Subject), " ")
	approval := ApprovalOf(event)
	if approval == nil {
		return append(line, EventWords(event)...)
	}
	line = append(append(append(line, PlanWords(&approval.Plan)...), Text(": ")), EventWords(event)...)
	return Separated(line, Say("plan ", Literal(PlanHash(approval))))
}

// calledNow names those whom the entry calls, so that a message which holds it tells them.
func calledNow(event *filters.Event) Line {
	approval := ApprovalOf(event)
	if approval == nil || len(approval.Called) == 0 {
		return nil
	}
	switch event.Outcome {
	case filters.OutcomeCalled, filters.OutcomeReminded, filters.OutcomeEscalated:
		return append(Say(": "), Called(approval)...)
	}
	return nil
}

// Called names those who were called last, so that they are told; nil: nobody was.
func Called(approval *filters.Approval) Line {
	var line Line
	for i, user := range approval.Called {
		if i > 0 {
			line = append(line, Text(", "))
		}
		line = append(line, Who("user:"+user))
	}
	return line
}

// approvalWords say what became of an approval, by the outcome of its entry.
var approvalWords = map[string]string{
	string(filters.ApprovalOpen):      "approval asked for",
	filters.OutcomeApproved:           "approved",
	string(filters.ApprovalGranted):   "approved (that is enough)",
	string(filters.ApprovalDenied):    "denied",
	string(filters.ApprovalWithdrawn): "withdrawn",
	string(filters.ApprovalExpired):   "expired: nobody else said yes in time",
	string(filters.ApprovalVoid):      "void",
	string(filters.ApprovalStarted):   "carried out as it was approved",
	string(filters.ApprovalFailed):    "could not be carried out",
	string(filters.ApprovalChanged):   "asked again",
	filters.OutcomeWeighed:            "weighed by the leader",
	filters.OutcomeCalled:             "told those who are on call",
	filters.OutcomeReminded:           "half the time is over: reminded those who may approve",
	filters.OutcomeEscalated:          "called the next level",
	filters.OutcomeGlass:              "done without waiting for approval",
	filters.OutcomeReviewed:           "reviewed",
	"forgotten":                       "forgotten",
}
