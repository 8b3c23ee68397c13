package ctl

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Audit is what was found of a cluster's journal.
type Audit struct {
	Cluster  string
	Now      time.Time // UTC
	Since    time.Time // what was written before is trusted; zero: nothing is
	From, To time.Time // of the oldest and the newest entry under seals
	Seals    int
	Entries  int
	Unsealed int
	Open     time.Time // of the oldest entry that is not sealed
	Trimmed  bool
	Head     string // the newest seal, as --head takes it
	Agrees   []string
	Passed   []string // what is known elsewhere and older than what is left
	Breaks   []Break
	More     int // breaks that are not listed
}

// Break is a place where the journal is not what was sealed.
type Break struct {
	After, ID string // the seals that it lies between; the first may be empty
	Why       string
}

// Whole tells whether nothing is wrong.
func (a *Audit) Whole() bool { return len(a.Breaks) == 0 }

// BreaksAt tells whether something is wrong with the seal.
func (a *Audit) BreaksAt(id string) bool {
	return slices.ContainsFunc(a.Breaks, func(b Break) bool { return b.ID == id })
}

const moment = "2006-01-02 15:04:05 UTC"

// Write prints the report.
func (a *Audit) Write(w io.Writer) error {
	var text strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&text, format+"\n", values...) }
	if a.Whole() {
		line("%s: the journal is whole", a.Cluster)
	} else {
		line("%s: the journal is NOT whole: %s", a.Cluster, count(len(a.Breaks)+a.More, "place", "places"))
	}
	for _, broken := range a.Breaks {
		line("  ! %s: %s", broken.place(), broken.Why)
	}
	if a.More > 0 {
		line("  ! and %d more", a.More)
	}
	a.extent(line)
	_, err := io.WriteString(w, text.String())
	return err
}

// extent says what was looked at.
func (a *Audit) extent(line func(string, ...any)) {
	if a.Seals > 0 {
		line("  %s over %s, from %s to %s", count(a.Seals, "seal", "seals"), count(a.Entries, "entry", "entries"), a.From.Format(moment), a.To.Format(moment))
	}
	switch {
	case !a.Since.IsZero():
		line("  what was sealed up to %s was not looked at", a.Since.Format(moment))
	case a.Trimmed:
		line("  older entries were trimmed: it begins at %s", a.From.Format(moment))
	}
	if a.Unsealed > 0 {
		line("  %s not sealed yet, since %s (%s ago)%s", count(a.Unsealed, "entry is", "entries are"), a.Open.Format(moment), a.Now.Sub(a.Open).Round(time.Second), a.idle())
	}
	for _, known := range a.Agrees {
		line("  it agrees with %s", known)
	}
	for _, known := range a.Passed {
		line("  %s is older than what is left: it says nothing", known)
	}
	if a.Head != "" {
		line("  keep this where nobody who reaches Redis does, and compare it the next time: --head %s", a.Head)
	}
}

// idle adds what an old tail means.
func (a *Audit) idle() string {
	if a.Now.Sub(a.Open) > time.Minute {
		return ": no leader seals"
	}
	return ""
}

func (b *Break) place() string {
	if b.After == "" {
		return "up to " + b.ID
	}
	return "between " + b.After + " and " + b.ID
}
