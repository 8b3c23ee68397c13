package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// home is the user's Home tab as it was published last.
func (v *modals) home(user string) (modal, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	m, here := v.homes[user]
	return m, here
}

// publish replaces a Home tab. A hash must be that of what stands there.
func (v *modals) publish(user, hash string, fields map[string]any) (modal, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	m, here := v.homes[user]
	if hash != "" && hash != m.hash {
		return m, fail("hash_conflict")
	}
	if !here {
		m.id = "V" + strings.ToUpper(secret(5))
		m.root = m.id
	}
	m.hash, m.fields = secret(8), fields
	v.homes[user] = m
	return m, nil
}

// publishView is views.publish: https://docs.slack.dev/reference/methods/views.publish.
func (w *Workspace) publishView(args arguments) (result, error) {
	if !w.config.HomeTab {
		return nil, fail("not_enabled")
	}
	user, here := w.directory.user(args["user_id"])
	if !here || user.Bot || user.Deleted {
		return nil, invalid("invalid_arguments", []string{"invalid `user_id`"})
	}
	fields, err := readViewOf(args["view"], map[string]check{"home": homeShape})
	if err != nil {
		return nil, err
	}
	m, err := w.views.publish(user.ID, args["hash"], fields)
	w.interactions.shown(func(in *interaction) bool { return in.user.ID == user.ID && (in.view == m.id || in.home) })
	return w.shown(m, err)
}

// Home is the named person's Home tab of the app; false: none was published.
func (w *Workspace) Home(userName string) (View, bool) {
	user, _ := w.directory.userNamed(userName)
	m, here := w.views.home(user.ID)
	if !here {
		return View{}, false
	}
	return m.shown(), true
}

// OpenHome opens the app's Home tab as a person, and waits a moment for the bot to publish it: it hears of that where it
// subscribed to app_home_opened (https://docs.slack.dev/reference/events/app_home_opened).
func (w *Workspace) OpenHome(ctx context.Context, userName string) error {
	user, err := w.actor(userName)
	if err != nil {
		return err
	}
	if !w.config.HomeTab {
		return &Error{"not_enabled", w.config.BotName + " has no Home tab."}
	}
	if !slices.Contains(w.config.Events, "app_home_opened") {
		return nil
	}
	event := map[string]any{
		"type": "app_home_opened", "user": user.ID, "channel": "D" + user.ID[1:], "tab": "home", "event_ts": fmt.Sprintf("%d.%06d", w.config.now().Unix(), w.config.now().Nanosecond()/1000),
	}
	if m, here := w.views.home(user.ID); here {
		event["view"] = w.viewJSON(m, nil)
	}
	waiting := w.interactions.listen(&interaction{user: user, home: true})
	defer w.interactions.end(waiting)
	w.Event(event)
	return w.await(ctx, waiting)
}
