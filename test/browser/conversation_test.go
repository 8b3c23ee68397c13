package browser

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestCommandsAreTypedWithTheKeyboardAlone(t *testing.T) {
	v := visit(t, newStage())
	v.press("/")
	if got := v.focused(); got != "command" {
		t.Fatalf("/ focused %q", got)
	}
	v.do(chromedp.KeyEvent("/mesos whoami\r"))
	v.says("You said: /mesos whoami")
	v.do(chromedp.KeyEvent("/mesos filters\r"))
	v.says("You said: /mesos filters")

	v.press(kb.ArrowUp)
	v.press(kb.ArrowUp)
	if got := ask[string](v, `command.value`); got != "/mesos whoami" {
		t.Errorf("two steps back are %q", got)
	}
	v.press(kb.ArrowDown)
	v.press(kb.ArrowDown)
	if got := ask[string](v, `command.value`); got != "" {
		t.Errorf("forward again there is %q", got)
	}
	v.press(kb.Escape)
	if got := ask[bool](v, `document.activeElement === document.body`); !got {
		t.Error("Esc did not leave the command line")
	}
}

func TestCommandThatFailsSaysWhy(t *testing.T) {
	v := visit(t, newStage())
	v.enter("/mesos fail")
	v.says(`/mesos failed with the error "dispatch_failed"`)
	v.enter("good morning")
	v.says("a command starts with a slash")
}

func TestTabCompletes(t *testing.T) {
	v := visit(t, newStage())
	for _, c := range []struct{ typed, want string }{
		{"/m", "/mesos "},
		{"/mesos unf", "/mesos unfilter "},
		{"/mesos filter agent-si", "/mesos filter agent-six "},
		{"/mesos filter agent-one,agent-tw", "/mesos filter agent-one,agent-two "},
		{"/mesos help hist", "/mesos help history "},
		{"/mesos agents -l rack=r2", "/mesos agents -l rack=r2 "},
		{"/mesos filter agent-one --dr", "/mesos filter agent-one --dry-run "},
		{"/mesos history agent-one --pa", "/mesos history agent-one --page "},
		{"/mesos status --dr", "/mesos status --dr"},
		{"/mesos freeze agent-o", "/mesos freeze agent-o"},
		{"/mesos win", "/mesos window "},
		{"/mesos window ad", "/mesos window add "},
		{"/mesos help run st", "/mesos help run start "},
		{"/mesos window add nightly agent-si", "/mesos window add nightly agent-six "},
		{"/mesos run start agent-one --batch", "/mesos run start agent-one --batch-by "},
		{"/mesos filter a", "/mesos filter agent-"},
	} {
		ask[bool](v, `command.value = ""; command.focus(); true`)
		v.press(c.typed)
		v.press(kb.Tab)
		if got := ask[string](v, `command.value`); got != c.want {
			t.Errorf("Tab after %q made %q, expected %q", c.typed, got, c.want)
		}
	}
	v.press(kb.Tab)
	v.press(kb.Tab)
	if got := ask[string](v, `command.value`); got != "/mesos filter agent-two " {
		t.Errorf("the second candidate is %q", got)
	}
	if got := ask[string](v, `document.querySelector("#suggestions [aria-selected=true]").textContent`); got != "agent-two" {
		t.Errorf("marked is %q", got)
	}
	v.press(kb.Escape)
	if !ask[bool](v, `suggestions.hidden && document.activeElement === command`) {
		t.Error("Esc should close the list first")
	}
}

// An empty line must not hold the keyboard.
func TestTabMovesOnFromAnEmptyLine(t *testing.T) {
	v := visit(t, newStage())
	v.do(chromedp.Focus(chromedp.CSS("#command")))
	v.press(kb.Tab)
	if got := v.focused(); got != "Send" {
		t.Errorf("Tab went to %q", got)
	}
}

const attack = `<script>window.hacked = 1</script><img src=x onerror="window.hacked=2"> <!channel> <@U0ALICE> <https://evil.example|click> *b* :tada: javascript:alert(1)`

