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
	if digest.Asked > 0 {
		lines = append(lines, commands.Say(commands.Count(digest.Asked, "question")+" to answer: ", commands.Literal("/mesos questions")))
	}
	return lines
}

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
