package filters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is the Store's contract in a few lines, for tests of the Service.
type memory struct {
	mutex    sync.Mutex
	now      time.Time
	sequence int
	filters  map[FilterKey]Filter
	receipts map[string]Receipt
	records  map[RecordKey]int64 // revisions
	progress map[string]*Progress
	events   []Event
	freeze   *Freeze
	deadline time.Time // of the newest commit
	// before runs once ahead of the next commit: another writer that comes first.
	before func()
	fail   error
}

func newMemory() *memory {
	return &memory{now: time.Date(2026, 9, 1, 14, 3, 5, 0, time.UTC), filters: map[FilterKey]Filter{}, receipts: map[string]Receipt{}, records: map[RecordKey]int64{}, progress: map[string]*Progress{}}
}

func (m *memory) Commit(_ context.Context, commit Commit) (Receipt, error) {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.deadline = commit.Deadline
	if m.fail != nil {
		return Receipt{}, m.fail
	}
	if earlier, found := m.receipts[commit.Request]; found && commit.Request != "" {
		return Receipt{Repeated: true, At: earlier.At, Answer: earlier.Answer}, nil
	}
	if err := m.check(commit); err != nil {
		return Receipt{}, err
	}
	for _, filter := range commit.Filters {
		filter.Revision++
		m.filters[filter.Key()] = filter
	}
	for _, record := range commit.Records {
		m.records[record.Key()] = record.Revision + 1
	}
	if commit.Freeze != nil || commit.Thaw {
		m.freeze = commit.Freeze
	}
	receipt := Receipt{At: m.now, Answer: commit.Answer, Events: m.write(commit.Events)}
	if commit.Request != "" {
		m.receipts[commit.Request] = receipt
	}
	return receipt, nil
}

func (m *memory) check(commit Commit) error {
	if commit.Starts && m.freeze != nil {
		return &Error{Code: Frozen, Wrong: "a freeze stands"}
	}
	for _, record := range commit.Records {
		if m.records[record.Key()] != record.Revision {
			return &Error{Code: Conflict, Wrong: "a record was changed meanwhile"}
		}
	}
	after := map[AgentID]string{}
	for _, filter := range m.filters {
		if filter.Stands() {
			after[filter.Agent] = filter.Rack
		}
	}
	for _, filter := range commit.Filters {
		stored := m.filters[filter.Key()]
		if stored.Revision != filter.Revision || stored.ID != "" && stored.ID != cmp.Or(filter.Replaces, filter.ID) {
			return &Error{Code: Conflict, Wrong: "changed meanwhile"}
		}
		if filter.Stands() {
			after[filter.Agent] = filter.Rack
		}
	}
	racks := map[string]int{}
	for _, rack := range after {
		racks[rack]++
	}
	if limits := commit.Limits; limits != nil {
		if limits.Cluster > 0 && len(after) > limits.Cluster {
			return &Error{Code: Limited, Wrong: fmt.Sprintf("%d agents", len(after))}
		}
		for rack, most := range limits.Racks {
			if racks[rack] > most {
				return &Error{Code: Limited, Wrong: fmt.Sprintf("%d agents of rack %s", racks[rack], rack)}
			}
		}
	}
	return nil
}

func (m *memory) write(events []Event) []Event {
	written := slices.Clone(events)
	for i := range written {
		m.sequence++
		written[i].ID, written[i].At = fmt.Sprintf("%d-%d", m.now.UnixMilli(), m.sequence), m.now
		for _, state := range written[i].Counts() {
			m.count(written[i].Operation, state)
		}
	}
	m.events = append(m.events, written...)
	return written
}

func (m *memory) count(operation string, state ChangeState) {
	progress := m.progress[operation]
	if progress == nil {
		progress = &Progress{Operation: operation}
		m.progress[operation] = progress
	}
	*map[ChangeState]*int{StateRecorded: &progress.Recorded, StateAccepted: &progress.Accepted, StateVerified: &progress.Verified, StateFailed: &progress.Failed}[state]++
}

func (m *memory) Receipt(_ context.Context, key string) (Receipt, bool, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	receipt, found := m.receipts[key]
	return receipt, found, nil
}

