package conformance

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// observe finds which agent runs on which host in an answer, in the order in which the agents stand there.
// History is not looked at: an agent that was once on a host is not the one of the start state.
func observe(value any, found func(id, hostname string)) {
	switch v := value.(type) {
	case map[string]any:
		if id, hostname := identity(v); id != "" {
			found(id, hostname)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !slices.Contains(history, name) {
				observe(v[name], found)
			}
		}
	case []any:
		for _, item := range v {
			observe(item, found)
		}
	}
}

// identity reads an agent's ID and hostname from its AgentInfo, its entry in /slaves, or a filter of the allocator module.
func identity(fields map[string]any) (id, hostname string) {
	hostname, _ = fields["hostname"].(string)
	for _, name := range []string{"id", "agentId"} {
		switch field := fields[name].(type) {
		case string:
			id = field
		case map[string]any:
			id, _ = field["value"].(string)
		}
		if hostname != "" && agentID.MatchString(id) {
			return id, hostname
		}
	}
	return "", ""
}

// shown is the JSON of an answer, out of its call where it is JSONP; nil when there is none.
func shown(response Response) []byte {
	text, err := response.Bytes()
	if parts := scripted.FindSubmatch(text); err == nil && parts != nil {
		return parts[2]
	}
	return text
}

// observeJSON is observe on text; text that is no JSON shows no agents.
func observeJSON(text []byte, found func(id, hostname string)) {
	var value any
	if json.Unmarshal(text, &value) == nil {
		observe(value, found)
	}
}

// mention is where an identifier stands in an answer: the field agent_id, task_id or executor_id.
type mention struct{ field, id string }

// mentionedIn finds the identifiers that stand in a text, history left aside.
func mentionedIn(text []byte) []mention {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil
	}
	return mentioned(value, nil)
}

func mentioned(value any, found []mention) []mention {
	switch v := value.(type) {
	case map[string]any:
		if id, ok := v["id"].(string); ok && isOldTask(v) {
			found = append(found, mention{"task_id", id})
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			id, _ := v[name].(map[string]any)
			if text, ok := id["value"].(string); ok && strings.HasSuffix(name, "_id") {
				found = append(found, mention{name, text})
			}
			if !slices.Contains(history, name) {
				found = mentioned(v[name], found)
			}
		}
	case []any:
		for _, item := range v {
			found = mentioned(item, found)
		}
	}
	return found
}

// hostsOf collects the host of every agent ID that any of the recordings shows.
func hostsOf(recordings ...map[string]Recording) map[string]string {
	hosts := make(map[string]string)
	found := func(id, hostname string) { hosts[id] = hostname }
	for _, some := range recordings {
		for _, recording := range some {
			observeJSON(shown(recording.Response), found)
			for _, frame := range recording.Frames {
				observeJSON(frame.Event, found)
			}
		}
	}
	return hosts
}
