package harness

import (
	"cmp"
	"encoding/json"
	"net/url"
)

// Button is a press of a button as Slack delivers it over HTTP, whatever stands in the channel; and what a forger may make of it.
type Button struct {
	User, Action, Value, Trigger string // User is a name, or the ID of somebody who has none here
	Team, Home                   string // of the delivery and of the person; default: the workspace's
	Channel, ResponseURL         string
	// Reason makes it what a dialog sends that asked for one.
	Reason string
}

// Delivery is the signed request.
func (b Button) Delivery(workspace Ready) Delivery {
	payload := map[string]any{
		"type": "block_actions", "trigger_id": b.Trigger, "response_url": b.ResponseURL,
		"team":    map[string]string{"id": cmp.Or(b.Team, workspace.TeamID)},
		"user":    map[string]string{"id": cmp.Or(workspace.Users[b.User], b.User), "team_id": cmp.Or(b.Home, workspace.TeamID)},
		"channel": map[string]string{"id": cmp.Or(b.Channel, workspace.ChannelID)},
		"actions": []any{map[string]string{"type": "button", "action_id": b.Action, "block_id": "b", "value": b.Value}},
	}
	if b.Reason != "" {
		payload["type"], payload["view"] = "view_submission", b.view(workspace)
	}
	text, err := json.Marshal(payload)
	if err != nil {
		panic(err) // strings encode
	}
	return Delivery{Path: "/slack/interactions", Body: url.Values{"payload": {string(text)}}.Encode()}
}

// view is the dialog that asks for a reason, filled in.
func (b Button) view(workspace Ready) map[string]any {
	errand, err := json.Marshal(map[string]string{"action": b.Action, "value": b.Value, "channel": cmp.Or(b.Channel, workspace.ChannelID)})
	if err != nil {
		panic(err) // strings encode
	}
	return map[string]any{
		"id": "V" + b.Trigger, "root_view_id": "V" + b.Trigger, "type": "modal", "callback_id": "cordon_reason", "private_metadata": string(errand),
		"state": map[string]any{"values": map[string]any{"reason": map[string]any{"reason": map[string]string{"type": "plain_text_input", "value": b.Reason}}}},
	}
}
