package store

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"cordon/filters"
)

// golden is an entry with every field, and goldenBytes its fixed encoding: a change of either breaks every seal that was
// ever written.
var golden = filters.Event{
	ID: "1795269600123-0", At: time.UnixMilli(1795269600123).UTC(), Term: 7, Subject: "s1", Operation: "o1", Kind: filters.KindTook,
	Agent: "S1", Actor: "bot:bot-1", Cause: "command", Request: "1.2.3", Outcome: "verified", Reason: "é",
}

const goldenBytes = "00000001" + "31" + // version
	"0000000f" + "313739353236393630303132332d30" + // id
	"0000000d" + "31373935323639363030313233" + // at
	"00000001" + "37" + // term
	"00000002" + "7331" + // subject
	"00000002" + "6f31" + // operation
	"00000004" + "746f6f6b" + // kind
	"00000002" + "5331" + // agent
	"00000009" + "626f743a626f742d31" + // actor
	"00000007" + "636f6d6d616e64" + // cause
	"00000005" + "312e322e33" + // request
	"00000008" + "7665726966696564" + // outcome
	"00000002" + "c3a9" // reason

func TestEncodingIsFixed(t *testing.T) {
	if got := hex.EncodeToString(EncodeEntry(&golden)); got != goldenBytes {
		t.Errorf("encoding is\n%s, want\n%s", got, goldenBytes)
	}
	decoded, err := DecodeEntry(EncodeEntry(&golden))
	if diff := cmp.Diff(golden, decoded); err != nil || diff != "" {
		t.Error(err, diff)
	}
	links := &chain{}
	links.write(EncodeEntry(&golden))
	first := links.seal()
	if want := "da989af9f0f758ff10c215bb8c6ceccc9373e3d3f5e7f842aa72478d41f2b22b"; first.Digest != want {
		t.Errorf("first digest %s, want %s", first.Digest, want)
	}
	links.write(EncodeEntry(&golden))
	if second, want := links.seal(), "47486f44ccd3753419c872b8c8146ce757c34bb74f46e2b8c2df2505172869db"; second.Digest != want {
		t.Errorf("second digest %s, want %s", second.Digest, want)
	}
}

func TestEncodingOfTheStreamIsTheSame(t *testing.T) {
	message := redis.XMessage{ID: golden.ID, Values: map[string]any{
		"version": "1", "at": strconv.FormatInt(golden.At.UnixMilli(), 10), "term": "7", "subject": "s1", "operation": "o1",
		"kind": "took", "agent": "S1", "actor": "bot:bot-1", "cause": "command", "request": "1.2.3", "outcome": "verified",
		"reason": "é", "record": "", "stage": "",
	}}
	if !bytes.Equal(appendMessage(nil, &message), EncodeEntry(&golden)) {
		t.Error("a message and its event have two encodings")
	}
	read, err := parseEntry(message)
	if diff := cmp.Diff(golden, read.Event); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestEncodingHoldsAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		event := filters.Event{
			ID: text.Draw(t, "id"), At: time.UnixMilli(rapid.Int64Range(0, 1<<45).Draw(t, "at")).UTC(), Term: rapid.Int64().Draw(t, "term"),
			Subject: text.Draw(t, "subject"), Operation: text.Draw(t, "operation"), Kind: filters.Kind(text.Draw(t, "kind")),
			Agent: filters.AgentID(text.Draw(t, "agent")), Actor: text.Draw(t, "actor"), Cause: text.Draw(t, "cause"),
			Request: text.Draw(t, "request"), Outcome: text.Draw(t, "outcome"), Reason: text.Draw(t, "reason"),
		}
		decoded, err := DecodeEntry(EncodeEntry(&event))
		if diff := cmp.Diff(event, decoded); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}

// FuzzDecodeEntry: what decodes has one encoding, and nothing makes the decoder panic.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(EncodeEntry(&golden))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add(append(EncodeEntry(&golden), 0))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		event, err := DecodeEntry(encoded)
		if err == nil && !bytes.Equal(EncodeEntry(&event), encoded) {
			t.Errorf("%x decodes, and encodes as %x", encoded, EncodeEntry(&event))
		}
	})
}

// FuzzParseEntry: a stream's message may hold anything.
func FuzzParseEntry(f *testing.F) {
	f.Add("1", "0", "0", `{"filter":{"id":"f"}}`, "stage 1-0")
	f.Add("1", "0", "0", `{"record":{"shelf":"windows","name":"w","body":{"schema":1}},"host":"agent-one"}`, "")
	f.Add("2", "x", "-1", "{", "")
	f.Fuzz(func(t *testing.T, version, at, term, record, activates string) {
		_, _ = parseEntry(redis.XMessage{ID: "1-1", Values: map[string]any{
			"version": version, "at": at, "term": term, "record": record, "activates": activates,
		}})
	})
}

// FuzzStoredValue: a stored value may hold anything, and what is in force is found in finitely many steps.
func FuzzStoredValue(f *testing.F) {
	f.Add("1 1 1 f1 -\n{}", "s")
	f.Add("1 2 1 f1 s\n{}\n1 1 1 f1 -\n{}", "s")
	f.Add("1 1 1 f1 s\n\n1 1 1 f1 s\n", "s")
	f.Fuzz(func(t *testing.T, text, stage string) {
		in, found, err := inForce(text, map[string]string{stage: "pending 1 - 0 k"})
		if found && (err != nil || in.stage == stage) {
			t.Errorf("%q is in force although %q is pending (%v)", text, stage, err)
		}
	})
}
