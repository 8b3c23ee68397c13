package scheduler_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/filters"
	"cordon/filters/operation"
	"cordon/scheduler"
	"cordon/test/journal"
	"cordon/test/memory"
	"cordon/test/primitives"
)

// house is a small cluster in a bubble: six agents in two racks, a store, and a bot that leads. Bubbles begin at midnight
// UTC, on Saturday 1 January 2000.
type house struct {
	*testing.T
	mutex  sync.Mutex
	agents []filters.Agent   // that are listed
	asOf   time.Time         // of the newest reading; zero: always now
	denied string            // a Slack user who may do nothing
	verbs  []filters.Verb    // what people may do; nil: everything
	needs  filters.Needs     // what people need first
	held   string            // why nothing is given back; empty: it is
	drains map[string]bool   // hosts that still drain
	barred []filters.AgentID // whose machines are in the master's maintenance schedule
	blind  bool              // the master does not tell of its schedule

	store    *memory.Store
	master   *primitives.Master
	limits   filters.LimitConfig
	windows  map[string]scheduler.Definition
	freezes  []scheduler.Freeze
	digest   *scheduler.Digests
	onCall   scheduler.OnCall // nil: nobody is
	book     *filters.Book
	service  *filters.Service
	desk     *scheduler.Desk
	machines *operation.Desk
	stop     func()
	requests int
}

// in runs a test in a house, and holds the journal to the rules afterwards.
func in(t *testing.T, setup func(*house), test func(*house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{T: t, store: memory.New(), master: &primitives.Master{}, windows: map[string]scheduler.Definition{}}
		for i := range 6 {
			h.agents = append(h.agents, agent(i+1))
		}
		setup(h)
		h.start()
		defer func() { h.stop() }()
		test(h)
		h.stop()
		for _, violation := range journal.Check(journal.Run{Entries: h.store.Journal(), Rules: h.rules()}) {
			t.Error(violation)
		}
	})
}

func agent(i int) filters.Agent {
	return filters.Agent{
		ID: filters.AgentID(fmt.Sprintf("aaaa-S%d", i)), Hostname: fmt.Sprintf("web-%d", i), IP: "10.0.0.1", Port: 5051, Active: true,
		Attributes: []filters.Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", (i+2)/3)}}, Resources: filters.Resources{CPUs: 4, MemMB: 1024},
	}
}

func (h *house) rules() *journal.Rules {
	all := map[filters.AgentID]string{}
	for i := range 20 {
		a := agent(i)
		all[a.ID] = a.Rack()
	}
	return &journal.Rules{
		Limits: h.limits, Attribute: func(id filters.AgentID, _ string) string { return all[id] },
		Size: func(attribute, _ string) int {
			if attribute == "" {
				return 6
			}
			return 3
		},
	}
}

