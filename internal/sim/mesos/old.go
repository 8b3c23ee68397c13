package mesos

import "net/http"

// olderEndpoint answers the endpoints from before the v1 API; the path comes
// without its /master.
func (m *member) olderEndpoint(r *request, path string) answer {
	switch path {
	case "/redirect":
		m.cluster.mutex.Lock()
		defer m.cluster.mutex.Unlock()
		if m.cluster.leader == nil || m.state == leaderless {
			return text(http.StatusServiceUnavailable, "No leader elected")
		}
		return redirect("//" + m.cluster.leader.address())
	case "/health":
		return accepted()
	}
	return statusText(http.StatusNotFound)
}
