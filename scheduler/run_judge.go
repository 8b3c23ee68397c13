package scheduler

import (
	"fmt"
	"slices"
	"time"
)

// judge returns the run as it is by what became of its agents, and the outcome for the journal; empty: nothing changed. kept tells
// whether the run still withholds an agent.
func (c *course) judge(run RunState, agents []part, kept func(*part) bool, now time.Time) (RunState, string) {
	count := tally(agents)
	switch {
	case run.Phase.Over():
		return run, ""
	case count.left+count.doing == 0:
		return concluded(run, agents, kept, now), endOf(run.Phase)
	case run.Phase != RunAborting && run.Stop && !run.Until.IsZero() && !now.Before(run.Until):
		return aborting(run, Word{By: run.By, Reason: "the window is over", At: now}), string(RunAborting)
	case run.Phase == RunGoing && count.failed-run.Forgiven > c.Failures:
		run.Phase, run.Why = RunStopped, tooMany(agents, c.Failures)
		return run, string(RunStopped)
	}
	return run, ""
}

func endOf(phase RunPhase) string {
	if phase == RunAborting {
		return string(RunAborted)
	}
	return string(RunDone)
}

// aborting is the run after a word that it is to be aborted.
func aborting(run RunState, word Word) RunState {
	run.Phase, run.Word, run.Why = RunAborting, &word, word.Reason
	return run
}

// concluded is the run when all of its agents are over; it names those that stay withheld. What was drained and given back meanwhile
// is not among them: it may be taken for up.
func concluded(run RunState, agents []part, kept func(*part) bool, now time.Time) RunState {
	run.Phase, run.Ended = RunPhase(endOf(run.Phase)), now
	if said := run.Word != nil && run.Why == run.Word.Reason; run.Drain == nil || run.Phase == RunDone || said {
		run.Why = "" // else it says who did not want the drain
	}
	if failed := hostsIn(agents, AgentFailed); len(failed) > 0 {
		run.Why = "failed, and stay withheld: " + someOf(failed)
		return run
	}
	agents = slices.DeleteFunc(slices.Clone(agents), func(p part) bool { return !kept(&p) })
	if drained := hostsIn(agents, AgentDone); run.Phase == RunDone && run.Keep && !run.Drain.Ends() && len(drained) > 0 {
		run.Why = "drained, and safe to take down: " + someOf(drained)
	}
	return run
}

func tooMany(agents []part, most int) string {
	failed := slices.DeleteFunc(slices.Clone(agents), func(p part) bool { return p.Phase != AgentFailed })
	last := slices.MaxFunc(failed, func(x, y part) int { return x.Since.Compare(y.Since) })
	return fmt.Sprintf("%s failed and at most %d may; the last was %s: %s", agentsText(len(failed)), most, last.Hostname, last.Why)
}

func agentsText(count int) string {
	if count == 1 {
		return "1 agent"
	}
	return fmt.Sprintf("%d agents", count)
}

func hostsIn(agents []part, phase AgentPhase) []string {
	var hosts []string
	for i := range agents {
		if agents[i].Phase == phase {
			hosts = append(hosts, agents[i].Hostname)
		}
	}
	return hosts
}
