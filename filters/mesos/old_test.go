package mesos

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"cordon/filters"
)

// ancient is a master of Mesos 0.28 with the allocator module: it has no v1 API.
func ancient(t *testing.T, uptime *atomic.Int64) *scripted {
	slaves := `{"slaves":[{"id":"S0","hostname":"agent-one","pid":"slave(1)@127.0.0.11:5051","active":true,"attributes":{"rack":"r1","units":42},"resources":{"cpus":4,"mem":2048,"disk":4096,"ports":"[31000-32000]"},"registered_time":1.5}]}`
	return play(t, func(r received) *answer {
		ok := func(body string) *answer {
			return &answer{status: 200, headers: [][2]string{{"Content-Type", typeJSON}}, body: []byte(body)}
		}
		switch r.Method + " " + r.URL.Path {
		case "GET /version":
			return ok(`{"version":"0.28.2"}`)
		case "GET /metrics/snapshot":
			return ok(fmt.Sprintf(`{"master/uptime_secs":%d.5,"master/elected":1}`, uptime.Load()))
		case "HEAD /allocator/filters":
			return recorded(t, "getty-method-head")
		case "GET /allocator/filters", "POST /allocator/filters", "DELETE /allocator/filters":
			return ok(`{"filters":[{"agentId":"S0","hostname":"agent-one"}]}`)
		case "GET /slaves":
			return ok(slaves)
		}
		return &answer{status: 404}
	})
}

func TestMesos028(t *testing.T) {
	var uptime atomic.Int64
	uptime.Store(5000)
	old := ancient(t, &uptime)
	m := newMaster(t, func(c *Config) { c.Backend, c.ModulePace, c.FullReadEvery = BackendAuto, 1, 1 }, old)
	view, err := m.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	agent := find(view, "agent-one")
	if view.Backend != filters.BackendAllocator || !agent.Withheld(view.Backend) || agent.IP != "127.0.0.11" || agent.Attribute("units") != "42" || agent.Resources.CPUs != 4 {
		t.Errorf("it reads as %+v by %s", agent, view.Backend)
	}
	if condition := m.Condition(); condition.Version != "0.28.2" || condition.Heard.IsZero() || !strings.Contains(condition.BackendReason, "Mesos 0.28 has no DEACTIVATE_AGENT") {
		t.Errorf("condition %+v", condition)
	}
	if stood, err := m.subscribe(t.Context()); stood || !errors.Is(err, errNoEvents) {
		t.Errorf("a subscription to a master without events: %v, %v", stood, err)
	}
	if _, err := m.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, failovers := m.Epoch(); failovers != 0 {
		t.Errorf("%d failovers before the restart", failovers)
	}
	uptime.Store(1)
	if _, err := m.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, failovers := m.Epoch(); failovers != 1 {
		t.Errorf("%d failovers after the restart", failovers)
	}
	for _, request := range old.asked() {
		if request.URL.Path == pathFilters && len(request.body) > 0 && request.Header.Get("Content-Type") != typeJSON {
			t.Errorf("%s with Content-Type %q", request.Method, request.Header.Get("Content-Type"))
		}
	}
}

// An old master that is recovering lists nothing with 200: that is no reading.
func TestEmptyListOfAnOldMasterIsNoReading(t *testing.T) {
	empty := play(t, func(r received) *answer {
		switch r.URL.Path {
		case "/version":
			return recorded(t, "old-get-version")
		case pathFilters:
			return recorded(t, "getty-get-empty")
		case "/slaves":
			return recorded(t, "recovering-old-slaves")
		}
		return &answer{status: 404}
	})
	_, err := newMaster(t, func(c *Config) { c.Backend = BackendAllocator }, empty).Read(t.Context())
	checkCode(t, err, filters.Unavailable, "lists no agent at all")
}

func TestAllocatorAnswers(t *testing.T) {
	take := func(m *Master) error { return m.Take(t.Context(), agentOne) }
	give := func(m *Master) error { return m.Give(t.Context(), agentOne) }
	for _, test := range []struct {
		recording string
		call      func(*Master) error
		code      filters.Code
		words     []string
	}{
		{"getty-flow-1-post-agentid", take, "", nil},
		{"getty-flow-6-delete-agentid", give, "", nil},
		{"getty-delete-not-filtered", give, "", nil},
		{"getty-post-unknown-agent", take, filters.Unknown, []string{"agent-one"}},
		{"getty-auth-none", take, filters.Unavailable, []string{"knows no leader", "to a wrong `principal` or `secret_file` the allocator module says the same"}},
		{"getty-noleader-post", give, filters.Unavailable, []string{"knows no leader"}},
		{"getty-method-head", take, filters.Invalid, []string{"405"}},
		{"old-get-not-found", give, filters.Invalid, []string{"404"}},
	} {
		t.Run(test.recording, func(t *testing.T) {
			leader := play(t, afterIntroduction(recorded(t, test.recording)))
			err := test.call(newMaster(t, func(c *Config) { c.Backend = BackendAllocator }, leader))
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			checkCode(t, err, test.code, test.words...)
		})
	}
}

