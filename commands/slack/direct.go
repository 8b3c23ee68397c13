package slack

import (
	"context"
	"sync"

	slackgo "github.com/slack-go/slack"
)

// Direct returns the conversation of the bot with one person, by their ID: messages there are theirs alone. It is opened when it
// is needed.
func (e *Edge) Direct(user string) *Channel { return &Channel{edge: e, with: user} }

// directs remembers the IDs of conversations, which stay the same, by the person's ID.
type directs struct {
	mutex sync.Mutex
	known map[string]string
}

// place is the channel's ID. That of a direct conversation is asked for the first time; an error is Slack's.
func (c *Channel) place(ctx context.Context) (string, error) {
	if c.with == "" {
		return c.id, nil
	}
	known := &c.edge.directs
	known.mutex.Lock()
	id := known.known[c.with]
	known.mutex.Unlock()
	if id != "" {
		return id, nil
	}
	opened, _, _, err := c.edge.api.OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{c.with}})
	if err != nil {
		return "", err
	}
	known.mutex.Lock()
	defer known.mutex.Unlock()
	if known.known == nil {
		known.known = map[string]string{}
	}
	known.known[c.with] = opened.ID
	return opened.ID, nil
}
