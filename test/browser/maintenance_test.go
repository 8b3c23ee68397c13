package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// as makes the visitor somebody else.
func (v *visitor) as(name string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="` + name + `"]`)))
	v.until(`document.querySelector("#people input:checked").value === "` + name + `"`)
}

// presses waits for a button in the conversation, presses it, and is sure where that is asked.
func (v *visitor) presses(action string) {
	v.t.Helper()
	button := `#log [data-action="` + action + `"]`
	v.within(15*time.Second, `document.querySelector('`+button+`') !== null`)
	v.click(button)
	if ask[bool](v, `document.querySelector("#confirm").open`) {
		v.click("#confirm-yes")
	}
}

// sees waits until the agent's tile says a word, which a screen reader reads too.
func (v *visitor) sees(agent, word string) {
	v.t.Helper()
	v.within(30*time.Second, fmt.Sprintf(`document.querySelector("[data-agent=%s]").ariaLabel.includes(%q)`, agent, word))
}

// hears waits until the conversation says something that takes a while to come true.
func (v *visitor) hears(text string) {
	v.t.Helper()
	v.within(30*time.Second, fmt.Sprintf(`document.querySelector("#messages").innerText.includes(%q)`, text))
}

// undisturbed keeps the demo's window shut: an opening between a question and its yes costs the cluster more, and is asked again.
func (v *visitor) undisturbed() {
	v.t.Helper()
	v.enter(`/mesos window pause patch -m "a machine is worked on"`)
	v.says("patch is paused")
}

// TestADrainOnThePage drains an agent: what it costs is seen before anybody else says yes, and nothing ends before.
func TestADrainOnThePage(t *testing.T) {
	v := visitURL(t, runDemo(t).Page)
	v.undisturbed()
	tasks := `document.querySelectorAll("[data-agent=agent-two] .task").length`
	v.until(tasks + " > 0")
	v.enter(`/mesos drain agent-two -m "disk swap"`)
	v.says("Asked for approval")
	v.hears("asks to drain agent-two")
	v.says("A drain cannot be cancelled")
	v.presses("approve")
	v.says("You asked for this yourself")
	v.keep("drain-asked")
	if ask[bool](v, tasks+" === 0") || ask[bool](v, withheld("agent-two")) {
		t.Error("something was done before anybody else agreed")
	}
	v.as("bob")
	v.presses("approve")
	v.hears("Counted")
	if ask[bool](v, `document.querySelector("#messages").innerText.includes("1 more yes is needed")`) { // it has the last of an app
		v.as("dana")
		v.presses("approve")
	}
	v.hears("agent-two is drained: safe to take down")
	v.sees("agent-two", "Drained")
	if !ask[bool](v, tasks+" === 0") {
		t.Error("a drained agent has tasks")
	}
	v.keep("drain-drained")
	v.as("alice")
	v.presses("release")
	v.hears("agent-two takes tasks again")
	v.sees("agent-two", "Takes tasks")
	v.until(`document.querySelector('#log [data-action="release"]') === null`)
	v.keep("drain-released")
}

// TestAMachineIsTakenDownOnThePage takes a machine through the schedule, down, and up again, by the buttons of its message.
func TestAMachineIsTakenDownOnThePage(t *testing.T) {
	v := visitURL(t, runDemo(t).Page)
	v.undisturbed()
	v.enter(`/mesos maintenance schedule agent-three --start now --duration 1h -m "disk swap"`)
	v.hears("agent-three is in the maintenance schedule")
	v.presses("maintenance-down")
	v.hears("asks to take agent-three down")
	v.says("needs the yes of 2 approvers")
	v.keep("down-asked")
	v.as("bob")
	v.presses("approve")
	v.hears("1 more yes is needed")
	if ask[bool](v, "!("+present("agent-three")+")") {
		t.Error("one yes was enough")
	}
	v.as("dana")
	v.presses("approve")
	v.hears("agent-three is down for maintenance")
	v.sees("agent-three", "Down")
	v.until(`document.querySelectorAll("[data-agent=agent-three] .task").length === 0`)
	v.keep("down-down")
	v.presses("maintenance-up")
	v.hears("agent-three is up again, and out of the maintenance schedule")
	v.start("agent-three")
	v.sees("agent-three", "Takes tasks")
	v.until(`document.querySelector('#log [data-action^="maintenance-"]') === null`)
	v.keep("down-up")
}

// start starts the agent's process, which ended when its machine was taken down.
func (v *visitor) start(agent string) {
	v.t.Helper()
	response, err := http.Post(v.url+"/sim/cluster", "application/json", strings.NewReader(`{"do":"restart-agent","agent":"`+agent+`"}`))
	if err != nil {
		v.t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != http.StatusOK {
		v.t.Fatalf("%s was not started: %s", agent, response.Status)
	}
}
