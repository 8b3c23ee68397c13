package slack

import "encoding/json"

// Message is what a person sees in a channel. Its JSON is that of GET /sim/messages (CONTRACTS.md).
type Message struct {
	TS        string          `json:"ts"`
	ThreadTS  string          `json:"thread_ts"` // empty for a root message
	Channel   string          `json:"channel"`   // channel ID
	User      string          `json:"user"`      // user ID of the author; BotUserID for the bot
	Ephemeral bool            `json:"ephemeral"`
	Edited    bool            `json:"edited"`
	Text      string          `json:"text"`   // mrkdwn as it was sent
	Blocks    json.RawMessage `json:"blocks"` // Block Kit array, never null
}

// Answer is what the person who typed or clicked got for it.
type Answer struct {
	TriggerID string
	// Replies are the messages that this person newly sees in answer: the acknowledgement's, those of the
	// response URL, ephemeral ones posted meanwhile, or Slackbot's word that the app failed. Never nil.
	Replies []Message
}

// Error is why the workspace refused what a person tried; Message is for that person.
type Error struct {
	Code    string // user_not_found, user_deactivated, channel_not_found, message_not_found, action_not_found, view_not_found, invalid_command, invalid_mode, trigger_not_found
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Click is a press of a button, or a choice in another interactive element.
type Click struct {
	User      string // user name
	MessageTS string
	ViewID    string // instead of MessageTS: the element is in this person's open modal
	ActionID  string
	BlockID   string // needed only when several blocks have the action ID
	// Values are what the person entered before, by action ID: a string, or a list of strings where several may be
	// chosen. For a select the one under ActionID is the choice itself.
	Values map[string]any
}
