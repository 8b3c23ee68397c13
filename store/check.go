package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/filters"
)

// silence is how old the leader's beat may be for a replica without a witness to trust a journal that it finds.
const silence = 5 * time.Minute

// Check compares Redis with this replica's witness (DESIGN, invariant 4): epoch, journal, filters and ledger. It returns
// nil if Redis is the one it was, or the lock to write: the doubt in plain words. An installation that is surely new is
// initialised. An error means that nothing could be said. Safe to call at any time; Pulse tells when it is needed.
func (s *Store) Check(ctx context.Context) (*filters.Lock, error) {
	s.checking.Lock()
	defer s.checking.Unlock()
	for {
		servers := s.redis.servers.changes.Load()
		lock, err := s.check(ctx, servers)
		// One that met another server on the way may have compared parts of two.
		if err != nil || servers == s.redis.servers.changes.Load() {
			return lock, err
		}
	}
}

func (s *Store) check(ctx context.Context, servers int64) (*filters.Lock, error) {
	// What is known comes before what is read: commits go on meanwhile.
	known, witness := s.known.get(), s.readWitness()
	read, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if witness == nil && read.untouched() {
		if read, err = s.found(ctx); err != nil {
			return nil, err
		}
		witness = s.readWitness()
	}
	doubt, err := s.doubt(ctx, known, witness, &read)
	if err != nil {
		return nil, err
	}
	newest := read.position
	if before := s.known.get().newest; doubt != "" && filters.After(before, newest) {
		newest = before // what was seen stays seen until somebody unlocks
	}
	before := s.known.get().doubt
	s.known.set(knowledge{epoch: read.epoch, newest: newest, servers: servers, checked: true, doubt: doubt})
	if doubt == "" {
		return nil, nil
	}
	if doubt != before {
		s.log.Error("redis is not what it was, nothing is given back", "doubt", doubt)
	}
	return &filters.Lock{Cause: doubt, At: s.Now()}, nil
}

// untouched tells whether nothing was ever written for this cluster.
func (r *snapshot) untouched() bool {
	return r.epoch == "" && r.position == "" && len(r.filters) == 0 && len(r.ledger) == 0
}

// found initialises a new installation: an epoch, the journal's first entry, a witness of both.
func (s *Store) found(ctx context.Context) (snapshot, error) {
	epoch := newEpoch()
	answer, err := s.run(ctx, foundScript, []string{s.keys.epoch, s.keys.journal}, epoch, "bot:"+s.redis.config.Replica, "first installation")
	if err != nil {
		return snapshot{}, err
	}
	if answer.word() == "FOUND" {
		err = s.writeWitness(&Witness{Epoch: epoch, Journal: answer.text(2), WrittenAt: answer.at()})
	}
	if err != nil {
		return snapshot{}, err
	}
	return s.snapshot(ctx)
}

// doubt says what is wrong, empty if nothing is.
func (s *Store) doubt(ctx context.Context, known knowledge, witness *Witness, read *snapshot) (string, error) {
	if witness == nil {
		return s.doubtWithout(ctx, read, "this replica has no witness of its own")
	}
	epoch, at, cause := parseEpoch(read.epoch)
	switch {
	case epoch == "":
		return "Redis has no epoch any more: it was emptied, or is another one", nil
	case epoch != witness.Epoch && cause == "unlock" && at.After(witness.WrittenAt):
		return "", nil // a person has looked at it since
	case epoch != witness.Epoch:
		return "Redis has another epoch: it is another one, or was set up anew", nil
	case read.position == "":
		return "the journal is empty", nil
	case filters.After(witness.Journal, read.position):
		return endsEarly(read.position, witness.Journal), nil
	case known.checked && known.epoch == read.epoch && filters.After(known.newest, read.position):
		return endsEarly(read.position, known.newest), nil // the witness is up to a second behind what this process saw
	case s.Now().Sub(witness.WrittenAt) > witnessLife:
		return s.doubtWithout(ctx, read, "this replica's witness is too old to compare")
	}
	if doubt, err := s.doubtJournal(ctx, witness); doubt != "" || err != nil {
		return doubt, err
	}
	return s.doubtState(ctx, witness, read)
}

func endsEarly(ends, known string) string {
	return fmt.Sprintf("the journal ends at %s, earlier than we know it (%s): Redis has lost writes, or an older copy was restored",
		moment(ends), moment(known))
}

