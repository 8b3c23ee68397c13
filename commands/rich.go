package commands

import (
	"strings"
	"time"

	"cordon/filters"
)

// Style says how a span is set.
type Style uint8

// The styles of spans.
const (
	Plain  Style = iota // text as it is
	Bold                // text in bold
	Code                // text in a fixed width
	Person              // a mention: Text is the Slack user ID
	Moment              // a time, shown in the reader's zone
	Block               // lines of fixed width in a box of their own, to be copied
)

// Span is a piece of a line. Its text is inert: whatever it holds, it is shown as it stands, on its line; String has what is shown.
type Span struct {
	Style Style  `json:"style,omitempty"`
	Text  string `json:"text,omitempty"`
	// Time is the moment of a Moment, UTC; Dated asks for its date too, Precise for its seconds.
	Time    time.Time `json:"time,omitzero"`
	Dated   bool      `json:"dated,omitempty"`
	Precise bool      `json:"precise,omitempty"`
}

// Line is one line of a message.
type Line []Span

// Button is something to press. It carries an ID and nothing else; rights are checked when it is pressed.
type Button struct {
	Label  string // the command's word
	Action string // one of the Action constants
	Value  string // the ID of what it acts on
	Danger bool   // set in the colour of warnings
	// Confirm is asked before the press counts; empty: nothing is asked.
	Confirm string
}

// The actions of buttons. They are part of posted messages: a name that was used once keeps its meaning.
const (
	ActionRelease    = "release"     // a filter or all filters of a request
	ActionReleaseAll = "release-all" // all filters on an agent
	ActionExtend     = "extend"      // by an hour: a filter or all filters of a request
	ActionDetails    = "details"     // of a filter, a request or an agent
	ActionAdopt      = "adopt"       // an agent that somebody else withholds
	ActionYes        = "answer-yes"  // a question
	ActionNo         = "answer-no"

	ActionSkip         = "window-skip"   // an occurrence: NAME/START
	ActionWindowAgents = "window-agents" // a window, by its name
	ActionWindowResume = "window-resume" // a window, by its name
	ActionRunDetails   = "run-details"   // a run, as those below
	ActionRunPause     = "run-pause"
	ActionRunResume    = "run-resume"
	ActionRunAbort     = "run-abort"
	ActionDone         = "confirm-done" // a confirmation, as those below
	ActionFailed       = "confirm-failed"
	ActionSkipAgent    = "confirm-skip"

	ActionForm            = "form"    // a verb, whose form it opens
	ActionApprove         = "approve" // an approval, as those below
	ActionDeny            = "deny"
	ActionApprovalDetails = "approval-details"
	ActionReview          = "review"
	ActionWithdraw        = "withdraw"

	ActionMaintenanceDown   = "maintenance-down" // a machine as host@ip, as those below
	ActionMaintenanceUp     = "maintenance-up"
	ActionMaintenanceCancel = "maintenance-cancel"
)

// Text makes a plain span.
func Text(text string) Span { return Span{Text: text} }

// Strong makes a bold span.
func Strong(text string) Span { return Span{Style: Bold, Text: text} }

// Literal makes a span of code.
func Literal(text string) Span { return Span{Style: Code, Text: text} }

// Verbatim makes a span of lines in a box of their own.
func Verbatim(text string) Span { return Span{Style: Block, Text: text} }

// Clock makes a span that shows a time of the day, with its date if it is half a day or more from now.
func Clock(t, now time.Time) Span {
	distance := t.Sub(now).Abs()
	return Span{Style: Moment, Time: t.UTC(), Dated: distance >= 12*time.Hour}
}

// Second makes a span that shows a time of the day to the second.
func Second(t time.Time) Span { return Span{Style: Moment, Time: t.UTC(), Precise: true} }

// Instant makes a span that shows a time to the second, with its date if it is half a day or more from now.
func Instant(t, now time.Time) Span {
	span := Clock(t, now)
	span.Precise = true
	return span
}

