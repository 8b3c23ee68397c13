package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// entryVersion is the first field of the fixed encoding.
const entryVersion = "1"

// encodedFields is how many fields the fixed encoding has.
const encodedFields = 13

// EncodeEntry returns the fixed encoding of a journal entry (CONTRACTS.md, "Journal entry"), which seals cover: thirteen
// fields, each behind its length in bytes as a big-endian uint32. Numbers are decimal text, times ms UTC. What the entry
// changed is beside the encoding, not in it.
func EncodeEntry(event *filters.Event) []byte { return appendEntry(nil, event) }

func appendEntry(to []byte, event *filters.Event) []byte {
	for _, field := range [encodedFields]string{
		entryVersion, event.ID, strconv.FormatInt(event.At.UnixMilli(), 10), strconv.FormatInt(event.Term, 10), event.Subject,
		event.Operation, string(event.Kind), string(event.Agent), event.Actor, event.Cause, event.Request, event.Outcome, event.Reason,
	} {
		to = binary.BigEndian.AppendUint32(to, uint32(len(field)))
		to = append(to, field...)
	}
	return to
}

// DecodeEntry reads a fixed encoding: exactly one, in the form that EncodeEntry writes.
func DecodeEntry(encoded []byte) (filters.Event, error) {
	var fields [encodedFields]string
	for i := range fields {
		if len(encoded) < 4 || uint64(len(encoded)-4) < uint64(binary.BigEndian.Uint32(encoded)) {
			return filters.Event{}, fmt.Errorf("the encoding ends within field %d", i+1)
		}
		length := int(binary.BigEndian.Uint32(encoded))
		fields[i], encoded = string(encoded[4:4+length]), encoded[4+length:]
	}
	if len(encoded) > 0 {
		return filters.Event{}, fmt.Errorf("%d bytes follow the encoding", len(encoded))
	}
	if fields[0] != entryVersion {
		return filters.Event{}, fmt.Errorf("the encoding has version %.20q, known is %s", fields[0], entryVersion)
	}
	at, err := decimal(fields[2])
	if err != nil {
		return filters.Event{}, fmt.Errorf("the time: %w", err)
	}
	term, err := decimal(fields[3])
	if err != nil {
		return filters.Event{}, fmt.Errorf("the term: %w", err)
	}
	return filters.Event{
		ID: fields[1], At: time.UnixMilli(at).UTC(), Term: term, Subject: fields[4], Operation: fields[5],
		Kind: filters.Kind(fields[6]), Agent: filters.AgentID(fields[7]), Actor: fields[8], Cause: fields[9],
		Request: fields[10], Outcome: fields[11], Reason: fields[12],
	}, nil
}

// decimal reads a number in its only form, so that one entry has one encoding.
func decimal(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err == nil && strconv.FormatInt(number, 10) != text {
		err = fmt.Errorf("%.40q is not the shortest form", text)
	}
	return number, err
}

// entryRecord is the JSON beside an entry: what it changed, as it is afterwards.
type entryRecord struct {
	Filter   *filters.Filter      `json:"filter,omitempty"`
	Settled  bool                 `json:"settled,omitempty"`
	Ledger   *filters.LedgerEntry `json:"ledger,omitempty"`
	Question *filters.Question    `json:"question,omitempty"`
	Record   *filters.Record      `json:"record,omitempty"`
	Freeze   *filters.Freeze      `json:"freeze,omitempty"`
	Lock     *filters.Lock        `json:"lock,omitempty"`
	Host     string               `json:"host,omitempty"`
	Master   string               `json:"master,omitempty"`
	Verb     filters.Verb         `json:"verb,omitempty"`
	Message  string               `json:"message,omitempty"`
}

// entry is a journal entry as read.
type entry struct {
	filters.Event
	stage     string // of an entry that is not in force before its stage is activated
	activates string // the stage that this entry puts in force
	since     string // the ID of that stage's first entry
}

// parseEntry reads a stream's message. The event has its fixed fields even if the record beside them does not decode.
func parseEntry(message redis.XMessage) (entry, error) {
	text := func(name string) string { value, _ := message.Values[name].(string); return value }
	read := entry{stage: text("stage")}
	if activates := text("activates"); activates != "" {
		_, _ = fmt.Sscan(activates, &read.activates, &read.since)
	}
	read.Event = filters.Event{
		ID: message.ID, Subject: text("subject"), Operation: text("operation"), Kind: filters.Kind(text("kind")),
		Agent: filters.AgentID(text("agent")), Actor: text("actor"), Cause: text("cause"), Request: text("request"),
		Outcome: text("outcome"), Reason: text("reason"),
	}
	if version := text("version"); version != entryVersion {
		return read, fmt.Errorf("journal entry %s has version %.20q, known is %s", message.ID, version, entryVersion)
	}
	at, err := decimal(text("at"))
	if err != nil {
		return read, fmt.Errorf("journal entry %s: the time: %w", message.ID, err)
	}
	read.At = time.UnixMilli(at).UTC()
	if read.Term, err = decimal(text("term")); err != nil {
		return read, fmt.Errorf("journal entry %s: the term: %w", message.ID, err)
	}
	return read, read.parseRecord(text("record"))
}

func (e *entry) parseRecord(text string) error {
	if text == "" {
		return nil
	}
	var record entryRecord
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return fmt.Errorf("journal entry %s: the record: %w", e.ID, err)
	}
	e.Filter, e.Settled, e.Ledger, e.Question = record.Filter, record.Settled, record.Ledger, record.Question
	e.Verb, e.Message = record.Verb, record.Message
	e.Record, e.Freeze, e.Lock, e.Host, e.Master = record.Record, record.Freeze, record.Lock, record.Host, record.Master
	return nil
}
