package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"cordon/internal/sim"
)

// busy is a stage on which everything that the page can show is to be seen.
func busy() *stage {
	s := newStage()
	_, _ = s.Command(context.Background(), "alice", "", "/mesos filter agent-one")
	_, _ = s.Command(context.Background(), "alice", "", "/mesos whoami")
	s.post("", "", "Now *this* <!channel> is `code` by <@U0BOB> <https://example.com|link>\n> quoted", "")
	_ = s.Launch(sim.Order{App: "batch", Instances: 1, Agent: "agent-one"})
	s.withhold("agent-five", func(agent *sim.Agent) { agent.Active, agent.Connected, agent.State = false, false, "disconnected" })
	return s
}

func TestNothingIsWiderThanASmallPhone(t *testing.T) {
	v := visit(t, busy())
	v.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	for _, pane := range []string{"chat", "cluster"} {
		v.click(`.tabs [data-show="` + pane + `"]`)
		if !ask[bool](v, fmt.Sprintf(`getComputedStyle(document.querySelector("#%s")).display !== "none"`, pane)) {
			t.Errorf("the tab does not show %s", pane)
		}
		wide := ask[[]string](v, `[...document.querySelectorAll("body *")].filter((node) => {
			const box = node.getBoundingClientRect();
			const spills = node.matches(".tile, .trouble, .message") && node.scrollWidth > node.clientWidth + 1;
			return spills || box.width > 1 && !node.closest(".skip") && (box.right > innerWidth + 0.5 || box.left < -0.5);
		}).map((node) => node.tagName + "." + node.className)`)
		if scroll := ask[int](v, `document.scrollingElement.scrollWidth`); scroll > 360 || len(wide) > 0 {
			t.Errorf("%s scrolls sideways to %d px: %q", pane, scroll, wide)
		}
	}
	v.press("/")
	if got := ask[string](v, `document.body.dataset.pane + " " + document.activeElement.id`); got != "chat command" {
		t.Errorf("/ on the cluster's tab leads to %q", got)
	}
}

func TestTabOfAHiddenPaneTellsOfChanges(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	v.do(chromedp.EmulateViewport(360, 740))
	v.enter("/mesos filter agent-one")
	v.until(`document.querySelector('.tabs [data-show="cluster"]').innerText.includes("has changed") || document.querySelector('.tabs [data-show="cluster"] .dot') !== null`)
	v.click(`.tabs [data-show="cluster"]`)
	v.until(`document.querySelector(".tabs .dot") === null`)
}

func TestEverythingIsReachedWithTheKeyboardInOrder(t *testing.T) {
	v := visit(t, busy())
	v.until(`document.querySelector("#log .thread-toggle") !== null`)
	var order []string
	for range 80 {
		v.press(kb.Tab)
		at := ask[string](v, `(() => { const e = document.activeElement;
			return e === document.body ? "" : [e.id || e.name || e.dataset.show || e.ariaLabel || e.textContent.trim(), e.value].filter(Boolean).join("=") })()`)
		if at == "" {
			break
		}
		order = append(order, at)
	}
	want := []string{
		"Skip to the command line", "theme=auto", "Launch two instances",
		"log", "Release", "Extend 1h", "Details", "person=alice", "command", "Send",
		"Kill batch", "Kill search", "Kill shop", "app=batch", "instances=1", "agent", "Launch",
		"Which agent", "Restart", "Wipe disk", "Fail the master over", "Cut Redis for 10 s", "Pause Slack for 10 s",
	}
	rest := order
	for _, stop := range want {
		at := slices.IndexFunc(rest, func(each string) bool { return strings.HasPrefix(each, stop) })
		if at < 0 {
			t.Fatalf("%q is not reached after what stands before it; the order is %q", stop, order)
		}
		rest = rest[at+1:]
	}
}

func TestEveryControlHasANameForScreenReaders(t *testing.T) {
	v := visit(t, busy())
	tree, err := chromedp.Call(v.tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	controls := map[string]int{}
	for _, node := range tree.Nodes {
		role := text(node.Role)
		if !slices.Contains([]string{"button", "textbox", "combobox", "radio", "link", "log", "region", "spinbutton", "article", "list", "group"}, role) || node.Ignored {
			continue
		}
		controls[role]++
		if text(node.Name) == "" && role != "list" && role != "group" {
			t.Errorf("a %s has no name", role)
		}
	}
	for _, role := range []string{"button", "combobox", "radio", "log", "region", "article"} {
		if controls[role] == 0 {
			t.Errorf("the page has no %s; it has %v", role, controls)
		}
	}
}

func text(value *accessibility.Value) string {
	if value == nil {
		return ""
	}
	return strings.Trim(string(value.Value), `"`)
}

// contrast gives every visible text whose colour stands out too little from
// what is behind it (WCAG 2.2, 1.4.3). Where stripes are behind, the worst counts.
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = (color) => {
		canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const luminance = ([r, g, b]) => {
		const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * x + 0.7152 * y + 0.0722 * z;
	};
	const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const behind = (node) => {
		for (; node; node = node.parentElement) {
			const style = getComputedStyle(node);
			const stripes = style.backgroundImage.match(/(rgba?|color|oklab|light-dark)\([^()]*\)/g);
			if (stripes) return stripes.map(rgba);
			const color = rgba(style.backgroundColor);
			if (color[3] > 250) return [color];
		}
		return [[255, 255, 255]];
	};
	const poor = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let count = 0;
	while (walker.nextNode()) {
		const node = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest(".unseen, script, noscript, option")) continue;
		count++;
		const worst = Math.min(...behind(node).map((color) => ratio(rgba(getComputedStyle(node).color), color)));
		if (worst < 4.5) poor.push(worst.toFixed(2) + " " + node.className + " " + walker.currentNode.data.trim().slice(0, 40));
	}
	return count > 60 ? poor : ["only " + count + " texts were seen"];
})()`

func TestTextStandsOutInBothSchemes(t *testing.T) {
	v := visit(t, busy())
	v.until(`document.querySelector("#log .thread-toggle") !== null`)
	for _, theme := range []string{"light", "dark"} {
		v.do(chromedp.Click(chromedp.CSS(`#theme input[value="` + theme + `"]`)))
		v.until(`document.documentElement.dataset.theme === "` + theme + `"`)
		v.until(`document.getAnimations().length === 0`)
		for _, poor := range ask[[]string](v, contrast) {
			t.Errorf("%s: %s", theme, poor)
		}
	}
}
