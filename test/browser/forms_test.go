package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keep writes a picture of the page beside that of the walk-through, if there is to be one.
func (v *visitor) keep(name string) {
	v.t.Helper()
	if *pictureFile == "" {
		return
	}
	shot, err := chromedp.Run(v.tab, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(filepath.Dir(*pictureFile), name+".png"), shot, 0o644)
	}
	if err != nil {
		v.t.Error(err)
	}
}

// TestAFormIsFilledInWithTheKeyboardAlone withholds two agents without a pointer: what is wrong is said at its field.
func TestAFormIsFilledInWithTheKeyboardAlone(t *testing.T) {
	ready := runDemo(t)
	v := visitURL(t, ready.Page)
	v.press("/")
	v.do(chromedp.KeyEvent("/mesos filter\r"))
	v.until(`document.querySelector("#modal").open`)
	v.until(`document.activeElement.role === "combobox"`)
	for _, name := range []string{"one", "two"} {
		v.do(chromedp.KeyEvent(name))
		v.until(`document.querySelectorAll("#modal [role=option]").length === 1 && document.querySelector("#modal [role=option]").innerText.includes("agent-` + name + `")`)
		v.press(kb.ArrowDown)
		v.press("\r")
		v.until(`[...document.querySelectorAll("#modal .chips li")].some((chip) => chip.innerText.includes("agent-` + name + `"))`)
	}
	v.until(`document.querySelector("#modal").innerText.includes("Would withhold 2 of 6 agents")`)
	v.keep("form")
	v.press(kb.Tab) // past what is chosen, to how long
	for ask[string](v, `document.activeElement.name ?? ""`) != "until" {
		v.press(kb.Tab)
	}
	v.do(chromedp.KeyEvent("soon"))
	v.press(kb.Tab)
	v.do(chromedp.KeyEvent("kernel upgrade\r"))
	v.until(`document.querySelector("#modal [aria-invalid=true]")?.name === "until"`)
	v.keep("form-error")
	if said := ask[string](v, `document.querySelector("#modal [aria-invalid=true]").closest(".field").innerText`); !strings.Contains(said, "a time is not written like this") {
		t.Errorf("at the field stands %q", said)
	}
	if got := ask[string](v, `document.querySelector("#modal [name=reason]").value`); got != "kernel upgrade" {
		t.Errorf("the reason is %q now", got)
	}
	ask[bool](v, `document.querySelector("#modal [name=until]").focus(); document.querySelector("#modal [name=until]").select(); true`)
	v.do(chromedp.KeyEvent("90m\r"))
	v.until(`!document.querySelector("#modal").open`)
	v.until(withheld("agent-one") + " && " + withheld("agent-two"))
	v.says("kernel upgrade")
}
