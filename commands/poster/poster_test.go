package poster_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/commands/poster"
	"cordon/filters"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// board is a channel in memory.
type board struct {
	mutex  sync.Mutex
	began  time.Time
	round  time.Duration // of times in the log
	log    []string
	roots  []string // keys, in order; the reference is the position
	text   map[string]string
	sent   []time.Time // of new messages
	thread map[string][]string
	fail   func(what string) error // nil: nothing fails
	lose   bool                    // posts arrive and their answer is lost
	finds  int
	alive  []string // what of hostile names lives in what was posted, and IDs that stand there as names
}

func newBoard() *board {
	return &board{began: time.Now(), round: 100 * time.Millisecond, text: map[string]string{}, thread: map[string][]string{}}
}

func show(lines []commands.Line, buttons []commands.Button) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString("    ")
		for _, span := range line {
			switch span.Style {
			case commands.Bold:
				text.WriteString("**" + span.Text + "**")
			case commands.Code:
				text.WriteString("`" + span.Text + "`")
			case commands.Person:
				text.WriteString("<@" + span.Text + ">")
			default:
				text.WriteString(span.String())
			}
		}
		text.WriteByte('\n')
	}
	if len(buttons) > 0 {
		text.WriteString("    ")
		for _, button := range buttons {
			fmt.Fprintf(&text, "[%s %s %s]", button.Label, button.Action, button.Value)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

func (b *board) note(what, ref string, lines []commands.Line, buttons []commands.Button) {
	if id := stage.Nameless(lines); id != "" {
		b.alive = append(b.alive, id)
	}
	if alive := stage.Alive(lines); alive != "" {
		b.alive = append(b.alive, alive)
	}
	b.log = append(b.log, fmt.Sprintf("%s %s %s\n%s", time.Since(b.began).Round(b.round), what, ref, show(lines, buttons)))
}

func (b *board) failing(what string) error {
	if b.fail == nil {
		return nil
	}
	return b.fail(what)
}

func (b *board) Post(_ context.Context, message poster.Message) (string, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err := b.failing("post"); err != nil {
		return "", err
	}
	b.roots = append(b.roots, message.Key)
	ref := fmt.Sprint(len(b.roots))
	b.sent = append(b.sent, time.Now())
	b.text[ref] = show(message.Lines, message.Buttons)
	b.note("post", ref, message.Lines, message.Buttons)
	if b.lose {
		return "", poster.ErrUnsure
	}
	return ref, nil
}

func (b *board) Update(_ context.Context, ref string, message poster.Message) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err := b.failing("update"); err != nil {
		return err
	}
	b.text[ref] = show(message.Lines, message.Buttons)
	b.note("update", ref, message.Lines, message.Buttons)
	return nil
}

func (b *board) Reply(_ context.Context, ref, key string, lines []commands.Line) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err := b.failing("reply"); err != nil {
		return err
	}
	b.sent = append(b.sent, time.Now())
	b.thread[ref] = append(b.thread[ref], key)
	b.note("reply", ref, lines, nil)
	if b.lose {
		return poster.ErrUnsure
	}
	return nil
}

func (b *board) Find(_ context.Context, ref, key string, _ time.Time) (string, bool, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.finds++
	if err := b.failing("find"); err != nil {
		return "", false, err
	}
	if ref != "" {
		return "", slices.Contains(b.thread[ref], key), nil
	}
	if i := slices.Index(b.roots, key); i >= 0 {
		return fmt.Sprint(i + 1), true, nil
	}
	return "", false, nil
}

func (b *board) all() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return strings.Join(b.log, "")
}

// scene is a stage with a poster on it, in a bubble.
type scene struct {
	duty    *onCall
	t       *testing.T
	on      *stage.Stage
	board   *board
	notices *stage.Notices
	stop    func() error
	term    int64
	keys    int
	bot     *commands.Bot
	led     bool
	held    atomic.Value // string: why nothing is given back
	trouble atomic.Value // string: what is wrong with the master
	leader  func()       // ends the work of a leader beside the script
}

func set(t *testing.T, options stage.Options) *scene { return setBeside(t, options, false) }