// start begins a process of the bot that leads, with what is configured now.
func (h *house) start() {
	h.Helper()
	h.book = filters.NewBook()
	state, _ := h.store.Load(h.Context())
	h.book.Reset(state)
	h.service = filters.NewService(filters.ServiceConfig{Cluster: "prod", Limits: h.limits, Store: h.store, Book: h.book, State: h, Gate: h})
	freezes, problems := scheduler.CompileFreezes(h.freezes)
	if len(problems) > 0 {
		h.Fatal(problems)
	}
	config := &scheduler.Config{Cluster: "prod", Replica: "one", Service: h.service, Book: h.book, Roster: h.Roster, Freezes: freezes, Digest: h.digest, Allow: []filters.Verb{filters.VerbDrain, "down"}, InSchedule: h.inSchedule}
	upkeep := &operation.Config{Cluster: "prod", Service: h.service, Book: h.book, Master: locked{h}, Roster: h.Roster}
	h.machines = operation.NewDesk(upkeep)
	config.Machines = h.machines
	source := operation.NewSource(upkeep)
	for name, definition := range h.windows {
		window, problems := scheduler.Compile(name, definition)
		if len(problems) > 0 {
			h.Fatal(problems)
		}
		config.Windows = append(config.Windows, window)
	}
	h.desk = scheduler.NewDesk(config)
	ctx, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	term := h.store.Acquire()
	hand := &memory.Hand{Store: h.store, Book: h.book, Roster: h.Roster, Idle: func() bool { h.mutex.Lock(); defer h.mutex.Unlock(); return h.held != "" }, Drained: h.drained}
	if h.onCall != nil {
		shifts := scheduler.NewShifts(config, h.onCall)
		workers.Go(func() { _ = shifts.Run(ctx, term) })
	}
	workers.Go(func() { _ = scheduler.New(config).Run(ctx, term) })
	workers.Go(func() {
		for ctx.Err() == nil {
			turned := h.book.Turned()
			pause := time.Minute
			if len(h.book.Records(filters.ShelfMachines)) > 0 {
				pause = 10 * time.Second
			}
			if hand.Step(ctx, term) != nil || h.maintain(ctx, source, term) != nil {
				pause = time.Second
			} else if next := hand.Next(); !next.IsZero() {
				pause = min(pause, max(time.Until(next), time.Millisecond))
			}
			timer := time.NewTimer(pause)
			select {
			case <-turned:
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
		}
	})
	h.stop = func() { cancel(); workers.Wait() }
	synctest.Wait()
}

// maintain does what is to be done about machines; agents leave with their machines, and come back with them.
func (h *house) maintain(ctx context.Context, source *operation.Source, term int64) error {
	return h.master.Maintain(ctx, source, h.store, h.book, term, false)
}

// locked is the master as it is read.
type locked struct{ *house }

func (l locked) Schedule(ctx context.Context) (filters.Schedule, error) {
	if _, err := l.inSchedule(ctx, nil); err != nil {
		return nil, err
	}
	return l.master.Schedule(ctx)
}

func (l locked) MaintenanceStatus(ctx context.Context) (filters.MaintenanceStatus, error) {
	return l.master.MaintenanceStatus(ctx)
}

// calls holds the master to what it was asked.
func (h *house) calls(want ...string) {
	h.Helper()
	if got := h.master.Calls(); !slices.Equal(got, want) {
		h.Errorf("the master was asked for %q, want %q", got, want)
	}
}

// scheduled holds the master to the hosts that are in its schedule, and those of them that are down.
func (h *house) scheduled(hosts, down string) {
	h.Helper()
	var in, off []string
	for _, machine := range h.inMaster().Machines() {
		number := strings.TrimPrefix(machine.Hostname, "web-")
		in = append(in, number)
		if h.master.Down(machine) {
			off = append(off, number)
		}
	}
	if strings.Join(in, "") != hosts || strings.Join(off, "") != down {
		h.Errorf("at %s %v are scheduled and %v are down, want %q and %q", time.Now().UTC().Format("2 15:04"), in, off, hosts, down)
	}
}

// inMaster is the master's maintenance schedule.
func (h *house) inMaster() filters.Schedule {
	schedule, _ := h.master.Schedule(h.Context())
	return schedule
}

// restart ends the process and begins another after a while.
func (h *house) restart(after time.Duration) {
	h.Helper()
	h.stop()
	<-time.After(after)
	h.start()
}

func (h *house) Roster() *filters.Roster {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	asOf := h.asOf
	if asOf.IsZero() {
		asOf = time.Now()
	}
	agents := slices.DeleteFunc(slices.Clone(h.agents), func(a filters.Agent) bool { return h.master.Down(a.Machine()) })
	return filters.NewRoster(filters.View{Cluster: "prod", Began: asOf, Backend: filters.BackendOperator, Agents: agents})
}
func (h *house) drained(entry *filters.LedgerEntry) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return !h.drains[entry.Hostname]
}

func (h *house) inSchedule(context.Context, []*filters.Agent) ([]filters.AgentID, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.blind {
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "the master does not answer"}
	}
	return h.barred, nil
}

func (h *house) Tasks(filters.AgentID) (map[string]int, bool) { return nil, false }
func (h *house) Condition() filters.Condition                 { return filters.Condition{} }
func (h *house) May(context.Context, filters.Actor) ([]filters.Verb, string, error) {
	return nil, "", nil
}
func (h *house) Judge(context.Context, filters.Actor, *filters.Approval) (string, error) {
	return "approver", nil
}
func (*house) MayJudge(context.Context, filters.Actor, *filters.Approval) error { return nil }
func (h *house) Decide(_ context.Context, ask filters.Ask) (filters.Needs, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, one := range ask.Each() {
		if ask.Actor.User != "" && (ask.Actor.User == h.denied || h.verbs != nil && !slices.Contains(h.verbs, one.Plan.Verb)) {
			return filters.Needs{}, &filters.Error{Code: filters.Denied, Wrong: "you may look, not change"}
		}
	}
	switch kind := ask.Actor.Owner().Kind(); {
	case ask.Actor.User == "" || kind == "run":
		return filters.Needs{}, nil
	case kind == "window" && ask.Plan.Kind != "" && h.needs.Approvals > 0:
		return filters.Needs{}, &filters.Error{Code: filters.Changed, Wrong: "it needs approval by a rule, and nobody was asked"}
	case kind == "window":
		return filters.Needs{}, nil
	}
	return h.needs, nil
}

