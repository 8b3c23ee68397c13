package mesos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"google.golang.org/protobuf/encoding/protowire"

	"cordon/filters"
)

// largeListing is an answer to GET_AGENTS with so many agents of eight attributes each, about a kilobyte an agent as
// a real master sends it (protobuf-get-agents.json).
func largeListing(agents int) []byte {
	scalar, ranges, any := mesosapi.SCALAR, mesosapi.RANGES, "*"
	amount := func(name string, value float64, role *string) mesosapi.Resource {
		return mesosapi.Resource{Name: name, Type: &scalar, Scalar: &mesosapi.Value_Scalar{Value: value}, Role: role}
	}
	resources := func(role *string) []mesosapi.Resource {
		ports := &mesosapi.Value_Ranges{Range: []mesosapi.Value_Range{{Begin: 31000, End: 32000}}}
		return []mesosapi.Resource{amount("cpus", 32, role), amount("mem", 131072, role), amount("disk", 1048576, role), {Name: "ports", Type: &ranges, Ranges: ports, Role: role}}
	}
	now := &mesosapi.TimeInfo{Nanoseconds: 1795231423171809800}
	var list []byte
	for i := range agents {
		port, pid, deactivated := int32(5051), fmt.Sprintf("slave(1)@10.%d.%d.%d:5051", i>>16, i>>8&255, i&255), i%100 == 0
		agent := master.Response_GetAgents_Agent{
			AgentInfo: mesosapi.AgentInfo{
				Hostname: fmt.Sprintf("node-%05d.rack-%03d.example.net", i, i/40), Port: &port, Resources: resources(nil),
				ID: &mesosapi.AgentID{Value: fmt.Sprintf("ca51e6d0-f520-4a14-bdd3-8330e605bd36-S%d", i)},
			},
			Active: !deactivated, Deactivated: &deactivated, Version: "1.12.0", PID: &pid, RegisteredTime: now, ReregisteredTime: now,
			TotalResources: resources(&any), AllocatedResources: []mesosapi.Resource{amount("cpus", 8, &any), amount("mem", 4096, &any)},
		}
		values := []string{fmt.Sprintf("rack-%03d", i/40), "zone-" + strconv.Itoa(i%3), "linux-6.12", "intel-8480", "yes", "batch", fmt.Sprintf("row-%02d", i/400), fmt.Sprintf("serial-%07d", i)}
		for j, name := range []string{"rack", "zone", "kernel", "cpu", "ssd", "pool", "row", "serial"} {
			agent.AgentInfo.Attributes = append(agent.AgentInfo.Attributes, mesosapi.Attribute{Name: name, Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: values[j]}})
		}
		for kind := range 8 {
			agent.Capabilities = append(agent.Capabilities, mesosapi.AgentInfo_Capability{Type: mesosapi.AgentInfo_Capability_Type(kind + 1)})
		}
		list = protowire.AppendTag(list, 1, protowire.BytesType)
		list = protowire.AppendBytes(list, protobuf(&agent))
	}
	answer := protowire.AppendTag(nil, 1, protowire.VarintType)
	answer = protowire.AppendVarint(answer, uint64(master.Response_GET_AGENTS))
	answer = protowire.AppendTag(answer, 10, protowire.BytesType)
	return protowire.AppendBytes(answer, list)
}

