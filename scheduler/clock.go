package scheduler

import (
	"errors"
	"time"

	"github.com/robfig/cron/v3"
)

// clock says when the clocks of a zone come to the times of a cron expression.
//
// The expression is evaluated over what clocks show, written as times in UTC, and only the times found are looked up in the
// zone: robfig/cron's own way across changes of the clocks loses days and doubles hours (FACTS.md). A time is come to at the
// first moment at which clocks show it or a later time. So one that clocks skip is come to when they skip it, one that they
// show twice is come to once, and times that are skipped together are come to together.
type clock struct {
	times       *times
	zone        *time.Location
	from, until time.Time // what clocks show at first and no more, written as times in UTC; zero: no bound
}

// times is a cron expression, over what clocks show.
type times struct{ cron.SpecSchedule }

// star is set in a day of month or of week that is not restricted: cron then looks at the other one alone.
const star = 1 << 63

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// readTimes reads a cron expression of which parseSchedule has taken the look.
func readTimes(expression string) (*times, error) {
	schedule, err := parser.Parse(expression)
	if err != nil {
		return nil, err
	}
	fields, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("this is no cron expression of fields")
	}
	fields.Location = time.UTC
	return &times{*fields}, nil
}

// next returns the first moment after the given one at which clocks come to a time of the expression, UTC. The zero time says
// that there is none in the next ten years.
func (c clock) next(after time.Time) time.Time {
	shown := latestShown(after, c.zone)
	if !c.from.IsZero() && shown.Before(c.from) {
		shown = c.from.Add(-1)
	}
	next := c.times.next(shown)
	if next.IsZero() || !c.until.IsZero() && !next.Before(c.until) {
		return time.Time{}
	}
	return firstShown(next, c.zone)
}

// next returns the first time of the expression after what clocks show. The library looks five years ahead, and from one
// 29 February to the next it can be eight.
func (t *times) next(shown time.Time) time.Time {
	next := t.Next(shown)
	if next.IsZero() {
		next = t.Next(time.Date(shown.Year()+6, 1, 1, 0, 0, 0, -1, time.UTC))
	}
	return next
}
