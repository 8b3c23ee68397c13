package slack

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"time"
	_ "time/tzdata" // users.info answers offsets also where the machine has no zones
)

// Config says who and what is in the workspace. Only Users is needed for a useful one.
type Config struct {
	TeamID     string // default "T0CORDON"
	TeamDomain string // default "demo"
	AppID      string // default "A0CORDON"
	BotName    string // the bot's user name, default "cordon"
	Command    string // the slash command that the app owns, default "/mesos"

	Channel  Channel   // where people type when they name no channel; default C0OPS, "ops"
	Channels []Channel // more of them
	Users    []User
	Groups   map[string][]string // user group ID -> user IDs; the handle is the lower-case ID unless GroupHandles has one
	// GroupHandles maps a user group ID to its handle (without @).
	GroupHandles map[string]string

	BotURL        string // where signed HTTP deliveries go, such as http://127.0.0.1:8081; SetBotURL changes it
	SigningSecret string // generated when empty, as are both tokens
	BotToken      string
	AppToken      string
	Listen        string // default "127.0.0.1:0"
	Logger        *slog.Logger

	// Scopes are what the bot token was granted. Nil grants all that the methods here ask for, except chat:write.public.
	Scopes []string
	// Escape is the command's "escape channels, users, and links": @alice arrives as <@U1|alice>.
	Escape bool
	// LinkHostnames makes links of words that look like a host, as Slack's composer does: <http://web-1.example.com|web-1.example.com>.
	LinkHostnames bool
	// Events are the Events API subscriptions, such as "app_mention" and "message.channels".
	Events []string
	// HomeTab says that the app has a Home tab.
	HomeTab bool
	// Unlimited switches the rate limits of the Web API off (SetMode "rate-limit" still works).
	Unlimited bool

	// AnswerTimeout is how long the bot has to acknowledge. Default 3 s, as in Slack.
	AnswerTimeout time.Duration
	// ReplyTimeout is how long Command, Click and Submit wait for a reply after an empty acknowledgement. Default 3 s.
	ReplyTimeout time.Duration
	// PingInterval is the time between the pings on a socket, default 10 s.
	PingInterval time.Duration
	// EventRetries are the delays before an event that was not acknowledged is sent again. Default: at once, 1 min, 5 min.
	EventRetries []time.Duration

	now func() time.Time // tests move it
}

// Channel is a conversation of the workspace.
type Channel struct {
	ID, Name string
	Private  bool
	Archived bool
	Members  []string // user IDs; nil: everybody
	BotOut   bool     // the bot was not invited
}

// User is a person, or a bot other than the one under test.
type User struct {
	ID, Name, RealName string
	Email              string // default name@example.com
	TimeZone           string // IANA name, default UTC
	Bot                bool
	Guest              bool
	Deleted            bool
	TeamID             string // default the workspace's; another one makes a stranger from a shared channel
}

// The bot's own identities, as auth.test answers them.
const (
	BotUserID = "U0CORDON"
	BotID     = "B0CORDON"
	slackbot  = "USLACKBOT" // speaks when the app does not
)

func (c Config) withDefaults() (Config, error) {
	c.TeamID = cmp.Or(c.TeamID, "T0CORDON")
	c.TeamDomain = cmp.Or(c.TeamDomain, "demo")
	c.AppID = cmp.Or(c.AppID, "A0CORDON")
	c.BotName = cmp.Or(c.BotName, "cordon")
	c.Command = cmp.Or(c.Command, "/mesos")
	c.Channel.ID = cmp.Or(c.Channel.ID, "C0OPS")
	c.Channel.Name = cmp.Or(c.Channel.Name, "ops")
	c.SigningSecret = cmp.Or(c.SigningSecret, secret(16))
	c.BotToken = cmp.Or(c.BotToken, "xoxb-"+secret(12))
	c.AppToken = cmp.Or(c.AppToken, "xapp-1-"+c.AppID+"-"+secret(12))
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:0")
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 3*time.Second)
	c.ReplyTimeout = cmp.Or(c.ReplyTimeout, 3*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 10*time.Second)
	if c.EventRetries == nil {
		c.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, c.completeUsers()
}

// completeUsers fills users in on a copy and refuses what Slack could not hold.
func (c *Config) completeUsers() error {
	c.Users = slices.Clone(c.Users)
	seen := map[string]bool{BotUserID: true, slackbot: true}
	for i := range c.Users {
		user := &c.Users[i]
		if user.ID == "" || user.Name == "" || seen[user.ID] || seen[user.Name] {
			return fmt.Errorf("user %q (%s): every user needs an ID and a name of its own", user.Name, user.ID)
		}
		seen[user.ID], seen[user.Name] = true, true
		user.RealName = cmp.Or(user.RealName, user.Name)
		user.Email = cmp.Or(user.Email, user.Name+"@example.com")
		user.TimeZone = cmp.Or(user.TimeZone, "UTC")
		user.TeamID = cmp.Or(user.TeamID, c.TeamID)
		if _, err := time.LoadLocation(user.TimeZone); err != nil {
			return fmt.Errorf("user %q: time zone: %w", user.Name, err)
		}
	}
	return nil
}

// secret returns n random bytes as hexadecimal digits.
func secret(n int) string {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails, by its contract
	return hex.EncodeToString(random)
}
