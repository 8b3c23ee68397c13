package slack

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

const eventsKept = 1000

// events remembers what was delivered through the Events API, for Redeliver.
type events struct {
	mu    sync.Mutex
	byID  map[string]delivery
	order []string
}

func newEvents() *events { return &events{byID: map[string]delivery{}} }

func (e *events) put(d delivery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.order) >= eventsKept {
		delete(e.byID, e.order[0])
		e.order = e.order[1:]
	}
	e.byID[d.id] = d
	e.order = append(e.order, d.id)
}

func (e *events) get(id string) (delivery, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, here := e.byID[id]
	return d, here
}

// Event sends an event of the Events API, such as {"type":"app_home_opened",…}, whether or not the app subscribed to
// it, and returns its ID at once. While it is not acknowledged it is sent again as Config.EventRetries say.
func (w *Workspace) Event(event map[string]any) string {
	id := "Ev" + strings.ToUpper(secret(5))
	payload := map[string]any{
		"token": w.verification, "team_id": w.config.TeamID, "api_app_id": w.config.AppID, "event": event, "type": "event_callback",
		"event_id": id, "event_time": w.config.now().Unix(), "is_ext_shared_channel": false, "event_context": secret(8),
		"authorizations": []any{map[string]any{
			"enterprise_id": nil, "team_id": w.config.TeamID, "user_id": BotUserID, "is_bot": true, "is_enterprise_install": false,
		}},
	}
	d := delivery{id: id, kind: kindEvent, payload: payload}
	w.events.put(d)
	w.background(func() { w.insist(d) })
	return id
}

// insist delivers an event until it is acknowledged or the retries are used up.
func (w *Workspace) insist(d delivery) {
	for attempt := 0; ; attempt++ {
		_, err := w.deliver(w.ctx, d)
		if err == nil || errors.Is(err, errNoRetry) || attempt >= len(w.config.EventRetries) {
			return
		}
		d.retry, d.reason = attempt+1, "http_error"
		if errors.Is(err, errOperationTimeout) {
			d.reason = "http_timeout"
		}
		timer := time.NewTimer(w.config.EventRetries[attempt])
		select {
		case <-timer.C:
		case <-w.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Say posts an ordinary message of a person's, in a thread where threadTS is not empty. The bot hears of it as far as
// it subscribed to such events.
func (w *Workspace) Say(userName, channelID, threadTS, text string) (Message, error) {
	user, err := w.actor(userName)
	if err != nil {
		return Message{}, err
	}
	channel, err := w.place(user, channelID)
	if err != nil {
		return Message{}, err
	}
	p := w.timeline.add(post{Message: Message{Channel: channel.ID, User: user.ID, ThreadTS: w.root(channel, threadTS), Text: text}})
	if !w.directory.isMember(channel, BotUserID) {
		return p.Message, nil
	}
	if strings.Contains(text, "<@"+BotUserID) && slices.Contains(w.config.Events, "app_mention") {
		w.Event(w.messageEvent("app_mention", channel, p))
	}
	kind := strings.TrimSuffix(channel.scope("history"), ":history") // channels, groups or im
	if slices.Contains(w.config.Events, "message."+kind) {
		event := w.messageEvent("message", channel, p)
		event["channel_type"] = strings.TrimSuffix(kind, "s")
		w.Event(event)
	}
	return p.Message, nil
}

func (w *Workspace) messageEvent(kind string, channel Channel, p post) map[string]any {
	event := w.messageJSON(p, false)
	event["type"], event["channel"], event["event_ts"] = kind, channel.ID, p.TS
	if user, here := w.directory.user(p.User); here && user.TeamID != w.config.TeamID { // a channel that workspaces share
		event["team"], event["user_team"], event["source_team"] = user.TeamID, user.TeamID, user.TeamID
	}
	return event
}
