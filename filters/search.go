package filters

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Search selects journal entries; zero fields select all.
type Search struct {
	Targets []Target
	// By is an actor: `user:U1`, `api:ci`, `bot:one`; a window means all of its occurrences.
	By string
	// Deed is a verb of the command language, or a kind of entries.
	Deed string
	// Since and Until bound the time of entries, UTC.
	Since, Until time.Time
	Before       string // an entry's ID: only older ones
	Most         int    // 0: 20; at most 1000
}

// Found is what a search found, newest first.
type Found struct {
	Events []Event
	// Reached is the ID of the oldest entry that was looked at where the search ended before the journal did; empty: all
	// was looked at, or as much was found as was asked for.
	Reached string
}

// LookedBack is the error that comes with what Store.History found where it looked no further back than an entry.
type LookedBack struct{ ID string }

// Error implements error.
func (l *LookedBack) Error() string { return "the journal was not looked at before " + l.ID }

// deeds are the kinds of entries that tell of a verb; of every other the kind is the word.
var deeds = map[string][]Kind{
	"unfilter":    {KindRelease},
	"drain":       {KindDraining, KindDrained},
	"answer":      {KindAnswer, KindQuestion},
	"maintenance": {KindSchedule, KindCancel, KindDown, KindUp, KindMeddled, KindRemind},
	"window":      {KindWindow, KindAnnounce, KindOpen, KindWarn, KindClose, KindClosed, KindPassed},
	"run":         {KindRun, KindRunAgent},
	"approve":     {KindApproval},
	"deny":        {KindApproval},
	"withdraw":    {KindApproval},
	"review":      {KindApproval},
}

// words are the outcomes that tell of a verb, among the entries of its kinds; of every other verb all of them do. What was
// refused of any word about approvals is found as VerbApprove.
var words = map[string][]string{
	"approve":  {OutcomeApproved, string(ApprovalGranted)},
	"deny":     {string(ApprovalDenied)},
	"withdraw": {string(ApprovalWithdrawn)},
	"review":   {OutcomeReviewed},
}

// kinds are those that a search may name by themselves.
var kinds = []Kind{
	KindFilter, KindExtend, KindRelease, KindExpire, KindAdopt, KindMove, KindNag, KindTaking, KindTook, KindReleasing, KindGave, KindDraining,
	KindDrained, KindGone, KindLost, KindContested, KindForeign, KindUnforeign, KindRestart, KindMissing, KindFreeze, KindThaw, KindLock, KindUnlock,
	KindQuestion, KindAnswer, KindLeader, KindFailover, KindSettled, KindFound, KindRefused, KindSink, KindSchedule, KindCancel, KindDown, KindUp,
	KindMeddled, KindRemind, KindWindow, KindAnnounce, KindOpen, KindWarn, KindClose, KindClosed, KindPassed, KindDigest, KindShift, KindApproval, KindRun, KindRunAgent,
}

// CheckDeed returns an Invalid error for what is neither a verb that changes something nor a kind of entries.
func CheckDeed(word string) error {
	if word == "" || deeds[word] != nil || slices.Contains(kinds, Kind(word)) {
		return nil
	}
	known := make([]string, 0, len(kinds)+len(deeds))
	for _, kind := range kinds {
		known = append(known, string(kind))
	}
	for verb := range deeds {
		known = append(known, verb)
	}
	err := &Error{Code: Invalid, Wrong: fmt.Sprintf("`--verb %.40s` is nothing that the journal tells of", strings.ReplaceAll(word, "`", "'")),
		Expected: "a verb such as `filter`, `drain` or `maintenance`, or a kind of entries such as `refused`, `lost` or `gave`"}
	if nearest := Nearest(word, known, 1); len(nearest) > 0 {
		err.Try = "Nearest: `--verb " + nearest[0] + "`"
	}
	return err
}

// Search returns the newest journal entries that it selects. It looks back so far as takes a moment, and says how far.
func (s *Service) Search(ctx context.Context, search Search) (Found, error) {
	if err := CheckDeed(search.Deed); err != nil {
		return Found{}, err
	}
	query := HistoryQuery{By: search.By, Since: search.Since, Until: search.Until, Before: search.Before, Most: search.Most}
	if search.Deed != "" {
		query.Verb = Verb(search.Deed)
		query.Kinds, query.Outcomes = deeds[search.Deed], words[search.Deed]
		if query.Kinds == nil {
			query.Kinds = []Kind{Kind(search.Deed)}
		}
	}
	unknown, err := s.about(&query, search.Targets)
	if err != nil {
		return Found{}, err
	}
	events, err := s.config.Store.History(ctx, query)
	found := Found{Events: events}
	if back, ok := errors.AsType[*LookedBack](err); ok {
		found.Reached, err = back.ID, nil
	}
	if unknown != nil && (err != nil || len(events) == 0 && search.Before == "") {
		return Found{}, unknown
	}
	return found, err
}

// about limits a query to the agents that targets name; unknown is why nobody may know them.
func (s *Service) about(query *HistoryQuery, targets []Target) (unknown, err error) {
	if len(targets) == 0 {
		return nil, nil
	}
	query.Agents, query.Hosts, unknown = s.everKnown(targets)
	if unknown != nil && len(targets) == 1 && targets[0].Name != "" {
		query.Hosts = []string{targets[0].Name} // it may be gone
		return unknown, nil
	}
	return nil, unknown
}
