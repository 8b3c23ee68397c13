package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// entry is one agent of the module's list. Owners stand beside what the module knows.
type entry struct {
	AgentID  string   `json:"agentId"`
	Hostname string   `json:"hostname"`
	Owners   []string `json:"owners,omitempty"`
}

// methods are those of the module, as it lists them (recording getty-method-patch).
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

// module serves /allocator/filters with the contract of gettyimages/mesos_offer_filtering_allocator_module
// (CONTRACTS.md). Its texts and status codes are the module's; what the module does not know (tokens, limits) has its own.
func (a *API) module(w http.ResponseWriter, r *http.Request) {
	token := a.token(r)
	if token == nil {
		a.stranger(r)
		w.Header().Set("WWW-Authenticate", `Bearer realm="cordon"`)
		plain(w, http.StatusUnauthorized, "the token is missing or not known: expected the header 'Authorization: Bearer …'")
		return
	}
	if a.redirected(w, r, token.Cluster) {
		return
	}
	if !slices.Contains(methods, r.Method) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		plain(w, http.StatusMethodNotAllowed, fmt.Sprintf("405 Method Not Allowed. Expecting one of { '%s' }, but received '%s'.", strings.Join(methods, "', '"), r.Method))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyMost)
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	c := &call{r, token, a.config.Clusters[token.Cluster]}
	operation, err := a.change(ctx, c)
	if err != nil {
		a.refused(r.Context(), c, err)
		a.refuseModule(w, r, err)
		return
	}
	if operation != "" && r.URL.Query().Get("wait") == "verified" {
		if progress := awaitEnd(r.Context(), c.service, operation); progress.State() != filters.StateVerified {
			plain(w, http.StatusGatewayTimeout, "recorded, and not verified within 60 s: GET /api/operations/"+operation+" tells how far it has come")
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"filters": list(c.service)})
}

// change does what the method asks and returns the operation, empty if nothing was changed.
func (a *API) change(ctx context.Context, c *call) (string, error) {
	switch c.Method {
	case http.MethodPost:
		return c.post(ctx)
	case http.MethodPut:
		return c.put(ctx)
	case http.MethodDelete:
		return c.remove(ctx)
	}
	return "", nil
}

// moduleError is an answer with the module's own status and text.
type moduleError struct {
	status int
	text   string
}

func (e *moduleError) Error() string { return e.text }

func badRequest(text string) error { return &moduleError{http.StatusBadRequest, text} }

func (a *API) refuseModule(w http.ResponseWriter, r *http.Request, err error) {
	if own, ok := errors.AsType[*moduleError](err); ok {
		plain(w, own.status, own.text)
		return
	}
	if tooLarge(err) {
		plain(w, http.StatusRequestEntityTooLarge, largeBody)
		return
	}
	code := filters.CodeOf(err)
	if code == filters.Internal {
		a.config.Logger.ErrorContext(r.Context(), "filters request failed", "error", err)
	}
	plain(w, statusOf(code), message(err))
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the caller is gone if this fails
}

func (c *call) request(targets []filters.Target) filters.Request {
	return filters.Request{
		Actor: c.token.actor(), Key: c.key(), Cause: filters.CauseAPI, Targets: targets,
		Reason: "set through the API by " + c.token.Name, Yes: true, Direct: true, // the module's 200 means that it is withheld
	}
}

// post withholds every agent that the body's agentId and hostname match, both where both are given.
func (c *call) post(ctx context.Context) (string, error) {
	var body map[string]json.RawMessage
	if err := c.object(&body); err != nil {
		return "", err
	}
	id, hostname, err := names(body)
	if err != nil {
		return "", err
	}
	if id == "" && hostname == "" {
		return "", badRequest("body requires 'agentId' and/or 'hostname' attributes")
	}
	if err := c.service.Unread(); err != nil {
		return "", err
	}
	found := c.service.Find(filters.AgentID(id), hostname)
	if len(found) == 0 {
		return "", badRequest("No such agent matching " + condition(id, hostname))
	}
	result, err := c.service.Filter(ctx, c.request(exactly(found)))
	return result.Operation, err
}

func condition(id, hostname string) string {
	var parts []string
	if hostname != "" {
		parts = append(parts, "hostname=="+hostname)
	}
	if id != "" {
		parts = append(parts, "agentId=="+id)
	}
	return strings.Join(parts, " AND ")
}

func exactly(agents []filters.Agent) []filters.Target {
	targets := make([]filters.Target, len(agents))
	for i := range agents {
		targets[i] = filters.Target{Agent: agents[i].ID}
	}
	return targets
}

// put makes the token's own filters be those listed. An entry that carries owners without the token is left to them, so
// that reading, changing and writing back takes nobody's filter over.
func (c *call) put(ctx context.Context) (string, error) {
	var body map[string]json.RawMessage
	if err := c.object(&body); err != nil {
		return "", err
	}
	raw, given := body["filters"]
	if !given {
		return "", nil
	}
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return "", badRequest("'filters' must be an array of objects")
	}
	targets, err := c.wanted(entries)
	if err != nil {
		return "", err
	}
	result, err := c.service.Replace(ctx, c.request(targets))
	return result.Operation, err
}

