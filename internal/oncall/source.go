package oncall

import (
	"context"
	"time"

	"cordon/scheduler"
)

// Source says who is on call. Its name, such as `PagerDuty schedule P123`, is its String.
type Source interface {
	String() string
	// ask returns who is on call at the moment, in the cluster's time. Errors are a *trouble.
	ask(ctx context.Context, now time.Time) (told, error)
}

// told is what a source said.
type told struct {
	users  []string  // Slack IDs
	people []contact // whom Slack knows by e-mail address
	until  time.Time // when the first of their shifts ends; zero: it does not say
}

// contact is somebody as PagerDuty or Opsgenie knows them.
type contact struct{ name, email string }

// Group is a user group of Slack: everybody in it is on call.
func Group(workspace Workspace, id string) Source { return group{workspace, id} }

type group struct {
	workspace Workspace
	id        string
}

func (g group) String() string { return "Slack user group " + g.id }

func (g group) ask(ctx context.Context, _ time.Time) (told, error) {
	members, err := g.workspace.MembersNow(ctx, g.id)
	if err != nil {
		return told{}, &trouble{why: "Slack does not say who is in it", cause: err}
	}
	return told{users: members}, nil
}

// Rota is a rota of the configuration: one of its people is on call.
func Rota(compiled *scheduler.Rota) Source { return rota{compiled} }

type rota struct{ *scheduler.Rota }

func (r rota) String() string { return "the rota of the configuration" }

func (r rota) ask(_ context.Context, now time.Time) (told, error) {
	shift, on := r.At(now)
	if !on {
		return told{}, nil
	}
	return told{users: []string{shift.User}, until: shift.End}, nil
}
