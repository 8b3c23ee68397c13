package filters

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// permit asks the gate what the change needs first, and holds one that was approved against its approval. The change is also of the
// other verbs, see Ask.
func (s *Service) permit(ctx context.Context, c *change, also ...Verb) error {
	needs, err := s.config.Gate.Decide(ctx, Ask{
		Actor: c.Actor, Plan: c.result.Plan, Also: also, Glass: c.Glass, Impact: func() Impact { return s.impact(ctx, &c.result.Plan) },
	})
	if needs.Typed && c.result.Plan.Kind == PlanWindow { // at its openings nobody types: somebody else's yes stands in for it
		needs.Typed, needs.Approvals, needs.From = false, max(needs.Approvals, 1), cmp.Or(needs.From, JurorsApprovers)
	}
	switch {
	case err != nil:
		return err
	case c.approved != nil:
		return s.asApproved(ctx, c, needs)
	case c.Glass && strings.TrimSpace(c.Reason) == "":
		return &Error{Code: Invalid, Wrong: "`--break-glass` needs a reason", Expected: "`-m` and a few words", Try: "For example `/mesos drain agent-one --break-glass -m \"rack on fire\"`"}
	case needs.Approvals > 0 && c.Direct && !c.DryRun:
		return &Error{Code: Denied, Wrong: "this needs the approval of others, and it cannot wait for one here", Expected: "the command in chat"}
	}
	c.needs, c.result.Needs = needs, needs
	if needs.Typed && !c.DryRun {
		return typedAgain(c)
	}
	return nil
}

// waits tells whether others must say yes before the change is made.
func (c *change) waits() bool { return c.needs.Approvals > 0 && !c.Glass }

// intend notes what starts the plan again, in the words of whoever does.
func (c *change) intend(intent *Intent) {
	if intent == nil {
		return
	}
	c.result.Plan.Kind, c.result.Plan.Details = intent.Kind, intent.Details
	c.result.Plan.Steps = append(c.result.Plan.Steps, intent.Steps...)
}

// asApproved refuses what is not, or not any more, what was approved: then it has to be asked again.
func (s *Service) asApproved(ctx context.Context, c *change, needs Needs) error {
	approved := c.approved
	if approved.Plan.Hash() != approved.Hash || !approved.Plan.covers(&c.result.Plan) {
		return &Error{Code: Invalid, Wrong: "what would be done is not what was approved"}
	}
	if yes := approved.Yes(); needs.Approvals > yes {
		return &Error{Code: Changed, Wrong: fmt.Sprintf("by now %d must say yes, and %d did", needs.Approvals, yes)}
	}
	if now, then := needs.From, approved.Needs.From; needs.Approvals > 0 && now != then {
		return &Error{Code: Changed, Wrong: "by now it takes the word of " + now.words() + ", and it was approved by that of " + then.words()}
	}
	impact := s.impact(ctx, &c.result.Plan)
	if why := impact.Worse(&approved.Impact); why != "" {
		return &Error{Code: Changed, Wrong: why}
	}
	return nil
}

// covers tells whether all that the other plan does was in this one: agents and filters may have dropped out since.
func (p *Plan) covers(now *Plan) bool {
	same := p.Cluster == now.Cluster && p.Verb == now.Verb && p.Kind == now.Kind && p.Owner == now.Owner && p.Reason == now.Reason &&
		p.Until.Equal(now.Until) && (p.Kind == PlanFilters || string(p.Details) == string(now.Details))
	return same && !slices.ContainsFunc(now.Steps, func(step Step) bool {
		return !slices.ContainsFunc(p.Steps, func(planned Step) bool {
			return planned.Agent == step.Agent && planned.Mode == step.Mode && (step.Agent != "" || planned.Hostname == step.Hostname)
		})
	})
}

// Retyped tells whether a word is the hostname typed again, in whatever case: letters of other alphabets that fold to one of its own are not.
func Retyped(word, host string) bool { return len(word) == len(host) && strings.EqualFold(word, host) }

