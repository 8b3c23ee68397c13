package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// command runs a line of the chat language: {cluster, text} -> {request, operation, state, text}.
func (a *API) command(w http.ResponseWriter, c *call) {
	var body struct {
		Cluster string `json:"cluster"`
		Text    string `json:"text"`
	}
	err := readJSON(c.Request, &body)
	if err == nil && body.Cluster != "" && body.Cluster != c.token.Cluster {
		err = notIts(c.token)
	}
	if err != nil {
		a.refused(c.Context(), c, err)
		a.refuse(w, c.Request, err)
		return
	}
	ctx, cancel := context.WithTimeout(c.Context(), answerTime)
	defer cancel()
	key := c.key()
	if key == "" {
		key = "api:" + c.token.Name + ":" + filters.RandomID("")
	}
	answer := a.config.Commands.Run(ctx, c.token.actor(), c.token.Cluster, body.Text, key)
	if answer.Code != "" {
		writeJSON(w, statusOf(answer.Code), map[string]any{"code": answer.Code, "message": answer.Text, "request": key})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"request": key, "operation": answer.Operation, "state": answer.State, "text": answer.Text})
}

// Pages of the lists.
const (
	pageUsual = 200
	pageMost  = 1000
)

func (c *call) page() int {
	most, err := strconv.Atoi(c.URL.Query().Get("limit"))
	if err != nil || most < 1 {
		return pageUsual
	}
	return min(most, pageMost)
}

// answerPage answers {as_of, items, next}; next is what to give as `after`, empty at the end.
func answerPage[T any](w http.ResponseWriter, asOf time.Time, items []T, next string) {
	if items == nil {
		items = []T{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"as_of": asOf, "items": items, "next": next})
}

// cut returns at most a page of the sorted items behind the mark.
func cut[T any](items []T, c *call, mark func(*T) string) ([]T, string) {
	after, most := c.URL.Query().Get("after"), c.page()
	first := 0
	if after != "" {
		first, _ = slices.BinarySearchFunc(items, after, func(item T, after string) int {
			if mark(&item) <= after {
				return -1
			}
			return 1
		})
	}
	items = items[first:]
	if len(items) <= most {
		return items, ""
	}
	return items[:most], mark(&items[most-1])
}

// agentItem is an agent as the API shows it.
type agentItem struct {
	filters.Agent
	Listed  bool             `json:"listed"`
	Foreign bool             `json:"foreign,omitempty"`
	Hold    filters.Hold     `json:"hold,omitempty"`
	Filters []filters.Filter `json:"filters,omitempty"`
	Tasks   map[string]int   `json:"tasks,omitempty"`
}

func (a *API) agents(w http.ResponseWriter, c *call) {
	statuses, err := c.service.Agents(nil)
	if err != nil {
		a.refuse(w, c.Request, err)
		return
	}
	items := make([]agentItem, len(statuses))
	for i, status := range statuses {
		items[i] = agentItem{Agent: status.Agent, Listed: status.Listed, Foreign: status.Foreign, Filters: status.Filters, Tasks: status.Tasks}
		if status.Ledger != nil {
			items[i].Hold = status.Ledger.Hold
		}
	}
	slices.SortFunc(items, func(x, y agentItem) int { return strings.Compare(string(x.ID), string(y.ID)) })
	page, next := cut(items, c, func(item *agentItem) string { return string(item.ID) })
	answerPage(w, c.service.Status().AsOf, page, next)
}

func (a *API) filters(w http.ResponseWriter, c *call) {
	items := c.service.Filters()
	slices.SortFunc(items, func(x, y filters.Filter) int { return strings.Compare(x.ID, y.ID) })
	page, next := cut(items, c, func(item *filters.Filter) string { return item.ID })
	answerPage(w, c.service.Now(), page, next)
}

// journal answers the newest entries first; `after` names an entry whose older ones follow.
func (a *API) journal(w http.ResponseWriter, c *call) {
	search, err := c.search()
	if err != nil {
		a.refuse(w, c.Request, err)
		return
	}
	found, err := c.service.Search(c.Context(), search)
	if err != nil {
		a.refuse(w, c.Request, err)
		return
	}
	next := found.Reached // where the search was not over, whatever it found
	if len(found.Events) == search.Most {
		next = found.Events[len(found.Events)-1].ID
	}
	answerPage(w, c.service.Now(), found.Events, next)
}

// search reads what of the journal is asked for: agent, by, verb, since, until (RFC 3339), after, limit.
func (c *call) search() (filters.Search, error) {
	query := c.URL.Query()
	search := filters.Search{By: query.Get("by"), Deed: query.Get("verb"), Before: query.Get("after"), Most: c.page()}
	if agent := query.Get("agent"); agent != "" {
		target, err := filters.ParseTarget(agent)
		if err != nil {
			return search, err
		}
		search.Targets = []filters.Target{target}
	}
	for name, into := range map[string]*time.Time{"since": &search.Since, "until": &search.Until} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return search, &filters.Error{Code: filters.Invalid, Wrong: "`" + name + "` is not a time", Expected: "RFC 3339, such as 2026-11-01T00:00:00Z"}
		}
		*into = moment.UTC()
	}
	return search, nil
}

func (a *API) operation(w http.ResponseWriter, c *call) {
	id := c.PathValue("id")
	progress, err := c.service.Progress(c.Context(), id)
	switch {
	case err != nil:
		a.refuse(w, c.Request, err)
		return
	case progress.State() == "":
		writeJSON(w, http.StatusNotFound, map[string]any{"code": filters.Unknown, "message": "no operation " + id + " is known: operations are kept for a week"})
		return
	}
	status := http.StatusOK
	if c.URL.Query().Get("wait") == "verified" {
		progress = awaitEnd(c.Context(), c.service, id)
		if state := progress.State(); state != filters.StateVerified && state != filters.StateFailed {
			status = http.StatusGatewayTimeout
		}
	}
	writeJSON(w, status, map[string]any{"state": progress.State(), "progress": progress})
}
