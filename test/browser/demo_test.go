package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/slack-go/slack"

	"cordon/internal/sim"
)

// helper is a bot of the simplest kind between the real simulators: it withholds
// agent-one on any command and gives it back on any click.
type helper struct {
	t     *testing.T
	demo  *sim.Demo
	api   *slack.Client
	posts string // timestamp of the root message
}

func (h *helper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/slack/interactions" {
		h.operate("REACTIVATE_AGENT", "reactivate_agent")
		_, _, _, err := h.api.UpdateMessage(h.demo.Channel.ID, h.posts, slack.MsgOptionText("agent-one takes tasks again", false), slack.MsgOptionBlocks())
		h.check(err)
		return
	}
	h.operate("DEACTIVATE_AGENT", "deactivate_agent")
	release := slack.NewActionBlock("b1", slack.NewButtonBlockElement("release", "f1", slack.NewTextBlockObject("plain_text", "Release", false, false)))
	root := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "*agent-one takes no new tasks*", false, false), nil, nil)
	_, ts, err := h.api.PostMessage(h.demo.Channel.ID, slack.MsgOptionText("agent-one takes no new tasks", false), slack.MsgOptionBlocks(root, release))
	h.check(err)
	h.posts = ts
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"response_type": "ephemeral", "text": "asked for `" + r.FormValue("text") + "`"})
}

func (h *helper) check(err error) {
	if err != nil {
		h.t.Error(err)
	}
}

// operate sends a v1 call about agent-one to the leading master.
func (h *helper) operate(kind, field string) {
	for _, agent := range h.demo.Cluster.Snapshot().Agents {
		if agent.Hostname != "agent-one" {
			continue
		}
		call := fmt.Sprintf(`{"type":%q,%q:{"agent_id":{"value":%q}}}`, kind, field, agent.ID)
		response, err := http.Post(h.demo.Cluster.MasterURLs()[0]+"/api/v1", "application/json", strings.NewReader(call))
		h.check(err)
		if err == nil {
			response.Body.Close()
		}
	}
}

// TestTourOverTheSimulators takes the tour on the page over real sockets, with
// the simulators that bot demo uses.
func TestTourOverTheSimulators(t *testing.T) {
	demo, err := sim.Start(t.Context(), sim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	bot := httptest.NewServer(&helper{t: t, demo: demo, api: slack.New(demo.Workspace.BotToken(), slack.OptionAPIURL(demo.Workspace.URL()))})
	t.Cleanup(func() {
		if err := demo.Close(); err != nil {
			t.Error(err)
		}
		bot.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	demo.Workspace.SetBotURL(bot.URL)
	v := visitURL(t, demo.PageURL)
	done := func(n string) { v.until(`document.querySelectorAll("#steps .done").length >= ` + n) }

	v.click("#tour-now .primary")
	done("1")
	v.click("#tour-now .primary")
	v.press("\r")
	v.says("agent-one takes no new tasks")
	v.says(`asked for filter agent-one --for 2h -m "kernel upgrade"`)
	done("2")
	v.click("#tour-now .primary")
	done("3")
	v.until(`document.querySelector("#waiting-list").innerText === "hello-pinned waits for agent-one"`)
	v.do(chromedp.Click(chromedp.CSS(`#people input[value="bob"]`)))
	v.until(`document.querySelector('#log button[data-action="release"]') !== null && !document.querySelector("#messages").innerText.includes("asked for")`)
	v.click(`#log button[data-action="release"]`)
	v.says("agent-one takes tasks again")
	done("5")
	v.until(`document.querySelectorAll("[data-agent=agent-one] .task").length === 2`)
}
