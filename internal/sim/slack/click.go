package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Click presses an element of a message or of the open modal, and waits for the bot's answer. A confirmation dialog
// counts as confirmed. An element that is no longer there is an *Error.
func (w *Workspace) Click(ctx context.Context, click Click) (Answer, error) {
	user, err := w.actor(click.User)
	if err != nil {
		return Answer{}, err
	}
	if click.ViewID != "" {
		return w.clickView(ctx, user, click)
	}
	p, here := w.timeline.get(click.MessageTS)
	if !here || !w.sees(user, &p) {
		return Answer{}, &Error{"message_not_found", "That message is not there any more."}
	}
	element, all, err := find(p.Blocks, click)
	if err != nil {
		return Answer{}, err
	}
	in := w.interactions.begin(interaction{user: user, channel: p.Channel, original: p.TS, thread: p.ThreadTS}, w.config.TeamID, "actions")
	payload := w.interactionPayload("block_actions", in)
	maps.Copy(payload, w.messageContext(p))
	payload["state"] = state(all, click.Values)
	payload["actions"] = []any{w.action(element, click)}
	payload["response_url"] = w.base + in.path
	in.delivery = delivery{id: in.trigger, kind: kindInteract, payload: payload}
	return w.ask(ctx, in)
}

// find returns the element that is clicked, and all interactive ones beside it.
func find(blocks json.RawMessage, click Click) (part, []part, error) {
	all := parts(blocks)
	i := slices.IndexFunc(all, func(p part) bool {
		return p.action() == click.ActionID && (click.BlockID == "" || p.block == click.BlockID)
	})
	if i < 0 {
		return part{}, nil, &Error{"action_not_found", fmt.Sprintf("There is no button %q any more: the message has changed.", click.ActionID)}
	}
	return all[i], all, nil
}

// interactionPayload has the fields that all interactions share:
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
func (w *Workspace) interactionPayload(kind string, in *interaction) map[string]any {
	return map[string]any{
		"type": kind, "token": w.verification, "api_app_id": w.config.AppID, "trigger_id": in.trigger,
		"team": map[string]any{"id": w.config.TeamID, "domain": w.config.TeamDomain}, "enterprise": nil, "is_enterprise_install": false,
		"user": map[string]any{"id": in.user.ID, "username": in.user.Name, "name": in.user.Name, "team_id": in.user.TeamID},
	}
}

// messageContext tells where a click was. Of an ephemeral message Slack does not send the message itself.
func (w *Workspace) messageContext(p post) map[string]any {
	channel, _ := w.directory.channel(p.Channel)
	container := map[string]any{"type": "message", "message_ts": p.TS, "channel_id": p.Channel, "is_ephemeral": p.Ephemeral}
	if p.ThreadTS != "" {
		container["thread_ts"] = p.ThreadTS
	}
	fields := map[string]any{"container": container, "channel": map[string]any{"id": p.Channel, "name": channel.shownName()}}
	if !p.Ephemeral {
		fields["message"] = w.messageJSON(p, true)
	}
	return fields
}

// action is the clicked element with what was chosen.
func (w *Workspace) action(element part, click Click) map[string]any {
	now := w.config.now()
	action := map[string]any{
		"type": element.kind(), "action_id": element.action(), "block_id": element.block,
		"action_ts": fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000),
	}
	if element.kind() != "button" {
		maps.Copy(action, element.entered(click.Values[element.action()]))
		return action
	}
	for _, name := range []string{"text", "value", "style", "confirm", "url"} {
		if value, here := element.fields[name]; here {
			action[name] = value
		}
	}
	return action
}
