package poster

import (
	"slices"
	"time"

	"cordon/commands"
	"cordon/filters"
)

// approval returns the key of the approval's notice. One that is over and forgotten opens none.
func (d *desk) approval(event *filters.Event) string {
	key := "approval/" + event.Subject
	approval := commands.ApprovalOf(event)
	if approval == nil || d.notices[key] == nil && event.Outcome != string(filters.ApprovalOpen) && event.Outcome != filters.OutcomeGlass {
		return ""
	}
	return d.open(TopicApproval, key, event)
}

func (n *Notice) foldApproval(event *filters.Event) {
	approval := commands.ApprovalOf(event)
	if approval == nil {
		return
	}
	n.Approval, n.By, n.Reason, n.Dirty = approval, approval.By, approval.Plan.Reason, true
	n.step(event)
	waits := approval.State == filters.ApprovalOpen || approval.State == filters.ApprovalGranted || approval.Unreviewed()
	if n.Ended = event.At; waits {
		n.Ended = time.Time{}
	}
}

func renderApproval(n *Notice, scene Scene) ([]commands.Line, []commands.Button) {
	approval := n.Approval
	if approval == nil {
		return []commands.Line{commands.Say("an approval")}, nil
	}
	plan := &approval.Plan
	lines := []commands.Line{commands.ApprovalHead(approval), commands.Separated(said(plan.Reason), requester(approval), commands.Say("in ", commands.Strong(plan.Cluster)))}
	if approval.State == filters.ApprovalOpen || approval.Glass {
		lines = append(lines, commands.PlanTerms(plan))
		lines = append(lines, commands.PlanCost(&approval.Plan, &approval.Impact)...)
		lines = append(lines, commands.Undone(plan))
	}
	lines = append(lines, verdict(approval, scene)...)
	return slices.DeleteFunc(lines, func(line commands.Line) bool { return len(line) == 0 }), approvalButtons(approval)
}

// requester names who asked, where the head does not.
func requester(approval *filters.Approval) commands.Line {
	if approval.State == filters.ApprovalOpen || approval.Glass {
		return nil
	}
	return commands.Say("asked by ", commands.Who(approval.By))
}

// verdict says what is still needed, or who decided.
func verdict(approval *filters.Approval, scene Scene) []commands.Line {
	lines := commands.VoteWords(approval, scene.Now)
	if approval.Why != "" && approval.State != filters.ApprovalExpired {
		lines = append(lines, closure(approval))
	}
	switch {
	case approval.State == filters.ApprovalOpen:
		ends := commands.Say("until ", commands.Clock(approval.Expires, scene.Now))
		lines = append(lines, commands.RuleWords(approval), commands.Separated(beside(commands.JurorWords(approval), approval), ends))
	case approval.Unreviewed():
		lines = append(lines, commands.RuleWords(approval), beside(commands.Say(commands.Strong("To be reviewed"), " by somebody else"), approval))
	case approval.Again != "":
		lines = append(lines, commands.Say("it waits again as ", commands.Literal(approval.Again)))
	}
	return lines
}

// closure is a phrase of ours on how it ended, or the words of who withdrew it.
func closure(approval *filters.Approval) commands.Line {
	if approval.State == filters.ApprovalWithdrawn {
		return commands.Say(approval.Why)
	}
	line := commands.People(approval.Why)
	if approval.State == filters.ApprovalOpen {
		return append(commands.Say("It was approved, and costs more by now: "), line...)
	}
	return line
}

// beside puts those who are called behind the line.
func beside(line commands.Line, approval *filters.Approval) commands.Line {
	if called := commands.Called(approval); called != nil {
		return append(append(line, commands.Text(": ")), called...)
	}
	return line
}

func said(reason string) commands.Line {
	if reason == "" {
		return nil
	}
	return commands.Say(reason)
}

func approvalButtons(approval *filters.Approval) []commands.Button {
	switch {
	case approval.State == filters.ApprovalOpen:
		return commands.ApprovalButtons(approval.ID, "approve", "deny")
	case approval.State == filters.ApprovalGranted: // whoever said yes may still stop it
		return commands.ApprovalButtons(approval.ID, "deny")
	case approval.Unreviewed():
		return commands.ApprovalButtons(approval.ID, "review")
	}
	return nil
}