// setBeside sets a stage on which a leader is to work beside the script.
func setBeside(t *testing.T, options stage.Options, leader bool) *scene {
	s := &scene{t: t, on: stage.New(options), board: newBoard(), led: leader}
	s.duty, _ = options.OnCall.(*onCall)
	s.notices = &stage.Notices{Stage: s.on}
	s.bot = commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": s.on}, Desks: map[string]commands.Desk{"prod": s.on.Desk()}, Machines: map[string]commands.Machines{"prod": s.on.Machines()}})
	s.leader = func() {}
	if leader {
		s.board.round = time.Second // who comes first among equals does not matter
	}
	s.start()
	synctest.Wait()
	return s
}

// unhurried is a journal whose entries, beside a leader, take a moment to arrive: by then all that happens at one time has.
type unhurried struct{ *scene }

func (u unhurried) After(ctx context.Context, id string, most int) ([]filters.Event, error) {
	return u.on.After(ctx, id, most)
}

func (u unhurried) Wait(ctx context.Context, id string) error {
	err := u.on.Wait(ctx, id)
	if !u.led {
		return err
	}
	select {
	case <-time.After(40 * time.Millisecond):
	case <-ctx.Done():
	}
	return err
}

func (s *scene) start() {
	s.term++
	ctx, cancel := context.WithCancel(s.t.Context())
	p := poster.New(poster.Config{Cluster: "prod", Journal: unhurried{s}, Notices: s.notices, Channel: s.board, Direct: s.direct, View: stage.View{Stage: s.on}, Windows: s.on.Desk(), Held: s.keeps, Trouble: s.ails, Logger: slog.New(slog.DiscardHandler)})
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, s.term) }()
	s.stop = func() error { cancel(); return <-done }
}

func (s *scene) keeps() string { why, _ := s.held.Load().(string); return why }

func (s *scene) ails() string { what, _ := s.trouble.Load().(string); return what }

func pass(d time.Duration) { <-time.After(d); synctest.Wait() }

