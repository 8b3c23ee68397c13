package operation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cordon/filters"
)

// Desk is where people put machines into the maintenance schedule, have them taken down and brought up, take them out, and look.
// What it answers is recorded; the leader does it. Safe for concurrent use, on every replica.
type Desk struct{ config *Config }

// NewDesk returns a Desk.
func NewDesk(config *Config) *Desk { return &Desk{config} }

// Listing is what a word about machines did, or would do.
type Listing struct {
	filters.Result // Operation, DryRun, Repeated, Held, At, and of dry runs Impact
	// Subject is whose message tells of the first machine that changes.
	Subject string
	// Changed are the machines that it changes, as they are then; Already those that are so already.
	Changed, Already []State
	// Tasks is how many tasks run on them by framework; TasksKnown is false where this replica does not know.
	Tasks      map[string]int
	TasksKnown bool
}

// Schedule puts the targets' machines into the maintenance schedule, each with every agent on it: their frameworks get inverse
// offers, nothing is killed. A machine that we have scheduled already is moved. A span without a duration is Endless. Errors:
// Invalid, Unknown, Ambiguous, Denied, Limited, Frozen, Conflict (somebody else's window, a drain, another operation under way),
// Unavailable and Unconfirmed.
func (d *Desk) Schedule(ctx context.Context, request filters.Request, span filters.Span) (Listing, error) {
	span.Endless = span.Duration == 0
	if err := checkWish(span, d.now()); err != nil {
		return Listing{}, err
	}
	return d.do(ctx, request, word{Kind: filters.KindSchedule, Span: &span})
}

// checkWish refuses a span that nobody means.
func checkWish(span filters.Span, now time.Time) error {
	if err := CheckSpan(span); err != nil {
		return err
	}
	if end := span.End(); !end.IsZero() && !end.After(now) {
		return invalid("that time is over: "+span.String(), "one that is still to come, such as `--start \"tomorrow 02:00\" --duration 1h`")
	}
	return nil
}

// Down asks for the targets' machines to be taken down: what runs there is killed. They must be ours in the schedule. Others must
// approve of it first, unless the policy says otherwise: then Approval is what was asked for.
func (d *Desk) Down(ctx context.Context, request filters.Request) (Listing, error) {
	return d.do(ctx, request, word{Kind: filters.KindDown})
}

// Up brings up the targets' machines that we took down, and takes them out of the schedule.
func (d *Desk) Up(ctx context.Context, request filters.Request) (Listing, error) {
	return d.do(ctx, request, word{Kind: filters.KindUp})
}

// Cancel takes the targets' machines out of the schedule. What is being taken down already cannot be cancelled.
func (d *Desk) Cancel(ctx context.Context, request filters.Request) (Listing, error) {
	return d.do(ctx, request, word{Kind: filters.KindCancel})
}

func (d *Desk) now() time.Time { return d.config.Service.Now() }

// tries bounds how often a word is tried again because a machine changed meanwhile.
const tries = 8

// do plans and records a word about machines.
func (d *Desk) do(ctx context.Context, request filters.Request, wanted word) (Listing, error) {
	if wanted.Kind == filters.KindDown && !d.config.MayDown {
		return Listing{}, &filters.Error{Code: filters.Denied, Wrong: "taking machines down is switched off for *" + d.config.Cluster + "*", Expected: "`allow: [down]` of the cluster in the configuration"}
	}
	if earlier, said, err := d.said(ctx, &request); said || err != nil {
		return earlier, err
	}
	for try := 1; ; try++ {
		turned := d.config.Book.Turned()
		plan, err := d.decide(ctx, &request, wanted)
		if err != nil {
			return Listing{}, err
		}
		listing, err := d.record(ctx, plan)
		if filters.CodeOf(err) != filters.Conflict || try == tries {
			return listing, err
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return Listing{}, err
		}
	}
}

