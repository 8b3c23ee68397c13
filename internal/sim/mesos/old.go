package mesos

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// endpoint is one of the endpoints from before the v1 API.
type endpoint struct {
	realm   string // whose credentials it asks for; "" asks for none
	follows bool   // a master that does not lead sends the asker to the leader
	answer  func(*member, *request) answer
}

// olderEndpoints are the endpoints by their paths below the master. They are as
// liberal as the real ones: those that only read do not look at the method. The
// map is filled by init because answers can restart masters, which serve it.
var olderEndpoints map[string]endpoint

func init() {
	olderEndpoints = map[string]endpoint{
		"/health":               {answer: func(*member, *request) answer { return accepted() }},
		"/redirect":             {answer: (*member).redirectToLeader},
		"/api/v1":               {answer: (*member).operatorAPI},
		"/flags":                {realm: realmReadOnly, answer: (*member).oldFlags},
		"/slaves":               {realm: realmReadOnly, follows: true, answer: (*member).oldSlaves},
		"/state":                {realm: realmReadOnly, follows: true, answer: (*member).oldState},
		"/state-summary":        {realm: realmReadOnly, follows: true, answer: (*member).oldStateSummary},
		"/frameworks":           {realm: realmReadOnly, follows: true, answer: (*member).oldFrameworks},
		"/tasks":                {realm: realmReadOnly, follows: true, answer: (*member).oldTasks},
		"/roles":                {realm: realmReadOnly, follows: true, answer: (*member).oldRoles},
		"/quota":                {realm: realmReadWrite, follows: true, answer: (*member).oldQuota},
		"/weights":              {realm: realmReadWrite, follows: true, answer: (*member).oldWeights},
		"/maintenance/schedule": {realm: realmReadWrite, follows: true, answer: (*member).oldSchedule},
		"/maintenance/status":   {realm: realmReadOnly, follows: true, answer: (*member).oldStatus},
		"/machine/down":         {realm: realmReadWrite, follows: true, answer: (*member).oldMachineDown},
		"/machine/up":           {realm: realmReadWrite, follows: true, answer: (*member).oldMachineUp},
	}
}

// processEndpoints are those of the process that the master runs in: they have
// no /master before them and know nothing of leaders.
var processEndpoints = map[string]endpoint{
	"/version":          {answer: (*member).oldVersion},
	"/metrics/snapshot": {realm: realmReadOnly, answer: (*member).oldMetrics},
	"/":                 {answer: (*member).oldPage},
}

// olderEndpoint answers the endpoints from before the v1 API. The longest
// beginning of the path that is an endpoint takes the request, as libprocess
// routes (recordings *-old-redirect-path, err-api-v1-slash).
func (m *member) olderEndpoint(r *request) answer {
	path := "/" + strings.Trim(r.URL.Path, "/")
	if path == "/master" {
		path = "/"
	}
	if known, ok := processEndpoints[path]; ok {
		return m.guarded(r, known)
	}
	for path = strings.TrimPrefix(path, "/master"); path != ""; path = path[:strings.LastIndexByte(path, '/')] {
		if known, ok := olderEndpoints[path]; ok {
			return m.guarded(r, known)
		}
	}
	return statusText(http.StatusNotFound)
}

// guarded asks for credentials, sends the asker to the leader where that is due,
// and only then lets the endpoint look at the request.
func (m *member) guarded(r *request, known endpoint) answer {
	if known.realm != "" {
		if refused := m.cluster.authenticate(r, known.realm); refused != nil {
			return *refused
		}
	}
	if known.follows {
		m.cluster.mutex.Lock()
		refused, ok := m.leaderCheck(redirectPath(r.URL))
		m.cluster.mutex.Unlock()
		if !ok {
			return refused
		}
	}
	return known.answer(m, r)
}

// redirectPath is where a redirect to the leader points: the request's path,
// below /master, and its query.
func redirectPath(asked *url.URL) string {
	path := asked.EscapedPath()
	if path != "/master" && !strings.HasPrefix(path, "/master/") {
		path = "/master" + path
	}
	return path + redirectQuery(asked.Query())
}

// redirectQuery is a query as the master writes it anew: of a name that is given
// twice the last value, spaces as %20.
func redirectQuery(query url.Values) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		pair := url.QueryEscape(name)
		if values := query[name]; values[len(values)-1] != "" {
			pair += "=" + url.QueryEscape(values[len(values)-1])
		}
		pairs = append(pairs, strings.ReplaceAll(pair, "+", "%20"))
	}
	if len(pairs) == 0 {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}

// redirectToLeader answers /redirect with the leader's address; below it there
// is nothing, so that redirects cannot go round in circles.
func (m *member) redirectToLeader(r *request) answer {
	m.cluster.mutex.Lock()
	defer m.cluster.mutex.Unlock()
	if m.cluster.leader == nil || m.state == leaderless {
		return text(http.StatusServiceUnavailable, "No leader elected")
	}
	if path := strings.TrimPrefix(r.URL.Path, "/master"); strings.HasPrefix(path, "/redirect/") {
		return statusText(http.StatusNotFound)
	}
	return redirect("//" + m.cluster.leader.address())
}

// oldAnswer is a JSON value, or the call of a function with it if the query has
// jsonp (recording extra-slaves-jsonp).
func oldAnswer(r *request, body []byte) answer {
	function := r.URL.Query().Get("jsonp")
	if function == "" {
		return content("application/json", body)
	}
	return content("text/javascript", []byte(function+"("), body, []byte(")"))
}

// withState answers with what build makes of the cluster while it stands still.
func (m *member) withState(r *request, build func() any) answer {
	m.cluster.mutex.Lock()
	body := appendOldJSON(nil, build())
	m.cluster.mutex.Unlock()
	return oldAnswer(r, body)
}
