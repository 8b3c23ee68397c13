package reconcile

import (
	"cmp"
	"context"
	"time"

	"cordon/filters"
)

// Maintenance is the hand on the master's maintenance primitives. Errors are Master's. Implemented by filters/mesos; safe for
// concurrent use.
type Maintenance interface {
	// Schedule returns the whole schedule, as it was at some moment after the call.
	Schedule(ctx context.Context) (filters.Schedule, error)
	// UpdateSchedule replaces all of it: there is no version that the master could check.
	UpdateSchedule(ctx context.Context, schedule filters.Schedule) error
	// StartMaintenance takes a machine down, and StopMaintenance brings it up. Neither is idempotent.
	StartMaintenance(ctx context.Context, machine filters.Machine) error
	StopMaintenance(ctx context.Context, machine filters.Machine) error
}

// Source works out what is to be done about machines: changes of the kinds schedule, cancel, down, up and told, by a reading of
// the master that begins after the call. It may be asked at any moment, and answers nothing where nothing is due. Implemented by
// filters/operation.
type Source interface {
	Changes(ctx context.Context, now time.Time) ([]filters.Change, error)
	// Down returns the machines that we took down and that need not be back: that their agents are away surprises nobody.
	Down() []filters.Machine
}

// sourceEvery is how often the source is asked without any other reason.
const sourceEvery = time.Second

// maintaining carries out what the source says, one change after the other: intent, call, outcome. After each call the source is
// asked anew, and reads anew. It shares nothing with the loop that is not safe to share.
type maintaining struct {
	*leading
	failing retry
}

