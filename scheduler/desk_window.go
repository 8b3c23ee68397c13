package scheduler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Desk is where people look at one cluster's windows and runs and change them, on any replica. Its changes go through the
// gate, once for each request key. Safe for concurrent use.
type Desk struct {
	config    *Config
	catalogue *catalogue
}

// NewDesk returns the desk of a cluster.
func NewDesk(config *Config) *Desk { return &Desk{config, newCatalogue(config)} }

// Listing is a window with what is remembered of it.
type Listing struct {
	Window     *Window
	State      WindowState
	Configured bool       // the configuration has it; else somebody made it in chat
	Next       Occurrence // the next that opens
	HasNext    bool
	// Frozen says why nothing would open now; Note says what a change did, in a phrase.
	Frozen, Note string
	// Impact is what withholding all of its agents now would cost; nil: it was not asked for by a dry run of Add.
	Impact *filters.Impact
	// Needs is what a dry run of Add would need first; Approval what Add asked for because of that: nothing has changed.
	Needs    filters.Needs
	Approval *filters.Approval
}

// Upcoming is an occurrence to come.
type Upcoming struct {
	Occurrence
	Window *Window
	Agents int
	Note   string // why it may not open, in a phrase; empty: nothing stands in its way
}

// Windows returns every window by name.
func (d *Desk) Windows() []Listing {
	var listings []Listing
	now := d.config.Service.Now()
	for name := range d.catalogue.names() {
		if scene, err := d.catalogue.scene(name, now); err == nil && scene.window != nil {
			listings = append(listings, scene.listing(""))
		}
	}
	slices.SortFunc(listings, func(a, b Listing) int { return strings.Compare(a.Window.Name, b.Window.Name) })
	return listings
}

// Window returns the window with the name; Unknown if there is none.
func (d *Desk) Window(name string) (Listing, error) {
	scene, err := d.find(name)
	if err != nil {
		return Listing{}, err
	}
	return scene.listing(""), nil
}

func (d *Desk) find(name string) (*scene, error) {
	scene, err := d.catalogue.scene(name, d.config.Service.Now())
	if err != nil {
		return nil, err
	}
	if scene.window == nil {
		return nil, d.unknown(name)
	}
	return scene, nil
}

func (d *Desk) unknown(name string) error {
	var known []string
	for _, listing := range d.Windows() {
		known = append(known, listing.Window.Name)
	}
	err := &filters.Error{Code: filters.Unknown, Wrong: "I know no window `" + name + "` in *" + d.config.Cluster + "*", Try: "`/mesos window list` shows them"}
	if near := filters.Nearest(name, known, 3); len(near) > 0 {
		err.Try = "Nearest: `" + strings.Join(near, "`, `") + "`"
	}
	return err
}

func (s *scene) listing(note string) Listing {
	listing := Listing{Window: s.window, State: s.state, Configured: s.configured, Note: note, Frozen: s.config.frozen(s.now, s.name)}
	listing.Next, listing.HasNext = s.coming()
	return listing
}

// coming is the next occurrence that nobody skipped.
func (s *scene) coming() (Occurrence, bool) {
	occurrence, ok := s.upcoming()
	for ok && s.skip(occurrence) != nil {
		occurrence, ok = s.window.Next(occurrence.Start)
	}
	return occurrence, ok
}

// Upcoming returns the occurrences of all windows that start after the time, at most so many, by start.
func (d *Desk) Upcoming(from time.Time, most int) []Upcoming {
	var all []Upcoming
	for name := range d.catalogue.names() {
		scene, err := d.catalogue.scene(name, from)
		if err != nil || scene.window == nil {
			continue
		}
		at := from
		for range most {
			occurrence, ok := scene.window.Next(at)
			if !ok {
				break
			}
			at = occurrence.Start
			all = append(all, Upcoming{Occurrence: occurrence, Window: scene.window, Note: scene.obstacle(occurrence)})
		}
	}
	slices.SortFunc(all, func(a, b Upcoming) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.Occurrence.Window, b.Occurrence.Window))
	})
	all = all[:min(most, len(all))]
	d.count(all)
	return all
}

// count fills in how many agents each names now, resolving each window once.
func (d *Desk) count(all []Upcoming) {
	counts := map[string]int{}
	for i := range all {
		name := all[i].Occurrence.Window
		count, ok := counts[name]
		if !ok {
			count = len((&scene{config: d.config}).targets(all[i].Window))
			counts[name] = count
		}
		all[i].Agents = count
	}
}

// obstacle says why the occurrence may not open.
func (s *scene) obstacle(occurrence Occurrence) string {
	if skip := s.skip(occurrence); skip != nil {
		return "skipped by " + skip.Word.By
	}
	if s.state.Paused != nil {
		return "paused by " + s.state.Paused.By
	}
	if period, ok := s.period(occurrence); ok {
		return "frozen: " + period.Name
	}
	if s.window.Definition.Approval {
		if question := s.question(occurrence); question != nil && question.Answer == "yes" {
			return ""
		}
		return "needs approval"
	}
	return ""
}

