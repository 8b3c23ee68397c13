package scheduler

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// RotaDefinition is a rota as people write it in the configuration: text, which CompileRota checks.
type RotaDefinition struct {
	People   []string `yaml:"people"`    // the Slack IDs of those who take turns, in their order
	From     string   `yaml:"from"`      // when the first of them begins, as clocks in TimeZone show it
	Shift    string   `yaml:"shift"`     // how long each of them is on call, such as `7d` or `12h`
	TimeZone string   `yaml:"time_zone"` // empty: UTC
}

// Rota is people who are on call one after the other. They hand over when the clocks of its zone come to the same times again:
// at nine in the morning in summer and in winter. Make it with CompileRota; it is not changed afterwards and safe for concurrent
// use.
type Rota struct {
	people []string
	from   time.Time // what clocks show at the beginning, written as a time in UTC
	shift  time.Duration
	zone   *time.Location
}

// Shift is one turn of a rota.
type Shift struct {
	User       string // a Slack ID
	Start, End time.Time
}

const (
	rotaMost  = 100
	shiftLess = time.Hour
)

var userForm = regexp.MustCompile(`^[UW][A-Z0-9]+$`)

// CompileRota checks a rota. The problems' fields are the definition's own, such as `people[1]`; with problems the rota is nil.
func CompileRota(definition RotaDefinition) (*Rota, []Problem) {
	var wrong problems
	rota := &Rota{people: definition.People}
	wrong.people(definition.People)
	var err error
	rota.zone, err = parseZone(definition.TimeZone)
	wrong.check("time_zone", err)
	rota.from, err = parseShown(definition.From)
	wrong.check("from", err)
	rota.shift, err = parseLength(definition.Shift)
	if wrong.check("shift", err) && rota.shift < shiftLess {
		wrong.add("shift", code(definition.Shift)+" is too short", "an hour or more, such as `12h` or `7d`", "")
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return rota, nil
}

func (p *problems) people(people []string) {
	if len(people) == 0 || len(people) > rotaMost {
		p.add("people", fmt.Sprintf("has %d entries", len(people)), fmt.Sprintf("1 to %d IDs of users, such as `[U0123, U0456]`", rotaMost), "")
	}
	for i, user := range people {
		if !userForm.MatchString(user) {
			p.add(at("people", i), code(user)+" is not the ID of a user", "an ID such as `U0123`, not a name", "")
		}
	}
}

// parseShown reads a day, which is its midnight, or a day and a time, as what clocks show: written as a time in UTC.
func parseShown(text string) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04"} {
		if shown, err := time.Parse(layout, text); err == nil && shown.Year() >= 2000 && shown.Year() < 2200 {
			return shown, nil
		}
	}
	wrong := code(text) + " is not a time that there is"
	if text == "" {
		wrong = "is missing"
	}
	return time.Time{}, invalid(wrong, "a day and a time such as `2026-11-23 09:00`")
}

// At returns the shift at the moment, and false before the first one. Shifts that clocks jump over as a whole are nobody's.
func (r *Rota) At(now time.Time) (Shift, bool) {
	since := latestShown(now, r.zone).Sub(r.from)
	if since < 0 {
		return Shift{}, false
	}
	turn := since / r.shift
	return Shift{User: r.people[int(turn%time.Duration(len(r.people)))], Start: r.handover(turn), End: r.handover(turn + 1)}, true
}

// handover is when the turn begins.
func (r *Rota) handover(turn time.Duration) time.Time {
	return firstShown(r.from.Add(turn*r.shift), r.zone)
}
