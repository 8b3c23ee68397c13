package slack

import (
	"encoding/json"
	"fmt"
	"strings"
)

// interactive returns the elements of a block that a person can use.
func interactive(block map[string]any) []map[string]any {
	candidates, _ := block["elements"].([]any)
	switch block["type"] {
	case "section":
		candidates = []any{block["accessory"]}
	case "input":
		candidates = []any{block["element"]}
	case "actions":
	default:
		return nil
	}
	var found []map[string]any
	for _, candidate := range candidates {
		if fields, ok := candidate.(map[string]any); ok && fields["type"] != "image" {
			found = append(found, fields)
		}
	}
	return found
}

// identify gives blocks and elements the IDs that the app left out.
func identify(blocks []any) []any {
	for _, value := range blocks {
		block, ok := value.(map[string]any)
		if !ok {
			continue
		}
		if block["block_id"] == nil {
			block["block_id"] = secret(3)
		}
		for _, fields := range interactive(block) {
			if fields["action_id"] == nil {
				fields["action_id"] = secret(3)
			}
		}
	}
	return blocks
}

// part is an interactive element with the ID of its block.
type part struct {
	block  string
	fields map[string]any
}

func (p part) kind() string   { return p.text("type") }
func (p part) action() string { return p.text("action_id") }

func (p part) text(name string) string {
	value, _ := p.fields[name].(string)
	return value
}

// parts lists the interactive elements of stored blocks.
func parts(blocks json.RawMessage) []part {
	var list []map[string]any
	if err := decodeExactly(string(blocks), &list); err != nil {
		return nil
	}
	var found []part
	for _, block := range list {
		id, _ := block["block_id"].(string)
		for _, fields := range interactive(block) {
			found = append(found, part{id, fields})
		}
	}
	return found
}

// entered is what a person put into an element, or what it shows at first; nil fields mean nothing chosen.
// The shapes are those of state.values: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
func (p part) entered(value any) map[string]any {
	kind := p.kind()
	one, many := strings.TrimPrefix(kind, "multi_"), strings.HasPrefix(kind, "multi_") || kind == "checkboxes"
	switch one {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return map[string]any{"type": kind, "value": p.or(line(value), "initial_value")}
	case "static_select", "external_select", "radio_buttons", "overflow", "checkboxes":
		if many {
			return map[string]any{"type": kind, "selected_options": p.options(value)}
		}
		return map[string]any{"type": kind, "selected_option": p.or(p.option(value), "initial_option")}
	}
	field, known := map[string]string{
		"users_select": "user", "conversations_select": "conversation", "channels_select": "channel",
		"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time",
	}[one]
	switch {
	case !known:
		return map[string]any{"type": kind}
	case many:
		return map[string]any{"type": kind, "selected_" + field + "s": p.or(value, "initial_"+field+"s")}
	default:
		return map[string]any{"type": kind, "selected_" + field: p.or(value, "initial_"+field)}
	}
}

// or falls back to the element's initial field.
func (p part) or(value any, initial string) any {
	if value != nil {
		return value
	}
	return p.fields[initial]
}

// option finds the option with a value; unknown ones are made up for selects that load their options.
func (p part) option(value any) any {
	if value == nil {
		return nil
	}
	wanted := fmt.Sprint(value)
	groups, _ := p.fields["option_groups"].([]any)
	lists := []any{p.fields["options"]}
	for _, group := range groups {
		if fields, ok := group.(map[string]any); ok {
			lists = append(lists, fields["options"])
		}
	}
	for _, list := range lists {
		options, _ := list.([]any)
		for _, option := range options {
			if fields, ok := option.(map[string]any); ok && fields["value"] == wanted {
				return fields
			}
		}
	}
	if strings.HasSuffix(p.kind(), "external_select") {
		return map[string]any{"text": map[string]any{"type": "plain_text", "text": wanted}, "value": wanted}
	}
	return nil
}

func (p part) options(value any) any {
	if value == nil {
		if initial, ok := p.fields["initial_options"]; ok {
			return initial
		}
		return []any{}
	}
	chosen := []any{}
	for _, one := range several(value) {
		if option := p.option(one); option != nil {
			chosen = append(chosen, option)
		}
	}
	return chosen
}

// several makes a list of what may be one value.
func several(value any) []any {
	switch value := value.(type) {
	case []any:
		return value
	case []string:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = item
		}
		return list
	}
	return []any{value}
}

// line is a value as one line of text, nil where nothing was entered.
func line(value any) any {
	if value == nil {
		return nil
	}
	return fmt.Sprint(value)
}

// state is state.values of all elements: block ID -> action ID -> what stands there. Buttons have none.
func state(all []part, values map[string]any) map[string]any {
	blocks := map[string]any{}
	for _, p := range all {
		if kind := p.kind(); kind == "button" || kind == "overflow" || kind == "workflow_button" {
			continue
		}
		actions, _ := blocks[p.block].(map[string]any)
		if actions == nil {
			actions = map[string]any{}
			blocks[p.block] = actions
		}
		actions[p.action()] = p.entered(values[p.action()])
	}
	return map[string]any{"values": blocks}
}