// Who makes a span that names an actor or owner as people know it: a person by mention, the rest by name.
func Who(id string) Span {
	kind, name, found := strings.Cut(id, ":")
	switch {
	case !found:
		return Strong(id)
	case kind == "user" && isUserID(name):
		return Span{Style: Person, Text: name}
	case kind == "bot":
		return Text("the bot")
	case kind == "run":
		return Text("the run") // its ID is nobody's name: Holder says more
	case kind == "api":
		return Strong("token " + name)
	case kind == "window":
		name, _, _ = strings.Cut(name, "/")
		return Strong(name)
	}
	return Strong(name)
}

// Holder names who withholds an agent, or ended that, as people know them: of a run, by whose word it does. Drain is what its filter
// asks for, nil where that is not known or nothing.
func Holder(id string, drain *filters.Drain) Line {
	run, isRun := strings.CutPrefix(id, "run:")
	switch {
	case !isRun:
		return Say(Who(id))
	case drain == nil || drain.By == "":
		return Say("the run ", Literal(run))
	case drain.Gone:
		return Say("the ", Literal("gone"), " that ", Who(string(drain.By)), " asked for")
	}
	return Say("the drain that ", Who(string(drain.By)), " asked for")
}

// drainOf is what the filter of an entry asks for; nil: nothing.
func drainOf(filter *filters.Filter) *filters.Drain {
	if filter == nil {
		return nil
	}
	return filter.Drain
}

// isUserID tells whether the text is a Slack user ID, which alone may become a mention.
func isUserID(text string) bool {
	if len(text) < 2 || len(text) > 32 || text[0] != 'U' && text[0] != 'W' {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Say makes a line of strings, which stay plain, spans, and lines.
func Say(parts ...any) Line {
	spans := make(Line, 0, len(parts))
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			if part != "" {
				spans = append(spans, Span{Text: part})
			}
		case Span:
			spans = append(spans, part)
		case Line:
			spans = append(spans, part...)
		}
	}
	return spans
}

// String renders the span without any markup; times are in UTC.
func (s Span) String() string {
	switch s.Style {
	case Person:
		return "@" + s.Text
	case Moment:
		return s.UTC()
	case Block:
		return strings.Map(visibleInBox, s.Text)
	}
	return strings.Map(filters.Visible, s.Text)
}

func visibleInBox(c rune) rune {
	if c == '\n' {
		return c
	}
	return filters.Visible(c)
}

// UTC renders a Moment as it is read where zones are not known.
func (s Span) UTC() string {
	switch {
	case s.Precise && s.Dated:
		return s.Time.UTC().Format("2006-01-02 15:04:05 UTC")
	case s.Precise:
		return s.Time.UTC().Format("15:04:05 UTC")
	case s.Dated:
		return s.Time.UTC().Format("2006-01-02 15:04 UTC")
	}
	return s.Time.UTC().Format("15:04 UTC")
}

// String renders the line without any markup.
func (l Line) String() string {
	var text strings.Builder
	for _, span := range l {
		text.WriteString(span.String())
	}
	return text.String()
}

// PlainText renders lines without any markup, one below the other; times are in UTC.
func PlainText(lines []Line) string {
	var text strings.Builder
	for i, line := range lines {
		if i > 0 {
			text.WriteByte('\n')
		}
		for _, span := range line {
			text.WriteString(span.String())
		}
	}
	return text.String()
}

// Markup reads the marks of our own phrases: `code` and *bold*. Marks without their partner stay as they are.
func Markup(text string) Line {
	var spans Line
	for text != "" {
		start := strings.IndexAny(text, "`*")
		if start < 0 {
			break
		}
		mark := text[start]
		length := strings.IndexByte(text[start+1:], mark)
		if length <= 0 {
			break
		}
		if start > 0 {
			spans = append(spans, Text(text[:start]))
		}
		style := Bold
		if mark == '`' {
			style = Code
		}
		spans = append(spans, Span{Style: style, Text: text[start+1 : start+1+length]})
		text = text[start+length+2:]
	}
	if text != "" {
		spans = append(spans, Text(text))
	}
	return spans
}
