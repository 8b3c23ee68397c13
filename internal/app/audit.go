package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/internal/config"
	"cordon/internal/ctl"
	"cordon/store"
	"cordon/store/server"
)

// JournalOptions say which journal is read, and how far.
type JournalOptions struct {
	Config  string // cordon.yaml
	Cluster string // empty: the only one
	Since   string // as typed: 2h, 2026-11-01, RFC 3339; empty: from its beginning
	Until   string
	After   string   // export: an entry's ID
	Witness string   // verify: a witness file beside the one in data_dir
	Heads   []string // verify: ID:DIGEST of seals that were written down before
}

// breaksMost is how many breaks a report lists.
const breaksMost = 20

// VerifyJournal reads a cluster's journal against its seals and what is known of them outside Redis. It needs no bot that
// runs, and no secret but Redis's password. An error means that nothing could be said.
func VerifyJournal(ctx context.Context, options JournalOptions) (*ctl.Audit, error) {
	journal, err := openJournal(ctx, options)
	if err != nil {
		return nil, err
	}
	defer journal.Close()
	heads, err := journal.heads()
	if err != nil {
		return nil, err
	}
	audit := &ctl.Audit{Cluster: journal.Name(), Now: journal.Now()}
	asked := store.Inspection{Since: journal.since, Keep: keepEvents, Report: func(b *store.Broken) {
		if len(audit.Breaks) == breaksMost {
			audit.More++
			return
		}
		audit.Breaks = append(audit.Breaks, ctl.Break{After: b.After, ID: b.ID, Why: b.Why})
	}}
	for _, head := range heads {
		asked.Heads = append(asked.Heads, head.Seal)
	}
	found, err := journal.Inspect(ctx, asked)
	if err != nil {
		return nil, err
	}
	if found.From == "" && len(heads)+found.Seals+len(audit.Breaks) == 0 {
		return nil, &filters.Error{Code: filters.Unknown, Wrong: "this Redis holds no journal of " + journal.Name(), Expected: "the Redis that the bot uses"}
	}
	return audited(audit, &found, heads), nil
}

// audited fills in what was found.
func audited(audit *ctl.Audit, found *store.Verified, heads []head) *ctl.Audit {
	audit.Seals, audit.Entries, audit.Unsealed, audit.Open, audit.Trimmed = found.Seals, found.Entries, found.Unsealed, found.Open, found.Trimmed
	audit.From, audit.To = store.Stamped(found.From), store.Stamped(found.Head.ID)
	if found.Trusted.ID != "" && filters.After(found.Trusted.ID, found.From) {
		audit.Since = store.Stamped(found.Trusted.ID)
		audit.From = audit.Since
	}
	if found.Head.ID != "" {
		audit.Head = found.Head.ID + ":" + found.Head.Digest
	}
	for _, head := range heads {
		switch {
		case audit.BreaksAt(head.ID):
		case slices.Contains(found.Passed, head.Seal):
			audit.Passed = append(audit.Passed, head.name)
		default:
			audit.Agrees = append(audit.Agrees, head.name)
		}
	}
	return audit
}

// journalFile is a cluster's journal, opened to be read.
type journalFile struct {
	*store.Store
	options  JournalOptions
	settings config.Config
	since    time.Time
	until    time.Time
}

func openJournal(ctx context.Context, options JournalOptions) (*journalFile, error) {
	settings, password, err := config.LoadWithoutSecrets(options.Config)
	if err != nil {
		return nil, err
	}
	if options.Cluster, err = onlyCluster(settings, options.Cluster); err != nil {
		return nil, err
	}
	certificates, err := readOptional(settings.Redis.CAFile)
	if err != nil {
		return nil, err
	}
	url := settings.Redis.URL
	if url == "" {
		url = server.At(filepath.Join(settings.DataDir, "redis"))
	}
	redis, err := store.Open(ctx, store.Config{URL: url, Password: password.Reveal(), CA: certificates, Timeout: readTime, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	journal := &journalFile{Store: redis.Cluster(options.Cluster), options: options, settings: settings}
	if err := journal.bounds(); err != nil {
		journal.Close()
		return nil, err
	}
	return journal, nil
}

// readTime bounds one answer of Redis: nobody waits for the command line as for chat.
const readTime = 10 * time.Second

// Close closes Redis.
func (j *journalFile) Close() { j.Redis().Close() }

func (j *journalFile) bounds() (err error) {
	if j.since, err = moment("--since", j.options.Since, j.Now()); err != nil {
		return err
	}
	j.until, err = moment("--until", j.options.Until, j.Now())
	return err
}

func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	since, err := commands.ParseSince(flag, text)
	return since.At(now, time.UTC), err
}

// head is a seal that is known outside Redis, and how it is called in a report.
type head struct {
	store.Seal
	name string
}

// heads are the seals to compare: of the witness in data_dir if there is one, of the one that is named, and as typed.
func (j *journalFile) heads() (heads []head, err error) {
	add := func(dir, cluster, name string) error {
		witness, err := store.ReadWitness(dir, cluster)
		if err == nil && witness.Digest != "" {
			heads = append(heads, head{store.Seal{ID: witness.Journal, Digest: witness.Digest}, name + " of " + witness.WrittenAt.UTC().Format(time.RFC3339)})
		}
		return err
	}
	if err := add(j.settings.DataDir, j.Name(), "the witness"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if file := j.options.Witness; file != "" {
		cluster, ok := strings.CutSuffix(filepath.Base(file), ".witness.json")
		if !ok || cluster != j.Name() {
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "`--witness " + file + "` is not a witness of " + j.Name(), Expected: "a file named " + j.Name() + ".witness.json"}
		}
		if err := add(filepath.Dir(file), cluster, file); err != nil {
			return nil, err
		}
	}
	for _, text := range j.options.Heads {
		id, digest, ok := strings.Cut(text, ":")
		if !ok || len(digest) != 64 {
			return nil, &filters.Error{Code: filters.Invalid, Wrong: "`--head " + text + "` is not a seal", Expected: "an entry's ID, a colon and 64 hexadecimal digits, as `bot journal verify` prints them"}
		}
		heads = append(heads, head{store.Seal{ID: id, Digest: strings.ToLower(digest)}, "the head " + id})
	}
	return heads, nil
}

// ExportJournal writes a cluster's journal as JSON lines, oldest first, and tells whether all that was asked for is still
// there: what was trimmed before it was read is not. Last is the ID to go on from with After.
func ExportJournal(ctx context.Context, options JournalOptions, out io.Writer) (complete bool, last string, err error) {
	journal, err := openJournal(ctx, options)
	if err != nil {
		return false, "", err
	}
	defer journal.Close()
	complete, last = true, options.After
	encoder := json.NewEncoder(out)
	for {
		lines, cut, err := journal.Trail(ctx, store.Stretch{After: last, Since: journal.since, Until: journal.until})
		if err != nil {
			return complete, last, fmt.Errorf("after %q: %w", last, err)
		}
		complete = complete && !cut
		if len(lines) == 0 {
			return complete, last, nil
		}
		for i := range lines {
			if err := encoder.Encode(&lines[i]); err != nil {
				return complete, last, err
			}
			last = lines[i].ID
		}
	}
}
