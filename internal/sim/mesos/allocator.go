package mesos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// allocatorFilters answers /allocator/filters as the offer-filter allocator
// module does (gettyimages/mesos_offer_filtering_allocator_module; recordings
// getty-*). Its filters are not the master's: they do not show in GET_AGENTS,
// rescind nothing, and are dropped when an agent reconnects.
func (c *Cluster) allocatorFilters(r *request) answer {
	body, err := r.read()
	if err != nil {
		return bad("Failed to read the request: " + err.Error())
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	// The module learns who leads by asking the master, with the caller's
	// credentials; a refusal reads like a missing leader.
	if refused := c.authenticate(r, realmReadOnly); refused != nil {
		return text(http.StatusServiceUnavailable, "No leader elected")
	}
	if refused, ok := r.master.leaderCheck(r.URL.RequestURI()); !ok {
		return refused
	}
	switch r.Method {
	case http.MethodGet:
		return c.filterList()
	case http.MethodPost:
		return c.changeFilters(r, body, c.addFilter)
	case http.MethodPut:
		return c.changeFilters(r, body, c.replaceFilters)
	case http.MethodDelete:
		return c.removeFilter(r.URL.Query())
	}
	return methodNotAllowed(r.Method, http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete)
}

// filterList is every agent that the allocator holds inactive, whoever made it so.
func (c *Cluster) filterList() answer {
	type filter struct {
		AgentID  string `json:"agentId"`
		Hostname string `json:"hostname"`
	}
	list := struct {
		Filters []filter `json:"filters"`
	}{Filters: []filter{}}
	for _, a := range c.registered {
		if a.withheld {
			list.Filters = append(list.Filters, filter{AgentID: a.id, Hostname: a.host.config.Hostname})
		}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		return text(http.StatusInternalServerError, err.Error())
	}
	return content(string(mediaJSON), encoded)
}

func (c *Cluster) changeFilters(r *request, body []byte, change func(jsonObject) answer) answer {
	if given, present := r.Header["Content-Type"]; present && given[0] != string(mediaJSON) {
		return text(http.StatusUnsupportedMediaType, "expected: application/json")
	}
	value, err := parseJSON(string(body))
	if err != nil {
		return bad(err.Error())
	}
	object, ok := value.(jsonObject)
	if !ok {
		return bad("Unexpected JSON type parsed")
	}
	return change(object)
}

// target is what one filter names; fit is false for values of the wrong type,
// which the module does not survive.
func target(object jsonObject) (agentID, hostname string, fit bool) {
	for name, into := range map[string]*string{"agentId": &agentID, "hostname": &hostname} {
		if value, given := object[name]; given {
			word, ok := value.(string)
			if !ok {
				return "", "", false
			}
			*into = word
		}
	}
	return agentID, hostname, true
}

// filterTarget finds the first agent that matches both words; an empty word
// matches every agent.
func (c *Cluster) filterTarget(agentID, hostname string) *agent {
	for _, a := range c.registered {
		if (agentID == "" || agentID == a.id) && (hostname == "" || hostname == a.host.config.Hostname) {
			return a
		}
	}
	return nil
}

func (c *Cluster) addFilter(object jsonObject) answer {
	agentID, hostname, fit := target(object)
	if !fit {
		return c.abort()
	}
	if agentID == "" && hostname == "" {
		return bad("body requires 'agentId' and/or 'hostname' attributes")
	}
	found := c.filterTarget(agentID, hostname)
	if found == nil {
		var named []string
		if hostname != "" {
			named = append(named, "hostname=="+hostname)
		}
		if agentID != "" {
			named = append(named, "agentId=="+agentID)
		}
		return bad("No such agent matching " + strings.Join(named, " AND  "))
	}
	found.withheld = true
	return c.persistFilters()
}

// replaceFilters makes the listed agents the only ones withheld; without a list
// it changes nothing, and an entry that names nothing matches an arbitrary agent.
func (c *Cluster) replaceFilters(object jsonObject) answer {
	value, given := object["filters"]
	if !given {
		return c.persistFilters()
	}
	entries, ok := value.([]any)
	if !ok {
		return c.abort()
	}
	listed, unknown := map[*agent]bool{}, []string{}
	for _, entry := range entries {
		filter, isObject := entry.(jsonObject)
		agentID, hostname, fit := target(filter)
		if !isObject || !fit {
			return c.abort()
		}
		if found := c.filterTarget(agentID, hostname); found != nil {
			listed[found] = true
			continue
		}
		unknown = append(unknown, describeTarget(agentID, hostname))
	}
	if len(unknown) > 0 {
		return bad("One or more agents specified do not exist: " + strings.Join(unknown, ", "))
	}
	for _, a := range c.registered {
		a.withheld = listed[a]
	}
	return c.persistFilters()
}

func describeTarget(agentID, hostname string) string {
	var named []string
	if hostname != "" {
		named = append(named, fmt.Sprintf("[hostname == %s]", hostname))
	}
	if agentID != "" {
		named = append(named, fmt.Sprintf("[agentId: %s]", agentID))
	}
	return strings.Join(named, " && ")
}

func (c *Cluster) removeFilter(query url.Values) answer {
	agentID, hostname := query.Get("agentId"), query.Get("hostname")
	switch {
	case query.Has("agentId") && query.Has("hostname"):
		return bad("Specify parameter 'agentId' or 'hostname', but not both")
	case !query.Has("agentId") && !query.Has("hostname"):
		return bad("One of parameters 'agentId' or 'hostname' is required")
	}
	var found *agent
	if agentID != "" || hostname != "" {
		found = c.filterTarget(agentID, hostname)
	}
	switch {
	case found == nil && query.Has("agentId"):
		return text(http.StatusNotFound, "No filter exists for agent "+agentID)
	case found == nil:
		return text(http.StatusNotFound, "No filter exists for hostname "+hostname)
	case !found.withheld:
		return text(http.StatusNotFound, "No filter exists for agent "+found.id)
	}
	found.withheld = false
	return c.persistFilters()
}

// persistFilters writes what the allocator holds inactive now to the module's
// ZooKeeper, and lists it. Agents that are not registered at the moment are
// forgotten.
func (c *Cluster) persistFilters() answer {
	c.filters = map[string]bool{}
	for _, a := range c.registered {
		if a.withheld {
			c.filters[a.id] = true
		}
	}
	c.revive()
	c.notify()
	return c.filterList()
}

// restoreFiltersSoon is what the module does whenever an agent is added: it
// fetches its list from ZooKeeper and applies it to all agents, so that filters
// that a restart had dropped come back.
func (c *Cluster) restoreFiltersSoon() {
	if !c.config.Allocator || len(c.filters) == 0 || c.restoring {
		return
	}
	c.restoring = true
	c.agenda.after(0, func() {
		c.restoring = false
		for _, a := range c.registered {
			a.withheld = c.filters[a.id] || a.deactivated || !a.connected
		}
		c.notify()
	})
}

// abort is a value of a type that the module does not expect: the master's
// process dies in the middle of the request (recordings getty-type-*).
func (c *Cluster) abort() answer {
	c.agenda.after(0, func() { _ = c.failOver(c.successor) })
	return answer{dropped: true}
}
