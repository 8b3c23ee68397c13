package mesos

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

func filters(cluster *Cluster, method, query, body string) *httptest.ResponseRecorder {
	return send(cluster, 0, method, "/allocator/filters"+query, body, "Content-Type", "application/json")
}

func filter(t *testing.T, cluster *Cluster, hostname string) {
	t.Helper()
	if reply := filters(cluster, http.MethodPost, "", `{"hostname":"`+hostname+`"}`); reply.Code != http.StatusOK {
		t.Fatalf("POST: %d %s", reply.Code, reply.Body)
	}
}

// filtered are the hostnames that the module lists.
func filtered(t *testing.T, cluster *Cluster) []string {
	t.Helper()
	hostnames := []string{}
	for _, entry := range decoded(t, filters(cluster, http.MethodGet, "", ""))["filters"].([]any) {
		hostnames = append(hostnames, entry.(map[string]any)["hostname"].(string))
	}
	slices.Sort(hostnames)
	return hostnames
}

func inModuleBubble(t *testing.T, test func(*testing.T, *Cluster)) {
	t.Helper()
	inBubble(t, Config{Agents: threeAgents(), Allocator: true}, test)
}

func TestModuleAnswersAsRecorded(t *testing.T) {
	tests := []struct {
		name, method, query, body string
		status                    int
		text                      string
	}{
		{"nothing named", "POST", "", `{"hostname":"","agentId":""}`, 400, "body requires 'agentId' and/or 'hostname' attributes"},
		{"unknown both", "POST", "", `{"hostname":"nope","agentId":"nope-S9"}`, 400, "No such agent matching hostname==nope AND  agentId==nope-S9"},
		{"an array", "POST", "", `[]`, 400, "Unexpected JSON type parsed"},
		{"no JSON", "POST", "", `{"hostname`, 400, "syntax error at line 1 near: "},
		{"unknown in a list", "PUT", "", `{"filters":[{"hostname":"nope"},{"hostname":"h","agentId":"a"},{"hostname":"agent-one"}]}`, 400,
			"One or more agents specified do not exist: [hostname == nope], [hostname == h] && [agentId: a]"},
		{"both in a query", "DELETE", "?agentId=a&hostname=h", "", 400, "Specify parameter 'agentId' or 'hostname', but not both"},
		{"neither in a query", "DELETE", "", "", 400, "One of parameters 'agentId' or 'hostname' is required"},
		{"no filter on an unknown host", "DELETE", "?hostname=nope", "", 404, "No filter exists for hostname nope"},
		{"an empty agent ID", "DELETE", "?agentId=", "", 404, "No filter exists for agent "},
		{"another method", "PATCH", "", "", 405, "405 Method Not Allowed. Expecting one of { 'GET', 'POST', 'PUT', 'DELETE' }, but received 'PATCH'."},
	}
	inModuleBubble(t, func(t *testing.T, cluster *Cluster) {
		for _, test := range tests {
			if reply := filters(cluster, test.method, test.query, test.body); reply.Code != test.status || reply.Body.String() != test.text {
				t.Errorf("%s: got %d %q, want %d %q", test.name, reply.Code, reply.Body, test.status, test.text)
			}
		}
		mustRefuse(t, send(cluster, 0, "POST", "/allocator/filters", `{"hostname":"agent-one"}`, "Content-Type", "application/json; charset=utf-8"),
			http.StatusUnsupportedMediaType, "expected: application/json")
		if got := filtered(t, cluster); len(got) > 0 {
			t.Errorf("refused requests left filters: %v", got)
		}
	})
}

