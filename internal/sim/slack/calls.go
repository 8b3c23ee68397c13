package slack

import (
	"maps"
	"slices"
	"time"
)

// callsKept bounds the record of calls.
const callsKept = 10000

// Call is one call of the Web API, for tests.
type Call struct {
	At      time.Time
	Method  string
	Channel string // the argument, if there was one
	Outcome string // "ok" or the error
}

// Calls are the latest calls of the Web API, oldest first.
func (w *Workspace) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// UsedScopes are the scopes of the bot token that calls and commands needed so far, sorted: an app's manifest should
// ask for these and no more.
func (w *Workspace) UsedScopes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.used))
}

func (w *Workspace) record(call Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) >= callsKept {
		w.calls = slices.Delete(w.calls, 0, callsKept/2)
	}
	w.calls = append(w.calls, call)
}
