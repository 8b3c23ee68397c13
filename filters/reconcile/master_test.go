package reconcile_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// fate is what becomes of one call to the master.
type fate int

const (
	answered fate = iota
	lost          // done, but the answer is lost
	late          // not answered, and done lateBy later
	refused       // the master says no
	down          // the master does not answer; surely not done
)

const (
	latency = time.Millisecond
	lateBy  = 3 * time.Second
	spacing = 30 * time.Second // between full readings
)

// machine is what is true of one agent, whatever anybody thinks of it.
type machine struct {
	filters.Agent
	stranger bool      // somebody else deactivated it while it was active
	back     time.Time // registers again then; zero: it is here
	gone     bool
	drains   time.Time      // when its drain is done; zero: it is not drained
	leaves   bool           // it is gone then
	away     bool           // unreachable: in no list, and known
	waits    *filters.Drain // begins when it is back
}

// shown is the agent as a reading shows it now.
func (m *machine) shown(now time.Time) filters.Agent {
	agent := m.Agent
	if !m.drains.IsZero() {
		agent.Drain = filters.Draining
		if !now.Before(m.drains) {
			agent.Drain = filters.Drained
		}
	}
	return agent
}

func (m *machine) state(now time.Time) (listed, recovered bool) {
	gone := m.ended(now)
	return !gone && !m.away && !now.Before(m.back), !gone && !m.away && now.Before(m.back)
}

// ended tells whether the master has forgotten the agent.
func (m *machine) ended(now time.Time) bool {
	return m.gone || m.leaves && !m.drains.IsZero() && !now.Before(m.drains)
}

// begin begins a drain, or notes it until the agent is back.
func (m *machine) begin(drain filters.Drain) {
	m.Deactivated, m.Active = true, false
	if m.waits = nil; m.away {
		m.waits = &drain
		return
	}
	m.drains, m.leaves = time.Now().Add(drainTime), drain.MarkGone
}

// lose makes an agent unreachable, or lets it come back.
func (c *cluster) lose(i int, away bool) {
	c.edit(!away, func() {
		m := c.agent(i)
		m.away = away
		if !away && m.waits != nil {
			m.begin(*m.waits)
		}
	})
}

// cluster is the truth about a master and its agents. The handles of replicas (hand) work on it.
type cluster struct {
	mutex     sync.Mutex
	backend   filters.Backend
	machines  map[filters.AgentID]*machine
	failovers int
	fates     []fate // of the next calls
	downUntil time.Time
	hands     map[*hand]bool
	takes     int
	gives     int
	reads     int
	ones      int
	looking   int // single readings under way, and the most that ever were
	lookers   int
	calls     []string // "take agent", "give agent", "drain agent", "gone agent"
	broken    []string // what no master would have been asked
	running   int      // calls under way, and the most that ever were
	crowd     int
	late      sync.WaitGroup
	// judge sees each give when it is sent.
	judge func(agent filters.AgentID, term int64)
}

func newCluster(agents int) *cluster {
	c := &cluster{backend: filters.BackendOperator, machines: map[filters.AgentID]*machine{}, hands: map[*hand]bool{}}
	for i := range agents {
		id := filters.AgentID(fmt.Sprintf("aaaa-S%d", i))
		c.machines[id] = &machine{Agent: filters.Agent{
			ID: id, Hostname: fmt.Sprintf("web-%d", i), IP: fmt.Sprintf("10.0.0.%d", i), Port: 5051, Active: true, Registered: time.Now().UTC(),
		}}
	}
	return c
}

// edit changes the truth and tells the replicas that agents came or went, if it says so.
func (c *cluster) edit(tell bool, change func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	change()
	if !tell {
		return
	}
	for hand := range c.hands {
		select {
		case hand.changes <- struct{}{}:
		default:
		}
	}
}

func (c *cluster) agent(i int) *machine {
	return c.machines[filters.AgentID(fmt.Sprintf("aaaa-S%d", i))]
}

// stranger deactivates or reactivates an agent as a person with curl would.
func (c *cluster) stranger(i int, deactivate bool) {
	c.edit(false, func() {
		m := c.agent(i)
		if m.gone {
			return
		}
		if !m.Deactivated {
			m.stranger = deactivate
		}
		m.Deactivated, m.Active = deactivate, !deactivate
		m.stranger = m.stranger && deactivate
		if !deactivate {
			m.Filtered = false // the module forgets its filter when the agent is reactivated (FACTS.md)
		}
	})
}

