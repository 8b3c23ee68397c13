package slack

import (
	"encoding/json"
	"slices"
	"strings"
)

// writable finds where the bot may post.
func (w *Workspace) writable(args arguments) (Channel, error) {
	channel, here := w.directory.destination(args["channel"])
	switch {
	case !here, channel.Private && !w.directory.isMember(channel, BotUserID):
		return channel, fail("channel_not_found")
	case channel.Archived:
		return channel, fail("is_archived")
	case !w.directory.isMember(channel, BotUserID) && w.need("chat:write.public") != nil:
		return channel, fail("not_in_channel")
	}
	return channel, nil
}

func (w *Workspace) postMessage(args arguments) (result, error) {
	channel, err := w.writable(args)
	if err != nil {
		return nil, err
	}
	c, err := compose(args, textLimit)
	if err != nil {
		return nil, err
	}
	p := post{Message: Message{Channel: channel.ID, User: BotUserID, ThreadTS: w.root(channel, args["thread_ts"])}, broadcast: args.flag("reply_broadcast")}
	p = w.timeline.add(c.post(p))
	return result{"channel": channel.ID, "ts": p.TS, "message": w.messageJSON(p, true)}, nil
}

// root is the thread that a reply goes to. As in Slack, a reply to a message that is not there stands in the channel.
func (w *Workspace) root(channel Channel, ts string) string {
	parent, here := w.timeline.get(ts)
	if !here || parent.Channel != channel.ID || parent.Ephemeral {
		return ""
	}
	if parent.ThreadTS != "" {
		return parent.ThreadTS
	}
	return ts
}

func (w *Workspace) postEphemeral(args arguments) (result, error) {
	channel, err := w.writable(args)
	if err != nil {
		return nil, err
	}
	user, here := w.directory.user(args["user"])
	switch {
	case !here || user.Deleted:
		return nil, fail("user_not_found")
	case !w.directory.isMember(channel, user.ID):
		return nil, fail("user_not_in_channel")
	}
	c, err := compose(args, textLimit)
	if err != nil {
		return nil, err
	}
	p := w.whisper(user.ID, channel.ID, w.root(channel, args["thread_ts"]), BotUserID, c)
	w.interactions.heard(user.ID, nil, p.Message)
	return result{"message_ts": p.TS}, nil
}

// whisper adds an ephemeral message.
func (w *Workspace) whisper(reader, channel, thread, author string, c content) post {
	return w.timeline.add(c.post(post{reader: reader, Message: Message{Channel: channel, User: author, ThreadTS: thread, Ephemeral: true}}))
}

// own finds a message of the bot's that the Web API can still touch; forbidden is the error for somebody else's.
func (w *Workspace) own(args arguments, ts, forbidden string) (Channel, error) {
	channel, here := w.directory.destination(args["channel"])
	if !here {
		return channel, fail("channel_not_found")
	}
	p, here := w.timeline.get(ts)
	switch {
	case !here || p.Channel != channel.ID || p.Ephemeral:
		return channel, fail("message_not_found")
	case p.User != BotUserID:
		return channel, fail(forbidden)
	case channel.Archived:
		return channel, fail("is_archived")
	}
	return channel, nil
}

func (w *Workspace) updateMessage(args arguments) (result, error) {
	channel, err := w.own(args, args["ts"], "cant_update_message")
	if err != nil {
		return nil, err
	}
	c, err := compose(args, updateTextLimit)
	if err != nil {
		return nil, err
	}
	p, err := w.timeline.rewrite(args["ts"], c)
	if err != nil {
		return nil, err
	}
	return result{"channel": channel.ID, "ts": p.TS, "text": p.Text, "message": w.messageJSON(p, true)}, nil
}

func (w *Workspace) deleteMessage(args arguments) (result, error) {
	channel, err := w.own(args, args["ts"], "cant_delete_message")
	if err != nil {
		return nil, err
	}
	if !w.timeline.remove(args["ts"]) {
		return nil, fail("message_not_found")
	}
	return result{"channel": channel.ID, "ts": args["ts"]}, nil
}

func (w *Workspace) permalink(args arguments) (result, error) {
	channel, here := w.directory.channel(args["channel"])
	if !here {
		return nil, fail("channel_not_found")
	}
	ts := args["message_ts"]
	p, here := w.timeline.get(ts)
	if !here || p.Channel != channel.ID || p.Ephemeral {
		return nil, fail("message_not_found")
	}
	link := "https://" + w.config.TeamDomain + ".slack.com/archives/" + channel.ID + "/p" + strings.ReplaceAll(ts, ".", "")
	if p.ThreadTS != "" {
		link += "?thread_ts=" + p.ThreadTS + "&cid=" + channel.ID
	}
	return result{"channel": channel.ID, "permalink": link}, nil
}

func (w *Workspace) addReaction(args arguments) (result, error) {
	return w.react(args, func(p *post, name string) error {
		i := slices.IndexFunc(p.reactions, func(r reaction) bool { return r.name == name })
		if i >= 0 && slices.Contains(p.reactions[i].users, BotUserID) {
			return fail("already_reacted")
		}
		p.reactions = append(slices.Clone(p.reactions), reaction{name, []string{BotUserID}})
		return nil
	})
}

func (w *Workspace) removeReaction(args arguments) (result, error) {
	return w.react(args, func(p *post, name string) error {
		kept := slices.DeleteFunc(slices.Clone(p.reactions), func(r reaction) bool { return r.name == name })
		if len(kept) == len(p.reactions) {
			return fail("no_reaction")
		}
		p.reactions = kept
		return nil
	})
}

func (w *Workspace) react(args arguments, change func(*post, string) error) (result, error) {
	name := args["name"]
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_+-:'") != "" {
		return nil, fail("invalid_name")
	}
	channel, here := w.directory.channel(args["channel"])
	if !here {
		return nil, fail("channel_not_found")
	}
	_, err := w.timeline.change(args["timestamp"], func(p *post) error {
		if p.Channel != channel.ID || p.Ephemeral {
			return fail("message_not_found")
		}
		return change(p, name)
	})
	return result{}, err
}

// messageJSON is a message as the Web API and payloads show it.
func (w *Workspace) messageJSON(p post, withMetadata bool) map[string]any {
	message := map[string]any{"type": "message", "user": p.User, "ts": p.TS, "text": p.Text, "team": w.config.TeamID}
	if p.User == BotUserID {
		message["bot_id"], message["app_id"] = BotID, w.config.AppID
		message["bot_profile"] = map[string]any{"id": BotID, "app_id": w.config.AppID, "name": w.config.BotName, "team_id": w.config.TeamID, "deleted": false}
	}
	if !empty(p.Blocks) {
		message["blocks"] = p.Blocks
	}
	if !empty(p.attachments) {
		message["attachments"] = p.attachments
	}
	if p.ThreadTS != "" {
		message["thread_ts"], message["parent_user_id"] = p.ThreadTS, BotUserID
	}
	if p.editedTS != "" {
		message["edited"] = map[string]any{"user": p.User, "ts": p.editedTS}
	}
	if withMetadata && p.metadata != nil {
		message["metadata"] = p.metadata
	}
	if len(p.reactions) > 0 {
		message["reactions"] = reactionsJSON(p.reactions)
	}
	return message
}

func reactionsJSON(reactions []reaction) json.RawMessage {
	var list []map[string]any
	for _, r := range reactions {
		list = append(list, map[string]any{"name": r.name, "users": r.users, "count": len(r.users)})
	}
	return encode(list)
}