// decide plans what the word does to every machine that is meant.
func (d *Desk) decide(ctx context.Context, request *filters.Request, wanted word) (*plan, error) {
	plan, err := d.plan(ctx, request, wanted.Kind)
	if err != nil {
		return nil, err
	}
	plan.intent = wanted.intent()
	for i := range plan.spots {
		if request.Approved() != nil {
			wanted.decideApproved(plan, &plan.spots[i])
		} else if err := wanted.decide(plan, &plan.spots[i]); err != nil {
			return nil, err
		}
	}
	if request.Approved() != nil && len(plan.changed)+len(plan.already) == 0 {
		return nil, filters.NoneLeft(plan.request.LeftOut)
	}
	return plan, nil
}

// said answers a request that came before with what it did then.
func (d *Desk) said(ctx context.Context, request *filters.Request) (Listing, bool, error) {
	if request.Key == "" || request.DryRun {
		return Listing{}, false, nil
	}
	result, found, err := d.config.Service.Outcome(ctx, request.Key)
	if err != nil || !found {
		return Listing{}, false, err
	}
	return d.repeated(result), true, nil
}

func (d *Desk) repeated(result filters.Result) Listing {
	listing := Listing{Result: result}
	for _, machine := range d.config.machines() {
		if machine.Operation == result.Operation {
			listing.Changed, listing.Subject = append(listing.Changed, machine.State), machine.Subject
		}
	}
	return listing
}

// record writes the plan down, if it changes anything.
func (d *Desk) record(ctx context.Context, plan *plan) (Listing, error) {
	listing := Listing{Already: plan.already, Subject: plan.operation}
	listing.Tasks, listing.TasksKnown = d.tasksOn(plan.spots)
	listing.DryRun, listing.At, listing.LeftOut = plan.request.DryRun, plan.now, plan.request.LeftOut
	if len(plan.changed) == 0 {
		return listing, nil
	}
	arrangement := filters.Arrangement{
		Request: *plan.request, Verb: filters.VerbMaintenance, Operation: plan.operation, Subject: plan.operation, Steps: plan.steps, Intent: plan.intent,
		Starts: plan.intent != nil, Within: plan.kind == filters.KindDown,
	}
	for i := range plan.changed {
		listing.Changed = append(listing.Changed, plan.changed[i].State)
		arrangement.Told = append(arrangement.Told, plan.told(&plan.changed[i]))
	}
	listing.Subject = plan.changed[0].Subject
	result, err := d.config.Service.Arrange(ctx, arrangement)
	if err != nil {
		return Listing{}, err
	}
	if result.Repeated {
		return d.repeated(result), nil
	}
	if listing.Result = result; result.Waits() {
		listing.Changed = nil // nothing was, yet
	}
	if plan.intent != nil {
		listing.Held = "" // only giving back is held
	}
	return listing, nil
}

func (p *plan) told(changed *kept) filters.Told {
	told := changed.told(changed.revision, p.kind, string(filters.StateRecorded))
	told.Event.Reason = p.request.Reason
	return told
}

func (d *Desk) tasksOn(spots []spot) (tasks map[string]int, known bool) {
	tasks, known = map[string]int{}, true
	for i := range spots {
		for _, agent := range spots[i].agents {
			on, sure := d.config.tasks(agent.ID)
			known = known && sure
			for framework, count := range on {
				tasks[framework] += count
			}
		}
	}
	return tasks, known
}

// operationOf is the ID of a request's operation: the same for each delivery.
func (d *Desk) operationOf(request *filters.Request) string {
	if request.Key == "" {
		return filters.RandomID("op-")
	}
	return filters.DerivedID("op-", d.config.Cluster, request.Key)
}

func ids(agents []*filters.Agent) []filters.AgentID {
	all := make([]filters.AgentID, 0, len(agents))
	for _, agent := range agents {
		all = append(all, agent.ID)
	}
	slices.Sort(all)
	return all
}

func firstReason(request *filters.Request, earlier string) string {
	return cmp.Or(request.Reason, earlier)
}
