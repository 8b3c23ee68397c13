package sim

import (
	"net/http"
	"slices"
	"strings"
)

type commandRequest struct {
	User    string `json:"user"`
	Text    string `json:"text"`
	Channel string `json:"channel"`
}

type clickRequest struct {
	User      string         `json:"user"`
	MessageTS string         `json:"message_ts"`
	ActionID  string         `json:"action_id"`
	BlockID   string         `json:"block_id"`
	ViewID    string         `json:"view_id"` // in place of message_ts: a dialog or the Home tab
	Values    map[string]any `json:"values"`
}

type suggestRequest struct {
	User      string `json:"user"`
	MessageTS string `json:"message_ts"`
	ViewID    string `json:"view_id"`
	ActionID  string `json:"action_id"`
	BlockID   string `json:"block_id"`
	Value     string `json:"value"`
}

type suggestAnswer struct {
	Options []Option `json:"options"`
}

type dialogRequest struct {
	User   string         `json:"user"`
	ViewID string         `json:"view_id"`
	Values map[string]any `json:"values"`
}

type homeRequest struct {
	User string `json:"user"`
}

// homeAnswer is a Home tab; View is null before it was published.
type homeAnswer struct {
	View *View `json:"view"`
}

type viewsAnswer struct {
	Views []View `json:"views"`
}

type chatAnswer struct {
	OK        bool      `json:"ok"`
	TriggerID string    `json:"trigger_id"`
	Replies   []Message `json:"replies"`
}

type messagesAnswer struct {
	Messages []Message `json:"messages"`
}

// command answers POST /sim/commands once the bot has answered.
func (p *page) command(w http.ResponseWriter, r *http.Request) {
	var request commandRequest
	if err := decode(w, r, &request); err != nil {
		fail(w, err)
		return
	}
	user, err := p.person(request.User)
	if err != nil {
		fail(w, err)
		return
	}
	if !strings.HasPrefix(request.Text, "/") {
		fail(w, bad(`text: a command starts with a slash, such as "/mesos help"`))
		return
	}
	got, err := p.Workspace.Command(r.Context(), user, request.Channel, request.Text)
	p.chatted(w, got, err)
}

// click answers POST /sim/click once the bot has answered.
func (p *page) click(w http.ResponseWriter, r *http.Request) {
	var request clickRequest
	err := decode(w, r, &request)
	if err == nil {
		request.User, err = p.person(request.User)
	}
	if err == nil && (request.MessageTS == "" && request.ViewID == "" || request.ActionID == "") {
		err = bad("message_ts and action_id: both are needed to know which button was pressed (view_id for one in a dialog)")
	}
	if err != nil {
		fail(w, err)
		return
	}
	got, err := p.Workspace.Click(r.Context(), Click{
		User: request.User, MessageTS: request.MessageTS, ViewID: request.ViewID, ActionID: request.ActionID, BlockID: request.BlockID, Values: request.Values,
	})
	p.chatted(w, got, err)
}

// suggest answers POST /sim/suggest with what the bot offers for a text typed into a field that searches.
func (p *page) suggest(w http.ResponseWriter, r *http.Request) {
	var request suggestRequest
	err := decode(w, r, &request)
	if err == nil {
		request.User, err = p.person(request.User)
	}
	if err != nil {
		fail(w, err)
		return
	}
	where := Click{User: request.User, MessageTS: request.MessageTS, ViewID: request.ViewID, ActionID: request.ActionID, BlockID: request.BlockID}
	options, err := p.Workspace.Suggest(r.Context(), where, request.Value)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, suggestAnswer{list(options)})
}

// views answers GET /sim/views?user= with the dialogs that are open for the user, the visible one last.
func (p *page) views(w http.ResponseWriter, r *http.Request) {
	user, err := p.person(r.URL.Query().Get("user"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, viewsAnswer{list(p.Workspace.Views(user))})
}

// openHome answers POST /sim/home: the user opens the bot's Home tab, which is answered with.
func (p *page) openHome(w http.ResponseWriter, r *http.Request) {
	var request homeRequest
	err := decode(w, r, &request)
	if err == nil {
		request.User, err = p.person(request.User)
	}
	if err == nil {
		err = p.Workspace.OpenHome(r.Context(), request.User)
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, p.homeOf(request.User))
}

// home answers GET /sim/home?user= with the Home tab as it was published last.
func (p *page) home(w http.ResponseWriter, r *http.Request) {
	user, err := p.person(r.URL.Query().Get("user"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, p.homeOf(user))
}

func (p *page) homeOf(user string) homeAnswer {
	view, published := p.Workspace.Home(user)
	if !published {
		return homeAnswer{}
	}
	return homeAnswer{&view}
}

// submit answers POST /sim/submit once the bot has answered: a dialog is filled in.
func (p *page) submit(w http.ResponseWriter, r *http.Request) {
	request, err := p.dialog(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	got, err := p.Workspace.Submit(r.Context(), Submission{User: request.User, ViewID: request.ViewID, Values: request.Values})
	p.chatted(w, got, err)
}

// close answers POST /sim/close: a dialog is left.
func (p *page) close(w http.ResponseWriter, r *http.Request) {
	request, err := p.dialog(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	p.chatted(w, Answer{}, p.Workspace.CloseView(r.Context(), request.User, request.ViewID))
}

func (p *page) dialog(w http.ResponseWriter, r *http.Request) (dialogRequest, error) {
	var request dialogRequest
	err := decode(w, r, &request)
	if err == nil {
		request.User, err = p.person(request.User)
	}
	if err == nil && request.ViewID == "" {
		err = bad("view_id: it is needed to know which dialog is meant")
	}
	return request, err
}

func (p *page) chatted(w http.ResponseWriter, got Answer, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, chatAnswer{OK: true, TriggerID: got.TriggerID, Replies: list(got.Replies)})
}

// messages answers GET /sim/messages?user=; without a user, what all can see.
func (p *page) messages(w http.ResponseWriter, r *http.Request) {
	who := r.URL.Query().Get("user")
	if who == "" && len(p.People) > 0 {
		seen := slices.DeleteFunc(p.Workspace.Messages(p.People[0].Name), func(m Message) bool { return m.Ephemeral })
		answer(w, http.StatusOK, messagesAnswer{list(seen)})
		return
	}
	user, err := p.person(who)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, messagesAnswer{list(p.Workspace.Messages(user))})
}

// person finds one by name or Slack user ID and returns the name.
func (p *page) person(who string) (string, error) {
	at := slices.IndexFunc(p.People, func(person Person) bool {
		return who == person.Name || who == person.ID
	})
	if at >= 0 {
		return p.People[at].Name, nil
	}
	var names []string
	for _, person := range p.People {
		names = append(names, person.Name)
	}
	return "", bad("user: nobody here is called %q; expected one of %s", who, strings.Join(names, ", "))
}

// list makes JSON say [] where there is nothing.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
