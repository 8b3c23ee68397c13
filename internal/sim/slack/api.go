package slack

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// failure is an error of the Web API: {"ok":false,"error":code}, with details beside it.
type failure struct {
	code    string
	details map[string]any
}

func (f failure) Error() string { return f.code }

func fail(code string) error { return failure{code: code} }

// limited says that a call came too soon.
type limited struct{ wait time.Duration }

func (l limited) Error() string { return "ratelimited" }

// result is the JSON of a successful answer, beside "ok".
type result map[string]any

// method is one method of the Web API.
type method struct {
	run       func(w *Workspace, args arguments) (result, error)
	scope     string // what the token needs; empty: nothing, or the channel decides
	perMinute int
	perPost   bool // limited by channel too, as posting is
	app       bool // wants the app-level token
}

var methods = map[string]method{
	"auth.test":             {run: (*Workspace).authTest, perMinute: 600},
	"apps.connections.open": {run: (*Workspace).openConnection, perMinute: 600, app: true},
	"chat.postMessage":      {run: (*Workspace).postMessage, scope: "chat:write", perMinute: 600, perPost: true},
	"chat.postEphemeral":    {run: (*Workspace).postEphemeral, scope: "chat:write", perMinute: tier4},
	"chat.update":           {run: (*Workspace).updateMessage, scope: "chat:write", perMinute: tier3},
	"chat.delete":           {run: (*Workspace).deleteMessage, scope: "chat:write", perMinute: tier3},
	"chat.getPermalink":     {run: (*Workspace).permalink, perMinute: 600},
	"conversations.info":    {run: (*Workspace).conversationInfo, perMinute: tier3},
	"conversations.list":    {run: (*Workspace).conversationList, perMinute: tier2},
	"conversations.members": {run: (*Workspace).conversationMembers, perMinute: tier4},
	"conversations.history": {run: (*Workspace).history, perMinute: tier3},
	"conversations.replies": {run: (*Workspace).threadReplies, perMinute: tier3},
	"conversations.open":    {run: (*Workspace).openDirect, scope: "im:write", perMinute: tier3},
	"users.info":            {run: (*Workspace).userInfo, scope: "users:read", perMinute: tier4},
	"users.list":            {run: (*Workspace).userList, scope: "users:read", perMinute: tier2},
	"users.lookupByEmail":   {run: (*Workspace).userByEmail, scope: "users:read.email", perMinute: tier3},
	"usergroups.list":       {run: (*Workspace).groupList, scope: "usergroups:read", perMinute: tier2},
	"usergroups.users.list": {run: (*Workspace).groupUsers, scope: "usergroups:read", perMinute: tier2},
	"views.open":            {run: (*Workspace).openView, perMinute: tier4},
	"views.push":            {run: (*Workspace).pushView, perMinute: tier4},
	"views.publish":         {run: (*Workspace).publishView, perMinute: tier4},
	"views.update":          {run: (*Workspace).updateView, perMinute: tier4},
	"reactions.add":         {run: (*Workspace).addReaction, scope: "reactions:write", perMinute: tier3},
	"reactions.remove":      {run: (*Workspace).removeReaction, scope: "reactions:write", perMinute: tier2},
}

// serveAPI answers one call of the Web API. Errors are answered with status 200, as Slack does.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	answer, args, err := w.call(rw, r, name)
	outcome := "ok"
	if err != nil {
		outcome = err.Error()
	}
	w.record(Call{At: w.config.now(), Method: name, Channel: args["channel"], Outcome: outcome})
	if outcome == modeDown {
		rw.Header().Set("Content-Type", "text/html")
		rw.WriteHeader(http.StatusServiceUnavailable)
		_, _ = rw.Write([]byte("<html><body>Service Unavailable</body></html>\n"))
		return
	}
	if missingCharset(r) && err == nil {
		answer["warning"] = "missing_charset"
		metadata, _ := answer["response_metadata"].(map[string]any)
		if metadata == nil {
			metadata = map[string]any{}
		}
		metadata["warnings"] = []string{"missing_charset"}
		answer["response_metadata"] = metadata
	}
	writeAnswer(rw, answer, err)
}

func writeAnswer(rw http.ResponseWriter, answer result, err error) {
	body := map[string]any{"ok": err == nil}
	var tooSoon limited
	var failed failure
	status := http.StatusOK
	switch {
	case errors.As(err, &tooSoon):
		rw.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(tooSoon.wait.Seconds())))))
		status = http.StatusTooManyRequests
		body["error"] = err.Error()
	case errors.As(err, &failed):
		body["error"] = failed.code
		for key, value := range failed.details {
			body[key] = value
		}
	case err != nil:
		body["error"] = "internal_error"
	}
	for key, value := range answer {
		body[key] = value
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body)
}

// call checks everything that all methods have in common, in Slack's order, and runs the method.
func (w *Workspace) call(rw http.ResponseWriter, r *http.Request, name string) (result, arguments, error) {
	mode, left, _ := w.mode.current()
	if mode == modeDown {
		return nil, nil, fail(modeDown)
	}
	args, err := readArguments(rw, r)
	if err != nil {
		return nil, nil, err
	}
	m, known := methods[name]
	if !known {
		return nil, args, failure{"unknown_method", map[string]any{"req_method": name}}
	}
	if err := w.authorise(m, bearer(r, args)); err != nil {
		return nil, args, err
	}
	if mode == modeRateLimit && !m.app {
		return nil, args, limited{left}
	}
	if wait := w.tooSoon(name, m, args); wait > 0 {
		return nil, args, limited{wait}
	}
	rw.Header().Set("X-OAuth-Scopes", strings.Join(w.scopes, ","))
	answer, err := m.run(w, args)
	return answer, args, err
}

// authorise checks the token, its kind and its scope.
func (w *Workspace) authorise(m method, token string) error {
	wanted, other := w.config.BotToken, w.config.AppToken
	if m.app {
		wanted, other = other, wanted
	}
	switch {
	case token == "":
		return fail("not_authed")
	case equal(token, other):
		return fail("not_allowed_token_type")
	case !equal(token, wanted):
		return fail("invalid_auth")
	case m.scope != "":
		return w.need(m.scope)
	}
	return nil
}

// need refuses unless the bot token has a scope, and notes that it was of use.
func (w *Workspace) need(scope string) error {
	if !w.has(scope) {
		return failure{"missing_scope", map[string]any{"needed": scope, "provided": strings.Join(w.scopes, ",")}}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used[scope] = true
	return nil
}

func (w *Workspace) has(scope string) bool { return slices.Contains(w.scopes, scope) }

// tooSoon returns how long the caller should have waited.
func (w *Workspace) tooSoon(name string, m method, args arguments) time.Duration {
	if w.config.Unlimited {
		return 0
	}
	if m.perPost {
		if wait := w.limits.take(name+" "+args["channel"], time.Second, postBurst); wait > 0 {
			return wait
		}
	}
	return w.limits.take(name, time.Minute/time.Duration(m.perMinute), m.perMinute)
}

// bearer finds the token: in the header, or as an argument of a form.
func bearer(r *http.Request, args arguments) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(token)
	}
	if isJSON(r) {
		return ""
	}
	return args["token"]
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (w *Workspace) authTest(arguments) (result, error) {
	return result{
		"url": "https://" + w.config.TeamDomain + ".slack.com/", "team": w.config.TeamDomain, "team_id": w.config.TeamID,
		"user": w.config.BotName, "user_id": BotUserID, "bot_id": BotID, "is_enterprise_install": false,
	}, nil
}
