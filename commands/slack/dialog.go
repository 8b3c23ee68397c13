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
	Cluster string `json:"cluster,omitempty"` // of the part of a Home tab where it was pressed
	Message string `json:"message,omitempty"` // on which it was pressed, for the journal
}

// consult opens the dialog that a button asks in before it counts. The trigger lives for 3 s: it is not put off. A person to
// whom no dialog can be shown is told what to type.
func (e *Edge) consult(p press, question *commands.Question) outcome {
	action := p.Actions[0]
	request := dialog(question, errand{action.Action, action.Value, p.Channel.ID, p.homeCluster(), p.message()})
	return outcome{late: func() { e.openView(p.Trigger, request, func() { e.answerLater(p, question.Instead()) }) }}
}

// openView opens a dialog in the background, once however often its trigger comes, or does the other thing.
func (e *Edge) openView(trigger string, request slackgo.ModalViewRequest, or func()) {
	if !e.events.first(trigger) {
		return
	}
	e.later(func(ctx context.Context) {
		if _, err := e.api.OpenViewContext(ctx, trigger, request); err != nil && !opened(err) {
			e.log.Warn("a dialog could not be opened", "request", trigger, "error", err)
			or()
		}
	})
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

// answerDialog does what the button stood for whose dialog was submitted. It returns as click does.
func (e *Edge) answerDialog(ctx context.Context, p press) outcome {
	var about errand
	if json.Unmarshal([]byte(p.View.Metadata), &about) != nil {
		return outcome{}
	}
	p.Channel.ID = about.Channel
	actor, refused := e.actor(ctx, p.User.ID, p.User.Team)
	reply := e.config.Bot.Handle(ctx, commands.Input{
		Press: &commands.Press{Action: about.Action, Value: about.Value, Reason: p.View.State.Values[reasonField][reasonField].Value},
		Actor: actor, Refused: refused, Channel: about.Channel, Cluster: about.Cluster, RequestKey: "view:" + p.View.Root, Cause: filters.CauseClick, Message: about.Message,
	})
	return outcome{late: func() { e.answerLater(p, reply) }}
}
