package filters

import (
	"slices"
	"strings"
	"time"
)

// AgentStatus is an agent with what we and others hold on it.
type AgentStatus struct {
	Agent   Agent
	Listed  bool      // the master lists it; false: only filters know it, or it has departed
	Since   time.Time // since when it is not listed; zero: it is, or that is not known
	Filters []Filter  // that stand
	Ledger  *LedgerEntry
	Foreign bool // withheld on the master, and not by us
	// Tasks counts tasks by framework; TasksKnown is false on a replica that does not know.
	Tasks      map[string]int
	TasksKnown bool
}

// Withheld tells whether the agent gets no new tasks, whoever saw to it.
func (a *AgentStatus) Withheld() bool {
	return a.Foreign || a.Ledger != nil && a.Ledger.Hold == HoldHeld
}

// Agents returns the agents that the targets name, by hostname; all without targets. Agents that only filters know are
// among them, and departed ones that are named.
func (s *Service) Agents(targets []Target) ([]AgentStatus, error) {
	var listed []*Agent
	absent := s.absent()
	if len(targets) == 0 {
		listed = slices.SortedFunc(s.config.State.Roster().All(), compareAgents)
	} else {
		var err error
		listed, err = Resolve(s.config.State.Roster(), s.config.Groups, targets)
		if _, missing := Resolve(absent, s.config.Groups, targets); err != nil && missing != nil {
			if listed, missing = ResolveKnown(s.config.State.Roster(), s.config.Groups, targets, false); missing != nil {
				return nil, err
			}
		}
	}
	statuses := make([]AgentStatus, 0, len(listed))
	for _, agent := range listed {
		statuses = append(statuses, s.agentStatus(agent, s.config.State.Roster().Agent(agent.ID) != nil))
	}
	for agent := range absent.All() {
		if len(targets) == 0 || named(absent, s.config.Groups, targets, agent) {
			statuses = append(statuses, s.agentStatus(agent, false))
		}
	}
	return statuses, nil
}

func named(absent *Roster, groups map[string]Group, targets []Target, agent *Agent) bool {
	agents, err := Resolve(absent, groups, targets)
	return err == nil && slices.ContainsFunc(agents, func(a *Agent) bool { return a.ID == agent.ID })
}

func (s *Service) agentStatus(agent *Agent, listed bool) AgentStatus {
	status := AgentStatus{Agent: *agent, Listed: listed, Ledger: s.config.Book.Ledger(agent.ID)}
	if !listed {
		_, status.Since = s.config.State.Roster().Known(agent.ID)
	}
	for _, filter := range s.config.Book.Standing(agent.ID) {
		status.Filters = append(status.Filters, *filter)
	}
	status.Foreign = listed && s.foreign(agent)
	status.Tasks, status.TasksKnown = s.config.State.Tasks(agent.ID)
	return status
}

// foreign tells whether somebody else withholds the agent, as the newest reading shows. One that began before we gave the
// agent back shows our own withholding still.
func (s *Service) foreign(agent *Agent) bool {
	if s.config.Book.Ledger(agent.ID) != nil || !agent.Foreign(s.config.State.Condition().Backend) {
		return false
	}
	freed := s.config.Book.Freed(agent.ID)
	return freed.IsZero() || s.config.State.Roster().AsOf().After(freed)
}

// Unread returns an Unavailable error before the first reading of the cluster, when no agent is known; after it nil.
func (s *Service) Unread() error {
	return s.config.State.Roster().Unread()
}

// Unread returns an Unavailable error if the roster is of no reading: then it knows no agent.
func (r *Roster) Unread() error {
	if r.Len() > 0 || !r.AsOf().IsZero() {
		return nil
	}
	return &Error{Code: Unavailable, Wrong: "I have not read the cluster yet, so I know no agents", Try: "Try again in a moment"}
}

