package slack

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
)

// View is a modal as the person sees it.
type View struct {
	ID         string            `json:"id"`
	RootID     string            `json:"root_id"`
	CallbackID string            `json:"callback_id"`
	Hash       string            `json:"hash"` // changes when the bot changes the view
	Title      string            `json:"title"`
	Submit     string            `json:"submit"` // the button's text; empty: there is none
	Close      string            `json:"close"`
	Blocks     json.RawMessage   `json:"blocks"`
	Errors     map[string]string `json:"errors,omitempty"` // by block ID, after a refused submission
}

// modal is an open view.
type modal struct {
	id, root, previous, hash string
	fields                   map[string]any // as the app gave it, blocks with IDs
	errors                   map[string]string
	opener                   *interaction // whose trigger opened it
}

func (m modal) text(name string) string {
	text, _ := m.fields[name].(string)
	return text
}

func (m modal) label(name string) string {
	object, _ := m.fields[name].(map[string]any)
	text, _ := object["text"].(string)
	return text
}

func (m modal) blocks() json.RawMessage { return encode(m.fields["blocks"]) }

const (
	stackLimit = 3         // views on top of each other
	viewBytes  = 250 << 10 // of a view's JSON
)

// modals holds each person's open views, the visible one last.
type modals struct {
	mu     sync.Mutex
	stacks map[string][]modal // by user ID
	homes  map[string]modal   // Home tabs, by user ID
}

func newModals() *modals { return &modals{stacks: map[string][]modal{}, homes: map[string]modal{}} }

// change lets edit replace a person's stack.
func (v *modals) change(user string, edit func([]modal) ([]modal, error)) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	stack, err := edit(slices.Clone(v.stacks[user]))
	if err == nil {
		v.stacks[user] = stack
	}
	return err
}

func (v *modals) stack(user string) []modal {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.stacks[user])
}

// push adds a view above what is open.
func (v *modals) push(in *interaction, fields map[string]any) (modal, error) {
	m := modal{id: "V" + strings.ToUpper(secret(5)), hash: secret(8), fields: fields, opener: in}
	if in.opener != nil {
		m.opener = in.opener
	}
	user := in.user.ID
	err := v.change(user, func(stack []modal) ([]modal, error) {
		if len(stack) >= stackLimit {
			return nil, fail("push_limit_reached")
		}
		m.root = m.id
		if len(stack) > 0 {
			m.root, m.previous = stack[0].id, stack[len(stack)-1].id
		}
		return append(stack, m), nil
	})
	return m, err
}

// rewrite replaces an open view's content; the caller knows it by its ID or its external ID.
func (v *modals) rewrite(id, external, hash string, fields map[string]any) (modal, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, stack := range v.stacks {
		for i, m := range stack {
			if id != "" && m.id != id || id == "" && m.text("external_id") != external {
				continue
			}
			if hash != "" && hash != m.hash {
				return m, fail("hash_conflict")
			}
			stack[i] = modal{id: m.id, root: m.root, previous: m.previous, hash: secret(8), fields: fields, opener: m.opener}
			return stack[i], nil
		}
	}
	return modal{}, fail("not_found")
}

var viewShape = object(shape{
	"!title": plain(24), "!blocks": anything, "submit": plain(24), "close": plain(24), "private_metadata": words(3000),
	"callback_id": words(255), "external_id": words(255), "clear_on_close": flag, "notify_on_close": flag, "submit_disabled": flag,
})

var homeShape = object(shape{"!blocks": anything, "private_metadata": words(3000), "callback_id": words(255), "external_id": words(255)})

// readView checks the definition of a modal.
func readView(text string) (map[string]any, error) {
	return readViewOf(text, map[string]check{"modal": viewShape})
}

func readViewOf(text string, kinds map[string]check) (map[string]any, error) {
	if len(text) > viewBytes {
		return nil, fail("view_too_large")
	}
	var fields map[string]any
	if err := decodeExactly(text, &fields); err != nil || fields == nil {
		return nil, fail("invalid_arguments")
	}
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	r := &report{}
	byType(kinds)(r, "/view", fields)
	blocks, _ := fields["blocks"].([]any)
	problems := append(r.problems, checkBlocks("/view/blocks", blocks, messageBlocks, viewBlockLimit)...)
	asks := slices.ContainsFunc(blocks, func(block any) bool {
		fields, _ := block.(map[string]any)
		return fields["type"] == "input"
	})
	if asks && fields["type"] == "modal" && fields["submit"] == nil {
		problems = append(problems, "missing required field: submit [json-pointer:/view]")
	}
	if len(problems) > 0 {
		return nil, invalid("invalid_arguments", problems)
	}
	fields["blocks"] = identify(blocks)
	return fields, nil
}

func (w *Workspace) openView(args arguments) (result, error) {
	fields, err := readView(args["view"])
	if err != nil {
		return nil, err
	}
	in, err := w.interactions.exchange(args["trigger_id"])
	if err != nil {
		return nil, err
	}
	_ = w.views.change(in.user.ID, func([]modal) ([]modal, error) { return nil, nil })
	m, err := w.views.push(in, fields)
	w.interactions.shown(func(other *interaction) bool { return other == in })
	return w.shown(m, err)
}

func (w *Workspace) pushView(args arguments) (result, error) {
	fields, err := readView(args["view"])
	if err != nil {
		return nil, err
	}
	in, err := w.interactions.exchange(args["trigger_id"])
	if err != nil {
		return nil, err
	}
	m, err := w.views.push(in, fields)
	w.interactions.shown(func(other *interaction) bool { return other == in })
	return w.shown(m, err)
}

func (w *Workspace) updateView(args arguments) (result, error) {
	fields, err := readView(args["view"])
	if err != nil {
		return nil, err
	}
	m, err := w.views.rewrite(args["view_id"], args["external_id"], args["hash"], fields)
	w.interactions.shown(func(in *interaction) bool { return in.view != "" && in.view == m.id })
	return w.shown(m, err)
}

func (w *Workspace) shown(m modal, err error) (result, error) {
	if err != nil {
		return nil, err
	}
	w.timeline.touch()
	return result{"view": w.viewJSON(m, nil)}, nil
}

// viewJSON is a view as the API and payloads show it.
func (w *Workspace) viewJSON(m modal, values map[string]any) map[string]any {
	view := map[string]any{
		"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": false, "notify_on_close": false,
		"close": nil, "submit": nil,
	}
	maps.Copy(view, m.fields)
	maps.Copy(view, map[string]any{
		"id": m.id, "team_id": w.config.TeamID, "root_view_id": m.root, "previous_view_id": nil, "hash": m.hash, "bot_id": BotID,
		"app_id": w.config.AppID, "app_installed_team_id": w.config.TeamID, "state": state(parts(m.blocks()), values),
	})
	if m.previous != "" {
		view["previous_view_id"] = m.previous
	}
	return view
}
