package slack

import (
	"context"
	"time"

	"cordon/filters"
)

// answerWithin bounds a command or a click from its arrival: with the look-up of its person it is answered in the 2.5 s that
// we promise.
const answerWithin = 2400 * time.Millisecond

// actor is the person as the inside knows them. An error says why nothing may be done for this person: full members of the
// workspace alone may ask for anything. It waits for Slack a moment.
func (e *Edge) actor(ctx context.Context, id, payloadTeam string) (filters.Actor, error) {
	actor := filters.Actor{ID: "user:" + id, User: id, Team: e.config.Team}
	if payloadTeam != "" && payloadTeam != e.config.Team {
		return actor, never("you come from another workspace")
	}
	ctx, cancel := context.WithTimeout(ctx, personWait)
	defer cancel()
	person, err := e.Member(ctx, id)
	actor.Zone = person.Zone
	return actor, err
}

// Member looks somebody up who may be given rights: a full member of the workspace. What it says is at most a minute old.
// Errors: Denied with the reason for guests, bots, deactivated people and those of other workspaces; Unavailable while Slack
// cannot be asked.
func (e *Edge) Member(ctx context.Context, id string) (Person, error) {
	person, err := e.Person(ctx, id)
	switch {
	case filters.CodeOf(err) == filters.Unknown:
		return person, never("this workspace does not know you")
	case err != nil:
		return person, &filters.Error{
			Code: filters.Unavailable, Wrong: "Slack does not say who you are, so the answer is no for now", Try: "Type it again in a moment", Cause: err,
		}
	case person.Stranger:
		return person, never("you come from another workspace")
	case person.Deactivated:
		return person, never("your account here is deactivated")
	case person.Bot:
		return person, never("you are a bot")
	case person.Guest:
		return person, never("you are a guest here")
	}
	return person, nil
}

// never refuses somebody who is no full member.
func never(why string) error {
	return &filters.Error{Code: filters.Denied, Wrong: why, Expected: "only full members of this workspace may ask me for anything"}
}
