package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	hashing "hash"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// Seal is a link of the chain over the journal: a digest of everything up to the entry with the ID.
type Seal struct {
	ID string `json:"id"`
	// Digest is the hexadecimal SHA-256 of the digest before (its bytes; none for the first), the seal's form, and the
	// encodings of the entries since.
	Digest string `json:"digest"`
}

// The forms of seals (ADR 14). A first seal has no form and covers the fixed encoding of entries alone.
const (
	formBare  = ""
	formWhole = "2" // covers record, stage and activates, too
)

// besideNames are the stream's fields that ride beside the fixed encoding: a whole seal covers them behind it.
var besideNames = []string{"record", "stage", "activates"}

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

// appendWhole appends what a whole seal covers of a message.
func appendWhole(to []byte, message *redis.XMessage) []byte {
	to = appendMessage(to, message)
	for _, name := range besideNames {
		value, _ := message.Values[name].(string)
		to = binary.BigEndian.AppendUint32(to, uint32(len(value)))
		to = append(to, value...)
	}
	return to
}

// chain computes digests from one seal on.
type chain struct {
	form   string // of the seal that is computed next; set before its first entry is added
	digest []byte
	open   hashing.Hash // over what the next seal covers so far; nil: nothing yet
	last   string
	count  int
	buffer []byte
}

func (c *chain) add(message *redis.XMessage) {
	if c.form == formWhole {
		c.buffer = appendWhole(c.buffer[:0], message)
	} else {
		c.buffer = appendMessage(c.buffer[:0], message)
	}
	c.write(c.buffer)
	c.last = message.ID
	c.count++
}

// write adds an encoded entry.
func (c *chain) write(encoded []byte) {
	c.start()
	c.open.Write(encoded)
}

func (c *chain) start() {
	if c.open != nil {
		return
	}
	c.open = sha256.New()
	c.open.Write(c.digest)
	if c.form != formBare { // so that nothing can be read as another form
		c.open.Write([]byte("seal " + c.form + "\n"))
	}
}

// seal closes what was added.
func (c *chain) seal() Seal {
	c.start()
	c.digest, c.open = c.open.Sum(nil), nil
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
		links.form = formWhole
		for i := range messages {
			links.add(&messages[i])
		}
		next := links.seal()
		answer, err := s.run(ctx, sealScript, []string{s.keys.term, s.keys.seals}, term, newest.ID, next.ID, next.Digest, links.form)
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