// set changes what is true of the cluster.
func (h *house) set(change func()) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	change()
}

// until lets time pass until the clock shows so much, such as 02:30, today or tomorrow.
func (h *house) until(clock string) {
	h.Helper()
	at, err := time.Parse("15:04", clock)
	if err != nil {
		h.Fatal(err)
	}
	now := time.Now().UTC()
	then := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 1, 0, time.UTC)
	if !then.After(now) {
		then = then.AddDate(0, 0, 1)
	}
	<-time.After(then.Sub(now))
	synctest.Wait()
}

// by is a request of a person's.
func (h *house) by(user string, targets ...string) filters.Request {
	h.requests++
	request := filters.Request{Actor: filters.Actor{ID: "user:" + user, User: user}, Key: fmt.Sprint("request-", h.requests), Cause: filters.CauseCommand, Reason: "why not"}
	for _, name := range targets {
		request.Targets = append(request.Targets, filters.Target{Name: name})
	}
	return request
}

// ok stops the test at an error; what it returns lets everything follow that the step before caused.
func (h *house) ok(_ any, err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
	synctest.Wait()
}

// release ends an occurrence's filter on a host by hand.
func (h *house) release(host string) {
	h.Helper()
	for _, filter := range h.service.Filters() {
		if filter.Hostname == host && filter.Owner.Kind() == "window" {
			h.ok(h.service.Release(h.Context(), h.by("UALICE"), []string{filter.ID}))
			return
		}
	}
	h.Fatalf("no window withholds %s", host)
}

// withheld holds the cluster to the hosts that standing filters are on: their numbers.
func (h *house) withheld(want string) {
	h.Helper()
	var hosts []string
	for _, filter := range h.service.Filters() {
		hosts = append(hosts, strings.TrimPrefix(filter.Hostname, "web-"))
	}
	slices.Sort(hosts)
	if got := strings.Join(slices.Compact(hosts), ""); got != want {
		h.Errorf("at %s %q are withheld, want %q", time.Now().UTC().Format("2 15:04"), got, want)
	}
}

// says holds the journal to what it tells of windows: a line an entry, with its day and time, kind, outcome, and reason.
func (h *house) says(want ...string) {
	h.Helper()
	var got []string
	for _, e := range h.store.Journal() {
		if e.Record == nil || e.Record.Shelf != filters.ShelfWindows || e.Outcome == "seen" {
			continue
		}
		line := e.At.Format("2 15:04 ") + string(e.Kind)
		if e.Kind == filters.KindWindow {
			line += " " + e.Outcome
		}
		if e.Reason != "" && e.Kind != filters.KindDigest && (e.Kind != filters.KindOpen && e.Kind != filters.KindWindow || !strings.Contains("why not", e.Reason)) {
			line += ": " + e.Reason
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		h.Errorf("the journal says\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// opening is what is remembered of the open occurrence.
func (h *house) opening(name string) *scheduler.Opening {
	h.Helper()
	listing, err := h.desk.Window(name)
	if err != nil {
		h.Fatal(err)
	}
	return cmp.Or(listing.State.Open, &scheduler.Opening{})
}

// nightly is a window that opens at 02:00 for two hours, for all agents.
func nightly(change ...func(*scheduler.Definition)) scheduler.Definition {
	definition := scheduler.Definition{Schedule: "0 2 * * *", Duration: "2h", Targets: []string{"web-*"}}
	for _, each := range change {
		each(&definition)
	}
	return definition
}

func most(count string) func(*scheduler.Definition) {
	return func(d *scheduler.Definition) { d.MaxUnavailable = count }
}
func joining(d *scheduler.Definition)  { d.Joining = true }
func cutoff(d *scheduler.Definition)   { d.Cutoff = "30m" }
func skips(d *scheduler.Definition)    { d.Missed = "skip" }
func approval(d *scheduler.Definition) { d.Approval = true }
func on(targets ...string) func(*scheduler.Definition) {
	return func(d *scheduler.Definition) { d.Targets = targets }
}
func from(schedule, duration string) func(*scheduler.Definition) {
	return func(d *scheduler.Definition) { d.Schedule, d.Duration = schedule, duration }
}