// does runs one line of a script.
func (s *scene) does(line string) {
	s.t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	fields := strings.Fields(rest)
	s.keys++
	actor := filters.Actor{ID: "user:UALICE", User: "UALICE"}
	request := filters.Request{Actor: actor, Key: fmt.Sprint("key-", s.keys), Cause: filters.CauseCommand, Reason: "kernel upgrade"}
	targets := func(names []string) {
		for _, name := range names {
			request.Targets = append(request.Targets, filters.Target{Name: name})
		}
	}
	var err error
	switch word {
	case "wait":
		d, wrong := time.ParseDuration(rest)
		err = wrong
		pass(d)
	case "duty": // FOR USER…: who is on call from now on
		d, wrong := time.ParseDuration(fields[0])
		err = wrong
		s.duty.change(filters.OnCall{Users: fields[1:], Source: "PagerDuty schedule P1", Until: time.Now().UTC().Add(d)})
	case "asked": // USER ID VERB HOST…: somebody asked for approval
		s.asked(fields, filters.ApprovalOpen, string(filters.ApprovalOpen))
	case "broke": // USER ID VERB HOST…: somebody did not wait for it
		s.asked(fields, filters.ApprovalStarted, filters.OutcomeGlass)
	case "leads": // from now on, a leader does its part
		ctx, cancel := context.WithCancel(s.t.Context())
		var led sync.WaitGroup
		led.Go(func() { s.on.Lead(ctx) })
		s.leader = func() { cancel(); led.Wait() }
	case "meddle": // HOST@IP WORD: somebody else does it, past the bot
		s.on.Meddle(fields[0], strings.Join(fields[1:], " "))
	case "refuses-machines": // the master does, with the words
		s.on.RefuseMachines(rest)
	case "launch": // HOST FRAMEWORK: nine tasks
		s.on.Launch(fields[0], fields[1], 9)
	case "refuses": // the master does not drain the host
		s.on.Refuse(rest)
	case "alice:", "bob:", "dana:", "dave:", "erin:", "root:": // somebody types a command; APPROVAL is the newest approval
		user := "U" + strings.ToUpper(strings.TrimSuffix(word, ":"))
		reply := s.bot.Handle(s.t.Context(), commands.Input{
			Text: strings.ReplaceAll(rest, "APPROVAL", s.approval()), Actor: filters.Actor{ID: "user:" + user, User: user}, RequestKey: request.Key, Cause: filters.CauseCommand, Channel: "COPS",
		})
		if reply.Code != "" {
			err = errors.New(reply.Text())
		}
	case "filter":
		request.Until = time.Now().UTC().Add(2 * time.Hour)
		targets(fields)
		_, err = s.on.Filter(s.t.Context(), request)
	case "hold": // without an end
		targets(fields)
		_, err = s.on.Filter(s.t.Context(), request)
	case "release": // by the Release button
		request.Actor = filters.Actor{ID: "user:UBOB", User: "UBOB"}
		request.Cause, request.Reason, request.All = filters.CauseClick, "", true
		targets(fields)
		_, err = s.on.Unfilter(s.t.Context(), request)
	case "extend":
		request.All, request.Reason = true, ""
		targets(fields)
		_, err = s.on.Extend(s.t.Context(), request, nil, 5*time.Hour)
	case "freeze":
		request.Reason = "Black Friday"
		_, err = s.on.Freeze(s.t.Context(), request)
	case "thaw":
		request.Reason = "sale is over"
		_, err = s.on.Thaw(s.t.Context(), request)
	case "answer":
		request.Reason = "checked on the host"
		_, err = s.on.Answer(s.t.Context(), request, fields[0], true)
	default:
		s.leads(word, fields)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	synctest.Wait()
}

// leads writes down what a leader would.
func (s *scene) leads(word string, fields []string) {
	var commit []filters.Event // all of it is one, as a leader's is
	defer func() { s.on.Happen(commit...) }()
	happen := func(event filters.Event) { commit = append(commit, event) }
	bot := filters.Event{Actor: "bot:one", Master: "master-one:5050", Term: s.term}
	each := func(standing bool, write func(filter filters.Filter, event filters.Event)) {
		for _, filter := range s.on.Book.Filters() {
			if slices.Contains(fields, filter.Hostname) && filter.Stands() == standing {
				event := bot
				event.Agent, event.Host, event.Subject, event.Operation = filter.Agent, filter.Hostname, filter.Subject, filter.Operation
				write(*filter, event)
			}
		}
	}
	agent := func(kind filters.Kind, reason string) {
		for _, host := range fields {
			event := bot
			found := s.on.Find("", host)[0]
			event.Kind, event.Agent, event.Host, event.Reason, event.Subject = kind, found.ID, host, reason, "drift-1"
			happen(event)
		}
	}
	ledger := func(filter filters.Filter, hold filters.Hold) *filters.LedgerEntry {
		return &filters.LedgerEntry{Agent: filter.Agent, Hostname: filter.Hostname, Backend: filters.BackendOperator, Mode: filter.Mode, Hold: hold}
	}
	state := func(to filters.ChangeState, reason string) {
		each(true, func(filter filters.Filter, event filters.Event) {
			filter.State = to
			event.Kind, event.Outcome, event.Filter, event.Reason = filters.KindTook, string(to), &filter, reason
			event.Ledger = ledger(filter, filters.HoldHeld)
			happen(event)
		})
	}
	switch word {
	case "accepted":
		state(filters.StateAccepted, "")
	case "confirmed":
		state(filters.StateVerified, "")
	case "refused":
		state(filters.StateFailed, "403 Forbidden.")
	case "giving":
		each(false, func(filter filters.Filter, event filters.Event) {
			event.Kind, event.Outcome, event.Operation = filters.KindGave, "accepted", filter.EndOperation
			event.Ledger = ledger(filter, filters.HoldReleasing)
			happen(event)
		})
	case "given":
		each(false, func(filter filters.Filter, event filters.Event) {
			event.Kind, event.Outcome, event.Operation, event.Filter, event.Settled = filters.KindGave, "verified", filter.EndOperation, &filter, true
			event.Ledger = ledger(filter, filters.HoldFree)
			happen(event)
		})
	case "others": // the filter is over, others still stand
		each(false, func(filter filters.Filter, event filters.Event) {
			event.Kind, event.Outcome, event.Operation, event.Filter, event.Settled = filters.KindGave, "verified", filter.EndOperation, &filter, true
			event.Reason = "others still withhold it"
			happen(event)
		})
	case "expire":
		each(true, func(filter filters.Filter, event filters.Event) {
			filter.Ended, filter.EndedBy, filter.EndCause, filter.EndOperation = time.Now().UTC(), "bot:one", filters.CauseExpiry, "op-end"
			event.Kind, event.Cause, event.Outcome, event.Filter, event.Operation = filters.KindExpire, filters.CauseExpiry, "recorded", &filter, "op-end"
			happen(event)
		})
	case "nag":
		each(true, func(filter filters.Filter, event filters.Event) {
			filter.Nagged = time.Now().UTC()
			event.Kind, event.Filter = filters.KindNag, &filter
			happen(event)
		})
	case "missing":
		each(true, func(filter filters.Filter, event filters.Event) {
			filter.Missing = time.Now().UTC()
			event.Kind, event.Filter = filters.KindMissing, &filter
			happen(event)
		})
	case "machine-down": // we took it down
		each(true, func(filter filters.Filter, event filters.Event) {
			filter.Missing = time.Now().UTC()
			event.Kind, event.Filter, event.Cause, event.Reason = filters.KindMissing, &filter, filters.CauseMaintenance, "its machine is down for maintenance, by our word"
			happen(event)
		})
	case "lost":
		agent(filters.KindLost, "it came back from a restart without its filter")
	case "back": // from a restart that lost the filter, four seconds ago
		for _, host := range fields {
			lost, found := bot, s.on.Find("", host)[0]
			lost.Kind, lost.Agent, lost.Host, lost.Cause, lost.Reason, lost.Subject = filters.KindLost, found.ID, host, filters.CauseObserved, "it registered again without its filter", "drift-2"
			happen(lost)
			taking := bot
			taking.Kind, taking.Agent, taking.Host, taking.Subject = filters.KindTaking, found.ID, host, "drift-2"
			taking.Ledger = &filters.LedgerEntry{Agent: found.ID, Hostname: host, Backend: filters.BackendOperator, Hold: filters.HoldTaking, Registered: time.Now().UTC().Add(-4 * time.Second)}
			happen(taking)
		}
	case "moved": // the host came back with a new agent ID, two seconds ago
		each(true, func(filter filters.Filter, event filters.Event) {
			old := event
			old.Kind, old.Filter, old.Settled = filters.KindMove, &filter, true
			happen(old)
			moved := filter
			moved.Agent, moved.State = filter.Agent+"-new", filters.StateRecorded
			event.Kind, event.Agent, event.Outcome, event.Filter, event.Reason = filters.KindMove, moved.Agent, "recorded", &moved, "the host came back with a new agent ID"
			happen(event)
			event.Kind, event.Filter, event.Outcome, event.Reason = filters.KindTaking, nil, "", ""
			event.Ledger = ledger(moved, filters.HoldTaking)
			event.Ledger.Registered = time.Now().UTC().Add(-2 * time.Second)
			happen(event)
		})
	case "repaired":
		for _, outcome := range []string{"accepted", "verified"} {
			for _, host := range fields {
				event, found := bot, s.on.Find("", host)[0]
				event.Kind, event.Outcome, event.Agent, event.Host, event.Subject = filters.KindTook, outcome, found.ID, host, "drift-1"
				event.Ledger = &filters.LedgerEntry{Agent: found.ID, Hostname: host, Backend: filters.BackendOperator, Hold: filters.HoldHeld}
				happen(event)
			}
		}
	case "restart":
		agent(filters.KindRestart, "it registered again and is still withheld")
	case "foreign":
		agent(filters.KindForeign, "")
	case "unforeign":
		agent(filters.KindUnforeign, "")
	case "contested":
		agent(filters.KindContested, "lost again without a cause")
	case "question":
		happen(filters.Event{Actor: "bot:one", Kind: filters.KindQuestion, Subject: "q-1", Question: &filters.Question{
			ID: "q-1", Subject: "q-1", Kind: filters.QuestionContested, Text: "Somebody gives " + s.on.Name("agent-one") + " back. Withhold it again?", Hosts: []string{s.on.Name("agent-one")}, Asked: time.Now().UTC()}})
	case "lock":
		lock := &filters.Lock{Cause: "the journal is older than the witness", At: time.Now().UTC()}
		happen(filters.Event{Actor: "bot:one", Kind: filters.KindLock, Subject: "lock-1", Reason: lock.Cause, Lock: lock})
	case "unlock":
		happen(filters.Event{Actor: "user:UBOB", Kind: filters.KindUnlock, Subject: "op-9", Reason: "restored and checked"})
	case "failover":
		happen(filters.Event{Actor: "bot:one", Kind: filters.KindFailover, Subject: "settling-1", Master: "master-two:5050"})
	case "settled":
		happen(filters.Event{Actor: "bot:one", Kind: filters.KindSettled, Subject: "settling-1", Master: "master-two:5050"})
	default:
		s.t.Fatalf("%q is no word of these scripts", word)
	}
}

func TestMessages(t *testing.T) {
	eachArchive(t, func(t *testing.T, path string, archive *txtar.Archive) {
		got := perform(t, archive, nil)
		if *update {
			archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "messages" })
			archive.Files = append(archive.Files, txtar.File{Name: "messages", Data: []byte(got)})
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if difference := cmp.Diff(string(part(archive, "messages")), got); difference != "" {
			t.Error(difference)
		}
	})
}

