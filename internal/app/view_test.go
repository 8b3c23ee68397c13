package app

import (
	"log/slog"
	"testing"

	"cordon/filters"
	"cordon/filters/mesos"
	"cordon/filters/reconcile"
)

// A follower answers `status` with what the leader knows, and forgets it when it leads itself.
func TestAFollowerTellsWhatTheLeaderKnows(t *testing.T) {
	master, err := mesos.New(mesos.Config{Cluster: "prod", Masters: []string{"http://127.0.0.1:5050"}})
	if err != nil {
		t.Fatal(err)
	}
	follower := &stack{name: "prod", master: master, log: slog.New(slog.DiscardHandler)}
	follower.reconciler = reconcile.New(reconcile.Config{Cluster: "prod", Replica: "two", Book: filters.NewBook(), Master: master, Recorder: recorder{}})
	if held := follower.held(); held != "" {
		t.Errorf("held before anything was published: %q", held)
	}
	view := `{"held":"2 agents have not registered again since the failover","master":{"schema":1,"at":"2026-09-01T00:00:00Z","condition":{"leader":"m:5050","trouble":"no answer"}}}`
	if err := follower.learn([]byte(view)); err != nil {
		t.Fatal(err)
	}
	if held := follower.held(); held != "2 agents have not registered again since the failover" {
		t.Errorf("held: %q", held)
	}
	if condition := master.Condition(); condition.Leader != "m:5050" || condition.Trouble != "no answer" {
		t.Errorf("the master's condition: %+v", condition)
	}
	follower.term.Store(7)
	if held := follower.held(); held != "" {
		t.Errorf("held by what another leader published: %q", held)
	}
}

// recorder is not called by a reconciler that does not run.
type recorder struct{ reconcile.Recorder }
