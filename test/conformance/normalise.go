package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// history is left out: it tells of what happened before the start state, which only the recorded cluster lived through.
var history = []string{"completed_tasks", "completed_frameworks", "completed_executors", "unregistered_frameworks"}

// moments are fields whose value is when something happened, in whatever unit.
var moments = []string{
	"registered_time", "reregistered_time", "unregistered_time", "estimated_drain_start_time", "timestamp",
	"estimated_drain_start_time_seconds", "start_time", "elected_time", "build_time", "build_date", "unreachable_time",
}

// opaque are fields whose value means nothing outside of its cluster.
var opaque = []string{"uuid", "status_update_uuid", "executor_pid", "container_id", "task_id", "executor_id", "offer_id", "executor_container_id"}

// measured are fields whose value is what a process used.
var measured = []string{"cpus_user_time_secs", "cpus_system_time_secs", "mem_rss_bytes"}

// unordered are the lists whose order a real master changes from answer to answer.
var unordered = []string{
	"agents", "recovered_agents", "slaves", "recovered_slaves", "filters", "tasks", "frameworks", "executors",
	"unreachable_tasks", "orphan_tasks", "draining_machines", "down_machines", "statuses_by_framework", "roles",
	"resources", "total_resources", "allocated_resources", "used_resources_full", "launched_tasks", "containers", "metrics", "offers",
}

// momentary says what depends on the instant of the question: which offers a framework holds just then.
var momentary = []string{"offered_resources", "offered_resources_full"}

// command is a task's command in the name of its executor.
var command = regexp.MustCompile(`\(Command: .*\)`)

// normaliser makes two answers comparable: identifiers by name, times and opaque values by presence,
// lists without order sorted.
type normaliser struct {
	names *symbols
}

// tree decodes JSON and normalises it.
func (n normaliser) tree(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("decode JSON: %w", err)
	}
	return n.value("", value), nil
}

func (n normaliser) value(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		return n.object(key, v)
	case []any:
		return n.list(key, v)
	case string:
		return command.ReplaceAllString(n.names.replace(v), "(Command: <command>)")
	default:
		return v
	}
}

func (n normaliser) object(key string, fields map[string]any) any {
	out := make(map[string]any, len(fields))
	for name, field := range fields {
		switch {
		case slices.Contains(history, name):
		case slices.Contains(momentary, name) && !withheld(fields):
		case slices.Contains(moments, name):
			out[name] = "<time>"
		case slices.Contains(measured, name):
			out[name] = "<measured>"
		case slices.Contains(opaque, name):
			out[name] = "<" + name + ">"
		case strings.HasSuffix(key, "_info") && slices.Contains([]string{"id", "ip", "port", "hostname", "address"}, name) && !agentInfo(fields):
			out[name] = "<" + name + ">"
		case strings.HasSuffix(name, "hostname") && n.names.masters[fmt.Sprint(field)]:
			out[name] = "<master>"
		case name == "id" && isOldTask(fields):
			out[name] = "<task_id>"
		default:
			out[name] = n.value(name, field)
		}
	}
	return out
}

// agentInfo says whether an object is an AgentInfo; of the infos that have an address the others are masters'.
func agentInfo(fields map[string]any) bool {
	return fields["resources"] != nil || fields["attributes"] != nil
}

// isOldTask says whether an object is a task as the older endpoints show it.
func isOldTask(fields map[string]any) bool {
	return fields["slave_id"] != nil && fields["statuses"] != nil
}

// withheld says whether an object is an agent that gets no offers: then what is offered of it is no chance.
func withheld(fields map[string]any) bool { return fields["active"] == false }

func (n normaliser) list(key string, items []any) any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = n.value("", item)
	}
	if slices.Contains(unordered, key) {
		slices.SortFunc(out, func(a, b any) int { return strings.Compare(canonical(a), canonical(b)) })
	}
	return out
}

func canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
