package slack

import (
	"regexp"
	"strings"
)

// What Slack makes of a command's text on its way to the app.
var (
	escaper  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	address  = regexp.MustCompile(`https?://[^\s<>|]+`)
	hostname = regexp.MustCompile(`(^|[\s,])((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,})([\s,]|$)`)
	mention  = regexp.MustCompile(`(^|[\s,])([@#])([\w.-]*\w)`)
)

// escape replaces &, < and > always; addresses and names become references where the app has escaping on, and
// words that look like hosts become links where LinkHostnames says so.
func (w *Workspace) escape(text string) string {
	text = escaper.Replace(text)
	if w.config.Escape {
		text = address.ReplaceAllString(text, "<$0>")
		text = mention.ReplaceAllStringFunc(text, w.reference)
	}
	if w.config.LinkHostnames {
		// twice: neighbours share the space between them
		for range 2 {
			text = hostname.ReplaceAllString(text, "$1<http://$2|$2>$3")
		}
	}
	return text
}

// reference turns @name and #name into Slack's references; names that nobody has stay as they are.
func (w *Workspace) reference(found string) string {
	match := mention.FindStringSubmatch(found)
	before, sign, name := match[1], match[2], match[3]
	if sign == "#" {
		channel, here := first(w.directory.channels, func(c Channel) bool { return c.Name == name })
		if !here {
			return found
		}
		return before + "<#" + channel.ID + "|" + channel.Name + ">"
	}
	if user, here := w.directory.userNamed(name); here {
		return before + "<@" + user.ID + "|" + user.Name + ">"
	}
	for id := range w.config.Groups {
		if w.directory.handle(id) == name {
			return before + "<!subteam^" + id + "|@" + name + ">"
		}
	}
	if name == "here" || name == "channel" || name == "everyone" {
		return before + "<!" + name + ">"
	}
	return found
}
