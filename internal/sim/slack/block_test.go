package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	slackgo "github.com/slack-go/slack"
)

func long(n int) string { return strings.Repeat("é", n) }

// repeated makes a JSON list of n times the same.
func repeated(n int, item string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

// The limits of Block Kit, each just kept and just broken, with the words of Slack's answer.
func TestBlockLimits(t *testing.T) {
	plainText := func(n int) string { return fmt.Sprintf(`{"type":"plain_text","text":%q}`, long(n)) }
	section := func(n int) string {
		return fmt.Sprintf(`[{"type":"section","text":{"type":"mrkdwn","text":%q}}]`, long(n))
	}
	header := func(n int) string { return `[{"type":"header","text":` + plainText(n) + `}]` }
	actions := func(elements string) string { return `[{"type":"actions","elements":` + elements + `}]` }
	button := func(n int, fields string) string {
		return `[{"type":"button","text":` + plainText(n) + fields + `}]`
	}
	field := func(name string, n int) string { return fmt.Sprintf(`,%q:%q`, name, long(n)) }
	const at = " [json-pointer:/blocks"
	for _, c := range []struct{ what, kept, broken, problem string }{
		{"blocks", repeated(50, `{"type":"divider"}`), repeated(51, `{"type":"divider"}`), "no more than 50 items allowed" + at + "]"},
		{"section text", section(3000), section(3001), "must be less than 3001 characters" + at + "/0/text/text]"},
		{"empty section text", section(1), section(0), "must be more than 0 characters" + at + "/0/text/text]"},
		{"header", header(150), header(151), "must be less than 151 characters" + at + "/0/text/text]"},
		{"header of mrkdwn", header(1), `[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`, "unsupported type: mrkdwn" + at + "/0/text/type]"},
		{"button text", actions(button(75, "")), actions(button(76, "")), "must be less than 76 characters" + at + "/0/elements/0/text/text]"},
		{"button value", actions(button(1, field("value", 2000))), actions(button(1, field("value", 2001))), "must be less than 2001 characters" + at + "/0/elements/0/value]"},
		{"action ID", actions(button(1, field("action_id", 255))), actions(button(1, field("action_id", 256))), "must be less than 256 characters" + at + "/0/elements/0/action_id]"},
		{"button style", actions(button(1, `,"style":"danger"`)), actions(button(1, `,"style":"blue"`)), `must be one of ["primary" "danger"]` + at + "/0/elements/0/style]"},
		{"button without text", actions(button(1, "")), actions(`[{"type":"button"}]`), "missing required field: text" + at + "/0/elements/0]"},
		{"actions", actions(repeated(25, `{"type":"button","text":`+plainText(1)+`}`)), actions(repeated(26, `{"type":"button","text":`+plainText(1)+`}`)), "no more than 25 items allowed" + at + "/0/elements]"},
		{"no actions", actions(button(1, "")), actions(`[]`), "no less than 1 items allowed" + at + "/0/elements]"},
		{"context", `[{"type":"context","elements":` + repeated(10, plainText(1)) + `}]`, `[{"type":"context","elements":` + repeated(11, plainText(1)) + `}]`, "no more than 10 items allowed" + at + "/0/elements]"},
		{"fields", `[{"type":"section","fields":` + repeated(10, plainText(1)) + `}]`, `[{"type":"section","fields":` + repeated(11, plainText(1)) + `}]`, "no more than 10 items allowed" + at + "/0/fields]"},
		{"field text", `[{"type":"section","fields":[` + plainText(2000) + `]}]`, `[{"type":"section","fields":[` + plainText(2001) + `]}]`, "must be less than 2001 characters" + at + "/0/fields/0/text]"},
		{"empty section", `[{"type":"divider"}]`, `[{"type":"section"}]`, "missing required field: text" + at + "/0]"},
		{"unknown property", `[{"type":"divider"}]`, `[{"type":"divider","colour":"red"}]`, "invalid additional property: colour" + at + "/0]"},
		{"not an object", `[{"type":"divider"}]`, `["divider"]`, "must be an object" + at + "/0]"},
		{"no type", `[{"type":"divider"}]`, `[{}]`, "missing required field: type" + at + "/0]"},
		{"block IDs", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"b"}]`, `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "`block_id` already exists: a" + at + "/1/block_id]"},
		{"action IDs", actions(`[{"type":"button","action_id":"a","text":` + plainText(1) + `}]`), actions(repeated(2, `{"type":"button","action_id":"a","text":`+plainText(1)+`}`)), "`action_id` already exists: a" + at + "/0]"},
		{"rich text", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"<!channel>"}]}]}]`, `[{"type":"rich_text","elements":[{"type":"text","text":"x"}]}]`, "unsupported type: text" + at + "/0/elements/0/type]"},
		{"confirm", actions(button(1, `,"confirm":{"title":`+plainText(100)+`,"text":`+plainText(300)+`,"confirm":`+plainText(30)+`,"deny":`+plainText(30)+`}`)), actions(button(1, `,"confirm":{"title":`+plainText(1)+`,"text":`+plainText(1)+`,"deny":`+plainText(1)+`}`)), "missing required field: confirm" + at + "/0/elements/0/confirm]"},
	} {
		if _, err := readBlocks(c.kept); err != nil {
			t.Errorf("%s, kept: %v", c.what, err)
		}
		_, err := readBlocks(c.broken)
		var failed failure
		if !errors.As(err, &failed) || failed.code != "invalid_blocks" || !slices.Contains(failed.details["errors"].([]string), c.problem) {
			t.Errorf("%s, broken: %v %q, want %q", c.what, err, failed.details["errors"], c.problem)
		}
	}
}

func TestTooMuchTextInAllBlocks(t *testing.T) {
	section := fmt.Sprintf(`{"type":"section","text":{"type":"mrkdwn","text":%q}}`, long(3000))
	if _, err := readBlocks(repeated(4, section)); err != nil {
		t.Error(err)
	}
	if _, err := readBlocks(repeated(5, section)); err == nil || err.Error() != "msg_blocks_too_long" {
		t.Errorf("got %v", err)
	}
}

// slack-go shows the reasons that come with invalid_blocks.
func TestInvalidBlocksThroughSlackGo(t *testing.T) {
	w := start(t, nil)
	_, _, err := client(t, w).PostMessage("C0OPS", slackgo.MsgOptionText("x", false), slackgo.MsgOptionBlocks(sentence(long(3001))))
	wantSlackError(t, err, "invalid_blocks")
	var failed slackgo.SlackErrorResponse
	if errors.As(err, &failed); len(failed.ResponseMetadata.Messages) != 1 || failed.ResponseMetadata.Messages[0] != "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]" {
		t.Errorf("messages %q", failed.ResponseMetadata.Messages)
	}
}

// What slack-go builds passes: no property of its own is unknown here.
func TestSlackGoBlocksPass(t *testing.T) {
	option := slackgo.NewOptionBlockObject("v", label("Option"), nil)
	blocks := []slackgo.Block{
		slackgo.NewHeaderBlock(label("Header")),
		slackgo.NewDividerBlock(),
		slackgo.NewSectionBlock(label("text"), []*slackgo.TextBlockObject{label("field")}, slackgo.NewAccessory(buttonOf("a", "v", "Go"))),
		slackgo.NewContextBlock("", label("context"), slackgo.NewImageBlockElement("https://example.com/a.png", "alt")),
		slackgo.NewImageBlock("https://example.com/a.png", "alt", "", label("title")),
		slackgo.NewActionBlock("", slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, label("choose"), "sel", option),
			slackgo.NewOverflowBlockElement("more", option), slackgo.NewDatePickerBlockElement("day")),
		slackgo.NewInputBlock("", label("Reason"), label("why"), slackgo.NewPlainTextInputBlockElement(label("kernel"), "reason")),
		slackgo.NewRichTextBlock("",
			slackgo.NewRichTextSection(
				slackgo.NewRichTextSectionTextElement("kernel", &slackgo.RichTextSectionTextStyle{Bold: true}),
				slackgo.NewRichTextSectionUserElement("U0ALICE", nil),
				slackgo.NewRichTextSectionLinkElement("https://example.com", "link", nil),
				slackgo.NewRichTextSectionDateElement(1700000000, "{date}", nil, nil)),
			slackgo.NewRichTextList(slackgo.RTEListBullet, 0, slackgo.NewRichTextSection(slackgo.NewRichTextSectionTextElement("one", nil)))),
	}
	encoded, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readBlocks(string(encoded)); err != nil {
		var failed failure
		errors.As(err, &failed)
		t.Errorf("%v: %q", err, failed.details["errors"])
	}
}

// Whatever comes in, what is stored is Block Kit with IDs, and reading it again changes nothing.
func FuzzBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"*x*"},"accessory":{"type":"button","text":{"type":"plain_text","text":"Go"}}}]`)
	f.Add(`[{"type":"actions","elements":[{"type":"static_select","options":[{"text":{"type":"plain_text","text":"a"},"value":"a"}]}]}]`)
	f.Add(`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[]}]}]`)
	f.Add(`[null,[],1]`)
	f.Fuzz(func(t *testing.T, text string) {
		blocks, err := readBlocks(text)
		if err != nil || blocks == nil {
			return
		}
		again, err := readBlocks(string(blocks))
		if err != nil || string(again) != string(blocks) {
			t.Fatalf("%s became %s, %v", blocks, again, err)
		}
		for _, p := range parts(blocks) {
			if p.action() == "" || p.block == "" {
				t.Fatalf("an element without IDs in %s", blocks)
			}
			_ = p.entered("x")
		}
	})
}
