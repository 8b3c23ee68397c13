package reconcile

import (
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Situation is everything that Difference looks at: what is wished, what is ours, what is, and what the leader remembers
// of its term. Difference changes nothing in it.
type Situation struct {
	Now       time.Time              // the cluster's time, UTC
	Local     time.Time              // the local clock, which dates readings
	Filters   []*filters.Filter      // all, ended ones included, by creation
	Ledger    []*filters.LedgerEntry // all
	Questions []*filters.Question    // those that are not done with
	Reading   *Reading               // the newest complete reading
	Term      int64                  // the leader's
	Began     time.Time              // local: when this leader began. What is older proves nothing about the leader before
	GiveAfter time.Time              // the cluster's time before which a call of the leader before may still arrive
	Patience  time.Duration          // how long a call without an answer may still arrive
	Fresh     time.Duration          // how old a complete reading may be that many agents are given back by
	Locked    bool                   // the bot doubts its memory
	Holding   string                 // why nothing is given back just now; empty: it is
	Down      []filters.Machine      // that we took down
	Failover  time.Time              // the cluster's time of the last failover seen; zero: none
	Memory                           // of this term
}

// Memory is what a leader remembers of its term and a new one learns again. Times are the local clock's.
type Memory struct {
	// Sightings are readings of single agents; one that began before the roster's reading does not count.
	Sightings map[filters.AgentID]Sighting
	// Touched is when something last happened to an agent that only a later reading shows.
	Touched map[filters.AgentID]time.Time
	// Unanswered is when a call to withhold the agent was given up without an answer, for as long as the agent is ours.
	Unanswered map[filters.AgentID]time.Time
	// Busy are agents with a call or a reading under way.
	Busy map[filters.AgentID]bool
	// Paused are agents that are not to be called again soon, because the master refused.
	Paused map[filters.AgentID]Pause
	// Foreign are agents known to be withheld by somebody else; nil: not known yet.
	Foreign map[filters.AgentID]bool
	// Registered is the registration under which each agent of the ledger was last seen withheld; emptied at a failover.
	Registered map[filters.AgentID]time.Time
	// Noticed is when an agent was first seen that may be a returned host.
	Noticed map[filters.AgentID]time.Time
	// Proofs are what the master said when it was asked whether it knows an agent that is in no list.
	Proofs map[filters.AgentID]Proof
	// Suspect is when the master last said that agents came or went: what is older is looked at again.
	Suspect time.Time
}

// Proof is whether the master knew an agent when it was asked.
type Proof struct {
	At        time.Time
	Forgotten bool // it did not
}

// Sighting is one agent as a reading that Began then showed it.
type Sighting struct {
	Agent filters.Agent
	Began time.Time
}

// Pause keeps a call from being repeated until then: taking or releasing.
type Pause struct {
	Hold  filters.Hold
	Until time.Time
	Times int // in a row
}

// track is all about one agent that a filter or the ledger names.
type track struct {
	agent   filters.AgentID
	entry   *filters.LedgerEntry
	filters []*filters.Filter
	stands  bool           // some filter withholds the agent
	seen    *filters.Agent // nil: not listed
	began   time.Time      // of the reading that showed it, or did not list it
}

// differ works one situation out.
type differ struct {
	*Situation
	backend filters.Backend
	tracks  []track
	at      map[filters.AgentID]int32
	asked   map[filters.AgentID]*filters.Question // open or answered questions about giving back

	takes, repairs, records, looks []filters.Change
	gives                          []*track
	expiring                       int // agents whose last filter's end has come in this pass
}

func newDiffer(s *Situation) *differ {
	d := &differ{Situation: s, backend: s.Reading.View().Backend}
	d.indexFilters()
	for _, entry := range s.Ledger {
		d.tracks[d.track(entry.Agent)].entry = entry
	}
	d.sortOrphans()
	d.indexReading()
	return d
}

// track returns the position of the agent's track, which it makes where there is none.
func (d *differ) track(agent filters.AgentID) int32 {
	position, ok := d.at[agent]
	if !ok {
		position = int32(len(d.tracks))
		d.at[agent] = position
		d.tracks = append(d.tracks, track{agent: agent})
	}
	return position
}

// indexFilters gathers the filters of each agent in one array.
func (d *differ) indexFilters() {
	size := max(len(d.Filters), len(d.Ledger))
	d.at = make(map[filters.AgentID]int32, size)
	d.tracks = make([]track, 0, size)
	positions, counts := make([]int32, len(d.Filters)), make([]int32, 0, size)
	for i, filter := range d.Filters {
		positions[i] = d.track(filter.Agent)
		if len(counts) < len(d.tracks) {
			counts = append(counts, 0)
		}
		counts[positions[i]]++
	}
	all := make([]*filters.Filter, len(d.Filters))
	for i, count := range counts {
		d.tracks[i].filters, all = all[:0:count], all[count:]
	}
	for i, filter := range d.Filters {
		track := &d.tracks[positions[i]]
		track.filters = append(track.filters, filter)
		track.stands = track.stands || withholds(filter)
	}
}

// withholds tells whether the filter stands and its mode takes the agent's offers away.
func withholds(filter *filters.Filter) bool {
	return filter.Stands() && filter.Mode.Strength() >= filters.ModeFilter.Strength()
}

// sortOrphans puts agents that only the ledger names in order: the ledger comes in none.
func (d *differ) sortOrphans() {
	first := slices.IndexFunc(d.tracks, func(t track) bool { return len(t.filters) == 0 })
	if first < 0 {
		return
	}
	orphans := d.tracks[first:]
	slices.SortFunc(orphans, func(a, b track) int { return strings.Compare(string(a.agent), string(b.agent)) })
	for i := range orphans {
		d.at[orphans[i].agent] = int32(first + i)
	}
}

// indexReading gives each track what the newest reading showed.
func (d *differ) indexReading() {
	began := d.Reading.AsOf()
	for i := range d.tracks {
		d.tracks[i].seen, d.tracks[i].began = d.Reading.Agent(d.tracks[i].agent), began
	}
	d.Reading.withheld(func(agent *filters.Agent) {
		if _, ok := d.at[agent.ID]; !ok {
			d.stranger(agent)
		}
	})
	for id, sighting := range d.Sightings {
		if position, ok := d.at[id]; ok && sighting.Began.After(began) {
			d.tracks[position].seen, d.tracks[position].began = &sighting.Agent, sighting.Began
		}
	}
}

// settled tells whether the reading of the agent began after everything that was done to it.
func (d *differ) settled(t *track) bool {
	if t.began.Before(d.Began) || !t.began.After(d.Touched[t.agent]) {
		return false
	}
	return t.entry == nil || t.entry.Term != d.Term || t.began.After(t.entry.Sent)
}

// withheld tells whether the agent is withheld by the backend's own means.
func (d *differ) withheld(t *track) bool { return t.seen.Withheld(d.backend) }

// blind tells whether the reading cannot show if our filter is on the agent: the module's list names every agent that is
// disconnected, or deactivated by the master (invariant 10).
func (d *differ) blind(t *track) bool {
	return d.backend == filters.BackendAllocator && (!t.seen.Active || t.seen.Deactivated)
}

// absent tells whether the master knows the agent no more, by a reading of this leader.
func (d *differ) absent(t *track) bool {
	return t.seen == nil && !t.began.Before(d.Began) && !d.Reading.recovered[t.agent]
}

func (d *differ) paused(t *track, hold filters.Hold) bool {
	pause, ok := d.Paused[t.agent]
	return ok && pause.Hold == hold && d.Local.Before(pause.Until)
}

func (d *differ) record(change filters.Change) { d.records = append(d.records, change) }

func (d *differ) look(t *track) {
	d.looks = append(d.looks, filters.Change{Kind: filters.ChangeLook, Agent: t.agent, Seen: t.seen, Entry: t.entry})
}

func (t *track) change(kind filters.ChangeKind, cause, reason string) filters.Change {
	return filters.Change{Kind: kind, Agent: t.agent, Seen: t.seen, Entry: t.entry, Filters: t.filters, Cause: cause, Reason: reason}
}

// having returns those of the track's filters that have the property, without an allocation where all do.
func (t *track) having(property func(*filters.Filter) bool) []*filters.Filter {
	lacks := func(filter *filters.Filter) bool { return !property(filter) }
	if !slices.ContainsFunc(t.filters, lacks) {
		return t.filters
	}
	return slices.DeleteFunc(slices.Clone(t.filters), lacks)
}

// has tells whether some filter of the track has the property.
func (t *track) has(property func(*filters.Filter) bool) bool {
	return slices.ContainsFunc(t.filters, property)
}
