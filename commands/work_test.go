package commands_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
	"cordon/commands/internal/stage"
	"cordon/filters"

	gocmp "github.com/google/go-cmp/cmp"
)

// shown are what agents say of themselves, by hostname; one that is not there is silent.
type shown struct {
	work map[string]filters.Work
	errs map[string]error

	mutex sync.Mutex
	asked []string
	busy  int // looks under way
	most  int // of them at once
}

func (s *shown) Look(ctx context.Context, agent filters.Agent) (filters.Work, error) {
	s.mutex.Lock()
	s.asked = append(s.asked, agent.Hostname)
	s.busy++
	s.most = max(s.most, s.busy)
	s.mutex.Unlock()
	defer func() { s.mutex.Lock(); s.busy--; s.mutex.Unlock() }()
	if err := s.errs[agent.Hostname]; err != nil {
		return filters.Work{}, err
	}
	if work, ok := s.work[agent.Hostname]; ok {
		return work, nil
	}
	<-ctx.Done()
	return filters.Work{}, &filters.Error{Code: filters.Unavailable, Wrong: agent.Hostname + " does not answer", Cause: ctx.Err()}
}

// aFewTasks are what an agent shows in every way in which a task may stand there.
func aFewTasks(now time.Time) filters.Work {
	return filters.Work{
		Tasks: []filters.Task{
			{Framework: "chronos", ID: "ct:1:0:night", Name: "ct:1:0:night", State: "TASK_RUNNING", Since: now.Add(-26 * time.Hour)},
			{Framework: "marathon", ID: "web.1f0e", Name: "web", State: "TASK_RUNNING", Since: now.Add(-time.Minute)},
			{Framework: "marathon", ID: "web.0a2b", Name: "web", State: "TASK_KILLING", Since: now.Add(-time.Hour)},
			{Framework: "marathon", ID: "shop.77", Name: "shop", State: "TASK_STAGING", Queue: "queued"},
			{Framework: "marathon", ID: "shop.78", Name: "shop", State: "TASK_STAGING", Queue: "pending"},
		},
		Operations: []filters.Operation{{ID: "op-1", Type: "CREATE", Framework: "marathon"}, {ID: "a1b2", Type: "UNRESERVE"}},
	}
}

func manyTasks(count int) filters.Work {
	var work filters.Work
	for i := range count {
		work.Tasks = append(work.Tasks, filters.Task{Framework: "batch", ID: fmt.Sprintf("crunch.%02d", i), Name: "crunch", State: "TASK_RUNNING"})
		work.Operations = append(work.Operations, filters.Operation{ID: fmt.Sprintf("op-%02d", i), Type: "RESERVE", Framework: "batch"})
	}
	return work
}

func TestTasksAsTheAgentTellsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		evil := filters.Work{
			Tasks:      []filters.Task{{Framework: "<!channel> *m*\n\u202efake", ID: strings.Repeat("x", 200), Name: "`<@UBOB>`\nagent-two is drained", State: "TASK_RUNNING"}, {}},
			Operations: []filters.Operation{{ID: "a`b\x00", Type: "CREATE", Framework: "<https://evil.example|here>"}},
		}
		refused := &filters.Error{Code: filters.Denied, Wrong: "agent-two at 10.0.0.2:5051 wants to know who asks", Expected: "`agents: {principal, secret_file}` in the configuration"}
		broken := &filters.Error{Code: filters.Unavailable, Wrong: "agent-two at 10.0.0.2:5051 answered 500"}
		everybody := map[string]filters.Work{"agent-one": aFewTasks(now), "agent-two": {}, "agent-three": manyTasks(13), "agent-four": {}, "agent-five": {}, "agent-six": {}}
		got := ""
		for _, test := range []struct {
			name   string
			agents *shown // nil: nobody looks
			text   string
		}{
			{"nobody looks", nil, "tasks agent-one"},
			{"every kind", &shown{work: everybody}, "tasks agent-one"},
			{"nothing is left", &shown{work: everybody}, "tasks agent-two"},
			{"too many to show", &shown{work: everybody}, "tasks agent-three"},
			{"one is silent", &shown{work: map[string]filters.Work{"agent-one": aFewTasks(now)}}, "tasks agent-one,agent-two,agent-three"},
			{"one refuses", &shown{errs: map[string]error{"agent-two": refused}}, "tasks agent-two"},
			{"one is broken", &shown{errs: map[string]error{"agent-two": broken}}, "tasks agent-two"},
			{"names are text", &shown{work: map[string]filters.Work{"agent-one": evil}}, "tasks agent-one"},
			{"more than are asked", &shown{work: everybody}, "tasks agent-*"},
			{"none is named", &shown{work: everybody}, "tasks"},
		} {
			on := stage.New(stage.Options{})
			config := commands.Config{Clusters: map[string]commands.Service{"prod": on}}
			if test.agents != nil {
				config.Agents = map[string]commands.Agents{"prod": test.agents}
			}
			bot, began := commands.New(config), time.Now()
			reply := bot.Handle(t.Context(), commands.Input{Text: test.text, Actor: filters.Actor{ID: "user:UCAROL", User: "UCAROL"}, Channel: "COPS"})
			if took := time.Since(began); reply.Code != "" || took > time.Second {
				t.Errorf("%s: %q after %v", test.name, reply.Code, took)
			}
			if test.agents != nil && !strings.Contains(test.text, "agent-o") && !strings.Contains(test.text, "agent-t") && len(test.agents.asked) > 0 {
				t.Errorf("%s: %v were asked", test.name, test.agents.asked)
			}
			got += "# " + test.name + "\n> " + test.text + "\n" + markup(reply)
			bot.Stop(t.Context())
		}
		checkFile(t, "testdata/tasks.golden", got)
	})
}

// checkFile compares with a golden file, or writes it anew.
func checkFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := gocmp.Diff(string(want), got); difference != "" {
		t.Errorf("%s (run with -update to accept):\n%s", path, difference)
	}
}

// Whatever many people ask for at once, no more agents than a few are asked at a time, and each of them has an answer in time.
func TestManyLooksTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, agents := stage.New(stage.Options{}), &shown{}
		bot := commands.New(commands.Config{Clusters: map[string]commands.Service{"prod": on}, Agents: map[string]commands.Agents{"prod": agents}})
		var typing sync.WaitGroup
		for range 5 {
			typing.Go(func() {
				began := time.Now()
				reply := bot.Handle(t.Context(), commands.Input{Text: "tasks agent-one,agent-two,agent-three,agent-four,agent-five", Actor: filters.Actor{ID: "user:UCAROL", User: "UCAROL"}, Channel: "COPS"})
				if took := time.Since(began); took > time.Second || strings.Count(reply.Text(), "did not answer within 1 s: by the master's count") != 5 {
					t.Errorf("after %v: %s", took, reply.Text())
				}
			})
		}
		typing.Wait()
		if agents.most != 10 {
			t.Errorf("%d agents were asked at once", agents.most)
		}
		bot.Stop(t.Context())
	})
}
