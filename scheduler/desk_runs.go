package scheduler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/filters"
)

// RunRequest is what is asked for beside the targets when a run is started.
type RunRequest struct {
	Procedure Procedure
	// MaxUnavailable and Per limit the run as they limit a window, see Definition; empty: no limit of its own.
	MaxUnavailable, Per string
	// Drain makes it a drain: its agents stay withheld when they are done. Deadline is when the channel is told what holds one
	// up; 0: never.
	Drain    *filters.Drain
	Deadline time.Duration
	// Manual makes the drain one in which frameworks move their tasks and the master kills none; Last lets them move those, too,
	// that are the last of their app.
	Manual, Last bool
}

// RunListing is a run with its agents and how far it has come.
type RunListing struct {
	State  RunState
	Agents []RunAgent // by order
	// Done, Failed, Skipped, Doing and Left count the agents; their sum is all of them.
	Done, Failed, Skipped, Doing, Left int
	// Back are those of a drain's agents that are done and were given back since: they may not be taken down any more.
	Back []filters.AgentID
	// Estimate is how long it takes from now on; 0: not known.
	Estimate time.Duration
	// Needs is what it needs before it may begin, of a dry run; Approval what was asked for because of that: nothing has begun.
	Needs    filters.Needs
	Approval *filters.Approval
	// Notes are what is worth knowing of a drain before somebody says yes to it, each in a phrase.
	Notes []string
}

// Steps are the run's, as they were understood.
func (l *RunListing) Steps() []Step {
	procedure, _ := CompileProcedure(l.State.Procedure)
	if procedure == nil {
		return nil
	}
	return procedure.Steps
}

func (d *Desk) listRun(run *going) RunListing {
	count := tally(run.agents)
	listing := RunListing{State: run.state, Done: count.done, Failed: count.failed, Skipped: count.skipped, Doing: count.doing, Left: count.left}
	for i := range run.agents {
		listing.Agents = append(listing.Agents, run.agents[i].RunAgent)
	}
	listing.Back = d.back(run)
	if course, err := chart(&run.state); err == nil && !run.state.Phase.Over() {
		listing.Estimate = estimate(course, run.agents, d.now())
	}
	return listing
}

// back are the agents of a drain that it is done with and that were given back since.
func (d *Desk) back(run *going) []filters.AgentID {
	if !run.state.IsDrain() {
		return nil
	}
	var back []filters.AgentID
	for i := range run.agents {
		if agent := &run.agents[i].RunAgent; agent.Phase == AgentDone && !d.config.withholds(&run.state, agent) {
			back = append(back, agent.Agent)
		}
	}
	return back
}

// Observes tells whether nothing is done to agents: of runs it is only told what would be.
func (d *Desk) Observes() bool { return d.config.Observe }

// Runs returns every run, the newest first. Runs that are over stay for seven days.
func (d *Desk) Runs() []RunListing {
	all := d.going()
	listings := make([]RunListing, 0, len(all))
	for _, run := range slices.Backward(all) {
		listings = append(listings, d.listRun(run))
	}
	return listings
}

// Run returns the run with the ID; Unknown if there is none.
func (d *Desk) Run(id string) (RunListing, error) {
	run, err := d.run(id)
	if err != nil {
		return RunListing{}, err
	}
	return d.listRun(run), nil
}

func (d *Desk) now() time.Time { return d.config.Service.Now() }

func (d *Desk) going() []*going {
	all, _ := newArchive(d.config.Book, func(*filters.Record, error) {}).going()
	return slices.DeleteFunc(slices.Clone(all), func(run *going) bool { return !run.whole() && !run.state.Phase.Over() })
}

func (d *Desk) run(id string) (*going, error) {
	for _, run := range d.going() {
		if run.state.ID == id {
			return run, nil
		}
	}
	return nil, &filters.Error{Code: filters.Unknown, Wrong: "I know no run " + code(id) + " in *" + d.config.Cluster + "*", Try: "`/mesos run list` shows them"}
}

// StartRun starts a run over the targets: at most 5,000 agents, MaxParallel of which are under way at once, which is why
// the bound of other commands does not hold for it. Without a step and without a soak time there would be nothing to do while
// an agent is withheld: that is Invalid. A dry run changes nothing and returns the agents in their order and batches, with the
// least time that it takes if that depends on nobody.
func (d *Desk) StartRun(ctx context.Context, request filters.Request, wanted RunRequest) (RunListing, error) {
	run := d.draft(&request, &wanted)
	if request.Key != "" {
		if known, err := d.Run(run.ID); err == nil {
			return known, nil // the request came before
		}
		if earlier, found, err := d.config.Service.Outcome(ctx, request.Key); err == nil && found && earlier.Waits() {
			return RunListing{State: run, Approval: earlier.Approval}, nil
		}
	}
	course, err := d.check(&run)
	if err != nil {
		return RunListing{}, err
	}
	targets, err := d.targets(&request, run.reaches())
	if err != nil {
		return RunListing{}, err
	}
	run.Agents = len(targets)
	var notes []string
	if run.Drain != nil {
		if notes, err = d.weigh(ctx, request, &run, targets, request.Typed); err != nil {
			return RunListing{}, err
		}
	}
	line := lineUp(&run, targets)
	result, err := d.config.Service.Arrange(ctx, startArrangement(request, &run, &wanted, line))
	if err != nil {
		return RunListing{}, err
	}
	listing := RunListing{State: run, Agents: line, Left: len(line), Estimate: foreseen(course, line), Notes: notes, Needs: result.Needs}
	if result.Waits() {
		listing.Approval = result.Approval
	}
	return listing, nil
}

