package commands_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"
	"cordon/scheduler"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write golden files and docs/commands.md anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// markup renders a reply with its styles to be read in a golden file.
func markup(reply commands.Reply) string {
	var text strings.Builder
	for _, line := range reply.Lines {
		for _, span := range line {
			switch span.Style {
			case commands.Bold:
				text.WriteString("**" + span.Text + "**")
			case commands.Code:
				text.WriteString("`" + span.Text + "`")
			case commands.Person:
				text.WriteString("<@" + span.Text + ">")
			case commands.Block:
				text.WriteString("```\n" + span.Text + "\n```")
			default:
				text.WriteString(span.String())
			}
		}
		text.WriteByte('\n')
	}
	for _, button := range reply.Buttons {
		fmt.Fprintf(&text, "[%s: %s %s]", button.Label, button.Action, button.Value)
		if button.Confirm != "" {
			fmt.Fprintf(&text, " asks: %s", button.Confirm)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// play runs a script: lines `NAME: TEXT` type a command, `NAME press ACTION VALUE [REASON]` presses a button, `wait 1h` lets time
// pass, `reconcile` does what a leader would, `lose HOST` makes somebody else's filter stand; APPROVAL is the ID of
// the newest approval.
func play(t *testing.T, config stage.Options, script string) string {
	t.Helper()
	on := stage.New(config)
	bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, Desks: map[string]commands.Desk{"prod": on.Desk()}, Machines: map[string]commands.Machines{"prod": on.Machines()}})
	defer bot.Stop(t.Context())
	defer lead(t, on, strings.HasPrefix(script, "leads\n"))()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	first, last := "", ""
	for i, line := range slices.Collect(strings.Lines(script)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' || line == "leads" {
			continue
		}
		fmt.Fprintf(&out, "> %s\n", line)
		if span, ok := strings.CutPrefix(line, "wait "); ok {
			d, err := time.ParseDuration(span)
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(d) // in a bubble: nobody waits
			continue
		}
		if line == "reconcile" {
			on.Reconcile()
			continue
		}
		if host, word, ok := strings.Cut(line, " MEDDLE "); ok { // somebody else does it, past the bot
			on.Meddle(host, word)
			continue
		}
		if words, ok := strings.CutPrefix(line, "REFUSE"); ok { // the master does, from now on
			on.RefuseMachines(strings.TrimSpace(words))
			continue
		}
		if cause, ok := strings.CutPrefix(line, "LOCK "); ok { // the bot doubts its memory
			on.Happen(filters.Event{Kind: filters.KindLock, Actor: "bot:one", Lock: &filters.Lock{Cause: cause, At: time.Now().UTC()}})
			continue
		}
		name, rest, _ := strings.Cut(line, ":")
		input := commands.Input{Text: strings.TrimSpace(rest), RequestKey: fmt.Sprintf("key-%d", i), Cause: filters.CauseCommand, Channel: "COPS"}
		if who, press, ok := strings.Cut(line, " press "); ok {
			name = who
			action, value, _ := strings.Cut(press, " ")
			value, why, _ := strings.Cut(value, " ")
			value = strings.NewReplacer("LAST", last, "FIRST", first).Replace(value)
			input.Text, input.Press, input.Cause = "", &commands.Press{Action: action, Value: value, Reason: why}, filters.CauseClick
		}
		if all := on.Approvals(); len(all) > 0 {
			input.Text = strings.ReplaceAll(input.Text, "APPROVAL", all[0].ID)
			if input.Press != nil {
				input.Press.Value = strings.ReplaceAll(input.Press.Value, "APPROVAL", all[0].ID)
			}
		}
		input.Text = strings.NewReplacer("LAST", last, "FIRST", first).Replace(input.Text)
		input.Actor = filters.Actor{ID: "user:U" + strings.ToUpper(name), User: "U" + strings.ToUpper(name), Zone: paris}
		reply := bot.Handle(t.Context(), input)
		if reply.Operation != "" {
			first, last = cmp.Or(first, reply.Operation), reply.Operation
		}
		if reply.Code != "" {
			fmt.Fprintf(&out, "(%s)\n", reply.Code)
		}
		out.WriteString(settled(markup(reply)))
		if id := stage.Nameless(reply.Lines); id != "" {
			t.Errorf("%s: %q is told as somebody's name", line, id)
		}
		if alive := stage.Alive(reply.Lines); alive != "" {
			t.Errorf("%s: alive is %q in\n%s", line, alive, markup(reply))
		}
	}
	return out.String()
}

