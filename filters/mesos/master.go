package mesos

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"cordon/filters"
)

// Master is a cluster's master, whichever of its masters leads. Safe for concurrent use.
type Master struct {
	config     Config
	caller     *caller
	gate       *gate // of the operator backend's single calls
	moduleGate *gate
	slot       *slot
	decoding   chan struct{} // held while the whole of a cluster is decoded: two at once would hold it twice
	standing   *standing
	trouble    *troubles
	tasks      *tasks
	members    *members
	demands    demands
	changes    chan struct{}
	leading    atomic.Int32 // Lead runs

	mutex   sync.Mutex
	reading filters.View // the newest reading; while Lead runs with the agents that events told of since
	told    *publication // the newest of the leader; nil: none yet
	left    departures
	roster  atomic.Pointer[filters.Roster]
}

// New returns a Master. It connects to nothing yet; its errors are about the configuration (code Invalid).
func New(config Config) (*Master, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	finder, err := newFinder(config)
	if err != nil {
		return nil, err
	}
	m := &Master{
		config:     config,
		gate:       operatorGate(&config),
		moduleGate: moduleGate(&config),
		standing:   &standing{moved: make(chan struct{})},
		trouble:    &troubles{},
		tasks:      newTasks(),
		members:    newMembers(),
		changes:    make(chan struct{}, 1),
		decoding:   make(chan struct{}, 1),
	}
	m.caller = &caller{client: newClient(&config), finder: finder, config: &m.config, leads: m.leads}
	m.slot = newSlot(config.FullReadEvery, m.readAll)
	m.roster.Store(filters.NewRoster(filters.View{Cluster: config.Cluster}))
	m.tasks.kept = m.kept
	return m, nil
}

// Run keeps up what every replica needs until ctx ends: it watches ZooKeeper, if that names the masters, and reads the
// agents at start and whenever the newest reading is older than FollowerReadEvery. It returns ctx's error.
func (m *Master) Run(ctx context.Context) error {
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		m.caller.finder.run(ctx)
	}()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 500*time.Millisecond, 30*time.Second
	for ctx.Err() == nil {
		if wait := m.config.FollowerReadEvery - m.config.Now().Sub(m.lastRead()); wait > 0 {
			sleep(ctx, wait)
			continue
		}
		if _, err := m.Read(ctx); err != nil && ctx.Err() == nil {
			m.config.Logger.Warn("cluster not read", "cluster", m.config.Cluster, "error", err)
			sleep(ctx, pause.NextBackOff())
			continue
		}
		pause.Reset()
	}
	<-watched
	return ctx.Err()
}

func (m *Master) lastRead() time.Time { m.mutex.Lock(); defer m.mutex.Unlock(); return m.reading.Began }

// Close closes idle connections. Call it after Run and Lead have returned.
func (m *Master) Close() { m.caller.client.CloseIdleConnections() }

// Read returns a complete reading of the cluster that began after the call. One full reading runs at a time and begins
// FullReadEvery after the one before, or at once after a failover and when Lead begins; callers who wait share it. SUBSCRIBED
// counts as one. What events told beyond it is in Roster only. The view and everything in it must not be changed.
func (m *Master) Read(ctx context.Context) (filters.View, error) { return m.slot.after(ctx) }

// Urge lets the next full reading begin before its time, but none within 5 s of the last that did: for what must not wait
// for its turn and is rare, such as a withheld host that came back as another agent.
func (m *Master) Urge() { m.slot.urge() }

// readAll is the slot's reading.
func (m *Master) readAll(ctx context.Context) (filters.View, error) {
	ctx, cancel := context.WithTimeout(ctx, m.config.ReadTimeout)
	defer cancel()
	view, err := m.readNow(ctx)
	if err == nil || !errors.Is(err, context.Canceled) {
		m.trouble.read(err)
	}
	return view, err
}

func (m *Master) readNow(ctx context.Context) (filters.View, error) {
	if !m.tasks.stands() { // an event stream breaks when the master restarts
		if _, err := m.identify(ctx); err != nil {
			return filters.View{}, err
		}
	}
	chosen, err := m.reach(ctx)
	if err != nil {
		return filters.View{}, err
	}
	if err := m.alone(ctx); err != nil {
		return filters.View{}, err
	}
	defer m.done()
	began := m.config.Now().UTC()
	list, err := chosen.list(ctx, m.Roster())
	if err != nil {
		return filters.View{}, err
	}
	if !m.tasks.stands() {
		m.hear()
	}
	return m.publish(list, chosen, began), nil
}

// alone waits until nobody else decodes the whole of the cluster; done lets the next one. What is decoded then shares its
// texts with what was decoded before.
func (m *Master) alone(ctx context.Context) error {
	select {
	case m.decoding <- struct{}{}:
		return nil
	case <-ctx.Done():
		return tooLate(ctx.Err())
	}
}

func (m *Master) done() { <-m.decoding }

