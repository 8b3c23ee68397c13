package poster

import (
	"encoding/json"
	"fmt"
	"time"

	"cordon/commands"
	"cordon/scheduler"
)

// renderDigest is the morning's summary.
func renderDigest(n *Notice, scene Scene) []commands.Line {
	var digest scheduler.Digest
	if json.Unmarshal([]byte(n.Reason), &digest) != nil {
		return []commands.Line{commands.Say("☀ ", commands.Strong(scene.Cluster+" this morning"))}
	}
	lines := []commands.Line{commands.Say("☀ ", commands.Strong(scene.Cluster+": "+digestHead(&digest)))}
	lines = append(lines, digestWaits(&digest)...)
	for _, filter := range digest.Filters {
		lines = append(lines, commands.Separated(
			commands.Say("⏸ ", commands.Strong(filter.Hostname)), commands.Say(filter.Reason), by(string(filter.Owner)),
			commands.Say("since ", commands.Clock(filter.Since, digest.At)), ending(filter.Until, digest.At)))
	}
	if more := digest.Total - len(digest.Filters); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more: ", more), commands.Literal("/mesos filters")))
	}
	for _, opening := range digest.Opens {
		lines = append(lines, commands.Separated(
			commands.Say("🗓 ", commands.Clock(opening.Start, digest.At), " ", commands.Strong(opening.Window)), commands.Say("for "+commands.Lasting(opening.End.Sub(opening.Start))),
			commands.Say(commands.Count(opening.Agents, "agent")), commands.Phrase(opening.Note)))
	}
	if len(digest.Runs) > 0 {
		lines = append(lines, commands.Say("under way: run "+commands.Names(digest.Runs, 0)))
	}
	return lines
}

// digestWaits says what waits for somebody, the newest of it by name.
func digestWaits(digest *scheduler.Digest) (lines []commands.Line) {
	for i := range digest.Approvals[:min(len(digest.Approvals), digestNamed)] {
		approval := &digest.Approvals[i]
		lines = append(lines, commands.Separated(digestDeed("🔑 to approve: ", approval, commands.Text("asks")), said(approval.Reason), commands.Ends(approval.Expires, digest.At)))
	}
	for i := range digest.Reviews[:min(len(digest.Reviews), digestNamed)] {
		review := &digest.Reviews[i]
		lines = append(lines, commands.Separated(digestDeed("🚨 to review: ", review, commands.Strong("broke the glass")), said(review.Reason)))
	}
	if more := max(digest.Awaiting-digestNamed, 0) + max(digest.Unseen-digestNamed, 0); more > 0 {
		lines = append(lines, commands.Say(fmt.Sprintf("and %d more to approve or review: ", more), commands.Literal("/mesos approvals")))
	}
	if digest.Asked > 0 {
		lines = append(lines, commands.Say("❓ "+commands.Count(digest.Asked, "question")+" to answer: ", commands.Literal("/mesos questions")))
	}
	return lines
}

// digestNamed is how many approvals and reviews the morning's summary names.
const digestNamed = 3

func digestHead(digest *scheduler.Digest) string {
	stand := "no filter stands"
	switch digest.Total {
	case 0:
	case 1:
		stand = "1 filter stands"
	default:
		stand = fmt.Sprintf("%d filters stand", digest.Total)
	}
	switch opens := len(digest.Opens); opens {
	case 0:
		return stand + ", no window opens today"
	case 1:
		return stand + ", 1 window opens today"
	default:
		return fmt.Sprintf("%s, %d openings today", stand, opens)
	}
}

func ending(until, now time.Time) commands.Line {
	if until.IsZero() {
		return commands.Say("no end")
	}
	return commands.Say("until ", commands.Clock(until, now))
}
