package mesos

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/framing"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"pgregory.net/rapid"

	"cordon/filters"
)

// diary is a listener that writes down what it is told.
type diary struct {
	list      listing
	heartbeat time.Duration
	lines     []string
	beats     int
}

func (d *diary) subscribed(list listing, heartbeat time.Duration) {
	d.list, d.heartbeat = list, heartbeat
}
func (d *diary) added(agent filters.Agent) {
	d.lines = append(d.lines, fmt.Sprintf("%s came, active %v, deactivated %v", agent.Hostname, agent.Active, agent.Deactivated))
}
func (d *diary) removed(agent filters.AgentID) { d.lines = append(d.lines, string(agent)+" went") }
func (d *diary) heard()                        { d.beats++ }

// listen reads a stream to its end.
func listen(from io.Reader) (*diary, *tasks, error) {
	diary, tasks := &diary{}, newTasks()
	err := newStream(from, 1<<16, tasks, func() *filters.Roster { return nothing }, diary).run()
	return diary, tasks, err
}

// rawStream is what a real master sent on a protobuf event stream, without HTTP.
func rawStream(t testing.TB) []byte {
	t.Helper()
	file, err := os.Open("testdata/events-raw-protobuf.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	response, err := http.ReadResponse(bufio.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body) // the recording ends in the middle of the stream
	_ = response.Body.Close()
	return body
}

func TestReadsTheRecordedStream(t *testing.T) {
	diary, tasks, err := listen(bytes.NewReader(rawStream(t)))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if diary.heartbeat != 15*time.Second || len(diary.list.agents) != 3 || diary.beats < 3 {
		t.Errorf("heartbeat %s, %d agents, heard %d times", diary.heartbeat, len(diary.list.agents), diary.beats)
	}
	got := map[string]map[string]int{}
	for _, agent := range diary.list.agents {
		counts, known := tasks.on(agent.ID)
		if !known {
			t.Fatal("tasks are not known")
		}
		got[agent.Hostname] = counts
	}
	want := map[string]map[string]int{}
	var state master.Event
	frame := rawStream(t)
	frame = frame[bytes.IndexByte(frame, '\n')+1:][:6463]
	if err := state.Unmarshal(frame); err != nil {
		t.Fatal(err)
	}
	for _, agent := range state.Subscribed.GetState.GetAgents.Agents {
		counts := map[string]int{}
		for _, task := range state.Subscribed.GetState.GetTasks.Tasks {
			if task.AgentID.Value == agent.AgentInfo.ID.Value {
				counts["testfw"]++
			}
		}
		want[agent.AgentInfo.Hostname] = counts
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// series turns a recorded series of JSON events into a protobuf stream, by mesos-go.
func series(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var recording struct {
		Frames []struct{ Event json.RawMessage }
	}
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	var stream []byte
	for _, frame := range recording.Frames {
		event := new(master.Event)
		if err := json.Unmarshal(frame.Event, event); err != nil {
			t.Fatal(err)
		}
		stream = appendFrame(stream, event)
	}
	return stream
}

func appendFrame(stream []byte, event *master.Event) []byte {
	encoded := protobuf(event)
	stream = fmt.Appendf(stream, "%d\n", len(encoded))
	return append(stream, encoded...)
}

func TestRecordedSeries(t *testing.T) {
	t.Run("events-agent-unregister", func(t *testing.T) {
		diary, _, _ := listen(bytes.NewReader(series(t, "events-agent-unregister")))
		want := []string{"10e87234-0f7e-46e5-9a04-ebe48a9fef23-S1 went", "agent-three came, active true, deactivated false"}
		if diff := cmp.Diff(want, diary.lines); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("events-unreachable", func(t *testing.T) {
		// The agent was deactivated and drained: its event says active, the master's list does not.
		diary, tasks, _ := listen(bytes.NewReader(series(t, "events-unreachable")))
		if diff := cmp.Diff([]string{"agent-two came, active false, deactivated true"}, diary.lines); diff != "" {
			t.Error(diff)
		}
		if counts, _ := tasks.on("ca51e6d0-f520-4a14-bdd3-8330e605bd36-S1"); len(counts) > 0 {
			t.Errorf("tasks are left: %v", counts)
		}
	})
}

func TestBadStreams(t *testing.T) {
	whole := rawStream(t)
	first := whole[:bytes.IndexByte(whole, '\n')+1+6463]
	for cut := range len(first) {
		diary, tasks, err := listen(bytes.NewReader(first[:cut]))
		if _, known := tasks.on("x"); err == nil || known || diary.heartbeat != 0 {
			t.Fatalf("cut at byte %d, and taken for the whole", cut)
		}
	}
	for name, stream := range map[string]string{
		"no size":              "hello\n",
		"a negative size":      "-5\nhello",
		"a size past reason":   "99999999999999999999\n",
		"no end of the line":   strings.Repeat("1", 100_000),
		"not SUBSCRIBED":       "2\n\x08\x09",
		"an empty first frame": "0\n",
		"malformed protobuf":   "3\n\x12\x7f\x00",
	} {
		if diary, _, err := listen(strings.NewReader(stream)); err == nil || diary.heartbeat != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := listen(io.MultiReader(bytes.NewReader(first), strings.NewReader("2000000\n")))
	if !errors.Is(err, framing.ErrorOversizedFrame) {
		t.Errorf("a frame larger than the limit: %v", err)
	}
}

func TestAStreamLetsGoOfTheRosterThatItBeganWith(t *testing.T) {
	first := rawStream(t)
	first = first[:bytes.IndexByte(first, '\n')+1+6463]
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		var newest atomic.Pointer[filters.Roster]
		newest.Store(filters.NewRoster(filters.View{}))
		began, ended := weak.Make(newest.Load()), make(chan error)
		go func() { ended <- newStream(reader, 1<<16, newTasks(), newest.Load, &diary{}).run() }()
		_, _ = writer.Write(first)
		synctest.Wait() // until it waits for the next event
		newest.Store(nothing)
		runtime.GC()
		if began.Value() != nil {
			t.Error("it is held for as long as the stream stands")
		}
		_ = writer.Close()
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add(rawStream(f))
	f.Add(series(f, "events-unreachable"))
	f.Add(series(f, "events-agent-unregister"))
	f.Add([]byte("2\n\x08\x09"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		diary, tasks, err := listen(bytes.NewReader(stream))
		if err == nil {
			t.Error("a stream ended without an error")
		}
		for _, agent := range diary.list.agents {
			counts, _ := tasks.on(agent.ID)
			for framework, n := range counts {
				if n <= 0 {
					t.Errorf("%d tasks of %s", n, framework)
				}
			}
		}
	})
}

func holds(state mesosapi.TaskState) bool {
	switch state {
	case mesosapi.TASK_STAGING, mesosapi.TASK_STARTING, mesosapi.TASK_RUNNING, mesosapi.TASK_KILLING:
		return true
	}
	return false
}

// Whatever order events come in, and however often: the counts are those of the tasks' latest states.
func TestTasksAreCountedByTheirLatestState(t *testing.T) {
	type key struct{ framework, task string }
	type told struct {
		agent string
		state mesosapi.TaskState
	}
	rapid.Check(t, func(t *rapid.T) {
		tasks, model, began := newTasks(), map[key]told{}, map[key]int64{}
		tasks.complete()
		names := map[string]string{"f0": "marathon", "f1": "marathon", "f2": "chronos"}
		for id, name := range names {
			tasks.named([]byte(id), []byte(name))
		}
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			if rapid.IntRange(0, 9).Draw(t, "removal") == 0 {
				agent := rapid.SampledFrom([]string{"a0", "a1"}).Draw(t, "removed")
				tasks.left(filters.AgentID(agent))
				for key, told := range model {
					if told.agent == agent {
						delete(model, key)
					}
				}
				continue
			}
			key := key{rapid.SampledFrom([]string{"f0", "f1", "f2"}).Draw(t, "framework"), rapid.SampledFrom([]string{"t0", "t1", "t2"}).Draw(t, "task")}
			now := told{rapid.SampledFrom([]string{"a0", "a1"}).Draw(t, "agent"), mesosapi.TaskState(rapid.IntRange(0, 13).Draw(t, "state"))}
			at := rapid.SampledFrom([]int64{0, lifeEpoch + 10, lifeEpoch + 20}).Draw(t, "began")
			tasks.note(task{[]byte(key.task), []byte(key.framework), []byte(now.agent), uint64(now.state), float64(at)})
			model[key] = now
			switch known := began[key]; {
			case !holds(now.state):
				delete(began, key)
			case at != 0 && (known == 0 || at < known):
				began[key] = at
			}
		}
		for _, agent := range []string{"a0", "a1", "a2"} {
			want, everywhere, states, oldest := map[string]int{}, map[string]int{}, map[filters.TaskState]int{}, int64(0)
			for key, told := range model {
				if !holds(told.state) {
					continue
				}
				everywhere[names[key.framework]]++
				if told.agent != agent {
					continue
				}
				want[names[key.framework]]++
				states[filters.TaskState(strings.ToLower(told.state.String()[len("TASK_"):]))]++
				if at := began[key]; at != 0 && (oldest == 0 || at < oldest) {
					oldest = at
				}
			}
			got, _ := tasks.on(filters.AgentID(agent))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			load, _ := tasks.load([]filters.AgentID{filters.AgentID(agent), "a9"})
			if diff := cmp.Diff(filters.Workload{Tasks: want, Everywhere: everywhere, States: states}, load, cmpopts.IgnoreFields(filters.Workload{}, "Oldest")); diff != "" {
				t.Fatal(diff)
			}
			if since := load.Oldest; (since == nil) != (oldest == 0) || since != nil && (since.Since.Unix() != oldest || since.Agent != filters.AgentID(agent)) {
				t.Fatalf("the oldest is %+v, want one since %d", since, oldest)
			}
		}
	})
}

func TestFrameworksComeAndGo(t *testing.T) {
	tasks := newTasks()
	tasks.note(task{id: []byte("t"), framework: []byte("f"), agent: []byte("a"), state: running})
	if counts, _ := tasks.on("a"); counts["f"] != 1 {
		t.Errorf("before the name is told: %v", counts)
	}
	tasks.named([]byte("f"), []byte("marathon"))
	if counts, known := tasks.on("a"); counts["marathon"] != 1 || known {
		t.Errorf("after: %v, %v", counts, known)
	}
	tasks.ended([]byte("f"))
	if counts, _ := tasks.on("a"); len(counts) != 0 {
		t.Errorf("after it ended: %v", counts)
	}
}