// publish makes a listing the newest reading, if it is, and returns it as a view.
func (m *Master) publish(list listing, chosen hand, began time.Time) filters.View {
	view := filters.View{
		Cluster: m.config.Cluster, Began: began, Ended: m.config.Now().UTC(),
		Leader: list.leader.String(), Backend: chosen.backend(), Agents: list.agents, Recovered: list.recovered,
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !began.Before(m.reading.Began) {
		m.reading = view
		m.trouble.read(nil)
		m.index(view)
	}
	return view
}

// index makes the roster of a view, with what is known beyond it. The mutex is held. A leader keeps that in place of the reading as
// it came, which would be all agents once more: events change nothing when they are counted again.
func (m *Master) index(view filters.View) {
	leads := m.leading.Load() > 0
	if !leads {
		view = m.told.over(view)
	}
	roster := filters.NewRoster(m.members.amend(view))
	if leads {
		m.reading.Agents = roster.View().Agents
	}
	roster.View().Departed = m.left.follow(m.Roster(), roster, m.config.Now().UTC())
	m.roster.Store(roster)
}

// refresh indexes anew when events told of agents, at once, and again as often as costs a quarter of a core at most.
func (m *Master) refresh(ctx context.Context) {
	for {
		select {
		case <-m.members.news:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		m.mutex.Lock()
		if !m.reading.Ended.IsZero() {
			m.index(m.reading)
		}
		m.mutex.Unlock()
		m.nudge()
		sleep(ctx, 3*time.Since(began))
	}
}

// ReadOne reads one agent, cheaply: GET /slaves?slave_id=ID on the operator backend, the module's list on the allocator
// backend, beside the newest reading. That an agent is not listed proves nothing (invariant 9).
func (m *Master) ReadOne(ctx context.Context, id filters.AgentID) (agent filters.Agent, listed bool, err error) {
	chosen, err := m.reach(ctx)
	if err != nil {
		return filters.Agent{}, false, err
	}
	return chosen.one(ctx, id, m.Roster())
}

// Take withholds the agent: DEACTIVATE_AGENT, or a POST to the module. It is idempotent. Errors are filters.Errors:
// Unknown (no such agent), Denied, Unavailable (surely not done), Unconfirmed (sent, outcome unknown) and Invalid (the
// master refused, with its words).
func (m *Master) Take(ctx context.Context, agent filters.Agent) error {
	chosen, err := m.reach(ctx)
	if err != nil {
		return notDone(err)
	}
	return chosen.take(ctx, &agent)
}

// Give gives the agent back: REACTIVATE_AGENT, or a DELETE to the module. An agent that is not withheld is given back
// already. Errors are as Take's; an agent that is being drained is Invalid.
func (m *Master) Give(ctx context.Context, agent filters.Agent) error {
	chosen, err := m.reach(ctx)
	if err != nil {
		return notDone(err)
	}
	return chosen.give(ctx, &agent)
}

// notDone says of what failed before a change was sent that nothing was changed.
func notDone(err error) error {
	failure, ok := errors.AsType[*filters.Error](err)
	if !ok || failure.Code != filters.Unconfirmed && failure.Code != filters.Internal {
		return err
	}
	told := *failure
	told.Code = filters.Unavailable
	return &told
}

// Changes gets a value, coalesced, when the reconciler should look: agents came or went, the events are back after a
// break, another master leads.
func (m *Master) Changes() <-chan struct{} { return m.changes }

func (m *Master) nudge() {
	select {
	case m.changes <- struct{}{}:
	default:
	}
}

func (m *Master) hear() { m.trouble.hear(m.config.Now().UTC()) }

// leads is told by the caller who leads.
func (m *Master) leads(at address) {
	if m.standing.leads(at) {
		m.fell()
	}
}

// fell is told that the leadership fell to another master, or to the same one after a restart.
func (m *Master) fell() {
	at, failovers := m.standing.epoch()
	m.config.Logger.Info("another master leads", "cluster", m.config.Cluster, "leader", at.String(), "failovers", failovers)
	m.slot.hurry()
	m.nudge()
}

// Epoch returns the leading master as host:port, and how many failovers this replica saw: it grows when another master
// leads, or the same one after a restart.
func (m *Master) Epoch() (leader string, failovers int) {
	at, failovers := m.standing.epoch()
	if at == (address{}) {
		return "", failovers
	}
	return at.String(), failovers
}

// Roster returns the newest index of agents; never nil, empty before the first reading.
func (m *Master) Roster() *filters.Roster { return m.roster.Load() }

// kept is an agent's ID as the roster has it, or a copy.
func (m *Master) kept(id []byte) filters.AgentID {
	if known := m.Roster().Agent(filters.AgentID(id)); known != nil {
		return known.ID
	}
	return filters.AgentID(id)
}

// Tasks returns how many tasks run on the agent, by framework name; false if this replica has no events.
func (m *Master) Tasks(agent filters.AgentID) (map[string]int, bool) { return m.tasks.on(agent) }

// Started tells whether a task was started on the agent since the time, by this process's clock with a second to spare; known is
// false if this replica has not followed the events since then.
func (m *Master) Started(agent filters.AgentID, since time.Time) (started, known bool) {
	return m.tasks.since(agent, since)
}

// plain turns an error of the caller into one for people.
func (m *Master) plain(err error) error {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused.plain(&m.config)
	}
	return err
}

func unreadable(at address, cause error) error {
	wrong := "the answer of " + at.String() + " cannot be read"
	if errors.Is(cause, io.ErrUnexpectedEOF) {
		wrong = "the answer of " + at.String() + " was cut short"
	}
	return &filters.Error{Code: filters.Unavailable, Wrong: wrong, Cause: cause}
}
