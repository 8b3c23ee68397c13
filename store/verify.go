package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// Inspection says what Inspect looks at.
type Inspection struct {
	// Since leaves out what the seal at or before this time covers: that seal is trusted. Zero: the whole journal.
	Since time.Time
	// Keep is how long entries are never trimmed: a beginning younger than that was cut off by somebody else. 0: not checked.
	Keep time.Duration
	// Heads are seals that were known before, kept where whoever can write to Redis cannot: they must be there unchanged.
	Heads []Seal
	// Report is told of each break, in order; the inspection goes on behind it. nil: the first break ends it.
	Report func(*Broken)
}

// Verified is what Inspect looked at.
type Verified struct {
	Seals    int
	Entries  int       // under seals
	Unsealed int       // newer than the last seal
	From     string    // the ID of the oldest entry there is; empty: there is none
	Trimmed  bool      // older entries were trimmed
	Trusted  Seal      // what the inspection began behind; zero: the journal's beginning
	Head     Seal      // the newest
	Open     time.Time // when the oldest entry that is not sealed was written; zero: all are
	Passed   []Seal    // heads that are older than what is left: nothing can be said of them
}

// Broken says that the chain of seals and the journal do not agree.
type Broken struct {
	ID    string // of the seal
	After string // of the seal before it: what is wrong lies between; empty: there is none
	Why   string
}

// Error implements error.
func (b *Broken) Error() string {
	return fmt.Sprintf("the journal was changed after it was sealed: seal %s: %s", b.ID, b.Why)
}

func brokenAt(id, why string) *Broken { return &Broken{ID: id, Why: why} }

// Verify computes the chain of seals again over the whole journal. The first seal is trusted if the journal was trimmed to
// it. The error is a *Broken if an entry, or what rides beside it, was changed, added or removed after it was sealed.
func (s *Store) Verify(ctx context.Context) (Verified, error) { return s.Inspect(ctx, Inspection{}) }

// Inspect reads the journal against its seals, a page at a time. Without a Report the error is the first *Broken.
func (s *Store) Inspect(ctx context.Context, asked Inspection) (Verified, error) {
	v := &verification{Store: s, Inspection: asked}
	if err := v.begin(ctx); err != nil {
		return v.found, err
	}
	if err := v.walk(ctx); err != nil {
		return v.found, err
	}
	return v.found, v.known(ctx)
}

// verifyFrom computes the chain after a seal that is trusted; the zero Seal is the journal's beginning.
func (s *Store) verifyFrom(ctx context.Context, trusted Seal) (Verified, error) {
	v := &verification{Store: s}
	v.found.Trusted = trusted
	return v.found, v.walk(ctx)
}

// verification is an inspection on its way.
type verification struct {
	*Store
	Inspection
	found    Verified
	links    *chain
	position string // of the seal that was checked last
}

// report tells of a break; without anybody to tell it is the error.
func (v *verification) report(broken *Broken) error {
	broken.After = v.position
	if v.Report == nil {
		return broken
	}
	v.Report(broken)
	return nil
}

// begin finds where the journal begins, and what is trusted of it.
func (v *verification) begin(ctx context.Context) error {
	first, oldest, err := v.oldest(ctx)
	if err != nil {
		return err
	}
	if oldest != "" {
		v.found.From = oldest
	}
	if first != nil {
		if err := v.beginning(first, oldest); err != nil {
			return err
		}
	}
	if v.Since.IsZero() {
		return nil
	}
	seal, found, err := v.sealAt(ctx, fmt.Sprintf("%d", max(0, v.Since.UnixMilli())))
	if err == nil && found && filters.After(seal.ID, v.found.Trusted.ID) {
		v.found.Trusted = seal
	}
	return err
}

// oldest returns the first seal, nil if there is none, and the ID of the first entry, empty if there is none.
func (s *Store) oldest(ctx context.Context) (first *redis.XMessage, entry string, err error) {
	seals, err := s.redis.client.XRangeN(ctx, s.keys.seals, "-", "+", 1).Result()
	if err != nil {
		return nil, "", s.redis.fault(err)
	}
	entries, err := s.redis.client.XRangeN(ctx, s.keys.journal, "-", "+", 1).Result()
	if err != nil {
		return nil, "", s.redis.fault(err)
	}
	if len(entries) > 0 {
		entry = entries[0].ID
	}
	if len(seals) > 0 {
		first = &seals[0]
	}
	return first, entry, nil
}

