package scheduler

import (
	"container/heap"
	"context"
	"log/slog"
	"time"

	"cordon/filters"
)

const (
	// relook is how soon a window is looked at again to which more may matter than its times.
	relook = 10 * time.Second
	// stepTime bounds one commit of the scheduler.
	stepTime = 5 * time.Second
	// retryAfter is how long a window rests whose step failed.
	retryAfter = 5 * time.Second
	// mostSteps bounds the steps of one window in a row.
	mostSteps = 64
	// sleepMost is how long the loop sleeps at most: Redis's clock may step.
	sleepMost = time.Minute
)

// Scheduler keeps one cluster's windows and runs, on the leader.
type Scheduler struct {
	config *Config
	runs   *runs
	log    *slog.Logger

	catalogue *catalogue
	agenda    agenda
	places    map[string]*entry
	live      map[string]*entry // to which other changes than their record's may matter
	shelf     uint64            // the version of the shelf of windows that the agenda knows
}

// New returns a Scheduler. It panics if a required field is missing: that is a mistake of the program.
func New(config *Config) *Scheduler {
	if config.Service == nil || config.Book == nil || config.Roster == nil {
		panic("scheduler: a Scheduler needs Service, Book and Roster")
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Scheduler{
		config: config, runs: newRuns(config), log: config.Logger, catalogue: newCatalogue(config), places: map[string]*entry{}, live: map[string]*entry{},
	}
}

// Run acts on windows and runs until ctx ends: for the leader only, whose term every step carries. It returns ctx's error.
func (s *Scheduler) Run(ctx context.Context, term int64) error {
	defer s.runs.rest()
	s.agenda, s.places, s.live, s.shelf = nil, map[string]*entry{}, map[string]*entry{}, 0
	for ctx.Err() == nil {
		moved := s.config.Book.Moved()
		timer := time.NewTimer(s.until(s.Step(ctx, term)))
		select {
		case <-moved:
		case <-s.runs.nudged:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return ctx.Err()
}

// Step does what is due now, and returns when there is more to do if the book does not move before; zero: it is not known.
func (s *Scheduler) Step(ctx context.Context, term int64) time.Time {
	now := s.config.Service.Now()
	return first(s.windows(ctx, now, term), first(s.digest(ctx, now, term), s.runs.step(ctx, now, term)))
}

// until returns how long the loop may sleep.
func (s *Scheduler) until(next time.Time) time.Duration {
	if next.IsZero() {
		return sleepMost
	}
	return min(max(next.Sub(s.config.Service.Now()), 0), sleepMost)
}

// never is when a window is due that nothing but a change can wake.
var never = time.Unix(1<<40, 0)

// windows looks at every window that is due, and returns when the next one is.
func (s *Scheduler) windows(ctx context.Context, now time.Time, term int64) time.Time {
	s.enter(now)
	for ctx.Err() == nil {
		due := s.agenda.first()
		if due == nil || due.at.After(now) {
			break
		}
		due.at = s.look(ctx, due, now, term)
		heap.Fix(&s.agenda, due.place)
	}
	if first := s.agenda.first(); first != nil {
		return first.at
	}
	return time.Time{}
}

// enter brings the agenda up to the windows that there are, and lets those be looked at now whose record changed, or to
// which other changes may matter.
func (s *Scheduler) enter(now time.Time) {
	if version := s.config.Book.Shelved(filters.ShelfWindows); len(s.places) == 0 || version != s.shelf {
		s.shelf = version
		s.compare()
	}
	for _, place := range s.live {
		if !place.rests.After(now) {
			s.wake(place)
		}
	}
}

// compare brings the agenda up to the windows that there are.
func (s *Scheduler) compare() {
	known := s.catalogue.names()
	for name := range known {
		if s.places[name] == nil {
			s.places[name] = &entry{name: name}
			heap.Push(&s.agenda, s.places[name])
		}
	}
	for name, place := range s.places {
		switch record := s.config.Book.Record(filters.ShelfWindows, name); {
		case !known[name]:
			heap.Remove(&s.agenda, place.place)
			delete(s.places, name)
			delete(s.live, name)
		case revisionOf(record) != place.revision:
			s.wake(place)
		}
	}
}

func (s *Scheduler) wake(place *entry) {
	place.at = time.Time{}
	heap.Fix(&s.agenda, place.place)
}

func revisionOf(record *filters.Record) int64 {
	if record == nil {
		return 0
	}
	return record.Revision
}

// look carries out what a window's scene asks for, step by step, and returns when to look again.
func (s *Scheduler) look(ctx context.Context, place *entry, now time.Time, term int64) time.Time {
	for range mostSteps {
		scene, err := s.catalogue.scene(place.name, now)
		if err != nil {
			s.log.Error("a window is left alone", "window", place.name, "error", err)
			delete(s.live, place.name)
			return now.Add(sleepMost)
		}
		place.revision = scene.revision
		next := scene.decide(ctx)
		if next == nil {
			return s.rest(place, scene)
		}
		if !s.take(ctx, scene, next, term) {
			place.rests = now.Add(retryAfter)
			return place.rests
		}
	}
	s.log.Error("a window does not come to rest", "window", place.name)
	return now.Add(sleepMost)
}

// rest returns when to look again at a window that needs nothing now.
func (s *Scheduler) rest(place *entry, scene *scene) time.Time {
	at, live, unseen := scene.next()
	delete(s.live, place.name)
	if live {
		s.live[place.name] = place
	}
	if unseen {
		at = first(at, scene.now.Add(relook))
	}
	switch {
	case at.IsZero():
		return never
	case !at.After(scene.now): // no window keeps the others waiting
		return scene.now.Add(relook)
	}
	return at
}

// take carries out a step, and tells whether it is done. What was refused, or lost, is decided anew a little later.
func (s *Scheduler) take(ctx context.Context, scene *scene, next *move, term int64) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	request := filters.Request{Actor: s.config.system(next.owner), Key: next.key, Cause: filters.CauseWindow}
	if len(next.withhold)+len(next.others) > 0 && scene.window != nil && !next.bare {
		request.Actor.User = scene.author()
		if next.kind == filters.KindOpen {
			request.Reason = scene.window.Definition.Reason
		}
	}
	result, err := s.config.Service.Arrange(ctx, next.arrangement(request, term))
	if err == nil && !result.Repeated {
		return true
	}
	if instead := scene.instead(next, err); instead != nil {
		return s.take(ctx, scene, instead, term)
	}
	if filters.CodeOf(err) != filters.Conflict {
		s.log.Warn("a window's step is not done", "window", next.window, "step", next.kind, "repeated", result.Repeated, "error", err)
	}
	return false
}

// instead is what is done about an occurrence that may not open, which err says, or that the store says was opened before;
// nil: it is tried again.
func (s *scene) instead(opening *move, err error) *move {
	if ahead := opening.state.Scheduled; opening.outcome == outcomeScheduling && !s.now.Before(ahead.Start) {
		switch filters.CodeOf(err) {
		case filters.Denied:
			return s.pass(s.window.occurrence(ahead.Start), s.state.Author+" made it, and may schedule no machines any more")
		case filters.Changed:
			return s.pass(s.window.occurrence(ahead.Start), s.unapproved(err))
		}
	}
	if opening.kind != filters.KindOpen || s.state.Open != nil {
		return nil
	}
	switch occurrence := s.occurrence(opening.state.Open); {
	case err == nil:
		return s.pass(occurrence, "it was open before, and an occurrence opens once")
	case filters.CodeOf(err) == filters.Denied:
		return s.pass(occurrence, s.state.Author+" made it, and may withhold no agents any more")
	case filters.CodeOf(err) == filters.Changed:
		return s.pass(occurrence, s.unapproved(err))
	}
	return nil
}

// unapproved says why an occurrence does not open that nobody approved of, and the policy wants somebody to.
func (s *scene) unapproved(err error) string {
	return filters.ObstacleWords(err, s.name) + "; `/mesos window add " + s.name + "` with what it shall do asks for it"
}

// agenda is a heap of windows by when they are due.
type agenda []*entry

// entry is one window's place on the agenda.
type entry struct {
	name     string
	at       time.Time
	place    int
	revision int64     // of its record when it was last looked at
	rests    time.Time // until then no other change wakes it
}

func (a agenda) first() *entry {
	if len(a) == 0 {
		return nil
	}
	return a[0]
}

// Len, Less, Swap, Push and Pop are heap.Interface. What is due at once is dealt with by name, so that windows always share
// what room there is in the same way.
func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].name < a[j].name
}
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

// Push adds an entry.
func (a *agenda) Push(x any) {
	added := x.(*entry)
	added.place = len(*a)
	*a = append(*a, added)
}

// Pop takes the last entry out.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
