package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The bytes of every recorded request are known exactly: their number is the recorded Content-Length.
func TestRequestBytesHaveTheirRecordedLength(t *testing.T) {
	for name, recording := range open(t, kept, nil).Recordings {
		body, err := recording.Request.Bytes()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want, ok := recording.Request.Headers["Content-Length"]; ok && want != strconv.Itoa(len(body)) {
			t.Errorf("%s: %d bytes, recorded %s: %s", name, len(body), want, body)
		}
	}
}

func TestRequestBytes(t *testing.T) {
	tests := map[string]struct{ body, length, want string }{
		"spaced as Python writes it": {`{"a":[1,"x,:\""]}`, "19", `{"a": [1, "x,:\""]}`},
		"compact when it was":        {`{"a": [1, 2]}`, "11", `{"a":[1,2]}`},
		"text":                       {`"{"`, "", "{"},
		"bytes":                      {`{"base64": "CAo="}`, "", "\x08\x0a"},
		"none":                       {`null`, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := Request{Body: json.RawMessage(test.body), Headers: map[string]string{"Content-Length": test.length}}
			got, err := request.Bytes()
			if err != nil || string(got) != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"maint-03", "maint-03b", "maint-9", "maint-10", "maint-err"}
	got := slices.SortedFunc(slices.Values([]string{"maint-err", "maint-10", "maint-9", "maint-03b", "maint-03"}), natural)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestScenarioMistakesAreNamed(t *testing.T) {
	tests := map[string]struct{ scenario, complains string }{
		"unknown field": {"serie: []", "serie"},
		"unknown state": {"series: [{name: a, state: b, steps: \"\"}]", `no state "b"`},
		"unknown step":  {"states: {b: {}}\nseries: [{name: a, state: b, steps: jump}]", `no step is called "jump"`},
		"too few words": {"states: {b: {}}\nseries: [{name: a, state: b, steps: wait x}]", "step wait has 1 words"},
		"unknown agent": {"states: {b: {agents: [c]}}", `no agent "c"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := LoadScenario(fstest.MapFS{ScenarioFile: {Data: []byte(test.scenario)}}, nil)
			if err == nil || !strings.Contains(err.Error(), test.complains) {
				t.Errorf("got %v, want it to say %s", err, test.complains)
			}
		})
	}
}

func recorded(name, at, address string) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, `{"name": %q, "recorded_at": %q,
		"request": {"method": "POST", "address": %q, "path": "/api/v1", "body": null},
		"response": {"status": 200, "body_encoding": "text", "body": ""}}`, name, at, address)}
}

func suiteOf(t *testing.T, files fstest.MapFS) *Suite {
	t.Helper()
	suite, err := Open(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

func TestADirectoryWithoutScenarioTakesItsPlaceInTheKnownSeries(t *testing.T) {
	known := suiteOf(t, fstest.MapFS{
		"walk-1-a.json": recorded("walk-1-a", "2026-01-01T00:00:00Z", "m:1"),
		"walk-4-d.json": recorded("walk-4-d", "2026-01-01T00:00:10Z", "m:1"),
		"scenario.yaml": {Data: []byte(`
states: {s: {masters: [{address: "m:1", role: leader}]}}
series:
  - name: walk
    state: s
    steps: |
      replay walk-1-*
      stop-agent a
      slot walk-3- call {}
      replay walk-4-*
  - name: other
    state: s
    steps: begin`)},
	})
	asked := suiteOf(t, fstest.MapFS{
		"walk-2-b.json": recorded("walk-2-b", "2026-01-01T00:00:01Z", "m:1"),
		"walk-3-c.json": recorded("walk-3-c", "2026-01-01T00:00:05Z", "m:1"),
		"new-1.json":    recorded("new-1", "2026-01-01T00:00:20Z", "m:1"),
		"lost-1.json":   recorded("lost-1", "2026-01-01T00:00:20Z", "nowhere:1"),
	})
	joined := asked.Within(known)
	var got []string
	for _, series := range joined.Scenario.Series {
		for line := range strings.Lines(series.Steps) {
			got = append(got, series.Name+": "+strings.TrimSpace(line))
		}
	}
	want := []string{
		"walk: replay walk-1-*", "walk: replay walk-2-b", "walk: stop-agent a", "walk: slot walk-3- call {}", "walk: replay walk-4-*",
		"alone: new-s: replay new-1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if reason := joined.Scenario.unreplayed("lost-1"); !strings.Contains(reason, "nowhere:1") {
		t.Errorf("lost-1 is not replayed because %q", reason)
	}
}

func TestAScenarioMayUseTheStatesOfAnother(t *testing.T) {
	base := &Scenario{States: map[string]State{"b": {Agents: []string{"c"}}, "x": {}}, Agents: map[string]Agent{"c": {Port: 1}}}
	text := "states: {x: {allocator: true}}\nseries: [{name: a, state: b, steps: begin}]"
	scenario, err := LoadScenario(fstest.MapFS{ScenarioFile: {Data: []byte(text)}}, base)
	if err != nil {
		t.Fatal(err)
	}
	if scenario.Agents["c"].Port != 1 || !scenario.States["x"].Allocator || base.States["x"].Allocator {
		t.Errorf("completed to %+v", scenario)
	}
}

func FuzzSteps(f *testing.F) {
	f.Add("replay a-* except a-1\n# nothing\nslot b- call {\"type\": \"GET_AGENTS\"}")
	f.Add("launch app 1 host grace=8s")
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := Series{Name: "fuzzed", Steps: text}.Parse()
		if err != nil {
			return
		}
		for _, step := range steps {
			if err := step.check(); err != nil {
				t.Errorf("%q was parsed to %+v: %v", text, step, err)
			}
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte("4\nabcd5\nab"))
	f.Add([]byte("-1\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		reader := bufio.NewReader(bytes.NewReader(stream))
		for total := 0; ; {
			record, err := readRecord(reader)
			if err != nil {
				return
			}
			if total += len(record); total > len(stream) {
				t.Fatalf("%d bytes of records in %d bytes", total, len(stream))
			}
		}
	})
}
