package reconcile

import (
	"context"
	"time"

	"cordon/filters"
)

// startLooks reads the agents one by one if they are few, and asks for a complete reading if they are many.
func (l *leading) startLooks(ctx context.Context, looks []filters.Change) {
	few := len(looks)+l.looking <= l.atOnce(singly)
	for i := range looks {
		agent := looks[i].Agent
		if l.memory.Touched[agent].IsZero() {
			l.memory.Touched[agent] = time.Now().UTC().Add(-1) // the reading that begins now is newer
		}
		if !few || l.unlisted[agent] && looks[i].Kind == filters.ChangeLook {
			l.wantRead = true
			continue
		}
		l.memory.Busy[agent] = true
		l.looking++
		if change := looks[i]; change.Kind == filters.ChangeProve {
			l.workers.Go(func() { l.done <- l.prove(ctx, &change) })
		} else {
			l.workers.Go(func() { l.done <- l.look(ctx, agent) })
		}
	}
	l.startReading(ctx)
}

// prove asks the master to withhold an agent that is away and that we drain: it refuses if it knows no such agent, and nothing
// changes if it does (recordings unreachable-2, gone-6). No reading tells the one from the other.
func (l *leading) prove(ctx context.Context, change *filters.Change) report {
	begun := time.Now()
	err := l.call(ctx, &filters.Change{Kind: filters.ChangeTake, Agent: change.Agent, Seen: change.Seen})
	done := report{look: change.Agent, err: err, ended: time.Now().UTC(), took: time.Since(begun), proof: &Proof{At: begun.UTC()}}
	switch filters.CodeOf(err) {
	case filters.Unknown:
		done.err, done.proof.Forgotten = nil, true
	case filters.Denied, filters.Invalid: // it answers, and says nothing about that
		done.err = nil
	}
	return done
}

func (l *leading) look(ctx context.Context, id filters.AgentID) report {
	bounded, cancel := context.WithTimeout(ctx, l.CallTimeout)
	defer cancel()
	begun := time.Now()
	agent, listed, err := l.Master.ReadOne(bounded, id)
	done := report{look: id, err: err, ended: time.Now().UTC(), took: time.Since(begun)}
	if err == nil && listed {
		done.seen = &Sighting{agent, begun.UTC()}
	}
	return done
}

// startReading starts a complete reading if one is wanted and none is under way, and publishes it for followers.
func (l *leading) startReading(ctx context.Context) {
	now := time.Now()
	if l.reading || l.master.waits(now) || !l.wantRead && now.Sub(l.newest) < l.Period {
		return
	}
	l.reading, l.wantRead = true, false
	l.workers.Go(func() {
		_, err := l.Master.Read(ctx)
		l.publish(ctx) // that the master cannot be read is news too
		l.done <- report{read: true, err: err, ended: time.Now().UTC(), took: time.Since(now)}
	})
}

// publish tells followers, one publication at a time: an older one must not replace a newer.
func (l *leading) publish(ctx context.Context) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	if l.Published == nil || ctx.Err() != nil {
		return
	}
	if err := l.Recorder.Publish(ctx, l.term, l.Published()); err != nil && ctx.Err() == nil {
		l.Logger.Warn("the view could not be published", "reason", err)
	}
}

// heard notes whether the master answers.
func (l *leading) heard(done *report) {
	if done.err == nil {
		l.master = retry{}
		return
	}
	l.master.failed(time.Now(), masterFirst, masterMost)
	l.Logger.Warn("the master could not be read", "reason", done.err, "code", filters.CodeOf(done.err))
}
