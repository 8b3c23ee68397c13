package mesos

import "net/http"

func (m *member) oldVersion(r *request) answer {
	return m.withState(r, func() any {
		return jsonFields{
			{"build_date", buildDate}, {"build_time", buildTime}, {"build_user", buildUser}, {"version", m.cluster.config.Version},
		}
	})
}

func (m *member) oldFlagFields() jsonFields {
	shown := jsonFields{}
	for _, flag := range m.flags() {
		shown = append(shown, jsonField{flag.name, flag.value})
	}
	return shown
}

// oldFlags answers /flags. With ACLs it takes GET alone.
func (m *member) oldFlags(r *request) answer {
	if r.Method != http.MethodGet && len(m.cluster.config.Onlookers) > 0 {
		return methodNotAllowed(r.Method, http.MethodGet)
	}
	return m.withState(r, func() any { return jsonFields{{"flags", m.oldFlagFields()}} })
}

// oldMetrics answers /metrics/snapshot.
func (m *member) oldMetrics(r *request) answer {
	return m.withState(r, func() any {
		shown := jsonFields{}
		for _, metric := range m.metrics() {
			shown = append(shown, jsonField{metric.name, metric.value})
		}
		return shown
	})
}

// oldPage stands in place of the master's own page.
func (m *member) oldPage(*request) answer {
	return content("text/html", []byte(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Mesos</title></head>
<body><p>A simulated Mesos master. It has no page of its own; <a href="state">its state</a> is JSON.</p></body></html>
`))
}
