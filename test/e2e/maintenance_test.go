package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

// mayTakeDown lets people ask for machines to be taken down.
const mayTakeDown = "    allow: [down]\n"

// scheduled is a machine's entry in the master's schedule.
type scheduled struct {
	Hostname, IP    string
	Start, Duration int64 // in nanoseconds
}

// schedule reads the leading master's maintenance schedule, past the bot, by hostname.
func schedule(t *testing.T, w *harness.World) map[string]scheduled {
	t.Helper()
	status, text := harness.Call(t, harness.Request{Method: http.MethodPost, URL: w.Cluster().Leader + "/api/v1", JSON: map[string]any{"type": "GET_MAINTENANCE_SCHEDULE"}})
	var answer struct {
		Got struct {
			Schedule struct {
				Windows []struct {
					Machines       []struct{ Hostname, IP string } `json:"machine_ids"`
					Unavailability struct {
						Start, Duration struct{ Nanoseconds int64 }
					}
				}
			}
		} `json:"get_maintenance_schedule"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("the schedule: %d %s %v", status, text, err)
	}
	entries := map[string]scheduled{}
	for _, window := range answer.Got.Schedule.Windows {
		for _, machine := range window.Machines {
			away := window.Unavailability
			entries[machine.Hostname] = scheduled{machine.Hostname, machine.IP, away.Start.Nanoseconds, away.Duration.Nanoseconds}
		}
	}
	return entries
}

// reschedule replaces the leading master's maintenance schedule, as another tool would.
func reschedule(t *testing.T, w *harness.World, entries map[string]scheduled) {
	t.Helper()
	windows := []any{}
	for _, entry := range entries {
		windows = append(windows, map[string]any{
			"machine_ids": []any{map[string]any{"hostname": entry.Hostname, "ip": entry.IP}},
			"unavailability": map[string]any{
				"start": map[string]any{"nanoseconds": entry.Start}, "duration": map[string]any{"nanoseconds": entry.Duration},
			},
		})
	}
	status, text := harness.Call(t, harness.Request{Method: http.MethodPost, URL: w.Cluster().Leader + "/api/v1", JSON: map[string]any{
		"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": map[string]any{"schedule": map[string]any{"windows": windows}},
	}})
	if status != http.StatusOK && status != http.StatusAccepted {
		t.Fatalf("the schedule was not taken: %d %s", status, text)
	}
}

// somebodyElse is an entry that is not the bot's.
func somebodyElse() scheduled {
	return scheduled{"elsewhere", "10.9.9.9", time.Now().Add(24 * time.Hour).UnixNano(), int64(90 * time.Minute)}
}

// theirs puts somebody else's entry into the schedule, and returns what fails the test if it is not as it was.
func theirs(t *testing.T, w *harness.World) (untouched func()) {
	t.Helper()
	entry := somebodyElse()
	entries := schedule(t, w)
	entries[entry.Hostname] = entry
	reschedule(t, w, entries)
	return func() {
		t.Helper()
		if now := schedule(t, w)[entry.Hostname]; now != entry {
			t.Errorf("somebody else's entry was %+v, and is %+v", entry, now)
		}
	}
}

// takeDown has bob and dana agree to what alice asked for, by its button.
func takeDown(t *testing.T, w *harness.World, hostname string) {
	t.Helper()
	agree(t, w, "take "+hostname+" down")
}

// away fails if the host's agent is there, or anything runs on it.
func away(t *testing.T, w *harness.World, hostname string) {
	t.Helper()
	harness.Until(t, harness.Patience, func() string {
		agent := w.Agent(hostname)
		if agent.Connected {
			return hostname + " is still connected"
		}
		for _, task := range agent.Tasks {
			if task.State == "TASK_RUNNING" {
				return task.ID + " still runs on " + hostname
			}
		}
		return ""
	})
}

// back starts the host's agent and waits until it takes tasks, under the ID that it had.
func back(t *testing.T, w *harness.World, hostname, id string) {
	t.Helper()
	w.Do("restart-agent", map[string]any{"agent": hostname})
	harness.Until(t, harness.Patience, func() string {
		if agent := w.Agent(hostname); !agent.Connected || !agent.Active || agent.ID != id {
			return fmt.Sprintf("%s is %+v", hostname, agent)
		}
		return ""
	})
}

// The documentation's walk-through, from chat: scheduling, draining mode, starting, completing, and the status at each step.
func TestMaintenanceFromChat(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: mayTakeDown})
	untouched := theirs(t, w)
	occupy(t, w, 0, "agent-one")
	id := w.Agent("agent-one").ID

	said(t, w.Say("carol", "maintenance schedule agent-one --start now"), "you may look", "Nothing was changed")
	said(t, w.Say("alice", "maintenance down agent-one"), "is not in the maintenance schedule", "Nothing was changed")
	said(t, w.Say("alice", `maintenance schedule agent-one --start "tomorrow 02:00" --duration 1h -m disk --dry-run`), "Would schedule agent-one", "marathon")
	said(t, w.Say("alice", `maintenance schedule agent-one --start "tomorrow 02:00" --duration 1h -m disk`), "comes into the maintenance schedule", "UTC", "for 1 h")
	message := w.AwaitRoot("agent-one is in the maintenance schedule", "confirmed", "disk")
	said(t, w.Say("carol", "maintenance status"), "2 Draining", "agent-one", "127.0.1.1", "begins in", "marathon", "accepted", "elsewhere", "by somebody else")
	if agent := w.Agent("agent-one"); !agent.Connected || agent.Runs("on-agent-one") == 0 {
		t.Errorf("scheduling touched what runs: %+v", agent)
	}
	said(t, w.Say("alice", "maintenance cancel elsewhere@10.9.9.9"), "somebody else's window", "Nothing was changed")
	untouched()

	said(t, w.Press("alice", message.TS, "maintenance-down"), "Asked for approval", "take agent-one down")
	asked := w.AwaitRoot("asks to take agent-one down", "marathon", "killed at once")
	said(t, w.Press("alice", asked.TS, "approve"), "yourself", "Nothing was changed")
	said(t, w.Press("bob", asked.TS, "approve"), "1 more yes is needed")
	said(t, w.Say("carol", "maintenance status agent-one"), "1 Draining")
	if w.Agent("agent-one").Runs("on-agent-one") == 0 {
		t.Error("a task was killed before anybody agreed")
	}
	said(t, w.Press("dana", asked.TS, "approve"), "it begins now")
	message = w.AwaitRoot("agent-one is down for maintenance", "confirmed", "disk")
	away(t, w, "agent-one")
	said(t, w.Say("carol", "maintenance status agent-one"), "1 Down", "begins in")
	said(t, w.Say("alice", "maintenance cancel agent-one"), "stays in the maintenance schedule", "Nothing was changed")
	untouched()
	w.Do("restart-agent", map[string]any{"agent": "agent-one"})
	harness.Stays(t, 2*time.Second, func() string {
		if w.Agent("agent-one").Connected {
			return "an agent came back while its machine is down"
		}
		return ""
	})

	said(t, w.Press("bob", message.TS, "maintenance-up"), "is brought up")
	w.AwaitRoot("agent-one is up again, and out of the maintenance schedule", "brought up by")
	back(t, w, "agent-one", id)
	said(t, w.Say("carol", "maintenance status agent-one"), "1 Up", "not in the maintenance schedule")
	said(t, w.Say("carol", "history agent-one"), "START_MAINTENANCE accepted", "STOP_MAINTENANCE accepted")
	if _, left := schedule(t, w)["agent-one"]; left {
		t.Error("agent-one is still in the schedule")
	}
	untouched()
	w.Rest(2 * harness.Patience)
}

// What somebody else does to a machine of ours is told, and left as it is.
func TestSomebodyElseChangesTheSchedule(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	said(t, w.Say("alice", "maintenance schedule agent-two,agent-three,agent-nine@10.0.9.9 --start now --duration 2h -m rack"), "3 machines come")
	w.AwaitRoot("3 machines are in the maintenance schedule", "confirmed")
	said(t, w.Say("alice", "maintenance down agent-two"), "switched off", "Nothing was changed")
	entries := schedule(t, w)
	delete(entries, "agent-two")
	moved := entries["agent-three"]
	moved.Start += int64(time.Hour)
	entries["agent-three"] = moved
	reschedule(t, w, entries)
	w.AwaitRootWithin(2*harness.Patience+40*time.Second, "Somebody else changed the maintenance schedule", "took it out", "moved it")
	if now := schedule(t, w); now["agent-three"] != moved || len(now) != 2 {
		t.Errorf("the schedule is %+v", now)
	}
	said(t, w.Say("alice", "maintenance cancel agent-three"), "somebody else's window", "Nothing was changed")
	said(t, w.Say("alice", "maintenance cancel agent-nine"), "leaves the maintenance schedule")
	w.AwaitRoot("agent-nine is out of the maintenance schedule", "no longer ours")
	if now := schedule(t, w); now["agent-three"] != moved || len(now) != 1 {
		t.Errorf("the schedule is %+v", now)
	}
	w.Rest(2 * harness.Patience)
}

// chapter is a word of the walk-through, with the moments at which the bot is killed in it.
type chapter struct {
	name    string
	prepare func(t *testing.T, w *harness.World, hostname, why string)
	begin   func(t *testing.T, w *harness.World, hostname, why string)
	ended   string // what the message says when it has come true
	edges   []edge
}

func scheduleIt(_ *testing.T, w *harness.World, hostname, why string) {
	w.Say("alice", fmt.Sprintf("maintenance schedule %s --start now --duration 2h -m %q", hostname, why))
}

func prepareScheduled(t *testing.T, w *harness.World, hostname, why string) {
	scheduleIt(t, w, hostname, why)
	w.AwaitRoot(hostname+" is in the maintenance schedule", "confirmed", why)
}

func prepareAsked(t *testing.T, w *harness.World, hostname, why string) {
	prepareScheduled(t, w, hostname, why)
	said(t, w.Say("alice", "maintenance down "+hostname), "Asked for approval")
	w.AwaitRoot("asks to take " + hostname + " down")
}

func prepareDown(t *testing.T, w *harness.World, hostname, why string) {
	prepareAsked(t, w, hostname, why)
	takeDown(t, w, hostname)
	w.AwaitRoot(hostname+" is down for maintenance", "confirmed", why)
}

// takeItDown presses Approve as bob and as dana.
func takeItDown(_ *testing.T, w *harness.World, hostname, _ string) {
	sayYes(w, w.AwaitRoot("asks to take "+hostname+" down").TS)
}

// around are the moments around the writes of a word.
func around(kind filters.Kind, first string) []edge {
	return []edge{
		{"before it is recorded", ofAgent(kind, first), false},
		{"once it is recorded", ofAgent(kind, first), true},
		{"once the intent is written", ofAgent(kind, "sending"), true},
		{"before the master's yes is written", ofAgent(kind, string(filters.StateAccepted)), false},
		{"before it is confirmed", ofAgent(kind, string(filters.StateVerified)), false},
		{"once it is confirmed", ofAgent(kind, string(filters.StateVerified)), true},
	}
}

var chapters = []chapter{
	{"schedule", func(*testing.T, *harness.World, string, string) {}, scheduleIt, " is in the maintenance schedule", around(filters.KindSchedule, string(filters.StateRecorded))},
	{"down", prepareScheduled, func(_ *testing.T, w *harness.World, hostname, why string) {
		w.Say("alice", fmt.Sprintf("maintenance down %s -m %q", hostname, why))
	},
		" down", []edge{
			{"before it is asked", outcome(string(filters.ApprovalOpen)), false},
			{"once it is asked", outcome(string(filters.ApprovalOpen)), true},
		}},
	{"yes", prepareAsked, takeItDown, " is down for maintenance", append([]edge{
		{"before the yes is written", outcome(string(filters.ApprovalGranted)), false},
		{"once the yes is written", outcome(string(filters.ApprovalGranted)), true},
		{"before it is noted as begun", outcome(string(filters.ApprovalStarted)), false},
	}, around(filters.KindDown, string(filters.StateRecorded))[2:5]...)},
	{"up", prepareDown, func(_ *testing.T, w *harness.World, hostname, _ string) { w.Say("bob", "maintenance up "+hostname) },
		" is up again, and out of the maintenance schedule", around(filters.KindUp, string(filters.StateRecorded))},
	{"cancel", prepareScheduled, func(_ *testing.T, w *harness.World, hostname, _ string) { w.Say("bob", "maintenance cancel "+hostname) },
		" is out of the maintenance schedule", around(filters.KindCancel, string(filters.StateRecorded))},
}

// The bot is killed around every step of every word. The next finishes what was agreed to, and never touches what is not ours.
func TestMaintenanceOutlivesKills(t *testing.T) {
	t.Parallel()
	hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five", "agent-six"}
	for _, c := range chapters {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{Cluster: mayTakeDown})
			untouched := theirs(t, w)
			idle(w)
			for i, edge := range c.edges {
				why := c.name + " " + strings.ReplaceAll(edge.name, "'", "")
				c.prepare(t, w, hostnames[i], why)
				killedIn(t, w, edge, hostnames[i], func() { c.begin(t, w, hostnames[i], why) })
				if i == 0 { // it was not written
					c.begin(t, w, hostnames[i], why) // as somebody would who was not answered
				}
				w.AwaitRootWithin(4*harness.Patience, hostnames[i]+c.ended, why)
				untouched()
			}
			w.Rest(2 * harness.Patience)
		})
	}
}

// idle ends what runs from the start: it would move from one machine to the next, and a plan that came to cost more is asked again.
func idle(w *harness.World) {
	apps := map[string]bool{}
	for _, agent := range w.Cluster().Agents {
		for _, task := range agent.Tasks {
			apps[task.App] = true
		}
	}
	for app := range apps {
		w.Do("kill", map[string]any{"app": app})
	}
}

// killedIn kills the bot at the edge while something is done, and starts it again.
func killedIn(t *testing.T, w *harness.World, edge edge, hostname string, do func()) {
	t.Helper()
	bot := w.Bot()
	caught := w.Proxy.Set(edge.trap(func() redisproxy.Fate { bot.Kill(); return redisproxy.Cut }, "", hostname))
	do()
	select {
	case <-caught.Sprung():
	case <-time.After(4 * harness.Patience):
		t.Fatalf("%s: the bot never came %s", hostname, edge.name)
	}
	bot.Restart()
	bot.AwaitReady()
}
