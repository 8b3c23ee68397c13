package slack

import "maps"

// Block Kit as Slack's reference describes it (https://docs.slack.dev/reference/block-kit), as far as a bot of our kind
// could use it: the limits are the documented ones, in characters and items.

const (
	messageBlockLimit = 50
	viewBlockLimit    = 100
)

func plain(most int) check {
	return byType(map[string]check{"plain_text": object(shape{"!text": words(most), "emoji": flag})})
}

func text(most int) check {
	return byType(map[string]check{
		"plain_text": object(shape{"!text": words(most), "emoji": flag}),
		"mrkdwn":     object(shape{"!text": words(most), "verbatim": flag}),
	})
}

var (
	confirm = object(shape{
		"!title": plain(100), "!text": text(300), "!confirm": plain(30), "!deny": plain(30), "style": oneOf("primary", "danger"),
	})
	option      = object(shape{"!text": text(75), "!value": words(150), "description": text(75), "url": words(3000)})
	optionGroup = object(shape{"!label": plain(75), "!options": list(1, 100, option)})
	image       = object(shape{
		"image_url": words(3000), "slack_file": anything, "!alt_text": words(2000), "title": plain(2000), "block_id": words(255),
	})
)

// element makes an interactive element's check: what all have, and its own fields.
func element(own shape) check {
	fields := shape{"action_id": words(255), "confirm": confirm, "placeholder": plain(150), "focus_on_load": flag}
	maps.Copy(fields, own)
	return object(fields)
}

func input(own shape) check {
	fields := shape{"action_id": words(255), "placeholder": plain(150), "focus_on_load": flag, "initial_value": anything, "dispatch_action_config": anything}
	maps.Copy(fields, own)
	return object(fields)
}

var button = object(shape{
	"!text": plain(75), "action_id": words(255), "url": words(3000), "value": words(2000), "style": oneOf("primary", "danger"),
	"confirm": confirm, "accessibility_label": words(75),
})

// choices are the elements that stand in sections, actions and inputs alike.
var choices = map[string]check{
	"static_select":              element(shape{"options": list(1, 100, option), "option_groups": list(1, 100, optionGroup), "initial_option": option}),
	"external_select":            element(shape{"initial_option": option, "min_query_length": integer}),
	"users_select":               element(shape{"initial_user": words(255)}),
	"conversations_select":       element(shape{"initial_conversation": words(255), "default_to_current_conversation": flag, "response_url_enabled": flag, "filter": anything}),
	"channels_select":            element(shape{"initial_channel": words(255), "response_url_enabled": flag}),
	"multi_static_select":        element(shape{"options": list(1, 100, option), "option_groups": list(1, 100, optionGroup), "initial_options": list(1, 100, option), "max_selected_items": integer}),
	"multi_external_select":      element(shape{"initial_options": list(1, 100, option), "min_query_length": integer, "max_selected_items": integer}),
	"multi_users_select":         element(shape{"initial_users": list(1, 100, words(255)), "max_selected_items": integer}),
	"multi_conversations_select": element(shape{"initial_conversations": list(1, 100, words(255)), "default_to_current_conversation": flag, "filter": anything, "max_selected_items": integer}),
	"multi_channels_select":      element(shape{"initial_channels": list(1, 100, words(255)), "max_selected_items": integer}),
	"checkboxes":                 element(shape{"!options": list(1, 10, option), "initial_options": list(1, 10, option)}),
	"radio_buttons":              element(shape{"!options": list(1, 10, option), "initial_option": option}),
	"datepicker":                 element(shape{"initial_date": words(10)}),
	"timepicker":                 element(shape{"initial_time": words(5), "timezone": words(100)}),
	"datetimepicker":             element(shape{"initial_date_time": integer}),
}

