package browser

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cordon/internal/sim"
)

// stage is a cluster, a workspace and a bot of the simplest kind, for tests of
// the page alone: what it shows is set by the test, at once and without timing.
type stage struct {
	mutex    sync.Mutex
	view     sim.ClusterView
	apps     map[string]int // instances started, for task IDs
	posts    []post
	clicks   []sim.Click
	views    []sim.View
	filled   []sim.Submission
	watchers []chan struct{}
	count    int
	mode     string
	cut      time.Duration
}

type post struct {
	sim.Message
	reader string // empty: everybody
}

const (
	botID     = "U0CORDON"
	channelID = "C0OPS"
)

func people() []sim.Person {
	return []sim.Person{
		{Name: "alice", ID: "U0ALICE", Role: "operator"},
		{Name: "bob", ID: "U0BOB", Role: "operator"},
		{Name: "carol", ID: "U0CAROL", Role: "onlooker"},
	}
}

func newStage() *stage {
	s := &stage{view: sim.ClusterView{Leader: "http://127.0.0.1:5050"}, apps: map[string]int{}}
	for i, name := range []string{"one", "two", "three", "four", "five", "six"} {
		s.view.Agents = append(s.view.Agents, sim.Agent{
			ID: "S" + strconv.Itoa(i), Hostname: "agent-" + name, Active: true, Connected: true, State: "active",
			Attributes: map[string]string{"rack": "r" + strconv.Itoa(i/2+1), "zone": "z" + strconv.Itoa(i%2+1)},
		})
	}
	slices.SortFunc(s.view.Agents, func(a, b sim.Agent) int { return cmp.Compare(a.Hostname, b.Hostname) })
	for app, hosts := range map[string][]string{"shop": {"agent-two", "agent-three", "agent-five"}, "search": {"agent-four", "agent-six"}} {
		for _, host := range hosts {
			_ = s.Launch(sim.Order{App: app, Instances: 1, Agent: host})
		}
	}
	return s
}

func (s *stage) changed() {
	for _, watcher := range s.watchers {
		select {
		case watcher <- struct{}{}:
		default:
		}
	}
}

func (s *stage) Watch(context.Context) <-chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	watcher := make(chan struct{}, 1)
	s.watchers = append(s.watchers, watcher)
	return watcher
}

func (s *stage) Snapshot() sim.ClusterView {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	copied := s.view
	copied.Agents, copied.Waiting = slices.Clone(s.view.Agents), slices.Clone(s.view.Waiting)
	return copied
}

// edit changes the cluster and shows it.
func (s *stage) edit(change func(*sim.ClusterView)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	change(&s.view)
	s.place()
	s.changed()
}

func (s *stage) Launch(order sim.Order) error {
	s.edit(func(view *sim.ClusterView) {
		for range order.Instances {
			view.Waiting = append(view.Waiting, sim.Waiting{App: order.App, Agent: order.Agent})
		}
	})
	return nil
}

// place starts what waits on the emptiest agent that takes tasks.
func (s *stage) place() {
	s.view.Waiting = slices.DeleteFunc(slices.Clone(s.view.Waiting), func(task sim.Waiting) bool {
		var best *sim.Agent
		for i := range s.view.Agents {
			agent := &s.view.Agents[i]
			fits := !agent.Deactivated && (task.Agent == "" || task.Agent == agent.Hostname)
			if fits && (best == nil || len(agent.Tasks) < len(best.Tasks)) {
				best = agent
			}
		}
		if best == nil {
			return false
		}
		s.apps[task.App]++
		id := fmt.Sprintf("%s.%d", task.App, s.apps[task.App])
		best.Tasks = append(slices.Clone(best.Tasks), sim.Task{ID: id, App: task.App, State: "TASK_RUNNING"})
		return true
	})
}

func (s *stage) Kill(app string) error {
	s.edit(func(view *sim.ClusterView) {
		for i, agent := range view.Agents {
			view.Agents[i].Tasks = slices.DeleteFunc(slices.Clone(agent.Tasks), func(t sim.Task) bool { return t.App == app })
		}
		view.Waiting = slices.DeleteFunc(slices.Clone(view.Waiting), func(w sim.Waiting) bool { return w.App == app })
	})
	return nil
}

func (s *stage) RestartAgent(hostname string) error {
	s.withhold(hostname, func(agent *sim.Agent) { agent.Active, agent.Connected, agent.State = false, false, "disconnected" })
	return nil
}

func (s *stage) LoseWorkDir(hostname string) error { return s.RestartAgent(hostname) }

func (s *stage) HoldOffers(bool) {}

func (s *stage) Failover() error {
	s.edit(func(view *sim.ClusterView) { view.Leader = "http://127.0.0.1:5051" })
	return nil
}

// withhold changes one agent.
func (s *stage) withhold(hostname string, change func(*sim.Agent)) {
	s.edit(func(view *sim.ClusterView) {
		for i := range view.Agents {
			if view.Agents[i].Hostname == hostname {
				change(&view.Agents[i])
			}
		}
	})
}

func (s *stage) SetMode(mode string, _ time.Duration) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.mode = mode
	return nil
}

func (s *stage) SetGroup(string, []string) error { return nil }

func (s *stage) Cut(d time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.cut = d
}

