package journal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// digest is the record of windows that is none.
const digest = "@digest"

// window is what became of a window so far.
type window struct {
	there    bool
	state    scheduler.WindowState
	revision int64
	opened   map[int64]bool           // by its start in seconds
	earlier  map[int64]bool           // what opened before the window was removed and made anew
	placed   map[filters.AgentID]bool // in the open occurrence, ever
	approved map[filters.AgentID]bool // nil: it needed no approval
}

// record follows what is remembered of windows, runs, machines and approvals.
func (c *Checker) record(e *filters.Event) {
	if e.Question != nil {
		c.answered(e)
	}
	switch {
	case e.Record == nil:
	case e.Record.Shelf == filters.ShelfWindows && e.Record.Name != digest:
		c.window(e)
	case e.Record.Shelf == filters.ShelfRuns:
		c.run(e)
	case e.Record.Shelf == filters.ShelfRunAgents:
		c.runAgent(e)
	case e.Record.Shelf == filters.ShelfApprovals:
		c.approval(e)
	case e.Record.Shelf == filters.ShelfMachines:
		c.machine(e)
	}
}

// answered keeps what was asked and answered. That a question is done with does not change what was answered.
func (c *Checker) answered(e *filters.Event) {
	if e.Kind == filters.KindAnswer || c.answers[e.Question.ID].Answer == "" {
		c.answers[e.Question.ID] = *e.Question
	}
	if e.Question.Answer != "" && c.answers[e.Question.ID].Answer != e.Question.Answer {
		c.fail(RuleTaken, "question %s was answered %s and says %s", e.Question.ID, c.answers[e.Question.ID].Answer, e.Question.Answer)
	}
}

func (c *Checker) window(e *filters.Event) {
	known := c.windows[e.Record.Name]
	if known == nil {
		known = &window{opened: map[int64]bool{}, earlier: map[int64]bool{}}
		c.windows[e.Record.Name] = known
	}
	after, err := scheduler.DecodeWindow(e.Record)
	if err != nil {
		c.fail(RuleWindow, "the record of %s cannot be read: %v", e.Record.Name, err)
		return
	}
	if e.Record.Revision != known.revision+1 {
		c.fail(RuleLost, "the record of %s has revision %d after %s, expected %d", e.Record.Name, e.Record.Revision, e.Kind, known.revision+1)
	}
	c.accounts(e, known, &after)
	c.opening(e, known, &after)
	known.there, known.state, known.revision = true, after, e.Record.Revision
	if e.Record.Removed {
		if known.state.Open != nil {
			c.fail(RuleWindow, "%s is forgotten while it is open", e.Record.Name)
		}
		known.there, known.state, known.revision = false, scheduler.WindowState{}, 0
		maps.Copy(known.earlier, known.opened)
		clear(known.opened)
	}
}

// accounts holds what the record says to be accounted for to the starts that the walk finds.
func (c *Checker) accounts(e *filters.Event, known *window, after *scheduler.WindowState) {
	before := &known.state
	switch {
	case !known.there || before.Timing != after.Timing:
		if e.Kind != filters.KindWindow {
			c.fail(RuleWindow, "the times of %s are others after %s", e.Record.Name, e.Kind)
		}
		return
	case after.Last.Equal(before.Last):
		return
	case after.Last.Before(before.Last):
		c.fail(RuleWindow, "%s has accounted for %s and goes back to %s", e.Record.Name, before.Last, after.Last)
		return
	}
	starts := c.starts(after.Timing, before.Last, after.Last)
	if starts == nil {
		return
	}
	if len(starts) == 0 || !starts[len(starts)-1].Equal(after.Last) {
		c.fail(RuleWindow, "%s accounts for %s, which is no start of it", e.Record.Name, after.Last)
		return
	}
	switch {
	case e.Kind == filters.KindPassed && e.Reason == "":
		c.fail(RuleWindow, "%s did not open at %s, and nobody is told why", e.Record.Name, after.Last)
	case e.Kind == filters.KindPassed && known.opened[after.Last.Unix()]:
		c.fail(RuleWindow, "%s opened at %s, and says that it did not", e.Record.Name, after.Last)
	case e.Kind == filters.KindPassed && e.At.Before(after.Last.Add(-stepped)):
		c.fail(RuleWindow, "%s gave its start %s up before it came", e.Record.Name, after.Last)
	case e.Kind == filters.KindPassed && len(starts) > 1 && !strings.Contains(e.Reason, fmt.Sprintf("the %d before it", len(starts)-1)):
		c.fail(RuleWindow, "%s says why it did not open at %s, and not at %s", e.Record.Name, after.Last, starts[:len(starts)-1])
	case e.Kind == filters.KindOpen && len(starts) > 1:
		c.fail(RuleWindow, "%s neither opened at %s nor said why", e.Record.Name, starts[:len(starts)-1])
	case e.Kind != filters.KindPassed && e.Kind != filters.KindOpen:
		c.fail(RuleWindow, "%s accounts for %s with %s", e.Record.Name, after.Last, e.Kind)
	}
}

