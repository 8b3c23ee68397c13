package mesos

import (
	"slices"
	"strings"
	"time"
)

// metric is one of the master's measurements.
type metric struct {
	name  string
	value float64
}

// metrics are the measurements that operators watch, by name: a selection of
// the several hundred that a real master has.
func (m *member) metrics() []metric {
	c := m.cluster
	counts := map[string]float64{
		"master/elected":                           1,
		"master/uptime_secs":                       time.Since(m.started).Seconds(),
		"master/frameworks_active":                 float64(len(c.frameworks)),
		"master/frameworks_connected":              float64(len(c.frameworks)),
		"master/frameworks_disconnected":           0,
		"master/frameworks_inactive":               0,
		"master/operator_event_stream_subscribers": float64(len(c.subscribers)),
		"master/slaves_active":                     0,
		"master/slaves_connected":                  0,
		"master/slaves_disconnected":               0,
		"master/slaves_inactive":                   0,
		"master/slaves_unreachable":                0,
		"master/outstanding_offers":                0,
		"master/tasks_running":                     0,
		"master/tasks_staging":                     0,
		"master/tasks_starting":                    0,
		"master/tasks_unreachable":                 float64(len(c.lostTasks())),
	}
	for _, a := range c.registered {
		c.countAgent(counts, a)
	}
	for _, a := range c.agents {
		if a.standing == unreachable {
			counts["master/slaves_unreachable"]++
		}
	}
	list := make([]metric, 0, len(counts))
	for name, value := range counts {
		list = append(list, metric{name, value})
	}
	slices.SortFunc(list, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	return list
}

func (c *Cluster) countAgent(counts map[string]float64, a *agent) {
	switch {
	case !a.connected:
		counts["master/slaves_disconnected"]++
	case a.deactivated:
		counts["master/slaves_connected"]++
		counts["master/slaves_inactive"]++
	default:
		counts["master/slaves_connected"]++
		counts["master/slaves_active"]++
	}
	counts["master/outstanding_offers"] += float64(len(a.offers))
	total, used := a.host.total(), a.allocated()
	for _, amount := range []struct {
		name        string
		total, used float64
	}{{"cpus", total.cpus, used.cpus}, {"disk", total.disk, used.disk}, {"gpus", total.gpus, used.gpus}, {"mem", total.mem, used.mem}} {
		counts["master/"+amount.name+"_total"] += amount.total
		counts["master/"+amount.name+"_used"] += amount.used
	}
	for _, t := range a.tasks {
		counts["master/"+strings.ToLower(strings.Replace(t.state, "TASK_", "TASKS_", 1))]++
	}
}
