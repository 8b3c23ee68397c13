package commands

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// OnCall is what commands asks about who is on call in a cluster; *oncall.Duty is one. Safe for concurrent use.
type OnCall interface {
	// Levels returns how many levels of escalation there are; none: nobody is ever on call.
	Levels() int
	// OnCall returns who is on call at a level, from 1 on. An error says why that is not known.
	OnCall(ctx context.Context, level int) (filters.OnCall, error)
}

// duties are the verbs about people on call.
var duties = []*verb{{
	name: "oncall", aliases: []string{"on-call"}, group: groupLook, needs: filters.VerbLook,
	about:    "shows who is on call: until when, who says so, and who is next",
	examples: []string{"oncall", "oncall -c prod", "oncall --cluster=prod"},
	grammar:  func() grammar { return &lookGrammar{} },
}}

// answered is what a level said.
type answered struct {
	filters.OnCall
	err error
}

// onCall asks all levels at once.
func (t *turn) onCall(ctx context.Context) (Reply, error) {
	if t.duty == nil || t.duty.Levels() == 0 {
		return Reply{Cluster: t.cluster, Lines: []Line{
			Say("Nobody is on call in ", Strong(t.cluster), ": its configuration has no ", Literal("on_call"), "."),
		}}, nil
	}
	levels := make([]answered, t.duty.Levels())
	var asking sync.WaitGroup
	for i := range levels {
		asking.Go(func() { levels[i].OnCall, levels[i].err = t.duty.OnCall(ctx, i+1) })
	}
	asking.Wait()
	return renderOnCall(t.cluster, levels, t.service.Now()), nil
}

func renderOnCall(cluster string, levels []answered, now time.Time) Reply {
	lines := []Line{Separated(Say(Strong(cluster)), onCallLine(levels[0], now))}
	lines = append(lines, doubtsOnCall(levels[0])...)
	for i, level := range levels[1:] {
		name := "next level"
		if i > 0 {
			name = "level " + strconv.Itoa(i+2)
		}
		lines = append(lines, Say(name+": ", onCallLine(level, now)))
		lines = append(lines, doubtsOnCall(level)...)
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// onCallLine is who is on call at a level, until when and from where.
func onCallLine(level answered, now time.Time) Line {
	if level.err != nil {
		return Say("⚠ ", Strong("it is not known who is on call"))
	}
	line := Separated(onCallPeople(&level.OnCall), shiftEnds(level.Until, now), Say(level.Source))
	if level.Fallback != "" {
		return append(Say("⚠ "), line...)
	}
	return line
}

// onCallPeople names those who are on call.
func onCallPeople(level *filters.OnCall) Line {
	var names []any
	for _, user := range level.Users {
		names = append(names, Who("user:"+user))
	}
	for _, stranger := range level.Strangers {
		names = append(names, Strong(stranger))
	}
	switch len(names) {
	case 0:
		return Say(Strong("nobody is on call"))
	case 1:
		return Say(names[0], " is on call")
	}
	line := Say(names[0])
	for _, name := range names[1:min(len(names), listed)] {
		line = append(line, Say(", ", name)...)
	}
	if more := len(names) - listed; more > 0 {
		line = append(line, Text(" and "+strconv.Itoa(more)+" more"))
	}
	return append(line, Text(" are on call"))
}

// shiftEnds is when a shift ends, nothing if that is not known.
func shiftEnds(until, now time.Time) Line {
	if until.IsZero() {
		return nil
	}
	return Ends(until, now)
}

// doubtsOnCall says what is wrong with a level.
func doubtsOnCall(level answered) []Line {
	var lines []Line
	if level.err != nil {
		why := level.err.Error()
		if known, ok := errors.AsType[*filters.Error](level.err); ok && known.Expected != "" {
			why = known.Expected
		}
		return []Line{Say(why, " · nobody can approve as one on call until that is known")}
	}
	if level.Fallback != "" {
		lines = append(lines, Say(level.Source, " stands in: ", level.Fallback))
	}
	if len(level.Strangers) > 0 {
		lines = append(lines, Say(Strong(Names(level.Strangers, 0)), " cannot approve: nobody in this workspace has the same e-mail address"))
	}
	return lines
}

// glance is how long status waits to learn who is on call: that is known as a rule.
const glance = 300 * time.Millisecond

// onCallNow is who is on call as status tells it; empty where nobody ever is.
func (t *turn) onCallNow(ctx context.Context, now time.Time) Line {
	if t.duty == nil || t.duty.Levels() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	level := answered{}
	if level.OnCall, level.err = t.duty.OnCall(ctx, 1); level.err != nil {
		return Say("⚠ it is not known who is on call: ", Literal("/mesos oncall"))
	}
	return onCallLine(level, now)
}

// shiftWords says what an entry about a shift tells of.
func shiftWords(event *filters.Event) string {
	switch event.Outcome {
	case scheduler.ShiftBegan:
		return "came on call, and was told what to know"
	case scheduler.ShiftEnded:
		return "went off call"
	}
	return "it is known who is on call"
}

// shiftUser is the Slack ID of whom an entry about a shift is about; empty: it is about nobody alone.
func shiftUser(event *filters.Event) string {
	user, _, _ := strings.Cut(strings.TrimPrefix(event.Subject, "shift:"), "/")
	return user
}
