package poster

import (
	"strings"

	"cordon/commands"
	"cordon/filters"
)

// sink returns the key of the notice about a sink of the journal: one is opened when the sink is stuck.
func (d *desk) sink(event *filters.Event) string {
	for key := range d.others {
		if notice := d.notices[key]; notice.Topic == TopicSink && notice.open() && notice.Subject == event.Subject {
			return key
		}
	}
	if event.Outcome != filters.SinkStuck {
		return ""
	}
	return d.open(TopicSink, event.Subject+"/"+event.ID, event)
}

func (n *Notice) foldSink(event *filters.Event) {
	if event.Kind != filters.KindSink || event.Subject != n.Subject {
		return
	}
	if n.Dirty = true; event.Outcome == filters.SinkStuck {
		n.Reason = event.Reason
		return
	}
	n.Ended = event.At
}

func renderSink(n *Notice) []commands.Line {
	name := strings.TrimPrefix(n.Subject, filters.SinkSubject)
	if n.open() {
		return []commands.Line{
			commands.Say("⚠ ", commands.Strong("The audit trail's sink "+name+" is stuck")),
			commands.Say(sinkReason(n.Reason), "It is tried again; the journal keeps what it has not taken for it, ", commands.Literal("/mesos status"), " shows how much that is."),
		}
	}
	return []commands.Line{
		commands.Say("✅ ", commands.Strong("The audit trail's sink "+name+" takes entries again")),
		commands.Say("stuck for " + commands.Lasting(n.Ended.Sub(n.Began)) + "; it gets what it missed"),
	}
}

func sinkReason(why string) string {
	if why == "" {
		return ""
	}
	return strings.ToUpper(why[:1]) + why[1:] + ". "
}