// Whatever the things of a cluster are called, messages and their threads are the same but for the names, and nothing of a name is
// alive.
func TestMessagesWithHostileNames(t *testing.T) {
	eachArchive(t, func(t *testing.T, _ string, archive *txtar.Archive) {
		got := perform(t, archive, stage.HostileNames)
		if difference := cmp.Diff(string(part(archive, "messages")), stage.Friendly(got)); difference != "" {
			t.Error("(- usual names, + hostile ones)\n" + difference)
		}
	})
}

func eachArchive(t *testing.T, test func(t *testing.T, path string, archive *txtar.Archive)) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			test(t, path, archive)
		})
	}
}

// perform plays an archive's script and returns all that was posted; with names, on a cluster where things are called so.
func perform(t *testing.T, archive *txtar.Archive, names func(string) string) (posted string) {
	t.Helper()
	called := func(text []byte) string { return string(text) }
	if names != nil {
		called = func(text []byte) string { return stage.HostileScript(string(text)) }
	}
	synctest.Test(t, func(t *testing.T) {
		script := called(part(archive, "script"))
		s := setBeside(t, stage.Options{
			OnCall: &onCall{}, Policy: stage.ReadPolicy(part(archive, "policy")), Windows: stage.Windows([]byte(called(part(archive, "windows")))), Digest: digest(archive),
			Allow: []filters.Verb{filters.VerbDrain, filters.VerbGone, filters.Verb(filters.ModeDown)}, Names: names,
		}, strings.Contains(script, "leads"))
		for line := range strings.Lines(script) {
			s.does(strings.TrimSpace(line))
		}
		pass(10 * time.Second)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.leader()
		posted = s.board.all()
		for _, alive := range s.board.alive {
			t.Errorf("alive is %q", alive)
		}
	})
	return posted
}

