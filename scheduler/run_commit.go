package scheduler

import (
	"context"
	"errors"
	"slices"
	"time"

	"cordon/filters"
)

// progress is one commit of a run: the records of some of its agents as they shall be, and its own.
type progress struct {
	run      *going
	agents   []part
	state    *RunState // nil: as it is
	outcome  string
	removed  bool // the records leave
	withhold []filters.AgentID
	room     *filters.Room // that what is withheld was taken from
	end      []filters.FilterKey
	asked    map[filters.AgentID]string // confirmations that are over
	intents  []RunAgent                 // whose webhooks are to be called
	moves    [][2]*RunAgent             // whose tasks frameworks are to be asked for: before and after
}

// The outcomes of KindRun beside the phases: something keeps it from beginning with more agents, and does so no more; its
// records left the store.
const (
	outcomeHeld      = "held"
	outcomeGoesOn    = "goes on"
	outcomeForgotten = "forgotten"
)

// take adds what becomes of an agent.
func (p *progress) take(before *part, after RunAgent) {
	if before.Phase == AgentAsking {
		p.asked[before.Agent] = before.Key
	}
	if before.Phase != AgentGiving && after.Phase == AgentGiving {
		p.end = append(p.end, filters.FilterKey{Agent: after.current(), Mode: p.run.state.Mode, Owner: p.run.state.owner()})
	}
	if !after.Sent.IsZero() && !after.Sent.Equal(before.Sent) {
		p.intents = append(p.intents, after)
	}
	if len(after.Asked) > 0 {
		p.moves = append(p.moves, [2]*RunAgent{&before.RunAgent, &after})
	}
	p.agents = append(p.agents, part{after, before.revision})
}

func (p *progress) begin(begin *beginning) {
	p.agents = append(begin.begun, begin.others...)
	for i := range begin.begun {
		p.withhold = append(p.withhold, begin.begun[i].Agent)
	}
}

// hold says why nothing begins, or that nothing stands in the way any more.
func (p *progress) hold(state RunState, why string) {
	state.Why = why
	p.state, p.outcome = &state, outcomeHeld
	if why == "" {
		p.outcome = outcomeGoesOn
	}
}

// commit writes a change with its entries. That a webhook is about to be called is noted before, so that this process knows
// that nobody has called it yet whatever the answer to the write.
func (r *runs) commit(ctx context.Context, c *progress, term int64) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	state := &c.run.state
	arrangement := filters.Arrangement{
		Request: filters.Request{Actor: r.actor(c), Cause: filters.CauseRun, Reason: state.Reason},
		Verb:    filters.VerbRun, Term: term, Subject: state.subject(), Withhold: c.withhold, Room: c.room, End: c.end,
		Mode: state.Mode, Drain: state.Drain,
	}
	for i := range c.intents {
		r.calls.intend(&c.intents[i])
	}
	for _, move := range c.moves {
		r.looks.intend(move[0], move[1])
	}
	for i := range c.agents {
		agent := &c.agents[i]
		confirmation := c.asked[agent.Agent]
		if agent.Phase == AgentAsking {
			confirmation = agent.Key
		}
		arrangement.Told = append(arrangement.Told, agent.told(agent.revision, confirmation))
	}
	if c.state != nil {
		arrangement.Told = append(arrangement.Told, c.state.told(c.run.revision, c.outcome))
	}
	for i := range arrangement.Told {
		if told := &arrangement.Told[i]; c.removed {
			told.Record.Removed, told.Event.Outcome, told.Event.Reason = true, outcomeForgotten, ""
		}
	}
	_, err := r.config.Service.Arrange(ctx, arrangement)
	return err
}

// actor begins with agents by the rights of who started the run. What is under way is finished in the run's own name: also
// when that person may not start anything any more.
func (r *runs) actor(c *progress) filters.Actor {
	actor := r.config.system(c.run.state.owner())
	if len(c.withhold) == 0 {
		return actor
	}
	actor.User = c.run.state.Author
	if by := filters.Owner(c.run.state.By); by.Kind() == "user" {
		actor.User = by.Name()
	}
	return actor
}

// refused deals with a commit that was not done. Where agents were not let begin, the run says why.
func (r *runs) refused(run *going, c *progress, err error, now time.Time) time.Time {
	id, code := run.state.ID, filters.CodeOf(err)
	switch {
	case len(c.withhold) > 0 && slices.Contains([]filters.Code{filters.Limited, filters.Frozen, filters.Denied}, code):
		r.blocked[id] = block{now.Add(lookLater), refusal(err)}
		return now
	case code == filters.Conflict:
		r.rests[id] = now.Add(time.Second)
	default:
		r.log.Warn("a run's step is not done", "run", id, "error", err)
		r.rests[id] = now.Add(lookSoon)
	}
	return r.rests[id]
}

// refusal is why agents were not let begin, in a phrase.
func refusal(err error) string {
	known, ok := errors.AsType[*filters.Error](err)
	switch {
	case !ok:
		return err.Error()
	case known.Code == filters.Denied:
		return "who started it may start nothing any more"
	case known.Expected != "":
		return known.Wrong + ": " + known.Expected
	}
	return known.Wrong
}
