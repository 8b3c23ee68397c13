package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// homeSays waits until the Home tab says something.
func (v *visitor) homeSays(text string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`!home.hidden && home.innerText.includes(%q)`, text))
}

// TestHomeTab releases a filter from the Home tab with the keyboard alone, and looks at it as others do.
func TestHomeTab(t *testing.T) {
	ready := runDemo(t)
	v := visitURL(t, ready.Page)
	v.enter(`/mesos filter agent-one --for 1h -m "kernel upgrade"`)
	v.until(withheld("agent-one"))
	v.do(chromedp.Focus(chromedp.CSS(`#surface input[value="messages"]`)))
	v.press(kb.ArrowRight)
	v.homeSays("kernel upgrade")
	v.homeSays("Withheld now")
	v.keep("home")
	v.press(kb.Tab) // to the tab itself, then its buttons
	for ask[string](v, `document.activeElement.dataset?.action ?? ""`) != "release" {
		v.press(kb.Tab)
	}
	v.press("\r")
	v.until("!" + withheld("agent-one"))
	v.homeSays("agent-one takes tasks again")
	v.until(`document.querySelector("#home [data-action=extend]") === null`)
	v.keep("home-released")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="carol"]`)))
	v.homeSays("You may look, not change")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="dave"]`)))
	v.homeSays("You are a guest here")
	v.keep("home-guest")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="alice"]`)))
	v.homeSays("Filter agents")
	v.click(`#home [data-action="form"]`)
	v.until(`document.querySelector("#modal").open`)
	v.press(kb.Escape)
	v.until(`!document.querySelector("#modal").open`)
	v.enter("/mesos status")
	v.until(`home.hidden && !log.hidden`)
}
