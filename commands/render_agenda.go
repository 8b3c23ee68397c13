package commands

import (
	"context"
	"time"

	"cordon/scheduler"
)

// agenda is what status tells of windows and runs.
type agenda struct {
	next *scheduler.Upcoming // nil: nothing opens
	open []scheduler.Listing
	runs []scheduler.RunListing // that are not over
	duty Line                   // who is on call; empty: nobody ever is
}

// agendaAhead is how many openings are looked at for one that nothing stands in the way of.
const agendaAhead = 5

func (t *turn) agenda(ctx context.Context, now time.Time) agenda {
	a := agenda{duty: t.onCallNow(ctx, now)}
	if t.desk == nil {
		return a
	}
	coming := t.desk.Upcoming(now, agendaAhead)
	for i := range coming {
		if coming[i].Note == "" || a.next == nil && i == len(coming)-1 {
			a.next = &coming[i]
			break
		}
	}
	for _, listing := range t.desk.Windows() {
		if listing.State.Open != nil {
			a.open = append(a.open, listing)
		}
	}
	for _, run := range t.desk.Runs() {
		if !run.State.Phase.Over() {
			a.runs = append(a.runs, run)
		}
	}
	return a
}

// coming is the next opening in a phrase: `next window kernel-tue tomorrow 02:00, 12 agents`.
func (a *agenda) coming(now time.Time) Line {
	if a.next == nil {
		return nil
	}
	line := Say("next window ", Strong(a.next.Occurrence.Window), " ", Clock(a.next.Start, now), ", "+Count(a.next.Agents, "agent"))
	if note := Phrase(a.next.Note); len(note) > 0 {
		line = append(append(line, Text(", ")), note...)
	}
	return line
}

// underWay is who is on call, the windows that are open and the runs that are not over, a line each.
func (a *agenda) underWay(now time.Time) []Line {
	var lines []Line
	if len(a.duty) > 0 {
		lines = append(lines, a.duty)
	}
	for i := range a.open[:min(len(a.open), listed)] {
		lines = append(lines, Separated(Say("window ", Strong(a.open[i].Window.Name)), windowState(&a.open[i], now)))
	}
	lines = append(lines, more(listed, len(a.open))...)
	for i := range a.runs[:min(len(a.runs), listed)] {
		run := &a.runs[i]
		lines = append(lines, Separated(Say("run ", Literal(run.State.ID), " ", RunHead(run)), Say(run.State.Reason), runTime(run, now)))
	}
	return append(lines, more(listed, len(a.runs))...)
}
