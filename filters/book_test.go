package filters

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A replica meets its own writes before older entries of others. Whatever it anticipated, once the journal has passed,
// its book says what a book says that only followed.
func TestABookThatAnticipatedEndsLikeOneThatFollowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent(), 0, 40).Draw(t, "events")
		for i := range events {
			events[i].ID = fmt.Sprintf("%d-%d", 1000+i/3, i%3)
		}
		plain, eager := NewBook(), NewBook()
		plain.Follow(events...)
		for i := range events {
			if ahead := rapid.IntRange(i, len(events)).Draw(t, "ahead"); rapid.Bool().Draw(t, "own") && ahead < len(events) {
				eager.Anticipate(events[ahead])
			}
			if !eager.Follow(events[i]) {
				t.Fatal("the journal brought everything, and the book says it did not")
			}
		}
		if diff := cmp.Diff(contents(plain), contents(eager)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A journal that was put back to an older one goes on without what was written to it meanwhile, which the writer's book has.
func TestABookKnowsOfWritesThatTheJournalLost(t *testing.T) {
	event := func(id string) Event {
		return Event{ID: id, Kind: KindFilter, Filter: &Filter{ID: "f-" + id, Agent: AgentID("S" + id), Mode: ModeFilter, Owner: "user:U1"}}
	}
	book := NewBook()
	steps := []struct {
		does func() bool
		want bool
	}{
		{func() bool { return book.Follow(event("1-0")) }, true},
		{func() bool { book.Anticipate(event("3-0")); return book.Follow(event("2-0")) }, true}, // somebody else's, before it
		{func() bool { return book.Follow(event("3-0")) }, true},
		{func() bool { book.Anticipate(event("3-0")); return book.Follow(event("4-0")) }, true}, // the journal was faster
		{func() bool { book.Anticipate(event("5-0")); return book.Follow(event("6-0")) }, false},
		{func() bool { book.Reset(State{Position: "6-0"}); return book.Follow(event("7-0")) }, true},
	}
	for i, step := range steps {
		if got := step.does(); got != step.want {
			t.Errorf("step %d: %t, want %t", i, got, step.want)
		}
	}
}

func anyEvent() *rapid.Generator[Event] {
	return rapid.Custom(func(t *rapid.T) Event {
		agent := AgentID(rapid.SampledFrom([]string{"S1", "S2"}).Draw(t, "agent"))
		mark := rapid.StringMatching("[a-z]{3}").Draw(t, "mark")
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0, 1:
			return Event{Kind: KindFilter, Filter: &Filter{ID: mark, Agent: agent, Mode: ModeFilter, Owner: "user:U1"}}
		case 2:
			return Event{Kind: KindGave, Settled: true, Filter: &Filter{ID: mark, Agent: agent, Mode: ModeFilter, Owner: "user:U1"}}
		case 3:
			return Event{Kind: KindTook, Ledger: &LedgerEntry{Agent: agent, Hold: HoldHeld, Saw: mark}}
		case 4:
			return Event{Kind: KindGave, Ledger: &LedgerEntry{Agent: agent}}
		case 5:
			return Event{Kind: KindFreeze, Freeze: &Freeze{Reason: mark}}
		}
		return Event{Kind: KindThaw}
	})
}

func contents(b *Book) []string {
	var lines []string
	for _, filter := range b.Filters() {
		lines = append(lines, fmt.Sprint("filter ", *filter), fmt.Sprint("on ", len(b.On(filter.Agent))))
	}
	for _, entry := range b.Entries() {
		lines = append(lines, fmt.Sprint("ledger ", *entry))
	}
	slices.Sort(lines)
	if freeze := b.Freeze(); freeze != nil {
		lines = append(lines, "freeze "+freeze.Reason)
	}
	return lines
}

func TestAfterComparesNumbersNotText(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{{"10-0", "9-0", true}, {"9-0", "10-0", false}, {"9-10", "9-9", true}, {"9-9", "9-9", false}, {"1-0", "", true}, {"", "", false}} {
		if After(test.a, test.b) != test.want {
			t.Errorf("After(%q, %q) is not %v", test.a, test.b, test.want)
		}
	}
}
