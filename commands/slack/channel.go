package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/commands"
	"cordon/commands/poster"

	slackgo "github.com/slack-go/slack"
)

// Channel is one Slack channel as the poster wants it. Safe for concurrent use.
type Channel struct {
	edge *Edge
	id   string // empty: of a direct conversation
	with string // the person of a direct conversation, see Direct
}

// Channel returns the channel with the ID. The bot must have been invited.
func (e *Edge) Channel(id string) *Channel { return &Channel{edge: e, id: id} }

var _ poster.Channel = (*Channel)(nil)

// metadataType marks our messages, so that they are found again (Find).
const metadataType = "cordon_notice"

func metadata(key string) slackgo.MsgOption {
	return slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"key": key}})
}

// Post adds a root message and returns its time stamp.
func (c *Channel) Post(ctx context.Context, message poster.Message) (string, error) {
	place, err := c.place(ctx)
	if err != nil {
		return "", c.outcome(err)
	}
	options := append(content(message.Lines, message.Buttons), metadata(message.Key))
	_, ref, err := c.edge.api.PostMessageContext(ctx, place, options...)
	return ref, c.outcome(err)
}

// Update changes a root message.
func (c *Channel) Update(ctx context.Context, ref string, message poster.Message) error {
	place, err := c.place(ctx)
	if err != nil {
		return c.outcome(err)
	}
	options := append(content(message.Lines, message.Buttons), metadata(message.Key))
	_, _, _, err = c.edge.api.UpdateMessageContext(ctx, place, ref, options...)
	return c.outcome(err)
}

// Reply adds lines to a message's thread.
func (c *Channel) Reply(ctx context.Context, ref, key string, lines []commands.Line) error {
	place, err := c.place(ctx)
	if err != nil {
		return c.outcome(err)
	}
	options := append(content(lines, nil), metadata(key), slackgo.MsgOptionTS(ref))
	_, _, err = c.edge.api.PostMessageContext(ctx, place, options...)
	return c.outcome(err)
}

const (
	findPages = 5 // of the newest messages that Find looks at
	findPage  = 200
	findEarly = time.Minute // clocks differ
)

// Find looks for our message with the key among the newest since then: in the channel, or in the thread of ref.
func (c *Channel) Find(ctx context.Context, ref, key string, since time.Time) (string, bool, error) {
	oldest := fmt.Sprintf("%d.000000", since.Add(-findEarly).Unix())
	cursor := ""
	for range findPages {
		messages, next, err := c.page(ctx, ref, oldest, cursor)
		if err != nil {
			return "", false, c.outcome(err)
		}
		for i := range messages {
			if c.edge.ours(&messages[i], key) {
				return messages[i].Timestamp, true, nil
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	return "", false, nil
}

func (c *Channel) page(ctx context.Context, ref, oldest, cursor string) ([]slackgo.Message, string, error) {
	place, err := c.place(ctx)
	if err != nil {
		return nil, "", err
	}
	if ref != "" {
		messages, _, next, err := c.edge.api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
			ChannelID: place, Timestamp: ref, Oldest: oldest, Cursor: cursor, Limit: findPage, IncludeAllMetadata: true,
		})
		return messages, next, err
	}
	history, err := c.edge.api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
		ChannelID: place, Oldest: oldest, Cursor: cursor, Limit: findPage, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", err
	}
	return history.Messages, history.ResponseMetaData.NextCursor, nil
}

// ours tells whether a message is the bot's own and carries the key: others could write the same metadata.
func (e *Edge) ours(message *slackgo.Message, key string) bool {
	if message.Metadata.EventType != metadataType || message.Metadata.EventPayload["key"] != key {
		return false
	}
	self := e.botUser.Load()
	return self == nil || message.User == *self
}

// outcome sorts errors by what the poster may do about them.
func (c *Channel) outcome(err error) error {
	if err == nil {
		return nil
	}
	if slow, limited := errors.AsType[*slackgo.RateLimitedError](err); limited {
		return &poster.Slow{For: max(slow.RetryAfter, time.Second)}
	}
	if refusal, ok := errors.AsType[slackgo.SlackErrorResponse](err); ok {
		switch refusal.Err {
		case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found":
			return poster.ErrGone
		case "ratelimited", "rate_limited":
			return &poster.Slow{For: time.Second}
		case "fatal_error", "internal_error", "request_timeout", "service_unavailable":
			return errors.Join(poster.ErrUnsure, err)
		}
		return &poster.Refused{Cause: err}
	}
	if unsent(err) {
		return err
	}
	return errors.Join(poster.ErrUnsure, err)
}