// starts are those of a timing in (after, until]; nil: the walk cannot read it.
func (c *Checker) starts(timing string, after, until time.Time) []time.Time {
	known, ok := c.walks[timing]
	if !ok {
		known = newWalk(timing)
		c.walks[timing] = known
	}
	if known == nil {
		return nil
	}
	return slices.Concat([]time.Time{}, known.starts(after, until))
}

// opening follows an occurrence from its opening to its closing.
func (c *Checker) opening(e *filters.Event, known *window, after *scheduler.WindowState) {
	was, is, name := known.state.Open, after.Open, e.Record.Name
	switch {
	case e.Kind == filters.KindOpen && is == nil:
		c.fail(RuleWindow, "%s is not open after %s", name, e.Kind)
	case e.Kind == filters.KindOpen && was == nil:
		if !after.Last.Equal(is.Start) {
			c.fail(RuleWindow, "%s opens at %s and does not account for that", name, is.Start)
		}
		c.opens(e, known, is)
		c.takes(e, known, is)
	case e.Kind == filters.KindOpen:
		c.takes(e, known, is)
	case was == nil && is != nil, was != nil && is == nil && e.Kind != filters.KindClosed:
		c.fail(RuleWindow, "%s opens or closes with %s", name, e.Kind)
	case e.Kind == filters.KindClose:
		c.closes(e, known, is)
	case e.Kind == filters.KindClosed:
		c.closed(e, known)
	case e.Kind == filters.KindWindow && e.Outcome == "removed" && is != nil && is.Closing.IsZero():
		c.fail(RuleWindow, "%s is removed and stays open", name)
	case was != nil && !was.Closing.Equal(is.Closing):
		c.fail(RuleWindow, "%s closes with %s", name, e.Kind)
	}
	if was != nil && is != nil && (!was.Start.Equal(is.Start) || !was.End.Equal(is.End)) {
		c.fail(RuleWindow, "%s was open from %s to %s and is from %s to %s", name, was.Start, was.End, is.Start, is.End)
	}
}

func (c *Checker) opens(e *filters.Event, known *window, is *scheduler.Opening) {
	name := e.Record.Name
	if known.opened[is.Start.Unix()] || known.earlier[is.Start.Unix()] {
		c.fail(RuleWindow, "%s opens at %s for the second time", name, is.Start)
	}
	known.opened[is.Start.Unix()] = true
	known.placed, known.approved = map[filters.AgentID]bool{}, nil
	if is.Definition == nil {
		return
	}
	if length, ok := lengthOf(is.Definition.Duration); ok && !is.End.Equal(is.Start.Add(length)) {
		c.fail(RuleWindow, "%s opens at %s for %s until %s", name, is.Start, length, is.End)
	}
	if e.At.Before(is.Start.Add(-stepped)) {
		c.fail(RuleWindow, "%s opens before its start %s", name, is.Start)
	}
	if is.Definition.Missed == "skip" && e.At.Sub(is.Start) > time.Minute+stepped {
		c.fail(RuleWindow, "%s opens late, and is not to", name)
	}
	for _, skip := range known.state.Skips {
		if skip.Start.Equal(is.Start) {
			c.fail(RuleWindow, "%s opens at %s, which %s skipped", name, is.Start, skip.Word.By)
		}
	}
	if is.Definition.Approval {
		known.approved = map[filters.AgentID]bool{}
		var question filters.Question
		if announced := known.state.Announced; announced != nil && announced.Start.Equal(is.Start) {
			question = c.answers[announced.Question]
		}
		if question.Answer != "yes" {
			c.fail(RuleTaken, "%s opens at %s, and nobody approved it", name, is.Start)
		}
		for _, agent := range question.Agents {
			known.approved[agent] = true
		}
	}
}

