package mesos

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"pgregory.net/rapid"
)

func encodingMedia(name string) encoding.MediaType { return encoding.MediaType(name) }

func TestWhatIsWrongWithACall(t *testing.T) {
	const converting = "Failed to convert JSON into Call protobuf: "
	tests := []struct{ name, body, text string }{
		{"empty", "", "Failed to parse body into JSON: syntax error at line 1 near: "},
		{"half a string", "{\"ty", "Failed to parse body into JSON: syntax error at line 1 near: "},
		{"second line", "{\n\"type\" GET}", "Failed to parse body into JSON: syntax error at line 2 near: GET}"},
		{"more behind", `{"type": "GET_AGENTS"} x`, "Failed to parse body into JSON: Parsed JSON included non-whitespace trailing characters:  x"},
		{"an array", "[]", converting + "Expecting a JSON object"},
		{"no type", "{}", "Failed to validate master::Call: Expecting 'type' to be present"},
		{"unknown type", `{"type":"NO_SUCH_CALL"}`, "Failed to validate master::Call: Expecting 'type' to be present"},
		{"no part", `{"type":"DRAIN_AGENT"}`, "Failed to validate master::Call: Expecting 'drain_agent' to be present"},
		{"null part", `{"type":"DRAIN_AGENT","drain_agent":null}`, "Failed to validate master::Call: Expecting 'drain_agent' to be present"},
		{"no agent ID", `{"type":"DRAIN_AGENT","drain_agent":{}}`, converting + "Missing required fields: drain_agent.agent_id"},
		{"no value", `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{}}}`, converting + "Missing required fields: drain_agent.agent_id.value"},
		{"agent ID is a word", `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":"x"}}`, converting + "Not expecting a JSON string for field 'agent_id'"},
		{"agent ID is a number", `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":1}}}`, converting + "Not expecting a JSON number for field 'value'"},
		{"agent ID is a list", `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":[]}}`, converting + "Not expecting a JSON array for field 'agent_id'"},
		{"mark_gone is an object", `{"type":"DRAIN_AGENT","drain_agent":{"mark_gone":{}}}`, converting + "Not expecting a JSON object for field 'mark_gone'"},
		{"type is true", `{"type":true}`, converting + "Not expecting a JSON boolean for field 'type'"},
		{"no start", `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[{"unavailability":{}}]}}}`,
			converting + "Missing required fields: update_maintenance_schedule.schedule.windows[0].unavailability.start"},
		{"quota without roles", `{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"limits":{"cpus":{"value":1}}},{"role":"a"}]}}`,
			converting + "Missing required fields: update_quota.quota_configs[0].role"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := decodeCall(mediaJSON, []byte(test.body)); err == nil || err.Error() != test.text {
				t.Errorf("got %v, want %s", err, test.text)
			}
		})
	}
}

