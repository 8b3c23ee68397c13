package slack

import (
	"context"
	"maps"
	"sync"
	"time"

	"cordon/commands"
)

const (
	homeKept     = 15 * time.Minute // how long after somebody opened their Home tab, or pressed something there, it is kept up
	homesMost    = 50               // of whom that is done
	homeSettles  = time.Second      // what happens together is shown together
	homeEvery    = 5 * time.Second  // how often one Home tab is shown anew
	homesEvery   = time.Second      // how often any is: Slack takes about a hundred a minute
	homeAnswered = time.Minute      // how long the answer to what was pressed stays above
	homeTakes    = 30 * time.Second
)

// homes are the Home tabs that people may have before them, which are shown anew when something changes.
type homes struct {
	mutex sync.Mutex
	known map[string]*homeTab // by user ID
	wake  chan struct{}
}

// homeTab is one of them.
type homeTab struct {
	showing sync.Mutex // held while it is published: what was rendered later is shown later

	team     string          // the workspace that the person came from
	seen     time.Time       // when they last opened it or pressed something
	shown    time.Time       // when it was last published
	due      time.Time       // from when it is to be shown anew; zero: it is up to date
	answer   *commands.Reply // to what they pressed last
	answered time.Time
}

// opened notes that somebody has their Home tab before them, with the answer to what they pressed there, nil when they came.
func (h *homes) opened(user, team string, answer *commands.Reply, now time.Time) *homeTab {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	tab := h.known[user]
	if tab == nil {
		h.prune(now)
		h.room()
		tab = &homeTab{}
		h.known[user] = tab
	}
	tab.team, tab.seen, tab.answer, tab.answered = team, now, answer, now
	return tab
}

// prune forgets who came too long ago.
func (h *homes) prune(now time.Time) {
	maps.DeleteFunc(h.known, func(_ string, tab *homeTab) bool { return now.Sub(tab.seen) > homeKept })
}

// room forgets who came before all others, if there are too many.
func (h *homes) room() {
	oldest := ""
	for user, tab := range h.known {
		if oldest == "" || tab.seen.Before(h.known[oldest].seen) {
			oldest = user
		}
	}
	if len(h.known) >= homesMost {
		delete(h.known, oldest)
	}
}

// forget stops keeping up the Home tab of somebody for whom there is nothing on it.
func (h *homes) forget(user string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.known, user)
}

// publishing notes that what is true from now on is being shown, and returns whose it is and what stands above it.
func (h *homes) publishing(tab *homeTab, now time.Time) (team string, answer *commands.Reply) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	tab.shown, tab.due = now, time.Time{}
	if now.Sub(tab.answered) > homeAnswered {
		tab.answer = nil
	}
	return tab.team, tab.answer
}

// next returns a Home tab that is to be shown anew, or in how long one is; zero: none is.
func (h *homes) next(now time.Time) (user string, tab *homeTab, wait time.Duration) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.prune(now)
	var first time.Time
	for id, one := range h.known {
		if one.due.IsZero() {
			continue
		}
		at := one.due
		if again := one.shown.Add(homeEvery); again.After(at) {
			at = again
		}
		if tab == nil || at.Before(first) {
			user, tab, first = id, one, at
		}
	}
	if tab == nil || !first.After(now) {
		return user, tab, 0
	}
	return "", nil, first.Sub(now)
}

// HomesChanged says that something changed which Home tabs show. It returns at once.
func (e *Edge) HomesChanged() {
	h, now := &e.homes, time.Now()
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, tab := range h.known {
		if tab.due.IsZero() {
			tab.due = now.Add(homeSettles)
		}
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// keepHomes shows Home tabs anew until ctx ends, one after the other.
func (e *Edge) keepHomes(ctx context.Context) {
	for ctx.Err() == nil {
		user, tab, wait := e.homes.next(time.Now())
		if tab != nil {
			bounded, cancel := context.WithTimeout(ctx, homeTakes)
			e.showHome(bounded, user, tab, "")
			cancel()
			pause(ctx, homesEvery)
			continue
		}
		if wait == 0 {
			wait = homeKept
		}
		timer := time.NewTimer(wait)
		select {
		case <-e.homes.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}
