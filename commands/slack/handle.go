package slack

import (
	"context"
	"encoding/json"
	"strings"

	"cordon/commands"
	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// answer is a reply as Slack takes it in the acknowledgement of a command.
type answer struct {
	ResponseType string          `json:"response_type"`
	Text         string          `json:"text"`
	Markdown     bool            `json:"mrkdwn"`
	Unfurl       bool            `json:"unfurl_links"`
	Blocks       []slackgo.Block `json:"blocks,omitempty"`
}

func ephemeral(reply commands.Reply) answer {
	return answer{ResponseType: slackgo.ResponseTypeEphemeral, Text: fallback(reply.Lines), Blocks: blocks(reply.Lines, reply.Buttons)}
}

// encode renders a reply for an acknowledgement.
func encode(reply commands.Reply) []byte {
	encoded, err := json.Marshal(ephemeral(reply))
	if err != nil {
		panic(err) // an answer holds nothing that does not encode
	}
	return encoded
}

// command answers a slash command, or opens the form that it asks for.
func (e *Edge) command(ctx context.Context, command slash) outcome {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	actor, refused := e.actor(ctx, command.User, command.Team)
	reply := e.config.Bot.Handle(ctx, commands.Input{
		Text: command.Text, Actor: actor, Refused: refused, Channel: command.Channel, Forms: true,
		RequestKey: command.Trigger, Cause: filters.CauseCommand, Return: command.ResponseURL, People: command.people,
	})
	if reply.Form != nil {
		return outcome{late: func() { e.openForm(command, reply.Form) }}
	}
	return outcome{ack: encode(reply), instead: func() { e.tellLate(command, reply) }}
}

// tellLate brings an answer that an acknowledgement could not carry.
func (e *Edge) tellLate(command slash, reply commands.Reply) {
	e.later(func(ctx context.Context) {
		to := commands.Recipient{User: command.User, Channel: command.Channel, Return: command.ResponseURL}
		if err := e.Tell(ctx, to, reply); err != nil {
			e.log.Warn("an answer could not be sent", "request", command.Trigger, "error", err)
		}
	})
}

// outcome is what a delivery comes to: what it is acknowledged with, and what follows the acknowledgement.
type outcome struct {
	ack     []byte // JSON; nil: nothing
	late    func() // nil: nothing
	instead func() // where the acknowledgement does not come through; nil: nothing
}

func (o outcome) after() {
	if o.late != nil {
		o.late()
	}
}

// payload is the acknowledgement as a socket takes it.
func (o outcome) payload() any {
	if o.ack == nil {
		return nil
	}
	return json.RawMessage(o.ack)
}

// click does what a button stands for, or first asks what it must know for that. It returns when that is durable or refused;
// the answer follows by response URL, after the acknowledgement. Other interactions are acknowledged and ignored.
func (e *Edge) click(ctx context.Context, p press) outcome {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	switch p.Type {
	case "block_suggestion":
		return e.suggest(ctx, p)
	case "block_actions", "view_submission":
	default:
		return outcome{}
	}
	if p.Type == "block_actions" && p.View.Callback == formID {
		return e.preview(ctx, p)
	}
	if allowed, tell := e.clicks.allow(p.User.ID); !allowed {
		return e.tooQuick(p, tell)
	}
	switch {
	case p.Type == "view_submission" && p.View.Callback == dialogID:
		return e.answerDialog(ctx, p)
	case p.Type == "view_submission":
		return e.submit(ctx, p)
	}
	return e.press(ctx, p)
}

// press does what a button stands for.
func (e *Edge) press(ctx context.Context, p press) outcome {
	actor, refused := e.actor(ctx, p.User.ID, p.User.Team)
	pressed := &commands.Press{Action: p.Actions[0].Action, Value: p.Actions[0].Value}
	input := commands.Input{
		Press: pressed,
		Actor: actor, Refused: refused, Channel: p.Channel.ID, Cluster: p.homeCluster(),
		RequestKey: p.Trigger, Cause: filters.CauseClick, Return: p.ResponseURL, Message: p.message(),
	}
	if verb := pressed.Opens(); verb != "" {
		input.Press, input.Text, input.Forms = nil, verb, true
	}
	if question := pressed.Question(); question != nil && refused == nil {
		return e.consult(p, question)
	}
	reply := e.config.Bot.Handle(ctx, input)
	if reply.Form != nil {
		return outcome{late: func() {
			e.openForm(slash{User: p.User.ID, Channel: p.Channel.ID, ResponseURL: p.ResponseURL, Trigger: p.Trigger}, reply.Form)
		}}
	}
	return outcome{late: func() { e.answerLater(p, reply) }}
}

// tooQuick refuses what came too soon. A dialog stays and says so itself.
func (e *Edge) tooQuick(p press, tell bool) outcome {
	e.refused.Add(1)
	reply := commands.Reply{Code: filters.Limited, Lines: []commands.Line{
		commands.Say("You press faster than I take it in: wait a few seconds, then press again. Nothing was changed."),
	}}
	switch {
	case p.Type == "view_submission":
		reply.Field = reasonField
		if filled, _, ok := p.filled(); ok {
			reply.Field = filled.FirstField()
		}
		return outcome{ack: fieldError(reply)}
	case tell:
		return outcome{late: func() { e.answerLater(p, reply) }}
	}
	return outcome{}
}

// answerLater sends the answer to a click in the background. What was pressed on a Home tab is answered there.
func (e *Edge) answerLater(p press, reply commands.Reply) {
	if p.ResponseURL == "" && p.Channel.ID == "" {
		e.later(func(ctx context.Context) { e.publishHome(ctx, p.User.ID, p.User.Team, &reply, "") })
		return
	}
	e.later(func(ctx context.Context) {
		to := commands.Recipient{User: p.User.ID, Channel: p.Channel.ID, Return: p.ResponseURL}
		if err := e.Tell(ctx, to, reply); err != nil {
			e.log.Warn("the answer to a click could not be sent", "request", p.Trigger, "error", err)
		}
	})
}

// later runs something in the background that Stop waits for.
func (e *Edge) later(run func(ctx context.Context)) {
	e.background.begin()
	go func() {
		defer e.background.end()
		defer e.survive("background work")
		ctx, cancel := context.WithTimeout(e.life, tellPatience)
		defer cancel()
		run(ctx)
	}()
}

// survive keeps a panic from ending the process; one delivery is lost, and Slack repeats it or tells the person.
func (e *Edge) survive(what string) {
	if cause := recover(); cause != nil {
		e.log.Error("a handler panicked", "what", what, "cause", cause)
	}
}

// event handles an Events API callback: whoever mentions the bot is answered as if they had typed the command, and whoever opens
// its Home tab gets it as things are now.
func (e *Edge) event(received event) {
	inner := received.Event
	if received.Type != "event_callback" || inner.User == "" || inner.BotID != "" {
		return
	}
	var handle func(ctx context.Context)
	switch {
	case inner.Type == "app_mention":
		handle = func(ctx context.Context) { e.mention(ctx, received.ID, inner) }
	case inner.Type == "app_home_opened" && inner.Tab != "messages":
		handle = func(ctx context.Context) { e.publishHome(ctx, inner.User, inner.home(), nil, inner.View.Hash) }
	default:
		return
	}
	if e.events.first(received.ID) {
		e.later(handle)
	}
}

func (e *Edge) mention(ctx context.Context, id string, said happening) {
	actor, refused := e.actor(ctx, said.User, said.home())
	reply := e.config.Bot.Handle(ctx, commands.Input{
		Text: unescape(afterMention(said.Text)), Actor: actor, Refused: refused, Channel: said.Channel,
		RequestKey: "event:" + id, Cause: filters.CauseCommand,
	})
	to := commands.Recipient{User: said.User, Channel: said.Channel}
	if err := e.Tell(ctx, to, reply); err != nil {
		e.log.Warn("the answer to a mention could not be sent", "request", id, "error", err)
	}
}

// afterMention returns what stands behind the mention that a message begins with.
func afterMention(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<@") {
		if end := strings.IndexByte(text, '>'); end > 0 {
			return strings.TrimSpace(text[end+1:])
		}
	}
	return "help"
}
