package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// Config is what a Bot needs. Clusters is required.
type Config struct {
	Clusters map[string]Service
	// Desks are the clusters' windows and runs; a cluster without one has none.
	Desks map[string]Desk
	// Machines are the clusters' maintenance schedules; a cluster without one has none.
	Machines map[string]Machines
	// OnCalls say who is on call in the clusters; in a cluster without one nobody is.
	OnCalls map[string]OnCall
	// Agents look at the clusters' agents themselves; in a cluster without one the master's word is all there is.
	Agents map[string]Agents
	// Channels gives channels (by Slack ID) the cluster that is meant where none is named. With one cluster it is always
	// that one.
	Channels map[string]string
	// Allowed are the clusters that a channel (by Slack ID) may speak to; one that is not listed may speak to all.
	Allowed map[string][]string
	// Teller brings answers that come later; nil: nobody is promised one.
	Teller Teller
	// Observe is called after each command, and must not block; nil: not called.
	Observe func(Observation)
	Logger  *slog.Logger // nil: slog.Default
	// Within is how long a command may take, 2.2 s if zero: Slack wants its answer in 3 s, and we promise 2.5 s.
	Within time.Duration
	// Patience is how long the bot asks for a lost answer, 25 minutes if zero: Slack takes a late one for half an hour.
	Patience time.Duration
}

// Bot answers commands. Safe for concurrent use.
type Bot struct {
	config  Config
	names   []string // of clusters, sorted
	lost    lost
	looking chan struct{} // a place for each agent that is asked itself
	gate    sync.RWMutex  // held for reading by running commands, for writing to stop
	stopped bool
}

// New returns a Bot over the clusters. It panics without one: that is a mistake of the program.
func New(config Config) *Bot {
	if len(config.Clusters) == 0 {
		panic("commands: a Bot needs a cluster")
	}
	if config.Within == 0 {
		config.Within = 2200 * time.Millisecond
	}
	if config.Patience == 0 {
		config.Patience = 25 * time.Minute
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Observe == nil {
		config.Observe = func(Observation) {}
	}
	bot := &Bot{config: config, looking: make(chan struct{}, looksAtOnce)}
	for name := range config.Clusters {
		bot.names = append(bot.names, name)
	}
	slices.Sort(bot.names)
	bot.lost.slots = make(chan struct{}, lostMost)
	bot.lost.stop = make(chan struct{})
	return bot
}

// SetTeller sets who brings later answers. It must be called before the first command: Teller and Bot know each other.
func (b *Bot) SetTeller(teller Teller) { b.config.Teller = teller }

// turn is one command on its way.
type turn struct {
	Input
	command  Command
	opens    *verb // the form that is asked for; nil: none
	cluster  string
	service  Service
	record   Service           // whose journal tells that it was refused; nil: no cluster's
	desk     Desk              // nil: there are no windows and runs
	machines Machines          // nil: there is no maintenance schedule
	duty     OnCall            // nil: nobody is on call
	agents   Agents            // nil: no agent is asked itself
	looking  chan struct{}     // the bot's
	notes    map[string]string // why openings may not open, by their names; nil: not asked yet
	by       time.Time         // the local time by which it is answered
}

// Handle answers one command or press within Config.Within, and before ctx ends. The reply says what happened: errors are replies too.
func (b *Bot) Handle(ctx context.Context, input Input) Reply {
	started := time.Now()
	t := &turn{Input: input, by: started.Add(b.config.Within)}
	if earlier, bounded := ctx.Deadline(); bounded && earlier.Before(t.by) {
		t.by = earlier
	}
	ctx, cancel := context.WithDeadline(ctx, t.by)
	defer cancel()
	reply, err := b.handle(ctx, t)
	reply.Cluster = t.cluster
	b.config.Observe(Observation{
		Verb: t.command.Verb, Cluster: t.cluster, Actor: input.Actor.ID, RequestKey: input.RequestKey, Cause: input.Cause,
		Code: reply.Code, Took: time.Since(started), Err: err,
	})
	return reply
}

func (b *Bot) handle(ctx context.Context, t *turn) (reply Reply, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
			b.config.Logger.Error("a command panicked", "request", t.RequestKey, "cause", cause, "stack", string(debug.Stack()))
			reply = b.refuse(t, err)
		}
	}()
	b.gate.RLock()
	defer b.gate.RUnlock()
	if b.stopped {
		return renderStopping(), nil
	}
	if t.Refused != nil {
		_ = b.understand(t) // for the journal alone: what was asked for, and where
		b.note(ctx, t, t.Refused)
		return renderRefusal(t.Refused), t.Refused
	}
	if reply, err = b.obey(ctx, t); err != nil {
		b.note(ctx, t, err)
		return b.refuse(t, err), err
	}
	return reply, nil
}

func (b *Bot) obey(ctx context.Context, t *turn) (Reply, error) {
	if err := b.understand(t); err != nil {
		return Reply{}, err
	}
	if err := t.mayLook(ctx); err != nil {
		return Reply{}, err
	}
	return t.do(ctx)
}

