package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	firstID  = "ca51e6d0-f520-4a14-bdd3-8330e605bd36-S0"
	secondID = "10e87234-0f7e-46e5-9a04-ebe48a9fef23-S4"
)

func TestAgentsAreNamedByHostAndTurn(t *testing.T) {
	names := newSymbols()
	names.agent(firstID, "agent-one")
	names.agent(secondID, "agent-one")
	names.agent(firstID, "agent-one")
	got := names.replace("Agent " + firstID + " before " + secondID + ", never 00000000-0000-0000-0000-000000000000-S9 nor aaaaaaaa-0000-0000-0000-000000000000-S1")
	want := "Agent <agent-one 1> before <agent-one 2>, never <nobody> nor <former agent>"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequestsAreTranslated(t *testing.T) {
	recorded, simulated := newSymbols(), newSymbols()
	recorded.agent(firstID, "agent-one")
	simulated.agent(secondID, "agent-one")
	if got := translate(`{"value": "`+firstID+`"}`, recorded, simulated); got != `{"value": "`+secondID+`"}` {
		t.Errorf("got %s", got)
	}
}

func TestTreesLeaveOutWhatIsChance(t *testing.T) {
	tests := map[string]struct{ a, b string }{
		"times":           {`{"registered_time": {"nanoseconds": 1}}`, `{"registered_time": {"nanoseconds": 2}}`},
		"order of agents": {`{"agents": [{"pid": "b"}, {"pid": "a"}]}`, `{"agents": [{"pid": "a"}, {"pid": "b"}]}`},
		"history":         {`{"completed_tasks": [1]}`, `{}`},
		"numbers":         {`{"cpus": 4.0}`, `{"cpus": 4}`},
		"offers held":     {`{"active": true, "offered_resources": [1]}`, `{"active": true}`},
		"task IDs":        {`{"task_id": {"value": "a"}}`, `{"task_id": {"value": "b"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tree(t, test.a), tree(t, test.b)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTreesKeepWhatAClientSees(t *testing.T) {
	tests := map[string]struct{ a, b string }{
		"a flag":              {`{"active": true}`, `{"active": false}`},
		"a time that is gone": {`{"estimated_drain_start_time": 1}`, `{}`},
		"an offer withheld":   {`{"active": false, "offered_resources": [1]}`, `{"active": false}`},
		"order of windows":    {`{"windows": [1, 2]}`, `{"windows": [2, 1]}`},
		"a schedule's start":  {`{"start": {"nanoseconds": 1}}`, `{"start": {"nanoseconds": 2}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if cmp.Equal(tree(t, test.a), tree(t, test.b)) {
				t.Errorf("%s and %s are taken for equal", test.a, test.b)
			}
		})
	}
}

func tree(t *testing.T, text string) any {
	t.Helper()
	value, err := normaliser{newSymbols()}.tree([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestRedirectsAreComparedByMaster(t *testing.T) {
	recorded, simulated := newSymbols(), newSymbols()
	recorded.master("master-one:5050", 1)
	simulated.master("127.0.0.1:41234", 1)
	c := comparison{recorded: normaliser{recorded}, simulated: normaliser{simulated}}
	got := c.header(c.simulated, "Location", "//127.0.0.1:41234/allocator/filters?hostname=a&x=a%20b")
	want := c.header(c.recorded, "Location", "//master-one:5050/allocator/filters?x=a%20b&hostname=a")
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