// maintain follows the source until ctx ends. It begins when no call of the leader before can be under way: a schedule that is
// posted late replaces all of it.
func (l *leading) maintain(ctx context.Context) {
	m := &maintaining{leading: l}
	for now := m.Recorder.Now(); now.Before(l.giveAfter); now = m.Recorder.Now() {
		if !rests(ctx, l.giveAfter.Sub(now)) {
			return
		}
	}
	for ctx.Err() == nil {
		moved := m.Book.Moved()
		m.round(ctx)
		if wait := time.Until(m.failing.until); wait > 0 {
			rests(ctx, wait)
			continue
		}
		timer := time.NewTimer(sourceEvery)
		select {
		case <-moved:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// rests waits and tells whether ctx still lives.
func rests(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// round asks the source once and carries out what can be done until something was done to the master.
func (m *maintaining) round(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, m.CallTimeout)
	changes, err := m.Source.Changes(bounded, m.Recorder.Now())
	cancel()
	if err != nil {
		m.failed(ctx, "the maintenance schedule could not be read", err)
		return
	}
	m.failing = retry{}
	for i := range changes {
		if !m.carryOut(ctx, &changes[i]) {
			return
		}
	}
}

func (m *maintaining) failed(ctx context.Context, words string, err error) {
	m.failing.failed(time.Now(), masterFirst, masterMost)
	if ctx.Err() == nil {
		m.Logger.Warn(words, "reason", err, "code", filters.CodeOf(err))
	}
}

// carryOut does one change. It returns false if the source is to be asked again before the next.
func (m *maintaining) carryOut(ctx context.Context, change *filters.Change) bool {
	work := change.Maintenance
	switch {
	case change.Kind == filters.ChangeTold:
		return m.tell(ctx, work.Told, work.Asked, false)
	case m.Observe:
		return m.wouldMaintain(ctx, change)
	case returns(change) && m.keeps():
		return true
	case !m.tell(ctx, work.Told, nil, returns(change)):
		return false
	}
	begun := time.Now()
	err := m.callMaintenance(ctx, change)
	m.Meter.call(string(change.Kind), err, time.Since(begun))
	m.called(ctx, change, err)
	return false
}

// returns tells whether the change gives something back: then it must be ours, and nothing may speak against giving back.
func returns(change *filters.Change) bool {
	return change.Kind == filters.ChangeUp || change.Kind == filters.ChangeCancel
}

// keeps tells whether nothing is given back just now: the bot is locked, the cluster is not settled, or not known to be.
func (m *maintaining) keeps() bool {
	held := m.reconciler.held.Load()
	return held == nil || *held != "" || m.Book.Lock() != nil
}

func (m *maintaining) callMaintenance(ctx context.Context, change *filters.Change) error {
	left := m.left()
	if left <= 0 || ctx.Err() != nil {
		return &filters.Error{Code: filters.Unavailable, Wrong: "this replica leads no more"}
	}
	bounded, cancel := context.WithTimeout(ctx, min(m.CallTimeout, left))
	defer cancel()
	switch work := change.Maintenance; change.Kind {
	case filters.ChangeDown:
		return m.Maintenance.StartMaintenance(bounded, work.Machines[0])
	case filters.ChangeUp:
		return m.Maintenance.StopMaintenance(bounded, work.Machines[0])
	default:
		return m.post(bounded, work)
	}
}

// errMeddled is that the schedule is another than the one by which the change was decided.
var errMeddled = &filters.Error{Code: filters.Conflict, Wrong: "somebody else changed the maintenance schedule"}

// post reads the schedule again, and posts it edited only if nobody else has changed it since: the master checks no version.
func (m *maintaining) post(ctx context.Context, work *filters.MaintenanceChange) error {
	found, err := m.Maintenance.Schedule(ctx)
	if err != nil {
		return &filters.Error{Code: filters.Unavailable, Wrong: "the maintenance schedule could not be read again", Cause: err}
	}
	if !found.Equal(work.Saw) {
		event := work.Meddled(found)
		m.tell(ctx, nil, nil, false, event)
		return errMeddled
	}
	edited, err := work.Edit(found)
	if err != nil {
		return errMeddled
	}
	return m.Maintenance.UpdateSchedule(ctx, edited)
}

// called writes down what a call came to. What may have happened is left to a reading, once it cannot happen any more.
func (m *maintaining) called(ctx context.Context, change *filters.Change, err error) {
	log := m.Logger.With("verb", change.Kind, "machine", change.Maintenance.Machines[0].String(), "machines", len(change.Maintenance.Machines))
	switch code := filters.CodeOf(err); {
	case err == nil:
		log.Info("the master said yes")
		m.tell(ctx, change.Maintenance.Outcome(nil, m.Recorder.Now()), nil, false)
	case code == filters.Invalid || code == filters.Denied || code == filters.Unknown:
		log.Warn("the master refused", "reason", err)
		m.tell(ctx, change.Maintenance.Outcome(err, m.Recorder.Now()), nil, false)
	case code == filters.Unavailable || code == filters.Conflict:
		m.failed(ctx, "the maintenance call was not made", err)
	default:
		log.Warn("the call is not confirmed", "reason", err)
		rests(ctx, m.CallTimeout)
	}
}

// tell writes records, questions and entries in one commit, in the leader's name. It returns false if that failed: the difference
// stays, and is found again.
func (m *maintaining) tell(ctx context.Context, told []filters.Told, asked []filters.AskedOf, gives bool, events ...filters.Event) bool {
	commit := filters.Commit{Term: m.term, Gives: gives}
	for _, one := range told {
		commit.PutRecord(one.Record, m.complete(one.Event))
	}
	for _, one := range asked {
		commit.PutQuestion(one.Question, m.complete(one.Event))
	}
	for _, event := range events {
		commit.Events = append(commit.Events, m.complete(event))
	}
	receipt, err := m.Recorder.Commit(ctx, commit)
	if err != nil {
		m.failed(ctx, "a change of machines could not be written", err)
		return false
	}
	m.Book.Anticipate(receipt.Events...)
	return true
}

// complete fills in what every entry of the leader has.
func (m *maintaining) complete(event filters.Event) filters.Event {
	event.Term, event.Actor, event.Cause = m.term, "bot:"+m.Replica, cmp.Or(event.Cause, filters.CauseLeader)
	event.Master, _ = m.Master.Epoch()
	return event
}

// wouldMaintain tells what would be done, and ends it as what the master refused: nothing is left to wait for.
func (m *maintaining) wouldMaintain(ctx context.Context, change *filters.Change) bool {
	deed := map[filters.ChangeKind]string{
		filters.ChangeSchedule: "put it into the maintenance schedule", filters.ChangeCancel: "take it out of the maintenance schedule",
		filters.ChangeDown: "take it down", filters.ChangeUp: "bring it up",
	}[change.Kind]
	m.Logger.Info("observing: no call is made", "would", deed, "machine", change.Maintenance.Machines[0].String(), "machines", len(change.Maintenance.Machines))
	told := change.Maintenance.Outcome(&filters.Error{Code: filters.Denied, Wrong: "observing only: I would now " + deed}, m.Recorder.Now())
	for i := range told {
		told[i].Record.Revision-- // the intent before it was never written
		told[i].Event.Cause = filters.CauseObserved
	}
	return m.tell(ctx, told, nil, false)
}
