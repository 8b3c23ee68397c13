package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

// refusal is the error of a commit that the script refused, nil if it did not. Nothing was written then.
func (s *Store) refusal(c *change, commit *filters.Commit, answer reply) error {
	switch answer.word() {
	case "OK", "STAGED", "STORED", "REPEATED":
		return nil
	case "LATE":
		return &filters.Error{
			Code: filters.Unavailable, Wrong: "Redis took too long",
			Cause: fmt.Errorf("deadline %v, Redis TIME %v", commit.Deadline.UTC(), answer.at()),
		}
	case "STALE":
		return ErrStale
	case "FROZEN":
		return s.frozen(answer.text(2))
	case "LOCKED":
		return s.locked(answer.text(2))
	case "LIMITED":
		return s.limited(answer)
	case "CONFLICT":
		return &filters.Error{Code: filters.Conflict, Wrong: s.subject(c, answer) + " was changed meanwhile",
			Cause: fmt.Errorf("%s %q has revision %s", s.hashName(answer.text(2)), answer.text(3), answer.text(4))}
	case "UNREADABLE":
		return &filters.Error{Code: filters.Internal, Wrong: "what Redis holds about " + s.subject(c, answer) + " cannot be read",
			Cause: fmt.Errorf("%s %q does not decode", s.hashName(answer.text(2)), answer.text(3))}
	case "BROKEN":
		return &filters.Error{Code: filters.Conflict, Wrong: "an agent of the plan was changed while it was being written"}
	}
	return &filters.Error{Code: filters.Internal, Wrong: "Redis answered something unknown", Cause: fmt.Errorf("%.200q", fmt.Sprint(answer...))}
}

func (s *Store) hashName(number string) string {
	for i := range s.keys.records {
		if s.keys.records[i].number == number {
			return s.keys.records[i].name
		}
	}
	return "hash " + number
}

// subject names for people what a refusal is about.
func (s *Store) subject(c *change, answer reply) string {
	field := answer.text(3)
	first, second, _ := strings.Cut(field, " ")
	switch s.hashName(answer.text(2)) {
	case "questions":
		return "the question `" + field + "`"
	case string(filters.ShelfWindows):
		return "the window `" + field + "`"
	case string(filters.ShelfRuns):
		return "the run `" + field + "`"
	case string(filters.ShelfRunAgents):
		return "agent `" + second + "` of the run `" + first + "`"
	case string(filters.ShelfMachines):
		return "the machine `" + first + "`"
	case string(filters.ShelfApprovals):
		return "the approval `" + field + "`"
	case string(filters.ShelfOnCall):
		return "who is on call"
	}
	return c.named(first)
}

// named names an agent for people by what the change's events know of it.
func (c *change) named(agent string) string {
	for i := range c.events {
		event := &c.events[i]
		switch {
		case event.Filter != nil && string(event.Filter.Agent) == agent && event.Filter.Hostname != "":
			return "`" + event.Filter.Hostname + "`"
		case event.Ledger != nil && string(event.Ledger.Agent) == agent && event.Ledger.Hostname != "":
			return "`" + event.Ledger.Hostname + "`"
		}
	}
	return "agent `" + agent + "`"
}

func (s *Store) frozen(text string) error {
	err := &filters.Error{Code: filters.Frozen, Wrong: "nothing new starts in *" + s.cluster + "*, it is frozen", Try: "`/mesos thaw -m why` ends that"}
	if freeze, bad := parsePlain[filters.Freeze](text); bad == nil {
		err.Wrong += " by `" + freeze.By + "` since " + freeze.At.UTC().Format("2006-01-02 15:04 UTC") + " for " + filters.Quoted(freeze.Reason)
	}
	return err
}

func (s *Store) locked(text string) error {
	err := &filters.Error{Code: filters.Locked, Wrong: "nothing is given back in *" + s.cluster + "*: it is locked", Try: "`/mesos unlock --dry-run` shows what would follow"}
	if lock, bad := parsePlain[filters.Lock](text); bad == nil {
		err.Expected = lock.Cause
	}
	return err
}

func (s *Store) limited(answer reply) error {
	place := "*" + s.cluster + "*"
	if rack, ok := strings.CutPrefix(answer.text(2), "rack "); ok {
		place = "rack " + rack
	}
	return &filters.Error{Code: filters.Limited, Wrong: fmt.Sprintf("`max_withheld` allows %s in %s, this would make %s",
		answer.text(3), place, answer.text(5)), Try: "Name fewer agents, or release some: `/mesos filters` lists what stands"}
}

// absent tells that a key is not there.
func absent(err error) bool { return errors.Is(err, redis.Nil) }

// milliseconds reads ms since 1970, UTC; the zero time for 0 and for what is no number.
func milliseconds(text string) time.Time {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number == 0 {
		return time.Time{}
	}
	return time.UnixMilli(number).UTC()
}