// restart restarts an agent: it registers again, and has kept its deactivation or not.
func (c *cluster) restart(i int, keeps bool) {
	c.edit(true, func() {
		m := c.agent(i)
		m.Registered = time.Now().UTC()
		if c.backend == filters.BackendAllocator {
			m.Filtered = false // the module forgets its filter when the agent restarts (FACTS.md)
		} else if !keeps {
			m.Deactivated, m.Active, m.stranger = false, true, false
		}
	})
}

// loseWorkDir makes an agent come back with a new ID.
func (c *cluster) loseWorkDir(i int) (id filters.AgentID) {
	c.edit(true, func() {
		old := c.agent(i)
		if old.gone {
			return
		}
		old.gone = true
		fresh := *old
		id = filters.AgentID(fmt.Sprintf("bbbb-S%d-%d", i, len(c.machines)))
		fresh.Agent.ID, fresh.gone, fresh.Deactivated, fresh.Filtered, fresh.Active, fresh.stranger = id, false, false, false, true, false
		fresh.Registered = time.Now().UTC()
		c.machines[id] = &fresh
	})
	return id
}

// failover makes another master lead. Agents with an odd number come back after a while.
func (c *cluster) failover(away time.Duration) {
	c.edit(true, func() {
		c.failovers++
		now := time.Now().UTC()
		for i, id := range slices.Sorted(maps.Keys(c.machines)) {
			m := c.machines[id]
			m.Registered = now
			if i%2 == 1 {
				m.back = now.Add(away)
				m.Registered = m.back
			}
		}
	})
}

func (c *cluster) leader() string { return fmt.Sprintf("master-%d:5050", c.failovers%2) }

func (c *cluster) view(began time.Time) filters.View {
	view := filters.View{Cluster: "prod", Began: began, Ended: time.Now().UTC(), Leader: c.leader(), Backend: c.backend}
	for _, m := range c.machines {
		switch listed, recovered := m.state(time.Now()); {
		case listed:
			view.Agents = append(view.Agents, m.shown(time.Now()))
		case recovered:
			view.Recovered = append(view.Recovered, filters.Agent{ID: m.ID, Hostname: m.Hostname, IP: m.IP, Port: m.Port})
		}
	}
	return c.remembered(view)
}

// hand is one replica's way to the master. A dead replica's calls do nothing; those that are late arrive all the same.
type hand struct {
	*cluster
	process *process
	changes chan struct{}
	roster  *filters.Roster
	began   time.Time
	seen    int
	reading chan struct{}
	urged   chan struct{}
}

func (c *cluster) hand(p *process) *hand {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	h := &hand{cluster: c, process: p, changes: make(chan struct{}, 1), roster: filters.NewRoster(c.view(time.Now().UTC())), seen: c.failovers, reading: make(chan struct{}, 1), urged: make(chan struct{}, 1)}
	c.hands[h] = true
	return h
}

func (h *hand) Roster() *filters.Roster {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.roster
}

func (h *hand) Changes() <-chan struct{} { return h.changes }

func (h *hand) Urge() {
	select {
	case h.urged <- struct{}{}:
	default:
	}
}

func (h *hand) Epoch() (string, int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.leader(), h.failovers
}

func (h *hand) Tasks(filters.AgentID) (map[string]int, bool) { return nil, false }
func (h *hand) Condition() filters.Condition {
	return filters.Condition{Backend: h.backend, Leader: h.leader()}
}

var errDown = &filters.Error{Code: filters.Unavailable, Wrong: "no leading master answers"}

