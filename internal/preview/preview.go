package preview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// openingsMost is how many openings a preview shows at most.
const openingsMost = 20_000

// Question is what a preview is asked.
type Question struct {
	Cluster string
	Windows []*scheduler.Window // are sorted by name
	Freezes *scheduler.Calendar // nil: none
	Groups  map[string]filters.Group
	Roster  *filters.Roster     // of the saved state; nil: the state is not known
	Limits  filters.LimitConfig // max_withheld
	From    time.Time           // the first moment
	To      time.Time           // the moment after the last
	// Zone is what days are days of; nil: that of the windows if they have one in common, else UTC.
	Zone *time.Location
	// Made is when, and Source of what the preview is made, such as `cordon.yaml`; empty: it does not say.
	Made   time.Time
	Source string
}

// Preview is what will happen.
type Preview struct {
	Cluster  string
	From, To time.Time
	Zone     *time.Location
	Windows  []*Window  // by name
	Openings []*Opening // by start, those first that are open at the beginning
	Freezes  []scheduler.Period
	Meetings []Meeting
	Capacity *Capacity // nil: the state is not known
	Made     time.Time
	Source   string
}

// Window is a window and its part in the preview.
type Window struct {
	*scheduler.Window
	Matches int    // agents of the saved state
	Unknown string // why its targets match nothing in the saved state, or which do not, in a phrase; empty: they do
	Opens   int    // how often it opens in the preview
	Shut    int    // how often a freeze keeps it shut

	agents []*filters.Agent
	known  bool // the state is
}

// Runs tells whether a run goes over its agents.
func (w *Window) Runs() bool { return w.Definition.Run != nil }

// Withholds tells whether its agents take no tasks while it is open. One that only schedules their machines leaves that to
// frameworks.
func (w *Window) Withholds() bool { return w.Mode != filters.ModeSchedule || w.TakeDown }

// Kills tells whether it kills what runs on its agents.
func (w *Window) Kills() bool { return w.Mode == filters.ModeDrain || w.TakeDown }

// Parallel is how many agents of its run are under way at once.
func (w *Window) Parallel() int { return max(1, w.Definition.Run.MaxParallel) }

// Opening is one opening of a window.
type Opening struct {
	scheduler.Occurrence
	Window *Window
	// Opens is when it opens: its start, or later where a freeze ends while it would be open. Zero: it does not open.
	Opens time.Time
	Notes []Note
	// Reached is how many of the agents it withholds, of those of a window without a run, as far as the state is known; Why
	// says why not all.
	Reached int
	Why     string

	met []met
}

// NoteKind is what kind of thing is to be known of an opening.
type NoteKind string

// The kinds of notes.
const (
	NoteClocks NoteKind = "clocks" // clocks are set while it is open, or it opens where they are
	NoteFreeze NoteKind = "freeze"
	NoteMeets  NoteKind = "meets" // another window is open for the same agents
	NoteLimit  NoteKind = "limit" // limits leave no room for all of its agents at once
	NoteNobody NoteKind = "nobody"
)

// Note is one thing to be known of an opening, in a phrase.
type Note struct {
	Kind NoteKind
	Text string
}

// Meeting is two windows that are open at once for the same agents.
type Meeting struct {
	One, Other string
	Times      int // how often
	First      time.Time
	Agents     int // that both have; 0: the state is not known, and they may have some in common
}

// Look answers the question. Its error is Invalid if the range is empty, and Limited if too much happens in it.
func Look(question Question) (*Preview, error) {
	if !question.From.Before(question.To) {
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "the range ends before it begins", Expected: "a first day and a last one, such as --from 2026-12-01 --to 2026-12-31"}
	}
	slices.SortFunc(question.Windows, func(a, b *scheduler.Window) int { return strings.Compare(a.Name, b.Name) })
	p := &Preview{Cluster: question.Cluster, From: question.From, To: question.To, Zone: ZoneOf(question), Made: question.Made, Source: question.Source}
	for _, window := range question.Windows {
		p.Windows = append(p.Windows, aim(window, &question))
	}
	if err := p.gather(question.Freezes); err != nil {
		return nil, err
	}
	p.Freezes = periods(question.Freezes, question.From, question.To)
	p.meet(question.Groups)
	if question.Roster != nil {
		p.Capacity = p.rehearse(&question)
	}
	for _, opening := range p.Openings {
		opening.annotate(question.Freezes)
	}
	return p, nil
}

