package reconcile

import (
	"context"
	"time"

	"cordon/filters"
)

const (
	masterFirst, masterMost     = 250 * time.Millisecond, 30 * time.Second
	recorderFirst, recorderMost = 50 * time.Millisecond, 5 * time.Second
	refusedMost                 = 5 * time.Minute
)

// apply does what can be done now: first the intents and the calls to the master, then what is only written down, then
// the readings of single agents.
func (l *leading) apply(ctx context.Context, changes []filters.Change) {
	var calls, records, looks []filters.Change
	for _, change := range changes {
		switch change.Kind {
		case filters.ChangeTake, filters.ChangeRepair, filters.ChangeUphold, filters.ChangeDrain, filters.ChangeGive:
			calls = append(calls, change)
		case filters.ChangeLook, filters.ChangeProve:
			looks = append(looks, change)
		default:
			records = append(records, change)
		}
	}
	waits := l.master.waits(time.Now())
	if !waits && !l.startCalls(ctx, calls) {
		return
	}
	if !l.writeAll(ctx, append(l.pending, records...)) {
		return
	}
	l.pending = nil
	if !waits {
		l.startLooks(ctx, looks)
	}
}

// atOnce is how many calls or single readings may be under way: the module is asked in turn (invariant 6).
func (l *leading) atOnce(most int) int {
	if l.Master.Roster().View().Backend == filters.BackendAllocator {
		return 1
	}
	return most
}

// startCalls writes the intents of as many calls as there is room for and starts the calls whose intents stand. It
// returns false if the intents could not be written.
func (l *leading) startCalls(ctx context.Context, calls []filters.Change) bool {
	room := l.atOnce(window) - l.calling
	if room <= 0 {
		return true
	}
	calls = calls[:min(room, len(calls))]
	var takes, gives []filters.Change // whose intents are to be written
	for _, call := range calls {
		give := call.Kind == filters.ChangeGive
		switch {
		case l.intended(&call):
			if !give || l.caughtUp(call.Agent) {
				l.start(ctx, call)
			}
		case give:
			gives = append(gives, call)
		default:
			takes = append(takes, call)
		}
	}
	// Giving back is written apart: the store refuses it while it doubts itself, and withholding goes on.
	return apart(takes, func(some []filters.Change) error { return l.startTakes(ctx, some) }) &&
		apart(gives, func(some []filters.Change) error { return l.intendGives(ctx, some) })
}

// apart has all of the changes written at once, and each alone if a record of one of them is not as the book says: the
// others need not wait until it is. It returns false if the store does not answer.
func apart(changes []filters.Change, write func([]filters.Change) error) bool {
	if len(changes) == 0 {
		return true
	}
	err := write(changes)
	if err == nil || filters.CodeOf(err) != filters.Conflict {
		return err == nil
	}
	for i := range changes {
		if len(changes) > 1 && !apart(changes[i:i+1], write) {
			return false
		}
	}
	return true
}

// startTakes writes the intents to withhold agents and starts the calls.
func (l *leading) startTakes(ctx context.Context, takes []filters.Change) error {
	_, err := l.writeIntents(ctx, takes)
	if err != nil {
		return err
	}
	for i := range takes {
		delete(l.intents, takes[i].Agent) // an earlier intent to give back is over
		l.start(ctx, takes[i])
	}
	return nil
}

// intendGives writes the intents to give agents back. The calls follow when the book has come past them.
func (l *leading) intendGives(ctx context.Context, gives []filters.Change) error {
	receipt, err := l.writeIntents(ctx, gives)
	for i := range receipt.Events {
		if entry := receipt.Events[i].Ledger; entry != nil {
			l.intents[entry.Agent] = receipt.Events[i].ID
			l.dirty = true
		}
	}
	return err
}

// intended tells whether an intent of this term stands already for the call.
func (l *leading) intended(call *filters.Change) bool {
	entry := call.Entry
	if entry == nil || entry.Term != l.term || call.Kind == filters.ChangeRepair || call.Kind == filters.ChangeUphold {
		return false
	}
	if call.Kind == filters.ChangeGive {
		_, known := l.intents[call.Agent]
		return known && entry.Hold == filters.HoldReleasing
	}
	if call.Kind == filters.ChangeDrain && !entry.SentFor(drainer(call.Filters)) {
		return false
	}
	return entry.Hold == filters.HoldTaking
}

// caughtUp tells whether the book has come past the intent to give the agent back: then a filter that was recorded
// before the intent is in the book, and would have stopped it.
func (l *leading) caughtUp(agent filters.AgentID) bool {
	return !filters.After(l.intents[agent], l.Book.Position())
}

// writeIntents records the intents of the calls in one commit.
func (l *leading) writeIntents(ctx context.Context, calls []filters.Change) (filters.Receipt, error) {
	draft := l.draft()
	for i := range calls {
		draft.intent(&calls[i])
	}
	return l.commit(ctx, draft.commit)
}

