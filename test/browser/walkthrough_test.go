package browser

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"cordon/internal/sim"
)

// TestWalkThroughWithTheBot is the README's tour, in the demo that visitors run:
// the built binary with its simulators and the real bot between them.
func TestWalkThroughWithTheBot(t *testing.T) {
	ready := runDemo(t)
	v := visitURL(t, ready.Page)
	done := func(n string) { v.until(`document.querySelectorAll("#steps .done").length >= ` + n) }

	v.click("#tour-now .primary")
	done("1")
	v.click("#tour-now .primary")
	v.press("\r")
	if took := v.until(withheld("agent-one")); took > time.Second {
		t.Errorf("agent-one was withheld after %s", took)
	}
	v.says("agent-one takes no new tasks")
	for _, part := range []string{"kernel upgrade", "@alice", "until", "confirmed"} {
		v.says(part)
	}
	done("2")

	v.click("#tour-now .primary")
	done("3")
	v.until(`document.querySelector("#waiting-list").innerText === "hello-pinned waits for agent-one"`)
	if !ask[bool](v, `document.querySelector('[data-agent=agent-one] .task[data-app="hello"]') !== null`) {
		t.Error("what runs on a withheld agent should run on")
	}
	v.picture()
	v.click("#tour-now .primary")
	v.press("\r")
	done("5")
	v.until(`document.querySelector('[data-agent=agent-one] .task[data-app="hello-pinned"]') !== null`)
	v.says("agent-one takes tasks again")
	v.until(`document.querySelectorAll('#log [data-action="release"]').length === 0`)

	v.click("#tour-now .primary")
	v.press("\r")
	v.says("opens next")
	v.click("#tour-now .primary + button")
	v.press("\r")
	done("6")

	v.click("#tour-now .primary")
	v.press("\r")
	for _, agent := range []string{"agent-one", "agent-two"} {
		v.within(20*time.Second, `document.querySelector("[data-agent=`+agent+`]").classList.contains("away")`)
		v.within(20*time.Second, `document.querySelector('#log [data-action="confirm-done"]') !== null && `+present(agent)+` && `+withheld(agent))
		v.says(agent + " waits for a person")
		v.click(`#log [data-action="confirm-done"]`)
		v.within(30*time.Second, "!"+withheld(agent))
	}
	v.says("2 of 2 agents done")
	v.says("100 %")
	done("7")
	v.drainsTogether()
	done("8")
}

// drainsTogether asks for a drain as alice, who may not approve it, nor may carol; bob, who is on call, does.
func (v *visitor) drainsTogether() {
	v.t.Helper()
	v.click("#tour-now .primary")
	v.press("\r")
	v.says("asks to drain agent-five, agent-one and agent-three")
	v.click(`#log [data-action="approve"]`)
	v.says("You asked for this yourself")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="carol"]`)))
	v.click(`#log [data-action="approve"]`)
	v.says("You are not on call")
	v.click("#tour-now .primary + button")
	v.click(`#log [data-action="approve"]`)
	v.within(60*time.Second, `document.querySelector("#log").innerText.includes("3 agents are drained: safe to take down")`)
	v.says("approved by")
}

var pictureFile = flag.String("picture", "", "write a picture of the walk-through, half way, to this file (the README's docs/demo.png)")

// picture keeps what the page shows now, if the flag asks for it.
func (v *visitor) picture() {
	v.t.Helper()
	if *pictureFile == "" {
		return
	}
	shot, err := chromedp.Run(v.tab, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(*pictureFile, shot, 0o644)
	}
	if err != nil {
		v.t.Error(err)
	}
}

// TestDemoSurvivesWhatAVisitorBreaks withholds an agent and breaks things around it.
func TestDemoSurvivesWhatAVisitorBreaks(t *testing.T) {
	ready := runDemo(t)
	v := visitURL(t, ready.Page)
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="carol"]`)))
	v.enter("/mesos filter agent-one --for 1h")
	v.says("Nothing was changed")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="alice"]`)))
	v.enter(`/mesos filter agent-one --for 1h -m "<!channel> <script>"`)
	v.until(withheld("agent-one"))
	v.says("<!channel> <script>")
	if ask[bool](v, `document.querySelector("#log .broadcast, #log script") !== null`) {
		t.Error("a reason came alive")
	}

	v.click(`[data-trouble="agent"] button`)
	v.until(`document.querySelector("[data-agent=agent-one]").classList.contains("away")`)
	v.until(present("agent-one") + " && " + withheld("agent-one"))
	leader := ask[string](v, `document.querySelector("#leader").innerText`)
	v.click(`[data-trouble="failover"] button`)
	v.until(`document.querySelector("#leader.leads") !== null && document.querySelector("#leader").innerText !== "` + leader + `"`)
	v.until(`document.querySelectorAll(".tile.away").length === 0 && ` + withheld("agent-one"))

	v.do(chromedp.Click(chromedp.CSS(`#people input[value="bob"]`)))
	v.until(`document.querySelector("#log .b-actions button") !== null`)
	v.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#log .b-actions button")].find((each) => each.innerText.startsWith("Release")).click()`))
	v.until("!" + withheld("agent-one"))
	v.says("agent-one takes tasks again")
}

func withheld(agent string) string {
	return `document.querySelector("[data-agent=` + agent + `]").classList.contains("withheld")`
}

func present(agent string) string {
	return `!document.querySelector("[data-agent=` + agent + `]").classList.contains("away")`
}

// runDemo builds the bot, runs its demo on free ports, and ends it with the test
// as Ctrl-C would.
func runDemo(t *testing.T) sim.Ready {
	t.Helper()
	folder := t.TempDir()
	binary, file := filepath.Join(folder, "bot"), filepath.Join(folder, "ready.json")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "cordon/cmd/bot").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said strings.Builder
	demo := exec.Command(binary, "demo", "--port", "0", "--ready-file", file)
	demo.Stdout, demo.Stderr = &said, &said
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- demo.Wait() }()
	t.Cleanup(func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the demo ended with %v: %s", err, said.String())
			}
		case <-time.After(5 * time.Second):
			_ = demo.Process.Kill()
			<-ended
			t.Errorf("the demo did not end within 5 s: %s", said.String())
		}
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return awaitReady(t, file, ended)
}

func awaitReady(t *testing.T, file string, ended chan error) sim.Ready {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		select {
		case err := <-ended:
			ended <- err
			t.Fatal("the demo ended before it was ready")
		case <-tick.C:
		}
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var ready sim.Ready
		if err := errors.Join(err, json.Unmarshal(content, &ready)); err != nil {
			t.Fatal(err)
		}
		return ready
	}
	t.Fatal("the demo was not ready within 30 s")
	return sim.Ready{}
}