func TestAllocatorSendsExactRequests(t *testing.T) {
	leader := play(t, afterIntroduction(recorded(t, "getty-flow-3-get")))
	m := newMaster(t, func(c *Config) { c.Backend, c.ModulePace = BackendAllocator, 1 }, leader)
	odd := filters.Agent{ID: `a"b&c=d/é`, Hostname: "odd"}
	if err := m.Take(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	if err := m.Give(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	asked := leader.asked()
	if got, want := string(asked[0].body), `{"agentId":"a\"b\u0026c=d/é"}`; got != want || asked[0].Header.Get("Content-Type") != "application/json" {
		t.Errorf("POST %s as %s, want %s", got, asked[0].Header.Get("Content-Type"), want)
	}
	if query := asked[1].URL.Query(); query.Get("agentId") != string(odd.ID) || len(query) != 1 {
		t.Errorf("DELETE ?%s", asked[1].URL.RawQuery)
	}
}

func FuzzModuleList(f *testing.F) {
	f.Add(recorded(f, "getty-flow-3-get").body)
	f.Add([]byte(`{"filters":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if filtered, err := parseFilters(body); err == nil && filtered == nil {
			t.Error("neither a list nor an error")
		}
	})
}

func TestPrivateCA(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(introduction("x", "1.12.0").body) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail on purpose
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	trusting := newMaster(t, func(c *Config) { c.Masters, c.TLS = []string{server.URL}, &tls.Config{RootCAs: pool} })
	if who, err := trusting.identify(t.Context()); err != nil || who.id != "x" {
		t.Errorf("%+v, %v", who, err)
	}
	doubting := newMaster(t, func(c *Config) { c.Masters = []string{server.URL} })
	_, err := doubting.identify(t.Context())
	checkCode(t, err, filters.Unavailable, "certificate that the configured CAs do not vouch for")
	plain := newMaster(t, func(c *Config) { c.Masters = []string{strings.Replace(server.URL, "https", "http", 1)} })
	if _, err := plain.identify(t.Context()); err == nil {
		t.Error("http to an https master went well")
	}
}

// An agent that registers between the module's answer and the master's is not taken for lost, nor for withheld because the
// module listed it while it was away.
func TestAnAgentThatRegistersDuringAReadingIsAskedAboutAgain(t *testing.T) {
	registered, filtered, asked := atomic.Int64{}, [2]string{}, 0
	registered.Store(1)
	ok := func(body string) *answer {
		return &answer{status: 200, headers: [][2]string{{"Content-Type", typeJSON}}, body: []byte(body)}
	}
	old := play(t, func(r received) *answer {
		switch r.Method + " " + r.URL.Path {
		case "GET /version":
			return ok(`{"version":"0.28.2"}`)
		case "GET /metrics/snapshot":
			return ok(`{"master/uptime_secs":5000.5}`)
		case "GET /allocator/filters":
			asked++
			return ok(`{"filters":[` + filtered[min(asked, 2)-1] + `]}`)
		case "GET /slaves":
			return ok(fmt.Sprintf(`{"slaves":[{"id":"S0","hostname":"agent-one","pid":"slave(1)@127.0.0.11:5051","active":true,"registered_time":%d}]}`, registered.Load()))
		}
		return &answer{status: 404}
	})
	m := newMaster(t, func(c *Config) { c.Backend, c.ModulePace, c.FullReadEvery = BackendAllocator, 1, 1 }, old)
	const listed = `{"agentId":"S0","hostname":"agent-one"}`
	for i, test := range []struct {
		name       string
		answers    [2]string
		registers  bool
		asked      int
		isWithheld bool
	}{
		{"the first reading", [2]string{listed, ""}, false, 1, true},
		{"nothing happens", [2]string{listed, ""}, false, 1, true},
		{"it comes back with its filter", [2]string{"", listed}, true, 2, true},
		{"it was listed because it was away", [2]string{listed, ""}, true, 2, false},
		{"nothing happens again", [2]string{"", listed}, false, 1, false},
	} {
		asked, filtered = 0, test.answers
		if test.registers {
			registered.Add(int64(10 * (i + 1)))
		}
		view, err := m.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := find(view, "agent-one").Withheld(view.Backend); got != test.isWithheld || asked != test.asked {
			t.Errorf("%s: withheld %v, want %v; the module was asked %d times, want %d", test.name, got, test.isWithheld, asked, test.asked)
		}
	}
}
