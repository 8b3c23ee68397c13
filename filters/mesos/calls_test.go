package mesos

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"

	"cordon/filters"
	"cordon/internal/secret"
)

type mesosMaster = mesosapi.MasterInfo

var agentOne = filters.Agent{ID: "ca51e6d0-f520-4a14-bdd3-8330e605bd36-S0", Hostname: "agent-one"}

func TestOperatorAnswers(t *testing.T) {
	take := func(m *Master) error { return m.Take(t.Context(), agentOne) }
	give := func(m *Master) error { return m.Give(t.Context(), agentOne) }
	tests := []struct {
		recording string
		call      func(*Master) error
		code      filters.Code // empty: success
		words     []string
	}{
		{"deactivate-1-call", take, "", nil},
		{"deactivate-4-twice", take, "", nil},
		{"deactivate-7-reactivate", give, "", nil},
		{"deactivate-9-reactivate-twice", give, "", nil},
		{"drain-04-reactivate-while-draining", give, filters.Invalid, []string{"`agent-one` is still being drained", "once it is drained"}},
		{"surv-e2-reactivate-unreachable", give, filters.Unconfirmed, []string{"agent-one", "may have done it"}},
		{"err-deactivate-unknown-agent", take, filters.Unknown, []string{"agent-one", string(agentOne.ID)}},
		{"acl-deactivate", take, filters.Denied, []string{"`cordon` may not do this", "ACLs"}},
		{"auth-bad", take, filters.Denied, []string{"principal `cordon`", "secret_file"}},
		{"noleader-deactivate-agent", take, filters.Unavailable, []string{"*prod*", "knows no leader"}},
		{"recovering-deactivate-agent", take, filters.Unavailable, []string{"still recovering"}},
		{"old-get-not-found", take, filters.Invalid, []string{"404"}},
	}
	for _, test := range tests {
		t.Run(test.recording, func(t *testing.T) {
			leader := play(t, afterIntroduction(recorded(t, test.recording)))
			m := newMaster(t, func(c *Config) { c.Principal, c.Secret = "cordon", secret.Value("s3cret") }, leader)
			err := test.call(m)
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			checkCode(t, err, test.code, test.words...)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestOperatorSendsExactCalls(t *testing.T) {
	leader := play(t, afterIntroduction(&answer{status: 200, headers: [][2]string{{"Content-Type", "text/odd; charset=x"}}}))
	m := newMaster(t, nil, leader)
	if err := m.Take(t.Context(), agentOne); err != nil {
		t.Fatal(err)
	}
	if err := m.Give(t.Context(), agentOne); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, request := range leader.asked() {
		var call master.Call
		if err := call.Unmarshal(request.body); err != nil {
			t.Fatal(err)
		}
		id := call.GetDeactivateAgent().GetAgentID().Value + call.GetReactivateAgent().GetAgentID().Value
		got = append(got, strings.Join([]string{request.Method, request.URL.Path, request.Header.Get("Content-Type"), request.Header.Get("Accept"), call.Type.String(), id}, " "))
	}
	want := []string{
		"POST /api/v1 application/x-protobuf application/x-protobuf DEACTIVATE_AGENT " + string(agentOne.ID),
		"POST /api/v1 application/x-protobuf application/x-protobuf REACTIVATE_AGENT " + string(agentOne.ID),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnauthorizedNamesWhatIsConfigured(t *testing.T) {
	tests := []struct {
		change func(*Config)
		words  string
	}{
		{nil, "wants to know who asks"},
		{func(c *Config) { c.BearerToken = secret.Value("t0ken") }, "does not accept the bearer token"},
		{func(c *Config) { c.Principal, c.Secret = "cordon", secret.Value("s3cret") }, "does not accept the principal `cordon`"},
	}
	for _, test := range tests {
		leader := play(t, always(recorded(t, "auth-none")))
		checkCode(t, newMaster(t, test.change, leader).Take(t.Context(), agentOne), filters.Denied, test.words)
	}
}

func TestCredentialsAreSent(t *testing.T) {
	leader := play(t, afterIntroduction(&answer{status: 200}))
	m := newMaster(t, func(c *Config) { c.Principal, c.Secret = "cordon", secret.Value("s3cret") }, leader)
	if err := m.Take(t.Context(), agentOne); err != nil {
		t.Fatal(err)
	}
	name, password, _ := leader.asked()[0].BasicAuth()
	if name != "cordon" || password != "s3cret" {
		t.Errorf("basic authentication as %q with %q", name, password)
	}
	m = newMaster(t, func(c *Config) { c.BearerToken = secret.Value("t0ken") }, leader)
	if err := m.Take(t.Context(), agentOne); err != nil {
		t.Fatal(err)
	}
	if got := leader.asked()[1].Header.Get("Authorization"); got != "Bearer t0ken" {
		t.Errorf("Authorization: %q", got)
	}
}

func TestStandbyPointsToTheLeader(t *testing.T) {
	leader := play(t, afterIntroduction(&answer{status: 200}))
	at := leader.address(t)
	standby := play(t, always(pointing(t, "nonleader-deactivate-agent", "//"+at.String())))
	m := newMaster(t, nil, standby, leader)
	for range 2 {
		if err := m.Take(t.Context(), agentOne); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(standby.asked()); n != 0 {
		t.Errorf("the standby was asked %d more times after it named the leader", n)
	}
	if got, failovers := m.Epoch(); got != at.String() || failovers != 0 {
		t.Errorf("Epoch() = %s, %d", got, failovers)
	}
}

// The heart of invariant 11: a stranger gets nothing at all, least of all credentials.
func TestRedirectToAStrangerIsRefused(t *testing.T) {
	stranger := play(t, always(&answer{status: 200}))
	at := stranger.address(t)
	for _, location := range []string{
		"//" + at.String(), "http://" + at.String() + "/master/api/v1", "//localhost:" + at.port, "https://" + at.String(), "//127.0.0.1.:" + at.port,
	} {
		t.Run(location, func(t *testing.T) {
			standby := play(t, always(pointing(t, "nonleader-deactivate-agent", location)))
			m := newMaster(t, func(c *Config) { c.Principal, c.Secret = "cordon", secret.Value("s3cret") }, standby)
			err := m.Take(t.Context(), agentOne)
			checkCode(t, err, filters.Unavailable, "leads", "Add `http", "to `masters` of cluster prod")
			if n := len(stranger.asked()); n > 0 {
				t.Fatalf("the stranger was asked %d times", n)
			}
		})
	}
}

// Probing finds a leader that the standby calls by a name of its own.
func TestStrangeNameOfAConfiguredMaster(t *testing.T) {
	leader := play(t, afterIntroduction(&answer{status: 200}))
	standby := play(t, always(recorded(t, "nonleader-deactivate-agent")))
	if err := newMaster(t, nil, standby, leader).Take(t.Context(), agentOne); err != nil {
		t.Fatal(err)
	}
}

func TestBadRedirects(t *testing.T) {
	for location, words := range map[string]string{
		"":                         "points to a leader that cannot be read",
		"//":                       "points to a leader that cannot be read",
		"ftp://master-one:5050":    "points to a leader that cannot be read",
		"//user:pass@master:5050":  "points to a leader that cannot be read",
		"//master-one:99999":       "points to a leader that cannot be read",
		"mailto:someone@elsewhere": "points to a leader that cannot be read",
		"itself":                   "points to itself",
	} {
		t.Run(location, func(t *testing.T) {
			var standby *scripted
			standby = play(t, func(received) *answer {
				to := strings.Replace(location, "itself", "//"+standby.Listener.Addr().String(), 1)
				return &answer{status: http.StatusTemporaryRedirect, headers: [][2]string{{"Location", to}}}
			})
			checkCode(t, newMaster(t, nil, standby).Take(t.Context(), agentOne), filters.Unavailable, words)
		})
	}
}

func TestMastersThatPointToEachOther(t *testing.T) {
	var one, two *scripted
	to := func(other **scripted) func(received) *answer {
		return func(received) *answer {
			return &answer{status: 307, headers: [][2]string{{"Location", "//" + (*other).Listener.Addr().String()}}}
		}
	}
	one, two = play(t, to(&two)), play(t, to(&one))
	checkCode(t, newMaster(t, nil, one, two).Take(t.Context(), agentOne), filters.Unavailable, "says that")
	if got := len(one.got) + len(two.got); got != 2 {
		t.Errorf("%d requests, want each master asked once", got)
	}
}

// For 2.4 s after a leader's death the standby still names it.
func TestDeadLeaderIsNamed(t *testing.T) {
	dead := play(t, always(&answer{status: 200}))
	at := dead.address(t)
	dead.Close()
	standby := play(t, always(pointing(t, "nonleader-deactivate-agent", "//"+at.String())))
	m := newMaster(t, func(c *Config) { c.Masters = append(c.Masters, at.URL()) }, standby)
	checkCode(t, m.Take(t.Context(), agentOne), filters.Unavailable, at.String()+" refuses the connection", "says that "+at.String()+" leads")
}

func TestLostAnswerIsUnconfirmed(t *testing.T) {
	hung := play(t, func(r received) *answer {
		if r.call == master.Call_GET_MASTER {
			return nil
		}
		panic(http.ErrAbortHandler)
	})
	other := play(t, afterIntroduction(&answer{status: 200}))
	err := newMaster(t, nil, hung, other).Take(t.Context(), agentOne)
	checkCode(t, err, filters.Unconfirmed, "it may have happened")
	if n := len(other.asked()); n > 0 {
		t.Errorf("a call that may have happened was sent to another master too")
	}
}

func TestReadOne(t *testing.T) {
	tests := []struct {
		recording string
		id        filters.AgentID
		listed    bool
		want      filters.Agent
	}{
		{"extra-slaves-filter", "a9b4f48c-6ea2-4ad5-83b9-5c9e3f738e95-S1", true, filters.Agent{
			ID: "a9b4f48c-6ea2-4ad5-83b9-5c9e3f738e95-S1", Hostname: "agent-one", IP: "127.0.0.11", Port: 5051, Active: true,
			Attributes: []filters.Attribute{{Name: "rack", Value: "r1"}, {Name: "zone", Value: "z1"}},
			Resources:  filters.Resources{CPUs: 4, MemMB: 2048, DiskMB: 4096}, Allocated: &filters.Resources{CPUs: 0.2, MemMB: 32},
			Registered: time.Date(2026, 11, 21, 3, 56, 23, 152320000, time.UTC),
		}},
		{"extra-slaves-filter", "another", false, filters.Agent{}},
		{"extra-slaves-filter-unknown", "nope", false, filters.Agent{}},
		{"recovering-old-slaves", "nope", false, filters.Agent{}},
	}
	for _, test := range tests {
		leader := play(t, afterIntroduction(recorded(t, test.recording)))
		agent, listed, err := newMaster(t, nil, leader).ReadOne(t.Context(), test.id)
		if err != nil || listed != test.listed {
			t.Errorf("%s: listed %v, %v", test.recording, listed, err)
		}
		if diff := cmp.Diff(test.want, agent); diff != "" {
			t.Errorf("%s: %s", test.recording, diff)
		}
		if got := leader.asked()[0].URL.Query().Get("slave_id"); got != string(test.id) {
			t.Errorf("asked for slave_id %q", got)
		}
	}
}

func TestReregistrationTimeout(t *testing.T) {
	var flags struct {
		GetFlags struct {
			Flags []struct{ Name, Value string }
		} `json:"get_flags"`
	}
	if err := json.Unmarshal(recorded(t, "read-get-flags").body, &flags); err != nil {
		t.Fatal(err)
	}
	answerWith := func(timeout string) *answer {
		response := &master.Response{Type: master.Response_GET_FLAGS, GetFlags: &master.Response_GetFlags{}}
		for _, flag := range flags.GetFlags.Flags {
			if flag.Name == "agent_reregister_timeout" {
				flag.Value = timeout
			}
			response.GetFlags.Flags = append(response.GetFlags.Flags, mesosapi.Flag{Name: flag.Name, Value: &flag.Value})
		}
		return &answer{status: 200, body: protobuf(response)}
	}
	for text, want := range map[string]string{"10mins": "10m0s", "45secs": "45s", "1.5hrs": "1h30m0s", "soon": "10m0s", "-3secs": "10m0s"} {
		m := newMaster(t, nil, play(t, always(answerWith(text))))
		if got := m.ReregistrationTimeout(t.Context()); got.String() != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	m := newMaster(t, nil, play(t, always(recorded(t, "auth-none"))))
	if got := m.ReregistrationTimeout(t.Context()); got != usualReregistration {
		t.Errorf("a master that does not tell: %s", got)
	}
}

func TestOtherRefusals(t *testing.T) {
	for status, code := range map[int]filters.Code{
		409: filters.Unconfirmed, 415: filters.Invalid, 302: filters.Invalid, 429: filters.Unavailable, 500: filters.Unconfirmed, 502: filters.Unconfirmed, 503: filters.Unavailable,
	} {
		text := "something\n else" + strings.Repeat("x", 5000)
		leader := play(t, afterIntroduction(&answer{status: status, body: []byte(text)}))
		err := newMaster(t, nil, leader).Take(t.Context(), agentOne)
		checkCode(t, err, code)
		if len(err.Error()) > 500 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d: the error is not for people: %q", status, err)
		}
	}
}

// A reading that is cut on its way is no reading: the roster stays, and the condition says why.
func TestCutReadingLeavesTheRoster(t *testing.T) {
	body := recorded(t, "protobuf-get-agents").body
	var length atomic.Int64
	length.Store(int64(len(body)))
	leader := play(t, func(r received) *answer {
		if r.call != master.Call_GET_AGENTS {
			return nil
		}
		return &answer{status: 200, headers: [][2]string{{"Content-Length", strconv.Itoa(len(body))}}, body: body[:length.Load()]}
	})
	m := newMaster(t, func(c *Config) { c.FullReadEvery = time.Nanosecond }, leader)
	if _, err := m.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 1, 2, 700, len(body) - 1} {
		length.Store(int64(cut))
		_, err := m.Read(t.Context())
		checkCode(t, err, filters.Unavailable, "was cut short")
		if words := m.Condition().Trouble; m.Roster().Len() != 3 || !strings.Contains(words, "cut short") {
			t.Errorf("cut at %d: %d agents are known, trouble %q", cut, m.Roster().Len(), words)
		}
	}
	length.Store(int64(len(body)))
	if _, err := m.Read(t.Context()); err != nil || m.Condition().Trouble != "" {
		t.Errorf("whole again: %v, trouble %q", err, m.Condition().Trouble)
	}
}

func TestMasterWithoutEvents(t *testing.T) {
	for _, status := range []int{400, 404, 501} {
		leader := play(t, func(r received) *answer {
			if r.call == master.Call_SUBSCRIBE {
				return &answer{status: status}
			}
			return nil
		})
		if _, err := newMaster(t, nil, leader).subscribe(t.Context()); !errors.Is(err, errNoEvents) {
			t.Errorf("%d: %v", status, err)
		}
	}
	_, err := newMaster(t, nil, play(t, afterIntroduction(recorded(t, "auth-none")))).subscribe(t.Context())
	checkCode(t, err, filters.Denied)
	for _, recording := range []string{"noleader-subscribe", "recovering-subscribe"} {
		_, err := newMaster(t, nil, play(t, afterIntroduction(recorded(t, recording)))).subscribe(t.Context())
		checkCode(t, err, filters.Unavailable)
	}
}
