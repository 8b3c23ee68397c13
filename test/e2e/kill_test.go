package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"cordon/test/e2e/harness"
	"cordon/test/e2e/redisproxy"
)

// point is one moment between two steps of a command: the write of a step, and whether the bot is killed before it
// reaches Redis or after it was carried out.
type point struct {
	step  string
	match func(hostname string) func([]string) bool
	after bool
}

func (p point) String() string {
	if p.after {
		return "after " + p.step
	}
	return "before " + p.step
}

// step matches the commit of one step about a host.
func step(kind, outcome string) func(string) func([]string) bool {
	return func(hostname string) func([]string) bool { return commits(kind, hostname, outcome) }
}

// posting matches the poster's write of what it has posted.
func posting(string) func([]string) bool {
	says := redisproxy.Says("poster")
	return func(words []string) bool { return len(words) > 8 && says(words) }
}

func both(step string, match func(string) func([]string) bool) []point {
	return []point{{step, match, false}, {step, match, true}}
}

// The steps of withholding and of giving back.
var (
	takingSteps = append(append(append(append(
		both("recording the filter", step("filter", "recorded")),
		both("the intent to withhold", step("taking", ""))...),
		both("noting that the master said yes", step("took", "accepted"))...),
		both("noting that a reading shows it", step("took", "verified"))...),
		both("noting the message", posting)...)
	givingSteps = append(append(append(
		both("recording the release", step("release", "recorded")),
		both("the intent to give back", step("releasing", ""))...),
		both("noting that it was given back", step("gave", "accepted"))...),
		both("noting that a reading shows it given back", step("gave", "verified"))...)
)

// killedAt kills the bot at the point while something is done, and starts it again.
func killedAt(t *testing.T, w *harness.World, p point, hostname string, do func()) {
	t.Helper()
	bot := w.Bot()
	kill := func() redisproxy.Fate { bot.Kill(); return redisproxy.Cut }
	trap := redisproxy.Trap{Match: p.match(hostname), Before: kill}
	if p.after {
		trap.Before, trap.After = nil, kill
	}
	caught := w.Proxy.Set(trap)
	do()
	select {
	case <-caught.Sprung():
	case <-time.After(harness.Patience + 20*time.Second):
		t.Fatalf("the bot never came %s on %s", p, hostname)
	}
	bot.Restart()
	bot.AwaitReady()
}

// The bot is killed at every point of a command, on the way there and on the way back. What was acknowledged is kept, and
// the journal and the cluster agree in the end.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	hostnames := []string{"agent-one", "agent-two", "agent-three", "agent-four"}
	const worlds = 4
	for number := range worlds {
		t.Run(fmt.Sprint(number+1), func(t *testing.T) {
			t.Parallel()
			w := harness.Open(t, harness.Setup{})
			turn := 0
			for i, p := range takingSteps {
				if i%worlds == number {
					hostname := hostnames[turn%len(hostnames)]
					turn++
					killedAt(t, w, p, hostname, func() { w.Say("alice", "filter "+hostname+" -m "+`"`+p.String()+`"`) })
					w.Say("alice", "filter "+hostname) // as somebody would who was not answered
					w.AwaitWithheld(hostname, true, harness.Patience)
				}
			}
			for i, p := range givingSteps {
				if i%worlds == number {
					turn--
					hostname := hostnames[turn%len(hostnames)]
					killedAt(t, w, p, hostname, func() { w.Say("alice", "unfilter "+hostname) })
					w.Say("alice", "unfilter "+hostname)
				}
			}
			w.Rest(2 * harness.Patience)
		})
	}
}

var rounds = flag.Int("rounds", 6, "how often something breaks at a random moment")

// The bot is killed at random moments while people go on asking for things.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{})
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range *rounds {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 3 {
				hostname := []string{"agent-one", "agent-two", "agent-three", "agent-four", "agent-five"}[random.IntN(5)]
				user := []string{"alice", "bob"}[random.IntN(2)]
				verb := []string{"filter", "filter", "unfilter"}[random.IntN(3)]
				w.Say(user, verb+" "+hostname)
			}
		}()
		select {
		case <-done:
		case <-time.After(time.Duration(rand.IntN(150)) * time.Millisecond):
		}
		w.Bot().Kill()
		w.Bot().Restart()
		<-done
		w.Bot().AwaitReady()
	}
	w.Rest(2 * harness.Patience)
}
