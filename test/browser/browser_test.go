// Package browser drives the demo's page in a real browser, as a visitor would.
package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"

	"cordon/commands"
	"cordon/internal/sim"
)

// chromium is the browser that all tests share; nil where there is none.
var chromium context.Context

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	path := find("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
	if path == "" {
		fmt.Println("NOT RUN: chromium is not installed")
		if os.Getenv("CI") != "" {
			return 1
		}
		return 0
	}
	browser, stop := launch(path)
	chromium = browser
	code := m.Run()
	stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		return 1
	}
	return code
}

func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// launch starts one headless browser that talks to nobody but its tests.
func launch(path string) (context.Context, func()) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1440, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		fmt.Println("chromium does not start:", err)
		os.Exit(1)
	}
	return browser, func() { stopBrowser(); stopAllocator() }
}

// step is something that a visitor does.
type step = chromedp.Action[chromedp.Void]

// visitor is somebody with the page open in a tab of their own.
type visitor struct {
	t   *testing.T
	tab context.Context
	url string
	// server serves the page until the test ends, unless a demo does.
	server *httptest.Server
}

// visit opens the page over a stage. The test fails if the page runs into an
// error, breaks its own content policy, or asks anybody else for anything.
func visit(t *testing.T, s *stage) *visitor {
	t.Helper()
	handler := sim.NewPage(sim.PageConfig{
		Cluster: s, Workspace: s, Redis: s, People: people(), Bot: botID,
		Channel: sim.Channel{ID: channelID, Name: "ops"}, ClusterName: "demo", Verbs: verbs(),
	})
	return visitPage(t, handler)
}

func visitPage(t *testing.T, handler http.Handler) *visitor {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	v := visitURL(t, server.URL)
	v.server = server
	return v
}

func visitURL(t *testing.T, url string) *visitor {
	t.Helper()
	tab, closeTab := chromedp.NewContext(chromium)
	tab, expire := context.WithTimeout(tab, 3*time.Minute)
	v := &visitor{t: t, tab: tab, url: strings.TrimSuffix(url, "/")}
	complaints := v.watch()
	t.Cleanup(func() {
		closeTab()
		expire()
		for _, complaint := range complaints() {
			t.Error(complaint)
		}
	})
	v.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(url))
	v.until(`document.querySelectorAll(".tile").length > 0`)
	return v
}

// watch collects what the page does that it must not.
func (v *visitor) watch() func() []string {
	var mutex sync.Mutex
	var complaints []string
	err := chromedp.Listen(v.tab, func(event any) {
		if complaint := v.complaint(event); complaint != "" {
			mutex.Lock()
			defer mutex.Unlock()
			complaints = append(complaints, complaint)
		}
	})
	if err == nil {
		_, err = chromedp.Call(v.tab, log.Enable, cdp.Empty{})
	}
	if err == nil {
		_, err = chromedp.Call(v.tab, network.Enable, network.EnableParams{})
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return complaints
	}
}

func (v *visitor) complaint(event any) string {
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		return "the page threw: " + event.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if text := event.Entry.Text; strings.Contains(text, "Content Security Policy") || strings.Contains(text, "TrustedHTML") {
			return "the page broke its policy: " + text
		}
	case *network.EventRequestWillBeSent:
		if url := event.Request.URL; !strings.HasPrefix(url, v.url) && !strings.HasPrefix(url, "data:") {
			return "the page asked for " + url
		}
	}
	return ""
}

func (v *visitor) do(steps ...step) {
	v.t.Helper()
	if err := chromedp.Do(v.tab, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// press sends one key, such as kb.Tab, to what has the focus.
func (v *visitor) press(key string, modifiers ...chromedp.KeyOption) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(key, modifiers...))
}

// enter types text into the command line and sends it.
func (v *visitor) enter(text string) {
	v.t.Helper()
	v.do(chromedp.Focus(chromedp.CSS("#command")), chromedp.KeyEvent(text+"\r"))
}

func (v *visitor) click(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(selector)))
}

// ask evaluates JavaScript in the page.
func ask[T any](v *visitor, script string) T {
	v.t.Helper()
	value, err := chromedp.Run(v.tab, chromedp.Evaluate[T](script))
	if err != nil {
		v.t.Fatalf("%s: %v", script, err)
	}
	return value
}

// until waits for the script to be true and tells how long that took.
func (v *visitor) until(script string) time.Duration {
	v.t.Helper()
	return v.within(5*time.Second, script)
}

// within is until with a time of its own.
func (v *visitor) within(most time.Duration, script string) time.Duration {
	v.t.Helper()
	start := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if ask[bool](v, script) {
			break
		}
		if time.Since(start) > most {
			v.t.Fatalf("never became true: %s\nthe conversation: %s", script, v.shown())
		}
	}
	return time.Since(start)
}

// shown is the text of the conversation.
func (v *visitor) shown() string {
	v.t.Helper()
	return ask[string](v, `document.querySelector("#messages").innerText`)
}

// says waits until the conversation holds text.
func (v *visitor) says(text string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`document.querySelector("#messages").innerText.includes(%q)`, text))
}

func (v *visitor) focused() string {
	v.t.Helper()
	return ask[string](v, `document.activeElement.id || document.activeElement.textContent.trim()`)
}

// verbs is the grammar as the page completes it.
func verbs() []sim.Verb {
	var all []sim.Verb
	for _, word := range commands.Words() {
		all = append(all, sim.Verb(word))
	}
	return all
}
