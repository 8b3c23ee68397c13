package memory

import (
	"fmt"
	"time"

	"cordon/filters"
)

// refuse says why a commit is not written, nil if it is.
func (s *Store) refuse(commit *filters.Commit, now time.Time) error {
	switch {
	case !commit.Deadline.IsZero() && now.After(commit.Deadline):
		return &filters.Error{Code: filters.Unavailable, Wrong: "the write came too late"}
	case commit.Term != 0 && commit.Term != s.term:
		return &filters.Error{Code: filters.Conflict, Wrong: fmt.Sprintf("term %d is over: term %d is the newest", commit.Term, s.term)}
	case s.freeze != nil && (commit.Starts || commit.Freeze != nil):
		return &filters.Error{Code: filters.Frozen, Wrong: "a freeze stands for " + filters.Quoted(s.freeze.Reason)}
	case s.lock != nil && gives(commit):
		return &filters.Error{Code: filters.Locked, Wrong: "nothing is given back"}
	}
	if key := s.conflict(commit); key != "" {
		return &filters.Error{Code: filters.Conflict, Wrong: key + " was changed meanwhile"}
	}
	return s.limited(commit)
}

func gives(commit *filters.Commit) bool {
	for _, entry := range commit.Ledger {
		if entry.Hold == filters.HoldReleasing {
			return true
		}
	}
	return commit.Gives
}

// conflict names the first thing whose revision is not the stored one, or that the commit would write twice.
func (s *Store) conflict(commit *filters.Commit) string {
	seen := map[string]bool{}
	differs := func(key string, stored, known int64) bool {
		if seen[key] {
			panic("one commit writes twice: " + key)
		}
		seen[key] = true
		return stored != known
	}
	for i := range commit.Filters {
		filter := &commit.Filters[i]
		stored := s.filters[filter.Key()]
		if differs(filter.Key().String(), stored.Revision, filter.Revision) || stored.ID != "" && stored.ID != filter.ID && stored.ID != filter.Replaces {
			return filter.Key().String()
		}
	}
	for i := range commit.Settled {
		filter := &commit.Settled[i]
		if stored := s.filters[filter.Key()]; differs(filter.Key().String(), stored.Revision, filter.Revision) || stored.ID != filter.ID {
			return filter.Key().String()
		}
	}
	for _, entry := range commit.Ledger {
		if differs("ledger "+string(entry.Agent), s.ledger[entry.Agent].Revision, entry.Revision) {
			return string(entry.Agent)
		}
	}
	for _, question := range commit.Questions {
		if differs("question "+question.ID, s.questions[question.ID].Revision, question.Revision) {
			return question.ID
		}
	}
	for _, record := range commit.Records {
		if differs(string(record.Shelf)+" "+record.Name, s.records[record.Key()].Revision, record.Revision) {
			return record.Name
		}
	}
	return ""
}

// limited holds the agents that would be withheld then to the commit's limits.
func (s *Store) limited(commit *filters.Commit) error {
	if commit.Limits == nil {
		return nil
	}
	change, racks := map[filters.AgentID]int{}, map[filters.AgentID]string{}
	note := func(filter *filters.Filter, by int) {
		if filter.ID != "" && filter.Stands() {
			change[filter.Agent] += by
			racks[filter.Agent] = filter.Rack
		}
	}
	for i := range commit.Filters {
		stored := s.filters[commit.Filters[i].Key()]
		note(&stored, -1)
		note(&commit.Filters[i], 1)
	}
	for i := range commit.Settled {
		stored := s.filters[commit.Settled[i].Key()]
		note(&stored, -1)
	}
	total, gains, added := 0, map[string]int{}, map[string]bool{}
	for agent, by := range change {
		before := s.standing[agent]
		rack := racks[agent]
		if before > 0 {
			rack = s.rackOf[agent]
		}
		switch after := before + by; {
		case before == 0 && after > 0:
			total++
			gains[rack]++
			added[rack] = true
		case before > 0 && after == 0:
			total--
			gains[rack]--
		}
	}
	if most := commit.Limits.Cluster; len(added) > 0 && most > 0 && len(s.standing)+total > most {
		return &filters.Error{Code: filters.Limited, Wrong: fmt.Sprintf("%d agents would be withheld, of at most %d", len(s.standing)+total, most)}
	}
	for rack := range added {
		if most := commit.Limits.Racks[rack]; most > 0 && s.racks[rack]+gains[rack] > most {
			return &filters.Error{Code: filters.Limited, Wrong: fmt.Sprintf("%d agents of rack %s would be withheld, of at most %d", s.racks[rack]+gains[rack], rack, most)}
		}
	}
	return nil
}