// arrive takes the time of a call and decides its fate.
func (h *hand) arrive(ctx context.Context) (fate, error) {
	if !h.process.step() {
		return down, errDown
	}
	h.edit(false, func() { h.running++; h.crowd = max(h.crowd, h.running) })
	defer h.edit(false, func() { h.running-- })
	if !pause(ctx, latency) {
		return down, errDown
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if time.Now().Before(h.downUntil) {
		return down, errDown
	}
	next := answered
	if len(h.fates) > 0 {
		next, h.fates = h.fates[0], h.fates[1:]
	}
	return next, nil
}

func (h *hand) Read(ctx context.Context) (filters.View, error) {
	h.reading <- struct{}{}
	defer func() { <-h.reading }()
	h.mutex.Lock()
	wait := time.Until(h.began.Add(spacing))
	if h.seen != h.failovers {
		wait = 0
	}
	h.seen = h.failovers
	h.mutex.Unlock()
	select {
	case <-time.After(wait):
	case <-h.urged:
	case <-ctx.Done():
	}
	if ctx.Err() != nil || !h.process.step() {
		return filters.View{}, errDown
	}
	h.began = time.Now().UTC()
	if !pause(ctx, latency) {
		return filters.View{}, errDown
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.reads++
	if time.Now().Before(h.downUntil) {
		return filters.View{}, errDown
	}
	h.roster = filters.NewRoster(h.view(h.began))
	return *h.roster.View(), nil
}

func (h *hand) ReadOne(ctx context.Context, id filters.AgentID) (filters.Agent, bool, error) {
	h.mutex.Lock()
	h.looking++
	h.lookers = max(h.lookers, h.looking)
	h.mutex.Unlock()
	defer func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.looking--
	}()
	if !h.process.step() || !pause(ctx, latency) {
		return filters.Agent{}, false, errDown
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.ones++
	if time.Now().Before(h.downUntil) {
		return filters.Agent{}, false, errDown
	}
	m := h.machines[id]
	if m == nil {
		return filters.Agent{}, false, nil
	}
	listed, _ := m.state(time.Now())
	return m.shown(time.Now()), listed, nil
}

func (h *hand) Take(ctx context.Context, agent filters.Agent) error {
	return h.do(ctx, "take", agent.ID, func(m *machine) {
		h.takes++
		if h.backend == filters.BackendAllocator {
			m.Filtered = true
			return
		}
		m.Deactivated, m.Active = true, false
	})
}

// drainTime is how long a drain takes.
const drainTime = 2 * time.Minute

func (h *hand) Drain(ctx context.Context, agent filters.Agent, drain filters.Drain) error {
	if drain.Gone {
		return h.do(ctx, "gone", agent.ID, func(m *machine) { m.gone = true })
	}
	return h.do(ctx, "drain", agent.ID, func(m *machine) {
		m.begin(drain)
	})
}

func (h *hand) Give(ctx context.Context, agent filters.Agent) error {
	if h.judge != nil && h.process.alive() {
		h.judge(agent.ID, h.process.term)
	}
	return h.do(ctx, "give", agent.ID, func(m *machine) {
		h.gives++
		if h.backend == filters.BackendAllocator {
			m.Filtered = false
			return
		}
		if m.shown(time.Now()).Drain == filters.Draining {
			h.broken = append(h.broken, "given back while DRAINING")
		}
		m.Deactivated, m.Active, m.stranger, m.drains = false, true, false, time.Time{}
	})
}

func (h *hand) do(ctx context.Context, verb string, id filters.AgentID, change func(*machine)) error {
	fate, err := h.arrive(ctx)
	if err != nil {
		return err
	}
	unconfirmed := &filters.Error{Code: filters.Unconfirmed, Wrong: "the answer was lost"}
	switch fate {
	case refused:
		return &filters.Error{Code: filters.Invalid, Wrong: "the master refused"}
	case down:
		return errDown
	case late:
		h.late.Go(func() {
			<-time.After(lateBy)
			_ = h.carryOut(verb, id, change)
		})
		return unconfirmed
	}
	err = h.carryOut(verb, id, change)
	if fate == lost || !h.process.step() {
		return unconfirmed
	}
	return err
}

func (h *hand) carryOut(verb string, id filters.AgentID, change func(*machine)) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.calls = append(h.calls, verb+" "+string(id))
	m := h.machines[id]
	if m != nil && m.gone && verb == "gone" {
		return nil // as it answered before
	}
	if m == nil || m.ended(time.Now()) {
		return &filters.Error{Code: filters.Unknown, Wrong: "Unknown agent"}
	}
	change(m)
	return nil
}

func (c *cluster) callsOf(verb string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := 0
	for _, call := range c.calls {
		if strings.HasPrefix(call, verb) {
			n++
		}
	}
	return n
}

func (c *cluster) withheld(i int) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.agent(i).Withheld(c.backend)
}

// pause waits for so long and tells whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
