package main

import (
	"context"
	"fmt"

	"cordon/filters"
	"cordon/internal/app"
)

// audit reads the journal where it stands, whether a bot runs or not.
type audit struct {
	Verify verify `cmd:"" help:"Check that the journal is what was sealed. Exit code 0: it is whole; 1: it is not; 2: that could not be told."`
	Export dump   `cmd:"" help:"Print the journal as JSON lines, oldest first. Exit code 0: all that was asked for; 1: some of it was trimmed before; 2: it could not be read."`
}

// errTrimmed says that something is missing at an export's beginning.
var errTrimmed = &filters.Error{Code: filters.Unknown, Wrong: "entries that were asked for are gone: the journal was trimmed before they were read",
	Expected: "entries are kept for 90 days", Try: "What is left was printed"}

// journal says which one.
type journal struct {
	Config  string `required:"" type:"path" help:"The configuration, cordon.yaml. Of its secrets only Redis's password is needed."`
	Cluster string `short:"c" help:"The cluster; needed where there are several."`
}

// verify checks the chain.
type verify struct {
	journal
	Since   string   `placeholder:"2h" help:"Trust what was sealed before: how long ago, or a day such as 2026-11-01 (UTC), or RFC 3339."`
	Witness string   `type:"path" help:"A witness file of another replica to compare with, beside the one in data_dir."`
	Head    []string `placeholder:"ID:DIGEST" help:"A seal that an earlier check printed; may be given again."`
}

// Run prints the report.
func (v verify) Run(ctx context.Context, std streams) error {
	found, err := app.VerifyJournal(ctx, app.JournalOptions{Config: v.Config, Cluster: v.Cluster, Since: v.Since, Witness: v.Witness, Heads: v.Head})
	if err != nil {
		return exit{2, err}
	}
	if err := found.Write(std.out); err != nil {
		return exit{2, err}
	}
	if !found.Whole() {
		return exit{1, nil}
	}
	return nil
}

// dump prints the journal.
type dump struct {
	journal
	Since  string `placeholder:"2h" help:"From when: how long ago, or a day such as 2026-11-01 (UTC), or RFC 3339. Default: from its beginning."`
	Until  string `placeholder:"1h" help:"Up to when, written like --since."`
	After  string `placeholder:"ID" help:"Go on behind this entry, the last one that an earlier export printed."`
	Format string `default:"jsonl" enum:"jsonl" help:"jsonl: an entry a line."`
}

// Run prints it.
func (d dump) Run(ctx context.Context, std streams) error {
	complete, last, err := app.ExportJournal(ctx, app.JournalOptions{Config: d.Config, Cluster: d.Cluster, Since: d.Since, Until: d.Until, After: d.After}, std.out)
	switch {
	case err != nil && last != d.After:
		return exit{2, fmt.Errorf("the journal was read up to %s: go on with --after %s: %w", last, last, err)}
	case err != nil:
		return exit{2, err}
	case !complete:
		return exit{1, errTrimmed}
	}
	return nil
}
