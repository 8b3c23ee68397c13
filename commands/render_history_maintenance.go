package commands

import (
	"cordon/filters"
	"cordon/filters/operation"
)

// isOfMachine tells whether an entry is about the maintenance schedule.
func isOfMachine(event *filters.Event) bool {
	switch event.Kind {
	case filters.KindSchedule, filters.KindCancel, filters.KindDown, filters.KindUp, filters.KindMeddled, filters.KindRemind:
		return true
	}
	return false
}

// MachineOf reads the machine that an entry tells of, as it was then; false: it tells of none.
func MachineOf(event *filters.Event) (operation.State, bool) {
	if event.Record == nil || event.Record.Shelf != filters.ShelfMachines {
		return operation.State{}, false
	}
	state, err := operation.Decode(event.Record)
	return state, err == nil
}

// machineWords say what an entry about the maintenance schedule tells of, by its outcome.
var machineWords = map[filters.Kind]map[string]string{
	filters.KindSchedule: {
		string(filters.StateRecorded): "asked to come into the maintenance schedule", operation.OutcomeSending: "posting the maintenance schedule",
		string(filters.StateAccepted): "UPDATE_MAINTENANCE_SCHEDULE accepted", string(filters.StateVerified): "confirmed: in the maintenance schedule",
		string(filters.StateFailed): "not scheduled as asked",
	},
	filters.KindCancel: {
		string(filters.StateRecorded): "asked to leave the maintenance schedule", operation.OutcomeSending: "posting the maintenance schedule without it",
		string(filters.StateAccepted): "UPDATE_MAINTENANCE_SCHEDULE without it accepted", string(filters.StateVerified): "confirmed: out of the maintenance schedule",
		string(filters.StateFailed): "stays in the maintenance schedule",
	},
	filters.KindDown: {
		string(filters.StateRecorded): "asked to be taken down", operation.OutcomeSending: "taking it down now",
		string(filters.StateAccepted): "START_MAINTENANCE accepted", string(filters.StateVerified): "confirmed: down",
		string(filters.StateFailed): "not taken down as asked",
	},
	filters.KindUp: {
		string(filters.StateRecorded): "asked to be brought up", operation.OutcomeSending: "bringing it up now",
		string(filters.StateAccepted): "STOP_MAINTENANCE accepted", string(filters.StateVerified): "confirmed: up, and out of the maintenance schedule",
		string(filters.StateFailed): "not brought up as asked",
	},
	filters.KindMeddled: {
		operation.OutcomeBetween: "not posted yet", operation.OutcomeLost: "no longer ours in the maintenance schedule",
		string(filters.MachineDown): "found down", string(filters.MachineDraining): "found up again",
	},
	filters.KindRemind: {
		operation.OutcomeStarts: "reminded: its time has come, and it is up", operation.OutcomeOver: "reminded: its time is over",
	},
}

// wordsOfMachine says what an entry about the maintenance schedule tells of; empty for others.
func wordsOfMachine(event *filters.Event) string {
	if !isOfMachine(event) {
		return ""
	}
	words, known := machineWords[event.Kind][event.Outcome]
	if !known {
		return "maintenance: " + string(event.Kind)
	}
	if state, ok := MachineOf(event); ok && event.Kind == filters.KindSchedule && event.Outcome == string(filters.StateRecorded) {
		return words + ", " + state.Wanted.String()
	}
	return words
}
