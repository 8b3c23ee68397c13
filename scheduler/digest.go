package scheduler

import (
	"context"
	"encoding/json"
	"time"

	"cordon/filters"
)

// digestName is the record that remembers when the last digest was told: no window can have the name.
const digestName = "@digest"

// digestLate is how long after its time a digest is still told: one of the morning is of no use at night.
const digestLate = 2 * time.Hour

// Digests is when the morning's summary is told. Make it with CompileDigest.
type Digests struct{ window *Window }

// CompileDigest reads when the digest is told each day, such as 08:00 in Europe/Berlin.
func CompileDigest(at, zone string) (*Digests, []Problem) {
	clock, err := time.Parse("15:04", at)
	if err != nil {
		return nil, []Problem{{Field: "at", Err: &filters.Error{Code: filters.Invalid, Wrong: "`" + at + "` is not a time of day", Expected: "hours and minutes, such as `08:00`", Cause: err}}}
	}
	window, problems := Compile("digest", Definition{Schedule: clock.Format("4 15") + " * * *", TimeZone: zone, Duration: digestLate.String(), Targets: []string{"*"}})
	if len(problems) > 0 {
		return nil, problems
	}
	return &Digests{window}, nil
}

// Digest is what the morning's summary tells: the body of its journal entry's Reason, as JSON.
type Digest struct {
	At      time.Time       `json:"at"`
	Total   int             `json:"total"` // filters that stand
	Filters []DigestFilter  `json:"filters,omitempty"`
	Opens   []DigestOpening `json:"opens,omitempty"` // in the next 24 hours
	Runs    []string        `json:"runs,omitempty"`  // that are not over
	Asked   int             `json:"asked,omitempty"` // questions that are open

	Approvals []DigestApproval `json:"approvals,omitempty"` // that are open
	Awaiting  int              `json:"awaiting,omitempty"`  // how many are open
	Reviews   []DigestApproval `json:"reviews,omitempty"`   // of what was done without waiting
	Unseen    int              `json:"unseen,omitempty"`    // how many are to be reviewed
}

// DigestFilter is a filter that stands; the oldest come first, at most ten.
type DigestFilter struct {
	Hostname string        `json:"hostname"`
	Owner    filters.Owner `json:"owner"`
	Reason   string        `json:"reason,omitempty"`
	Since    time.Time     `json:"since"`
	Until    time.Time     `json:"until,omitzero"`
}

// DigestOpening is an occurrence to come; at most ten.
type DigestOpening struct {
	Window string    `json:"window"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Agents int       `json:"agents"`
	Note   string    `json:"note,omitempty"`
}

// DigestApproval is an approval that waits for somebody; at most ten.
type DigestApproval struct {
	ID      string       `json:"id"`
	By      string       `json:"by"`
	Verb    filters.Verb `json:"verb"`
	Mode    filters.Mode `json:"mode,omitempty"`
	Hosts   []string     `json:"hosts,omitempty"` // the first ten
	Total   int          `json:"total"`           // how many hosts there are
	Reason  string       `json:"reason,omitempty"`
	Expires time.Time    `json:"expires,omitzero"` // when it is too late to say yes
}

// digestMost is how many of each a digest names.
const digestMost = 10

// digest tells the morning's summary when its time has come, and returns when the next one has.
func (s *Scheduler) digest(ctx context.Context, now time.Time, term int64) time.Time {
	if s.config.Digest == nil {
		return time.Time{}
	}
	window := s.config.Digest.window
	record := s.config.Book.Record(filters.ShelfWindows, digestName)
	var state WindowState
	if record != nil {
		state, _ = DecodeWindow(record) // one that cannot be read is told anew
	}
	if occurrence, ok := window.Active(now); ok && occurrence.Start.After(state.Last) {
		state.Last = occurrence.Start
		if s.tellDigest(ctx, state, revisionOf(record), occurrence, term) != nil {
			return now.Add(retryAfter)
		}
	}
	next, _ := window.Next(now)
	return next.Start
}

func (s *Scheduler) tellDigest(ctx context.Context, state WindowState, revision int64, occurrence Occurrence, term int64) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	text, err := json.Marshal(s.config.summary(occurrence.Start, occurrence.Start.Add(24*time.Hour)))
	if err != nil {
		return err
	}
	state.Schema = 1
	subject := "digest:" + occurrence.Start.In(s.config.Digest.window.Zone).Format(time.DateOnly)
	_, err = s.config.Service.Arrange(ctx, filters.Arrangement{
		Request: filters.Request{Actor: s.config.system("window:digest"), Key: subject, Cause: filters.CauseWindow},
		Verb:    filters.VerbWindow, Term: term, Subject: subject,
		Told: []filters.Told{{
			Record: filters.Record{Shelf: filters.ShelfWindows, Name: digestName, Body: encode(state), Revision: revision},
			Event:  filters.Event{Kind: filters.KindDigest, Subject: subject, Reason: string(text)},
		}},
	})
	if err != nil {
		s.log.Warn("the digest is not told yet", "error", err)
	}
	return err
}

// summary is what is told at the moment, of openings until the other one.
func (c *Config) summary(now, until time.Time) Digest {
	digest := Digest{At: now}
	for _, filter := range c.Book.Filters() {
		if !filter.Stands() {
			continue
		}
		if digest.Total++; len(digest.Filters) < digestMost {
			digest.Filters = append(digest.Filters, DigestFilter{filter.Hostname, filter.Owner, filter.Reason, filter.Created, filter.Until})
		}
	}
	desk := NewDesk(c)
	for _, coming := range desk.Upcoming(now, digestMost) {
		if coming.Start.Before(until) {
			digest.Opens = append(digest.Opens, DigestOpening{coming.Occurrence.Window, coming.Start, coming.End, coming.Agents, coming.Note})
		}
	}
	for _, run := range desk.Runs() {
		if !run.State.Phase.Over() {
			digest.Runs = append(digest.Runs, run.State.ID)
		}
	}
	for _, question := range c.Book.Questions() {
		if question.Open() {
			digest.Asked++
		}
	}
	digest.waiting(c.Book.Approvals(), now)
	return digest
}

// waiting takes over the approvals that wait for a yes, or for somebody's eyes, at the time.
func (d *Digest) waiting(approvals []filters.Approval, now time.Time) {
	for i := range approvals {
		switch approval := &approvals[i]; {
		case approval.Open(now):
			if d.Awaiting++; len(d.Approvals) < digestMost {
				d.Approvals = append(d.Approvals, digestApproval(approval))
			}
		case approval.Unreviewed():
			if d.Unseen++; len(d.Reviews) < digestMost {
				d.Reviews = append(d.Reviews, digestApproval(approval))
			}
		}
	}
}

func digestApproval(approval *filters.Approval) DigestApproval {
	plan := &approval.Plan
	hosts := plan.Hosts()
	return DigestApproval{
		ID: approval.ID, By: approval.By, Verb: plan.Verb, Mode: plan.Mode(), Hosts: hosts[:min(len(hosts), digestMost)], Total: len(hosts),
		Reason: plan.Reason, Expires: approval.Expires,
	}
}
