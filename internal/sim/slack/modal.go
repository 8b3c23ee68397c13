package slack

import (
	"context"
	"encoding/json"
	"slices"
)

// Views are the named person's open modals, the visible one last.
func (w *Workspace) Views(userName string) []View {
	user, _ := w.directory.userNamed(userName)
	views := []View{}
	for _, m := range w.views.stack(user.ID) {
		views = append(views, m.shown())
	}
	return views
}

func (m modal) shown() View {
	return View{
		ID: m.id, RootID: m.root, CallbackID: m.text("callback_id"), Hash: m.hash, Title: m.label("title"),
		Submit: m.label("submit"), Close: m.label("close"), Blocks: m.blocks(), Errors: m.errors,
	}
}

// Submission is a press of a modal's submit button.
type Submission struct {
	User   string // user name
	ViewID string
	Values map[string]any // by action ID, as in Click
}

// open finds a person's open modal, or their Home tab.
func (w *Workspace) open(userName, viewID string) (User, modal, error) {
	user, err := w.actor(userName)
	if err != nil {
		return user, modal{}, err
	}
	m, here := first(w.views.stack(user.ID), func(m modal) bool { return m.id == viewID })
	if home, published := w.views.home(user.ID); published && home.id == viewID {
		m, here = home, true
	}
	if !here {
		return user, m, &Error{"view_not_found", "That dialog is not open any more."}
	}
	return user, m, nil
}

// Submit submits a modal and waits for the bot's answer: it closes, changes, or shows what is wrong (Views).
func (w *Workspace) Submit(ctx context.Context, submission Submission) (Answer, error) {
	user, m, err := w.open(submission.User, submission.ViewID)
	if err != nil {
		return Answer{}, err
	}
	apply := func(in *interaction, ack acknowledgement) (bool, error) { return w.settle(in, m, ack) }
	in := w.interactions.begin(interaction{user: user, apply: apply, view: m.id, opener: m.opener}, w.config.TeamID, "actions")
	payload := w.interactionPayload("view_submission", in)
	payload["view"], payload["response_urls"] = w.viewJSON(m, submission.Values), []any{}
	in.delivery = delivery{id: in.trigger, kind: kindInteract, payload: payload, replies: true}
	return w.ask(ctx, in)
}

// settle does what the acknowledgement of a submission says:
// https://docs.slack.dev/surfaces/modals#updating_views.
func (w *Workspace) settle(in *interaction, m modal, ack acknowledgement) (bool, error) {
	user := in.user
	defer w.timeline.touch()
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if ack.isJSON && len(ack.body) > 0 {
		if err := json.Unmarshal(ack.body, &answer); err != nil {
			return false, fail("invalid_response")
		}
	}
	switch answer.Action {
	case "":
		return false, w.drop(user, m, false)
	case "clear":
		return true, w.drop(user, m, true)
	case "errors":
		if !m.asksFor(answer.Errors) {
			return false, fail("invalid_response") // "trouble connecting", says Slack
		}
		return true, w.views.change(user.ID, func(stack []modal) ([]modal, error) {
			for i := range stack {
				if stack[i].id == m.id {
					stack[i].errors = answer.Errors
				}
			}
			return stack, nil
		})
	}
	fields, err := readView(string(answer.View))
	if err != nil {
		return true, err
	}
	if answer.Action == "push" {
		_, err = w.views.push(in, fields)
		return true, err
	}
	_, err = w.views.rewrite(m.id, "", "", fields)
	return true, err
}

// asksFor tells whether all these are blocks of input.
func (m modal) asksFor(errors map[string]string) bool {
	all := parts(m.blocks())
	for block := range errors {
		if !slices.ContainsFunc(all, func(p part) bool { return p.block == block }) {
			return false
		}
	}
	return len(errors) > 0
}

// drop closes a view, or all of them.
func (w *Workspace) drop(user User, m modal, all bool) error {
	return w.views.change(user.ID, func(stack []modal) ([]modal, error) {
		if all {
			return nil, nil
		}
		return slices.DeleteFunc(stack, func(other modal) bool { return other.id == m.id }), nil
	})
}

