package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"cordon/test/e2e/harness"
	"cordon/test/journal"
)

// Limits hold when everybody asks at once, on every replica.
func TestLimitsHoldAgainstARush(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Replicas: 2, Cluster: "    max_withheld: {cluster: 3, rack: 2}"})
	var rush sync.WaitGroup
	for i, hostname := range []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five", "agent-six"} {
		for j, user := range []string{"alice", "bob"} {
			rush.Go(func() { w.Deliver(user, "filter "+hostname, fmt.Sprintf("rush.%d.%d", i, j), w.Bots[(i+j)%2]) })
		}
	}
	rush.Wait()
	withheld := map[string]bool{}
	for _, filter := range w.Filters() {
		withheld[filter.Hostname] = true
	}
	if len(withheld) != 3 {
		t.Errorf("3 agents may be withheld, and are: %v", withheld)
	}
	w.Rest(harness.Patience)
}

// stormy is a crowd that asks for things, on whichever replica, and repeats itself.
type stormy struct {
	*harness.World
	mutex  sync.Mutex
	random *rand.Rand
	count  int
}

func (s *stormy) pick(n int) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.random.IntN(n)
}

func one(s *stormy, of ...string) string { return of[s.pick(len(of))] }

func (s *stormy) trigger() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.count++
	return fmt.Sprintf("storm.%d", s.count)
}

// ask asks for one thing, now and then twice, as Slack does when it hears nothing.
func (s *stormy) ask() {
	user, trigger := one(s, "alice", "bob"), s.trigger()
	words := one(s, "filter", "filter", "filter", "unfilter", "unfilter", "extend") + " " + one(s, "agent-one", "agent-two", "agent-three", "agent-four", "agent-five,agent-six")
	switch words[:6] {
	case "filter":
		words += one(s, "", " --for 1h", " --for 3s", " -m storm")
	case "extend":
		words += " --for 2h"
	}
	bots := []*harness.Bot{s.Bots[s.pick(2)], s.Bots[s.pick(2)]}
	s.Deliver(user, words, trigger, bots[:1+s.pick(2)]...)
}

// trouble breaks something and mends it.
func (s *stormy) trouble(t *testing.T) {
	bot := s.Bots[s.pick(len(s.Bots))]
	pause := time.Duration(50+s.pick(400)) * time.Millisecond
	switch what := one(s, "kill", "kill", "terminate", "freeze", "cut", "refuse", "delay", "redis", "agent", "failover", "slack"); what {
	case "kill":
		bot.Kill()
		bot.Restart()
	case "terminate":
		bot.Terminate(t)
		bot.Restart()
	case "freeze":
		bot.Freeze()
		harness.Pause(pause)
		bot.Thaw()
	case "agent":
		s.Do("restart-agent", map[string]any{"agent": one(s, "agent-one", "agent-two", "agent-three")})
	case "failover":
		if s.Cluster().Leader != "" { // one at a time
			s.Do("failover", nil)
		}
	case "slack":
		s.Do("slack", map[string]any{"mode": one(s, "down", "rate-limit"), "seconds": 1})
	case "redis":
		s.Redis.Stop()
		s.Redis.Start()
	default:
		map[string]func(){"cut": s.Proxy.Cut, "refuse": s.Proxy.Refuse, "delay": func() { s.Proxy.Delay(pause) }}[what]()
		harness.Pause(pause)
		if err := s.Proxy.Heal(); err != nil {
			t.Error(err)
		}
	}
}

// Everything breaks while a crowd goes on asking on two replicas. Afterwards nothing that was acknowledged is lost, nothing
// that was refused has happened, and journal and cluster agree.
func TestStorm(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := &stormy{World: harness.Open(t, harness.Setup{Replicas: 2}), random: rand.New(rand.NewPCG(seed, 0))}
	over := make(chan struct{})
	var crowd sync.WaitGroup
	for range 3 {
		crowd.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					s.ask()
					harness.Pause(time.Duration(s.pick(100)) * time.Millisecond)
				}
			}
		})
	}
	for range *rounds {
		harness.Pause(time.Duration(s.pick(1500)) * time.Millisecond)
		s.trouble(t)
	}
	close(over)
	crowd.Wait()
	for _, bot := range s.Bots {
		bot.AwaitReady()
	}
	s.Rest(3 * harness.Patience)
}

// Observing, the bot says what it would do and sends nothing.
func TestObservingSendsNothing(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Cluster: "    observe: true"})
	answer := w.Say("alice", "filter agent-one -m rehearsal")
	said(t, answer, "agent-one", "only observe")
	w.AwaitRoot("agent-one", "only observe")
	harness.Stays(t, 2*time.Second, func() string {
		if w.Agent("agent-one").Withheld() {
			return "agent-one is withheld although the bot only observes"
		}
		return ""
	})
	if got := journal.Check(journal.Run{Entries: w.Journal()}); len(got) > 0 {
		t.Error(got)
	}
}
