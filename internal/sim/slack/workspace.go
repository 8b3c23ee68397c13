package slack

import (
	"context"
	"time"
)

// Workspace is a running simulated workspace. All its methods may be called at the same time.
type Workspace struct{}

// Start opens the workspace. It serves until Close, or until ctx ends; Close must be called in either case.
func Start(ctx context.Context, config Config) (*Workspace, error) { panic("not yet") }

// Close stops everything and waits for it.
func (w *Workspace) Close() error { panic("not yet") }

// URL is the root of the Web API; it ends in "/api/", as slack-go's OptionAPIURL wants it.
func (w *Workspace) URL() string { panic("not yet") }

// SigningSecret is the key of the signatures on HTTP deliveries.
func (w *Workspace) SigningSecret() string { panic("not yet") }

// BotToken is the xoxb token that the Web API accepts.
func (w *Workspace) BotToken() string { panic("not yet") }

// AppToken is the xapp token that opens Socket Mode connections.
func (w *Workspace) AppToken() string { panic("not yet") }

// SetBotURL says where signed HTTP deliveries go from now on.
func (w *Workspace) SetBotURL(url string) { panic("not yet") }

// Command types text, which starts with the slash command, as a person in a channel ("" is the default channel) and
// waits for the bot's answer.
func (w *Workspace) Command(ctx context.Context, userName, channelID, text string) (Answer, error) {
	panic("not yet")
}

// Click presses an element and waits for the bot's answer.
func (w *Workspace) Click(ctx context.Context, click Click) (Answer, error) { panic("not yet") }

// Redeliver repeats the delivery of a command, click, submission or event, given its trigger ID or event ID, byte for
// byte as Slack does, and waits for the answer.
func (w *Workspace) Redeliver(ctx context.Context, id string) (Answer, error) { panic("not yet") }

// Messages are what the named user sees, oldest first, ephemeral ones included.
func (w *Workspace) Messages(userName string) []Message { panic("not yet") }

// Watch yields a value, coalesced, after each change of what anybody sees. The channel is closed when ctx ends.
func (w *Workspace) Watch(ctx context.Context) <-chan struct{} { panic("not yet") }

// SetMode makes Slack misbehave for d, or until changed where d is zero. Modes: "up", "down" (the API answers 503,
// sockets are cut, deliveries wait), "rate-limit" (the API answers 429 with Retry-After).
func (w *Workspace) SetMode(mode string, d time.Duration) error { panic("not yet") }