// CloseView closes a modal by its Close button; the bot hears of it where the view asked for that.
func (w *Workspace) CloseView(ctx context.Context, userName, viewID string) error {
	user, m, err := w.open(userName, viewID)
	if err != nil {
		return err
	}
	all, _ := m.fields["clear_on_close"].(bool)
	if err := w.drop(user, m, all); err != nil {
		return err
	}
	w.timeline.touch()
	if notify, _ := m.fields["notify_on_close"].(bool); !notify {
		return nil
	}
	in := interaction{user: user}
	payload := w.interactionPayload("view_closed", &in)
	delete(payload, "trigger_id")
	payload["view"], payload["is_cleared"] = w.viewJSON(m, nil), all
	_, err = w.deliver(ctx, delivery{kind: kindInteract, payload: payload})
	return err
}

// clickView presses an element inside a modal.
func (w *Workspace) clickView(ctx context.Context, user User, click Click) (Answer, error) {
	_, m, err := w.open(user.Name, click.ViewID)
	if err != nil {
		return Answer{}, err
	}
	element, _, err := find(m.blocks(), click)
	if err != nil {
		return Answer{}, err
	}
	in := w.interactions.begin(interaction{user: user, view: m.id, opener: m.opener}, w.config.TeamID, "actions")
	payload := w.interactionPayload("block_actions", in)
	payload["container"] = map[string]any{"type": "view", "view_id": m.id}
	payload["view"] = w.viewJSON(m, click.Values)
	payload["actions"] = []any{w.action(element, click)}
	in.delivery = delivery{id: in.trigger, kind: kindInteract, payload: payload}
	return w.ask(ctx, in)
}

// Option is a choice that the bot suggests.
type Option struct {
	Text  string `json:"text"`
	Value string `json:"value"`
	About string `json:"about,omitempty"` // its description
}

// Suggest types into a select that loads its options, in a message or in a modal (click says which), and returns what
// the bot offers.
func (w *Workspace) Suggest(ctx context.Context, click Click, typed string) ([]Option, error) {
	user, err := w.actor(click.User)
	if err != nil {
		return nil, err
	}
	payload := w.interactionPayload("block_suggestion", &interaction{user: user})
	delete(payload, "trigger_id")
	var blocks json.RawMessage
	if click.ViewID != "" {
		_, m, err := w.open(click.User, click.ViewID)
		if err != nil {
			return nil, err
		}
		blocks = m.blocks()
		payload["view"], payload["container"] = w.viewJSON(m, nil), map[string]any{"type": "view", "view_id": m.id}
	} else {
		p, here := w.timeline.get(click.MessageTS)
		if !here || !w.sees(user, &p) {
			return nil, &Error{"message_not_found", "That message is not there any more."}
		}
		blocks = p.Blocks
		for name, value := range w.messageContext(p) {
			payload[name] = value
		}
	}
	element, _, err := find(blocks, click)
	if err != nil {
		return nil, err
	}
	payload["action_id"], payload["block_id"], payload["value"] = element.action(), element.block, typed
	ack, err := w.deliver(ctx, delivery{kind: kindInteract, payload: payload, replies: true})
	if err != nil {
		return nil, err
	}
	return readOptions(ack.body)
}

// readOptions takes options, or the options of all groups.
func readOptions(body []byte) ([]Option, error) {
	type offered struct {
		Options []struct {
			Text        struct{ Text string }
			Value       string
			Description struct{ Text string }
		}
	}
	var answer struct {
		offered
		Groups []offered `json:"option_groups"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fail("invalid_response")
	}
	options := []Option{}
	for _, list := range append([]offered{answer.offered}, answer.Groups...) {
		for _, option := range list.Options {
			options = append(options, Option{option.Text.Text, option.Value, option.Description.Text})
		}
	}
	return options, nil
}