// start calls the master beside the loop.
func (l *leading) start(ctx context.Context, change filters.Change) {
	l.memory.Busy[change.Agent] = true
	l.calling++
	l.workers.Go(func() {
		begun := time.Now()
		err := l.call(ctx, &change)
		l.done <- report{call: &change, err: err, ended: time.Now().UTC(), took: time.Since(begun)}
	})
}

func (l *leading) call(ctx context.Context, change *filters.Change) error {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return &filters.Error{Code: filters.Unavailable, Wrong: "this replica leads no more", Cause: ctx.Err()}
	}
	left := l.left()
	if left <= 0 {
		return &filters.Error{Code: filters.Unavailable, Wrong: "this replica was asleep, and leads no more"}
	}
	bounded, cancel := context.WithTimeout(ctx, min(l.CallTimeout, left))
	defer cancel()
	switch change.Kind {
	case filters.ChangeGive:
		return l.Master.Give(bounded, *change.Seen)
	case filters.ChangeDrain:
		return l.Master.Drain(bounded, *change.Seen, *drainer(change.Filters).Drain)
	}
	return l.Master.Take(bounded, *change.Seen)
}

// take takes in a report and all others that have come in meanwhile, and writes down in one commit what the calls among
// them came to. If that fails nothing is lost: the intents stand, and a reading will settle them.
func (l *leading) take(ctx context.Context, first report) {
	draft := l.draft()
	l.takeOne(draft, &first)
	for range cap(l.done) {
		select {
		case next := <-l.done:
			l.takeOne(draft, &next)
			continue
		default:
		}
		break
	}
	if !draft.empty() {
		_, _ = l.commit(ctx, draft.commit) // commit has noted why it failed
	}
}

func (l *leading) takeOne(draft *draft, done *report) {
	switch {
	case done.call != nil:
		l.calling--
		delete(l.memory.Busy, done.call.Agent)
		l.Meter.call(verb(done.call), done.err, done.took)
		l.called(draft, done)
	case done.read:
		l.reading = false
		l.Meter.call("read", done.err, done.took)
		l.heard(done)
	default:
		l.looking--
		delete(l.memory.Busy, done.look)
		l.Meter.call("look", done.err, done.took)
		l.heard(done)
		if done.proof != nil {
			l.memory.Proofs[done.look] = *done.proof
		} else if done.seen != nil {
			l.memory.Sightings[done.look] = *done.seen
		} else if done.err == nil {
			l.unlisted[done.look] = true
		}
	}
}

func verb(call *filters.Change) string {
	switch call.Kind {
	case filters.ChangeGive:
		return "give"
	case filters.ChangeDrain:
		return "drain"
	}
	return "take"
}

// called notes what a call came to.
func (l *leading) called(draft *draft, done *report) {
	call := done.call
	l.memory.Touched[call.Agent] = done.ended
	log := l.Logger.With("verb", verb(call), "agent", call.Agent, "host", call.Seen.Hostname)
	switch code := filters.CodeOf(done.err); {
	case done.err == nil:
		log.Info("the master said yes", "took", done.took)
		delete(l.reasons, call.Agent)
		delete(l.memory.Paused, call.Agent)
		if call.Kind == filters.ChangeGive {
			// If it does not show, giving back is not repeated in haste.
			l.pause(call, done.ended, l.Period)
		}
		draft.accepted(call, done.ended)
	case code == filters.Denied || code == filters.Invalid || code == filters.Unknown:
		log.Warn("the master refused", "reason", done.err)
		draft.refused(call, done)
		l.reasons[call.Agent] = done.err.Error()
		l.pause(call, done.ended, l.Period)
		if code == filters.Unknown {
			l.wantRead, l.memory.Proofs[call.Agent] = true, Proof{done.ended, true}
		}
	default:
		log.Warn("the call is not confirmed", "reason", done.err, "code", code)
		if code != filters.Unavailable && call.Kind != filters.ChangeGive {
			l.memory.Unanswered[call.Agent] = done.ended
		}
		l.master.failed(time.Now(), masterFirst, masterMost)
	}
}

// pause keeps the call from being repeated for a while, twice as long each time.
func (l *leading) pause(call *filters.Change, now time.Time, first time.Duration) {
	hold := filters.HoldTaking
	if call.Kind == filters.ChangeGive {
		hold = filters.HoldReleasing
	}
	pause := Pause{Hold: hold, Until: now.Add(first), Times: 1}
	if before, ok := l.memory.Paused[call.Agent]; ok && before.Hold == hold {
		pause.Times = before.Times + 1
		pause.Until = now.Add(min(first<<min(before.Times, 8), refusedMost))
	}
	l.memory.Paused[call.Agent] = pause
}
