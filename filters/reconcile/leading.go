package reconcile

import (
	"cmp"
	"context"
	"maps"
	"sync"
	"time"

	"cordon/filters"
)

const (
	// window is how many intents stand in the ledger before their calls are made.
	window = 64
	// breath is how many times as long as a pass took the loop rests before the next one: outcomes and the loop's own
	// entries come in fast, and each is one more reason for a pass.
	breath = 8
	// suspectEvery is how often agents are looked at again because the master said that some came or went.
	suspectEvery = time.Second
)

// leading is one term of the loop. All of it belongs to the loop's goroutine; calls and readings run beside it and
// report to done.
type leading struct {
	*Config
	reconciler *Reconciler
	term       int64
	began      time.Time // local
	giveAfter  time.Time // the cluster's
	left       func() time.Duration
	memory     Memory
	settling   settling
	indexed    *Reading

	done    chan report
	slots   chan struct{}
	workers sync.WaitGroup
	// publishing is held while followers are told; told is the Held that they know.
	publishing sync.Mutex
	told       string
	calling    int // calls under way
	looking    int // readings of single agents under way
	reading    bool
	wantRead   bool
	newest     time.Time // when the reading last taken note of began
	unlisted   map[filters.AgentID]bool
	intents    map[filters.AgentID]string // the journal IDs of our intents to give back
	reasons    map[filters.AgentID]string // why the master refused, as journalled
	pending    []filters.Change           // cluster-wide changes not yet written
	observed   map[filters.AgentID]filters.ChangeKind
	hash       string

	master   retry     // the master does not answer
	recorder retry     // Redis does not
	conflict retry     // a record is not as the book says
	doubted  time.Time // local: until then nothing is given back, because the store doubts itself
	// suspicious says that the master told of agents that came or went since the last suspicion.
	suspicious bool
	dirty      bool
	earliest   time.Time // local: not before then, another pass
	due        time.Time // local: a pass is due without any other reason
}

// report is what a call or reading came to. Exactly one of call, look and read is what it was; a look may be a proof.
type report struct {
	call  *filters.Change
	look  filters.AgentID
	read  bool
	seen  *Sighting // of a look; nil: not listed
	proof *Proof    // nil: it was none
	err   error
	ended time.Time // local
	took  time.Duration
}

// retry is a pause that doubles with each failure.
type retry struct {
	until time.Time // local
	pause time.Duration
}

func (r *retry) failed(now time.Time, first, most time.Duration) {
	r.pause = min(max(2*r.pause, first), most)
	r.until = now.Add(r.pause)
}

func (r *retry) waits(now time.Time) bool { return now.Before(r.until) }

func newLeading(r *Reconciler, leadership Leadership) *leading {
	l := &leading{
		Config: &r.config, reconciler: r, term: leadership.Term, began: leadership.Began.UTC(), left: leadership.Left,
		settling: settling{
			reregister: cmp.Or(leadership.Reregister, r.config.ReregisterTimeout), leader: leadership.Before.Leader, fleet: leadership.Before.Fleet,
		},
		done: make(chan report, window+singly+1), slots: make(chan struct{}, r.config.Calls),
		wantRead: true, dirty: true,
		unlisted: map[filters.AgentID]bool{}, intents: map[filters.AgentID]string{}, reasons: map[filters.AgentID]string{},
		observed: map[filters.AgentID]filters.ChangeKind{},
	}
	if !leadership.Previous.IsZero() {
		l.giveAfter = leadership.Previous.Add(r.config.CallTimeout)
	}
	if l.left == nil {
		l.left = func() time.Duration { return r.config.CallTimeout }
	}
	l.memory = Memory{
		Sightings: map[filters.AgentID]Sighting{}, Touched: map[filters.AgentID]time.Time{}, Busy: map[filters.AgentID]bool{},
		Unanswered: map[filters.AgentID]time.Time{}, Proofs: map[filters.AgentID]Proof{},
		Paused: map[filters.AgentID]Pause{}, Registered: map[filters.AgentID]time.Time{}, Noticed: map[filters.AgentID]time.Time{},
	}
	return l
}

// run passes whenever there is a reason to, until ctx ends; then it waits for what is under way.
func (l *leading) run(ctx context.Context) error {
	defer l.workers.Wait()
	if l.Source != nil {
		l.workers.Go(func() { l.maintain(ctx) })
	}
	moved := l.Book.Moved()
	for ctx.Err() == nil {
		if now := time.Now(); l.dirty && !now.Before(l.earliest) || !now.Before(l.due) {
			moved = l.Book.Moved()
			l.pass(ctx)
		}
		timer := time.NewTimer(l.wait())
		select {
		case <-ctx.Done():
		case <-moved:
			moved, l.dirty = nil, true
		case <-l.Master.Changes():
			l.master, l.wantRead, l.suspicious, l.dirty = retry{}, true, true, true
		case first := <-l.done:
			l.take(ctx, first)
			l.dirty = true
		case <-timer.C:
		}
		timer.Stop()
	}
	return ctx.Err()
}

// wait is how long nothing is due.
func (l *leading) wait() time.Duration {
	if l.dirty {
		return max(0, min(time.Until(l.earliest), time.Until(l.due)))
	}
	return max(0, time.Until(l.due))
}

