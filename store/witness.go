package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cordon/filters"
)

const (
	witnessSchema = 1
	// witnessEvery is how often a witness is written at most, witnessShare the share of the time that writing takes at
	// most, and renewEvery how often Redis is told that it is kept.
	witnessEvery = time.Second
	witnessShare = 20
	renewEvery   = time.Minute
	// witnessLife is how long a witness that is not renewed keeps the journal from being trimmed, and can be asked.
	witnessLife = 7 * 24 * time.Hour
)

// Witness is what a replica remembers outside Redis (CONTRACTS.md, "Witness"): it shows that Redis is still the one it
// was, and what to restore if it is not.
type Witness struct {
	Schema  int    `json:"schema"`
	Cluster string `json:"cluster"`
	Epoch   string `json:"epoch"`
	// Journal is the ID of an entry and Digest the seal's over everything up to it; empty if nothing was sealed yet.
	Journal   string    `json:"journal"`
	Digest    string    `json:"digest"`
	WrittenAt time.Time `json:"written_at"` // Redis TIME, UTC
	// Filters and Ledger are as they were at that entry or a little later.
	Filters []filters.Filter      `json:"filters"`
	Ledger  []filters.LedgerEntry `json:"ledger"`
}

// ReadWitness reads the witness of a cluster from a data directory; the error wraps fs.ErrNotExist if there is none.
func ReadWitness(dir, cluster string) (Witness, error) {
	var read Witness
	text, err := os.ReadFile(witnessPath(dir, cluster))
	if err != nil {
		return read, err
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return read, fmt.Errorf("the witness of %s: %w", cluster, err)
	}
	if read.Schema != witnessSchema {
		return read, fmt.Errorf("the witness of %s has schema %d, known is %d", cluster, read.Schema, witnessSchema)
	}
	return read, nil
}

func witnessPath(dir, cluster string) string { return filepath.Join(dir, cluster+".witness.json") }

// witnessKept is this replica's witness: on disk, and in memory.
type witnessKept struct {
	mutex   sync.Mutex
	last    *Witness
	took    time.Duration // to write the last
	renewed time.Time
}

// read returns the witness, nil if there is none. One that cannot be read is none, with a line in the log.
func (s *Store) readWitness() *Witness {
	s.witness.mutex.Lock()
	defer s.witness.mutex.Unlock()
	if s.witness.last != nil || s.redis.config.DataDir == "" {
		return s.witness.last
	}
	read, err := ReadWitness(s.redis.config.DataDir, s.cluster)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		s.log.Error("the witness cannot be read, going on as if there were none", "error", err)
		return nil
	}
	s.witness.last = &read
	return &read
}

// KeepWitness writes the witness anew if the journal was sealed further than the last one says, with what the book holds;
// at most once a second, and less often where it is large. While a lock stands the witness stays as it was before the doubt.
func (s *Store) KeepWitness(ctx context.Context, book *filters.Book) error {
	if last := s.readWitness(); last != nil && s.Now().Sub(last.WrittenAt).Abs() < max(witnessEvery, witnessShare*s.witness.cost()) {
		return nil
	}
	return s.KeepLastWitness(ctx, book)
}

// KeepLastWitness is KeepWitness however short a time ago it was called: for a replica that stops.
func (s *Store) KeepLastWitness(ctx context.Context, book *filters.Book) error {
	epoch, steady := s.known.trusted()
	if !steady || book.Lock() != nil {
		return nil
	}
	now, last := s.Now(), s.readWitness()
	position := book.Position()
	if position == "" {
		return nil
	}
	seal, found, err := s.sealAt(ctx, position)
	if err != nil || !found {
		return err
	}
	if last == nil || last.Epoch != epoch || filters.After(seal.ID, last.Journal) || last.Digest == "" {
		next := Witness{Epoch: epoch, Journal: seal.ID, Digest: seal.Digest, WrittenAt: now}
		for _, filter := range book.Filters() {
			next.Filters = append(next.Filters, *filter)
		}
		for _, entry := range book.Entries() {
			next.Ledger = append(next.Ledger, *entry)
		}
		if err := s.writeWitness(&next); err != nil {
			return err
		}
	}
	return s.renewWitness(ctx, seal.ID, now)
}

// renewWitness tells Redis from where on this replica needs the journal.
func (s *Store) renewWitness(ctx context.Context, id string, now time.Time) error {
	s.witness.mutex.Lock()
	due := now.Sub(s.witness.renewed).Abs() >= renewEvery
	s.witness.mutex.Unlock()
	if !due {
		return nil
	}
	if _, err := s.run(ctx, witnessScript, []string{s.keys.witnesses}, s.redis.config.Replica, id); err != nil {
		return err
	}
	s.witness.mutex.Lock()
	s.witness.renewed = now
	s.witness.mutex.Unlock()
	return nil
}

func (w *witnessKept) cost() time.Duration {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.took
}

func (s *Store) writeWitness(next *Witness) error {
	next.Schema, next.Cluster = witnessSchema, s.cluster
	s.witness.mutex.Lock()
	defer s.witness.mutex.Unlock()
	began := time.Now()
	defer func() { s.witness.took = time.Since(began) }()
	if dir := s.redis.config.DataDir; dir != "" {
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if err := replaceFile(witnessPath(dir, s.cluster), append(text, '\n')); err != nil {
			return fmt.Errorf("write the witness: %w", err)
		}
	}
	s.witness.last = next
	return nil
}

// replaceFile replaces a file so that after a crash it is the old one or the new one, whole.
func replaceFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // is gone by then unless something failed
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	directory, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// Export returns the state as a witness of this moment: what `ctl export` prints while Redis answers.
func (s *Store) Export(ctx context.Context) (Witness, error) {
	state, err := s.Load(ctx)
	if err != nil {
		return Witness{}, err
	}
	return Witness{
		Schema: witnessSchema, Cluster: s.cluster, Epoch: state.Epoch, Journal: state.Position, WrittenAt: s.Now(),
		Filters: state.Filters, Ledger: state.Ledger,
	}, nil
}
