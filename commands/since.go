package commands

import (
	"cmp"
	"strings"
	"time"

	"cordon/filters"
)

// Since is a time in the past as a person gives it: how long ago, or when. It becomes a moment when it is known who asks.
type Since struct {
	ago    time.Duration
	moment time.Time // of RFC 3339; else zero
	day    string    // 2006-01-02, in the asker's zone
	clock  string    // 15:04 of that day, empty: its beginning
}

// IsZero tells whether no time was given.
func (s Since) IsZero() bool { return s == Since{} }

// ParseSince reads what flag is given: `2h`, `2026-11-01`, `2026-11-01 14:00` or RFC 3339. Errors are filters.Errors with
// code Invalid.
func ParseSince(flag, text string) (Since, error) {
	text = strings.Join(strings.Fields(text), " ")
	if moment, err := time.Parse(time.RFC3339, text); err == nil {
		return Since{moment: moment.UTC()}, nil
	}
	if ago, err := readDuration(text); err == nil && ago > 0 {
		return Since{ago: ago}, nil
	}
	day, clock, _ := strings.Cut(text, " ")
	_, wrongDay := time.Parse(time.DateOnly, day)
	if _, wrongClock := time.Parse("15:04", clock); wrongDay != nil || clock != "" && wrongClock != nil {
		return Since{}, &filters.Error{Code: filters.Invalid, Wrong: "`" + flag + " " + clip(text, 40) + "`: a time is not written like this",
			Expected: "how long ago, or a day, such as `2h`, `3d`, `2026-11-01`, `\"2026-11-01 14:00\"` or `2026-11-01T14:00:00Z`"}
	}
	return Since{day: day, clock: clock}, nil
}

// At returns the moment, UTC, for somebody who asks at now in the zone; zero where no time was given.
func (s Since) At(now time.Time, zone *time.Location) time.Time {
	switch {
	case s.ago > 0:
		return now.Add(-s.ago).UTC()
	case s.day == "":
		return s.moment
	}
	wall, err := time.Parse("2006-01-02 15:04", s.day+" "+cmp.Or(s.clock, "00:00"))
	if err != nil {
		return time.Time{} // ParseSince has read it
	}
	return onClock(wall, zone).UTC()
}

// Equal tells whether both say the same.
func (s Since) Equal(other Since) bool { return s == other }
