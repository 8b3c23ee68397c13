package reconcile

import (
	"maps"

	"cordon/filters"
)

// onlyObserve says what would be done, once for as long as it stays to be done, and returns the changes that touch
// neither the master nor the ledger.
func (l *leading) onlyObserve(s *Situation, changes []filters.Change) []filters.Change {
	var harmless, would []filters.Change
	for _, change := range changes {
		switch change.Kind {
		case filters.ChangeExpire, filters.ChangeSettle, filters.ChangeNag, filters.ChangeMissing, filters.ChangeBack, filters.ChangeForeign, filters.ChangeUnforeign,
			filters.ChangeFailover, filters.ChangeSettled, filters.ChangeNotice, filters.ChangeLook:
			harmless = append(harmless, change)
		case filters.ChangeTake, filters.ChangeRepair, filters.ChangeUphold, filters.ChangeGive, filters.ChangeDrain:
			would = append(would, change)
		}
	}
	if hash := Hash(would); hash != l.hash {
		l.hash = hash
		return append(l.news(would), harmless...)
	}
	return harmless
}

// news returns what would be done and was not said before.
func (l *leading) news(would []filters.Change) []filters.Change {
	now := make(map[filters.AgentID]filters.ChangeKind, len(would))
	var news []filters.Change
	for _, change := range would {
		now[change.Agent] = change.Kind
		if l.observed[change.Agent] != change.Kind {
			change.Kind, change.Reason = filters.ChangeWould, string(change.Kind)
			news = append(news, change)
		}
	}
	maps.DeleteFunc(l.observed, func(agent filters.AgentID, kind filters.ChangeKind) bool { return now[agent] != kind })
	return news
}

// would tells of a call that is not made.
func (d *draft) would(change *filters.Change) {
	kind, deed := filters.KindTaking, "withhold it"
	switch filters.ChangeKind(change.Reason) {
	case filters.ChangeGive:
		kind, deed = filters.KindReleasing, "give it back"
	case filters.ChangeDrain:
		kind, deed = filters.KindDraining, killing(change)
	}
	told := *change
	told.Cause, told.Reason = filters.CauseObserved, "observing only: I would "+deed
	d.Logger.Info("observing: no call is made", "would", deed, "agent", change.Agent, "host", change.Seen.Hostname)
	d.notify(kind, &told, subjectOf(change.Filters))
}

// killing says what a change that kills tasks would do.
func killing(change *filters.Change) string {
	for i := range change.Filters {
		if drain := change.Filters[i].Drain; drain != nil && drain.Gone {
			return "mark it gone for ever"
		}
	}
	return "drain it"
}