func TestModuleFiltersComeAndGo(t *testing.T) {
	inModuleBubble(t, func(t *testing.T, cluster *Cluster) {
		filter(t, cluster, "agent-one")
		filter(t, cluster, "agent-one")
		filter(t, cluster, "agent-two")
		if got := filtered(t, cluster); !slices.Equal(got, []string{"agent-one", "agent-two"}) {
			t.Errorf("after POST: %v", got)
		}
		if listed := listedAgent(t, cluster, "agent-one"); !listed.Active || *listed.Deactivated {
			t.Error("the filter shows in GET_AGENTS")
		}
		filters(cluster, "DELETE", "?hostname=agent-one", "")
		if got := filtered(t, cluster); !slices.Equal(got, []string{"agent-two"}) {
			t.Errorf("after DELETE: %v", got)
		}
		filters(cluster, "PUT", "", `{"filters":[{"hostname":"agent-three"}]}`)
		if got := filtered(t, cluster); !slices.Equal(got, []string{"agent-three"}) {
			t.Errorf("after PUT: %v", got)
		}
		filters(cluster, "PUT", "", `{}`)
		if got := filtered(t, cluster); !slices.Equal(got, []string{"agent-three"}) {
			t.Errorf("after PUT without a list: %v", got)
		}
	})
}

func TestModuleListsWhateverTheAllocatorHoldsInactive(t *testing.T) {
	inModuleBubble(t, func(t *testing.T, cluster *Cluster) {
		mustAccept(t, agentCall(cluster, "DEACTIVATE_AGENT", "agent-one"))
		if err := cluster.StopAgent("agent-two"); err != nil {
			t.Fatal(err)
		}
		if got := filtered(t, cluster); !slices.Equal(got, []string{"agent-one", "agent-two"}) {
			t.Errorf("listed: %v", got)
		}
	})
}

func TestWhatDropsAFilter(t *testing.T) {
	tests := []struct {
		name    string
		happens func(*testing.T, *Cluster)
		kept    bool
	}{
		{"agent restart", func(t *testing.T, c *Cluster) { _ = c.RestartAgent("agent-one"); pass(3 * time.Second) }, false},
		{"reactivation", func(t *testing.T, c *Cluster) {
			mustAccept(t, agentCall(c, "DEACTIVATE_AGENT", "agent-one"))
			mustAccept(t, agentCall(c, "REACTIVATE_AGENT", "agent-one"))
		}, false},
		{"master restart", func(t *testing.T, c *Cluster) { _ = c.RestartMaster(); pass(5 * time.Second) }, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inModuleBubble(t, func(t *testing.T, cluster *Cluster) {
				filter(t, cluster, "agent-one")
				test.happens(t, cluster)
				if got := slices.Contains(filtered(t, cluster), "agent-one"); got != test.kept {
					t.Errorf("filter kept: %t", got)
				}
			})
		})
	}
}

// A value of the wrong type ends the master's process (recordings getty-type-*).
func TestModuleDoesNotSurviveWrongTypes(t *testing.T) {
	for _, body := range []string{`{"hostname":null}`, `{"agentId":5}`} {
		inModuleBubble(t, func(t *testing.T, cluster *Cluster) {
			func() {
				defer func() {
					if recover() != http.ErrAbortHandler {
						t.Errorf("%s was answered", body)
					}
				}()
				filters(cluster, "POST", "", body)
			}()
			pass(time.Second)
			if leader := cluster.Snapshot().Leader; leader != "" {
				t.Errorf("%s still leads", leader)
			}
			pass(10 * time.Second)
			if got := filtered(t, cluster); len(got) > 0 {
				t.Errorf("after the restart: %v", got)
			}
		})
	}
}

func TestModuleHidesMissingCredentials(t *testing.T) {
	config := Config{Agents: threeAgents(), Allocator: true, Credentials: map[string]string{"ops": "s3cret"}}
	inBubble(t, config, func(t *testing.T, cluster *Cluster) {
		mustRefuse(t, filters(cluster, "GET", "", ""), http.StatusServiceUnavailable, "No leader elected")
		reply := send(cluster, 0, "GET", "/allocator/filters", "", "Authorization", "Basic b3BzOnMzY3JldA==")
		if reply.Code != http.StatusOK {
			t.Errorf("with credentials: %d %s", reply.Code, reply.Body)
		}
	})
}