// post adds a message; blocks is a Block Kit array in JSON, or "".
func (s *stage) post(reader, thread, text, blocks string) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.count++
	ts := fmt.Sprintf("%d.%06d", time.Now().Unix(), s.count)
	s.posts = append(s.posts, post{sim.Message{
		TS: ts, ThreadTS: thread, Channel: channelID, User: botID, Ephemeral: reader != "", Text: text,
		Blocks: json.RawMessage(cmp.Or(blocks, "[]")),
	}, reader})
	s.changed()
	return ts
}

// update edits a message.
func (s *stage) update(ts, text, blocks string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for i := range s.posts {
		if s.posts[i].TS == ts {
			s.posts[i].Text, s.posts[i].Blocks, s.posts[i].Edited = text, json.RawMessage(blocks), true
		}
	}
	s.changed()
}

func (s *stage) Suggest(_ context.Context, _ sim.Click, typed string) ([]sim.Option, error) {
	options := []sim.Option{{Text: "agent-one", Value: "agent-one", About: "rack r1"}, {Text: "agent-two", Value: "agent-two"}}
	return slices.DeleteFunc(options, func(option sim.Option) bool { return !strings.Contains(option.Text, typed) }), nil
}

func (s *stage) Home(string) (sim.View, bool) { return sim.View{}, false }

func (s *stage) OpenHome(context.Context, string) error { return nil }

func (s *stage) Views(user string) []sim.View {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if user != "alice" {
		return nil
	}
	return slices.Clone(s.views)
}

// ask opens a dialog with one field for alice.
func (s *stage) ask() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.views = []sim.View{{ID: "V1", Title: "Adopt", Submit: "Adopt", Close: "Cancel", Blocks: json.RawMessage(`[
		{"type":"section","text":{"type":"plain_text","text":"The agent becomes ours."}},
		{"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Why?"},"element":{"type":"plain_text_input","action_id":"reason","max_length":500}}]`)}}
	s.changed()
}

func (s *stage) Submit(_ context.Context, submission sim.Submission) (sim.Answer, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.filled, s.views = append(s.filled, submission), nil
	s.changed()
	return sim.Answer{}, nil
}

func (s *stage) CloseView(context.Context, string, string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.views = nil
	s.changed()
	return nil
}

func (s *stage) Messages(user string) []sim.Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var seen []sim.Message
	for _, post := range s.posts {
		if post.reader == "" || post.reader == user {
			seen = append(seen, post.Message)
		}
	}
	return seen
}

// Command knows filter and unfilter, repeats anything else, and fails for "fail".
func (s *stage) Command(_ context.Context, user, _, text string) (sim.Answer, error) {
	words := strings.Fields(text)
	switch {
	case len(words) > 2 && words[1] == "filter":
		s.withhold(words[2], func(agent *sim.Agent) { agent.Deactivated, agent.State = true, "deactivated" })
		ts := s.post("", "", words[2]+" takes no new tasks", withheldBlocks(words[2], user))
		s.post("", ts, "asked by "+user, "")
		s.post("", ts, "DEACTIVATE_AGENT accepted by 127.0.0.1:5050", "")
	case len(words) > 2 && words[1] == "unfilter":
		s.withhold(words[2], func(agent *sim.Agent) { agent.Deactivated, agent.State = false, "active" })
		s.post(user, "", words[2]+" takes tasks again", "")
	case len(words) > 1 && words[1] == "fail":
		return sim.Answer{}, fmt.Errorf("%s failed with the error \"dispatch_failed\"", words[0])
	default:
		s.post(user, "", "You said: "+escape(text), "")
	}
	return sim.Answer{TriggerID: "1.2"}, nil
}

func (s *stage) Click(_ context.Context, click sim.Click) (sim.Answer, error) {
	s.mutex.Lock()
	s.clicks = append(s.clicks, click)
	s.mutex.Unlock()
	s.update(click.MessageTS, "released", `[{"type":"section","text":{"type":"mrkdwn","text":"▶ *agent takes tasks again*"}}]`)
	return sim.Answer{TriggerID: "1.3"}, nil
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

func withheldBlocks(agent, user string) string {
	now := time.Now().Unix()
	return fmt.Sprintf(`[
	{"type":"section","text":{"type":"mrkdwn","text":"⏸ *%s takes no new tasks* · confirmed <!date^%d^{time}|14:03 UTC>"}},
	{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[
		{"type":"text","text":"kernel upgrade"},{"type":"text","text":" · by "},{"type":"user","user_id":"%s"},
		{"type":"text","text":" · until "},{"type":"date","timestamp":%d,"format":"{time}","fallback":"16:03 UTC"}]}]},
	{"type":"context","elements":[{"type":"mrkdwn","text":"1 task runs on: marathon 1 · 1 of 6 agents withheld"}]},
	{"type":"actions","block_id":"b1","elements":[
		{"type":"button","action_id":"release","style":"danger","text":{"type":"plain_text","text":"Release"},
		 "confirm":{"title":{"type":"plain_text","text":"Release %s?"},"text":{"type":"plain_text","text":"It gets offers again."},
		 "confirm":{"type":"plain_text","text":"Release"},"deny":{"type":"plain_text","text":"Keep it"}}},
		{"type":"button","action_id":"extend","text":{"type":"plain_text","text":"Extend 1h"}},
		{"type":"button","action_id":"details","text":{"type":"plain_text","text":"Details"}}]}]`,
		agent, now, "U0"+strings.ToUpper(user), now+7200, agent)
}
