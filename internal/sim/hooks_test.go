package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// restarts is a cluster that counts restarts of its one agent, which is away until it is let come back.
type restarts struct {
	Cluster
	count int
	away  bool
}

func (r *restarts) RestartAgent(hostname string) error {
	if hostname != "agent-one" {
		return bad("there is no agent %q", hostname)
	}
	r.count, r.away = r.count+1, true
	return nil
}

func (r *restarts) Snapshot() ClusterView {
	return ClusterView{Agents: []Agent{{Hostname: "agent-one", Connected: !r.away}}}
}

// call is a call of the webhook, as internal/webhook documents it.
type call struct {
	method, key, body, secret string
	age                       time.Duration
}

// ask sends the call and returns the status and what was said.
func (c call) ask(page http.Handler) (int, string) {
	target, signed := "/sim/hooks/reboot", c.body
	if c.method == http.MethodGet {
		target, signed = target+"?key="+c.key, c.key
	}
	r := httptest.NewRequest(c.method, target, strings.NewReader(c.body))
	r.Host = "127.0.0.1:8080"
	timestamp := strconv.FormatInt(time.Now().Add(-c.age).Unix(), 10)
	code := hmac.New(sha256.New, []byte(c.secret))
	_, _ = io.WriteString(code, "v1:"+timestamp+":"+signed)
	r.Header.Set("Cordon-Timestamp", timestamp)
	r.Header.Set("Cordon-Signature", "v1="+hex.EncodeToString(code.Sum(nil)))
	r.Header.Set("Idempotency-Key", c.key)
	w := httptest.NewRecorder()
	page.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

const rebootOne = `{"cluster":"demo","agent":"S1","hostname":"agent-one","run":"r-1","step":1,"key":"c-1"}`

func TestAWebhookRestartsAnAgentOncePerKey(t *testing.T) {
	cluster := &restarts{}
	page := NewPage(PageConfig{Cluster: cluster, HookSecret: "s3cret"})
	for _, step := range []struct {
		name   string
		call   call
		status int
		count  int
		back   bool // the agent is back before the call
	}{
		{name: "called", call: call{method: "POST", key: "c-1", body: rebootOne}, status: 202, count: 1},
		{name: "called again", call: call{method: "POST", key: "c-1", body: rebootOne}, status: 202, count: 1},
		{name: "asked while away", call: call{method: "GET", key: "c-1"}, status: 202, count: 1},
		{name: "asked when back", call: call{method: "GET", key: "c-1"}, back: true, status: 200, count: 1},
		{name: "called when done", call: call{method: "POST", key: "c-1", body: rebootOne}, status: 200, count: 1},
		{name: "asked about nothing", call: call{method: "GET", key: "c-2"}, status: 404, count: 1},
		{name: "another key", call: call{method: "POST", key: "c-2", body: rebootOne}, status: 202, count: 2},
		{name: "an agent that is not there", call: call{method: "POST", key: "c-3", body: `{"hostname":"agent-nine"}`}, status: 400, count: 2},
	} {
		cluster.away = cluster.away && !step.back
		step.call.secret = "s3cret"
		if status, text := step.call.ask(page); status != step.status || cluster.count != step.count {
			t.Errorf("%s: %d %s and %d restarts, expected %d and %d", step.name, status, text, cluster.count, step.status, step.count)
		}
	}
}

func TestAWebhookThatIsNotSignedRestartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name, secret string
			call         call
			status       int
		}{
			{"another secret", "s3cret", call{method: "POST", key: "c-1", body: rebootOne, secret: "other"}, 401},
			{"no secret here", "", call{method: "POST", key: "c-1", body: rebootOne}, 401},
			{"old", "s3cret", call{method: "POST", key: "c-1", body: rebootOne, secret: "s3cret", age: 6 * time.Minute}, 401},
			{"of the future", "s3cret", call{method: "POST", key: "c-1", body: rebootOne, secret: "s3cret", age: -6 * time.Minute}, 401},
			{"without a key", "s3cret", call{method: "POST", body: rebootOne, secret: "s3cret"}, 401},
			{"a question", "s3cret", call{method: "GET", key: "c-1", secret: "other"}, 401},
			{"no JSON", "s3cret", call{method: "POST", key: "c-1", body: "agent-one", secret: "s3cret"}, 400},
			{"long", "s3cret", call{method: "POST", key: "c-1", body: strings.Repeat("x", maxBody+1), secret: "s3cret"}, 413},
		} {
			cluster := &restarts{}
			status, text := c.call.ask(NewPage(PageConfig{Cluster: cluster, HookSecret: c.secret}))
			if status != c.status || cluster.count != 0 || !strings.Contains(text, "error") {
				t.Errorf("%s: %d %s and %d restarts, expected %d and none", c.name, status, text, cluster.count, c.status)
			}
		}
	})
}
