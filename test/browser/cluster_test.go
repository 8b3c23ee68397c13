package browser

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"cordon/internal/sim"
)

func TestAgentsStandInTheirRacks(t *testing.T) {
	v := visit(t, newStage())
	got := ask[[]string](v, `[...document.querySelectorAll(".rack")].map((rack) =>
		rack.ariaLabel + ": " + [...rack.querySelectorAll("h4")].map((name) => name.textContent).join(" "))`)
	want := []string{"rack r1: agent-one agent-two", "rack r2: agent-three agent-four", "rack r3: agent-five agent-six"}
	if !slices.Equal(got, want) {
		t.Errorf("racks are %q", got)
	}
}

func TestChangeInOnePaneIsSeenInTheOtherWithinASecond(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	before := ask[string](v, `getComputedStyle(document.querySelector("[data-agent=agent-one]")).backgroundImage`)
	v.enter("/mesos filter agent-one --for 2h")
	took := v.until(`document.querySelector("[data-agent=agent-one]").classList.contains("withheld")`)
	if took > time.Second {
		t.Errorf("the tile changed after %s", took)
	}
	tile := ask[string](v, `document.querySelector("[data-agent=agent-one]").innerText`)
	pattern := ask[string](v, `getComputedStyle(document.querySelector("[data-agent=agent-one]")).backgroundImage`)
	if !strings.Contains(tile, "Withheld") || pattern == before || !strings.Contains(pattern, "repeating-linear-gradient") {
		t.Errorf("without colour a withheld agent shows %q on %q", tile, pattern)
	}
	if !ask[bool](v, `document.querySelector("[data-agent=agent-one]").classList.contains("changed")`) {
		t.Error("what changed is not marked")
	}
	v.until(`document.querySelector("#announcer").textContent.includes("agent-one: Withheld")`)
	s.withhold("agent-one", func(agent *sim.Agent) {
		agent.Tasks = append(agent.Tasks, sim.Task{ID: "x.1", App: "x", State: "TASK_RUNNING"})
	})
	v.until(`document.querySelector("[data-agent=agent-one].changed .task.changed") !== null`)
	v.until(`document.querySelectorAll(".changed").length === 0`)

	s.post("", "", "the bot says so", "")
	if took := v.until(`document.querySelector("#messages").innerText.includes("the bot says so")`); took > time.Second {
		t.Errorf("a message was seen after %s", took)
	}
}

func TestWaitingTaskSaysForWhichAgent(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	s.withhold("agent-two", func(agent *sim.Agent) { agent.Deactivated, agent.State = true, "deactivated" })
	_ = s.Launch(sim.Order{App: "batch", Instances: 1, Agent: "agent-two"})
	v.until(`document.querySelector("#waiting-list").innerText === "batch waits for agent-two"`)
	v.until(`document.querySelector("#summary").innerText === "1 of 6 agents withheld · 5 tasks · 1 waiting"`)
}

func TestAwayAndWithheldAreBothSeen(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	s.withhold("agent-two", func(agent *sim.Agent) {
		agent.Deactivated, agent.Active, agent.Connected, agent.State = true, false, false, "disconnected"
	})
	v.until(`document.querySelector("[data-agent=agent-two] .state").innerText === "Disconnected, withheld"`)
}

func TestLaunchAndKillByHand(t *testing.T) {
	v := visit(t, newStage())
	v.do(chromedp.SetValue(chromedp.CSS("#launch input[name=instances]"), "2"))
	v.click("#launch button")
	v.until(`document.querySelectorAll('.tile .task[data-app="batch"]').length === 2`)
	v.click(`#apps button[aria-label="Kill batch"]`)
	v.until(`document.querySelectorAll('.task[data-app="batch"]').length === 0`)
	v.do(chromedp.SetValue(chromedp.CSS("#launch input[name=app]"), "Not a Name"))
	v.click("#launch button")
	v.until(`document.querySelector("#launch .said").innerText.includes("is not an app's name")`)
}

