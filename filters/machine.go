package filters

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Machine is a machine as the maintenance primitives name it. An agent belongs to it only if hostname, in whatever case, and
// IP are both its own; one that lacks either matches no agent (FACTS.md, "Maintenance primitives").
type Machine struct {
	Hostname string `json:"hostname,omitempty"`
	IP       string `json:"ip,omitempty"`
}

// Machine returns the machine that the agent runs on.
func (a *Agent) Machine() Machine { return Machine{a.Hostname, a.IP} }

// ParseMachine reads `host@ip`: how a machine is named of which no agent is registered.
func ParseMachine(word string) (Machine, error) {
	hostname, ip, both := strings.Cut(strings.TrimSpace(word), "@")
	machine := Machine{hostname, ip}
	if !both || hostname == "" || hostname != Inert(hostname) || ip == "" || strings.ContainsAny(hostname, " \t\n*?[") {
		return Machine{}, &Error{Code: Invalid, Wrong: Quoted(word) + " does not name a machine", Expected: "its hostname and its IP, such as `agent-nine@10.0.0.9`"}
	}
	return machine, machine.Check()
}

// Check refuses what names no machine, as the master does.
func (m Machine) Check() error {
	if m.Hostname == "" && m.IP == "" {
		return &Error{Code: Invalid, Wrong: "a machine has neither a hostname nor an IP", Expected: "both, such as `agent-nine@10.0.0.9`"}
	}
	if m.IP == "" {
		return nil
	}
	if address, err := netip.ParseAddr(m.IP); err != nil || !address.Is4() {
		return &Error{Code: Invalid, Wrong: Quoted(m.IP) + " is not an IPv4 address", Expected: "one such as `10.0.0.9`: Mesos knows machines by IPv4 alone"}
	}
	return nil
}

// Key returns the machine as a map's key: machines that Mesos takes for the same have the same.
func (m Machine) Key() Machine { return Machine{strings.ToLower(m.Hostname), m.IP} }

// Same tells whether both are one machine to Mesos.
func (m Machine) Same(other Machine) bool { return m.Key() == other.Key() }

// Name returns the name of the machine's record on ShelfMachines: "<hostname in lower case> <ip>".
func (m Machine) Name() string { return m.Key().Hostname + " " + m.IP }

// String names the machine for people: hostname, and IP in brackets.
func (m Machine) String() string {
	if m.IP == "" || m.Hostname == "" {
		return m.Host() + m.IP
	}
	return m.Host() + " (" + m.IP + ")"
}

// Host is the hostname for people: machines of the schedule are named by whoever posted it.
func (m Machine) Host() string { return Inert(m.Hostname) }

// Typed names the machine as `host@ip`.
func (m Machine) Typed() string { return m.Host() + "@" + m.IP }

func compareMachines(a, b Machine) int {
	return cmp.Or(strings.Compare(a.Key().Hostname, b.Key().Hostname), strings.Compare(a.IP, b.IP))
}

// Span is when a machine is expected to be away.
type Span struct {
	Start    time.Time     `json:"start"`              // UTC, to the nanosecond
	Duration time.Duration `json:"duration,omitempty"` // 0 where Endless
	// Endless says that no duration is told: to Mesos that is for ever.
	Endless bool `json:"endless,omitempty"`
}

// End returns when the span is over; zero: never.
func (s Span) End() time.Time {
	if s.Endless {
		return time.Time{}
	}
	return s.Start.Add(s.Duration)
}

// Equal tells whether both are the same span.
func (s Span) Equal(other Span) bool {
	return s.Start.Equal(other.Start) && s.Duration == other.Duration && s.Endless == other.Endless
}

// String names the span for people: its start in UTC and how long it is.
func (s Span) String() string {
	text := s.Start.UTC().Format("2006-01-02 15:04") + " UTC"
	if s.Endless {
		return "from " + text + " on, without an end"
	}
	length := s.Duration.String()
	if strings.HasSuffix(length, "m0s") {
		length = strings.TrimSuffix(length, "0s")
	}
	if strings.HasSuffix(length, "h0m") {
		length = strings.TrimSuffix(length, "0m")
	}
	return text + " for " + length
}

// Unavailability is one window of the maintenance schedule: machines that are expected to be away together.
type Unavailability struct {
	Machines []Machine `json:"machines"`
	Span
}

// Schedule is the one maintenance schedule that a cluster has, whoever made its parts.
type Schedule []Unavailability

// Of returns when the machine is expected to be away; false: the schedule does not have it.
func (s Schedule) Of(machine Machine) (Span, bool) {
	for i := range s {
		if slices.ContainsFunc(s[i].Machines, machine.Same) {
			return s[i].Span, true
		}
	}
	return Span{}, false
}

// Machines returns every machine of the schedule, by name.
func (s Schedule) Machines() []Machine {
	var all []Machine
	for i := range s {
		all = append(all, s[i].Machines...)
	}
	slices.SortFunc(all, compareMachines)
	return all
}

// Equal tells whether both say the same of every machine, in whatever order and windows.
func (s Schedule) Equal(other Schedule) bool {
	mine, theirs := s.Machines(), other.Machines()
	if !slices.EqualFunc(mine, theirs, Machine.Same) {
		return false
	}
	return !slices.ContainsFunc(mine, func(machine Machine) bool {
		a, _ := s.Of(machine)
		b, _ := other.Of(machine)
		return !a.Equal(b)
	})
}

// MachineMode is what the master does with a machine. It never changes by time (FACTS.md, "Maintenance primitives").
type MachineMode string

// The modes of a machine.
const (
	MachineUp       MachineMode = "up"
	MachineDraining MachineMode = "draining" // it is in the schedule: its frameworks get inverse offers
	MachineDown     MachineMode = "down"     // its agents are shut out
)

// MachineStatus is a machine that is draining or down, as GET_MAINTENANCE_STATUS tells it.
type MachineStatus struct {
	Machine Machine         `json:"machine"`
	Mode    MachineMode     `json:"mode"`
	Answers []InverseAnswer `json:"answers,omitempty"` // of a draining one, by framework
}

// MaintenanceStatus are the machines that are draining or down; every other one is up.
type MaintenanceStatus []MachineStatus

// Of returns the machine's status.
func (s MaintenanceStatus) Of(machine Machine) MachineStatus {
	for i := range s {
		if machine.Same(s[i].Machine) {
			return s[i]
		}
	}
	return MachineStatus{Machine: machine, Mode: MachineUp}
}

// InverseWord is a framework's word on an inverse offer: may the machine go away?
type InverseWord string

// The words. A framework that was not heard is silent.
const (
	InverseAccepted InverseWord = "accepted"
	InverseDeclined InverseWord = "declined"
	InverseSilent   InverseWord = "silent"
)

// InverseAnswer is one framework's newest answer to a machine's inverse offers.
type InverseAnswer struct {
	Framework string      `json:"framework"` // its name, or its ID where that is not known
	Word      InverseWord `json:"word"`
	Since     time.Time   `json:"since,omitzero"` // UTC; zero: not known
}

// HeldMachine is a machine that an occurrence of a window has in the maintenance schedule, or down.
type HeldMachine struct {
	Hostname string
	Agents   []AgentID // that were registered on it when it was last planned for
	Owner    Owner
	Rack     string // of its agents, as far as it is known
	Ready    bool   // it is in the schedule, and nothing is under way
	Away     bool   // it is down, or on its way there or back
	Kept     string // why it is not the occurrence's to take out or bring up, in a phrase; empty: it is
}
