package operation

import (
	"context"
	"sync"
	"time"

	"cordon/filters"
)

const (
	// watchEvery is how often machines that rest are held against the master, and pendingEvery those that wait for it.
	watchEvery   = 30 * time.Second
	pendingEvery = 5 * time.Second
	// sureAfter is how long a sight must last before it proves that somebody else changed what is ours.
	sureAfter = 10 * time.Second
)

// Source works out what is to be done about the machines that are ours: reconcile's port of that name. It reads the master only
// where there are such machines, and no more often than it must. One per leader; safe for concurrent use.
type Source struct {
	config *Config
	mutex  sync.Mutex
	read   time.Time // the cluster's time of the last reading
	next   time.Time // nothing is due before, unless the book changes
	turn   uint64    // of the book's shelf, when it was last looked at
	idle   bool      // nothing was ours then
	sights map[string]lasting
}

// lasting is a sight and since when it lasts.
type lasting struct {
	span  *filters.Span
	mode  filters.MachineMode
	since time.Time
}

func (l *lasting) same(span *filters.Span, mode filters.MachineMode) bool {
	return l.mode == mode && (l.span == nil) == (span == nil) && (span == nil || span.Equal(*l.span))
}

// NewSource returns a Source.
func NewSource(config *Config) *Source {
	return &Source{config: config, sights: map[string]lasting{}}
}

// Changes returns what is to be done now, by a reading that begins after the call; nothing where nothing is due.
func (s *Source) Changes(ctx context.Context, now time.Time) ([]filters.Change, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	turn := s.config.Book.Shelved(filters.ShelfMachines)
	if turn == s.turn && (s.idle || now.Before(s.next) && !now.Before(s.read)) {
		return nil, nil
	}
	machines := s.config.machines()
	if s.idle = len(machines) == 0; s.idle {
		s.turn = turn
		return nil, nil
	}
	seen, err := s.config.read(ctx)
	if err != nil {
		return nil, err
	}
	s.turn, s.read, s.next = turn, now, now.Add(watchEvery)
	return s.changes(machines, &seen, now), nil
}

// Down returns the machines that we took down, or are about to, and that need not be back yet.
func (s *Source) Down() []filters.Machine {
	var down []filters.Machine
	for _, machine := range s.config.machines() {
		switch machine.Phase {
		case PhaseTakingDown, PhaseDown, PhaseBringingUp:
			down = append(down, machine.Machine)
		}
	}
	return down
}

// changes works out every machine's next step, and gathers them: the one schedule is posted once for all that come into it, and
// once for all that leave it.
func (s *Source) changes(machines []kept, seen *reading, now time.Time) []filters.Change {
	s.forget(machines)
	g := gathering{config: s.config, seen: seen}
	for i := range machines {
		machine := &machines[i]
		next := advance(machine.State, s.see(machine, seen, now))
		switch {
		case next.changed:
			g.add(machine, next)
			s.soon(now.Add(pendingEvery)) // if it cannot be written or sent now
		case next.doubt || machine.Phase.Pending():
			s.soon(now.Add(pendingEvery))
		}
	}
	return g.all()
}

func (s *Source) soon(at time.Time) {
	if at.Before(s.next) {
		s.next = at
	}
}

// see is the sight of one machine.
func (s *Source) see(machine *kept, seen *reading, now time.Time) *sight {
	name, span, mode := machine.Machine.Name(), seen.span(machine.Machine), seen.status.Of(machine.Machine).Mode
	known, ok := s.sights[name]
	if !ok || !known.same(span, mode) {
		known = lasting{span, mode, now}
		s.sights[name] = known
	}
	return &sight{
		now: now, span: span, mode: mode, sure: now.Sub(known.since) >= sureAfter,
	}
}

// forget lets go what is remembered of machines that are not ours any more.
func (s *Source) forget(machines []kept) {
	kept := make(map[string]lasting, len(machines))
	for i := range machines {
		name := machines[i].Machine.Name()
		if known, ok := s.sights[name]; ok {
			kept[name] = known
		}
	}
	s.sights = kept
}
