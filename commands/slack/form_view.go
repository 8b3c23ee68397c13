package slack

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"cordon/commands"

	slackgo "github.com/slack-go/slack"
)

// The limits of choices: https://docs.slack.dev/reference/block-kit/composition-objects/option-object, and of what stands
// beside a field: https://docs.slack.dev/reference/block-kit/blocks/input-block.
const (
	choiceCharacters      = 75
	choiceValueCharacters = 150
	choicesMost           = 100
	placeholderCharacters = 150
	hintCharacters        = 2000
)

// formView renders a form as a modal; lines stand below its fields. Blocks and elements have the names of their fields, so
// that what was filled in stays when the view is changed.
func formView(form *commands.Form, about formErrand, lines []commands.Line) slackgo.ModalViewRequest {
	metadata, err := json.Marshal(about)
	if err != nil {
		panic(err) // strings encode
	}
	rendered := blocks(form.About, nil)
	for i := range form.Fields {
		rendered = append(rendered, inputBlock(&form.Fields[i]))
	}
	if len(lines) > 0 {
		rendered = append(rendered, slackgo.NewDividerBlock())
		rendered = append(rendered, blocks(lines, nil)...)
	}
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: formID, PrivateMetadata: string(metadata),
		Title: plainText(form.Title), Submit: plainText(form.Title), Close: plainText("Cancel"),
		Blocks: slackgo.Blocks{BlockSet: rendered},
	}
}

func inputBlock(field *commands.Field) slackgo.Block {
	var hint *slackgo.TextBlockObject
	if field.Hint != "" {
		hint = plainText(cut(field.Hint, hintCharacters))
	}
	block := slackgo.NewInputBlock(field.Name, plainText(field.Label), hint, inputElement(field))
	block.Optional, block.DispatchAction = field.Optional, field.Kind == commands.FieldAgents
	return block
}

func inputElement(field *commands.Field) slackgo.BlockElement {
	var placeholder *slackgo.TextBlockObject
	if field.Example != "" {
		placeholder = plainText(cut(field.Example, placeholderCharacters))
	}
	switch field.Kind {
	case commands.FieldAgents:
		none := 0
		element := slackgo.NewOptionsMultiSelectBlockElement(slackgo.MultiOptTypeExternal, placeholder, field.Name)
		element.MinQueryLength, element.MaxSelectedItems, element.FocusOnLoad = &none, &field.Most, true
		return element
	case commands.FieldChoice:
		choices := options(field.Choices)
		return slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, nil, field.Name, choices...).WithInitialOption(choices[0])
	case commands.FieldCheck:
		return slackgo.NewCheckboxGroupsBlockElement(field.Name, options(field.Choices)...)
	}
	element := slackgo.NewPlainTextInputBlockElement(placeholder, field.Name)
	element.MaxLength = field.Most
	return element
}

// options renders choices; one whose value Slack could not carry is left out.
func options(choices []commands.Choice) []*slackgo.OptionBlockObject {
	rendered := make([]*slackgo.OptionBlockObject, 0, len(choices))
	for _, choice := range choices {
		if choice.Value == "" || utf8.RuneCountInString(choice.Value) > choiceValueCharacters || len(rendered) == choicesMost {
			continue
		}
		var about *slackgo.TextBlockObject
		if choice.About != "" {
			about = plainText(cut(choice.About, choiceCharacters))
		}
		rendered = append(rendered, slackgo.NewOptionBlockObject(choice.Value, plainText(cut(choice.Text, choiceCharacters)), about))
	}
	return rendered
}

// suggestions renders the answer to a search: as many choices as a socket's acknowledgement can hold.
func suggestions(choices []commands.Choice) []byte {
	shown := options(choices)
	for {
		encoded, err := json.Marshal(map[string]any{"options": shown})
		if err != nil {
			panic(err) // texts encode
		}
		if len(encoded) < ackBytes {
			return encoded
		}
		shown = shown[:len(shown)*3/4]
	}
}

// superseded tells whether a view was changed or closed meanwhile.
func superseded(err error) bool {
	refusal, ok := errors.AsType[slackgo.SlackErrorResponse](err)
	return ok && (refusal.Err == "hash_conflict" || refusal.Err == "not_found")
}
