package scheduler

import (
	"slices"

	"cordon/filters"
)

// follows are the phases that may follow one of an agent.
var follows = map[AgentPhase][]AgentPhase{
	AgentWaiting:     {AgentWaiting, AgentWithholding, AgentSkipped},
	AgentWithholding: {AgentWithholding, AgentStepping, AgentAsking, AgentReturning, AgentGiving, AgentSkipped, AgentFailed},
	AgentStepping:    {AgentStepping, AgentAsking, AgentReturning, AgentGiving, AgentSkipped, AgentFailed},
	AgentAsking:      {AgentAsking, AgentStepping, AgentReturning, AgentSkipped, AgentFailed},
	AgentReturning:   {AgentReturning, AgentGiving, AgentSkipped, AgentFailed},
	AgentGiving:      {AgentGiving, AgentDone, AgentSkipped},
}

// check reads the journal: no agent skips what it must not, nothing follows the end of an agent or a run, no more agents are
// under way than may be, and no agent whose last step was touched is given back without its return check.
func (w *runWorld) check() {
	w.t.Helper()
	runs, agents := map[string]RunState{}, map[string]RunAgent{}
	for _, event := range w.kinds(filters.KindRun, filters.KindRunAgent) {
		if event.Record.Removed {
			continue
		}
		if event.Kind == filters.KindRun {
			run, err := DecodeRun(event.Record)
			if err != nil || runs[run.ID].Phase.Over() {
				w.t.Errorf("run %s is over, and then %s (%v)", run.ID, event.Outcome, err)
			}
			runs[run.ID] = run
			continue
		}
		after, err := DecodeRunAgent(event.Record)
		before, known := agents[after.record()]
		kept := runs[after.Run].Keep && after.Phase == AgentDone && (before.Phase == AgentStepping || before.Phase == AgentAsking)
		if err != nil || known && !kept && !slices.Contains(follows[before.Phase], after.Phase) {
			w.t.Errorf("%s: %s follows %s (%v)", after.record(), after.Phase, before.Phase, err)
		}
		agents[after.record()] = after
		w.checkParallel(runs[after.Run], agents)
	}
}

func (w *runWorld) checkParallel(run RunState, agents map[string]RunAgent) {
	w.t.Helper()
	doing, batches := 0, map[string]bool{}
	for _, agent := range agents {
		if agent.Run == run.ID && agent.Phase.UnderWay() {
			doing++
			batches[agent.Batch] = true
		}
	}
	if run.ID != "" && doing > max(1, run.Procedure.MaxParallel) || len(batches) > 1 {
		w.t.Errorf("%d agents of %d batches of run %s are under way", doing, len(batches), run.ID)
	}
}

// once finds calls that were made twice although their webhook does not allow it.
func (w *runWorld) once() {
	w.t.Helper()
	w.machines.Lock()
	defer w.machines.Unlock()
	for key, count := range w.calls {
		if count > 1 && !w.repeats {
			w.t.Errorf("%s was called %d times", key, count)
		}
	}
}