func TestTextFromPeopleIsInert(t *testing.T) {
	s := newStage()
	quoted, err := json.Marshal(attack)
	if err != nil {
		t.Fatal(err)
	}
	text := string(quoted)
	s.post("", "", "fallback", strings.ReplaceAll(`[
		{"type":"header","text":{"type":"plain_text","text":TEXT,"emoji":false}},
		{"type":"section","text":{"type":"plain_text","text":TEXT},"fields":[{"type":"plain_text","text":TEXT}]},
		{"type":"context","elements":[{"type":"plain_text","text":TEXT}]},
		{"type":"rich_text","elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":TEXT},{"type":"link","url":"javascript:alert(1)","text":TEXT},{"type":"emoji","name":TEXT,"unicode":"zz"},{"type":"user","user_id":TEXT}]},
			{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":TEXT}]}]},
			{"type":"rich_text_quote","elements":[{"type":"text","text":TEXT}]},
			{"type":"rich_text_preformatted","elements":[{"type":"text","text":TEXT}]}]},
		{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":TEXT}}]},
		{"type":TEXT}]`, "TEXT", text))
	s.post("", "", escape(attack), "")
	v := visit(t, s)
	v.enter("/mesos " + attack)
	v.says("You said: /mesos <script>")

	if got := ask[int](v, `document.querySelectorAll("#log script, #log img:not(.avatar), #log a, #log .mention.broadcast").length`); got != 0 {
		t.Errorf("%d things came alive: %s", got, ask[string](v, `log.innerHTML`))
	}
	if ask[bool](v, `"hacked" in window`) {
		t.Error("a script from a message ran")
	}
	if got := strings.Count(v.shown(), "<!channel>"); got < 9 {
		t.Errorf("<!channel> should be seen as typed in every place, was seen %d times", got)
	}
}

func TestBlockKitIsDrawn(t *testing.T) {
	s := newStage()
	s.post("", "", "fallback only", `[
		{"type":"header","text":{"type":"plain_text","text":"Demo :warning:"}},
		{"type":"section","text":{"type":"mrkdwn","text":"*bold* _italic_ ~gone~ `+"`code`"+` <@U0BOB> <!here> <https://example.com/a?b=1&amp;c=2|docs> :no_such: 2 &lt; 3\n&gt; quoted"},
		 "fields":[{"type":"mrkdwn","text":"*Leader*\nmaster-one"}]},
		{"type":"rich_text","elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":"strong","style":{"bold":true,"code":true}},{"type":"user","user_id":"U0CAROL"},
			 {"type":"emoji","name":"hourglass","unicode":"231b"},{"type":"date","timestamp":1700000000,"format":"{date_num} {time}","fallback":"never"}]},
			{"type":"rich_text_list","style":"ordered","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"first"}]}]},
			{"type":"rich_text_preformatted","elements":[{"type":"text","text":"/mesos unfilter agent-one"}]}]},
		{"type":"divider"},
		{"type":"context","elements":[{"type":"mrkdwn","text":"at <!date^1700000000^{date_num} {nonsense}|22:13 UTC>"}]}]`)
	v := visit(t, s)
	for script, want := range map[string]string{
		`document.querySelector("#log h3").textContent`:                  "Demo ⚠",
		`document.querySelector("#log .b-text strong").textContent`:      "bold",
		`document.querySelector("#log .b-text em").textContent`:          "italic",
		`document.querySelector("#log .b-text s").textContent`:           "gone",
		`document.querySelector("#log .b-text code").textContent`:        "code",
		`document.querySelector("#log .b-text .mention").textContent`:    "@bob",
		`document.querySelector("#log .mention.broadcast").textContent`:  "@here",
		`document.querySelector("#log a").href`:                          "https://example.com/a?b=1&c=2",
		`document.querySelector("#log .b-text blockquote").textContent`:  "quoted",
		`document.querySelector("#log .b-fields").innerText`:             "Leader\nmaster-one",
		`document.querySelector("#log .r-section strong").textContent`:   "strong",
		`document.querySelector("#log .r-section .mention").textContent`: "@carol",
		`document.querySelector("#log ol.r-list li").innerText`:          "first",
		`document.querySelector("#log pre").textContent`:                 "/mesos unfilter agent-one",
		`document.querySelector("#log .b-context time").textContent`:     "22:13 UTC",
		`document.querySelector("#log .r-section time").dateTime`:        "2023-11-14T22:13:20.000Z",
	} {
		if got := ask[string](v, script); got != want {
			t.Errorf("%s is %q, expected %q", script, got, want)
		}
	}
	for _, want := range []string{":no_such: 2 < 3", "⌛", "2023"} {
		if !strings.Contains(v.shown(), want) {
			t.Errorf("%q is not to be seen in %q", want, v.shown())
		}
	}
}

