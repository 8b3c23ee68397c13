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
	approval := readApproval(event)
	if approval == nil || d.notices[key] == nil && event.Outcome != string(filters.ApprovalOpen) && event.Outcome != filters.OutcomeGlass {
		return ""
	}
	return d.open(TopicApproval, key, event)
}

// readApproval is the approval that an entry tells of; nil: none.
func readApproval(event *filters.Event) *filters.Approval {
	if event.Record == nil || event.Record.Shelf != filters.ShelfApprovals || event.Record.Removed {
		return nil
	}
	approval, err := filters.DecodeApproval(event.Record)
	if err != nil {
		return nil
	}
	return &approval
}

func (n *Notice) foldApproval(event *filters.Event) {
	approval := readApproval(event)
	if approval == nil {
		return
	}
	n.Approval, n.By, n.Reason, n.Dirty = approval, approval.By, approval.Plan.Reason, true
	n.step(event)
	waits := approval.State == filters.ApprovalOpen || approval.State == filters.ApprovalGranted || approval.Glass && approval.Review == nil
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
	lines := []commands.Line{
		commands.ApprovalHead(approval),
		commands.Separated(said(plan.Reason), commands.Say("by ", commands.Who(approval.By)), commands.Say("in ", commands.Strong(plan.Cluster))),
	}
	if approval.State == filters.ApprovalOpen || approval.Glass {
		lines = append(lines, commands.PlanCost(&approval.Plan, &approval.Impact)...)
		lines = append(lines, commands.Undone(plan))
	}
	lines = append(lines, verdict(approval, scene)...)
	return slices.DeleteFunc(lines, func(line commands.Line) bool { return len(line) == 0 }), approvalButtons(approval)
}

// verdict says what is still needed, or who decided.
func verdict(approval *filters.Approval, scene Scene) []commands.Line {
	lines := commands.VoteWords(approval, scene.Now)
	if approval.Why != "" {
		lines = append(lines, commands.People(approval.Why))
	}
	switch {
	case approval.State == filters.ApprovalOpen:
		ends := commands.Say("until ", commands.Clock(approval.Expires, scene.Now))
		lines = append(lines, commands.Separated(commands.JurorWords(approval), calledWords(approval), ends, commands.RuleWords(approval)))
	case approval.Glass && approval.Review == nil:
		lines = append(lines, commands.Separated(commands.Say(commands.Strong("to be reviewed"), " by somebody else"), calledWords(approval), commands.RuleWords(approval)))
	case approval.Again != "":
		lines = append(lines, commands.Say("it waits again as ", commands.Literal(approval.Again)))
	}
	return lines
}

// calledWords name those who are on call, so that they are told.
func calledWords(approval *filters.Approval) commands.Line {
	if len(approval.Called) == 0 {
		return nil
	}
	line := commands.Say("on call: ")
	for i, user := range approval.Called {
		if i > 0 {
			line = append(line, commands.Text(", "))
		}
		line = append(line, commands.Who("user:"+user))
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
	details := commands.Button{Label: "Details", Action: commands.ActionApprovalDetails, Value: approval.ID}
	switch {
	case approval.State == filters.ApprovalOpen:
		return []commands.Button{
			{Label: "Approve", Action: commands.ActionApprove, Value: approval.ID},
			{Label: "Deny", Action: commands.ActionDeny, Value: approval.ID, Danger: true},
			details,
		}
	case approval.Glass && approval.Review == nil:
		return []commands.Button{{Label: "Review", Action: commands.ActionReview, Value: approval.ID}, details}
	}
	return nil
}
