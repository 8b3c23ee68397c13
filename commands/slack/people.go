package slack

import (
	"context"
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
	personFresh  = time.Hour
	personFailed = time.Minute            // how long a look-up that failed is not repeated
	personWait   = 250 * time.Millisecond // with Bot.Within less than the 2.5 s that we promise
	lookup       = 4 * time.Second
)

// people is a cache of users.info. A command waits for it at most once a person, and not long.
type people struct {
	mutex sync.Mutex
	known map[string]*person
}

type person struct {
	Person
	err     error
	at      time.Time     // of the last look-up's end
	loading chan struct{} // closed when the look-up under way is done; nil: none is
	waited  bool          // some command waited for this person before
}

// Person looks somebody up. Errors: Unknown for an ID that Slack does not know, Unavailable if it does not answer.
func (e *Edge) Person(ctx context.Context, id string) (Person, error) {
	known := e.people.refresh(e, id)
	if known == nil {
		return e.people.get(id)
	}
	select {
	case <-known:
		return e.people.get(id)
	case <-ctx.Done():
		return Person{}, &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not say who this is", Cause: ctx.Err()}
	}
}

func (p *people) get(id string) (Person, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if known := p.known[id]; known != nil {
		return known.Person, known.err
	}
	return Person{}, &filters.Error{Code: filters.Unknown, Wrong: "nobody looked for this person yet"}
}

// zone returns the person's time zone as far as it is known, and waits a moment for it the first time.
func (p *people) zone(ctx context.Context, e *Edge, id string) *time.Location {
	loading := p.refresh(e, id)
	p.mutex.Lock()
	known := p.known[id]
	wait := loading != nil && !known.waited
	known.waited = true
	zone := known.Zone
	p.mutex.Unlock()
	if !wait {
		return zone
	}
	timer := time.NewTimer(personWait)
	defer timer.Stop()
	select {
	case <-loading:
	case <-timer.C:
	case <-ctx.Done():
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return known.Zone
}

// refresh starts a look-up where one is due, and returns the channel of the one that is under way, nil if none is.
func (p *people) refresh(e *Edge, id string) chan struct{} {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	known := p.known[id]
	if known == nil {
		known = &person{Person: Person{ID: id}}
		p.known[id] = known
	}
	fresh := personFresh
	if known.err != nil {
		fresh = personFailed
	}
	if known.loading != nil || !known.at.IsZero() && time.Since(known.at) < fresh {
		return known.loading
	}
	known.loading = make(chan struct{})
	e.later(func(ctx context.Context) { p.load(ctx, e, id, known) })
	return known.loading
}

func (p *people) load(ctx context.Context, e *Edge, id string, known *person) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	found, err := e.ask(ctx, id)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if err == nil {
		known.Person = found
	}
	known.err, known.at = err, time.Now()
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
		return Person{}, &filters.Error{Code: code, Wrong: "Slack does not say who this is", Cause: err}
	}
	return personOf(user, e.config.Team), nil
}

func personOf(user *slackgo.User, team string) Person {
	found := Person{
		ID: user.ID, Name: user.Name, Deactivated: user.Deleted, Bot: user.IsBot || user.IsWorkflowBot || user.IsConnectorBot,
		Guest: user.IsRestricted || user.IsUltraRestricted, Stranger: user.IsStranger || user.TeamID != "" && user.TeamID != team,
	}
	if zone, err := time.LoadLocation(user.TZ); err == nil && user.TZ != "" && user.TZ != "Local" {
		found.Zone = zone
	}
	return found
}

// groups is a cache of user groups.
type groups struct {
	mutex sync.Mutex
	known map[string]group
}

type group struct {
	members []string
	at      time.Time
}

const (
	groupFresh = time.Minute
	groupStale = 5 * time.Minute // how old an answer may be while Slack gives no newer one
)

// Members returns the user IDs of a user group (S…), as of a minute ago at most; five while Slack does not answer.
func (e *Edge) Members(ctx context.Context, id string) ([]string, error) {
	e.groups.mutex.Lock()
	known, here := e.groups.known[id]
	e.groups.mutex.Unlock()
	if here && time.Since(known.at) < groupFresh {
		return known.members, nil
	}
	members, err := e.api.GetUserGroupMembersContext(ctx, id)
	if err != nil {
		if here && time.Since(known.at) < groupStale && !answered(err) {
			return known.members, nil
		}
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "Slack does not say who is in user group " + id, Cause: err}
	}
	e.groups.mutex.Lock()
	e.groups.known[id] = group{members, time.Now()}
	e.groups.mutex.Unlock()
	return members, nil
}
