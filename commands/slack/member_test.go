package slack_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/slack"
	"cordon/filters"
	simslack "cordon/internal/sim/slack"
)

// Guests, bots, deactivated people and those of other workspaces are refused with the reason, whatever they ask and
// however it comes.
func TestMembersAloneMayAsk(t *testing.T) {
	both(t, func(t *testing.T, http bool) {
		o := open(t, setup{http: http, post: true, workspace: func(c *simslack.Config) {
			c.Users = append(c.Users, simslack.User{ID: "U0STRANGER", Name: "sam", TeamID: "T0OTHER"})
		}})
		o.types("alice", "/mesos filter agent-one -m kernel")
		root := o.root("agent-one takes no new tasks")
		for _, text := range []string{"status", "help", "filter agent-two -m mine"} {
			contains(t, o.types("gus", "/mesos "+text), "You are a guest here: only full members of this workspace may ask me for anything. Nothing was changed.")
		}
		for user, why := range map[string]string{"gus": "You are a guest here", "sam": "You come from another workspace"} {
			answer, err := o.workspace.Click(t.Context(), simslack.Click{User: user, MessageTS: root.TS, ActionID: commands.ActionRelease})
			if err != nil {
				t.Fatal(err)
			}
			contains(t, texts(answer.Replies), why, "Nothing was changed.")
			if _, err := o.workspace.Say(user, "", "", "<@"+simslack.BotUserID+"> status"); err != nil {
				t.Fatal(err)
			}
			o.until(user+" is refused twice", func() bool {
				return strings.Count(texts(o.workspace.Messages(user)), why) >= 2
			})
		}
		if standing := o.on.Filters(); len(standing) != 1 {
			t.Errorf("%d filters stand", len(standing))
		}
	})
}

func TestWithoutSlackNobodyMay(t *testing.T) {
	o := open(t, setup{})
	if err := o.workspace.SetMode("rate-limit", time.Minute); err != nil {
		t.Fatal(err)
	}
	contains(t, o.types("alice", "/mesos filter agent-one -m kernel"), "Slack does not say who you are, so the answer is no for now", "Nothing was changed.")
	if standing := o.on.Filters(); len(standing) != 0 {
		t.Errorf("%d filters stand", len(standing))
	}
}

// registry answers users.info without a network.
type registry struct {
	mutex sync.Mutex
	user  string // JSON; empty: it is away
	asked int
}

func member() *registry {
	return &registry{user: `{"id":"U0ALICE","team_id":"T0CORDON","tz":"Europe/Paris"}`}
}

func (r *registry) client() *http.Client { return &http.Client{Transport: r} }

func (r *registry) says(user string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.user = user
}

// RoundTrip answers one call.
func (r *registry) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.asked++
	if r.user == "" {
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	body := io.NopCloser(strings.NewReader(`{"ok":true,"user":` + r.user + `}`))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Request: request}, nil
}

// What Slack said of somebody holds for a minute, is asked again before, and not a moment longer where Slack is away.
func TestWhoSomebodyIsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := member()
		edge := slack.New(slack.Config{Bot: &counter{}, Team: team, HTTPClient: r.client(), Logger: quiet()})
		defer edge.Stop(context.Background())
		want := func(after time.Duration, code filters.Code, asked int) {
			t.Helper()
			time.Sleep(after) // of the bubble
			_, err := edge.Member(t.Context(), "U0ALICE")
			if err == nil && code != "" || err != nil && filters.CodeOf(err) != code {
				t.Errorf("%v, want %q", err, code)
			}
			synctest.Wait()
			if r.asked != asked {
				t.Errorf("asked %d times, want %d", r.asked, asked)
			}
		}
		want(0, "", 1)
		want(29*time.Second, "", 1)
		r.says(`{"id":"U0ALICE","team_id":"T0CORDON","deleted":true}`)
		want(2*time.Second, "", 2) // behind the answer
		want(0, filters.Denied, 2)
		r.says(`{"id":"U0ALICE","team_id":"E0ORG","enterprise_user":{"teams":["T0CORDON"]}}`)
		want(61*time.Second, "", 3)
		r.says("")
		want(59*time.Second, "", 4)
		want(5*time.Second, filters.Unavailable, 4)
		r.says(`{"id":"U0ALICE","team_id":"T0CORDON","is_ultra_restricted":true}`)
		want(0, filters.Unavailable, 4)
		want(2*time.Second, filters.Denied, 5)
	})
}
