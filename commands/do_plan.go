package commands

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// plan does what is about windows and runs.
func (t *turn) plan(ctx context.Context) (Reply, error) {
	if t.desk == nil {
		return Reply{}, t.noDesk()
	}
	switch t.command.Verb {
	case "window list", "window show", "window next", verbWindowAgents:
		return t.lookAtWindows()
	case "window add":
		return t.addWindow(ctx)
	case "window pause", "window resume", "window skip", "window rm":
		return t.changeWindow(ctx)
	case "run list", "run show":
		return t.lookAtRuns()
	case "run start":
		return t.startRun(ctx)
	}
	return t.changeRun(ctx)
}

// isPlan tells whether a verb is about windows or runs.
func isPlan(verb string) bool { return strings.Contains(verb, " ") }

func (t *turn) lookAtWindows() (Reply, error) {
	now := t.service.Now()
	if t.command.Verb == "window list" {
		return renderWindows(t.cluster, t.desk.Windows(), now), nil
	}
	if t.command.Name == "" {
		return renderUpcoming(t.cluster, t.desk.Upcoming(now, cmp.Or(t.command.Most, openingsShown)), now), nil
	}
	listing, err := t.desk.Window(t.command.Name)
	switch {
	case err != nil:
		return Reply{}, err
	case t.command.Verb == "window next":
		return renderUpcoming(t.cluster, t.openings(&listing, cmp.Or(t.command.Most, openingsShown)), now), nil
	case t.command.Verb == verbWindowAgents:
		agents, err := t.service.Agents(listing.Window.Targets)
		return renderWindowAgents(t.cluster, &listing, agents, err, now), nil
	case t.command.YAML:
		return renderWindowYAML(t.cluster, &listing), nil
	}
	return renderWindow(t.cluster, t.sight(&listing)), nil
}

// openings are the next occurrences of one window, as the desk tells them of all.
func (t *turn) openings(listing *scheduler.Listing, most int) []scheduler.Upcoming {
	var own []scheduler.Upcoming
	agents := -1
	for at := t.service.Now(); len(own) < most; {
		occurrence, ok := listing.Window.Next(at)
		if !ok {
			break
		}
		if agents < 0 {
			agents = t.matching(listing.Window)
		}
		own = append(own, scheduler.Upcoming{Occurrence: occurrence, Window: listing.Window, Agents: agents, Note: t.obstacle(occurrence)})
		at = occurrence.Start
	}
	return own
}

// obstacle says why the occurrence may not open, if the desk says it of its next ones.
func (t *turn) obstacle(occurrence scheduler.Occurrence) string {
	if t.notes == nil {
		t.notes = map[string]string{}
		for _, coming := range t.desk.Upcoming(t.service.Now(), 10*openingsMost) {
			t.notes[coming.Name()] = coming.Note
		}
	}
	return t.notes[occurrence.Name()]
}

// matching counts the agents that match a window's targets now.
func (t *turn) matching(window *scheduler.Window) int {
	agents, err := t.service.Agents(window.Targets)
	if err != nil {
		return 0
	}
	return len(slices.DeleteFunc(agents, func(agent filters.AgentStatus) bool { return !agent.Listed }))
}

// sight is a window as it is shown: with its agents and its next openings.
func (t *turn) sight(listing *scheduler.Listing) *windowSight {
	return &windowSight{Listing: listing, agents: t.matching(listing.Window), openings: t.openings(listing, openingsBrief), now: t.service.Now()}
}

func (t *turn) addWindow(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	definition := t.command.Window
	definition.TimeZone = cmp.Or(definition.TimeZone, t.Actor.Location().String())
	if _, problems := scheduler.Compile(t.command.Name, definition, scheduler.NowIs(t.service.Now())); len(problems) > 0 {
		return renderProblems(t.cluster, t.command.Name, problems), nil
	}
	_, unknown := t.desk.Window(t.command.Name)
	listing, err := t.desk.Add(ctx, request, t.command.Name, definition)
	if err != nil {
		return Reply{}, err
	}
	if listing.Approval != nil {
		return renderAsked(t.cluster, listing.Approval, t.service.Now()), nil
	}
	sight := t.sight(&listing)
	return renderAdded(t.cluster, sight, unknown != nil, request.DryRun), nil
}

func (t *turn) changeWindow(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	name := t.command.Name
	if start := t.command.Start; !start.IsZero() {
		if err := t.stillMeant(name, start); err != nil {
			return Reply{}, err
		}
	}
	change := t.desk.Pause
	switch t.command.Verb {
	case "window resume":
		change = t.desk.Resume
	case "window skip":
		change = t.desk.Skip
	case "window rm":
		change = t.desk.Remove
	}
	listing, err := change(ctx, request, name)
	if err != nil && !t.removedBefore(ctx, err) {
		return Reply{}, err
	}
	return renderChangedWindow(t.cluster, t.command.Verb, name, &listing, request, t.service.Now()), nil
}

