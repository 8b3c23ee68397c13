package store

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// walk reads a whole trail in pages.
func walk(t *testing.T, s *Store, most int) (lines []Line) {
	t.Helper()
	after := ""
	for {
		page, cut, err := s.Trail(t.Context(), Stretch{After: after, Most: most})
		must(t, err)
		if cut {
			t.Fatalf("cut behind %q", after)
		}
		if len(page) == 0 {
			return lines
		}
		lines, after = append(lines, page...), page[len(page)-1].ID
	}
}

func TestTrail(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		_, err := s.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
		must(t, err)
		fill(t, s, 620)
		head, err := s.Seal(t.Context(), term)
		must(t, err)
		fill(t, s, 4)
		lines := walk(t, s, 0)
		if diff := cmp.Diff(lines, walk(t, s, 7)); diff != "" || len(lines) != 625 {
			t.Errorf("%d lines; in small pages: %s", len(lines), diff)
		}
		if lines[0].Kind != "filter" || lines[0].Record == nil || lines[620].Seal == nil || *lines[620].Seal != head || lines[621].Seal != nil {
			t.Errorf("%+v … %+v, %+v", lines[0], lines[620], lines[621])
		}
		sealed, _, err := s.Trail(t.Context(), Stretch{After: lines[600].ID, Sealed: true})
		if err != nil || len(sealed) != 20 {
			t.Errorf("%d sealed lines behind the 601st of 621, %v", len(sealed), err)
		}
		recomputed(t, lines[:621])
	})
}

// recomputed computes the seals out of what stands in the lines, as somebody could who has only them.
func recomputed(t *testing.T, lines []Line) {
	t.Helper()
	links := &chain{form: formWhole}
	for i, line := range lines {
		encoded, err := json.Marshal(line)
		must(t, err)
		var read Line
		must(t, json.Unmarshal(encoded, &read))
		values := map[string]any{
			"version": read.Version, "at": decimalOf(read.At.UnixMilli()), "term": decimalOf(read.Term), "subject": read.Subject, "operation": read.Operation,
			"kind": read.Kind, "agent": read.Agent, "actor": read.Actor, "cause": read.Cause, "request": read.Request, "outcome": read.Outcome,
			"reason": read.Reason, "record": string(read.Record), "stage": read.Stage, "activates": read.Activates,
		}
		links.add(&redis.XMessage{ID: read.ID, Values: values})
		if i+1 < len(lines) && *lines[i+1].Seal == *read.Seal {
			continue
		}
		if seal := links.seal(); seal != *read.Seal {
			t.Fatalf("line %d: computed %v, written %v", i, seal, read.Seal)
		}
	}
}

func decimalOf(number int64) string {
	encoded, _ := json.Marshal(number)
	return string(encoded)
}

func TestTrailTellsOfWhatIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		var seals []Seal
		for range 3 {
			fill(t, s, 3)
			seal, err := s.Seal(t.Context(), term)
			must(t, err)
			seals = append(seals, seal)
		}
		first := walk(t, s, 0)[0]
		_, err := s.Trim(t.Context(), term, -time.Second)
		must(t, err)
		for name, c := range map[string]struct {
			asked Stretch
			cut   bool
			lines int
		}{
			"everything there is":             {Stretch{}, false, 1},
			"on from what was trimmed":        {Stretch{After: first.ID}, true, 1},
			"on from the last":                {Stretch{After: seals[2].ID}, false, 0},
			"since before the beginning":      {Stretch{Since: Stamped(first.ID).Add(-time.Hour)}, true, 1},
			"until before the beginning":      {Stretch{Until: Stamped(first.ID).Add(-time.Hour)}, false, 0},
			"since now":                       {Stretch{Since: s.Now().Add(time.Hour)}, false, 0},
			"until the end":                   {Stretch{Until: Stamped(seals[2].ID)}, false, 1},
			"on from an entry yet to come":    {Stretch{After: "99999999999999-0"}, false, 0},
			"on from an entry, in small page": {Stretch{After: seals[1].ID, Most: 1}, true, 1},
		} {
			lines, cut, err := s.Trail(t.Context(), c.asked)
			if err != nil || cut != c.cut || len(lines) != c.lines {
				t.Errorf("%s: %d lines, cut %v, %v", name, len(lines), cut, err)
			}
		}
	})
}

// A sink that is away holds the journal for 30 days longer than usual, and no longer.
func TestACursorHoldsTheJournalForAWhile(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		term := led(t, s)
		fill(t, s, 5)
		seal, err := s.Seal(t.Context(), term)
		must(t, err)
		must(t, s.SaveCursor(t.Context(), term, "file", "1-1"))
		if gone, err := s.Trim(t.Context(), term, -time.Second); err != nil || gone != 0 {
			t.Errorf("%d went, %v", gone, err)
		}
		entries, since, err := s.Behind(t.Context(), "file")
		if err != nil || entries != 5 || since.IsZero() {
			t.Errorf("%d behind since %v, %v", entries, since, err)
		}
		if gone, err := s.Trim(t.Context(), term, -cursorPatience-time.Second); err != nil || gone != 4 {
			t.Errorf("%d went, %v", gone, err)
		}
		must(t, s.SaveCursor(t.Context(), term, "file", seal.ID))
		if entries, since, err := s.Behind(t.Context(), "file"); err != nil || entries != 0 || !since.IsZero() {
			t.Errorf("%d behind since %v, %v", entries, since, err)
		}
	})
}

func TestALineHoldsWhateverStandsThere(t *testing.T) {
	for text, want := range map[string]string{
		`{"filter":{"id":"f-1"}}`: `{"filter":{"id":"f-1"}}`, `{"a": 1}`: `"{\"a\": 1}"`, `nonsense`: `"nonsense"`, `{"a":"<"}`: `"{\"a\":\"\u003c\"}"`, ``: ``,
	} {
		if got := string(verbatim(text)); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
	line := lineOf(&redis.XMessage{ID: "1-1", Values: map[string]any{"at": "never", "kind": "filter"}})
	encoded, err := json.Marshal(line)
	if err != nil || !slices.Contains([]string{"never"}, line.Fields["at"].(string)) || !json.Valid(encoded) {
		t.Errorf("%s %v", encoded, err)
	}
}
