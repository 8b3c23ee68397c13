package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"cordon/filters"
)

// sealedJournal writes filters with their records, and seals them at random places; it returns the entries' IDs.
func sealedJournal(t *testing.T, r *rapid.T, s *Store, term int64) (ids []string) {
	for i := range rapid.IntRange(2, 6).Draw(r, "parts") {
		for j := range rapid.IntRange(1, 4).Draw(r, "entries") {
			_, err := s.Commit(t.Context(), placing(fmt.Sprint("k", i, "-", j), placed(10*i+j, "user:U1")))
			must(t, err)
		}
		_, err := s.Seal(t.Context(), term)
		must(t, err)
	}
	for _, message := range s.redis.client.XRange(t.Context(), s.keys.journal, "-", "+").Val() {
		ids = append(ids, message.ID)
	}
	return ids
}

// Whatever is changed of what was sealed is found, and the report says between which seals it lies.
func TestEveryBreakIsFound(t *testing.T) {
	fields := []string{"version", "at", "term", "subject", "operation", "kind", "agent", "actor", "cause", "request", "outcome", "reason", "record", "stage", "activates"}
	ways := []string{"edit", "remove", "swap", "insert", "seal removed", "digest", "form", "previous", "beginning cut"}
	rapid.Check(t, func(r *rapid.T) {
		b := newMini(t)
		defer b.server.Close()
		s := open(t, b)
		ids := sealedJournal(t, r, s, led(t, s))
		seals := s.redis.client.XRange(t.Context(), s.keys.seals, "-", "+").Val()
		place := rapid.IntRange(0, len(ids)-1).Draw(r, "entry")
		link := rapid.IntRange(0, len(seals)-2).Draw(r, "seal") // the newest seal's removal is what a witness is for
		way := rapid.SampledFrom(ways).Draw(r, "way")
		victim := ids[place]
		switch way {
		case "edit":
			field := rapid.SampledFrom(fields).Draw(r, "field")
			rewrite(t, s, func(message *redis.XMessage) {
				if message.ID == victim {
					text, _ := message.Values[field].(string)
					message.Values[field] = text + "x"
				}
			})
		case "remove":
			must(t, s.redis.client.XDel(t.Context(), s.keys.journal, victim).Err())
		case "swap":
			other := ids[(place+1)%len(ids)]
			values := map[string]map[string]any{}
			for _, message := range s.redis.client.XRange(t.Context(), s.keys.journal, "-", "+").Val() {
				values[message.ID] = message.Values
			}
			rewrite(t, s, func(message *redis.XMessage) {
				switch message.ID {
				case victim:
					message.Values = values[other]
				case other:
					message.Values = values[victim]
				}
			})
		case "insert":
			victim = seals[link].ID
			insert(t, s, seals[link+1].ID)
		case "seal removed":
			victim = seals[link].ID
			must(t, s.redis.client.XDel(t.Context(), s.keys.seals, victim).Err())
		case "digest", "form", "previous":
			victim = seals[link].ID
			reseal(t, s, func(message *redis.XMessage) {
				if message.ID == victim {
					message.Values[way] = map[string]string{"digest": "00", "form": "", "previous": "1-1"}[way]
				}
			})
		case "beginning cut":
			must(t, s.redis.client.XTrimMinID(t.Context(), s.keys.journal, seals[link+1].ID).Err())
			must(t, s.redis.client.XTrimMinID(t.Context(), s.keys.seals, seals[link+1].ID).Err())
			victim = ""
		}
		var breaks []*Broken
		_, err := s.Inspect(t.Context(), Inspection{Keep: time.Hour, Report: func(b *Broken) { breaks = append(breaks, b) }})
		must(t, err)
		if len(breaks) == 0 {
			r.Fatalf("%s of %s was not found", way, victim)
		}
		lies := func(b *Broken) bool {
			return !filters.After(victim, b.ID) && (b.After == "" || filters.After(victim, b.After))
		}
		if way == "edit" && (len(breaks) != 1 || !lies(breaks[0])) {
			r.Fatalf("an edit of %s is reported as %+v", victim, breaks)
		}
		// a first seal that covers one entry and names one before it is what trimming leaves: only the age above tells them apart
		trimmed := way == "beginning cut" || way == "previous" && victim == ids[0]
		if _, err := s.Verify(t.Context()); !trimmed && !isBroken(err) {
			r.Fatalf("Verify says %v", err)
		}
	})
}

func isBroken(err error) bool { _, is := errors.AsType[*Broken](err); return is }

