package slack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Life of what a delivery gives the bot (FACTS.md, https://docs.slack.dev/interactivity/handling-user-interaction).
const (
	responseUses = 5
	responseLife = 30 * time.Minute
	triggerLife  = 3 * time.Second
	remembered   = 20000 // interactions; older ones are forgotten early when people are that quick
)

// interaction is one thing that a person did: its trigger, its response URL and its delivery.
type interaction struct {
	user     User
	channel  string // empty for a modal
	original string // time stamp of the message that was clicked
	thread   string
	at       time.Time
	trigger  string
	path     string // of the response URL
	delivery delivery
	view     string       // the modal that it happened in; empty: none
	home     bool         // the Home tab was opened: its publishing answers
	opener   *interaction // what opened that modal: its response URL may answer too

	// apply does what the acknowledgement says and tells whether the person has an answer with it; nil: nothing.
	apply func(in *interaction, ack acknowledgement) (answered bool, err error)

	// What follows is guarded by the registry.
	typed     string // the command as typed, to be shown once with an in_channel answer
	uses      int    // of the response URL
	exchanged bool   // the trigger has opened a modal
}

// waiter collects what one person hears while their command or click is answered.
type waiter struct {
	to      *interaction
	replies []Message
	first   chan struct{} // closed with the first reply, or when a modal opens
	done    bool          // first is closed
}

func (g *waiter) answered() {
	if !g.done {
		close(g.first)
		g.done = true
	}
}

// registry remembers interactions and who waits for answers.
type registry struct {
	now func() time.Time

	mu        sync.Mutex
	byTrigger map[string]*interaction
	byPath    map[string]*interaction
	order     []*interaction
	waiters   []*waiter
}

func newRegistry(now func() time.Time) *registry {
	return &registry{now: now, byTrigger: map[string]*interaction{}, byPath: map[string]*interaction{}}
}

// begin gives an interaction its trigger ID and the path of its response URL, below which is "commands" or "actions".
func (g *registry) begin(in interaction, team, below string) *interaction {
	g.mu.Lock()
	defer g.mu.Unlock()
	in.at = g.now()
	number := rand.Int64N(1e12) + 1e12
	in.trigger = fmt.Sprintf("%d.%d.%s", number, rand.Int64N(1e11), secret(16))
	in.path = fmt.Sprintf("/%s/%s/%d/%s", below, team, number, secret(12))
	for len(g.order) > 0 && (len(g.order) >= remembered || in.at.Sub(g.order[0].at) > responseLife) {
		delete(g.byTrigger, g.order[0].trigger)
		delete(g.byPath, g.order[0].path)
		g.order = g.order[1:]
	}
	g.byTrigger[in.trigger], g.byPath[in.path] = &in, &in
	g.order = append(g.order, &in)
	return &in
}

// triggered finds the interaction to deliver again.
func (g *registry) triggered(trigger string) (*interaction, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	in, here := g.byTrigger[trigger]
	return in, here
}

// exchange uses a trigger up, for a modal.
func (g *registry) exchange(trigger string) (*interaction, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	in, here := g.byTrigger[trigger]
	switch {
	case !here:
		return nil, fail("invalid_trigger_id")
	case g.now().Sub(in.at) > triggerLife:
		return nil, fail("expired_trigger_id")
	case in.exchanged:
		return nil, fail("exchanged_trigger_id")
	}
	in.exchanged = true
	return in, nil
}

// use takes one of the five uses of a response URL.
func (g *registry) use(path string) (*interaction, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	in, here := g.byPath[path]
	switch {
	case !here:
		return nil, fail("invalid_url")
	case g.now().Sub(in.at) > responseLife:
		return nil, fail("expired_url")
	case in.uses >= responseUses:
		return nil, fail("used_url")
	}
	in.uses++
	return in, nil
}

// takeTyped returns the command's text the first time.
func (g *registry) takeTyped(in *interaction) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	typed := in.typed
	in.typed = ""
	return typed
}

// listen starts collecting what a person hears; end stops it and returns that.
func (g *registry) listen(to *interaction) *waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := &waiter{to: to, replies: []Message{}, first: make(chan struct{})}
	g.waiters = append(g.waiters, waiting)
	return waiting
}

func (g *registry) end(waiting *waiter) []Message {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiters = slices.DeleteFunc(g.waiters, func(other *waiter) bool { return other == waiting })
	return waiting.replies
}

// heard notes a message that a person got just now, in answer to one interaction or, where that is nil, unasked.
func (g *registry) heard(user string, to *interaction, m Message) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, waiting := range g.waiters {
		if waiting.to.user.ID != user || to != nil && waiting.to != to && waiting.to.opener != to {
			continue
		}
		waiting.answered()
		waiting.replies = append(waiting.replies, m)
	}
}

// shown notes that interactions were answered with a modal, or with a change of the one that they happened in.
func (g *registry) shown(answered func(in *interaction) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, waiting := range g.waiters {
		if answered(waiting.to) {
			waiting.answered()
		}
	}
}
