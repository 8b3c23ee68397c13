package commands

import (
	"context"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// lostMost bounds how many lost answers are asked for at a time; beyond it nobody is promised one.
const lostMost = 1000

// lost are the commands whose answer was lost.
type lost struct {
	slots   chan struct{}
	running sync.WaitGroup
	stop    chan struct{} // closed when the last try is due
	mutex   sync.Mutex
	stopped bool
}

// start takes a slot, and tells whether there was one.
func (l *lost) start() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.stopped {
		return false
	}
	select {
	case l.slots <- struct{}{}:
		l.running.Add(1)
		return true
	default:
		return false
	}
}

func (l *lost) done() { <-l.slots; l.running.Done() }

// end waits until every lost answer is known; when ctx ends they are given up.
func (l *lost) end(ctx context.Context) {
	l.mutex.Lock()
	l.stopped = true
	l.mutex.Unlock()
	known := make(chan struct{})
	go func() { l.running.Wait(); close(known) }()
	select {
	case <-known:
	case <-ctx.Done():
		close(l.stop)
		<-known
	}
}

// resolve asks in the background what became of the change, and tells the asker. It returns false if nobody can be told.
func (b *Bot) resolve(t *turn) bool {
	if b.config.Teller == nil || t.RequestKey == "" || t.Return == "" && t.Channel == "" {
		return false
	}
	if !b.lost.start() {
		return false
	}
	lost := *t
	go func() {
		defer b.lost.done()
		reply := b.learn(&lost)
		ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
		defer cancel()
		to := Recipient{User: lost.Actor.User, Channel: lost.Channel, Return: lost.Return}
		if err := b.config.Teller.Tell(ctx, to, reply); err != nil {
			b.config.Logger.Error("a late answer could not be told", "request", lost.RequestKey, "error", err)
		}
	}()
	return true
}

const (
	tellWithin   = 4 * time.Second
	askWithin    = 2 * time.Second
	firstPause   = 200 * time.Millisecond
	longestPause = 5 * time.Second
	// settleMargin is how long after a write's deadline its absence is final, for clocks that differ a little.
	settleMargin = time.Second
)

// learn asks until it is known what became of the change, or nobody wants to know any more.
func (b *Bot) learn(t *turn) Reply {
	end := time.NewTimer(b.config.Patience)
	defer end.Stop()
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-b.lost.stop:
			wait.Stop()
			return renderGivenUp(t.doubt())
		case <-end.C:
			wait.Stop()
			return renderGivenUp(t.doubt())
		}
		if reply, known := t.ask(); known {
			return reply
		}
	}
}

// ask looks for what the request key did. That it did nothing is known only once its write could not happen any more.
func (t *turn) ask() (Reply, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	final := time.Now().After(t.by.Add(settleMargin))
	result, found, err := t.service.Outcome(ctx, t.RequestKey)
	switch {
	case err != nil:
		return Reply{}, false
	case found:
		return renderLearned(result, t.Actor, &t.command), true
	}
	return renderNotDone(t.doubt()), final
}

// renderLearned tells what a change did whose answer was lost.
func renderLearned(result filters.Result, asker filters.Actor, command *Command) Reply {
	head := Say(Strong("Now I know"), ": it was recorded.")
	if result.Waits() {
		reply := renderAsked(result.Cluster, result.Approval, result.At)
		reply.Lines = append([]Line{head}, reply.Lines...)
		return reply
	}
	var reply Reply
	switch result.Verb {
	case filters.VerbFilter, filters.VerbAdopt, filters.VerbExtend, filters.VerbUnfilter, filters.VerbRelease:
		reply = renderResult(result, asker)
	case filters.VerbWindow, filters.VerbRun:
		look := "/mesos window list"
		if result.Verb == filters.VerbRun {
			look = "/mesos run list"
		}
		reply = Reply{Cluster: result.Cluster, Operation: result.Operation, State: result.State, Lines: []Line{
			Say(Literal(strings.TrimSpace(command.Verb+" "+command.Name)), " is in force in ", Strong(result.Cluster), "; ", Literal(look), " shows how things are."),
		}}
	case filters.VerbMaintenance:
		reply = Reply{Cluster: result.Cluster, Operation: result.Operation, State: result.State, Lines: []Line{
			Say(Literal(command.Verb), " is in force in ", Strong(result.Cluster), "; ", Literal("/mesos maintenance status"), " shows how things are."),
		}}
	default:
		reply = Reply{Cluster: result.Cluster, Operation: result.Operation, State: result.State, Lines: []Line{Say(Strong(string(result.Verb)), " is in force in ", Strong(result.Cluster))}}
	}
	reply.Lines = append([]Line{head}, reply.Lines...)
	return reply
}

// doubt says what is not known of a change, to stand behind "whether".
func (t *turn) doubt() string {
	names := make([]string, 0, len(t.command.Targets)+len(t.command.IDs))
	for _, target := range t.command.Targets {
		names = append(names, "`"+clip(target.String(), 40)+"`")
	}
	for _, id := range t.command.IDs {
		names = append(names, "`"+clip(id, 40)+"`")
	}
	if command := &t.command; command.Name != "" {
		return "`" + command.Verb + " " + clip(command.Name, 40) + "` is recorded"
	}
	what := Names(names, 0)
	are := is(len(names))
	switch t.command.Verb {
	case "filter":
		return what + " " + are + " withheld"
	case "adopt":
		return what + " " + are + " adopted"
	case "extend":
		return what + " " + are + " withheld for longer"
	case "unfilter", "release":
		return what + " " + are + " released"
	case "answer":
		return what + " is answered"
	}
	return strings.TrimSpace("`" + t.command.Verb + "` is recorded")
}