func TestJSONIsLooseAsTheMasterIs(t *testing.T) {
	const before, after = `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"x"},`, `}}`
	gone := func(drain *master.Call_DrainAgent) any { return drain.MarkGone != nil && *drain.MarkGone }
	grace := func(drain *master.Call_DrainAgent) any {
		if drain.MaxGracePeriod == nil {
			return nil
		}
		return drain.MaxGracePeriod.Seconds
	}
	tests := []struct {
		option string
		read   func(*master.Call_DrainAgent) any
		want   any
	}{
		{`"mark_gone":true`, gone, true},
		{`"mark_gone":"true"`, gone, true},
		{`"mark_gone":null`, gone, false},
		{`"mark_gone_now":true`, gone, false},
		{`"max_grace_period":{"seconds":600}`, grace, int64(600)},
		{`"max_grace_period":{"seconds":"600"}`, grace, int64(600)},
		{`"max_grace_period":{"seconds":1.9}`, grace, int64(1)},
		{`"max_grace_period":{"seconds":-600}`, grace, int64(-600)},
		{`"max_grace_period":{"nanoseconds":600}`, grace, int64(0)},
		{`"max_grace":{"seconds":600}`, grace, nil},
	}
	for _, test := range tests {
		call, err := decodeCall(mediaJSON, []byte(before+test.option+after))
		if err != nil {
			t.Errorf("%s: %v", test.option, err)
			continue
		}
		if got := test.read(call.DrainAgent); got != test.want {
			t.Errorf("%s: got %v, want %v", test.option, got, test.want)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	const accept = "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'"
	const content = "Expecting 'Content-Type' of application/json or application/x-protobuf"
	tests := []struct {
		contentType, accept string
		status              int
		answer              string // the content type of the answer, or the text of a refusal
	}{
		{"application/json", "", 200, "application/json"},
		{"application/json", "*/*", 200, "application/json"},
		{"application/json", "application/x-protobuf", 200, "application/x-protobuf"},
		{"application/json", "application/x-protobuf, application/json", 200, "application/json"},
		{"application/json", "application/json;q=0.9", 200, "application/json"},
		{"application/json", "application/json;q=0, application/x-protobuf", 200, "application/x-protobuf"},
		{"application/json", "application/*", 200, "application/json"},
		{"application/json", "text/html", 406, accept},
		{"application/json", "application/recordio", 406, accept},
		{"application/json; charset=utf-8", "", 415, content},
		{"Application/JSON", "", 415, content},
		{"application/x-www-form-urlencoded", "", 415, content},
		{"", "", 400, "Expecting 'Content-Type' to be present"},
	}
	inBubble(t, Config{}, func(t *testing.T, cluster *Cluster) {
		for _, test := range tests {
			var headers []string
			if test.contentType != "" {
				headers = append(headers, "Content-Type", test.contentType)
			}
			if test.accept != "" {
				headers = append(headers, "Accept", test.accept)
			}
			reply := send(cluster, 0, http.MethodPost, "/api/v1", `{"type":"GET_HEALTH"}`, headers...)
			got := reply.Header().Get("Content-Type")
			if reply.Code != http.StatusOK {
				got = reply.Body.String()
			}
			if reply.Code != test.status || got != test.answer {
				t.Errorf("Content-Type %q, Accept %q: got %d %q", test.contentType, test.accept, reply.Code, got)
			}
		}
	})
}

// The answer is the same in both encodings, whatever the agents are like.
func TestBothEncodingsSayTheSame(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Z0-9 "\\/<>&é\x01\n-]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		attributes := rapid.MapOfN(word, word, 0, 4).Draw(t, "attributes")
		cpus := rapid.Float64Range(0.001, 512).Draw(t, "cpus")
		cluster := newCluster(Config{Agents: []AgentConfig{{Hostname: "agent-one", Attributes: attributes, CPUs: cpus}}, Masters: []string{""}}.withDefaults())
		if err := cluster.addMaster(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		cluster.begin()
		defer cluster.Close()
		wire := response(master.Response_GET_STATE, cluster.stateWire().field(responseState)).flat()
		var fromWire, fromJSON master.Response
		if err := fromWire.Unmarshal(wire); err != nil {
			t.Fatal(err)
		}
		text := string(appendJSON(nil, responsePrinting, wire))
		if err := codecs.ByMediaType[codecs.MediaTypeJSON].NewDecoder(source(text)).Decode(&fromJSON); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !fromWire.Equal(&fromJSON) {
			t.Fatal(cmp.Diff(fromWire.String(), fromJSON.String()))
		}
	})
}

// source is a text as mesos-go's decoders read it.
func source(text string) encoding.Source {
	return encoding.SourceReader(strings.NewReader(text))
}

func TestFloatsAsTheMasterPrintsThem(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0.0", 4: "4.0", 0.1: "0.1", 1795231436.6146193: "1795231436.6146193", 100000: "100000.0", 1e21: "1e21", 5e-7: "5e-7", 1e100: "1e100", -2.5: "-2.5",
	} {
		if got := string(appendJSONFloat(nil, value)); got != want {
			t.Errorf("%v is printed %s", value, got)
		}
	}
}

// Whatever is sent, the master answers; what it accepts reads back.
func FuzzDecodeCall(f *testing.F) {
	for _, seed := range []string{
		`{"type":"GET_AGENTS"}`, `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"x"},"max_grace_period":{"seconds":"1"}}}`,
		`{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"a","limits":{"cpus":{"value":1}}}]}}`,
		`[[[[`, `{"a":"\ud800\u0000"}`, `-`, `1e999`, "\x08\x0a", `"`, `{"type":nul`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, media := range []mediaType{mediaJSON, mediaProtobuf} {
			call, err := decodeCall(media, []byte(body))
			if err == nil && call.Type == master.Call_UNKNOWN && !strings.Contains(body, "UNKNOWN") && media == mediaJSON {
				t.Errorf("%q became a call without a type", body)
			}
		}
	})
}

// What the master's JSON says, its own parser understands.
func FuzzStrings(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x1f\"\\\n\té")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseJSON(string(appendJSONString(nil, text))); err != nil || got != text {
			t.Errorf("%q became %q: %v", text, got, err)
		}
	})
}

func TestAgentCapabilitiesHaveNames(t *testing.T) {
	text := string(appendJSON(nil, declared.of(messageNamed("mesos.AgentInfo.Capability")), encode(&mesosapi.AgentInfo_Capability{Type: 8})))
	if text != `{"type":"TASK_RESOURCE_LIMITS"}` {
		t.Error(text)
	}
}

func TestTaskGroupsHaveExecutors(t *testing.T) {
	inBubble(t, Config{Agents: threeAgents()}, func(t *testing.T, cluster *Cluster) {
		launchOn(t, cluster, "command", AppOptions{})
		launchOn(t, cluster, "group", AppOptions{TaskGroup: true})
		executors := decoded(t, call(cluster, `{"type":"GET_EXECUTORS"}`))["get_executors"].(map[string]any)["executors"].([]any)
		if len(executors) != 1 || executors[0].(map[string]any)["executor_info"].(map[string]any)["type"] != "DEFAULT" {
			t.Errorf("executors: %v", executors)
		}
	})
}
