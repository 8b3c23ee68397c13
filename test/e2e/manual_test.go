package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
)

// spread runs an app of a framework, and returns a host that has one of its instances.
func spread(t *testing.T, w *harness.World, framework, app string, instances int) (hostname string) {
	t.Helper()
	w.Do("launch", map[string]any{"app": app, "framework": framework, "instances": instances})
	harness.Until(t, 2*harness.Patience, func() string {
		running := 0
		for _, agent := range w.Cluster().Agents {
			if count := agent.Runs(app); count > 0 {
				running, hostname = running+count, agent.Hostname
			}
		}
		if running < instances {
			return app + " does not run"
		}
		return ""
	})
	return hostname
}

// well waits until Marathon has seen so many instances of an app be well.
func well(t *testing.T, w *harness.World, app string, instances int) {
	t.Helper()
	harness.Until(t, harness.Patience, func() string {
		_, _, text := harness.Try(harness.Request{URL: w.MarathonURL + "/v2/apps/" + app})
		if !strings.Contains(text, fmt.Sprintf(`"tasksHealthy":%d`, instances)) {
			return app + " is not well: " + text
		}
		return ""
	})
}

// The documentation's manual draining, from chat: tasks of Marathon and of a REST framework move, one of a framework without an
// API is waited for, an operation that hangs is named, and the bot dies meanwhile. Nobody else is asked, and `allow` lists nothing.
func TestDrainsByHand(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	w.Do("kill", map[string]any{"app": "mail"}) // it has one instance, which would be held
	host := spread(t, w, "marathon", "web", 6)
	spread(t, w, "batch", "crunch", 6)
	w.Do("launch", map[string]any{"app": "job", "framework": "chronos", "instances": 1, "agent": host})
	harness.Until(t, harness.Patience, func() string {
		if w.Agent(host).Runs("job") == 0 {
			return "job does not run on " + host
		}
		return ""
	})
	w.Do("pend-operation", map[string]any{"agent": host})
	said(t, w.Say("carol", "tasks "+host), "from the agent itself", "chronos job running since", "marathon web running since", "is pending: ")

	said(t, w.Say("alice", "drain "+host+" --manual --dry-run"), "Would move tasks off 1 of 6 agents", "Mesos kills none")
	said(t, w.Say("carol", "drain "+host+" --manual"), "you may look", "Nothing was changed")
	said(t, w.Say("alice", "drain "+host+" --manual --deadline 5s -m disk"), "Tasks are asked to move off "+host)
	w.Bot().Kill()
	w.Bot().Restart()
	w.AwaitRootWithin(4*harness.Patience, host, "chronos 1 (waits for its people)", "is pending, seen since", "Nothing is forced")
	harness.Until(t, 4*harness.Patience, func() string {
		if agent := w.Agent(host); agent.Runs("web")+agent.Runs("crunch") > 0 {
			return "tasks are left on " + host
		}
		return ""
	})
	w.Do("kill", map[string]any{"app": "job"})
	w.AwaitRootWithin(2*harness.Patience, host, "no tasks left", "is pending")
	w.Do("finish-operation", map[string]any{"agent": host})
	w.AwaitRootWithin(2*harness.Patience, host+" is drained: safe to take down", "disk")
	empty(t, w, host)
	said(t, w.Say("carol", "tasks "+host), "no tasks run there and no operation is pending", "from the agent itself")
	said(t, w.Say("alice", "unfilter "+host), host)
	w.AwaitWithheld(host, false, 2*harness.Patience)
	w.Rest(2 * harness.Patience)
}

// An app of which another instance is not healthy moves no task, and the last instance of one moves by a person's word alone.
func TestWhatIsNotWellDoesNotMove(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	host := spread(t, w, "marathon", "post", 1)
	said(t, w.Say("alice", "drain "+host+" --manual"), "Tasks are asked to move off")
	w.AwaitRootWithin(2*harness.Patience, host, "/post: its last instance, which is held until somebody says --last")
	harness.Stays(t, 3*time.Second, func() string {
		if w.Agent(host).Runs("post") != 1 {
			return "the last instance of post was moved"
		}
		return ""
	})
	said(t, w.Say("alice", "run abort"), "No other task is asked to move")
	w.AwaitRoot(host + " is not drained")
	said(t, w.Say("alice", "drain "+host+" --manual --last"), "also the last instances")
	w.AwaitRootWithin(4*harness.Patience, host+" is drained: safe to take down")
	empty(t, w, host)
	w.Rest(2 * harness.Patience)
}

// A bot that only observes says of a drain by hand, a drain and machines what it would have done, does nothing, and is not stuck.
func TestObservingSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: "    observe: true\n    allow: [drain, gone, down]\n    policy: [{name: nothing, verbs: [drain, maintenance], require: nothing}]"})
	host := spread(t, w, "marathon", "web", 6)
	well(t, w, "web", 6)
	before := w.Agent(host).Runs("web")
	said(t, w.Say("alice", "drain "+host+" --manual -m disk"), "Tasks are asked to move off "+host, "only observe")
	w.AwaitRootWithin(4*harness.Patience, host+" is left alone: I only observe", "I would now ask marathon to move", "web", "I only observe demo")
	said(t, w.Say("alice", "drain "+host+" -m firmware"), "only observe")
	w.AwaitRootWithin(4*harness.Patience, host+" is left alone: I only observe", "I would now drain it, on which", "marathon")
	said(t, w.Say("alice", "maintenance schedule "+host+" --start now --duration 1h -m rack"), "only observe")
	w.AwaitRootWithin(4*harness.Patience, host, "I would now put it into the maintenance schedule")
	said(t, w.Say("alice", "maintenance schedule "+host+" --start now --duration 1h -m again"), "only observe")
	if agent := w.Agent(host); agent.Withheld() || agent.Runs("web") < before {
		t.Errorf("something was done to it: %+v", agent)
	}
	if standing := w.Filters(); len(standing) != 0 {
		t.Errorf("%+v stand", standing)
	}
}