// draft is the run that is asked for, without its agents.
func (d *Desk) draft(request *filters.Request, wanted *RunRequest) RunState {
	run := RunState{
		Schema: 1, ID: filters.RandomID("r-"), Phase: RunGoing, By: request.Actor.ID, Reason: request.Reason, Started: d.now(),
		Mode: filters.ModeFilter, Procedure: wanted.Procedure, MaxUnavailable: wanted.MaxUnavailable, Per: wanted.Per,
	}
	if request.Key != "" {
		run.ID = filters.DerivedID("r-", d.config.Cluster, request.Key)
	}
	switch {
	case wanted.Drain != nil && wanted.Manual:
		run.movesOff(wanted)
	case wanted.Drain != nil:
		run.drains(wanted)
	}
	return run
}

// weigh holds the agents of a drain against what stands in its way, and notes in the run what it costs.
func (d *Desk) weigh(ctx context.Context, request filters.Request, run *RunState, agents []*filters.Agent, typed []string) (notes []string, err error) {
	if notes, err = d.drainable(run, agents); err == nil && run.kills() && !run.Drain.Gone {
		err = d.askMaster(ctx, agents)
	}
	if err != nil {
		return nil, err
	}
	if run.Drain.Ends() && !request.DryRun && request.Approved() == nil {
		if err := typedAgain(run, agents, typed); err != nil {
			return nil, err
		}
	}
	impact, err := d.config.Service.Weigh(ctx, request, run.verb(), agents)
	brief := impact.Brief()
	run.Impact = &brief
	return notes, err
}

// startArrangement puts the run's own record last: of a run whose record is there, all agents are.
func startArrangement(request filters.Request, run *RunState, wanted *RunRequest, line []RunAgent) filters.Arrangement {
	arrangement := filters.Arrangement{Request: request, Verb: filters.VerbRun, Subject: run.subject(), Intent: &filters.Intent{Kind: filters.PlanRun, Details: encode(wanted)}}
	if run.Drain != nil {
		arrangement.Verb = run.verb()
	} else {
		arrangement.Also = []filters.Verb{filters.VerbFilter} // it withholds its agents
	}
	if approval := request.Approved(); approval != nil {
		run.Approval, run.Yes = approval.ID, approval.Voters()
	}
	for i := range line {
		arrangement.Told = append(arrangement.Told, line[i].told(0, ""))
		arrangement.Intent.Steps = append(arrangement.Intent.Steps, filters.Step{Agent: line[i].Agent, Hostname: line[i].Hostname, Mode: run.Mode})
	}
	arrangement.Told = append(arrangement.Told, run.told(0, "started"))
	return arrangement
}

// check reads what a person asks a run to do.
func (d *Desk) check(run *RunState) (*course, error) {
	course, err := chart(run)
	switch {
	case err != nil:
		return nil, refusedField(err)
	case run.Manual():
		if err := d.mayMove(run); err != nil {
			return nil, err
		}
	case run.Drain != nil:
		if err := d.mayDrain(run); err != nil {
			return nil, err
		}
	case len(course.Steps) == 0 && course.Soak == 0:
		return nil, invalid("the run has nothing to do while an agent is withheld", "a step or a soak time, such as `--step \"webhook reboot\"` or `--soak 5m`")
	}
	for _, step := range course.Steps {
		if step.Kind == StepWebhook && !d.knows(step.Webhook) {
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "I know no webhook " + code(step.Webhook), Expected: "one that the configuration lists under `webhooks`"}
		}
	}
	return course, nil
}

func (d *Desk) knows(webhook string) bool {
	if d.config.Webhooks == nil {
		return false
	}
	_, known := d.config.Webhooks.Repeats(webhook)
	return known
}

// refusedField names the field that is wrong in the error itself.
func refusedField(err error) error {
	problem, ok := err.(Problem)
	if !ok {
		return err
	}
	told := *problem.Err
	told.Wrong = "`" + problem.Field + "`: " + told.Wrong
	return &told
}

