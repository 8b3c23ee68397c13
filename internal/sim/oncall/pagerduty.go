package oncall

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// PagerDuty answers GET /oncalls as its REST API v2 does.
type PagerDuty struct{ Site }

// NewPagerDuty returns a PagerDuty that knows the token.
func NewPagerDuty(token string) *PagerDuty {
	return &PagerDuty{Site{authorization: "Token token=" + token}}
}

const (
	usualPage = 25
	mostPage  = 100
)

// ServeHTTP answers one request.
func (p *PagerDuty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	on, ok := p.begin(w, r)
	if !ok {
		return
	}
	if r.Method != http.MethodGet || r.URL.Path != "/oncalls" || r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2" {
		answer(w, http.StatusNotFound, map[string]any{"error": map[string]any{"message": "Not Found", "code": 2100}}, false)
		return
	}
	query := r.URL.Query()
	all := []map[string]any{}
	for _, shift := range on {
		if wanted(query["schedule_ids[]"], shift.Schedule) && wanted(query["escalation_policy_ids[]"], shift.Policy) {
			all = append(all, onCall(shift, slices.Contains(query["include[]"], "users")))
		}
	}
	limit, offset := min(number(query.Get("limit"), usualPage), mostPage), number(query.Get("offset"), 0)
	first, last := min(offset, len(all)), min(offset+limit, len(all))
	answer(w, http.StatusOK, map[string]any{"oncalls": all[first:last], "limit": limit, "offset": offset, "more": last < len(all), "total": nil}, p.cuts())
}

func wanted(ids []string, id string) bool { return len(ids) == 0 || slices.Contains(ids, id) }

func onCall(shift Shift, whole bool) map[string]any {
	user := map[string]any{"id": shift.ID, "type": "user_reference", "summary": shift.Name}
	if whole {
		user["type"], user["name"], user["email"] = "user", shift.Name, shift.Email
	}
	entry := map[string]any{
		"user": user, "escalation_level": max(shift.Level, 1), "start": moment(shift.Start), "end": moment(shift.End), "schedule": nil,
		"escalation_policy": map[string]any{"id": shift.Policy, "type": "escalation_policy_reference"},
	}
	if shift.Schedule != "" {
		entry["schedule"] = map[string]any{"id": shift.Schedule, "type": "schedule_reference"}
	}
	return entry
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return n
	}
	return otherwise
}
