package commands

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // people's zones must be known wherever the bot runs

	"cordon/filters"

	"github.com/prometheus/common/model"
)

// longest is the longest duration, and the farthest end, that is taken for meant.
const longest = 365 * 24 * time.Hour

// parseDuration reads `90m`, `2h30m`, `1d12h` or `1w`; flag names it in errors.
func parseDuration(flag, text string) (time.Duration, error) {
	duration, err := readDuration(text)
	switch {
	case err != nil:
		return 0, wrongDuration(flag, text, "a duration is numbers with units")
	case duration <= 0:
		return 0, wrongDuration(flag, text, "a duration must be more than zero")
	case duration > longest:
		return 0, wrongDuration(flag, text, "a duration is at most a year")
	}
	return duration, nil
}

func readDuration(text string) (time.Duration, error) {
	if duration, err := model.ParseDuration(text); err == nil {
		return time.Duration(duration), nil
	}
	return time.ParseDuration(text)
}

func wrongDuration(flag, text, expected string) error {
	return &filters.Error{
		Code: filters.Invalid, Field: strings.TrimLeft(flag, "-"), Wrong: "`" + flag + " " + clip(text, 40) + "`",
		Expected: expected + ", such as `90m`, `2h30m` or `1d12h`",
	}
}

// When is a time as a person gives it. It becomes a moment when it is known who asks, and when.
type When struct {
	flag, text   string    // as it was given, and behind which flag
	moment       time.Time // of RFC 3339; else zero
	hour, minute int
	tomorrow     bool
	atOnce       bool           // `now`
	zone         *time.Location // as given; nil: the asker's
}

// IsZero tells whether no time was given.
func (w When) IsZero() bool { return w.text == "" }

// parseWhen reads what flag is given: RFC 3339, `18:00`, `18:00 Europe/Paris` or `tomorrow 06:00`, the last with a zone too.
func parseWhen(flag, text string) (When, error) {
	when := When{flag: flag, text: strings.Join(strings.Fields(text), " ")}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00"} {
		if moment, err := time.Parse(layout, when.text); err == nil {
			when.moment = moment.UTC()
			return when, nil
		}
	}
	parts := strings.Split(when.text, " ")
	if strings.EqualFold(parts[0], "tomorrow") || strings.EqualFold(parts[0], "today") {
		when.tomorrow = strings.EqualFold(parts[0], "tomorrow")
		parts = parts[1:]
	}
	if len(parts) == 0 || len(parts) > 2 || !isClock(parts[0]) {
		return When{}, wrongTime(flag, text, "a time is not written like this")
	}
	clock, err := time.Parse("15:04", parts[0])
	if err != nil {
		return When{}, wrongTime(flag, text, "a day has 24 hours of 60 minutes")
	}
	when.hour, when.minute = clock.Hour(), clock.Minute()
	if len(parts) == 2 {
		if when.zone, err = loadZone(parts[1]); err != nil {
			return When{}, wrongTime(flag, text, "`"+clip(parts[1], 40)+"` is not a time zone")
		}
	}
	return when, nil
}

// parseStart reads what parseWhen reads, and `now`.
func parseStart(flag, text string) (When, error) {
	if strings.EqualFold(strings.TrimSpace(text), "now") {
		return When{flag: flag, text: "now", atOnce: true}, nil
	}
	return parseWhen(flag, text)
}

// At returns the moment, UTC, for somebody who asks at now in the zone. A time that is skipped when clocks go forward is
// the moment of the change; one that happens twice is the first. Errors: Invalid for what is past or more than a year
// away.
func (w When) At(now time.Time, zone *time.Location) (time.Time, error) {
	if w.atOnce {
		return now.UTC(), nil
	}
	if w.zone != nil {
		zone = w.zone
	}
	moment := w.moment
	if moment.IsZero() {
		year, month, day := now.In(zone).Date()
		if w.tomorrow {
			day++
		}
		moment = onClock(time.Date(year, month, day, w.hour, w.minute, 0, 0, time.UTC), zone)
	}
	switch {
	case !moment.After(now):
		return time.Time{}, w.past(now, zone)
	case moment.Sub(now) > longest:
		return time.Time{}, wrongTime(w.flag, w.text, "a time is at most a year away")
	}
	return moment, nil
}

func (w When) past(now time.Time, zone *time.Location) error {
	err := &filters.Error{
		Code: filters.Invalid, Field: strings.TrimLeft(w.flag, "-"),
		Wrong:    "`" + w.flag + " " + clip(w.text, 40) + "` is past: it is " + now.In(zone).Format("15:04 on 2 January 2006") + " in " + zone.String(),
		Expected: "a time to come, such as `18:00`, `18:00 Europe/Paris` or `tomorrow 06:00`",
	}
	if w.moment.IsZero() && !w.tomorrow {
		err.Expected = fmt.Sprintf("a time to come, such as `tomorrow %02d:%02d`", w.hour, w.minute)
	}
	return err
}

// onClock returns the moment at which clocks in the zone show what wall shows in UTC.
func onClock(wall time.Time, zone *time.Location) time.Time {
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	first, second := wall.Add(-time.Duration(max(before, after))*time.Second), wall.Add(-time.Duration(min(before, after))*time.Second)
	for _, moment := range []time.Time{first, second} {
		if _, offset := moment.In(zone).Zone(); moment.Add(time.Duration(offset) * time.Second).Equal(wall) {
			return moment
		}
	}
	skippedTo, _ := second.In(zone).ZoneBounds()
	return skippedTo.UTC()
}

func loadZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "UTC") || name == "Z" {
		return time.UTC, nil
	}
	if !strings.Contains(name, "/") || len(name) > 64 {
		return nil, fmt.Errorf("not the name of a zone")
	}
	return time.LoadLocation(name)
}

// isClock tells whether the text has the form of a time of the day.
func isClock(text string) bool {
	hour, minute, ok := strings.Cut(text, ":")
	return ok && (len(hour) == 1 || len(hour) == 2) && len(minute) == 2 && strings.Trim(hour+minute, "0123456789") == ""
}

func wrongTime(flag, text, why string) error {
	return &filters.Error{
		Code: filters.Invalid, Field: strings.TrimLeft(flag, "-"), Wrong: "`" + flag + " " + clip(text, 40) + "`: " + why,
		Expected: "a time such as `18:00`, `18:00 Europe/Paris`, `tomorrow 06:00` or `2026-09-01T18:00:00Z`",
	}
}

// clip cuts text from people to so many characters, for errors, and takes the marks out that would end `code`.
func clip(text string, most int) string {
	text = strings.ReplaceAll(text, "`", "'")
	if len(text) <= most {
		return text
	}
	characters := []rune(text)
	if len(characters) <= most {
		return text
	}
	return string(characters[:most]) + "…"
}