// inputs are the elements of input blocks beside the choices.
var inputs = map[string]check{
	"plain_text_input": input(shape{"multiline": flag, "min_length": integer, "max_length": integer}),
	"number_input":     input(shape{"!is_decimal_allowed": flag, "min_value": words(100), "max_value": words(100)}),
	"email_text_input": input(nil),
	"url_text_input":   input(nil),
	"file_input":       input(shape{"filetypes": anything, "max_files": integer}),
}

func merge(tables ...map[string]check) map[string]check {
	merged := map[string]check{}
	for _, table := range tables {
		maps.Copy(merged, table)
	}
	return merged
}

var pressed = map[string]check{
	"button":          button,
	"overflow":        element(shape{"!options": list(1, 5, option)}),
	"workflow_button": anything,
}

// Rich text: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block.
var (
	richStyle = object(shape{
		"bold": flag, "italic": flag, "strike": flag, "code": flag, "underline": flag, "highlight": flag, "client_highlight": flag, "unlink": flag,
	})
	richLeaf = byType(map[string]check{
		"text":      object(shape{"!text": words(textLimit), "style": richStyle}),
		"link":      object(shape{"!url": words(3000), "text": words(textLimit), "unsafe": flag, "style": richStyle}),
		"user":      object(shape{"!user_id": words(255), "style": richStyle}),
		"usergroup": object(shape{"!usergroup_id": words(255), "style": richStyle}),
		"channel":   object(shape{"!channel_id": words(255), "style": richStyle}),
		"emoji":     object(shape{"!name": words(255), "unicode": words(255), "skin_tone": integer, "style": richStyle}),
		"broadcast": object(shape{"!range": oneOf("here", "channel", "everyone"), "style": richStyle}),
		"date":      object(shape{"!timestamp": integer, "!format": words(255), "url": words(3000), "fallback": words(3000), "style": richStyle}),
		"color":     object(shape{"!value": words(255), "style": richStyle}),
	})
	richSection = object(shape{"!elements": list(0, 1000, richLeaf)})
	richBox     = object(shape{"!elements": list(0, 1000, richLeaf), "border": integer, "language": words(255)})
	richText    = byType(map[string]check{
		"rich_text_section":      richSection,
		"rich_text_preformatted": richBox,
		"rich_text_quote":        richBox,
		"rich_text_list": object(shape{
			"!elements": list(1, 1000, byType(map[string]check{"rich_text_section": richSection})),
			"!style":    oneOf("bullet", "ordered"), "indent": integer, "offset": integer, "border": integer,
		}),
	})
)

var blockID = words(255)

var sectionFields = object(shape{
	"block_id": blockID, "text": text(3000), "fields": list(1, 10, text(2000)), "expand": flag,
	"accessory": byType(merge(choices, pressed, map[string]check{"image": image})),
})

// section wants text or fields.
func section(r *report, at string, value any) {
	sectionFields(r, at, value)
	fields, _ := value.(map[string]any)
	if fields["text"] == nil && fields["fields"] == nil {
		r.add(at, "missing required field: text")
	}
}

var messageBlocks = map[string]check{
	"section":   section,
	"divider":   object(shape{"block_id": blockID}),
	"image":     image,
	"actions":   object(shape{"block_id": blockID, "!elements": list(1, 25, byType(merge(choices, pressed)))}),
	"context":   object(shape{"block_id": blockID, "!elements": list(1, 10, byType(map[string]check{"image": image, "plain_text": text(3000), "mrkdwn": text(3000)}))}),
	"header":    object(shape{"block_id": blockID, "!text": plain(150)}),
	"markdown":  object(shape{"block_id": blockID, "!text": words(12000)}),
	"rich_text": object(shape{"block_id": blockID, "!elements": list(0, 1000, richText)}),
	"table":     object(shape{"block_id": blockID, "!rows": list(1, 100, list(1, 20, anything)), "column_settings": anything}),
	"input": object(shape{
		"block_id": blockID, "!label": plain(2000), "hint": plain(2000), "optional": flag, "dispatch_action": flag,
		"!element": byType(merge(choices, inputs)),
	}),
}