// mayLook refuses those who may not even see the cluster. Help, and who one is, is for everybody.
func (t *turn) mayLook(ctx context.Context) error {
	if t.command.Verb == "help" || t.command.Verb == "whoami" {
		return nil
	}
	return t.service.Look(ctx, t.Actor)
}

// understand finds what is asked, and of which cluster.
func (b *Bot) understand(t *turn) (err error) {
	switch {
	case t.Filled != nil:
		t.command, err = t.Filled.command()
	case t.Press != nil:
		t.command, err = t.Press.command()
	default:
		t.command, err = Parse(t.Text)
		if command, alone := verbAlone(t.Text); err != nil && t.Forms && alone {
			t.opens, t.command, err = lexicon[command.Verb], command, nil
		}
	}
	t.record = b.writes(t)
	if err != nil {
		t.cluster, _ = b.route(t)
		t.service = b.config.Clusters[t.cluster]
		return err
	}
	t.cluster, err = b.route(t)
	if err != nil && t.command.Verb == "help" {
		t.cluster, err = b.names[0], nil // help answers everywhere
	}
	t.service, t.desk = b.config.Clusters[t.cluster], b.config.Desks[t.cluster]
	t.machines, t.duty = b.config.Machines[t.cluster], b.config.OnCalls[t.cluster]
	t.agents, t.looking = b.config.Agents[t.cluster], b.looking
	return err
}

// writes is whose journal tells that the command was refused: the cluster's that it is for, else the channel's; nil: nobody's.
func (b *Bot) writes(t *turn) Service {
	if service := b.config.Clusters[b.addressed(t)]; service != nil {
		return service
	}
	if len(b.names) == 1 {
		return b.config.Clusters[b.names[0]]
	}
	return b.config.Clusters[b.config.Channels[t.Channel]]
}

// addressed is the cluster that a command is for, whether it may be asked from there or not; empty: none is.
func (b *Bot) addressed(t *turn) string {
	switch {
	case t.Cluster != "":
		return t.Cluster
	case t.command.Cluster != "":
		return t.command.Cluster
	case len(b.names) == 1:
		return b.names[0]
	}
	return b.config.Channels[t.Channel]
}

func (b *Bot) route(t *turn) (string, error) {
	if named := t.command.Cluster; t.Cluster != "" && named != "" && named != t.Cluster {
		return "", &filters.Error{Code: filters.Denied, Wrong: "this speaks to *" + t.Cluster + "* alone", Expected: "no `-c`, or `-c " + t.Cluster + "`"}
	}
	name := b.addressed(t)
	if allowed := b.config.Allowed[t.Channel]; len(allowed) > 0 && name != "" && !slices.Contains(allowed, name) {
		return "", &filters.Error{Code: filters.Denied, Wrong: "this channel may not speak to `" + clip(name, 40) + "`", Expected: "one of `" + strings.Join(allowed, "`, `") + "`", Try: "Type it in that cluster's own channel"}
	}
	if b.config.Clusters[name] != nil {
		return name, nil
	}
	known := "`" + strings.Join(b.names, "`, `") + "`"
	if name == "" {
		return "", &filters.Error{Code: filters.Invalid, Wrong: "this channel belongs to no cluster", Expected: "`-c` and one of " + known}
	}
	return "", &filters.Error{Code: filters.Unknown, Wrong: "I know no cluster `" + clip(name, 40) + "`", Expected: "one of " + known}
}

// refuse makes a reply of an error. Of a change whose fate is not known it promises to say more.
func (b *Bot) refuse(t *turn, err error) Reply {
	if t.mayHaveHappened(err) {
		return renderUnconfirmed(t.doubt(), b.resolve(t))
	}
	decides := t.command.Verb == "approve" || t.command.Verb == "deny" || t.command.Verb == "review" // each says itself what became of it
	if t.Press != nil && !decides && (filters.CodeOf(err) == filters.Unknown || filters.CodeOf(err) == filters.Conflict) {
		return renderStale(err)
	}
	reply := renderRefusal(err)
	reply.Field = t.Filled.fault(err)
	return reply
}

// mayHaveHappened tells whether the error leaves open what became of a change.
func (t *turn) mayHaveHappened(err error) bool {
	verb := lexicon[t.command.Verb]
	if t.service == nil || verb == nil || verb.needs == filters.VerbLook || t.command.DryRun {
		return false
	}
	if _, known := errors.AsType[*filters.Error](err); !known {
		return true
	}
	return filters.CodeOf(err) == filters.Unconfirmed
}

// Stop refuses new commands from now on, waits for running ones, and gives those whose answer was lost until ctx ends to
// learn what became of them.
func (b *Bot) Stop(ctx context.Context) {
	b.gate.Lock()
	first := !b.stopped
	b.stopped = true
	b.gate.Unlock()
	if first {
		b.lost.end(ctx)
	}
}
