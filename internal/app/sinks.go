package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"cordon/filters"
	"cordon/internal/config"
	"cordon/internal/sink"
	"cordon/store"
)

// buildSinks gives the stack the places that its journal is copied to.
func (a *App) buildSinks(s *stack, cluster config.Cluster) error {
	for _, configured := range cluster.Sinks {
		made := &sink.Sink{Name: configured.Name, Journal: trail{s.store}, Logger: s.log}
		made.Place = &sink.File{Path: configured.File, RotateAt: int64(configured.RotateAt), Keep: configured.Keep}
		if configured.URL != "" {
			place, err := sink.NewURL(configured.URL, []byte(a.options.Secrets.Sinks[s.name][configured.Name].Reveal()))
			if err != nil {
				return fmt.Errorf("sink %s: %w", configured.Name, err)
			}
			made.Place = place
		}
		made.Changed = func(ctx context.Context, trouble sink.Trouble) { s.tellSink(ctx, configured.Name, trouble) }
		s.sinks = append(s.sinks, made)
	}
	return nil
}

// trail is the journal as sinks read it.
type trail struct{ *store.Store }

// Sealed returns the sealed entries behind an ID.
func (t trail) Sealed(ctx context.Context, after string, most int) ([]sink.Entry, bool, error) {
	lines, cut, err := t.Trail(ctx, store.Stretch{After: after, Most: most, Sealed: true})
	if err != nil {
		return nil, false, err
	}
	entries := make([]sink.Entry, len(lines))
	for i := range lines {
		entries[i].ID = lines[i].ID
		if entries[i].Line, err = json.Marshal(&lines[i]); err != nil {
			return nil, false, fmt.Errorf("encode the entry %s: %w", lines[i].ID, err)
		}
	}
	return entries, cut, nil
}

// feed runs the sinks while this replica leads. A sink that is stuck costs nobody the lease.
func (s *stack) feed(ctx context.Context, term int64) error {
	var running sync.WaitGroup
	for _, each := range s.sinks {
		running.Go(func() {
			if err := each.Run(ctx, term); err != nil && ctx.Err() == nil {
				s.log.Warn("a sink of an older term has ended", "sink", each.Name, "error", err)
			}
		})
	}
	running.Wait()
	<-ctx.Done()
	return nil
}

// tellSink writes down that a sink is stuck, or goes on, for the channel.
func (s *stack) tellSink(ctx context.Context, name string, trouble sink.Trouble) {
	term := s.term.Load()
	if term == 0 {
		return // another leads by now, and finds out by itself
	}
	event := filters.Event{
		Kind: filters.KindSink, Subject: filters.SinkSubject + name, Actor: "bot:" + s.replica, Cause: filters.CauseObserved,
		Outcome: filters.SinkGoesOn, Reason: trouble.Why,
	}
	if !trouble.Since.IsZero() {
		event.Outcome = filters.SinkStuck
	}
	if _, err := s.store.Commit(ctx, filters.Commit{Term: term, Events: []filters.Event{event}}); err != nil && ctx.Err() == nil {
		s.log.Warn("it could not be written down how a sink is", "sink", name, "error", err)
	}
}

// measureSinks looks now and then how far sinks are behind; on every replica, for each answers `status`.
func (s *stack) measureSinks(ctx context.Context) error {
	if len(s.sinks) == 0 {
		return nil
	}
	return every(ctx, measureEvery, func() {
		var lags []filters.SinkStatus
		for _, each := range s.sinks {
			entries, since, err := s.store.Behind(ctx, each.Name)
			if err != nil {
				return // what was known stays
			}
			lag := filters.SinkStatus{Name: each.Name, Entries: entries, Since: since, Stuck: !each.Trouble().Since.IsZero()}
			s.metrics.Sink(s.name, each.Name, entries, s.age(since))
			lags = append(lags, lag)
		}
		s.lags.Store(&lags)
	})
}

func (s *stack) age(since time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return max(0, s.store.Now().Sub(since))
}

// sinkStatus is how far sinks were behind when it was last measured.
func (s *stack) sinkStatus() []filters.SinkStatus {
	if lags := s.lags.Load(); lags != nil {
		return *lags
	}
	return nil
}
