package filters

import "time"

// ChangeKind says what a Change does.
type ChangeKind string

// The kinds of changes, in the order in which the reconciler prefers them. Take, Repair, Uphold, Drain and Give call the master; the
// others only write down what a reading showed or what time brought, except Look, which asks for a reading.
const (
	ChangeTake   ChangeKind = "take"   // withhold the agent
	ChangeRepair ChangeKind = "repair" // withhold it again: the master lost it
	ChangeUphold ChangeKind = "uphold" // withhold it again: people said so, though it is contested
	ChangeGive   ChangeKind = "give"   // give it back
	ChangeDrain  ChangeKind = "drain"  // kill what runs on it, as its filter asks: drain it, or mark it gone

	ChangeSchedule ChangeKind = "schedule" // put machines into the maintenance schedule, or move them in it
	ChangeCancel   ChangeKind = "cancel"   // take machines out of it
	ChangeDown     ChangeKind = "down"     // take a machine down: START_MAINTENANCE
	ChangeUp       ChangeKind = "up"       // bring it up: STOP_MAINTENANCE

	ChangeHold    ChangeKind = "hold"    // a reading shows it withheld by us: verified
	ChangeFree    ChangeKind = "free"    // it is not ours any more: the ledger's entry goes
	ChangeDrained ChangeKind = "drained" // nothing runs on it any more
	ChangeGone    ChangeKind = "gone"    // the master has forgotten it, as was asked: the filters on it end
	ChangeAdopt   ChangeKind = "adopt"   // somebody else's deactivation becomes ours
	ChangeContest ChangeKind = "contest" // lost again without a cause: repairing stops

	ChangeAccept ChangeKind = "accept" // a filter joins others on an agent that is withheld already
	ChangeExpire ChangeKind = "expire" // a filter's end has come
	ChangeSettle ChangeKind = "settle" // an ended filter has nothing left to wait for
	ChangeMove   ChangeKind = "move"   // the filters follow their host to its new agent ID
	ChangeNag    ChangeKind = "nag"    // a filter without an end is brought to mind

	ChangeMissing   ChangeKind = "missing"   // the agent is in no list of the master
	ChangeBack      ChangeKind = "back"      // it is listed again
	ChangeRestart   ChangeKind = "restart"   // it registered again and is still withheld
	ChangeForeign   ChangeKind = "foreign"   // it is withheld, and not by us
	ChangeUnforeign ChangeKind = "unforeign" // it is not any more

	ChangeAsk  ChangeKind = "ask"  // a question is asked, or widened
	ChangeDone ChangeKind = "done" // a question is done with

	ChangeFailover ChangeKind = "failover" // another master leads, or the same one after a restart
	ChangeSettled  ChangeKind = "settled"  // the cluster is back after it

	ChangeTold ChangeKind = "told" // only records of machines change

	ChangeWould ChangeKind = "would" // observing: a call that would be made

	ChangeNotice ChangeKind = "notice" // an agent may be a returned host: a later reading will tell
	ChangeLook   ChangeKind = "look"   // only a newer reading of the agent can tell
	ChangeProve  ChangeKind = "prove"  // only the master's word can tell whether it has left for ever
)

// Change is one difference between what should be, what is and what is written down. What it points to must not be
// changed.
type Change struct {
	Kind  ChangeKind
	Agent AgentID
	// Seen is the agent as the newest reading showed it; nil if that did not list it. What is sent for such an agent has it with
	// what its filter or the ledger knows of it, and without flags.
	Seen *Agent
	// Entry is the ledger's entry; nil if there is none.
	Entry *LedgerEntry
	// Filters are the filters that the change is about: those on the agent, ended ones included, or the single one.
	Filters []*Filter
	// Question is asked as given, or is the one that is done with.
	Question *Question
	// NewAgent is where filters move to, or what was noticed.
	NewAgent *Agent
	// Maintenance is what a change of the maintenance primitives does: schedule, cancel, down, up and told. Those have no agent.
	Maintenance *MaintenanceChange
	// Cause is one of the Cause constants; Reason says why in a phrase, empty if the kind says it all.
	Cause  string
	Reason string
}

// MaintenanceChange is a change of the one maintenance schedule, or of machines in it. Its functions are pure; they are called
// by the reconciler, which alone calls the master.
type MaintenanceChange struct {
	// Machines are those that the change is about. Down and up are about one.
	Machines []Machine
	// Saw is the schedule by which the change was decided, and Edit makes of it, or of a newer one, the schedule that shall be
	// posted. Its error says what stands in the way now.
	Saw  Schedule
	Edit func(Schedule) (Schedule, error)
	// Told are the records as they shall be: before the call, or all that there is to the change. Asked are its questions.
	Told  []Told
	Asked []AskedOf
	// Outcome are the records after the call, by its error: nil, or what the master refused with. What may have happened, and
	// what surely did not, has none: a reading that began later settles it.
	Outcome func(err error, now time.Time) []Told
	// Meddled is the entry that tells that somebody else changed the schedule between the reading and the posting.
	Meddled func(found Schedule) Event
}