// insert writes the journal anew with one more entry, between those that are there, before an ID.
func insert(t *testing.T, s *Store, id string) {
	t.Helper()
	client := s.redis.client
	messages := client.XRange(t.Context(), s.keys.journal, "-", "+").Val()
	must(t, client.Del(t.Context(), s.keys.journal).Err())
	place := slices.IndexFunc(messages, func(message redis.XMessage) bool { return message.ID == id })
	forged := redis.XMessage{ID: messages[place-1].ID, Values: map[string]any{"version": "1", "at": "1", "term": "0", "kind": "release", "record": ""}}
	for i, message := range messages {
		if i == place {
			must(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.journal, ID: next(forged.ID), Values: forged.Values}).Err())
		}
		if i >= place {
			message.ID = next(next(message.ID))
		}
		must(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.journal, ID: message.ID, Values: message.Values}).Err())
	}
}

// next is the ID right behind one.
func next(id string) string {
	var ms, sequence int64
	_, _ = fmt.Sscanf(id, "%d-%d", &ms, &sequence)
	return fmt.Sprintf("%d-%d", ms, sequence+1)
}

// reseal writes the seals anew, changed.
func reseal(t *testing.T, s *Store, change func(*redis.XMessage)) {
	t.Helper()
	client := s.redis.client
	messages := client.XRange(t.Context(), s.keys.seals, "-", "+").Val()
	must(t, client.Del(t.Context(), s.keys.seals).Err())
	for _, message := range messages {
		change(&message)
		must(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.seals, ID: message.ID, Values: message.Values}).Err())
	}
}

// Whoever can write to Redis can make the whole chain anew: only a seal that is kept elsewhere shows it.
func TestAChainMadeAnewIsFoundByWhatIsKnownElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		fill(t, s, 5)
		head, err := s.Seal(t.Context(), term)
		must(t, err)
		fill(t, s, 5)
		_, err = s.Seal(t.Context(), term)
		must(t, err)
		if found, err := s.Inspect(t.Context(), Inspection{Heads: []Seal{head}}); err != nil || len(found.Passed) > 0 {
			t.Fatalf("untouched: %+v %v", found, err)
		}
		rewrite(t, s, func(message *redis.XMessage) { message.Values["actor"] = "user:UNOBODY" })
		links := &chain{}
		for _, message := range s.redis.client.XRange(t.Context(), s.keys.seals, "-", "+").Val() {
			links.form = formWhole
			must(t, s.extend(t.Context(), links.last, message.ID, links.add))
			seal := links.seal()
			reseal(t, s, func(m *redis.XMessage) {
				if m.ID == seal.ID {
					m.Values["digest"] = seal.Digest
				}
			})
		}
		if _, err := s.Verify(t.Context()); err != nil {
			t.Errorf("the chain was not made anew well enough: %v", err)
		}
		if _, err := s.Inspect(t.Context(), Inspection{Heads: []Seal{head}}); !isBroken(err) {
			t.Errorf("found: %v", err)
		}
		gone := Seal{ID: next(head.ID), Digest: head.Digest}
		if _, err := s.Inspect(t.Context(), Inspection{Heads: []Seal{gone}}); !isBroken(err) {
			t.Errorf("a head that is gone: %v", err)
		}
	})
}

// Journals from before whole seals stay valid, and go on with whole ones.
func TestSealsOfTheFirstFormStayValid(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		_, err := s.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
		must(t, err)
		links := &chain{}
		must(t, s.extend(t.Context(), "", "+", links.add))
		bare := links.seal()
		must(t, s.redis.client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.keys.seals, ID: bare.ID, Values: []string{"digest", bare.Digest, "previous", ""}}).Err())
		_, err = s.Commit(t.Context(), placing("k2", placed(2, "user:U1")))
		must(t, err)
		_, err = s.Seal(t.Context(), term)
		must(t, err)
		if found, err := s.Verify(t.Context()); err != nil || found.Seals != 2 || found.Unsealed != 0 {
			t.Errorf("%+v %v", found, err)
		}
	})
}

func TestInspectSince(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		fill(t, s, 3)
		first, err := s.Seal(t.Context(), term)
		must(t, err)
		for s.Now().Sub(Stamped(first.ID)) < 2*time.Millisecond { // the next entry has a later time
			must(t, s.redis.Ping(t.Context()))
		}
		fill(t, s, 2)
		_, err = s.Seal(t.Context(), term)
		must(t, err)
		found, err := s.Inspect(t.Context(), Inspection{Since: Stamped(first.ID).Add(time.Millisecond)})
		if err != nil || found.Trusted != first || found.Entries != 2 || found.Seals != 1 {
			t.Errorf("%+v %v", found, err)
		}
	})
}