func (c *call) wanted(entries []map[string]json.RawMessage) ([]filters.Target, error) {
	var targets []filters.Target
	var unknown []string
	for _, fields := range entries {
		id, hostname, err := names(fields)
		if err != nil {
			return nil, err
		}
		if id == "" && hostname == "" {
			return nil, badRequest("each entry of 'filters' requires 'agentId' and/or 'hostname' attributes")
		}
		left, err := c.leftToOthers(fields["owners"])
		if err != nil {
			return nil, err
		}
		if left {
			continue
		}
		found := c.service.Find(filters.AgentID(id), hostname)
		targets = append(targets, exactly(found)...)
		if len(found) > 0 {
			continue
		}
		own := c.own(id, hostname) // an agent that is away just now: what it has is kept
		if len(own) == 0 {
			unknown = append(unknown, missing(id, hostname))
		}
		for _, filter := range own {
			targets = append(targets, filters.Target{Agent: filter.Agent})
		}
	}
	if err := c.service.Unread(); err != nil && len(unknown) > 0 {
		return nil, err
	}
	if len(unknown) > 0 {
		return nil, badRequest("One or more agents specified do not exist: " + strings.Join(unknown, ", "))
	}
	return targets, nil
}

func (c *call) leftToOthers(raw json.RawMessage) (bool, error) {
	if raw == nil {
		return false, nil
	}
	var owners []string
	if err := json.Unmarshal(raw, &owners); err != nil {
		return false, badRequest("'owners' must be an array of strings")
	}
	return len(owners) > 0 && !slices.Contains(owners, c.token.actor().ID), nil
}

// missing names an unknown agent as the module does (recording getty-put-unknown-hostname).
func missing(id, hostname string) string {
	switch {
	case hostname == "":
		return "[agentId: " + id + "]"
	case id == "":
		return "[hostname == " + hostname + "]"
	}
	return "[hostname == " + hostname + "] && [agentId: " + id + "]"
}

// remove ends the token's own filters on the agent or host: 404 if it has none, whoever else withholds.
func (c *call) remove(ctx context.Context) (string, error) {
	query := c.URL.Query()
	if query.Has("agentId") == query.Has("hostname") {
		return "", badRequest("Specify parameter 'agentId' or 'hostname', but not both")
	}
	id, hostname := query.Get("agentId"), query.Get("hostname")
	own := c.own(id, hostname)
	if len(own) == 0 {
		return c.repeated(ctx, c.noFilter(id, hostname))
	}
	ids := make([]string, len(own))
	for i := range own {
		ids[i] = own[i].ID
	}
	result, err := c.service.Release(ctx, c.request(nil), ids)
	return result.Operation, err
}

// repeated returns the operation of an earlier request with the same key, and err if there was none.
func (c *call) repeated(ctx context.Context, err error) (string, error) {
	if key := c.key(); key != "" {
		if earlier, found, lookup := c.service.Outcome(ctx, key); lookup == nil && found {
			return earlier.Operation, nil
		}
	}
	return "", err
}

// own returns the token's standing filters on the agent or host.
func (c *call) own(id, hostname string) []filters.Filter {
	var own []filters.Filter
	for _, filter := range c.service.Filters() {
		matches := (id == "" || string(filter.Agent) == id) && (hostname == "" || strings.EqualFold(filter.Hostname, hostname)) && id+hostname != ""
		if matches && filter.Owner == c.token.actor().Owner() {
			own = append(own, filter)
		}
	}
	return own
}

func (c *call) noFilter(id, hostname string) error {
	name := "agent " + id
	if hostname != "" {
		name = "hostname " + hostname
		if found := c.service.Find("", hostname); len(found) > 0 {
			name = "agent " + string(found[0].ID)
		}
	}
	return &moduleError{http.StatusNotFound, "No filter exists for " + name}
}

// object reads a JSON object of the exact content type, as the module insists.
func (c *call) object(into *map[string]json.RawMessage) error {
	if c.Header.Get("Content-Type") != "application/json" {
		return &moduleError{http.StatusUnsupportedMediaType, "expected: application/json"}
	}
	text, err := io.ReadAll(c.Body)
	if err != nil {
		return err
	}
	if !json.Valid(text) {
		return badRequest("syntax error at line 1 near: ")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return badRequest("Unexpected JSON type parsed")
	}
	return json.Unmarshal(text, into)
}

// names reads agentId and hostname. A value of another type aborts a master that has the module; here it is a mistake.
func names(fields map[string]json.RawMessage) (id, hostname string, err error) {
	if id, err = text(fields, "agentId"); err != nil {
		return "", "", err
	}
	hostname, err = text(fields, "hostname")
	return id, hostname, err
}

func text(fields map[string]json.RawMessage, name string) (string, error) {
	raw, given := fields[name]
	if !given {
		return "", nil
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return "", badRequest("'" + name + "' must be a string")
	}
	return *value, nil
}

// list is every agent that any filter withholds, by hostname, with the owners.
func list(service *filters.Service) []entry {
	entries := []entry{}
	position := map[filters.AgentID]int{}
	for _, filter := range service.Filters() {
		i, known := position[filter.Agent]
		if !known {
			i = len(entries)
			position[filter.Agent] = i
			entries = append(entries, entry{AgentID: string(filter.Agent), Hostname: filter.Hostname})
		}
		entries[i].Owners = append(entries[i].Owners, string(filter.Owner))
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.Hostname+" "+a.AgentID, b.Hostname+" "+b.AgentID) })
	return entries
}

// pollEvery is how often a waiting request asks how far its operation has come.
const pollEvery = 100 * time.Millisecond

// awaitEnd waits until the operation is verified or failed, at most a minute, and returns how far it came.
func awaitEnd(ctx context.Context, service *filters.Service, operation string) filters.Progress {
	ctx, cancel := context.WithTimeout(ctx, waitMost)
	defer cancel()
	var last filters.Progress
	for {
		if progress, err := service.Progress(ctx, operation); err == nil {
			last = progress
		}
		if state := last.State(); state == filters.StateVerified || state == filters.StateFailed {
			return last
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(pollEvery):
		}
	}
}