// ZoneOf is the zone whose days are shown.
func ZoneOf(question Question) *time.Location {
	if question.Zone != nil {
		return question.Zone
	}
	zone := time.UTC
	for i, window := range question.Windows {
		if i > 0 && window.Zone.String() != zone.String() {
			return time.UTC
		}
		zone = window.Zone
	}
	return zone
}

// aim resolves the window's targets as an opening would.
func aim(window *scheduler.Window, question *Question) *Window {
	w := &Window{Window: window, known: question.Roster != nil}
	if question.Roster == nil {
		return w
	}
	var attributes []filters.Target
	var names [][]filters.Target
	for _, target := range window.Targets {
		if target.Attribute.Name != "" {
			attributes = append(attributes, target)
		} else {
			names = append(names, []filters.Target{target})
		}
	}
	if len(names) == 0 {
		names = append(names, nil)
	}
	found := map[filters.AgentID]*filters.Agent{}
	var unknown []string
	for _, name := range names {
		agents, err := filters.Resolve(question.Roster, question.Groups, append(name, attributes...))
		if err != nil {
			unknown = append(unknown, plain(err))
		}
		for _, agent := range agents {
			found[agent.ID] = agent
		}
	}
	for _, agent := range found {
		w.agents = append(w.agents, agent)
	}
	slices.SortFunc(w.agents, func(a, b *filters.Agent) int {
		return cmp.Or(strings.Compare(a.Hostname, b.Hostname), strings.Compare(string(a.ID), string(b.ID)))
	})
	w.Matches, w.Unknown = len(w.agents), strings.Join(unknown, "; ")
	return w
}

// plain is what was wrong, without the marks of chat.
func plain(err error) string {
	text := err.Error()
	if known, ok := err.(*filters.Error); ok {
		text = known.Wrong
	}
	return strings.NewReplacer("`", "", "*", "").Replace(text)
}

// gather finds the openings: those that start in the range, and those that are open when it begins.
func (p *Preview) gather(freezes *scheduler.Calendar) error {
	for _, window := range p.Windows {
		for occurrence := range window.Between(p.From.Add(-window.Length), p.To) {
			if !occurrence.End.After(p.From) {
				continue
			}
			if len(p.Openings) == openingsMost {
				return &filters.Error{Code: filters.Limited, Wrong: fmt.Sprintf("windows open more than %d times in this range", openingsMost), Expected: "fewer days"}
			}
			opening := &Opening{Occurrence: occurrence, Window: window, Opens: opens(window, occurrence, freezes)}
			p.Openings = append(p.Openings, opening)
			if opening.Opens.IsZero() {
				window.Shut++
			} else {
				window.Opens++
			}
		}
	}
	slices.SortStableFunc(p.Openings, func(a, b *Opening) int { return a.Start.Compare(b.Start) })
	return nil
}

// opens is when the occurrence opens: where a freeze ends while it would be open, it opens late, unless its window skips
// what it missed.
func opens(window *Window, occurrence scheduler.Occurrence, freezes *scheduler.Calendar) time.Time {
	at := occurrence.Start
	for at.Before(occurrence.End.Add(-window.Cutoff)) {
		period, frozen := freezes.At(at, window.Name)
		switch {
		case !frozen:
			return at
		case !window.Late:
			return time.Time{}
		}
		at = period.To
	}
	return time.Time{}
}

// periods are the freezes in the range, by their beginning.
func periods(freezes *scheduler.Calendar, from, to time.Time) []scheduler.Period {
	var within []scheduler.Period
	for _, period := range freezes.Periods() {
		if period.From.Before(to) && period.To.After(from) {
			within = append(within, period)
		}
	}
	return within
}
