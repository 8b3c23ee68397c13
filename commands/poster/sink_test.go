package poster_test

import (
	"strings"
	"testing"
	"time"

	"cordon/commands/poster"
	"cordon/filters"
)

func TestASinkThatIsStuckIsTold(t *testing.T) {
	at := time.Date(2026, 9, 1, 14, 0, 0, 0, time.UTC)
	stuck := filters.Event{ID: "1-1", At: at, Kind: filters.KindSink, Subject: "sink:siem", Outcome: filters.SinkStuck, Reason: "it answered 503"}
	over := filters.Event{ID: "2-1", At: at.Add(72 * time.Minute), Kind: filters.KindSink, Subject: "sink:siem", Outcome: filters.SinkGoesOn}
	other := over
	other.Subject = "sink:file"
	notice := poster.Notice{Schema: 1, Key: "sink:siem/1-1", Topic: poster.TopicSink, Subject: "sink:siem", Began: at}
	for i, want := range []string{"sink siem is stuck", "sink siem is stuck", "sink siem takes entries again"} {
		event := []filters.Event{stuck, other, over}[i]
		notice = poster.Fold(notice, &event)
		message := poster.Render(notice, poster.Scene{Cluster: "prod", Now: at})
		if got := message.Lines[0].String(); !strings.Contains(got, want) || len(message.Buttons) > 0 {
			t.Errorf("after %d entries: %s", i+1, got)
		}
		if i == 0 && !strings.Contains(message.Lines[1].String(), "It answered 503.") {
			t.Errorf("why: %s", message.Lines[1].String())
		}
		if i == 2 && !strings.Contains(message.Lines[1].String(), "1 h 12 m") {
			t.Errorf("for how long: %s", message.Lines[1].String())
		}
	}
}
