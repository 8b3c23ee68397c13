package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// Seal is a link of the chain over the journal: a digest of everything up to the entry with the ID.
type Seal struct {
	ID     string
	Digest string // hexadecimal SHA-256 of the digest before (its bytes; none for the first) and the encodings of the entries since
}

// sealedNames are the stream's fields after version and id, in the order of the fixed encoding.
var sealedNames = []string{"at", "term", "subject", "operation", "kind", "agent", "actor", "cause", "request", "outcome", "reason"}

// appendMessage appends the fixed encoding of a stream's message as it is stored, whatever it says: a seal covers entries
// that do not decode as well. For those that do it is what EncodeEntry returns.
func appendMessage(to []byte, message *redis.XMessage) []byte {
	field := func(text string) {
		to = binary.BigEndian.AppendUint32(to, uint32(len(text)))
		to = append(to, text...)
	}
	text := func(name string) string { value, _ := message.Values[name].(string); return value }
	field(text("version"))
	field(message.ID)
	for _, name := range sealedNames {
		field(text(name))
	}
	return to
}

// chain computes digests from one seal on.
type chain struct {
	digest []byte
	open   []byte // the encodings of the entries since
	last   string
	count  int
}

func (c *chain) add(message *redis.XMessage) {
	c.open = appendMessage(c.open, message)
	c.last = message.ID
	c.count++
}

// seal closes what was added.
func (c *chain) seal() Seal {
	sum := sha256.New()
	sum.Write(c.digest)
	sum.Write(c.open)
	c.digest, c.open = sum.Sum(nil), c.open[:0]
	return Seal{c.last, hex.EncodeToString(c.digest)}
}

func chainFrom(seal Seal) (*chain, error) {
	digest, err := hex.DecodeString(seal.Digest)
	return &chain{digest: digest}, err
}

// Seal covers the journal's entries since the last seal with new ones, and returns the newest. The leader calls it once
// a second. An older term is refused with ErrStale.
func (s *Store) Seal(ctx context.Context, term int64) (Seal, error) {
	newest, _, err := s.sealAt(ctx, "+")
	if err != nil {
		return Seal{}, err
	}
	for {
		messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, exclusive(newest.ID), "+", pageSize).Result()
		if err != nil {
			return newest, s.redis.fault(err)
		}
		if len(messages) == 0 {
			return newest, nil
		}
		links, err := chainFrom(newest)
		if err != nil {
			return newest, brokenAt(newest.ID, "its digest cannot be read")
		}
		for i := range messages {
			links.add(&messages[i])
		}
		next := links.seal()
		answer, err := s.run(ctx, sealScript, []string{s.keys.term, s.keys.seals}, term, newest.ID, next.ID, next.Digest)
		if err != nil {
			return newest, err
		}
		if answer.word() == "MOVED" {
			return newest, &filters.Error{Code: filters.Conflict, Wrong: "the journal was sealed by another"}
		}
		newest = next
	}
}

// sealAt returns the newest seal up to a journal ID, "+" for all, and false if there is none.
func (s *Store) sealAt(ctx context.Context, id string) (Seal, bool, error) {
	messages, err := s.redis.client.XRevRangeN(ctx, s.keys.seals, id, "-", 1).Result()
	if err != nil || len(messages) == 0 {
		return Seal{}, false, s.redis.fault(err)
	}
	return sealOf(messages[0]), true, nil
}

func sealOf(message redis.XMessage) Seal {
	digest, _ := message.Values["digest"].(string)
	return Seal{message.ID, digest}
}

// Verified is what Verify found in order.
type Verified struct {
	Seals    int
	Entries  int // under seals
	Unsealed int // newer than the last seal
}

// Broken says that the chain of seals and the journal do not agree.
type Broken struct {
	ID  string // of the seal
	Why string
}

// Error implements error.
func (b *Broken) Error() string {
	return fmt.Sprintf("the journal was changed after it was sealed: seal %s: %s", b.ID, b.Why)
}

func brokenAt(id, why string) error { return &Broken{id, why} }

// Verify computes the chain of seals again over the whole journal. The first seal is trusted if the journal was trimmed to
// it. The error is a *Broken if an entry was changed, added or removed after it was sealed.
func (s *Store) Verify(ctx context.Context) (Verified, error) {
	first, err := s.redis.client.XRangeN(ctx, s.keys.seals, "-", "+", 1).Result()
	if err != nil {
		return Verified{}, s.redis.fault(err)
	}
	if len(first) == 0 {
		return s.verifyFrom(ctx, Seal{})
	}
	oldest, err := s.redis.client.XRangeN(ctx, s.keys.journal, "-", "+", 1).Result()
	if err != nil {
		return Verified{}, s.redis.fault(err)
	}
	if len(oldest) == 0 || filters.After(oldest[0].ID, first[0].ID) {
		return Verified{}, brokenAt(first[0].ID, "its entry is gone")
	}
	if first[0].Values["previous"] != "" {
		return s.verifyFrom(ctx, sealOf(first[0]))
	}
	return s.verifyFrom(ctx, Seal{})
}

// verifyFrom computes the chain after a seal that is trusted; the zero Seal is the journal's beginning.
func (s *Store) verifyFrom(ctx context.Context, trusted Seal) (found Verified, err error) {
	links, err := chainFrom(trusted)
	if err != nil {
		return found, brokenAt(trusted.ID, "its digest cannot be read")
	}
	position := trusted.ID
	for after := trusted.ID; ; {
		seals, err := s.redis.client.XRangeN(ctx, s.keys.seals, exclusive(after), "+", pageSize).Result()
		if err != nil {
			return found, s.redis.fault(err)
		}
		for _, message := range seals {
			if err := s.extend(ctx, links, position, message.ID); err != nil {
				return found, err
			}
			seal := sealOf(message)
			if computed := links.seal(); computed != seal {
				return found, brokenAt(seal.ID, "its entries give another digest")
			}
			found.Seals++
			position, after = seal.ID, seal.ID
		}
		if len(seals) < pageSize {
			break
		}
	}
	found.Entries = links.count
	if err := s.extend(ctx, links, position, "+"); err != nil {
		return found, err
	}
	found.Unsealed = links.count - found.Entries
	return found, nil
}

// extend adds the journal's entries after one ID up to another.
func (s *Store) extend(ctx context.Context, links *chain, after, to string) error {
	for {
		messages, err := s.redis.client.XRangeN(ctx, s.keys.journal, exclusive(after), to, pageSize).Result()
		if err != nil {
			return s.redis.fault(err)
		}
		for i := range messages {
			links.add(&messages[i])
		}
		if len(messages) < pageSize {
			return nil
		}
		after = messages[len(messages)-1].ID
	}
}
