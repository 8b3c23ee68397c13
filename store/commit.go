package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"cordon/filters"
)

// chunkMost is how many records, and how many events, one script takes.
const chunkMost = 500

// piece is a part of a change that one script writes.
type piece struct {
	stage           string // empty: the change is in one piece
	number, of      int
	records, events span
}

type span struct{ from, to int }

func (p *piece) last() bool { return p.number == p.of }

// Commit writes a change, see filters.Store. With a request key it is asked again when its answer was lost, as long as the
// context lasts.
func (s *Store) Commit(ctx context.Context, commit filters.Commit) (filters.Receipt, error) {
	c, err := compose(&commit)
	if err != nil {
		return filters.Receipt{}, &filters.Error{Code: filters.Internal, Wrong: "the change cannot be written", Cause: err}
	}
	if gives(&commit) {
		if err := s.reconsider(ctx); err != nil {
			return filters.Receipt{}, err
		}
	}
	if len(c.records) > chunkMost || len(c.events) > chunkMost {
		return s.commitChunks(ctx, c, &commit)
	}
	whole := piece{number: 1, of: 1, records: span{0, len(c.records)}, events: span{0, len(c.events)}}
	answer, err := s.deliver(ctx, c, &commit, whole)
	if err == nil && gives(&commit) {
		err = s.reconsider(ctx) // it may have been written to another Redis than the one that was checked
	}
	if err != nil {
		return filters.Receipt{}, err
	}
	if answer.word() == "REPEATED" {
		return parseReceipt(answer.text(2)), nil
	}
	receipt := c.receipt(answer)
	s.recent.wrote(receipt.Events)
	if len(receipt.Events) > 0 {
		s.known.see(receipt.Events[len(receipt.Events)-1].ID)
	}
	return receipt, nil
}

// deliver sends one piece and waits for its answer.
func (s *Store) deliver(ctx context.Context, c *change, commit *filters.Commit, part piece) (reply, error) {
	answer, err := s.batch.ride(ctx, s.arguments(c, commit, part))
	for pause := 20 * time.Millisecond; commit.Request != "" && filters.CodeOf(err) == filters.Unconfirmed; pause *= 2 {
		if !sleep(ctx, pause) || pause > s.redis.config.Timeout {
			return nil, err
		}
		again, failed := s.batch.ride(ctx, s.arguments(c, commit, part))
		if failed == nil {
			answer, err = again, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return answer, s.refusal(c, commit, answer)
}

func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// receipt is the receipt of a change in one piece.
func (c *change) receipt(answer reply) filters.Receipt {
	for i := range c.events {
		c.events[i].ID, c.events[i].At = answer.text(2+i), answer.at()
	}
	return filters.Receipt{At: answer.at(), Events: c.events}
}

// Receipt returns what a request key did, and false if it did nothing (or did it more than a day ago).
func (s *Store) Receipt(ctx context.Context, key string) (filters.Receipt, bool, error) {
	text, err := s.redis.client.Get(ctx, s.keys.request(key)).Result()
	if absent(err) {
		return filters.Receipt{}, false, nil
	}
	if err != nil {
		return filters.Receipt{}, false, s.redis.fault(err)
	}
	return parseReceipt(text), true, nil
}

// parseReceipt reads what a request key's value tells: "<ms UTC>\n<newest journal ID>\n<answer>".
func parseReceipt(text string) filters.Receipt {
	at, rest, _ := strings.Cut(text, "\n")
	_, answer, _ := strings.Cut(rest, "\n")
	return filters.Receipt{Repeated: true, At: milliseconds(at), Answer: []byte(answer)}
}

// stageStem is the part of a stage's ID that its request key gives; Redis adds the time of the first chunk.
func stageStem(request string) string {
	sum := sha256.Sum256([]byte(request))
	return hex.EncodeToString(sum[:12])
}
