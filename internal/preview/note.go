package preview

import (
	"fmt"
	"strings"
	"time"

	"cordon/scheduler"
)

// annotate writes down what is to be known of the opening.
func (o *Opening) annotate(freezes *scheduler.Calendar) {
	o.noteFreeze(freezes)
	o.noteClocks()
	if o.Window.known && o.Window.Matches == 0 {
		o.note(NoteNobody, "matches no agent: "+o.Window.Unknown)
	}
	if o.Why != "" {
		o.note(NoteLimit, fmt.Sprintf("reaches %d of %s: %s", o.Reached, agents(o.Window.Matches), o.Why))
	}
	o.noteMeetings()
}

// noteMeetings says which other windows are open for the same agents, in one note.
func (o *Opening) noteMeetings() {
	if len(o.met) == 0 {
		return
	}
	names := make([]string, len(o.met))
	for i, met := range o.met {
		names[i] = met.window.Name
		if met.agents != maybeSome {
			names[i] += " on " + agents(met.agents)
		}
	}
	text := "meets " + strings.Join(names, ", ")
	if !o.Window.known {
		text = "may meet " + strings.Join(names, ", ") + " on the same agents"
	}
	o.note(NoteMeets, text)
}

func (o *Opening) note(kind NoteKind, text string) { o.Notes = append(o.Notes, Note{kind, text}) }

// Has tells whether a note of the kind stands on the opening.
func (o *Opening) Has(kind NoteKind) bool {
	for _, note := range o.Notes {
		if note.Kind == kind {
			return true
		}
	}
	return false
}

func (o *Opening) noteFreeze(freezes *scheduler.Calendar) {
	if period, frozen := freezes.At(o.Start, o.Window.Name); frozen {
		text := "stays shut: frozen by “" + period.Name + "” until " + moment(period.To, o.Start, o.Window.Zone)
		if !o.Opens.IsZero() {
			text = "opens late, at " + moment(o.Opens, o.Start, o.Window.Zone) + ": “" + period.Name + "” freezes it until then"
		}
		o.note(NoteFreeze, text)
	}
	if o.Opens.IsZero() {
		return
	}
	for _, period := range freezes.Periods() {
		if period.Of(o.Window.Name) && period.From.After(o.Opens) && period.From.Before(o.End) {
			o.note(NoteFreeze, "“"+period.Name+"” freezes it from "+moment(period.From, o.Start, o.Window.Zone)+": nothing more is withheld, what is stays until the end")
		}
	}
}

// noteClocks says where clocks of the window's zone are set while it is open, or so that its start is not what it seems.
func (o *Opening) noteClocks() {
	zone := o.Window.Zone
	for _, set := range settings(o.Start.Add(-time.Second), o.End.Add(setMost), zone) {
		if set.by < 0 && set.at.After(o.Start) && set.at.Sub(o.Start) <= -set.by {
			o.note(NoteClocks, o.Start.In(zone).Format("15:04")+" comes twice: it opens the first time")
		}
		switch {
		case set.at.Equal(o.Start) && set.by > 0:
			o.note(NoteClocks, "opens as clocks jump from "+set.String())
		case !set.at.After(o.Start) || !set.at.Before(o.End):
		case set.by > 0:
			o.note(NoteClocks, "clocks are set forward while it is open, from "+set.String())
		default:
			o.note(NoteClocks, "clocks are set back while it is open, from "+set.String())
		}
	}
}

// setMost is more than clocks are set back by, but where a zone changes its side of the date line.
const setMost = 3 * time.Hour

// setting is that clocks are set.
type setting struct {
	at            time.Time
	by            time.Duration // forward; negative: back
	before, after time.Time     // what clocks show, written as times in UTC
}

// String is what clocks show before and after, `02:00 to 03:00`.
func (s setting) String() string {
	layout := "15:04"
	if s.before.Day() != s.after.Day() {
		layout = "Mon 15:04"
	}
	return s.before.Format(layout) + " to " + s.after.Format(layout)
}

// settings are when clocks in the zone are set in (from, to]. Offsets are compared: Time.ZoneBounds is wrong on some days.
func settings(from, to time.Time, zone *time.Location) []setting {
	const step = 12 * time.Hour // no zone sets its clocks twice in it
	var found []setting
	for ; from.Before(to); from = from.Add(step) {
		until := from.Add(step)
		if until.After(to) {
			until = to
		}
		before, after := offset(from, zone), offset(until, zone)
		if before == after {
			continue
		}
		low, high := from.Unix(), until.Unix()
		for high-low > 1 {
			middle := low + (high-low)/2
			if offset(time.Unix(middle, 0), zone) == before {
				low = middle
			} else {
				high = middle
			}
		}
		at := time.Unix(high, 0).UTC()
		found = append(found, setting{at, after - before, at.Add(before), at.Add(after)})
	}
	return found
}

func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// moment renders a time in the zone, with its day where that is not the day of the other.
func moment(at, than time.Time, zone *time.Location) string {
	local := at.In(zone)
	switch year, month, day := than.In(zone).Date(); {
	case local.Year() != year:
		return local.Format("Mon 2 Jan 2006 15:04")
	case local.Month() != month || local.Day() != day:
		return local.Format("Mon 2 Jan 15:04")
	}
	return local.Format("15:04")
}

func agents(count int) string { return counted(count, "agent") }

func counted(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", grouped(count), noun)
}