// part returns a file of the archive.
func part(archive *txtar.Archive, name string) []byte {
	for _, file := range archive.Files {
		if file.Name == name {
			return file.Data
		}
	}
	return nil
}

// digest returns when the morning's summary is told: a line `digest: 08:00` before the script.
func digest(archive *txtar.Archive) string {
	at, _ := strings.CutPrefix(strings.TrimSpace(string(archive.Comment)), "digest: ")
	return at
}

// Nothing is posted faster than the channel takes it, and questions go first.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		for _, host := range []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five"} {
			s.does("filter " + host)
		}
		s.does("question")
		pass(20 * time.Second)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		for i, at := range s.board.sent[1:] {
			if gap := at.Sub(s.board.sent[i]); gap < time.Second {
				t.Errorf("messages %d and %d are %s apart", i, i+1, gap)
			}
		}
		if len(s.board.roots) != 6 || s.board.roots[1] != "question/q-1" {
			t.Errorf("roots: %q", s.board.roots)
		}
	})
}

func TestRateLimitIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		var tried []time.Duration
		s.board.fail = func(string) error {
			tried = append(tried, time.Since(s.board.began))
			if len(tried) == 1 {
				return &poster.Slow{For: 7 * time.Second}
			}
			return nil
		}
		s.does("filter agent-one")
		pass(30 * time.Second)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if len(tried) < 2 || tried[1] < 7*time.Second || tried[1] > 9*time.Second || len(s.board.roots) != 1 {
			t.Errorf("tried at %v, roots %q", tried, s.board.roots)
		}
	})
}

// A post whose answer was lost is looked for before it is posted again.
func TestLostAnswersAreLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		s.board.lose = true
		s.does("filter agent-one")
		pass(100 * time.Millisecond)
		s.board.mutex.Lock()
		s.board.lose = false
		s.board.mutex.Unlock()
		s.does("confirmed agent-one")
		pass(time.Minute)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if len(s.board.roots) != 1 || s.board.finds == 0 || !strings.Contains(s.board.text["1"], "confirmed") {
			t.Errorf("roots %q, finds %d, %s", s.board.roots, s.board.finds, s.board.text["1"])
		}
	})
}

