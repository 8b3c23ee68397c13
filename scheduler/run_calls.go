package scheduler

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"cordon/filters"
)

// Webhooks calls the webhooks of run steps. Implemented by internal/webhook; safe for concurrent use.
type Webhooks interface {
	// Repeats tells whether the webhook may be called again when nobody knows whether it was; known is false if the
	// configuration has none of the name.
	Repeats(name string) (repeats, known bool)
	// Call calls the webhook for one agent. It goes on until there is an answer, or the step's time is over, or ctx is; what
	// surely was not called is called again. Poll asks what became of a call that is pending, at the address of its answer, until
	// it is pending no more.
	Call(ctx context.Context, name string, call Call) Answer
	Poll(ctx context.Context, name string, call Call, address string) Answer
}

// Call is what a webhook is told: which step of which run to do for which agent.
type Call struct {
	Cluster  string          `json:"cluster"`
	Agent    filters.AgentID `json:"agent"`
	Hostname string          `json:"hostname"`
	Run      string          `json:"run"`
	Step     int             `json:"step"` // from 1
	// Key is the same each time that this step is called for this agent.
	Key string `json:"key"`
	// Began is when the step began, by Redis's clock: its time counts from then, whoever calls.
	Began time.Time `json:"-"`
}

// Answer is what came of a call.
type Answer struct {
	Outcome AnswerOutcome
	Poll    string // of AnswerPending: where to ask again
	Why     string // of AnswerFailed and AnswerLost, in a phrase
}

// AnswerOutcome says how a call ended.
type AnswerOutcome string

// The outcomes of a call.
const (
	AnswerDone    AnswerOutcome = "done"
	AnswerPending AnswerOutcome = "pending" // accepted, and to be asked about
	AnswerFailed  AnswerOutcome = "failed"
	AnswerLost    AnswerOutcome = "lost" // it was sent, and nobody knows what became of it
)

// calls are the webhooks that this process calls, by key. A call is let go only once its intent is durable.
type calls struct {
	config  *Config
	workers sync.WaitGroup
	nudged  chan struct{}

	mutex    sync.Mutex
	intended map[string][]time.Time // intents of this process that it has not acted on, written or not
	under    map[string]*call
}

// call is one that is under way or answered.
type call struct {
	polls  bool
	cancel context.CancelFunc
	answer *Answer
}

func newCalls(config *Config) *calls {
	return &calls{config: config, nudged: make(chan struct{}, 1), intended: map[string][]time.Time{}, under: map[string]*call{}}
}

// look adds what is known of the agent's webhook.
func (c *calls) look(s *sight, agent *RunAgent, webhook string) {
	if c.config.Webhooks != nil {
		s.repeats, s.known = c.config.Webhooks.Repeats(webhook)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if call := c.under[agent.Key]; call != nil && call.polls == (agent.Poll != "") {
		s.answer, s.calling = call.answer, call.answer == nil
		return
	}
	s.calling = agent.Poll == "" && c.intends(agent)
}

// intends tells whether the agent's intent is this process's, and not acted on. The mutex is held.
func (c *calls) intends(agent *RunAgent) bool {
	return slices.ContainsFunc(c.intended[agent.Key], agent.Sent.Equal)
}

// intend notes an intent that is about to be written.
func (c *calls) intend(agent *RunAgent) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.intended[agent.Key] = append(c.intended[agent.Key], agent.Sent)
}

// tend lets the calls go that the book says are intended, and ends those that nobody waits for any more. An intent is kept for
// as long as its step: the book may be behind a write whose answer was lost.
func (c *calls) tend(ctx context.Context, all []*going) {
	stepping := map[string]bool{}
	for _, run := range all {
		for i := range run.agents {
			agent := &run.agents[i]
			if agent.Phase != AgentStepping {
				continue
			}
			stepping[agent.Key] = true
			if !agent.Sent.IsZero() {
				c.let(ctx, run, &agent.RunAgent)
			}
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for key, call := range c.under {
		if !stepping[key] {
			call.cancel()
			delete(c.under, key)
		}
	}
	maps.DeleteFunc(c.intended, func(key string, _ []time.Time) bool { return !stepping[key] })
}

// let calls or polls for the agent, unless that is under way.
func (c *calls) let(ctx context.Context, run *going, agent *RunAgent) {
	step, err := ParseStep(run.state.Procedure.Steps[agent.Step])
	if err != nil || c.config.Webhooks == nil || ctx.Err() != nil {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known, polls := c.under[agent.Key], agent.Poll != ""
	if known != nil && known.polls == polls || !polls && !c.intends(agent) {
		return
	}
	delete(c.intended, agent.Key)
	ctx, cancel := context.WithCancel(ctx)
	current := &call{polls: polls, cancel: cancel}
	c.under[agent.Key] = current
	told := Call{
		Cluster: c.config.Cluster, Agent: agent.current(), Hostname: agent.Hostname, Run: agent.Run, Step: agent.Step + 1, Key: agent.Key, Began: agent.Since,
	}
	address := agent.Poll
	c.workers.Go(func() { c.do(ctx, current, step.Webhook, told, address) })
}

// do calls or polls. A call that its context cut short has no answer: whoever leads then decides by the record.
func (c *calls) do(ctx context.Context, current *call, webhook string, told Call, address string) {
	defer current.cancel()
	var answer Answer
	if current.polls {
		answer = c.config.Webhooks.Poll(ctx, webhook, told, address)
	} else {
		answer = c.config.Webhooks.Call(ctx, webhook, told)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if ctx.Err() == nil {
		current.answer = &answer
	} else if c.under[told.Key] == current {
		delete(c.under, told.Key)
	}
	select {
	case c.nudged <- struct{}{}:
	default:
	}
}
