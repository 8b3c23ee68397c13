package slack

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"cordon/filters"
)

// slash is a slash command as Slack delivers it, by form or as JSON.
type slash struct {
	Team        string            `json:"team_id"`
	Channel     string            `json:"channel_id"`
	User        string            `json:"user_id"`
	Text        string            `json:"text"`
	ResponseURL string            `json:"response_url"`
	Trigger     string            `json:"trigger_id"`
	people      map[string]string // whom the text names: their IDs by the names that stand in it
}

// press is a click on one of our buttons, a dialog that was submitted, or what was typed into a field that searches: what we
// use of a block_actions, a view_submission or a block_suggestion payload.
type press struct {
	Type string `json:"type"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		Message string `json:"message_ts"`
	} `json:"container"`
	ResponseURL string `json:"response_url"`
	Trigger     string `json:"trigger_id"`
	Actions     []struct {
		Action string `json:"action_id"`
		Block  string `json:"block_id"`
		Value  string `json:"value"`
	} `json:"actions"`
	Typed string `json:"value"` // of a suggestion
	View  view   `json:"view"`
}

// view is what we use of a dialog or a Home tab.
type view struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Root     string `json:"root_view_id"`
	Hash     string `json:"hash"`
	Callback string `json:"callback_id"`
	Metadata string `json:"private_metadata"`
	State    struct {
		Values map[string]map[string]entry `json:"values"`
	} `json:"state"`
}

// entry is what stands in one field of a view.
type entry struct {
	Value   string   `json:"value"`
	Option  *option  `json:"selected_option"`
	Options []option `json:"selected_options"`
}

type option struct {
	Value string `json:"value"`
}

// values are what was chosen or typed.
func (n entry) values() []string {
	var values []string
	for _, chosen := range n.Options {
		values = append(values, chosen.Value)
	}
	if n.Option != nil {
		values = append(values, n.Option.Value)
	}
	if n.Value != "" {
		values = append(values, n.Value)
	}
	return values
}

// event is an Events API callback.
type event struct {
	Type      string    `json:"type"`
	Challenge string    `json:"challenge"`
	ID        string    `json:"event_id"`
	Team      string    `json:"team_id"`
	Event     happening `json:"event"`
}

// happening is what an event tells of.
type happening struct {
	Type    string `json:"type"`
	User    string `json:"user"`
	Team    string `json:"team"`
	Home    string `json:"user_team"` // of who wrote in a channel that workspaces share
	Source  string `json:"source_team"`
	BotID   string `json:"bot_id"`
	Channel string `json:"channel"`
	Text    string `json:"text"`
	Tab     string `json:"tab"` // of app_home_opened: home or messages
	View    view   `json:"view"`
}

// home is the workspace that the person is of; empty: not told.
func (h *happening) home() string { return cmp.Or(h.Home, h.Source, h.Team) }

func malformed(what string) error {
	return &filters.Error{Code: filters.Invalid, Wrong: "this is not " + what + " as Slack sends it"}
}

func wrongTeam() error {
	return &filters.Error{Code: filters.Denied, Wrong: "this comes from another Slack workspace"}
}

// slashForm decodes the form of a slash command.
func (e *Edge) slashForm(body []byte) (slash, error) {
	var command slash
	for pair := range strings.SplitSeq(string(body), "&") {
		name, value, _ := strings.Cut(pair, "=")
		field := command.field(name) // Slack escapes no name
		if field == nil || *field != "" {
			continue
		}
		var err error
		if *field, err = url.QueryUnescape(value); err != nil {
			return slash{}, malformed("a slash command")
		}
	}
	return e.checkSlash(command)
}

// field returns where a form's field goes, nil if it is not used.
func (s *slash) field(name string) *string {
	switch name {
	case "team_id":
		return &s.Team
	case "channel_id":
		return &s.Channel
	case "user_id":
		return &s.User
	case "text":
		return &s.Text
	case "response_url":
		return &s.ResponseURL
	case "trigger_id":
		return &s.Trigger
	}
	return nil
}

// slashJSON decodes the payload of a slash command's envelope.
func (e *Edge) slashJSON(payload []byte) (slash, error) {
	var command slash
	if json.Unmarshal(payload, &command) != nil {
		return slash{}, malformed("a slash command")
	}
	return e.checkSlash(command)
}

func (e *Edge) checkSlash(command slash) (slash, error) {
	switch {
	case command.User == "" || command.Trigger == "" || command.Team == "":
		return slash{}, malformed("a slash command")
	case command.Team != e.config.Team:
		return slash{}, wrongTeam()
	}
	command.people = mentioned(command.Text)
	command.Text = unescape(command.Text)
	return command, nil
}

// pressForm decodes the form of an interaction, whose one field is JSON.
func (e *Edge) pressForm(body []byte) (press, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return press{}, malformed("an interaction")
	}
	return e.pressJSON([]byte(form.Get("payload")))
}

func (e *Edge) pressJSON(payload []byte) (press, error) {
	var p press
	if json.Unmarshal(payload, &p) != nil || p.Type == "" || p.User.ID == "" {
		return press{}, malformed("an interaction")
	}
	if p.Team.ID != e.config.Team {
		return press{}, wrongTeam()
	}
	if p.Type == "block_actions" && (len(p.Actions) == 0 || p.Trigger == "") {
		return press{}, malformed("a click")
	}
	if p.Type == "view_submission" && (p.View.ID == "" || p.View.Root == "") {
		return press{}, malformed("a submission")
	}
	return p, nil
}

func (e *Edge) eventJSON(body []byte) (event, error) {
	var received event
	if json.Unmarshal(body, &received) != nil || received.Type == "" {
		return event{}, malformed("an event")
	}
	if received.Type != "url_verification" && received.Team != e.config.Team {
		return event{}, wrongTeam()
	}
	return received, nil
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// unescape undoes what Slack does to text that is typed: `&`, `<` and `>` come as entities, links and names as
// references such as <http://web-1|web-1> and <@U1|alice>.
func unescape(text string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	var plain strings.Builder
	for {
		start := strings.IndexByte(text, '<')
		if start < 0 {
			break
		}
		length := strings.IndexByte(text[start:], '>')
		if length < 0 {
			break
		}
		plain.WriteString(entities.Replace(text[:start]))
		plain.WriteString(entities.Replace(reference(text[start+1 : start+length])))
		text = text[start+length+1:]
	}
	plain.WriteString(entities.Replace(text))
	return plain.String()
}

// mentioned returns the IDs of the people that the text names, by the names that unescape leaves of them.
func mentioned(text string) map[string]string {
	people := map[string]string{}
	for part := range strings.SplitSeq(text, "<@") {
		inside, _, whole := strings.Cut(part, ">")
		id, label, labelled := strings.Cut(inside, "|")
		if whole && labelled && id != "" && label != "" {
			people[strings.TrimPrefix(label, "@")] = id
		}
	}
	return people
}

// message is where the button stands that was pressed, as CHANNEL/TIMESTAMP; empty where Slack does not say.
func (p *press) message() string {
	if p.Channel.ID == "" || p.Container.Message == "" {
		return ""
	}
	return p.Channel.ID + "/" + p.Container.Message
}

// reference returns what a person typed for what Slack made a reference of.
func reference(inside string) string {
	target, label, labelled := strings.Cut(inside, "|")
	switch {
	case strings.HasPrefix(target, "@") || strings.HasPrefix(target, "#"):
		if labelled && label != "" {
			return target[:1] + strings.TrimPrefix(label, target[:1])
		}
		return target
	case strings.HasPrefix(target, "!"):
		if labelled && label != "" {
			return label
		}
		return "@" + strings.TrimPrefix(target, "!")
	case labelled && label != "":
		return label
	}
	for _, scheme := range []string{"http://", "https://", "mailto:"} {
		if rest, found := strings.CutPrefix(target, scheme); found {
			return strings.TrimSuffix(rest, "/")
		}
	}
	return "<" + inside + ">"
}
