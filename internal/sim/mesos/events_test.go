package mesos

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/framing"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpmaster"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// follower reads an event stream.
type follower struct {
	t      *testing.T
	frames framing.Reader
}

// follow subscribes in protobuf, as the bot does.
func follow(t *testing.T, url string) *follower {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1", strings.NewReader("\x08\x12"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", string(mediaProtobuf))
	request.Header.Set("Accept", string(mediaProtobuf))
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reply.Body.Close() })
	if reply.StatusCode != http.StatusOK || reply.Header.Get("Content-Type") != string(mediaProtobuf) {
		t.Fatalf("SUBSCRIBE: %d %v", reply.StatusCode, reply.Header)
	}
	return &follower{t: t, frames: recordio.NewReader(reply.Body, recordio.MaxMessageSize(64<<20))}
}

func (f *follower) next() *master.Event {
	f.t.Helper()
	record, err := f.frames.ReadFrame()
	if err != nil {
		f.t.Fatal(err)
	}
	happened := &master.Event{}
	if err := happened.Unmarshal(record); err != nil {
		f.t.Fatal(err)
	}
	return happened
}

// until reads to the first event that is told of; heartbeats are passed over.
func (f *follower) until(kind master.Event_Type) *master.Event {
	f.t.Helper()
	for {
		if happened := f.next(); happened.Type == kind {
			return happened
		} else if happened.Type != master.Event_HEARTBEAT {
			f.t.Fatalf("before %s came %s", kind, happened)
		}
	}
}

func TestEventsTellOfTasksAndAgents(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents(), HeartbeatInterval: 20 * time.Millisecond})
	events := follow(t, cluster.MasterURLs()[0])
	first := events.next()
	if first.Type != master.Event_SUBSCRIBED || len(first.Subscribed.GetState.GetAgents.Agents) != 3 || *first.Subscribed.HeartbeatIntervalSeconds != 0.02 {
		t.Fatalf("the first event: %s", first)
	}
	if second := events.next(); second.Type != master.Event_HEARTBEAT {
		t.Fatalf("the second event: %s", second)
	}
	if err := cluster.LaunchWith("web", 1, AppOptions{Agent: "agent-one", Once: true}); err != nil {
		t.Fatal(err)
	}
	added := events.until(master.Event_TASK_ADDED).TaskAdded.Task
	if added.Name != "web" || added.State.String() != "TASK_STAGING" {
		t.Errorf("added: %s", &added)
	}
	for _, state := range []string{"TASK_STARTING", "TASK_RUNNING"} {
		if updated := events.until(master.Event_TASK_UPDATED).TaskUpdated; updated.State.String() != state || updated.Status.TaskID != added.TaskID {
			t.Errorf("updated: %s", updated)
		}
	}
	if err := cluster.Unregister("agent-three"); err != nil {
		t.Fatal(err)
	}
	if removed := events.until(master.Event_AGENT_REMOVED).AgentRemoved; removed.AgentID.Value == "" {
		t.Errorf("removed: %s", removed)
	}
	if err := cluster.StartAgent("agent-three"); err != nil {
		t.Fatal(err)
	}
	if back := events.until(master.Event_AGENT_ADDED).AgentAdded.Agent; back.AgentInfo.Hostname != "agent-three" {
		t.Errorf("added: %s", &back)
	}
}

// Flags are silent: only GET_AGENTS tells of them (FACTS.md).
func TestDeactivatingIsNoEvent(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents()})
	events := follow(t, cluster.MasterURLs()[0])
	events.until(master.Event_SUBSCRIBED)
	one := agentID(agentNamed(cluster.Snapshot(), "agent-one").ID)
	for _, call := range []*master.Call{calls.DeactivateAgent(one), calls.ReactivateAgent(one), calls.DrainAgent(one)} {
		if err := tell(t, clients(t, cluster.MasterURLs()[0])["protobuf"], call); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.Launch("web", 1, "agent-two"); err != nil {
		t.Fatal(err)
	}
	events.until(master.Event_TASK_ADDED) // and nothing before it
}

// mesos-go's own subscriber reads the stream, in both encodings.
func TestMesosGoSubscribes(t *testing.T) {
	cluster := started(t, Config{Agents: threeAgents()})
	for _, codec := range []string{"json", "protobuf"} {
		media := map[string]string{"json": string(codecs.MediaTypeJSON), "protobuf": string(codecs.MediaTypeProtobuf)}[codec]
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		sender := httpmaster.NewSender(httpcli.New(
			httpcli.Endpoint(cluster.MasterURLs()[0]+"/api/v1"), httpcli.Codec(codecs.ByMediaType[encodingMedia(media)]),
			httpcli.Do(httpcli.With(httpcli.RoundTripper(transport))),
		).Send)
		reply, err := sender.Send(t.Context(), calls.NonStreaming(calls.Subscribe()))
		if err != nil {
			t.Fatal(codec, err)
		}
		var kinds []string
		for range 2 {
			happened := &master.Event{}
			if err := reply.Decode(happened); err != nil {
				t.Fatal(codec, err)
			}
			kinds = append(kinds, happened.Type.String())
		}
		if !slices.Equal(kinds, []string{"SUBSCRIBED", "HEARTBEAT"}) {
			t.Errorf("%s: %v", codec, kinds)
		}
		_ = reply.Close()
	}
}

func TestSubscriberThatFallsBehindIsCut(t *testing.T) {
	cluster := newCluster(Config{}.withDefaults())
	slow := &subscriber{media: mediaProtobuf, events: make(chan []byte, 2), cut: make(chan struct{})}
	cluster.subscribers[slow] = true
	for range 3 {
		cluster.publish(event(master.Event_HEARTBEAT))
	}
	select {
	case <-slow.cut:
	default:
		t.Error("it was not cut")
	}
	if len(cluster.subscribers) > 0 {
		t.Error("it still counts")
	}
}

func TestFrames(t *testing.T) {
	var stream strings.Builder
	for i := range 3 {
		stream.Write(frame([]byte(fmt.Sprintf("record %d", i))))
	}
	reader := recordio.NewReader(strings.NewReader(stream.String()))
	for i := range 3 {
		if record, err := reader.ReadFrame(); err != nil || string(record) != fmt.Sprintf("record %d", i) {
			t.Errorf("record %d: %q, %v", i, record, err)
		}
	}
	if _, err := reader.ReadFrame(); err != io.EOF {
		t.Errorf("after the last: %v", err)
	}
}
