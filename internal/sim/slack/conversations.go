package slack

import (
	"slices"
	"strings"
)

// readable finds a conversation that the token may read; the scope depends on its kind.
func (w *Workspace) readable(args arguments, verb string) (Channel, error) {
	channel, here := w.directory.channel(args["channel"])
	if !here {
		return channel, fail("channel_not_found")
	}
	if err := w.need(channel.scope(verb)); err != nil {
		return channel, err
	}
	if channel.Private && !w.directory.isMember(channel, BotUserID) {
		return channel, fail("channel_not_found")
	}
	return channel, nil
}

func (w *Workspace) conversationInfo(args arguments) (result, error) {
	channel, err := w.readable(args, "read")
	if err != nil {
		return nil, err
	}
	return result{"channel": w.channelJSON(channel)}, nil
}

func (w *Workspace) conversationList(args arguments) (result, error) {
	kinds := args["types"]
	if kinds == "" {
		kinds = "public_channel"
	}
	var list []map[string]any
	for _, kind := range strings.Split(kinds, ",") {
		scope, known := map[string]string{"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}[kind]
		if !known {
			return nil, fail("invalid_types")
		}
		if err := w.need(scope); err != nil {
			return nil, err
		}
		for _, channel := range w.directory.channels {
			hidden := channel.Private && !w.directory.isMember(channel, BotUserID) || channel.Archived && args.flag("exclude_archived")
			if channel.scope("read") == scope && !hidden {
				list = append(list, w.channelJSON(channel))
			}
		}
	}
	cut, next, err := page(list, args, 100, 1000)
	if err != nil {
		return nil, err
	}
	return result{"channels": slices.Concat([]map[string]any{}, cut), "response_metadata": nextCursor(next)}, nil
}

func (w *Workspace) channelJSON(c Channel) map[string]any {
	if c.isDirect() {
		return map[string]any{"id": c.ID, "is_im": true, "user": c.Members[0], "is_archived": false, "created": 1}
	}
	members := w.directory.members(c)
	return map[string]any{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "created": 1, "creator": BotUserID, "context_team_id": w.config.TeamID,
		"is_channel": !c.Private, "is_group": c.Private, "is_im": false, "is_mpim": false, "is_private": c.Private,
		"is_archived": c.Archived, "is_member": w.directory.isMember(c, BotUserID), "num_members": len(members),
	}
}

func (w *Workspace) conversationMembers(args arguments) (result, error) {
	channel, err := w.readable(args, "read")
	if err != nil {
		return nil, err
	}
	cut, next, err := page(w.directory.members(channel), args, 100, 1000)
	if err != nil {
		return nil, err
	}
	return result{"members": cut, "response_metadata": nextCursor(next)}, nil
}

func (w *Workspace) openDirect(args arguments) (result, error) {
	user, here := w.directory.user(args["users"])
	if !here || user.Deleted {
		return nil, fail("user_not_found")
	}
	return result{"channel": map[string]any{"id": "D" + user.ID[1:]}}, nil
}

// history answers the root messages of a channel, newest first.
func (w *Workspace) history(args arguments) (result, error) {
	channel, err := w.readable(args, "history")
	if err != nil {
		return nil, err
	}
	if !w.directory.isMember(channel, BotUserID) {
		return nil, fail("not_in_channel")
	}
	posts := w.timeline.list(func(p *post) bool {
		return p.Channel == channel.ID && !p.Ephemeral && (p.ThreadTS == "" || p.broadcast) && args.within(p.TS)
	})
	slices.Reverse(posts)
	return w.messagePage(posts, args, 100)
}

// threadReplies answers a thread, its root first.
func (w *Workspace) threadReplies(args arguments) (result, error) {
	channel, err := w.readable(args, "history")
	if err != nil {
		return nil, err
	}
	root, here := w.timeline.get(args["ts"])
	if !here || root.Channel != channel.ID || root.Ephemeral {
		return nil, fail("thread_not_found")
	}
	posts := w.timeline.list(func(p *post) bool {
		return p.TS == root.TS || p.ThreadTS == root.TS && !p.Ephemeral && args.within(p.TS)
	})
	return w.messagePage(posts, args, 1000)
}

// within applies oldest, latest and inclusive. Time stamps compare as text: they have one length until the year 2286.
func (a arguments) within(ts string) bool {
	oldest, latest := a["oldest"], a["latest"]
	if a.flag("inclusive") {
		return (oldest == "" || ts >= oldest) && (latest == "" || ts <= latest)
	}
	return (oldest == "" || oldest == "0" || ts > oldest) && (latest == "" || ts < latest)
}

func (w *Workspace) messagePage(posts []post, args arguments, size int) (result, error) {
	cut, next, err := page(posts, args, size, 999)
	if err != nil {
		return nil, err
	}
	messages := []map[string]any{}
	for _, p := range cut {
		message := w.messageJSON(p, args.flag("include_all_metadata"))
		if replies := w.timeline.list(func(reply *post) bool { return reply.ThreadTS == p.TS && !reply.Ephemeral }); len(replies) > 0 {
			message["thread_ts"], message["reply_count"], message["latest_reply"] = p.TS, len(replies), replies[len(replies)-1].TS
		}
		messages = append(messages, message)
	}
	return result{"messages": messages, "has_more": next != "", "response_metadata": nextCursor(next)}, nil
}
