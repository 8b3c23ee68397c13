package slack

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// directory knows who and what is in the workspace. It never changes.
type directory struct {
	config   Config
	channels []Channel
}

func newDirectory(config Config) directory {
	return directory{config: config, channels: append([]Channel{config.Channel}, config.Channels...)}
}

// bot is the user that belongs to the app under test.
func (d directory) bot() User {
	return User{ID: BotUserID, Name: d.config.BotName, RealName: d.config.BotName, TimeZone: "UTC", Bot: true, TeamID: d.config.TeamID}
}

// users are all users, the bot last.
func (d directory) users() []User {
	return append(slices.Clone(d.config.Users), d.bot())
}

func (d directory) user(id string) (User, bool) {
	return first(d.users(), func(u User) bool { return u.ID == id })
}

func (d directory) userNamed(name string) (User, bool) {
	return first(d.users(), func(u User) bool { return u.Name == name })
}

// channel finds a conversation by its ID. Every user has a direct one with the bot: D and the rest of the user's ID.
func (d directory) channel(id string) (Channel, bool) {
	if rest, direct := strings.CutPrefix(id, "D"); direct {
		user, here := first(d.users(), func(u User) bool { return u.ID[1:] == rest })
		return Channel{ID: id, Name: "directmessage", Private: true, Members: []string{user.ID, BotUserID}}, here
	}
	return first(d.channels, func(c Channel) bool { return c.ID == id })
}

// destination finds where a message is to go: a channel's ID or name, or a user's ID, which means the direct conversation.
func (d directory) destination(name string) (Channel, bool) {
	if user, here := d.user(name); here {
		return d.channel("D" + user.ID[1:])
	}
	if channel, here := d.channel(name); here {
		return channel, true
	}
	return first(d.channels, func(c Channel) bool { return c.Name == strings.TrimPrefix(name, "#") })
}

// members are the user IDs in a channel, the bot's included where it was invited.
func (d directory) members(c Channel) []string {
	var ids []string
	for _, user := range d.users() {
		if d.isMember(c, user.ID) && !user.Deleted {
			ids = append(ids, user.ID)
		}
	}
	return ids
}

func (d directory) isMember(c Channel, userID string) bool {
	if userID == BotUserID {
		return !c.BotOut
	}
	return c.Members == nil || slices.Contains(c.Members, userID)
}

// handle is a user group's name after the @.
func (d directory) handle(groupID string) string {
	return cmp.Or(d.config.GroupHandles[groupID], strings.ToLower(groupID))
}

func (c Channel) isDirect() bool { return strings.HasPrefix(c.ID, "D") }

// shownName is the name in payloads: Slack keeps those of private channels to itself.
func (c Channel) shownName() string {
	if c.Private && !c.isDirect() {
		return "privategroup"
	}
	return c.Name
}

// scope is what a token needs to read such a conversation, such as channels:history.
func (c Channel) scope(verb string) string {
	switch {
	case c.isDirect():
		return "im:" + verb
	case c.Private:
		return "groups:" + verb
	default:
		return "channels:" + verb
	}
}

// offset is the user's distance from UTC in seconds, now.
func (u User) offset(now time.Time) int {
	zone, err := time.LoadLocation(u.TimeZone)
	if err != nil {
		return 0 // Start has refused unknown zones
	}
	_, seconds := now.In(zone).Zone()
	return seconds
}

func first[T any](items []T, wanted func(T) bool) (T, bool) {
	if i := slices.IndexFunc(items, wanted); i >= 0 {
		return items[i], true
	}
	var none T
	return none, false
}
