package preview

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cordon/filters"
	"cordon/scheduler"
)

const dayLayout = "Mon 2 Jan 2006"

// Text writes the preview for a terminal.
func (p *Preview) Text(to io.Writer) error {
	var page bytes.Buffer
	p.head(&page)
	p.textWindows(&page)
	p.textFreezes(&page)
	p.textDays(&page)
	p.textMeetings(&page)
	p.textCapacity(&page)
	_, err := to.Write(page.Bytes())
	return err
}

func (p *Preview) head(page *bytes.Buffer) {
	fmt.Fprintf(page, "%s: what opens from %s to %s\n", p.Cluster, p.From.In(p.Zone).Format(dayLayout), p.lastDay().Format(dayLayout))
	fmt.Fprintf(page, "Days are of %s. %s\n", p.Zone, p.state())
	if made := p.made(); made != "" {
		fmt.Fprintln(page, made)
	}
}

// lastDay is the last day of the range, in its zone.
func (p *Preview) lastDay() time.Time { return p.To.Add(-1).In(p.Zone) }

// state says what is known of the cluster.
func (p *Preview) state() string {
	switch capacity := p.Capacity; {
	case capacity == nil:
		return "The cluster's state is not known: targets are as they are written."
	case capacity.Idle > 0:
		return fmt.Sprintf("The saved state has %s; %s of them take no tasks already.", agents(capacity.Agents), grouped(capacity.Idle))
	default:
		return fmt.Sprintf("The saved state has %s.", agents(capacity.Agents))
	}
}

// made says when and of what the preview was made.
func (p *Preview) made() string {
	text := "Made"
	if !p.Made.IsZero() {
		text += " " + p.Made.UTC().Format("2 Jan 2006 15:04") + " UTC"
	}
	if p.Source != "" {
		text += " from " + p.Source
	}
	if text == "Made" {
		return ""
	}
	return text + "."
}

func heading(page *bytes.Buffer, title string) { fmt.Fprintf(page, "\n%s\n", strings.ToUpper(title)) }

func (p *Preview) textWindows(page *bytes.Buffer) {
	heading(page, "Windows")
	if len(p.Windows) == 0 {
		page.WriteString("  There are none.\n")
	}
	width := 0
	for _, window := range p.Windows {
		width = max(width, len(window.Name))
	}
	for _, window := range p.Windows {
		fmt.Fprintf(page, "  %-*s  %s\n", width, window.Name, window.Words())
		fmt.Fprintf(page, "  %-*s  %s\n", width, "", window.summary())
		if window.Unknown != "" {
			fmt.Fprintf(page, "  %-*s  ! %s\n", width, "", window.Unknown)
		}
	}
}

// summary says for whom the window opens, how and how often.
func (w *Window) summary() string {
	text := w.whom()
	if w.known {
		text += " (" + w.targets() + ")"
	}
	if w.Mode != filters.ModeFilter {
		text += ", mode " + string(w.Mode)
	}
	if w.TakeDown {
		text += ", takes machines down"
	}
	if limit := w.Definition.MaxUnavailable; limit != "" {
		text += ", max_unavailable " + limit
		if w.Per != "" {
			text += " of each " + w.Per
		}
	}
	if w.Approval() {
		text += ", asks for approval"
	}
	text += "; opens " + counted(w.Opens, "time")
	if w.Shut > 0 {
		text += ", stays shut " + counted(w.Shut, "time")
	}
	return text
}

// Approval tells whether each occurrence asks first.
func (w *Window) Approval() bool { return w.Definition.Approval }

func (p *Preview) textFreezes(page *bytes.Buffer) {
	if len(p.Freezes) == 0 {
		return
	}
	heading(page, "Freezes")
	for _, period := range p.Freezes {
		fmt.Fprintf(page, "  %s: %s to %s, %s\n", period.Name, p.edge(period.From), p.edge(period.To), held(period))
	}
}

