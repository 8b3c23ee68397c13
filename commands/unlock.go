package commands

import (
	"cordon/filters/operation"
	"cordon/scheduler"
)

// goesOn says what beside overdue filters waits for a lock to end: machines that are to be given back, and drains that have not
// begun with all of their agents.
func (t *turn) goesOn() []Line {
	var lines []Line
	if t.machines != nil {
		for _, machine := range t.machines.Ours() {
			if words := machineWaits[machine.Phase]; words != "" {
				lines = append(lines, Say(Strong(machine.Machine.Hostname), words, ", by the word of ", Who(machine.By)))
			}
		}
	}
	if t.desk != nil {
		for _, run := range t.desk.Runs() {
			if state := &run.State; state.Drain != nil && state.Phase == scheduler.RunGoing && run.Left > 0 {
				lines = append(lines, Say(Literal(state.ID), " goes on: "+Of(run.Left, state.Agents, "agent")+" still to be "+DoneWord(state), ", by ", Who(state.By)))
			}
		}
	}
	return append(lines[:min(len(lines), listed)], more(listed, len(lines))...)
}

// machineWaits are the words about machines that nothing is done for while a lock stands.
var machineWaits = map[operation.Phase]string{
	operation.PhaseBringingUp: " is brought up, and leaves the maintenance schedule",
	operation.PhaseCancelling: " leaves the maintenance schedule",
}