// doubtWithout is for a replica that cannot compare: it trusts what a leader was alive with a short while ago.
func (s *Store) doubtWithout(ctx context.Context, read *snapshot, why string) (string, error) {
	if epoch, _, _ := parseEpoch(read.epoch); epoch == "" {
		return why + ", and Redis has no epoch: its beginning is lost", nil
	}
	if read.position == "" {
		return why + ", and the journal is empty", nil
	}
	beat, err := s.redis.client.Get(ctx, s.keys.beat).Result()
	if err != nil && !absent(err) {
		return "", s.redis.fault(err)
	}
	last := milliseconds(beat)
	switch {
	case last.IsZero() && read.onlyFound():
		return "", nil // set up by another replica, and never led
	case last.IsZero():
		return why + ", and no leader was ever heard", nil
	case s.Now().Sub(last) > silence:
		return why + ", and no leader was heard since " + last.Format("2006-01-02 15:04:05 UTC"), nil
	}
	return "", nil
}

// onlyFound tells whether nothing was recorded that could be given back.
func (r *snapshot) onlyFound() bool { return len(r.filters) == 0 && len(r.ledger) == 0 }

// doubtJournal compares the journal up to the witness's entry, and what was sealed since.
func (s *Store) doubtJournal(ctx context.Context, witness *Witness) (string, error) {
	entries, err := s.redis.client.XRange(ctx, s.keys.journal, witness.Journal, witness.Journal).Result()
	if err != nil {
		return "", s.redis.fault(err)
	}
	if len(entries) == 0 {
		return "the journal's entry of " + moment(witness.Journal) + " is gone", nil
	}
	if witness.Digest == "" {
		return "", nil
	}
	seal, found, err := s.sealAt(ctx, witness.Journal)
	switch {
	case err != nil:
		return "", err
	case !found || seal.ID != witness.Journal:
		return "the journal's seal of " + moment(witness.Journal) + " is gone", nil
	case seal.Digest != witness.Digest:
		return "the journal up to " + moment(witness.Journal) + " is not the one we know", nil
	}
	if _, err := s.verifyFrom(ctx, seal); err != nil {
		if _, ok := errors.AsType[*Broken](err); ok {
			return err.Error(), nil
		}
		return "", err
	}
	return "", nil
}

// doubtState compares filters and ledger with what the witness and the journal since then say they are.
func (s *Store) doubtState(ctx context.Context, witness *Witness, read *snapshot) (string, error) {
	book := filters.NewBook()
	book.Reset(filters.State{Position: witness.Journal, Epoch: witness.Epoch, Filters: witness.Filters, Ledger: witness.Ledger})
	if err := s.replay(ctx, book, witness.Journal, read.position); err != nil {
		if errors.Is(err, ErrUnreadable) {
			return err.Error(), nil
		}
		return "", err
	}
	var missing, ledger int
	var example string
	for _, filter := range book.Filters() {
		if _, there := read.filters[filter.Key().String()]; !there {
			missing, example = missing+1, filter.Hostname
		}
	}
	for _, entry := range book.Entries() {
		if _, there := read.ledger[string(entry.Agent)]; !there {
			ledger, example = ledger+1, entry.Hostname
		}
	}
	switch {
	case ledger > 0:
		return fmt.Sprintf("Redis has lost %d of %d agents that we hold from the ledger (%s, for one)", ledger, len(book.Entries()), example), nil
	case missing > 0:
		return fmt.Sprintf("Redis has lost %d of %d filters (on %s, for one)", missing, len(book.Filters()), example), nil
	}
	return "", nil
}

// replay brings a book up to a position by the journal.
func (s *Store) replay(ctx context.Context, book *filters.Book, from, to string) error {
	for filters.After(to, from) {
		messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, exclusive(from), to, pageSize).Result()
		if err != nil {
			return s.redis.fault(err)
		}
		if len(messages) == 0 {
			return nil
		}
		entries, err := parseEntries(messages)
		if err != nil {
			return err
		}
		events, err := s.visible(ctx, entries)
		if err != nil {
			return err
		}
		book.Follow(events...)
		from = messages[len(messages)-1].ID
	}
	return nil
}

// parseEpoch reads "<epoch> <ms UTC when it was set> <found|unlock>".
func parseEpoch(text string) (epoch string, at time.Time, cause string) {
	words := strings.Fields(text)
	if len(words) != 3 {
		return "", time.Time{}, ""
	}
	return words[0], milliseconds(words[1]), words[2]
}

// moment is when the journal entry with the ID was written.
func moment(id string) string {
	return Stamped(id).Format("2006-01-02 15:04:05.000 UTC")
}