// edge is a time in the preview's zone.
func (p *Preview) edge(at time.Time) string { return at.In(p.Zone).Format("Mon 2 Jan 2006 15:04 MST") }

// held says what a freeze holds.
func held(period scheduler.Period) string {
	if len(period.Windows) == 0 {
		return "every window, and runs"
	}
	return strings.Join(period.Windows, ", ")
}

func (p *Preview) textDays(page *bytes.Buffer) {
	heading(page, "Calendar")
	days := slices.DeleteFunc(p.days(), func(day day) bool { return len(day.Entries) == 0 })
	if len(days) == 0 {
		page.WriteString("  Nothing opens.\n")
	}
	local, utc := widths(days)
	for _, day := range days {
		fmt.Fprintf(page, "%s\n", day.Date.Format(dayLayout))
		for _, entry := range day.Entries {
			mark := " "
			if entry.First.Opens.IsZero() {
				mark = "x"
			}
			fmt.Fprintf(page, "%s %s  %s  %s  %s\n", mark, pad(entry.local(day.Date), local), pad(entry.utc(day.Date), utc), entry.First.Window.Name, entry.whom())
			for _, note := range entry.First.Notes {
				fmt.Fprintf(page, "    ! %s\n", note.Text)
			}
		}
	}
}

// widths are those of the widest times.
func widths(days []day) (local, utc int) {
	for _, day := range days {
		for _, entry := range day.Entries {
			local, utc = max(local, utf8.RuneCountInString(entry.local(day.Date))), max(utc, utf8.RuneCountInString(entry.utc(day.Date)))
		}
	}
	return local, utc
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func (p *Preview) textMeetings(page *bytes.Buffer) {
	if len(p.Meetings) == 0 {
		return
	}
	heading(page, "Windows that meet")
	for _, meeting := range p.Meetings {
		fmt.Fprintf(page, "  %s\n", p.meeting(meeting))
	}
}

// meeting says which windows meet, where, how often and when first.
func (p *Preview) meeting(meeting Meeting) string {
	text := fmt.Sprintf("%s and %s may be open at once for the same agents", meeting.One, meeting.Other)
	if meeting.Agents > 0 {
		text = fmt.Sprintf("%s and %s are open at once for %s of both", meeting.One, meeting.Other, agents(meeting.Agents))
	}
	return text + fmt.Sprintf(", %s, first %s", counted(meeting.Times, "time"), p.edge(meeting.First))
}

func (p *Preview) textCapacity(page *bytes.Buffer) {
	if p.Capacity == nil {
		return
	}
	heading(page, "The least that remains")
	fmt.Fprintf(page, "  %-12s  %16s  %18s  %22s\n", "", "agents", "CPUs", "memory")
	for _, remaining := range append([]Remaining{p.Capacity.Cluster}, p.Capacity.Racks...) {
		name := "cluster"
		if remaining.Name != "" {
			name = "rack " + remaining.Name
		}
		fmt.Fprintf(page, "  %-12s  %16s  %18s  %22s", name, remaining.agents(), remaining.cpus(), remaining.memory())
		if !remaining.At.IsZero() {
			fmt.Fprintf(page, "  %s: %s", p.edge(remaining.At), strings.Join(remaining.By, ", "))
		}
		page.WriteByte('\n')
	}
}

func (r Remaining) agents() string { return grouped(r.Agents) + " of " + grouped(r.Whole) }

func (r Remaining) cpus() string { return amount(r.Left.CPUs) + " of " + amount(r.Total.CPUs) }

func (r Remaining) memory() string {
	return amount(r.Left.MemMB/1024) + " of " + amount(r.Total.MemMB/1024) + " GiB"
}

// amount is a number, with one digit behind the point where it is small and not whole.
func amount(number float64) string {
	if whole := int(number + 0.5); number >= 100 || number == float64(whole) {
		return grouped(whole)
	}
	return fmt.Sprintf("%.1f", number)
}
