package commands

import (
	"fmt"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// isOfPlan tells whether an entry is about a window or a run itself.
func isOfPlan(event *filters.Event) bool {
	switch event.Kind {
	case filters.KindWindow, filters.KindAnnounce, filters.KindOpen, filters.KindWarn, filters.KindClose, filters.KindClosed,
		filters.KindPassed, filters.KindDigest, filters.KindShift, filters.KindRun, filters.KindRunAgent:
		return true
	}
	return false
}

// planName is the window or the run that an entry is about.
func planName(event *filters.Event) string {
	_, name, _ := strings.Cut(event.Subject, ":")
	if event.Kind == filters.KindRun {
		return "run " + name
	}
	name, _, _ = strings.Cut(name, "/")
	return name
}

// planWords says what an entry about windows and runs tells of, empty for others.
func planWords(event *filters.Event) string {
	switch event.Kind {
	case filters.KindWindow:
		if event.Outcome == "skipped" {
			return "next opening skipped"
		}
		return "window " + event.Outcome
	case filters.KindAnnounce:
		if event.Outcome == "scheduling" {
			return "its machines come into the maintenance schedule"
		}
		return "announced"
	case filters.KindOpen:
		return openWords(event)
	case filters.KindWarn:
		if strings.HasPrefix(event.Reason, "over the deadline") {
			return "drains take longer than they may"
		}
		return "cutoff has come, nothing new begins"
	case filters.KindClose:
		return "closing"
	case filters.KindClosed:
		return "closed"
	case filters.KindPassed:
		return "did not open"
	case filters.KindDigest:
		return "told the morning's summary"
	case filters.KindShift:
		return shiftWords(event)
	case filters.KindRun:
		return runOutcome(event.Outcome)
	case filters.KindRunAgent:
		return runAgentWords(event)
	}
	return ""
}

// openWords says how many agents an opening reached.
func openWords(event *filters.Event) string {
	if event.Record == nil {
		return "opened"
	}
	state, err := scheduler.DecodeWindow(event.Record)
	if err != nil || state.Open == nil {
		return "opened"
	}
	open := state.Open
	share := share(open)
	switch {
	case event.At.Sub(open.Opened) > openedLately:
		return "now withholds " + share
	case open.Run != "":
		return "opened for " + share + ", run " + open.Run
	}
	return "opened for " + share
}

// openedLately is how long after its opening an entry still tells of that, and not of more agents.
const openedLately = 2 * time.Second

func runOutcome(outcome string) string {
	switch outcome {
	case "asked":
		return "asked"
	case "held":
		return "waits"
	case "aborting":
		return "is being aborted"
	case "stopped":
		return "stopped by failures"
	}
	return outcome
}

// runAgentWords says which phase an agent of a run came to.
func runAgentWords(event *filters.Event) string {
	switch phase := scheduler.AgentPhase(event.Outcome); phase {
	case scheduler.AgentWaiting:
		return "waits for its turn"
	case scheduler.AgentWithholding:
		if agent := runAgentOf(event); agent.Tasks > 0 {
			return "drains"
		}
		return "begun: is being withheld"
	case scheduler.AgentStepping:
		return fmt.Sprintf("step %d begun", runAgentOf(event).Step+1)
	case scheduler.AgentAsking:
		return fmt.Sprintf("step %d waits for a person", runAgentOf(event).Step+1)
	case scheduler.AgentReturning:
		return "steps over: is it back and well?"
	case scheduler.AgentGiving:
		return "is being given back"
	case scheduler.AgentDone:
		return "done"
	case scheduler.AgentFailed:
		return "failed"
	case scheduler.AgentSkipped:
		return "skipped"
	}
	return event.Outcome
}

// runAgentOf is the agent of a run that an entry is about, as it was then.
func runAgentOf(event *filters.Event) scheduler.RunAgent {
	if event.Record == nil {
		return scheduler.RunAgent{}
	}
	agent, err := scheduler.DecodeRunAgent(event.Record)
	if err != nil {
		return scheduler.RunAgent{}
	}
	return agent
}

// runOf is the run that an entry is about, as it was then.
func runOf(event *filters.Event) scheduler.RunState {
	if event.Record == nil {
		return scheduler.RunState{}
	}
	run, err := scheduler.DecodeRun(event.Record)
	if err != nil {
		return scheduler.RunState{}
	}
	return run
}

// byPerson tells whether a person, or a token, brought the entry about.
func byPerson(event *filters.Event) bool {
	return strings.HasPrefix(event.Actor, "user:") || strings.HasPrefix(event.Actor, "api:")
}
