package poster

import (
	"encoding/json"
	"fmt"
	"strings"

	"cordon/commands"
	"cordon/filters"
	"cordon/scheduler"
)

// shiftOf is the key of the message to somebody who comes on call, empty for other entries about shifts.
func (d *desk) shiftOf(event *filters.Event) string {
	if event.Outcome != scheduler.ShiftBegan {
		return ""
	}
	return d.open(TopicShift, event.Subject, event)
}

// foldShift takes over what is told, and to whom.
func (n *Notice) foldShift(event *filters.Event) {
	if event.Kind != filters.KindShift || event.Outcome != scheduler.ShiftBegan {
		return
	}
	user, _, _ := strings.Cut(strings.TrimPrefix(event.Subject, "shift:"), "/")
	n.To, n.Reason, n.Ended, n.Dirty = user, event.Reason, event.At, true
}

// renderShift is what somebody is told who comes on call.
func renderShift(n *Notice, scene Scene) []commands.Line {
	var told scheduler.ShiftDigest
	head := commands.Say("☎ ", commands.Strong("You are on call for "+scene.Cluster))
	if json.Unmarshal([]byte(n.Reason), &told) != nil {
		return []commands.Line{head}
	}
	lines := []commands.Line{commands.Separated(head, shiftEnd(&told), commands.Say(told.Source), shiftOthers(told.Others))}
	lines = append(lines, shiftDoubts(&told)...)
	lines = append(lines, shiftApprovals(&told)...)
	lines = append(lines, shiftAsks(&told)...)
	lines = append(lines, shiftStands(&told)...)
	lines = append(lines, shiftUnderWay(&told)...)
	lines = append(lines, shiftOpens(&told)...)
	if len(lines) == 1 {
		lines = append(lines, commands.Say("No filter stands, nothing is under way and nothing opens in this shift."))
	}
	return append(lines, commands.Say(commands.Literal("/mesos status"), " shows how it is now, ", commands.Literal("/mesos oncall"), " who is next."))
}

func shiftEnd(told *scheduler.ShiftDigest) commands.Line {
	if told.Until.IsZero() {
		return nil
	}
	return commands.Ends(told.Until, told.At)
}

func shiftOthers(others []string) commands.Line {
	if len(others) == 0 {
		return nil
	}
	line := commands.Say("with ")
	for i, other := range others[:min(len(others), listed)] {
		if i > 0 {
			line = append(line, commands.Text(", "))
		}
		line = append(line, commands.Who("user:"+other))
	}
	if more := len(others) - listed; more > 0 {
		line = append(line, commands.Text(fmt.Sprintf(" and %d more", more)))
	}
	return line
}

// shiftDoubts says what keeps the bot from doing all it does.
func shiftDoubts(told *scheduler.ShiftDigest) (lines []commands.Line) {
	if lock := told.Lock; lock != nil {
		lines = append(lines, commands.Say(commands.Strong("locked"), " since ", commands.Clock(lock.At, told.At), ": ", lock.Cause, " · nothing is given back"))
	}
	if freeze := told.Freeze; freeze != nil {
		lines = append(lines, commands.Say(commands.Strong("frozen"), " by ", commands.Who(freeze.By), " since ", commands.Clock(freeze.At, told.At), ": ", freeze.Reason))
	}
	return lines
}

// shiftApprovals are the approvals that wait for a yes, and what is to be reviewed.
func shiftApprovals(told *scheduler.ShiftDigest) (lines []commands.Line) {
	for i := range told.Approvals {
		approval := &told.Approvals[i]
		lines = append(lines, commands.Separated(
			digestDeed("to approve: ", approval, commands.Text("asks")), said(approval.Reason), commands.Ends(approval.Expires, told.At)))
	}
	if more := told.Awaiting - len(told.Approvals); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more: ", more), commands.Literal("/mesos approvals")))
	}
	for i := range told.Reviews {
		review := &told.Reviews[i]
		lines = append(lines, commands.Separated(digestDeed("to review: ", review, commands.Strong("broke the glass")), said(review.Reason)))
	}
	if more := told.Unseen - len(told.Reviews); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more: ", more), commands.Literal("/mesos approvals")))
	}
	return lines
}

func digestDeed(head string, approval *scheduler.DigestApproval, did commands.Span) commands.Line {
	deed := commands.DeedWords(approval.Verb, approval.Mode, commands.Names(approval.Hosts, approval.Total))
	return commands.Say(head, commands.Literal(approval.ID), " ", commands.Who(approval.By), " ", did, " to ", deed)
}

// shiftAsks are the questions that wait for an answer.
func shiftAsks(told *scheduler.ShiftDigest) (lines []commands.Line) {
	for _, question := range told.Questions {
		lines = append(lines, commands.Say("to answer: ", commands.Literal(question.ID), " ", commands.Strong(question.Text)))
	}
	if more := told.Asked - len(told.Questions); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more: ", more), commands.Literal("/mesos questions")))
	}
	return lines
}

// shiftStands are the filters that stand.
func shiftStands(told *scheduler.ShiftDigest) (lines []commands.Line) {
	if told.Total == 0 {
		return nil
	}
	head := fmt.Sprintf("%d filters stand", told.Total)
	if told.Total == 1 {
		head = "1 filter stands"
	}
	if told.NoEnd > 0 {
		head += fmt.Sprintf(", %d without an end", told.NoEnd)
	}
	lines = append(lines, commands.Say(commands.Strong(head)))
	for _, filter := range told.Filters {
		lines = append(lines, commands.Separated(
			commands.Say(commands.Strong(filter.Hostname)), commands.Say(filter.Reason), by(string(filter.Owner)), ending(filter.Until, told.At)))
	}
	if more := told.Total - len(told.Filters); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more: ", more), commands.Literal("/mesos filters")))
	}
	return lines
}

// shiftUnderWay are the runs and drains that are not over.
func shiftUnderWay(told *scheduler.ShiftDigest) (lines []commands.Line) {
	if len(told.Runs) > 0 {
		lines = append(lines, commands.Say("under way: run "+commands.Names(told.Runs, 0)))
	}
	if len(told.Drains) > 0 {
		lines = append(lines, commands.Say("being drained: run "+commands.Names(told.Drains, 0)))
	}
	return lines
}

// shiftOpens are the windows that open before the shift ends.
func shiftOpens(told *scheduler.ShiftDigest) (lines []commands.Line) {
	for _, opening := range told.Opens {
		lines = append(lines, commands.Separated(
			commands.Say("opens ", commands.Clock(opening.Start, told.At), " ", commands.Strong(opening.Window)), commands.Say("for "+commands.Lasting(opening.End.Sub(opening.Start))),
			commands.Say(commands.Count(opening.Agents, "agent")), commands.Phrase(opening.Note)))
	}
	return lines
}
