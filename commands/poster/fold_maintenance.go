package poster

import (
	"maps"
	"slices"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/filters/operation"
)

// Machine is one machine of a notice.
type Machine struct {
	Host  string          `json:"host"`
	Typed string          `json:"typed"` // as a command takes it
	Phase operation.Phase `json:"phase"`
	Since time.Time       `json:"since"` // when it came to Phase
	// Outcome is how far the last word has come.
	Outcome string       `json:"outcome,omitempty"`
	Wanted  filters.Span `json:"wanted"`
	By      string       `json:"by,omitempty"` // who gave the last word
	Why     string       `json:"why,omitempty"`
	Others  bool         `json:"others,omitempty"` // somebody else took it down
	Down    time.Time    `json:"down,omitzero"`    // when it went down
}

// readMachine reads what an entry says of a machine; nil: nothing.
func readMachine(event *filters.Event) *Machine {
	state, ok := commands.MachineOf(event)
	if !ok {
		return nil
	}
	return &Machine{
		Host: state.Machine.Hostname, Typed: state.Machine.Typed(), Phase: state.Phase, Since: state.Since, Outcome: event.Outcome, Wanted: state.Wanted,
		By: state.By, Why: state.Why, Others: state.Others,
	}
}

// foldMachines keeps what one word put into the maintenance schedule, until all of it has left that.
func (n *Notice) foldMachines(event *filters.Event) {
	machine := readMachine(event)
	if machine == nil {
		n.step(event)
		return
	}
	state, _ := commands.MachineOf(event)
	if n.By == "" {
		n.By = string(state.Owner)
	}
	if n.Reason == "" {
		n.Reason = state.Reason
	}
	if earlier := n.Machines[event.Record.Name]; earlier != nil {
		machine.Down = earlier.Down
		if event.Kind == filters.KindRemind || event.Kind == filters.KindMeddled {
			machine.Outcome = earlier.Outcome
		}
	}
	if machine.Phase == operation.PhaseDown && machine.Down.IsZero() {
		machine.Down = machine.Since
	}
	n.keepMachine(event.Record.Name, machine)
	n.Dirty = true
	if event.Outcome != operation.OutcomeSending {
		n.step(event)
	}
	n.endMachines(event)
}

func (n *Notice) keepMachine(name string, machine *Machine) {
	if n.Machines == nil {
		n.Machines = map[string]*Machine{}
	}
	n.Machines[name] = machine
}

func (n *Notice) endMachines(event *filters.Event) {
	n.Ended = time.Time{}
	for _, machine := range n.Machines {
		if !machine.Phase.Over() {
			return
		}
		n.EndedBy = machine.By
	}
	n.Ended = event.At
}

// foldRemind brings machines to mind, until somebody does something about them.
func (n *Notice) foldRemind(event *filters.Event) {
	machine := readMachine(event)
	if machine == nil {
		return
	}
	state, _ := commands.MachineOf(event)
	name := event.Record.Name
	earlier := n.Machines[name]
	switch {
	case event.Kind == filters.KindRemind && earlier == nil:
		n.By, n.Reason = string(state.Owner), state.Reason
		n.keepMachine(name, machine)
	case earlier == nil || earlier.Outcome == "" || event.Kind != filters.KindRemind && event.Outcome == operation.OutcomeSending:
		return
	default:
		if machine.Outcome = ""; event.Kind == filters.KindRemind {
			n.EndReason = "reminded again"
		}
		n.keepMachine(name, machine)
	}
	n.Dirty, n.Ended = true, time.Time{}
	if !isOf(event.Actor, event.Subject) {
		n.EndedBy = event.Actor
	}
	for _, machine := range n.Machines {
		if machine.Outcome != "" {
			return
		}
	}
	n.Ended = event.At
}

// foldMeddled gathers what somebody else did to the maintenance schedule.
func (n *Notice) foldMeddled(event *filters.Event) {
	if event.Kind != filters.KindMeddled {
		return
	}
	machine := readMachine(event)
	if machine == nil {
		machine = &Machine{Host: event.Host, Outcome: event.Outcome}
	}
	machine.Why = event.Reason
	n.keepMachine(event.Host+" "+event.Outcome, machine)
	n.Ended, n.Dirty = event.At, true
}

// clonedMachines copies what Fold would change.
func clonedMachines(machines map[string]*Machine) map[string]*Machine {
	copied := maps.Clone(machines)
	for name, machine := range copied {
		one := *machine
		copied[name] = &one
	}
	return copied
}

// machines returns the keys of the notices about the maintenance schedule that an entry concerns.
func (d *desk) machines(event *filters.Event) []string {
	var keys []string
	switch event.Kind {
	case filters.KindSchedule, filters.KindCancel, filters.KindDown, filters.KindUp, filters.KindRemind, filters.KindMeddled:
	default:
		return nil
	}
	if event.Record != nil {
		keys = append(keys, d.open(TopicMachines, event.Subject, event))
		keys = append(keys, d.reminders(event)...)
	} else if d.notices[event.Subject] != nil {
		keys = append(keys, event.Subject)
	}
	switch event.Kind {
	case filters.KindRemind:
		keys = append(keys, d.together(TopicRemind, event.Outcome+"/"+event.Subject, event))
	case filters.KindMeddled:
		keys = append(keys, d.together(TopicMeddled, "", event))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// machinesTogether is how long after the first the like of several machines goes into one message.
const machinesTogether = time.Minute

// together returns the key of the topic's message that began a moment ago, and opens one if there is none. Of one subject, if
// that is not empty.
func (d *desk) together(topic Topic, subject string, event *filters.Event) string {
	for key := range d.others {
		notice := d.notices[key]
		if notice.Topic == topic && notice.Subject == subject && event.At.Sub(notice.Began) < machinesTogether {
			return key
		}
	}
	key := d.open(topic, string(topic)+"/"+event.ID, event)
	d.notices[key].Subject = subject
	return key
}

// reminders returns the keys of the reminders about the entry's machine.
func (d *desk) reminders(event *filters.Event) []string {
	var keys []string
	for key := range d.others {
		if notice := d.notices[key]; notice.Topic == TopicRemind && notice.open() && notice.Machines[event.Record.Name] != nil {
			keys = append(keys, key)
		}
	}
	return keys
}
