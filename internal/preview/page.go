package preview

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// HTML writes the preview as one page that needs nothing else: no script, no other file.
func (p *Preview) HTML(to io.Writer) error { return pageTemplate.Execute(to, p.page()) }

// page is what the template shows.
type page struct {
	Title, From, To, Zone, State, Made string
	Facts                              []fact
	Weeks                              [][]square
	Days                               []listed
	Windows                            []windowRow
	Freezes, Meetings                  []string
	Capacity                           []capacityRow
}

// fact is a number with what it counts.
type fact struct{ Number, Words string }

// square is a day in the calendar.
type square struct {
	In             bool // of the range
	Date, ID, Name string
	Number, Month  string // Month stands on the first of one, and on the first day of the range
	Weekend        bool
	Entries        []line
	Frozen         []string
}

// listed is a day in the list of all openings.
type listed struct {
	ID, Name string
	Entries  []line
}

// line is an entry of a day.
type line struct {
	Window, When, UTC, Start, Whom string
	Hue                            int
	Shut                           bool // it does not open
	Marks                          []string
	Notes                          []Note
}

// windowRow is a window in the list of windows.
type windowRow struct {
	Name, Words, Summary, Unknown string
	Hue                           int
}

// capacityRow is what remains of the cluster or of a rack.
type capacityRow struct {
	Name, Agents, CPUs, Memory, When, By string
	Left, Whole                          int
}

// hues is how many colours windows have; more share them.
const hues = 8

func (p *Preview) page() page {
	shown := page{
		Title: p.Cluster, From: p.From.In(p.Zone).Format(dayLayout), To: p.lastDay().Format(dayLayout),
		Zone: p.Zone.String(), State: p.state(), Made: p.made(), Facts: p.facts(),
	}
	hue := map[*Window]int{}
	for i, window := range p.Windows {
		hue[window] = i % hues
		shown.Windows = append(shown.Windows, windowRow{window.Name, window.Words(), window.summary(), window.Unknown, i % hues})
	}
	days := p.days()
	shown.Weeks = weeks(days, hue)
	for _, day := range days {
		if len(day.Entries) > 0 {
			shown.Days = append(shown.Days, listed{"day-" + day.Date.Format(time.DateOnly), day.Date.Format("Monday 2 January 2006"), lines(day, hue)})
		}
	}
	for _, period := range p.Freezes {
		shown.Freezes = append(shown.Freezes, fmt.Sprintf("%s: %s to %s, %s", period.Name, p.edge(period.From), p.edge(period.To), held(period)))
	}
	for _, meeting := range p.Meetings {
		shown.Meetings = append(shown.Meetings, p.meeting(meeting))
	}
	if p.Capacity != nil {
		shown.Capacity = append(shown.Capacity, p.capacityRow(p.Capacity.Cluster, "the cluster"))
		for _, rack := range p.Capacity.Racks {
			shown.Capacity = append(shown.Capacity, p.capacityRow(rack, "rack "+rack.Name))
		}
	}
	return shown
}

// facts are what one wants to know first.
func (p *Preview) facts() []fact {
	shut := 0
	for _, opening := range p.Openings {
		if opening.Opens.IsZero() {
			shut++
		}
	}
	facts := []fact{{grouped(len(p.Openings) - shut), "openings"}, {grouped(shut), "kept shut by a freeze"}, {grouped(len(p.Meetings)), "pairs of windows that meet"}}
	if p.Capacity != nil {
		facts = append(facts, fact{p.Capacity.Cluster.agents(), "agents take tasks at the least"})
	}
	return facts
}

func (p *Preview) capacityRow(remaining Remaining, name string) capacityRow {
	row := capacityRow{Name: name, Agents: remaining.agents(), CPUs: remaining.cpus(), Memory: remaining.memory(), Left: remaining.Agents, Whole: remaining.Whole}
	if !remaining.At.IsZero() {
		row.When, row.By = p.edge(remaining.At), strings.Join(remaining.By, ", ")
	}
	return row
}

// weeks lays the days out from Monday to Sunday.
func weeks(days []day, hue map[*Window]int) [][]square {
	var weeks [][]square
	for i, day := range days {
		column := (int(day.Date.Weekday()) + 6) % 7
		if i == 0 || column == 0 {
			weeks = append(weeks, make([]square, 7))
		}
		weeks[len(weeks)-1][column] = squareOf(day, hue, i == 0)
	}
	return weeks
}

func squareOf(day day, hue map[*Window]int, first bool) square {
	shown := square{
		In: true, Date: day.Date.Format(time.DateOnly), Name: day.Date.Format("Monday 2 January"), Number: day.Date.Format("2"),
		Weekend: day.Date.Weekday() == time.Saturday || day.Date.Weekday() == time.Sunday, Entries: lines(day, hue),
	}
	if len(day.Entries) > 0 {
		shown.ID = "day-" + shown.Date
	}
	if first || day.Date.Day() == 1 {
		shown.Month = day.Date.Format("January")
	}
	for _, period := range day.Frozen {
		shown.Frozen = append(shown.Frozen, period.Name)
	}
	return shown
}

// marks are the words that stand for kinds of notes where there is little room.
var marks = map[NoteKind]string{NoteFreeze: "frozen", NoteClocks: "clocks set", NoteMeets: "meets", NoteLimit: "not all", NoteNobody: "no agent"}

func lines(day day, hue map[*Window]int) []line {
	var shown []line
	for _, entry := range day.Entries {
		opening := entry.First
		row := line{
			Window: opening.Window.Name, When: entry.local(day.Date), UTC: entry.utc(day.Date), Start: opening.Start.UTC().Format(time.RFC3339),
			Whom: entry.whom(), Hue: hue[opening.Window], Shut: opening.Opens.IsZero(), Notes: opening.Notes,
		}
		for _, kind := range []NoteKind{NoteFreeze, NoteClocks, NoteMeets, NoteLimit, NoteNobody} {
			if opening.Has(kind) {
				row.Marks = append(row.Marks, marks[kind])
			}
		}
		shown = append(shown, row)
	}
	return shown
}