// While Slack is away nothing is lost; when it is back every message is there, once, and tells how things are now.
func TestAwayAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		away := true
		s.board.fail = func(string) error {
			if away {
				return errors.New("connection refused")
			}
			return nil
		}
		for _, host := range []string{"agent-one", "agent-two", "agent-three"} {
			s.does("filter " + host)
			s.does("confirmed " + host)
		}
		s.does("release agent-two")
		s.does("given agent-two")
		pass(10 * time.Minute)
		s.board.mutex.Lock()
		away = false
		s.board.mutex.Unlock()
		pass(time.Minute)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if len(s.board.roots) != 3 {
			t.Fatalf("roots %q", s.board.roots)
		}
		text := s.board.text["1"] + s.board.text["2"] + s.board.text["3"]
		for _, want := range []string{"agent-one takes no new tasks", "agent-two takes tasks again", "agent-three takes no new tasks"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
	})
}

// Wherever a leader is killed, the next one goes on: each message is there, told to the end, and not twice.
func TestKilledAnywhere(t *testing.T) {
	for kill := range 12 {
		t.Run(fmt.Sprint(kill), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, stage.Options{})
				calls := 0
				dead := make(chan struct{})
				s.board.fail = func(string) error {
					if calls++; calls == kill {
						close(dead)
					}
					return nil
				}
				go func() {
					for _, line := range []string{"filter agent-one agent-two", "accepted agent-one agent-two", "wait 300ms", "confirmed agent-one agent-two", "wait 4s", "release agent-one agent-two", "wait 1s", "given agent-one agent-two", "wait 20s"} {
						s.does(line)
					}
				}()
				select {
				case <-dead:
				case <-time.After(30 * time.Second):
				}
				if err := s.stop(); err != nil {
					t.Error(err)
				}
				s.start()
				pass(time.Minute)
				if err := s.stop(); err != nil {
					t.Error(err)
				}
				if len(s.board.roots) != 1 || !strings.Contains(s.board.text["1"], "2 agents take tasks again") {
					t.Errorf("roots %q: %s", s.board.roots, s.board.text["1"])
				}
			})
		})
	}
}

func TestAnOlderTermStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		s.notices.Newest = 5
		s.does("filter agent-one")
		if err := s.stop(); filters.CodeOf(err) != filters.Conflict || len(s.board.roots) != 0 {
			t.Errorf("%v, roots %q", err, s.board.roots)
		}
	})
}

// A message that somebody deleted is told again while it still holds.
func TestDeletedMessagesComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, stage.Options{})
		s.does("filter agent-one")
		pass(5 * time.Second)
		gone := true
		s.board.fail = func(what string) error {
			if what == "update" && gone {
				gone = false
				return poster.ErrGone
			}
			return nil
		}
		s.does("confirmed agent-one")
		pass(20 * time.Second)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if len(s.board.roots) != 2 || !strings.Contains(s.board.text["2"], "confirmed") {
			t.Errorf("roots %q: %q", s.board.roots, s.board.text["2"])
		}
	})
}

// With thousands of messages open the clock costs nothing.
func TestManyMessagesAreNotRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		agents := make([]string, 200)
		for i := range agents {
			agents[i] = fmt.Sprintf("web-%03d", i)
		}
		s := set(t, stage.Options{Agents: agents})
		for _, host := range agents {
			s.does("filter " + host)
		}
		pass(10 * time.Minute)
		before := len(s.board.log)
		pass(time.Hour)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if more := len(s.board.log) - before; more != 0 {
			t.Errorf("%d messages for nothing new", more)
		}
	})
}

// The root message names ten agents; the thread names them all.
func TestThreadsNameEveryAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 120 { // one command may name a tenth of them
			names = append(names, fmt.Sprintf("web-%02d", i))
		}
		s := set(t, stage.Options{Agents: names})
		names = names[:12]
		s.does("filter " + strings.Join(names, " "))
		s.does("confirmed " + strings.Join(names, " "))
		pass(10 * time.Second)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		shown := s.board.all()
		if !strings.Contains(shown, "web-09 and 2 more") || !strings.Contains(shown, "all 12: web-00, ") || !strings.Contains(shown, "web-10, web-11") {
			t.Error(shown)
		}
	})
}

// approval is the ID of the newest approval; empty: there is none.
func (s *scene) approval() string {
	if all := s.on.Approvals(); len(all) > 0 {
		return all[0].ID
	}
	return ""
}
