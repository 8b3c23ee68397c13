package slack

import (
	"context"
	"encoding/json"

	"cordon/commands"
	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// formID marks the forms of commands.
const formID = "cordon_form"

// formErrand is what a form is about: it comes back with each interaction.
type formErrand struct {
	Verb    string `json:"verb"`
	Cluster string `json:"cluster"`
	Channel string `json:"channel"`
	Return  string `json:"return"` // the command's own response URL, for the answer
}

// filled reads what stands in a form, and where its answer goes.
func (p *press) filled() (filled commands.Filled, about formErrand, ok bool) {
	if p.View.Callback != formID || json.Unmarshal([]byte(p.View.Metadata), &about) != nil {
		return filled, about, false
	}
	filled = commands.Filled{Verb: about.Verb, Cluster: about.Cluster, Values: map[string][]string{}}
	for name, block := range p.View.State.Values {
		filled.Values[name] = block[name].values()
	}
	return filled, about, true
}

// openForm shows the form that a command asks for. Its trigger lives for 3 s.
func (e *Edge) openForm(command slash, form *commands.Form) {
	about := formErrand{form.Verb, form.Cluster, command.Channel, command.ResponseURL}
	e.openView(command.Trigger, formView(form, about, nil), func() { e.tellLate(command, form.Instead()) })
}

// submit does what a form says, as the command would. What is wrong with a field is shown there, and the form stays.
func (e *Edge) submit(ctx context.Context, p press) outcome {
	filled, about, ok := p.filled()
	if !ok {
		return outcome{}
	}
	p.Channel.ID, p.ResponseURL = about.Channel, about.Return
	actor, refused := e.actor(ctx, p.User.ID, p.User.Team)
	reply := e.config.Bot.Handle(ctx, commands.Input{
		Filled: &filled, Actor: actor, Refused: refused, Channel: about.Channel,
		RequestKey: "view:" + p.View.Root, Cause: filters.CauseCommand, Return: about.Return,
	})
	if reply.Field != "" {
		return outcome{ack: fieldError(reply)}
	}
	return outcome{late: func() { e.answerLater(p, reply) }, instead: func() { e.answerLater(p, reply) }}
}

// fieldCharacters is the most that is said at a field.
const fieldCharacters = 500

func fieldError(reply commands.Reply) []byte {
	said := map[string]string{reply.Field: cut(reply.Text(), fieldCharacters)}
	encoded, err := json.Marshal(slackgo.NewErrorsViewSubmissionResponse(said))
	if err != nil {
		panic(err) // strings encode
	}
	return encoded
}

// preview shows in an open form what it would do, when its agents have changed. The form that was changed meanwhile is left
// alone: its own preview is on the way.
func (e *Edge) preview(ctx context.Context, p press) outcome {
	filled, about, ok := p.filled()
	form, known := filled.Blank()
	if !ok || !known {
		return outcome{}
	}
	if allowed, _ := e.clicks.allow("preview of " + p.User.ID); !allowed {
		return outcome{} // the submission is not to be too quick because of these
	}
	var lines []commands.Line
	if len(filled.Values["target"]) > 0 {
		filled.Look = true
		actor, refused := e.actor(ctx, p.User.ID, p.User.Team)
		lines = e.config.Bot.Handle(ctx, commands.Input{
			Filled: &filled, Actor: actor, Refused: refused, Channel: about.Channel, Cause: filters.CauseCommand,
		}).Lines
	}
	return outcome{late: func() {
		e.later(func(ctx context.Context) {
			_, err := e.api.UpdateViewContext(ctx, formView(form, about, lines), "", p.View.Hash, p.View.ID)
			if err != nil && !superseded(err) {
				e.log.Warn("a form's preview could not be shown", "request", p.Trigger, "error", err)
			}
		})
	}}
}

// suggest answers what is typed into a field that searches. Whoever may not ask gets nothing to choose from.
func (e *Edge) suggest(ctx context.Context, p press) outcome {
	var choices []commands.Choice
	if filled, _, ok := p.filled(); ok {
		if _, refused := e.actor(ctx, p.User.ID, p.User.Team); refused == nil {
			choices = e.config.Bot.Suggest(filled, p.Typed)
		}
	}
	return outcome{ack: suggestions(choices)}
}