// beginning checks that the journal was trimmed as we trim it, if it was: to a seal, whose own entry stays.
func (v *verification) beginning(first *redis.XMessage, oldest string) error {
	if oldest == "" || filters.After(oldest, first.ID) {
		return v.report(brokenAt(first.ID, "its entry is gone"))
	}
	if first.Values["previous"] == "" {
		return nil
	}
	v.found.Trimmed, v.found.Trusted = true, sealOf(*first)
	if oldest != first.ID {
		if err := v.report(brokenAt(first.ID, "entries stand before the place that the journal was trimmed to")); err != nil {
			return err
		}
	}
	if v.Keep > 0 && v.Now().Sub(Stamped(first.ID)) < v.Keep {
		return v.report(brokenAt(first.ID, "what was before it is gone, and nothing so young is ever trimmed"))
	}
	return nil
}

// Stamped is when the journal entry with the ID was written, UTC; zero for an ID that tells no time.
func Stamped(id string) time.Time {
	ms, _, _ := strings.Cut(id, "-")
	return milliseconds(ms)
}

// walk computes the chain after what is trusted.
func (v *verification) walk(ctx context.Context) (err error) {
	trusted := v.found.Trusted
	if v.links, err = chainFrom(trusted); err != nil {
		return v.report(brokenAt(trusted.ID, "its digest cannot be read"))
	}
	v.position, v.found.Head = trusted.ID, trusted
	for {
		seals, err := v.redis.client.XRangeN(ctx, v.keys.seals, exclusive(v.position), "+", pageSize).Result()
		if err != nil {
			return v.redis.fault(err)
		}
		for i := range seals {
			if err := v.check(ctx, &seals[i]); err != nil {
				return err
			}
		}
		if len(seals) < pageSize {
			return v.tail(ctx)
		}
	}
}

// check computes one seal, and goes on from what is written in it.
func (v *verification) check(ctx context.Context, message *redis.XMessage) error {
	seal := sealOf(*message)
	v.links.form, _ = message.Values["form"].(string)
	v.links.last = ""
	before := v.links.count
	if err := v.extend(ctx, v.position, seal.ID, v.links.add); err != nil {
		return err
	}
	entries, last := v.links.count-before, v.links.last
	computed := v.links.seal()
	why := ""
	switch previous, _ := message.Values["previous"].(string); {
	case previous != v.position:
		why = fmt.Sprintf("the seal before it was %s, and now is %s: seals were removed, added or reordered", named(previous), named(v.position))
	case last != seal.ID:
		why = "the entry that it closes is gone"
	case v.links.form != formBare && v.links.form != formWhole:
		why = "its form is not known"
	case computed != seal:
		why = fmt.Sprintf("the entries give another digest: among %d up to here something was changed, added, removed or reordered", entries)
	}
	if why != "" {
		if err := v.broken(ctx, brokenAt(seal.ID, why)); err != nil {
			return err
		}
	}
	v.found.Seals, v.found.Entries, v.found.Head = v.found.Seals+1, v.found.Entries+entries, seal
	next, err := chainFrom(seal)
	if err != nil {
		next = &chain{}
	}
	next.count, v.links, v.position = v.links.count, next, seal.ID
	return nil
}

// broken reports a break, unless what was just read was trimmed away meanwhile.
func (v *verification) broken(ctx context.Context, broken *Broken) error {
	first, _, err := v.oldest(ctx)
	if err != nil {
		return err
	}
	if first != nil && first.Values["previous"] != "" && v.position != "" && filters.After(first.ID, v.position) {
		return nil
	}
	return v.report(broken)
}

// tail counts what is newer than the last seal.
func (v *verification) tail(ctx context.Context) error {
	return v.extend(ctx, v.position, "+", func(message *redis.XMessage) {
		if v.found.Unsealed++; v.found.Unsealed == 1 {
			v.found.Open = Stamped(message.ID)
		}
	})
}

// known compares the seals that were known before.
func (v *verification) known(ctx context.Context) error {
	for _, head := range v.Heads {
		messages, err := v.redis.client.XRange(ctx, v.keys.seals, head.ID, head.ID).Result()
		if err != nil {
			return v.redis.fault(err)
		}
		switch {
		case len(messages) == 0 && v.found.Trimmed && filters.After(v.found.From, head.ID):
			v.found.Passed = append(v.found.Passed, head)
		case len(messages) == 0:
			err = v.report(brokenAt(head.ID, "it is known from elsewhere, and is gone"))
		case sealOf(messages[0]) != head:
			err = v.report(brokenAt(head.ID, "it is known from elsewhere with another digest: the journal up to it was made anew"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func named(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// extend hands over the journal's entries after one ID up to another.
func (s *Store) extend(ctx context.Context, after, to string, take func(*redis.XMessage)) error {
	for {
		messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, exclusive(after), to, pageSize).Result()
		if err != nil {
			return s.redis.fault(err)
		}
		for i := range messages {
			take(&messages[i])
		}
		if len(messages) < pageSize {
			return nil
		}
		after = messages[len(messages)-1].ID
	}
}
