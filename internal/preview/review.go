package preview

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// Review writes what was understood of each window, when it opens next after question.From, and what one may not have meant
// about windows and freezes in the year from then on. question.To and Roster are not looked at.
func Review(question Question, to io.Writer) error {
	question.Roster = nil
	slices.SortFunc(question.Windows, func(a, b *scheduler.Window) int { return strings.Compare(a.Name, b.Name) })
	var text strings.Builder
	for _, window := range question.Windows {
		fmt.Fprintf(&text, "  %s: %s\n    next: %s\n", window.Name, window.Words(), nextOpenings(window, question.From))
	}
	remarks, err := remarks(question)
	if err != nil {
		return err
	}
	for _, remark := range remarks {
		fmt.Fprintf(&text, "  ! %s\n", remark)
	}
	_, err = io.WriteString(to, text.String())
	return err
}

// named is how many openings are named.
const named = 5

func nextOpenings(window *scheduler.Window, after time.Time) string {
	openings := window.Openings(after, named)
	if len(openings) == 0 {
		return "it opens no more"
	}
	texts := make([]string, len(openings))
	for i, opening := range openings {
		texts[i] = opening.Start.In(window.Zone).Format("Mon 2 Jan 2006 15:04 MST")
	}
	return strings.Join(texts, ", ")
}

// remarks are of the next year, or of less where windows open very often.
func remarks(question Question) ([]string, error) {
	for _, days := range []int{366, 92, 28, 7, 1} {
		question.To = question.From.AddDate(0, 0, days)
		seen, err := Look(question)
		if err != nil && filters.CodeOf(err) == filters.Limited {
			continue
		}
		if err != nil {
			return nil, err
		}
		within := "in the next " + counted(days, "day")
		return slices.Concat(seen.meetingRemarks(within), seen.freezeRemarks(within), strangers(question), seen.killing()), nil
	}
	return []string{"windows open so often that nobody can say whether they meet"}, nil
}

func (p *Preview) meetingRemarks(within string) []string {
	var remarks []string
	for _, meeting := range p.Meetings {
		remarks = append(remarks, p.meeting(meeting)+" ("+within+")")
	}
	return remarks
}

// freezeRemarks name each freeze and window of which it keeps openings shut, or lets them open late.
func (p *Preview) freezeRemarks(within string) []string {
	type struck struct{ freeze, window string }
	shut, late := map[struck]int{}, map[struck]int{}
	var order []struck
	for _, opening := range p.Openings {
		period, frozen := p.freezeOn(opening)
		if !frozen {
			continue
		}
		key := struck{period.Name, opening.Window.Name}
		if shut[key]+late[key] == 0 {
			order = append(order, key)
		}
		if opening.Opens.IsZero() {
			shut[key]++
		} else {
			late[key]++
		}
	}
	var remarks []string
	for _, key := range order {
		var what []string
		if shut[key] > 0 {
			what = append(what, "keeps shut "+counted(shut[key], "opening"))
		}
		if late[key] > 0 {
			what = append(what, "delays "+counted(late[key], "opening"))
		}
		remarks = append(remarks, fmt.Sprintf("freeze “%s” %s of %s (%s)", key.freeze, strings.Join(what, " and "), key.window, within))
	}
	return remarks
}

// freezeOn is the freeze that stands when the opening would open: of several the one that ends last, as At has it.
func (p *Preview) freezeOn(opening *Opening) (scheduler.Period, bool) {
	var last scheduler.Period
	for _, period := range p.Freezes {
		if !opening.Start.Before(period.From) && opening.Start.Before(period.To) && period.Of(opening.Window.Name) && period.To.After(last.To) {
			last = period
		}
	}
	return last, last.Name != ""
}

// killing are windows that kill tasks, and ask nobody before they do.
func (p *Preview) killing() []string {
	var remarks []string
	for _, window := range p.Windows {
		if window.Kills() && !window.Approval() {
			remarks = append(remarks, window.Name+" kills what runs on its agents and asks nobody: `approval: true` has it ask before each opening")
		}
	}
	return remarks
}

// strangers are windows that freezes name and that there are not: a slip of the finger, or windows of chat.
func strangers(question Question) []string {
	var remarks []string
	for _, period := range question.Freezes.Periods() {
		for _, name := range period.Windows {
			if !slices.ContainsFunc(question.Windows, func(window *scheduler.Window) bool { return window.Name == name }) {
				remarks = append(remarks, fmt.Sprintf("freeze “%s” names the window %s, which the configuration does not have", period.Name, name))
			}
		}
	}
	return remarks
}
