package slack

import (
	"context"
	"slices"
	"sync"
	"time"

	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// Person is what Slack says of somebody.
type Person struct {
	ID   string
	Name string
	Zone *time.Location // nil: not known
	// Deactivated people, bots, guests and people of other workspaces are told apart from members.
	Deactivated bool
	Bot         bool
	Guest       bool
	Stranger    bool
}

// Member tells whether this is a full member of the workspace, who may be given rights.
func (p Person) Member() bool { return !p.Deactivated && !p.Bot && !p.Guest && !p.Stranger }

const (
	personFresh  = time.Minute      // how long an answer holds
	personAhead  = 30 * time.Second // from this age on it is asked again, and nobody waits for that
	personFailed = 2 * time.Second  // how long a look-up that failed is not repeated
	personWait   = 1200 * time.Millisecond
	lookup       = 4 * time.Second
)

// people is a cache of users.info.
type people struct {
	mutex sync.Mutex
	known map[string]*person
}

type person struct {
	Person
	err     error         // of the last look-up
	at      time.Time     // when Slack last said who this is; zero: never
	asked   time.Time     // when the last look-up ended
	loading chan struct{} // closed when the look-up under way is done; nil: none is
}

// holds tells whether what Slack said is new enough to be believed.
func (p *person) holds(now time.Time) bool { return !p.at.IsZero() && now.Sub(p.at) < personFresh }

// Person looks somebody up; what it says is at most a minute old. Errors: Unknown for an ID that Slack does not know,
// Unavailable if it does not answer.
func (e *Edge) Person(ctx context.Context, id string) (Person, error) {
	if loading := e.people.refresh(e, id); loading != nil {
		select {
		case <-loading:
		case <-ctx.Done():
			return Person{}, unknownPerson(filters.Unavailable, ctx.Err())
		}
	}
	return e.people.get(id)
}

func unknownPerson(code filters.Code, cause error) error {
	return &filters.Error{Code: code, Wrong: "Slack does not say who this is", Cause: cause}
}

func (p *people) get(id string) (Person, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch known := p.known[id]; {
	case known == nil:
		return Person{}, unknownPerson(filters.Unavailable, nil)
	case known.holds(time.Now()):
		return known.Person, nil
	case known.err != nil:
		return Person{}, known.err
	}
	return Person{}, unknownPerson(filters.Unavailable, nil)
}

// refresh starts a look-up where one is due, and returns the channel of the one that must be waited for, nil if none.
func (p *people) refresh(e *Edge, id string) chan struct{} {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := time.Now()
	known := p.known[id]
	if known == nil {
		known = &person{}
		p.known[id] = known
	}
	holds := known.holds(now)
	due := known.loading == nil && now.Sub(known.at) >= personAhead && (known.err == nil || now.Sub(known.asked) >= personFailed)
	if due {
		known.loading = make(chan struct{})
		e.later(func(ctx context.Context) { p.load(ctx, e, id, known) })
	}
	if holds {
		return nil
	}
	return known.loading
}

func (p *people) load(ctx context.Context, e *Edge, id string, known *person) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	found, err := e.ask(ctx, id)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	known.err, known.asked = err, time.Now()
	switch {
	case err == nil:
		known.Person, known.at = found, known.asked
	case filters.CodeOf(err) == filters.Unknown:
		known.at = time.Time{}
	}
	close(known.loading)
	known.loading = nil
}

func (e *Edge) ask(ctx context.Context, id string) (Person, error) {
	user, err := e.api.GetUserInfoContext(ctx, id)
	if err != nil {
		code := filters.Unavailable
		if answered(err) {
			code = filters.Unknown
		}
		return Person{}, unknownPerson(code, err)
	}
	return personOf(user, e.config.Team), nil
}

// personOf reads https://docs.slack.dev/reference/objects/user-object. In an Enterprise Grid a person has several workspaces.
func personOf(user *slackgo.User, team string) Person {
	elsewhere := user.TeamID != "" && user.TeamID != team && !slices.Contains(user.Enterprise.Teams, team)
	found := Person{
		ID: user.ID, Name: user.Name, Deactivated: user.Deleted, Bot: user.IsBot || user.IsWorkflowBot || user.IsConnectorBot,
		Guest: user.IsRestricted || user.IsUltraRestricted, Stranger: user.IsStranger || elsewhere,
	}
	if zone, err := time.LoadLocation(user.TZ); err == nil && user.TZ != "" && user.TZ != "Local" {
		found.Zone = zone
	}
	return found
}