// Find returns the registered agents with the ID and the hostname; an empty one of the two matches all.
func (s *Service) Find(id AgentID, hostname string) []Agent {
	roster := s.config.State.Roster()
	var found []Agent
	if id != "" {
		if agent := roster.Agent(id); agent != nil && (hostname == "" || strings.EqualFold(agent.Hostname, hostname)) {
			found = append(found, *agent)
		}
		return found
	}
	for _, agent := range roster.OnHost(hostname) {
		found = append(found, *agent)
	}
	return found
}

// Status is a cluster at a glance.
type Status struct {
	Cluster   string    `json:"cluster"`
	Condition Condition `json:"condition"`
	Now       time.Time `json:"now"`
	AsOf      time.Time `json:"as_of"`     // the reading's
	Total     int       `json:"total"`     // registered agents
	Taking    int       `json:"taking"`    // agents that take tasks
	Ours      int       `json:"ours"`      // withheld on the master by us
	Draining  int       `json:"draining"`  // of these: being drained
	Drained   int       `json:"drained"`   // of these: drained, and safe to take down
	Others    int       `json:"others"`    // withheld by somebody else
	Contested int       `json:"contested"` // taking tasks although we withhold them: somebody gives them back each time
	Away      int       `json:"away"`      // disconnected
	Recovered int       `json:"recovered"` // known from the registry, not back since the failover
	Filters   int       `json:"filters"`   // that stand
	EndSoon   int       `json:"end_soon"`  // that end within the hour
	NoEnd     int       `json:"no_end"`    // without an end
	Pending   int       `json:"pending"`   // agents whose filter is recorded and not yet on the master
	Held      string    `json:"held,omitempty"`
	StoreAway time.Time `json:"store_away,omitzero"` // since when the store does not answer: nothing can be changed
	Freeze    *Freeze   `json:"freeze,omitempty"`
	Lock      *Lock     `json:"lock,omitempty"`
	Questions int       `json:"questions"`
	Observe   bool      `json:"observe,omitempty"`
	// Sinks are how the journal's sinks are, by name.
	Sinks []SinkStatus `json:"sinks,omitempty"`
}

// SinkStatus is how far a sink of the journal is behind.
type SinkStatus struct {
	Name    string    `json:"name"`
	Entries int       `json:"entries"`        // that it has not taken; counted up to 1000
	Since   time.Time `json:"since,omitzero"` // of the oldest of them, UTC
	Stuck   bool      `json:"stuck,omitempty"`
}

// Status sums the cluster up.
func (s *Service) Status() Status {
	roster, book := s.config.State.Roster(), s.config.Book
	status := Status{
		Cluster: s.config.Cluster, Condition: s.config.State.Condition(), Now: s.Now(), AsOf: roster.AsOf(),
		Total: roster.Len(), Recovered: len(roster.View().Recovered), Held: s.config.Held(),
		Freeze: book.Freeze(), Lock: book.Lock(), Questions: len(s.Questions()), Observe: s.config.Observe,
		StoreAway: s.config.Away(), Sinks: s.config.Sinks(),
	}
	for agent := range roster.All() {
		status.countAgent(agent, book.Ledger(agent.ID), s.foreign(agent), len(book.Standing(agent.ID)) > 0)
	}
	for _, filter := range s.Filters() {
		status.countFilter(&filter)
	}
	return status
}

func (s *Status) countAgent(agent *Agent, entry *LedgerEntry, foreign, wanted bool) {
	ours := entry != nil && entry.Hold == HoldHeld
	switch {
	case ours && entry.Contested && agent.Active:
		s.Contested++
	case ours:
		s.Ours++
		s.countDrain(entry)
	case foreign:
		s.Others++
	case !agent.Active && !agent.Deactivated:
		s.Away++
	default:
		s.Taking++
	}
	if wanted && !ours {
		s.Pending++
	}
}

func (s *Status) countDrain(entry *LedgerEntry) {
	switch {
	case entry.Draining():
		s.Draining++
	case !entry.Drained.IsZero():
		s.Drained++
	}
}

func (s *Status) countFilter(filter *Filter) {
	s.Filters++
	switch {
	case filter.Until.IsZero():
		s.NoEnd++
	case filter.Until.Before(s.Now.Add(time.Hour)):
		s.EndSoon++
	}
}
