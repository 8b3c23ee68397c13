package mesos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"

	"cordon/filters"
)

// silences is how many heartbeats may stay away before the stream counts as dead.
const silences = 3

// Lead subscribes to the leading master's events until ctx ends, and again after each break: for the leader only, beside
// Run. Events keep the task counts and the roster's membership up to date and nudge Changes; flags come from readings
// (FACTS.md: deactivation has no event). Where the master has no events it reads every FullReadEvery instead. It returns
// ctx's error.
func (m *Master) Lead(ctx context.Context) error {
	m.leading.Add(1)
	defer m.leading.Add(-1)
	m.slot.hurry() // a new leader acts on a fresh reading
	refreshed := make(chan struct{})
	go func() {
		defer close(refreshed)
		m.refresh(ctx)
	}()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 200*time.Millisecond, 10*time.Second
	for ctx.Err() == nil {
		stood, err := m.subscribe(ctx)
		if stood {
			pause.Reset()
		}
		m.tasks.forget()
		if errors.Is(err, errNoEvents) {
			sleep(ctx, m.config.FullReadEvery)
			_, _ = m.Read(ctx) // its error is in Condition
			continue
		}
		if ctx.Err() == nil {
			m.trouble.events(err)
			m.config.Logger.Warn("event stream broke", "cluster", m.config.Cluster, "error", err)
			sleep(ctx, pause.NextBackOff())
		}
	}
	<-refreshed
	m.trouble.events(nil)
	return ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

var errNoEvents = errors.New("the master has no events")

// subscribe follows one stream to its end; stood tells whether SUBSCRIBED came.
func (m *Master) subscribe(ctx context.Context) (stood bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	moved := m.standing.falls()
	who, err := m.identify(ctx)
	if err != nil {
		return false, err
	}
	if !who.v1 {
		return false, errNoEvents
	}
	chosen, err := m.reach(ctx)
	if err != nil {
		return false, err
	}
	body, err := calls.Subscribe().Marshal()
	if err != nil {
		return false, err
	}
	if err := m.alone(ctx); err != nil {
		return false, err
	}
	decoded := sync.OnceFunc(m.done)
	defer decoded()
	reading := &subscription{master: m, decoded: decoded, chosen: chosen, began: m.config.Now().UTC(), number: m.slot.begin(false)}
	dog := newWatchdog(func() { cancel(errSilent) })
	defer dog.stop()
	response, at, err := m.caller.send(ctx, request{method: http.MethodPost, path: pathV1, kind: typeProtobuf, body: body})
	if err != nil {
		return false, m.noStream(err)
	}
	defer func() { _ = response.Body.Close() }()
	reading.at, reading.dog = at, dog
	joined := make(chan struct{})
	go func() {
		defer close(joined)
		select {
		case <-moved:
			cancel(errMoved)
		case <-ctx.Done():
		}
	}()
	err = newStream(&pulse{response.Body, dog}, m.config.MaxEventFrame, m.tasks, m.Roster, reading).run()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	cancel(nil)
	<-joined
	return reading.stood, err
}

var (
	errSilent = errors.New("the master was silent for three heartbeats")
	errMoved  = errors.New("another master leads")
)

// noStream tells masters before the event stream (their v1 API refuses the call) from trouble.
func (m *Master) noStream(err error) error {
	refused, ok := errors.AsType[*refusal](err)
	if ok && (refused.status == http.StatusBadRequest || refused.status == http.StatusNotImplemented || refused.status == http.StatusNotFound) {
		return errNoEvents
	}
	return m.plain(err)
}

// subscription is one stream's listener.
type subscription struct {
	master *Master
	chosen hand
	at     address
	began  time.Time
	number int
	dog    *watchdog
	stood  bool
	// decoded is called when the state that the stream begins with is.
	decoded func()
}

// subscribed takes the state that the stream begins with for a reading: it began when SUBSCRIBE was sent. It lacks the
// allocator module's list, so with that backend it is not one.
func (s *subscription) subscribed(list listing, heartbeat time.Duration) {
	m := s.master
	s.stood = true
	s.dog.every(silences * heartbeat)
	defer s.decoded()
	m.trouble.events(nil)
	if s.chosen.backend() == filters.BackendOperator {
		list.leader = s.at
		m.slot.end(s.number, m.publish(list, s.chosen, s.began), nil)
	}
	m.nudge()
}

func (s *subscription) heard() {
	s.dog.pat()
	s.master.hear()
}

func (s *subscription) added(agent filters.Agent) {
	s.master.members.came(agent, s.master.config.Now())
}
func (s *subscription) removed(agent filters.AgentID) {
	s.master.members.went(agent, s.master.config.Now())
}

// pulse tells the watchdog of every byte: a long first frame is no silence.
type pulse struct {
	from io.Reader
	dog  *watchdog
}

func (p *pulse) Read(into []byte) (int, error) {
	n, err := p.from.Read(into)
	if n > 0 {
		p.dog.pat()
	}
	return n, err
}

// watchdog barks when it was not patted for a while.
type watchdog struct {
	timer *time.Timer
	span  atomic.Int64
}

func newWatchdog(bark func()) *watchdog {
	dog := &watchdog{}
	dog.span.Store(int64(silences * 15 * time.Second))
	dog.timer = time.AfterFunc(silences*15*time.Second, bark)
	return dog
}

func (w *watchdog) every(span time.Duration) { w.span.Store(int64(span)); w.pat() }
func (w *watchdog) pat()                     { w.timer.Reset(time.Duration(w.span.Load())) }
func (w *watchdog) stop()                    { w.timer.Stop() }
