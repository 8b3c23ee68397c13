package oncall

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// Opsgenie is an account of Opsgenie: https://docs.opsgenie.com/docs/who-is-on-call-api.
type Opsgenie struct{ service }

// NewOpsgenie checks an account of Opsgenie. Its token is the key of an API integration that may read.
func NewOpsgenie(account Account) (*Opsgenie, error) {
	checked, err := newService("Opsgenie", account, "GenieKey ", "application/json")
	if err != nil {
		return nil, err
	}
	return &Opsgenie{checked}, nil
}

// Schedule is a schedule, by its ID or name. Its first level are those who are notified first, as a rule those who are on call
// themselves; the next ones are whom the escalations in it notify later. Opsgenie does not say here until when.
func (o *Opsgenie) Schedule(name string, level int) Source {
	return opsgenieOnCalls{o, name, max(level, 1)}
}

type opsgenieOnCalls struct {
	account *Opsgenie
	name    string
	level   int
}

func (o opsgenieOnCalls) String() string {
	if o.level > 1 {
		return fmt.Sprintf("Opsgenie schedule %s, level %d", o.name, o.level)
	}
	return "Opsgenie schedule " + o.name
}

// opsgenieAnswer is who is on call in a schedule.
type opsgenieAnswer struct {
	Data *struct {
		Parent struct {
			Enabled *bool `json:"enabled"`
		} `json:"_parent"`
		Participants []participant `json:"onCallParticipants"` // nil: this is no such answer
	} `json:"data"`
}

// participant is a user, whose name is their e-mail address, or a team or an escalation of others.
type participant struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Type         string        `json:"type"`
	Participants []participant `json:"onCallParticipants"`
	// EscalationTime is after how many minutes an escalation notifies this one.
	EscalationTime int `json:"escalationTime"`
}

var opsgenieID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (o opsgenieOnCalls) ask(ctx context.Context, _ time.Time) (told, error) {
	kind := "name"
	if opsgenieID.MatchString(o.name) {
		kind = "id"
	}
	var answer opsgenieAnswer
	query := url.Values{"scheduleIdentifierType": {kind}, "flat": {"false"}}
	if err := o.account.get(ctx, []string{"v2", "schedules", url.PathEscape(o.name), "on-calls"}, query, &answer); err != nil {
		return told{}, err
	}
	switch {
	case answer.Data == nil || answer.Data.Participants == nil:
		return told{}, o.account.trouble("answered with something else than on-calls", nil)
	case answer.Data.Parent.Enabled != nil && !*answer.Data.Parent.Enabled:
		return told{}, o.account.trouble("says that the schedule is disabled", nil)
	}
	return told{people: o.among(answer.Data.Participants)}, nil
}

// among picks the people of the level, each once.
func (o opsgenieOnCalls) among(participants []participant) []contact {
	after := map[int][]contact{}
	gather(after, participants, 0, 0)
	times := slices.Sorted(maps.Keys(after))
	if o.level > len(times) {
		return nil
	}
	people := after[times[o.level-1]]
	slices.SortFunc(people, func(a, b contact) int { return cmp.Compare(a.name, b.name) })
	return slices.Compact(people)
}

// nested is how deep teams and escalations may lie in each other.
const nested = 8

// gather sorts people by after how many minutes they are notified.
func gather(into map[int][]contact, participants []participant, after, depth int) {
	if depth > nested {
		return
	}
	for i := range participants {
		one := &participants[i]
		if one.Type == "user" {
			into[after+one.EscalationTime] = append(into[after+one.EscalationTime], contact{cmp.Or(one.Name, one.ID), address(one.Name)})
			continue
		}
		gather(into, one.Participants, after+one.EscalationTime, depth+1) // a team, or an escalation
	}
}
