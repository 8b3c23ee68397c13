package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/filters"
)

var epochStart = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

// placed is a new filter of an owner on the n-th agent, in rack r<n%3>.
func placed(n int, owner string) filters.Filter {
	return filters.Filter{
		ID: filters.DerivedID("f", owner, agentID(n)), Agent: filters.AgentID(agentID(n)), Hostname: fmt.Sprintf("agent-%d", n),
		Rack: fmt.Sprintf("r%d", n%3), Owner: filters.Owner(owner), Mode: filters.ModeFilter, Reason: "kernel \"upgrade\"\n<!channel>",
		Created: epochStart, Until: epochStart.Add(2 * time.Hour), Subject: "s1", Operation: "o1", State: filters.StateRecorded,
	}
}

// placing is a commit that places filters.
func placing(request string, placed ...filters.Filter) filters.Commit {
	commit := filters.Commit{Request: request, Starts: true, Answer: []byte("answer to " + request)}
	for _, filter := range placed {
		commit.PutFilter(filter, filters.Event{
			Kind: filters.KindFilter, Operation: filter.Operation, Actor: string(filter.Owner), Cause: filters.CauseCommand,
			Outcome: string(filters.StateRecorded), Reason: filter.Reason,
		})
	}
	return commit
}

func code(t testing.TB, err error, want filters.Code) {
	t.Helper()
	if err == nil || filters.CodeOf(err) != want {
		t.Fatalf("error %v, want code %s", err, want)
	}
}

func TestCommitIsReadBack(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		filter := placed(1, "user:U1")
		receipt, err := s.Commit(t.Context(), placing("k1", filter))
		must(t, err)
		filter.Revision = 1
		state, err := s.Load(t.Context())
		must(t, err)
		if diff := cmp.Diff([]filters.Filter{filter}, state.Filters); diff != "" {
			t.Error(diff)
		}
		events, err := s.After(t.Context(), "", 10)
		must(t, err)
		if diff := cmp.Diff(receipt.Events, events); diff != "" {
			t.Error("the receipt's events are not the journal's:", diff)
		}
		if state.Position != events[0].ID || events[0].Request != "k1" || events[0].Filter.Revision != 1 {
			t.Errorf("position %s, event %+v", state.Position, events[0])
		}
		progress, err := s.Progress(t.Context(), "o1")
		must(t, err)
		if progress.Recorded != 1 || progress.State() != filters.StateRecorded {
			t.Errorf("progress %+v", progress)
		}
	})
}