// serveListing serves the answer and the introduction on a socket.
func serveListing(b testing.TB, body []byte) string {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call master.Call
		asked, _ := io.ReadAll(r.Body)
		if call.Unmarshal(asked) == nil && call.Type == master.Call_GET_MASTER {
			_, _ = w.Write(introduction("id", "1.12.0").body)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// The two ways to read and index a listing: ours, and mesos-go's Unmarshal of the whole body, which indexes nothing.
var ways = []struct {
	name  string
	setup func(url string) (read func() error)
}{
	{"streamed", func(url string) func() error {
		m, err := New(Config{Cluster: "bench", Masters: []string{url}, FullReadEvery: time.Nanosecond})
		if err != nil {
			panic(err)
		}
		return func() error {
			_, err := m.Read(context.Background())
			return err
		}
	}},
	{"unmarshal", func(url string) func() error {
		body := []byte{8, 10}
		return func() error {
			response, err := http.Post(url+pathV1, typeProtobuf, strings.NewReader(string(body)))
			if err != nil {
				return err
			}
			defer func() { _ = response.Body.Close() }()
			text, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			return new(master.Response).Unmarshal(text)
		}
	}},
}

func BenchmarkRead(b *testing.B) {
	for _, agents := range []int{100, 1000, 10_000, 50_000} {
		url := serveListing(b, largeListing(agents))
		for _, way := range ways {
			b.Run(fmt.Sprintf("%s/agents=%d", way.name, agents), func(b *testing.B) {
				read := way.setup(url)
				b.ReportAllocs()
				for b.Loop() {
					if err := read(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(agents), "ns/agent")
			})
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// BenchmarkReadMemory reads ten times in a process that does nothing else and reports the most memory it ever held, with
// Go's usual garbage collector and with a soft limit such as a bot that shall stay small sets.
func BenchmarkReadMemory(b *testing.B) {
	for _, agents := range []int{100, 1000, 10_000, 50_000} {
		url := serveListing(b, largeListing(agents))
		for _, way := range ways {
			for _, limit := range []string{"off", "64MiB"} {
				b.Run(fmt.Sprintf("%s/agents=%d/limit=%s", way.name, agents, limit), func(b *testing.B) {
					var peak float64
					for b.Loop() {
						peak = max(peak, peakOf(b, way.name, url, limit))
					}
					b.ReportMetric(peak, "peak-MiB")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

func peakOf(b *testing.B, way, url, limit string) (mebibytes float64) {
	b.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestPeakOfOneProcess$")
	command.Env = append(os.Environ(), "BENCH_WAY="+way, "BENCH_URL="+url, "GOMEMLIMIT="+limit)
	output, err := command.Output()
	if err != nil {
		b.Fatal(err, string(output))
	}
	_, text, _ := strings.Cut(string(output), "peak-kB=")
	kilobytes, err := strconv.ParseFloat(strings.Fields(text + " x")[0], 64)
	if err != nil {
		b.Skip("NOT RUN: this system does not tell a process's peak memory")
	}
	return kilobytes / 1024
}

// TestPeakOfOneProcess is the process of BenchmarkReadMemory.
func TestPeakOfOneProcess(t *testing.T) {
	name := os.Getenv("BENCH_WAY")
	if name == "" {
		return
	}
	for _, way := range ways {
		if way.name != name {
			continue
		}
		read := way.setup(os.Getenv("BENCH_URL"))
		for range 10 {
			if err := read(); err != nil {
				t.Fatal(err)
			}
		}
	}
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if peak, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			fmt.Println("peak-kB=" + strings.TrimSpace(strings.TrimSuffix(peak, "kB")))
		}
	}
	os.Exit(0) // idle connections are no leak here
}

// BenchmarkSubscribed reads the first frame of an event stream with four tasks an agent.
func BenchmarkSubscribed(b *testing.B) {
	for _, agents := range []int{100, 1000, 10_000, 50_000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			frame := largeState(agents)
			b.ReportAllocs()
			for b.Loop() {
				diary, tasks, _ := listen(strings.NewReader(frame))
				if len(diary.list.agents) != agents || !tasks.stands() {
					b.Fatal("it was not read")
				}
			}
		})
	}
}

func largeState(agents int) string {
	var told []byte
	for i := range agents * 4 {
		state, name := mesosapi.TASK_RUNNING, fmt.Sprintf("app-%d.instance-%07d", i%500, i)
		task := &mesosapi.Task{
			Name: name, TaskID: mesosapi.TaskID{Value: name}, State: &state, FrameworkID: mesosapi.FrameworkID{Value: "ca51e6d0-f520-4a14-bdd3-8330e605bd36-000" + strconv.Itoa(i%3)},
			AgentID: mesosapi.AgentID{Value: fmt.Sprintf("ca51e6d0-f520-4a14-bdd3-8330e605bd36-S%d", i/4)},
		}
		told = protowire.AppendTag(told, 2, protowire.BytesType)
		told = protowire.AppendBytes(told, protobuf(task))
	}
	nest := func(number protowire.Number, message []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), message)
	}
	_, list, _ := strings.Cut(string(largeListing(agents)), "\x52") // what follows the tag of get_agents
	state := nest(1, told)
	state = append(append(state, 4<<3|2), list...)
	event := nest(2, nest(1, state))
	return fmt.Sprintf("%d\n%s", len(event), event)
}

func BenchmarkIndex(b *testing.B) {
	list, err := readListing(strings.NewReader(string(largeListing(50_000))), nothing)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		filters.NewRoster(filters.View{Agents: append([]filters.Agent(nil), list.agents...)})
	}
}

// live returns how many bytes of the heap live.
func live() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// BenchmarkLive reports what stays in memory of a cluster of eight attributes an agent, after two readings and while a stream
// stands.
func BenchmarkLive(b *testing.B) {
	for _, agents := range []int{1000, 50_000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			body := largeListing(agents)
			for b.Loop() {
				before := live()
				newest := nothing
				for range 2 {
					list, err := readListing(bytes.NewReader(body), newest)
					if err != nil {
						b.Fatal(err)
					}
					newest = filters.NewRoster(filters.View{Agents: list.agents})
				}
				b.ReportMetric((live()-before)/float64(agents), "live-B/agent")
				runtime.KeepAlive(newest)
			}
			b.ReportMetric(0, "ns/op")
			runtime.KeepAlive(body)
		})
	}
}

// BenchmarkLiveTasks reports what stays of the tasks of three frameworks on 50,000 agents.
func BenchmarkLiveTasks(b *testing.B) {
	const agents = 50_000
	list, err := readListing(bytes.NewReader(largeListing(agents)), nothing)
	if err != nil {
		b.Fatal(err)
	}
	for _, count := range []int{50_000, 200_000, 1_000_000} {
		b.Run(fmt.Sprintf("tasks=%d", count), func(b *testing.B) {
			for b.Loop() {
				before, known := live(), newTasks()
				for i := range count {
					known.note(task{
						id: fmt.Appendf(nil, "app-%d.instance-%07d", i%500, i), framework: fmt.Appendf(nil, "ca51e6d0-f520-4a14-bdd3-8330e605bd36-000%d", i%3),
						agent: []byte(list.agents[i%agents].ID), state: running, began: lifeEpoch + float64(i),
					})
				}
				b.ReportMetric((live()-before)/float64(count), "live-B/task")
				runtime.KeepAlive(known)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
	runtime.KeepAlive(list)
}
