package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"cordon/filters"
	"cordon/internal/ctl"
	"cordon/store"
)

// archive is a journal with a configuration that names it.
type archive struct {
	*store.Store
	redis  *miniredis.Miniredis
	config string
	term   int64
}

func anArchive(t *testing.T) *archive {
	t.Helper()
	redis, directory := miniredis.RunT(t), t.TempDir()
	opened, err := store.Open(t.Context(), store.Config{URL: "redis://" + redis.Addr(), DataDir: directory, Replica: "one", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	a := &archive{Store: opened.Cluster("prod"), redis: redis, config: filepath.Join(directory, "cordon.yaml")}
	text := fmt.Sprintf("clusters:\n  prod:\n    masters: [http://master-one:5050]\n    channel: C1\nslack: {team: T1}\nredis: {url: redis://%s}\ndata_dir: %s\n", redis.Addr(), directory)
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.term, _, _, err = a.Acquire(t.Context(), "one", "", leaseTime); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *archive) write(t *testing.T, reason string) {
	t.Helper()
	if _, err := a.Commit(t.Context(), filters.Commit{Events: []filters.Event{{Kind: filters.KindLeader, Actor: "bot:one", Reason: reason}}}); err != nil {
		t.Fatal(err)
	}
}

func (a *archive) seal(t *testing.T) store.Seal {
	t.Helper()
	seal, err := a.Seal(t.Context(), a.term)
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func (a *archive) report(t *testing.T, options JournalOptions) (*ctl.Audit, string) {
	t.Helper()
	options.Config = a.config
	audit, err := VerifyJournal(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := audit.Write(&text); err != nil {
		t.Fatal(err)
	}
	return audit, text.String()
}

func TestAJournalIsVerifiedFromOutside(t *testing.T) {
	a := anArchive(t)
	for range 3 {
		a.write(t, "one")
	}
	seal := a.seal(t)
	book := filters.NewBook()
	state, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	book.Reset(state)
	if err := a.KeepLastWitness(t.Context(), book); err != nil {
		t.Fatal(err)
	}
	a.write(t, "two")
	known := seal.ID + ":" + seal.Digest
	audit, text := a.report(t, JournalOptions{Heads: []string{known}})
	for _, want := range []string{"prod: the journal is whole", "1 seal over 4 entries", "1 entry is not sealed yet", "it agrees with the witness", "it agrees with the head " + seal.ID, "--head " + known} {
		if !audit.Whole() || !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if _, text = a.report(t, JournalOptions{Heads: []string{seal.ID + ":" + strings.Repeat("0", 64)}}); !strings.Contains(text, "NOT whole: 1 place") || !strings.Contains(text, "made anew") {
		t.Error(text)
	}
	for _, wrong := range []JournalOptions{{Heads: []string{"1-1"}}, {Since: "yesterday-ish"}, {Cluster: "test"}, {Witness: "/elsewhere/other.witness.json"}} {
		wrong.Config = a.config
		if _, err := VerifyJournal(t.Context(), wrong); filters.CodeOf(err) != filters.Invalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	a.redis.FlushAll()
	if audit, text := a.report(t, JournalOptions{}); audit.Whole() || !strings.Contains(text, "is gone") {
		t.Errorf("an emptied Redis, with a witness:\n%s", text)
	}
}

func TestAJournalIsExportedAndGoneOnWith(t *testing.T) {
	a := anArchive(t)
	for i := range 1203 {
		a.write(t, fmt.Sprint(i))
	}
	seal := a.seal(t)
	a.write(t, "last")
	export := func(options JournalOptions) (reasons []string, complete bool, last string) {
		t.Helper()
		options.Config = a.config
		var text bytes.Buffer
		complete, last, err := ExportJournal(t.Context(), options, &text)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text.String()) {
			var read store.Line
			if err := json.Unmarshal([]byte(line), &read); err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, read.Reason)
		}
		return reasons, complete, last
	}
	all, complete, last := export(JournalOptions{})
	if !complete || len(all) != 1205 || all[1] != "0" || all[1204] != "last" {
		t.Errorf("%d lines, complete %v", len(all), complete)
	}
	if more, complete, _ := export(JournalOptions{After: last}); !complete || len(more) != 0 {
		t.Errorf("behind the last there are %v", more)
	}
	a.write(t, "later")
	if more, complete, _ := export(JournalOptions{After: last}); !complete || len(more) != 1 || more[0] != "later" {
		t.Errorf("later there are %v", more)
	}
	if _, err := a.Trim(t.Context(), a.term, -leaseTime); err != nil {
		t.Fatal(err)
	}
	if rest, complete, _ := export(JournalOptions{Since: "1h"}); complete || len(rest) != 3 || seal.ID == "" {
		t.Errorf("after trimming %v, complete %v", rest, complete)
	}
}

func TestAJournalThatCannotBeReadIsSaidSo(t *testing.T) {
	a := anArchive(t)
	a.redis.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := VerifyJournal(ctx, JournalOptions{Config: a.config}); filters.CodeOf(err) != filters.Unavailable {
		t.Errorf("verify: %v", err)
	}
	if _, _, err := ExportJournal(ctx, JournalOptions{Config: a.config}, &bytes.Buffer{}); filters.CodeOf(err) != filters.Unavailable || errors.Is(err, context.Canceled) {
		t.Errorf("export: %v", err)
	}
}
