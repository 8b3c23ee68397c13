package slack

import (
	"strings"
	"unicode/utf8"

	"cordon/commands"
	"cordon/filters"

	slackgo "github.com/slack-go/slack"
)

// The limits that we keep to (FACTS.md, "slack-go"; chat.update takes 4,000 characters of text).
const (
	fallbackCharacters = 3000
	blocksCharacters   = 9000 // of all text in blocks together; Slack's own limit is undocumented, near 12,000
	labelCharacters    = 75
)

var (
	boldStyle = &slackgo.RichTextSectionTextStyle{Bold: true}
	codeStyle = &slackgo.RichTextSectionTextStyle{Code: true}
)

// blocks renders lines as one rich_text block, and buttons as one of actions. A box has a part of the block to itself.
func blocks(lines []commands.Line, buttons []commands.Button) []slackgo.Block {
	rendered := make([]slackgo.Block, 0, 2)
	if len(lines) > 0 {
		rendered = append(rendered, slackgo.NewRichTextBlock("", parts(lines)...))
	}
	if len(buttons) > 0 {
		rendered = append(rendered, actions(buttons))
	}
	return rendered
}

// parts renders lines as the elements of a rich_text block.
func parts(lines []commands.Line) []slackgo.RichTextElement {
	var rendered []slackgo.RichTextElement
	begin := 0
	section := func(end int) {
		if begin < end {
			rendered = append(rendered, slackgo.NewRichTextSection(elements(lines[begin:end])...))
		}
		begin = end + 1
	}
	for i, line := range lines {
		if len(line) == 1 && line[0].Style == commands.Block {
			section(i)
			text := slackgo.NewRichTextSectionTextElement(cut(line[0].String(), blocksCharacters), nil)
			rendered = append(rendered, &slackgo.RichTextPreformatted{Type: slackgo.RTEPreformatted, Elements: []slackgo.RichTextSectionElement{text}})
		}
	}
	section(len(lines))
	return rendered
}

// elements renders lines; what would be too long for Slack is cut at the end of a line. Plain text is gathered.
func elements(lines []commands.Line) []slackgo.RichTextSectionElement {
	rendered := make([]slackgo.RichTextSectionElement, 0, 4*len(lines))
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			rendered = append(rendered, slackgo.NewRichTextSectionTextElement(plain.String(), nil))
			plain.Reset()
		}
	}
	left := blocksCharacters
	for i, line := range lines {
		if i > 0 {
			plain.WriteByte('\n')
		}
		if left -= characters(line); left < 0 {
			plain.WriteString("…")
			break
		}
		for _, span := range line {
			switch {
			case span.Style == commands.Plain:
				plain.WriteString(span.String())
			case span.Text != "" || span.Style == commands.Moment:
				flush()
				rendered = append(rendered, element(span))
			}
		}
	}
	flush()
	return rendered
}

func characters(line commands.Line) int {
	count := 1
	for _, span := range line {
		count += utf8.RuneCountInString(span.Text) + 1
	}
	return count
}

func element(span commands.Span) slackgo.RichTextSectionElement {
	switch span.Style {
	case commands.Bold:
		return slackgo.NewRichTextSectionTextElement(span.String(), boldStyle)
	case commands.Code:
		return slackgo.NewRichTextSectionTextElement(span.String(), codeStyle)
	case commands.Person:
		return slackgo.NewRichTextSectionUserElement(span.Text, nil)
	case commands.Moment:
		fallback := span.UTC()
		return slackgo.NewRichTextSectionDateElement(span.Time.Unix(), dateFormat(span), nil, &fallback)
	}
	return slackgo.NewRichTextSectionTextElement(span.String(), nil)
}

// dateFormat is Slack's format of a date element: https://docs.slack.dev/messaging/formatting-message-text#date-formatting.
func dateFormat(span commands.Span) string {
	switch {
	case span.Precise && span.Dated:
		return "{date_short_pretty} {time_secs}"
	case span.Precise:
		return "{time_secs}"
	case span.Dated:
		return "{date_short_pretty} {time}"
	}
	return "{time}"
}

func actions(buttons []commands.Button) *slackgo.ActionBlock {
	elements := make([]slackgo.BlockElement, 0, len(buttons))
	for _, button := range buttons {
		element := slackgo.NewButtonBlockElement(button.Action, button.Value, plainText(cut(button.Label, labelCharacters)))
		if button.Danger {
			element.Style = slackgo.StyleDanger
		}
		if button.Confirm != "" {
			element.Confirm = slackgo.NewConfirmationBlockObject(
				plainText(button.Label+"?"), plainText(cut(button.Confirm, 300)), plainText(cut(button.Label, 30)), plainText("Cancel"))
		}
		elements = append(elements, element)
	}
	return slackgo.NewActionBlock("", elements...)
}

func plainText(text string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, strings.Map(filters.Visible, text), false, false)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// fallback renders lines for notifications and screen readers: text from people is escaped, only our own mentions live.
func fallback(lines []commands.Line) string {
	var text strings.Builder
	characters := 0
	for i, line := range lines {
		if i > 0 {
			text.WriteByte('\n')
		}
		for _, span := range line {
			part := span.String()
			if span.Style == commands.Person {
				part = "<@" + span.Text + ">"
			} else if strings.ContainsAny(part, "&<>") {
				part = escaper.Replace(part)
			}
			if characters += utf8.RuneCountInString(part); characters > fallbackCharacters {
				text.WriteString("…")
				return text.String()
			}
			text.WriteString(part)
		}
	}
	return text.String()
}

// cut cuts text to so many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