// typedAgain refuses what is asked to be typed again unless every hostname, and none beside, was.
func typedAgain(c *change) error {
	hosts := c.result.Plan.Hosts()
	var missing []string
	for _, host := range hosts {
		if !slices.ContainsFunc(c.Typed, func(word string) bool { return Retyped(word, host) }) {
			missing = append(missing, "`"+host+"`")
		}
	}
	for _, word := range c.Typed {
		if !slices.ContainsFunc(hosts, func(host string) bool { return Retyped(word, host) }) {
			return &Error{Code: Invalid, Wrong: "`--confirm` names `" + strings.ReplaceAll(word, "`", "'") + "`, which is none of the agents", Expected: "`--confirm " + strings.Join(hosts, ",") + "`"}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	why := c.needs.Why
	if why == "" {
		why = "this cannot be undone"
	}
	return &Error{
		Code: Invalid, Wrong: why + ", so each hostname must be typed again; not typed: " + strings.Join(missing, ", "),
		Expected: "`--confirm " + strings.Join(hosts, ",") + "`", Try: "`--dry-run` shows what it costs",
	}
}

// filterDetails are the options of a plan of kind PlanFilters that is about filters which stand.
type filterDetails struct {
	IDs []string      `json:"ids"`
	For time.Duration `json:"for,omitempty"` // of extend
}

func naming(found []*Filter, duration time.Duration) *Intent {
	details := filterDetails{For: duration}
	for _, filter := range found {
		details.IDs = append(details.IDs, filter.ID)
	}
	encoded, err := json.Marshal(details)
	if err != nil {
		panic(err) // strings and a number encode
	}
	return &Intent{Kind: PlanFilters, Details: encoded}
}

// Start carries out an approved plan of kind PlanFilters, once for the approval. Agents that the master does not list any more,
// those that cannot be adopted any more and filters that ended meanwhile are left out.
func (s *Service) Start(ctx context.Context, approval *Approval) (Started, error) {
	request := approval.Request()
	if earlier, found, err := s.Outcome(ctx, request.Key); err != nil || found {
		return Started{earlier.Operation, earlier.LeftOut}, err
	}
	var result Result
	var err error
	switch verb := approval.Plan.Verb; verb {
	case VerbFilter, VerbAdopt:
		if request.Targets, request.LeftOut, err = approval.Plan.Listed(s.config.State.Roster()); err != nil {
			return Started{}, err
		}
		if verb == VerbAdopt {
			result, err = s.startAdopting(ctx, request)
		} else {
			result, err = s.Filter(ctx, request)
		}
	default:
		result, err = s.startNamed(ctx, request, &approval.Plan)
	}
	return Started{result.Operation, result.LeftOut}, err
}

// startAdopting leaves out the agents that nobody else withholds any more.
func (s *Service) startAdopting(ctx context.Context, request Request) (Result, error) {
	var left []Target
	for _, target := range request.Targets {
		agent := s.config.State.Roster().Agent(target.Agent)
		if agent == nil || s.adoptable(agent) == nil {
			left = append(left, target)
			continue
		}
		request.LeftOut = append(request.LeftOut, LeftOut{agent.ID, agent.Hostname, ObstacleWords(s.adoptable(agent), agent.Hostname)})
	}
	if request.Targets = left; len(left) == 0 {
		return Result{}, NoneLeft(request.LeftOut)
	}
	return s.Adopt(ctx, request)
}

// ObstacleWords say what stands in the way of something on a host that a sentence has named: what the error says, without the host.
// They are a phrase with marks.
func ObstacleWords(err error, host string) string {
	words := err.Error()
	if known, ok := errors.AsType[*Error](err); ok {
		words = known.Wrong
	}
	return strings.NewReplacer("`"+host+"` ", "it ", "`"+host+"`", "it").Replace(words)
}

// NoneLeft is why an approved plan begins nothing: each of its agents is left out.
func NoneLeft(out []LeftOut) error {
	why := make([]string, min(len(out), leftMost))
	for i := range why {
		why[i] = out[i].Hostname + " (" + out[i].Why + ")"
	}
	text := strings.Join(why, ", ")
	if more := len(out) - len(why); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return &Error{Code: Unknown, Wrong: "none of its agents is left: " + text}
}

// leftMost is how many agents a phrase names.
const leftMost = 10

// Unlisted is why an agent of an approved plan is left out that the master does not list any more.
const Unlisted = "the master does not list it any more"

// Listed returns the plan's agents that the roster has, as targets, and those that it has not. Machines of which no agent is known
// are named as they were typed. Errors: Unavailable before the first reading; Unknown if none of the agents is left.
func (p *Plan) Listed(roster *Roster) (targets []Target, missing []LeftOut, err error) {
	if err := roster.Unread(); err != nil {
		return nil, nil, err
	}
	for _, step := range slices.Concat(p.Steps, p.Already) {
		switch {
		case step.Agent == "":
			targets = append(targets, Target{Name: step.Hostname})
		case roster.Agent(step.Agent) != nil:
			targets = append(targets, Target{Agent: step.Agent})
		default:
			missing = append(missing, LeftOut{step.Agent, step.Hostname, Unlisted})
		}
	}
	if len(targets) == 0 {
		return nil, missing, &Error{Code: Unknown, Wrong: "the master lists none of its agents any more"}
	}
	return targets, missing, nil
}

func (s *Service) startNamed(ctx context.Context, request Request, plan *Plan) (Result, error) {
	var details filterDetails
	if err := json.Unmarshal(plan.Details, &details); err != nil {
		return Result{}, &Error{Code: Internal, Wrong: "what was approved cannot be read", Cause: err}
	}
	var standing []string
	for _, id := range details.IDs {
		switch filter := s.config.Book.WithID(id); {
		case filter == nil:
			request.LeftOut = append(request.LeftOut, LeftOut{Hostname: id, Why: "that filter is over"})
		case !filter.Stands():
			request.LeftOut = append(request.LeftOut, LeftOut{filter.Agent, filter.Hostname, "its filter is over"})
		default:
			standing = append(standing, id)
		}
	}
	if len(standing) == 0 {
		return Result{}, &Error{Code: Unknown, Wrong: "none of its filters stands any more"}
	}
	if plan.Verb == VerbExtend {
		return s.Extend(ctx, request, standing, details.For)
	}
	return s.release(ctx, request, plan.Verb, standing)
}