func (s *scene) period(occurrence Occurrence) (Period, bool) {
	if s.config.Freezes == nil {
		return Period{}, false
	}
	return s.config.Freezes.At(occurrence.Start, s.name)
}

// Add makes a window, or changes one that was made in chat; what is open of it ends as it was opened. Invalid if the
// definition is wrong, or the configuration has the name.
func (d *Desk) Add(ctx context.Context, request filters.Request, name string, definition Definition) (Listing, error) {
	window, problems := Compile(name, definition, d.options()...)
	if len(problems) > 0 {
		return Listing{}, refusedField(problems[0])
	}
	listing, err := d.change(ctx, request, name, func(scene *scene) (*move, error) {
		if scene.configured {
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "`" + name + "` is defined in the configuration, and the configuration wins", Try: "Change it there, or choose another name"}
		}
		next := scene.to(filters.KindWindow, "")
		next.outcome = outcomeAdded
		if scene.window != nil {
			next.outcome = outcomeChanged
		}
		next.state.Definition, next.state.Author, next.state.Added = &definition, request.Actor.ID, scene.now
		next.state.Approved = approvedBy(request.Approved())
		scene.window, scene.state.Approved = window, next.state.Approved
		next.also, next.intent = window.verbs(), &filters.Intent{
			Kind: filters.PlanWindow, Details: encode(windowWanted{name, definition}), Steps: window.steps(scene.targets(window)),
		}
		if next.state.Timing != timing(window) {
			next.settle(scene.asked())
			next.retime(window, scene.now)
		}
		return next, nil
	})
	if err == nil && request.DryRun {
		listing.Impact = d.foresee(ctx, window)
	}
	return listing, err
}

// windowWanted is a window of chat as it is asked for: the details of a plan of filters.PlanWindow.
type windowWanted struct {
	Name       string     `json:"name"`
	Definition Definition `json:"definition"`
}

// approvedBy is what a window remembers of the approval that it was made by; nil: it needed none.
func approvedBy(approval *filters.Approval) *Approved {
	if approval == nil {
		return nil
	}
	approved := &Approved{ID: approval.ID, By: approval.Voters()}
	for _, step := range approval.Plan.Steps {
		approved.Agents = append(approved.Agents, step.Agent)
	}
	return approved
}

// foresee weighs the agents that match the window now; nil: none do.
func (d *Desk) foresee(ctx context.Context, window *Window) *filters.Impact {
	agents, err := filters.Resolve(d.config.Roster(), d.config.Groups, window.Targets)
	if err != nil {
		return nil
	}
	impact := d.config.Service.Cost(ctx, window.Mode, agents)
	return &impact
}

// Pause keeps the window from opening until somebody resumes it. What is open stays, and ends on time.
func (d *Desk) Pause(ctx context.Context, request filters.Request, name string) (Listing, error) {
	return d.change(ctx, request, name, func(scene *scene) (*move, error) {
		if scene.window == nil {
			return nil, d.unknown(name)
		}
		if paused := scene.state.Paused; paused != nil {
			return nil, &filters.Error{Code: filters.Conflict, Wrong: "`" + name + "` is paused already, by `" + paused.By + "`", Try: "`/mesos window resume " + name + "` ends that"}
		}
		next := scene.to(filters.KindWindow, "")
		next.state.Scheduled = nil // resumed in time, it is scheduled again
		next.outcome, next.state.Paused = outcomePaused, &Word{By: request.Actor.ID, Reason: request.Reason, At: scene.now}
		return next, nil
	})
}

// Resume lets a paused window open again; an occurrence that would be open now opens late, unless the window says otherwise.
func (d *Desk) Resume(ctx context.Context, request filters.Request, name string) (Listing, error) {
	return d.change(ctx, request, name, func(scene *scene) (*move, error) {
		if scene.window == nil {
			return nil, d.unknown(name)
		}
		if scene.state.Paused == nil {
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "`" + name + "` is not paused", Try: "`/mesos window show " + name + "` tells when it opens"}
		}
		next := scene.to(filters.KindWindow, "")
		next.outcome, next.state.Paused = outcomeResumed, nil
		return next, nil
	})
}

// Skip closes the occurrence that is open and gives its agents back; if none is open, the next does not open.
func (d *Desk) Skip(ctx context.Context, request filters.Request, name string) (Listing, error) {
	return d.change(ctx, request, name, func(scene *scene) (*move, error) {
		if scene.window == nil {
			return nil, d.unknown(name)
		}
		if scene.state.Open != nil && scene.state.Open.Closing.IsZero() {
			return scene.cut(request), nil
		}
		return scene.leaveOut(request)
	})
}