// pass works out the difference once and does what can be done now.
func (l *leading) pass(ctx context.Context) {
	l.dirty = false
	begun := time.Now()
	situation := l.situation()
	changes := Difference(situation)
	took := time.Since(begun)
	l.Meter.pass(took, len(changes))
	l.Meter.lag(lag(situation))
	if l.Observe {
		changes = l.onlyObserve(situation, changes)
	}
	if held := l.reconciler.Held(); held != l.told {
		l.told = held
		l.workers.Go(func() { l.publish(ctx) })
	}
	l.startReading(ctx)
	if !l.recorder.waits(begun) {
		l.apply(ctx, changes)
	}
	l.schedule(situation, begun)
	l.earliest = time.Now().Add(breath * took)
}

// suspect has what is ours looked at again, if the master told of changes.
func (l *leading) suspect(local time.Time) {
	if l.suspicious && local.Sub(l.memory.Suspect) >= suspectEvery {
		l.suspicious, l.memory.Suspect = false, local
	}
}

// situation gathers what Difference looks at.
func (l *leading) situation() *Situation {
	roster, now, local := l.Master.Roster(), l.Recorder.Now(), time.Now().UTC()
	questions := l.Book.Questions()
	leader, failovers := l.Master.Epoch()
	l.suspect(local)
	holding, changes := l.settling.observe(&surroundings{now, local, l.began, leader, failovers, roster, questions})
	l.pending = append(l.pending, changes...)
	if l.settling.compared && l.settling.since.IsZero() {
		l.reconciler.baseline.Store(&Baseline{l.settling.leader, l.settling.fleet})
	}
	if l.settling.last.Equal(now) {
		l.memory.Registered, l.wantRead = map[filters.AgentID]time.Time{}, true
	}
	if holding == "" && local.Before(l.doubted) {
		holding = "my memory is being examined"
	}
	situation := &Situation{
		Now: now, Local: local, Filters: l.Book.Filters(), Ledger: l.Book.Entries(), Questions: questions, Reading: l.index(roster),
		Term: l.term, Began: l.began, GiveAfter: l.giveAfter, Patience: l.CallTimeout, Fresh: l.Period,
		Locked: l.Book.Lock() != nil, Holding: holding, Failover: l.settling.last, Memory: l.memory,
	}
	if l.Source != nil {
		situation.Down = l.Source.Down()
	}
	if now.Before(l.giveAfter) && holding == "" {
		holding = "the replica that led before may still have calls under way"
	}
	l.reconciler.held.Store(&holding)
	l.note(situation)
	return situation
}

// index returns the index of a roster, the one of the pass before where that is the same.
func (l *leading) index(roster *filters.Roster) *Reading {
	if l.indexed == nil || l.indexed.Roster != roster {
		l.indexed = NewReading(roster)
	}
	return l.indexed
}

// note takes a new complete reading into the leader's memory.
func (l *leading) note(s *Situation) {
	asOf := s.Reading.AsOf()
	if !asOf.After(l.newest) || asOf.Before(l.began) {
		return
	}
	l.newest = asOf
	clear(l.unlisted)
	maps.DeleteFunc(l.memory.Sightings, func(_ filters.AgentID, seen Sighting) bool { return !seen.Began.After(asOf) })
	maps.DeleteFunc(l.memory.Touched, func(_ filters.AgentID, at time.Time) bool { return asOf.After(at) })
	maps.DeleteFunc(l.memory.Proofs, func(agent filters.AgentID, _ Proof) bool { return s.Reading.Agent(agent) != nil })
	maps.DeleteFunc(l.memory.Paused, func(_ filters.AgentID, pause Pause) bool { return s.Local.After(pause.Until.Add(refusedMost)) })
	backend := s.Reading.View().Backend
	if l.memory.Foreign == nil {
		l.memory.Foreign = map[filters.AgentID]bool{}
		s.Reading.withheld(func(agent *filters.Agent) {
			if l.Book.Ledger(agent.ID) == nil {
				l.memory.Foreign[agent.ID] = true
			}
		})
		s.Foreign = l.memory.Foreign
	}
	for _, entry := range s.Ledger {
		agent := s.Reading.Agent(entry.Agent)
		if _, known := l.memory.Registered[entry.Agent]; !known && agent != nil && agent.Withheld(backend) {
			l.memory.Registered[entry.Agent] = agent.Registered
		}
	}
}

// schedule works out when the next pass is due.
func (l *leading) schedule(s *Situation, begun time.Time) {
	l.due = begun.Add(l.Period)
	sooner := func(at time.Time) {
		if at.After(begun) && at.Before(l.due) {
			l.due = at
		}
	}
	for _, at := range []time.Time{Due(s.Filters), l.giveAfter} {
		if at.After(s.Now) {
			sooner(begun.Add(at.Sub(s.Now)))
		}
	}
	for _, entry := range s.Ledger {
		if sent(entry) && entry.Drained.IsZero() {
			sooner(begun.Add(drainLook))
			break
		}
	}
	for _, pause := range l.memory.Paused {
		sooner(pause.Until)
	}
	for _, at := range l.memory.Unanswered {
		sooner(at.Add(l.CallTimeout))
	}
	if l.suspicious {
		sooner(l.memory.Suspect.Add(suspectEvery))
	}
	sooner(l.master.until)
	sooner(l.recorder.until)
	sooner(l.conflict.until)
	sooner(l.doubted)
}

// lag returns how long the oldest change that is not verified has been recorded.
func lag(s *Situation) time.Duration {
	oldest := s.Now
	for _, filter := range s.Filters {
		switch {
		case !filter.Stands():
			oldest = earlier(oldest, filter.Ended)
		case filter.State == filters.StateRecorded || filter.State == filters.StateAccepted:
			oldest = earlier(oldest, filter.Created)
		}
	}
	return s.Now.Sub(oldest)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