func (m *memory) Load(context.Context) (State, error) { return State{}, nil }

func (m *memory) History(_ context.Context, query HistoryQuery) ([]Event, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	events := slices.Clone(m.events)
	slices.Reverse(events)
	return slices.DeleteFunc(events, func(e Event) bool { return len(query.Agents) > 0 && !slices.Contains(query.Agents, e.Agent) }), nil
}

func (m *memory) Now() time.Time { return m.now }

func (m *memory) Progress(_ context.Context, operation string) (Progress, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if progress := m.progress[operation]; progress != nil {
		return *progress, nil
	}
	return Progress{}, nil
}

// scene is a cluster of agents agent-one … and the Service over it.
type scene struct {
	*Service
	store   *memory
	book    *Book
	view    View
	roster  *Roster
	denied  bool
	needs   Needs
	without Verb // what nobody may do; empty: nothing
}

var numbers = []string{"one", "two", "three", "four", "five", "six", "seven", "eight"}

func newScene(t *testing.T, agents int, limits LimitConfig) *scene {
	t.Helper()
	s := &scene{store: newMemory(), book: NewBook()}
	s.view = View{Cluster: "prod", Began: s.store.now, Backend: BackendOperator}
	for i := range agents {
		name := fmt.Sprintf("web-%d", i+1)
		if agents <= len(numbers) {
			name = "agent-" + numbers[i]
		}
		s.view.Agents = append(s.view.Agents, Agent{
			ID: AgentID(fmt.Sprintf("aaaa-S%d", i)), Hostname: name, Active: true,
			Attributes: []Attribute{{"rack", fmt.Sprintf("r%d", i/2+1)}, {"zone", "z1"}}, Resources: Resources{CPUs: 4, MemMB: 16384},
		})
	}
	s.roster = NewRoster(s.view)
	s.Service = NewService(ServiceConfig{
		Cluster: "prod", Limits: limits, Store: s.store, Book: s.book, State: s, Gate: s,
		Groups: map[string]Group{"bench": {Hosts: []string{"agent-one", "agent-two"}}, "first": {Attributes: []Attribute{{"rack", "r1"}}}},
	})
	return s
}

func (s *scene) Roster() *Roster { return s.roster }
func (s *scene) Tasks(agent AgentID) (map[string]int, bool) {
	return map[AgentID]map[string]int{"aaaa-S0": {"marathon": 2, "chronos": 1}, "aaaa-S1": {"marathon": 1}}[agent], true
}
func (s *scene) Condition() Condition { return Condition{Backend: BackendOperator} }
func (s *scene) Decide(_ context.Context, ask Ask) (Needs, error) {
	if s.denied || slices.ContainsFunc(ask.Each(), func(one Ask) bool { return s.without != "" && one.Plan.Verb == s.without }) {
		return Needs{}, &Error{Code: Denied, Wrong: "you may look, not change"}
	}
	return s.needs, nil
}
func (s *scene) Judge(_ context.Context, actor Actor, _ *Approval) (string, error) {
	if actor.User == "UCAROL" {
		return "", &Error{Code: Denied, Wrong: "you are not an approver"}
	}
	return "approver", nil
}
func (s *scene) MayJudge(ctx context.Context, actor Actor, approval *Approval) error {
	_, err := s.Judge(ctx, actor, approval)
	return err
}
func (s *scene) May(context.Context, Actor) ([]Verb, string, error) { return nil, "", nil }

// set changes an agent as the master would show it.
func (s *scene) set(i int, change func(*Agent)) {
	change(&s.view.Agents[i])
	s.roster = NewRoster(s.view)
}

var alice, bob = Actor{ID: "user:UALICE", User: "UALICE"}, Actor{ID: "user:UBOB", User: "UBOB"}

func asks(actor Actor, key string, names ...string) Request {
	request := Request{Actor: actor, Key: key, Cause: CauseCommand, Reason: "kernel upgrade"}
	for _, name := range names {
		target, err := ParseTarget(name)
		if err != nil {
			panic(err)
		}
		request.Targets = append(request.Targets, target)
	}
	return request
}