// cut closes the occurrence that is open, by somebody's word.
func (s *scene) cut(request filters.Request) *move {
	next := s.to(filters.KindClose, "")
	occurrence := s.occurrence(s.state.Open)
	next.owner, next.subject = occurrence.Owner(), string(occurrence.Owner())
	next.state.Open.Closing, next.state.Open.EndedBy = s.now, request.Actor.ID
	for _, filter := range s.config.Book.Filters() {
		if filter.Owner == occurrence.Owner() && filter.Stands() {
			next.end = append(next.end, filter.Key())
		}
	}
	if record := s.run(s.state.Open); record != nil {
		next.aborts(record, Word{By: request.Actor.ID, Reason: request.Reason, At: s.now})
	}
	return next
}

// leaveOut keeps the next occurrence from opening.
func (s *scene) leaveOut(request filters.Request) (*move, error) {
	occurrence, ok := s.coming()
	if active, open := s.window.Active(s.now); open && active.Start.After(s.floor()) && s.skip(active) == nil {
		occurrence, ok = active, true
	}
	if !ok {
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "`" + s.name + "` does not open any more", Try: "`/mesos window show " + s.name + "` tells why"}
	}
	next := s.to(filters.KindWindow, "")
	next.outcome, next.subject = outcomeSkipped, announceSubject(occurrence)
	next.state.Skips = append(next.state.Skips, Skip{occurrence.Start, Word{By: request.Actor.ID, Reason: request.Reason, At: s.now}})
	next.settle(s.question(occurrence))
	return next, nil
}

// Remove takes a window of chat away; an occurrence that is open is closed and its agents are given back.
func (d *Desk) Remove(ctx context.Context, request filters.Request, name string) (Listing, error) {
	return d.change(ctx, request, name, func(scene *scene) (*move, error) {
		switch {
		case scene.window == nil:
			return nil, d.unknown(name)
		case scene.configured:
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "`" + name + "` is defined in the configuration", Try: "Take it out there, or `/mesos window pause " + name + "`"}
		case scene.state.Open != nil && scene.state.Open.Closing.IsZero():
			next := scene.cut(request)
			next.state.Definition = nil // the closing goes on, and then it is forgotten
			return next, nil
		}
		next := scene.to(filters.KindWindow, "")
		next.outcome, next.state.Definition = outcomeRemoved, nil
		next.removed = scene.state.Open == nil && len(scene.machines()) == 0
		next.settle(scene.asked())
		return next, nil
	})
}

// attempts bounds how often a change is made anew because the leader changed the same window meanwhile.
const attempts = 10

// change carries out somebody's change of a window.
func (d *Desk) change(ctx context.Context, request filters.Request, name string, plan func(*scene) (*move, error)) (Listing, error) {
	for attempt := 1; ; attempt++ {
		turned := d.config.Book.Turned()
		scene, err := d.catalogue.scene(name, d.config.Service.Now())
		if err != nil {
			return Listing{}, err
		}
		window := scene.window
		next, err := plan(scene)
		if err != nil {
			return d.orEarlier(ctx, request, scene, err)
		}
		if next.subject == "" {
			next.subject, next.owner = "window:"+name, filters.Owner("window:"+name)
		}
		result, err := d.config.Service.Arrange(ctx, next.arrangement(request, 0))
		if err == nil {
			if !result.Repeated && !result.Waits() {
				scene.state = next.state
			}
			scene.window = cmp.Or(scene.window, window)
			listing := scene.listing(d.done(next, result))
			if listing.Needs = result.Needs; result.Waits() {
				listing.Approval = result.Approval
			}
			return listing, nil
		}
		if filters.CodeOf(err) != filters.Conflict || attempt == attempts {
			return Listing{}, err
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return Listing{}, err
		}
	}
}

// orEarlier answers a repeated delivery of a request that did its work as the first was answered.
func (d *Desk) orEarlier(ctx context.Context, request filters.Request, scene *scene, err error) (Listing, error) {
	if request.Key != "" && scene.window != nil {
		if _, found, lookup := d.config.Service.Outcome(ctx, request.Key); found && lookup == nil {
			return scene.listing("done before"), nil
		}
	}
	return Listing{}, err
}

// done says what a change did.
func (d *Desk) done(next *move, result filters.Result) string {
	switch {
	case result.Repeated:
		return "done before"
	case result.DryRun:
		return "nothing was changed"
	case next.kind == filters.KindClose && len(next.others) > 0:
		return "closed now, and its run is aborted"
	case next.kind == filters.KindClose:
		return fmt.Sprintf("closed now: %d agents are given back", len(next.end))
	case next.outcome == outcomeSkipped:
		return next.state.Skips[len(next.state.Skips)-1].Start.Format("2006-01-02 15:04") + " UTC does not open"
	}
	return next.outcome
}

// options tell what a definition may name.
func (d *Desk) options() []Option {
	groups := slices.Collect(maps.Keys(d.config.Groups))
	return []Option{KnownWebhooks(d.config.Hooks...), KnownGroups(groups...), Allows(d.config.Allow...), NowIs(d.config.Service.Now())}
}
