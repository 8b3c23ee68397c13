package mesos

import (
	"math"
	"net/http"
	"strconv"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"google.golang.org/protobuf/encoding/protowire"
)

// subscriber is a client that follows the operator event stream.
type subscriber struct {
	member *member
	media  mediaType
	events chan []byte
	cut    chan struct{} // closed when the master ends the stream
}

// maxBehind is how many events a subscriber may be behind before the master
// gives it up.
const maxBehind = 10_000

// Numbers of Event's fields that carry hand-written parts.
const (
	eventType           = 1
	eventSubscribed     = 2
	eventAgentAdded     = 5
	subscribedState     = 1
	subscribedHeartbeat = 2
	agentAddedAgent     = 1
)

// subscribe answers SUBSCRIBE: the whole state, a heartbeat, then what happens,
// and a heartbeat after each interval (recordings events-*).
func (m *member) subscribe(r *request, media mediaType) answer {
	c := m.cluster
	added := &subscriber{member: m, media: media, events: make(chan []byte, maxBehind), cut: make(chan struct{})}
	c.encodeAgents()
	c.mutex.Lock()
	first := event(master.Event_SUBSCRIBED, c.subscribedWire().field(eventSubscribed))
	c.subscribers[added] = true
	c.mutex.Unlock()
	return answer{
		status:  http.StatusOK,
		headers: [][2]string{{"Content-Type", string(media)}},
		stream: func(w http.ResponseWriter, r *http.Request) {
			defer c.forget(added)
			c.stream(w, r, added, first)
		},
	}
}

// stream writes a subscriber's events until either side ends.
func (c *Cluster) stream(w http.ResponseWriter, r *http.Request, s *subscriber, first wire) {
	flush := http.NewResponseController(w).Flush
	heartbeat := event(master.Event_HEARTBEAT)
	send := func(event []byte) bool {
		_, err := w.Write(frame(event))
		return err == nil && flush() == nil
	}
	if !send(s.encode(first)) || !send(s.encode(heartbeat)) {
		return
	}
	beat := time.NewTicker(c.config.HeartbeatInterval)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.cut:
			return
		case happened := <-s.events:
			if !send(happened) {
				return
			}
		case <-beat.C:
			if !send(s.encode(heartbeat)) {
				return
			}
		}
	}
}

func (c *Cluster) forget(s *subscriber) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.subscribers, s)
}

// dropSubscribers ends the streams of a master.
func (c *Cluster) dropSubscribers(m *member) {
	for s := range c.subscribers {
		if s.member == m {
			close(s.cut)
			delete(c.subscribers, s)
		}
	}
}

// frame is a RecordIO record.
func frame(record []byte) []byte {
	out := strconv.AppendInt(make([]byte, 0, len(record)+12), int64(len(record)), 10)
	return append(append(out, '\n'), record...)
}

// encode is an event in the subscriber's encoding.
func (s *subscriber) encode(event wire) []byte {
	flat := event.flat()
	if s.media == mediaJSON {
		return appendJSON(nil, eventPrinting, flat)
	}
	return flat
}

func event(kind master.Event_Type, parts ...wire) wire {
	header := protowire.AppendTag(nil, eventType, wireVarint)
	out := wire{protowire.AppendVarint(header, uint64(kind))}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// publish hands an event to every subscriber; one that is too far behind is cut.
func (c *Cluster) publish(happened wire) {
	for s := range c.subscribers {
		select {
		case s.events <- s.encode(happened):
		default:
			close(s.cut)
			delete(c.subscribers, s)
		}
	}
}

func (c *Cluster) subscribedWire() wire {
	out := c.stateWire().field(subscribedState)
	interval := protowire.AppendTag(nil, subscribedHeartbeat, protowire.Fixed64Type)
	return append(out, protowire.AppendFixed64(interval, math.Float64bits(c.config.HeartbeatInterval.Seconds())))
}

func (c *Cluster) publishTaskAdded(t *task) {
	if len(c.subscribers) == 0 {
		return
	}
	c.publish(wire{encode(&master.Event{Type: master.Event_TASK_ADDED, TaskAdded: &master.Event_TaskAdded{Task: *t.message()}})})
}

func (c *Cluster) publishTaskUpdated(t *task, s status) {
	if len(c.subscribers) == 0 {
		return
	}
	state := taskState(t.state)
	c.publish(wire{encode(&master.Event{Type: master.Event_TASK_UPDATED, TaskUpdated: &master.Event_TaskUpdated{
		FrameworkID: mesosapi.FrameworkID{Value: t.app.framework.id}, Status: *t.statusMessage(s), State: &state,
	}})})
}

// publishAgentAdded tells of an agent that registered or came back: in its own
// words, without the checkpoint flag, and active even if it is deactivated
// (recordings events-agent-unregister, events-unreachable).
func (c *Cluster) publishAgentAdded(a *agent) {
	if len(c.subscribers) == 0 {
		return
	}
	agent := wire{c.agentMessage(a, encode(c.agentInfo(a)), a.connected)}
	c.publish(event(master.Event_AGENT_ADDED, agent.field(agentAddedAgent).field(eventAgentAdded)))
}

func (c *Cluster) publishAgentRemoved(a *agent) {
	c.publish(wire{encode(&master.Event{Type: master.Event_AGENT_REMOVED, AgentRemoved: &master.Event_AgentRemoved{
		AgentID: mesosapi.AgentID{Value: a.id},
	}})})
}
