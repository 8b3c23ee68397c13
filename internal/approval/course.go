package approval

import (
	"slices"
	"time"

	"cordon/filters"
)

const (
	// keptFor is how long an approval that is over is remembered: buttons on old messages answer for so long.
	keptFor = 7 * 24 * time.Hour
	// startsWithin is how long after it was granted an approval may take to be carried out; later it would surprise everybody.
	startsWithin = 30 * time.Minute
)

// deed is what is to be done about an approval now.
type deed struct {
	approval filters.Approval // as it shall be
	outcome  string           // for the journal; empty with change: it is forgotten
	change   bool
	call     int  // which level of escalation is to be told; 0: none
	start    bool // the plan is to be carried out
	weigh    bool // what it costs is to be worked out: it was asked of a replica that did not know
}

// course returns what is to be done about an approval at the time. It is pure.
func course(approval filters.Approval, frozen string, now time.Time) deed {
	switch approval.State {
	case filters.ApprovalOpen:
		return waiting(approval, frozen, now)
	case filters.ApprovalGranted:
		return granted(approval, frozen, now)
	}
	unreviewed := approval.Unreviewed()
	if !unreviewed && !now.Before(approval.Closed.Add(keptFor)) {
		return deed{approval: approval, change: true}
	}
	if unreviewed && approval.Level == 0 {
		return calling(approval, 1, filters.OutcomeCalled)
	}
	return deed{}
}

func waiting(approval filters.Approval, frozen string, now time.Time) deed {
	half := approval.Expires.Sub(approval.Asked) / 2
	switch {
	case frozen != "":
		return closing(approval, filters.ApprovalVoid, frozen, now)
	case !now.Before(approval.Expires):
		return closing(approval, filters.ApprovalExpired, "nobody else said yes in time", now)
	case !approval.Impact.TasksKnown && len(approval.Votes) == 0 && approval.Level == 0:
		return deed{approval: approval, weigh: true}
	case approval.Level == 0 && approval.Needs.From == filters.JurorsOnCall:
		return calling(approval, 1, filters.OutcomeCalled)
	case approval.Reminded.IsZero() && !now.Before(approval.Asked.Add(half)):
		return calling(approval, max(approval.Level, 1), filters.OutcomeReminded)
	case approval.Level < 2 && !now.Before(approval.Asked.Add(half+half/2)):
		return calling(approval, 2, filters.OutcomeEscalated)
	}
	return deed{}
}

func calling(approval filters.Approval, level int, outcome string) deed {
	return deed{approval: approval, call: level, outcome: outcome}
}

func granted(approval filters.Approval, frozen string, now time.Time) deed {
	switch {
	case frozen != "":
		return closing(approval, filters.ApprovalVoid, frozen, now)
	case !now.Before(approval.Closed.Add(startsWithin)):
		return closing(approval, filters.ApprovalFailed, "it could not be carried out within half an hour of the yes", now)
	}
	return deed{approval: approval, start: true}
}

func closing(approval filters.Approval, state filters.ApprovalState, why string, now time.Time) deed {
	approval.State, approval.Why, approval.Closed = state, why, now
	return deed{approval: approval, outcome: string(state), change: true}
}

// called notes that a level was told, and who that was.
func called(told deed, on filters.OnCall, now time.Time) deed {
	approval := told.approval
	approval.Level, approval.Called = told.call, slices.Clone(on.Users)
	if told.outcome == filters.OutcomeReminded {
		approval.Reminded = now
	}
	return deed{approval: approval, outcome: told.outcome, change: true}
}

// next is when something may be due for the approval, without anybody's word; zero: never.
func next(approval *filters.Approval) time.Time {
	half := approval.Expires.Sub(approval.Asked) / 2
	switch {
	case approval.State == filters.ApprovalOpen && approval.Reminded.IsZero():
		return approval.Asked.Add(half)
	case approval.State == filters.ApprovalOpen && approval.Level < 2:
		return approval.Asked.Add(half + half/2)
	case approval.State == filters.ApprovalOpen:
		return approval.Expires
	case approval.State == filters.ApprovalGranted:
		return approval.Closed
	case approval.Unreviewed():
		return time.Time{}
	}
	return approval.Closed.Add(keptFor)
}
