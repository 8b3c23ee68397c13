package oncall

import (
	"maps"
	"net/http"
	"slices"
)

// Opsgenie answers GET /v2/schedules/{schedule}/on-calls as its API does. A shift that an escalation notifies has After; the
// first of an escalation have none.
type Opsgenie struct {
	Site
	known map[string]string // schedules: their names by their IDs
	mux   *http.ServeMux
}

// NewOpsgenie returns an Opsgenie that knows the key, and schedules by ID and name.
func NewOpsgenie(key string, schedules map[string]string) *Opsgenie {
	o := &Opsgenie{Site: Site{authorization: "GenieKey " + key}, known: schedules, mux: http.NewServeMux()}
	o.mux.HandleFunc("GET /v2/schedules/{schedule}/on-calls", o.onCalls)
	return o
}

// ServeHTTP answers one request.
func (o *Opsgenie) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.mux.ServeHTTP(w, r) }

func (o *Opsgenie) onCalls(w http.ResponseWriter, r *http.Request) {
	on, ok := o.begin(w, r)
	if !ok {
		return
	}
	id, here := o.find(r.PathValue("schedule"), r.URL.Query().Get("scheduleIdentifierType"))
	if !here {
		answer(w, http.StatusNotFound, map[string]any{"message": "Schedule does not exist", "took": 0.01, "requestId": "r-1"}, false)
		return
	}
	on = slices.DeleteFunc(on, func(shift Shift) bool { return shift.Schedule != id })
	answer(w, http.StatusOK, map[string]any{
		"data": map[string]any{"_parent": map[string]any{"id": id, "name": o.known[id], "enabled": true}, "onCallParticipants": participants(on)},
		"took": 0.02, "requestId": "r-2",
	}, o.cuts())
}

func (o *Opsgenie) find(identifier, kind string) (id string, here bool) {
	if kind != "name" {
		return identifier, o.known[identifier] != ""
	}
	for id, name := range o.known {
		if name == identifier {
			return id, true
		}
	}
	return "", false
}

// participants nests people in their teams, and those that have After in an escalation.
func participants(on []Shift) []map[string]any {
	list, escalation, teams := []map[string]any{}, []map[string]any{}, map[string][]map[string]any{}
	for _, shift := range on {
		user := map[string]any{"id": shift.ID, "name": shift.Email, "type": "user"}
		switch {
		case shift.After > 0:
			user["escalationTime"], user["notifyType"] = shift.After, "default"
			escalation = append(escalation, user)
		case shift.Team != "":
			teams[shift.Team] = append(teams[shift.Team], user)
		default:
			list = append(list, user)
		}
	}
	for _, team := range slices.Sorted(maps.Keys(teams)) {
		list = append(list, map[string]any{"id": "team-" + team, "name": team, "type": "team", "onCallParticipants": teams[team]})
	}
	if len(escalation) > 0 {
		list = append(list, map[string]any{"id": "e-1", "name": "night", "type": "escalation", "onCallParticipants": escalation})
	}
	return list
}