// settled puts "carried out" directly above the yes that made it so: in a history the leader's loops, which write in
// the same instant of the bubble, may have begun the work before that is written.
func settled(text string) string {
	lines := slices.Collect(strings.Lines(text))
	for i := len(lines) - 1; i >= 0; i-- {
		line := lines[i]
		if !strings.Contains(line, ": carried out as it was approved") {
			continue
		}
		what, _, _ := strings.Cut(line, ": carried out")
		yes := slices.IndexFunc(lines, func(other string) bool { return strings.HasPrefix(other, what+": approved (that is enough)") })
		if yes > i {
			lines = slices.Insert(slices.Delete(lines, i, i+1), yes-1, line)
		}
	}
	return strings.Join(lines, "")
}

// lead lets a leader work beside the script, if it is to, and returns what ends that.
func lead(t *testing.T, on *stage.Stage, leads bool) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var led sync.WaitGroup
	if leads {
		led.Go(func() { on.Lead(ctx) })
	}
	return func() { cancel(); led.Wait() }
}

func TestReplies(t *testing.T) {
	paths, err := filepath.Glob("testdata/replies/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, options(t, archive), file(archive, "script")) })
			checkGolden(t, path, archive, "replies", got)
		})
	}
}

// Whatever the things of a cluster are called, nothing of a name is alive in answers.
func TestRepliesWithHostileNames(t *testing.T) {
	paths, err := filepath.Glob("testdata/replies/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				config := options(t, archive)
				config.Names = stage.HostileNames
				play(t, config, stage.HostileScript(file(archive, "script")))
			})
		})
	}
}

// options reads what differs from the usual stage: lines in the archive's comment such as `foreign: agent-five`.
func options(t *testing.T, archive *txtar.Archive) stage.Options {
	options := stage.Options{Windows: stage.Windows([]byte(file(archive, "windows"))), Policy: stage.ReadPolicy([]byte(file(archive, "policy")))}
	for line := range strings.Lines(string(archive.Comment)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "agents":
			options.Agents = strings.Fields(value)
		case "foreign":
			options.Foreign = strings.Fields(value)
		case "held":
			options.Held = value
		case "freeze":
			from, to, _ := strings.Cut(value, " to ")
			options.Freezes = []scheduler.Freeze{{Name: "holidays", From: from, To: to}}
		case "allow":
			for word := range strings.FieldsSeq(value) {
				options.Allow = append(options.Allow, filters.Verb(word))
			}
		case "laden":
			options.Laden = true
		case "observe":
			options.Observe = true
		case "rack limit":
			if _, err := fmt.Sscan(value, &options.Limits.Rack.Count); err != nil {
				t.Fatal(err)
			}
		case "group":
			group, hosts, _ := strings.Cut(value, " ")
			options.Groups = map[string]filters.Group{group: {Hosts: strings.Fields(hosts)}}
		}
	}
	return options
}

func file(archive *txtar.Archive, name string) string {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

func checkGolden(t *testing.T, path string, archive *txtar.Archive, name, got string) {
	t.Helper()
	if *update {
		archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got)})
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if difference := gocmp.Diff(file(archive, name), got); difference != "" {
		t.Errorf("%s (run with -update to accept):\n%s", path, difference)
	}
}