func TestButtonAsksBeforeItIsPressed(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	v.enter("/mesos filter agent-one --for 2h")
	v.says("agent-one takes no new tasks")
	v.do(chromedp.Focus(chromedp.CSS(`#log button[data-action="release"]`)))
	v.press("\r")
	v.until(`document.querySelector("#confirm").open`)
	v.press(kb.Escape)
	v.until(`!document.querySelector("#confirm").open`)
	if len(s.clicks) != 0 {
		t.Fatal("a press that was not confirmed was sent")
	}
	v.press("\r")
	v.until(`document.querySelector("#confirm").open`)
	v.click("#confirm-yes")
	v.says("agent takes tasks again")
	v.until(`!document.querySelector('#log button[data-action="release"]')`)
	if got := s.clicks; len(got) != 1 || got[0].User != "alice" || got[0].ActionID != "release" || got[0].BlockID != "b1" {
		t.Errorf("the click was %+v", got)
	}
	if !strings.Contains(v.shown(), "(edited)") {
		t.Error("an edited message does not say so")
	}
	if got := ask[string](v, `document.activeElement.tagName`); got != "ARTICLE" {
		t.Errorf("after its button went the keyboard stands on %s", got)
	}
}

func TestDialogIsFilledInOrLeft(t *testing.T) {
	s := newStage()
	v := visit(t, s)
	s.ask()
	v.until(`document.querySelector("#modal").open`)
	if got := ask[string](v, `document.querySelector("#modal").innerText`); !strings.Contains(got, "The agent becomes ours.") || !strings.Contains(got, "Why?") {
		t.Errorf("the dialog says %q", got)
	}
	v.press(kb.Escape)
	v.until(`!document.querySelector("#modal").open`)
	s.ask()
	v.until(`document.querySelector("#modal").open`)
	v.do(chromedp.SendKeys(chromedp.CSS("#modal input"), "left by the night shift"))
	v.press("\r")
	v.until(`!document.querySelector("#modal").open`)
	if got := s.filled; len(got) != 1 || got[0].User != "alice" || got[0].ViewID != "V1" || got[0].Values["reason"] != "left by the night shift" {
		t.Errorf("what was filled in is %+v", got)
	}
}

func TestThreadsUnfold(t *testing.T) {
	v := visit(t, newStage())
	v.enter("/mesos filter agent-one")
	v.says("2 replies")
	if strings.Contains(v.shown(), "asked by alice") {
		t.Error("a thread is folded at first")
	}
	v.click(`#log .thread-toggle`)
	v.says("asked by alice")
	if got := ask[string](v, `document.querySelector(".thread-toggle").ariaExpanded`); got != "true" {
		t.Errorf("aria-expanded is %q", got)
	}
}

// Who reads back is not thrown to the end by what others say.
func TestNewMessagesWaitBelow(t *testing.T) {
	s := newStage()
	for range 40 {
		s.post("", "", "an older message", "")
	}
	v := visit(t, s)
	v.until(`log.scrollTop > 500`)
	ask[bool](v, `log.scrollTop = 0; true`)
	s.post("", "", "a newer message", "")
	v.says("a newer message")
	if ask[bool](v, `log.scrollTop > 0 || newer.hidden`) {
		t.Error("the reader should stay and be told")
	}
	v.click("#newer")
	v.until(`log.scrollTop > 500 && newer.hidden`)
}

func TestOthersDoNotSeeWhatWasForOnePerson(t *testing.T) {
	v := visit(t, newStage())
	v.enter("/mesos whoami")
	v.says("only you can see this")
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="carol"]`)))
	v.until(`!document.querySelector("#messages").innerText.includes("whoami")`)
	v.do(chromedp.Reload())
	v.until(`document.querySelector("#people input:checked").value === "carol"`)
}