// targets resolves what a run is to go over. A drain reaches agents that have departed; what is to be marked gone may be known to
// nobody here.
func (d *Desk) targets(request *filters.Request, drain *filters.Drain) ([]*filters.Agent, error) {
	roster := d.config.Roster()
	age := d.now().Sub(roster.AsOf())
	if err := roster.Unread(); err != nil {
		return nil, err
	}
	if request.DryRun && age > time.Minute {
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "my picture of the cluster is " + lasting(age) + " old", Expected: "a dry run is answered from one that is at most a minute old", Try: "Try again in a moment"}
	}
	var agents []*filters.Agent
	var err error
	if drain == nil {
		agents, err = filters.Resolve(roster, d.config.Groups, request.Targets)
	} else {
		agents, err = filters.ResolveKnown(roster, d.config.Groups, request.Targets, drain.Gone)
	}
	if err == nil && len(agents) > mostAgents {
		err = &filters.Error{Code: filters.Limited, Wrong: fmt.Sprintf("this names %d agents", len(agents)), Expected: fmt.Sprintf("a run goes over at most %d", mostAgents), Try: "Name fewer, and start one run after the other"}
	}
	return agents, err
}

// PauseRun lets nothing new begin; what is under way is finished. Pausing a run that is paused changes nothing.
func (d *Desk) PauseRun(ctx context.Context, request filters.Request, id string) (RunListing, error) {
	return d.say(ctx, request, id, string(RunPaused), func(run *going, word Word) (RunState, error) {
		state := run.state
		switch state.Phase {
		case RunGoing:
			state.Phase, state.Word, state.Why = RunPaused, &word, ""
		case RunPaused:
		default:
			return state, notIn(&state, "paused")
		}
		return state, nil
	})
}

// ResumeRun lets a run go on that is paused, or that stopped because too many agents had failed: those are forgiven, and stay
// withheld.
func (d *Desk) ResumeRun(ctx context.Context, request filters.Request, id string) (RunListing, error) {
	return d.say(ctx, request, id, "resumed", func(run *going, word Word) (RunState, error) {
		state := run.state
		switch state.Phase {
		case RunStopped:
			state.Forgiven = tally(run.agents).failed
			state.Phase, state.Word, state.Why = RunGoing, &word, ""
		case RunPaused:
			state.Phase, state.Word, state.Why = RunGoing, &word, ""
		case RunGoing:
		default:
			return state, notIn(&state, "resumed")
		}
		return state, nil
	})
}

// AbortRun ends a run: agents that were not begun, or to which nothing was done, are given back, and so are those that come
// back by themselves after their last step; the others stay withheld and are named when it is aborted.
func (d *Desk) AbortRun(ctx context.Context, request filters.Request, id string) (RunListing, error) {
	return d.say(ctx, request, id, string(RunAborting), func(run *going, word Word) (RunState, error) {
		switch run.state.Phase {
		case RunAborting, RunAborted:
			return run.state, nil
		case RunDone:
			return run.state, notIn(&run.state, "aborted")
		}
		return aborting(run.state, word), nil
	})
}

func notIn(state *RunState, verb string) error {
	err := &filters.Error{Code: filters.Invalid, Wrong: "run `" + state.ID + "` is " + string(state.Phase) + ": it cannot be " + verb}
	if !state.Phase.Over() {
		err.Try = "`/mesos run show " + state.ID + "` tells more"
	}
	return err
}

// deskTries bounds how often a person's word is tried again because the run went on meanwhile.
const deskTries = 8

// say records a person's word about a run. What changes nothing is not recorded.
func (d *Desk) say(ctx context.Context, request filters.Request, id, outcome string, decide func(*going, Word) (RunState, error)) (RunListing, error) {
	for try := 1; ; try++ {
		turned := d.config.Book.Turned()
		run, err := d.run(id)
		if err != nil {
			return RunListing{}, err
		}
		state, err := decide(run, Word{By: request.Actor.ID, Reason: request.Reason, At: d.now()})
		if err == nil && state.Phase == run.state.Phase || err != nil && d.saidBefore(ctx, request) {
			return d.listRun(run), nil
		}
		if err != nil {
			return RunListing{}, err
		}
		_, err = d.config.Service.Arrange(ctx, filters.Arrangement{
			Request: request, Verb: filters.VerbRun, Subject: state.subject(), Told: []filters.Told{state.told(run.revision, outcome)},
		})
		if tryAgain(ctx, err, try, turned) {
			continue
		}
		return d.listRun(&going{state, run.revision, run.agents}), err
	}
}

// saidBefore tells whether the request did its work already: its delivery is repeated.
func (d *Desk) saidBefore(ctx context.Context, request filters.Request) bool {
	if request.Key == "" {
		return false
	}
	_, found, err := d.config.Service.Outcome(ctx, request.Key)
	return found && err == nil
}

// tryAgain tells whether to try again what found a record changed, once the book knows of that.
func tryAgain(ctx context.Context, err error, try int, turned <-chan struct{}) bool {
	if filters.CodeOf(err) != filters.Conflict || try == deskTries {
		return false
	}
	select {
	case <-turned:
		return true
	case <-ctx.Done():
		return false
	}
}
