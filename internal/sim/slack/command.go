package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Command types text, which starts with the slash command, as a person in a channel ("" is the default channel) and
// waits for the bot's answer. What the person may not do is an *Error; a bot that fails shows as a reply of Slackbot's.
func (w *Workspace) Command(ctx context.Context, userName, channelID, text string) (Answer, error) {
	user, err := w.actor(userName)
	if err != nil {
		return Answer{}, err
	}
	channel, err := w.place(user, channelID)
	if err != nil {
		return Answer{}, err
	}
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if name != w.config.Command || w.need("commands") != nil {
		return Answer{}, &Error{"invalid_command", fmt.Sprintf("%s is not a valid command. Try %s help.", name, w.config.Command)}
	}
	in := w.interactions.begin(interaction{user: user, channel: channel.ID, typed: text, apply: w.showAnswer}, w.config.TeamID, "commands")
	payload := w.commandPayload(in, channel, w.escape(strings.TrimSpace(rest)))
	in.delivery = delivery{id: in.trigger, kind: kindCommand, payload: payload, replies: true}
	return w.ask(ctx, in)
}

// actor finds a person who can act.
func (w *Workspace) actor(name string) (User, error) {
	user, here := w.directory.userNamed(name)
	switch {
	case !here:
		return user, &Error{"user_not_found", fmt.Sprintf("There is nobody called %q in this workspace.", name)}
	case user.Deleted:
		return user, &Error{"user_deactivated", user.Name + "'s account is deactivated."}
	case user.Bot:
		return user, &Error{"user_is_bot", user.Name + " is a bot; bots do not type."}
	}
	return user, nil
}

// place finds a channel that the person is in.
func (w *Workspace) place(user User, channelID string) (Channel, error) {
	if channelID == "" {
		channelID = w.config.Channel.ID
	}
	channel, here := w.directory.channel(channelID)
	if !here || !w.directory.isMember(channel, user.ID) {
		return channel, &Error{"channel_not_found", fmt.Sprintf("%s is in no channel %q.", user.Name, channelID)}
	}
	return channel, nil
}

// commandPayload has the fields of a slash command, all strings:
// https://docs.slack.dev/interactivity/implementing-slash-commands.
func (w *Workspace) commandPayload(in *interaction, channel Channel, text string) map[string]any {
	return map[string]any{
		"token": w.verification, "team_id": in.user.TeamID, "team_domain": w.config.TeamDomain,
		"channel_id": channel.ID, "channel_name": channel.shownName(), "user_id": in.user.ID, "user_name": in.user.Name,
		"command": w.config.Command, "text": text, "api_app_id": w.config.AppID, "is_enterprise_install": "false",
		"response_url": w.base + in.path, "trigger_id": in.trigger,
	}
}

// ask delivers an interaction and waits for what the person hears because of it.
func (w *Workspace) ask(ctx context.Context, in *interaction) (Answer, error) {
	waiting := w.interactions.listen(in)
	ack, err := w.deliver(ctx, in.delivery)
	switch {
	case ctx.Err() != nil || w.ctx.Err() != nil:
		err = errors.Join(ctx.Err(), w.ctx.Err())
	case err != nil:
		w.excuse(in, err)
		err = nil
	default:
		err = w.hear(ctx, in, ack, waiting)
	}
	return Answer{TriggerID: in.trigger, Replies: w.interactions.end(waiting)}, err
}

// hear applies an acknowledgement and, unless it was the whole answer, waits for one.
func (w *Workspace) hear(ctx context.Context, in *interaction, ack acknowledgement, waiting *waiter) error {
	if in.apply != nil {
		answered, err := in.apply(in, ack)
		if err != nil {
			w.excuse(in, err)
		}
		if answered {
			return nil
		}
	}
	return w.await(ctx, waiting)
}

// await waits for the first reply, as long as a person would.
func (w *Workspace) await(ctx context.Context, waiting *waiter) error {
	timeout := time.NewTimer(w.config.ReplyTimeout)
	defer timeout.Stop()
	select {
	case <-waiting.first:
	case <-timeout.C:
	case <-w.ctx.Done():
		return w.ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// showAnswer gives the person what the acknowledgement of a command carries.
func (w *Workspace) showAnswer(in *interaction, ack acknowledgement) (bool, error) {
	if len(ack.body) == 0 {
		return false, nil
	}
	args := arguments{"text": string(ack.body)}
	if ack.isJSON {
		parsed, err := parseArguments(ack.body)
		if err != nil || len(parsed) == 0 { // {} says no more than nothing
			return false, err
		}
		args = parsed
	}
	return true, w.respond(in, args)
}

// excuse is Slackbot's word to the person when the app failed.
func (w *Workspace) excuse(in *interaction, err error) {
	code := errDispatchFailed.Error()
	var failed failure
	switch {
	case errors.Is(err, errOperationTimeout):
		code = errOperationTimeout.Error()
	case errors.As(err, &failed):
		code = failed.code
	}
	text := fmt.Sprintf("%s failed with the error %q", w.config.Command, code)
	if in.delivery.kind != kindCommand {
		text = fmt.Sprintf("%s had some trouble with that (%s). Try again?", w.config.BotName, code)
	}
	w.log.Warn("the bot did not answer", "kind", in.delivery.kind, "code", code, "trigger", in.trigger)
	channel := in.channel
	if channel == "" {
		channel = w.config.Channel.ID
	}
	p := w.whisper(in.user.ID, channel, in.thread, slackbot, content{text: text})
	w.interactions.heard(in.user.ID, in, p.Message)
}

// Redeliver repeats the delivery of a command, click or submission, given its trigger ID, or of an event, given its
// event ID: the same payload, with a fresh signature, as Slack does. It waits for the answer.
func (w *Workspace) Redeliver(ctx context.Context, id string) (Answer, error) {
	if in, here := w.interactions.triggered(id); here {
		return w.ask(ctx, in)
	}
	if d, here := w.events.get(id); here {
		d.retry, d.reason = d.retry+1, "http_timeout"
		_, err := w.deliver(ctx, d)
		return Answer{TriggerID: id, Replies: []Message{}}, err
	}
	return Answer{}, &Error{"trigger_not_found", fmt.Sprintf("There was no delivery %q.", id)}
}

// Messages are what the named user sees, oldest first, ephemeral ones included.
func (w *Workspace) Messages(userName string) []Message {
	messages := []Message{}
	user, here := w.directory.userNamed(userName)
	if !here {
		return messages
	}
	for _, p := range w.timeline.list(func(p *post) bool { return w.sees(user, p) }) {
		messages = append(messages, p.Message)
	}
	return messages
}

// sees tells whether a message is there for a person.
func (w *Workspace) sees(user User, p *post) bool {
	if p.reader != "" {
		return p.reader == user.ID
	}
	channel, here := w.directory.channel(p.Channel)
	return here && w.directory.isMember(channel, user.ID)
}
