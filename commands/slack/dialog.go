package slack

import (
	"context"
	"encoding/json"
	"errors"

	"cordon/commands"
	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// dialogID marks our dialogs, reasonField is their one field: it names the block and the element.
const (
	dialogID    = "cordon_reason"
	reasonField = "reason"
)

// errand is what a dialog is about: it comes back with the submission.
type errand struct {
	Action  string `json:"action"`
	Value   string `json:"value"`
	Channel string `json:"channel"`
}

// view is what we use of a submitted dialog.
type view struct {
	ID       string `json:"id"`
	Root     string `json:"root_view_id"`
	Callback string `json:"callback_id"`
	Metadata string `json:"private_metadata"`
	State    struct {
		Values map[string]map[string]struct {
			Value string `json:"value"`
		} `json:"values"`
	} `json:"state"`
}

// consult opens the dialog that a button asks in before it counts. The trigger lives for 3 s: it is not put off. A person to
// whom no dialog can be shown is told what to type.
func (e *Edge) consult(p press, question *commands.Question) (late func()) {
	if !e.events.first(p.Trigger) {
		return func() {} // it was delivered twice
	}
	return func() {
		e.later(func(ctx context.Context) {
			action := p.Actions[0]
			request := dialog(question, errand{action.Action, action.Value, p.Channel.ID})
			if _, err := e.api.OpenViewContext(ctx, p.Trigger, request); err != nil && !opened(err) {
				e.log.Warn("a dialog could not be opened", "request", p.Trigger, "error", err)
				e.answerLater(p, question.Instead())
			}
		})
	}
}

// opened tells whether a trigger opened its dialog before: the click was delivered twice, to two replicas.
func opened(err error) bool {
	refusal, ok := errors.AsType[slackgo.SlackErrorResponse](err)
	return ok && refusal.Err == "exchanged_trigger_id"
}

// dialog renders a question as a modal with one field.
func dialog(question *commands.Question, about errand) slackgo.ModalViewRequest {
	metadata, err := json.Marshal(about)
	if err != nil {
		panic(err) // strings encode
	}
	input := slackgo.NewPlainTextInputBlockElement(plainText(question.Example), reasonField)
	input.MaxLength = question.Most
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: dialogID, PrivateMetadata: string(metadata),
		Title: plainText(question.Title), Submit: plainText(question.Title), Close: plainText("Cancel"),
		Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{
			slackgo.NewSectionBlock(plainText(question.Text), nil, nil),
			slackgo.NewInputBlock(reasonField, plainText(question.Label), nil, input),
		}},
	}
}

// submit does what the button stood for whose dialog was submitted. It returns as click does.
func (e *Edge) submit(ctx context.Context, p press) (late func()) {
	var about errand
	if p.View.Callback != dialogID || json.Unmarshal([]byte(p.View.Metadata), &about) != nil {
		return func() {}
	}
	p.Channel.ID = about.Channel
	actor, refused := e.actor(ctx, p.User.ID, p.User.Team)
	reply := e.config.Bot.Handle(ctx, commands.Input{
		Press: &commands.Press{Action: about.Action, Value: about.Value, Reason: p.View.State.Values[reasonField][reasonField].Value},
		Actor: actor, Refused: refused, Channel: about.Channel, RequestKey: "view:" + p.View.Root, Cause: filters.CauseClick,
	})
	return func() { e.answerLater(p, reply) }
}