// takes holds what an occurrence withholds now to what it may.
func (c *Checker) takes(e *filters.Event, known *window, is *scheduler.Opening) {
	name := e.Record.Name
	switch {
	case !is.Closing.IsZero():
		c.fail(RuleTaken, "%s withholds agents although it is closing", name)
	case known.state.Paused != nil:
		c.fail(RuleTaken, "%s opens or withholds agents although %s paused it", name, known.state.Paused.By)
	case c.rules.Frozen != nil && c.rules.Frozen(e.At, name):
		c.fail(RuleTaken, "%s opens or withholds agents in a freeze", name)
	case !e.At.Before(is.End.Add(stepped)):
		c.fail(RuleTaken, "%s withholds agents after its end %s", name, is.End)
	}
	fresh := c.fresh[e.Operation]
	delete(c.fresh, e.Operation)
	if is.Definition == nil {
		return
	}
	if cutoff, ok := lengthOf(is.Definition.Cutoff); ok && !e.At.Before(is.End.Add(stepped-cutoff)) {
		c.fail(RuleTaken, "%s withholds agents after its cutoff, %s before %s", name, cutoff, is.End)
	}
	owner := ownerOf(name, is)
	for i := range fresh {
		filter := &fresh[i]
		switch {
		case filter.Owner != owner:
			c.fail(RuleTaken, "%s places a filter of %s", name, filter.Owner)
		case known.placed[filter.Agent]:
			c.fail(RuleTaken, "%s withholds %s again in one occurrence", name, filter.Hostname)
		case known.approved != nil && !known.approved[filter.Agent]:
			c.fail(RuleTaken, "%s withholds %s, which nobody approved", name, filter.Hostname)
		case filter.Mode != modeOf(is.Definition) || (filter.Drain != nil) != (filter.Mode == filters.ModeDrain) || filter.Drain.Ends():
			c.fail(RuleKill, "%s withholds %s in mode %s, and its own is %s", name, filter.Hostname, filter.Mode, modeOf(is.Definition))
		case !filter.Until.Equal(is.End):
			c.fail(RuleTaken, "%s withholds %s until %s, and ends %s", name, filter.Hostname, filter.Until, is.End)
		}
		known.placed[filter.Agent] = true
	}
	c.most(fresh, is.Definition.MaxUnavailable, is.Definition.MaxUnavailablePer)
}

func modeOf(definition *scheduler.Definition) filters.Mode {
	return cmp.Or(filters.Mode(definition.Mode), filters.ModeFilter)
}

func ownerOf(name string, is *scheduler.Opening) filters.Owner {
	return scheduler.Occurrence{Window: name, Start: is.Start, End: is.End}.Owner()
}

func (c *Checker) closes(e *filters.Event, known *window, is *scheduler.Opening) {
	was, name := known.state.Open, e.Record.Name
	switch {
	case was == nil || is == nil:
		c.fail(RuleWindow, "%s closes and was not open", name)
	case !was.Closing.IsZero():
		c.fail(RuleWindow, "%s closes for the second time", name)
	case is.EndedBy == "" && e.At.Before(is.End.Add(-stepped)):
		c.fail(RuleWindow, "%s closes before its end %s, and nobody ended it", name, is.End)
	case is.EndedBy != "":
		for _, filter := range c.standing {
			if filter.Owner == ownerOf(name, is) && filter.Stands() {
				c.fail(RuleGiven, "%s was closed by %s, and %s stays withheld", name, is.EndedBy, filter.Hostname)
			}
		}
	}
}

// closed holds the closing to what the occurrence and its run have withheld and not given back: it names that.
func (c *Checker) closed(e *filters.Event, known *window) {
	was := known.state.Open
	if was == nil || was.Closing.IsZero() {
		c.fail(RuleWindow, "%s is closed and was not closing", e.Record.Name)
		return
	}
	owner := ownerOf(e.Record.Name, was)
	for _, filter := range c.standing {
		if filter.Owner == owner || was.Run != "" && filter.Owner == filters.Owner("run:"+was.Run) {
			c.names(e, filter.Hostname)
		}
	}
	known.placed = nil
}

// names holds an entry to naming a host; it may leave it at how many more there are.
func (c *Checker) names(e *filters.Event, host string) {
	if !strings.Contains(e.Reason, host) && !strings.Contains(e.Reason, " more") {
		c.fail(RuleGiven, "%s ends with %q and does not name %s, which is not given back", e.Subject, e.Reason, host)
	}
}

// unopened reports filters of windows and runs that no opening and no run's step placed.
func (c *Checker) unopened() {
	for _, operation := range slices.Sorted(maps.Keys(c.fresh)) {
		for _, filter := range c.fresh[operation] {
			c.fail(RuleTaken, "%s withholds %s out of nothing", filter.Owner, filter.Hostname)
		}
	}
}

// late is how long after its end an occurrence may be neither opened nor accounted for, or not closed, in a cluster at rest.
const late = 2 * time.Hour

// unaccounted reports occurrences that were forgotten.
func (c *Checker) unaccounted(at time.Time) {
	for name, known := range c.windows {
		if !known.there {
			continue
		}
		if open := known.state.Open; open != nil && open.End.Add(late).Before(at) {
			c.fail(RuleWindow, "%s should have closed at %s", name, open.End)
		}
		walk := c.walks[known.state.Timing]
		for _, start := range c.starts(known.state.Timing, known.state.Last, at) {
			if walk != nil && start.Add(walk.length+late).Before(at) {
				c.fail(RuleWindow, "%s neither opened at %s nor said why", name, start)
			}
		}
	}
}