// removedBefore tells whether the window is not known because this very request removed it: it was delivered twice.
func (t *turn) removedBefore(ctx context.Context, err error) bool {
	if t.command.Verb != "window rm" || t.RequestKey == "" || filters.CodeOf(err) != filters.Unknown {
		return false
	}
	earlier, found, lookup := t.service.Outcome(ctx, t.RequestKey)
	return lookup == nil && found && earlier.Verb == filters.VerbWindow
}

// stillMeant refuses a button whose occurrence is over, or not the next one: what it would skip is another.
func (t *turn) stillMeant(name string, start time.Time) error {
	listing, err := t.desk.Window(name)
	if err != nil {
		return err
	}
	switch open := listing.State.Open; {
	case open != nil && open.Closing.IsZero() && open.Start.Equal(start):
		return nil
	case open != nil && open.Closing.IsZero():
		return &filters.Error{Code: filters.Conflict, Wrong: "`" + name + "` is open now, since another time", Expected: "this button when it is closed", Try: "`/mesos window skip " + name + "` would close it"}
	case listing.HasNext && listing.Next.Start.Equal(start):
		return nil
	}
	if active, open := listing.Window.Active(t.service.Now()); open && active.Start.Equal(start) && listing.State.Open == nil && listing.State.Last.Before(start) {
		return nil // it has not opened yet, though its time has come
	}
	return &filters.Error{Code: filters.Conflict, Wrong: "this opening of `" + name + "` is over, or skipped already", Try: "`/mesos window next " + name + "` shows what comes"}
}

func (t *turn) lookAtRuns() (Reply, error) {
	now := t.service.Now()
	if t.command.Verb == "run list" {
		return renderRuns(t.cluster, t.desk.Runs(), now), nil
	}
	id, err := t.runID()
	if runs := t.desk.Runs(); err != nil && filters.CodeOf(err) == filters.Invalid && len(runs) > 0 {
		return renderRun(t.cluster, &runs[0], now), nil // the newest
	}
	if err != nil {
		return Reply{}, err
	}
	run, err := t.desk.Run(id)
	if err != nil {
		return Reply{}, err
	}
	return renderRun(t.cluster, &run, now), nil
}

// runID is the run that is meant: the one that was named, or the only one that is not over.
func (t *turn) runID() (string, error) {
	if len(t.command.IDs) > 0 {
		return t.command.IDs[0], nil
	}
	var going []string
	for _, run := range t.desk.Runs() {
		if !run.State.Phase.Over() {
			going = append(going, run.State.ID)
		}
	}
	switch len(going) {
	case 0:
		return "", &filters.Error{Code: filters.Invalid, Wrong: "no run is under way in *" + t.cluster + "*", Try: "`/mesos run list` shows those that ended"}
	case 1:
		return going[0], nil
	}
	return "", &filters.Error{Code: filters.Ambiguous, Wrong: Count(len(going), "run") + " are under way", Expected: "the ID of one: `" + strings.Join(going[:min(len(going), listed)], "`, `") + "`"}
}

func (t *turn) startRun(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	if mode := t.command.Window.Mode; mode != "" && mode != string(filters.ModeFilter) {
		return Reply{}, &filters.Error{Code: filters.Invalid, Wrong: "I know no mode `" + clip(mode, 20) + "`", Expected: "`--mode filter`, in which agents get no new tasks and those that run there run on"}
	}
	if _, problems := scheduler.CompileProcedure(t.command.Procedure); len(problems) > 0 {
		return renderRunProblems(t.cluster, problems), nil
	}
	run, err := t.desk.StartRun(ctx, request, scheduler.RunRequest{
		Procedure: t.command.Procedure, MaxUnavailable: t.command.Window.MaxUnavailable, Per: t.command.Window.MaxUnavailablePer,
	})
	if err != nil {
		return Reply{}, t.unquoted(err)
	}
	if run.Approval != nil {
		return renderAsked(t.cluster, run.Approval, t.service.Now()), nil
	}
	return t.observing(renderStarted(t.cluster, &run, request.DryRun)), nil
}

func (t *turn) changeRun(ctx context.Context) (Reply, error) {
	request, err := t.request()
	if err != nil {
		return Reply{}, err
	}
	id, err := t.runID()
	if err != nil {
		return Reply{}, err
	}
	var run scheduler.RunListing
	switch t.command.Verb {
	case "run pause":
		run, err = t.desk.PauseRun(ctx, request, id)
	case "run resume":
		run, err = t.desk.ResumeRun(ctx, request, id)
	case "run abort":
		run, err = t.desk.AbortRun(ctx, request, id)
	default:
		run, err = t.desk.Confirm(ctx, request, id, t.command.Word)
	}
	if err != nil {
		return Reply{}, err
	}
	return renderChangedRun(t.cluster, t.command.Verb, t.command.Word, &run, request.DryRun, t.service.Now()), nil
}
