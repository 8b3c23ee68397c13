package oncall

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// PagerDuty is an account of PagerDuty: https://developer.pagerduty.com/api-reference, "List all of the on-calls".
type PagerDuty struct{ service }

// NewPagerDuty checks an account of PagerDuty. Its token is a REST API key that may only read.
func NewPagerDuty(account Account) (*PagerDuty, error) {
	checked, err := newService("PagerDuty", account, "Token token=", "application/vnd.pagerduty+json;version=2")
	if err != nil {
		return nil, err
	}
	return &PagerDuty{checked}, nil
}

// Schedule is a schedule, by its ID: whoever is on call in it now. One that no escalation policy uses has nobody on call.
func (p *PagerDuty) Schedule(id string) Source { return pagerDutyOnCalls{p, "schedule", id, 0} }

// Policy is a level of an escalation policy, by its ID; levels are counted from 1 on.
func (p *PagerDuty) Policy(id string, level int) Source {
	return pagerDutyOnCalls{p, "escalation policy", id, max(level, 1)}
}

type pagerDutyOnCalls struct {
	account *PagerDuty
	kind    string
	id      string
	level   int // 0: any
}

func (o pagerDutyOnCalls) String() string {
	if o.level > 0 {
		return fmt.Sprintf("PagerDuty %s %s, level %d", o.kind, o.id, o.level)
	}
	return "PagerDuty " + o.kind + " " + o.id
}

// pagerDutyPage is a page of on-calls. A time that is null is none: that person is always on call.
type pagerDutyPage struct {
	OnCalls []pagerDutyOnCall `json:"oncalls"` // nil: this is no page of on-calls
	More    bool              `json:"more"`
}

type pagerDutyOnCall struct {
	User struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Summary string `json:"summary"`
		Email   string `json:"email"`
	} `json:"user"`
	Schedule   *struct{ ID string }
	Policy     *struct{ ID string } `json:"escalation_policy"`
	Escalation int                  `json:"escalation_level"`
	Start      *time.Time           `json:"start"`
	End        *time.Time           `json:"end"`
}

const (
	pagerDutyPageSize = 100 // the most that one page may hold
	pagerDutyPages    = 10
)

// ask reads the on-calls of now, page by page.
func (o pagerDutyOnCalls) ask(ctx context.Context, now time.Time) (told, error) {
	query := url.Values{"include[]": {"users"}, "limit": {strconv.Itoa(pagerDutyPageSize)}, "time_zone": {"UTC"}}
	if o.level > 0 {
		query.Set("escalation_policy_ids[]", o.id)
	} else {
		query.Set("schedule_ids[]", o.id)
	}
	var all []pagerDutyOnCall
	for page := range pagerDutyPages {
		query.Set("offset", strconv.Itoa(page*pagerDutyPageSize))
		var read pagerDutyPage
		if err := o.account.get(ctx, []string{"oncalls"}, query, &read); err != nil {
			return told{}, err
		}
		if read.OnCalls == nil {
			return told{}, o.account.trouble("answered with something else than on-calls", nil)
		}
		all = append(all, read.OnCalls...)
		if !read.More {
			return o.among(all, now), nil
		}
	}
	return told{}, o.account.trouble(fmt.Sprintf("has more than %d on-calls", pagerDutyPages*pagerDutyPageSize), nil)
}

// among picks those who are on call now, each once: a schedule that several policies use is there once for each of them.
func (o pagerDutyOnCalls) among(all []pagerDutyOnCall, now time.Time) told {
	var found told
	known := map[string]bool{}
	for i := range all {
		entry := &all[i]
		if !o.means(entry) || entry.Start != nil && entry.Start.After(now.Add(slack)) || entry.End != nil && !entry.End.After(now) {
			continue
		}
		if entry.End != nil && (found.until.IsZero() || entry.End.Before(found.until)) {
			found.until = entry.End.UTC()
		}
		if !known[entry.User.ID] {
			known[entry.User.ID] = true
			found.people = append(found.people, contact{cmp.Or(entry.User.Name, entry.User.Summary, entry.User.ID), address(entry.User.Email)})
		}
	}
	return found
}

// slack is how much later than ours PagerDuty's clock may be.
const slack = 5 * time.Second

// means tells whether the entry is what was asked for.
func (o pagerDutyOnCalls) means(entry *pagerDutyOnCall) bool {
	if o.level > 0 {
		return entry.Escalation == o.level && entry.Policy != nil && entry.Policy.ID == o.id
	}
	return entry.Schedule != nil && entry.Schedule.ID == o.id
}

// address is an e-mail address as it is compared; empty if it is none.
func address(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if !strings.Contains(text, "@") || strings.ContainsAny(text, " \t\r\n") {
		return ""
	}
	return text
}