func TestThingsToBreakSayWhatToWatchForFirst(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	if got := ask[int](v, `[...document.querySelectorAll(".trouble")].filter((each) => each.innerText.includes("Watch:") && document.getElementById(each.querySelector("button").getAttribute("aria-describedby"))).length`); got != 7 {
		t.Fatalf("%d of 7 say what to watch for", got)
	}
	v.click(`[data-trouble="failover"] button`)
	v.until(`document.querySelector("#leader").innerText.includes("127.0.0.1:5051")`)
	v.click(`[data-trouble="redis"] button`)
	v.until(`document.querySelector('[data-trouble="redis"] .said').innerText.includes("s left")`)
	v.click(`[data-trouble="slack"] button`)
	v.until(`document.querySelector('[data-trouble="slack"] .said').innerText.includes("s left")`)
	v.click(`[data-trouble="agent"] button`)
	v.until(`document.querySelector("[data-agent=agent-one]").classList.contains("away")`)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.cut != 10*time.Second || s.mode != "down" {
		t.Errorf("Redis was cut for %s and Slack is %q", s.cut, s.mode)
	}
}

func TestTourTicksItselfOff(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	done := func(n string) { v.until(`document.querySelectorAll("#steps .done").length === ` + n) }
	s.post("", "", "⏭ patch does not open 14:00 UTC", "") // before its step: it ticks nothing off
	v.click("#tour-now .primary")
	done("1")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="carol"]`)))
	v.click("#tour-now .primary")
	if got := ask[string](v, `command.value + "|" + document.activeElement.id + "|" + document.querySelector("#people input:checked").value`); got != `/mesos filter agent-one --for 2h -m "kernel upgrade"|command|alice` {
		t.Fatalf("the line was filled as %q", got)
	}
	v.press("\r")
	done("2")
	v.click("#tour-now .primary")
	done("3")
	if !ask[bool](v, `document.querySelector('[data-agent=agent-one] .task[data-app="hello"]') !== null`) {
		t.Error("the first app's task should run on")
	}
	v.click("#tour-now .primary")
	v.press("\r")
	done("5")
	v.until(`document.querySelector('[data-agent=agent-one] .task[data-app="hello-pinned"]') !== null`)
	v.do(chromedp.Reload())
	done("5")
	v.click("#tour-now .primary + button")
	if got := ask[string](v, `command.value`); got != `/mesos window skip patch -m "not today"` {
		t.Fatalf("the line was filled as %q", got)
	}
	opening := s.post("", "", "⏸ patch withholds 1 agent · until 14:06 UTC", "")
	s.update(opening, "▶ patch is closed: 1 agent withheld · open 1 m 30 s", "[]")
	done("6")
	run := s.post("", "", "🔧 firmware: 1 of 2 agents done · 1 under way", "")
	v.says("firmware: 1 of 2 agents done")
	done("6")
	s.update(run, "🏁 firmware: 2 of 2 agents done · took 35 s", "[]")
	done("7")
	v.click("#tour-now .primary")
	if got := ask[string](v, `command.value`); got != `/mesos drain agent-one,agent-three,agent-five -m "disk swap"` {
		t.Fatalf("the line was filled as %q", got)
	}
	v.click("#tour-now .primary + button")
	v.until(`document.querySelector("#people input:checked").value === "bob"`)
	s.post("", "", "🏁 3 agents are drained: safe to take down · took 15 s", "")
	done("8")
	v.click("#tour-now button")
	done("0")
	v.until(`document.querySelectorAll('.task[data-app^="hello"]').length === 0`)
}

func TestMarksStandStillWhereMotionIsUnwelcome(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	_, err := chromedp.Call(v.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.withhold("agent-one", func(agent *sim.Agent) { agent.Deactivated = true })
	v.until(`document.querySelector("[data-agent=agent-one].changed") !== null`)
	if got := ask[string](v, `(({animationName, outlineStyle}) => animationName + " " + outlineStyle)(getComputedStyle(document.querySelector("[data-agent=agent-one]")))`); got != "none solid" {
		t.Errorf("the mark is %q", got)
	}
}

func TestPageSaysWhenTheDemoIsGone(t *testing.T) {
	v := visit(t, newStage())
	v.server.CloseClientConnections()
	v.server.Listener.Close()
	v.until(`!document.querySelector("#lost").hidden`)
}
