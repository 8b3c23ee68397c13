package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Slack's limits on the text of a message, in characters:
// https://docs.slack.dev/reference/methods/chat.postMessage and chat.update.
const (
	textLimit       = 40000
	updateTextLimit = 4000
	// blockTextLimit bounds the text of all blocks together. Slack does not document it; it was seen between 11,341 and
	// 13,297 characters (github.com/slackapi/bolt-js issues 2867 and 2509).
	blockTextLimit = 12000
)

// content is what a message says. Fields that were not given are nil, which is not the same as empty.
type content struct {
	text        string
	blocks      json.RawMessage
	attachments json.RawMessage
	metadata    json.RawMessage
}

func (c content) post(p post) post {
	p.Text, p.Blocks, p.attachments, p.metadata = c.text, c.blocks, c.attachments, c.metadata
	return p
}

// compose checks what a message would say.
func compose(args arguments, limit int) (content, error) {
	c := content{text: args["text"]}
	if utf8.RuneCountInString(c.text) > limit {
		return c, fail("msg_too_long")
	}
	var err error
	if c.blocks, err = readBlocks(args["blocks"]); err != nil {
		return c, err
	}
	if c.attachments, err = readAttachments(args["attachments"]); err != nil {
		return c, err
	}
	if c.metadata, err = readMetadata(args["metadata"]); err != nil {
		return c, err
	}
	if strings.TrimSpace(c.text) == "" && empty(c.blocks) && empty(c.attachments) {
		return c, fail("no_text")
	}
	return c, nil
}

func empty(list json.RawMessage) bool { return len(list) == 0 || string(list) == "[]" }

// readBlocks checks Block Kit and fills in the IDs that Slack gives.
func readBlocks(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	var blocks []any
	if err := decodeExactly(text, &blocks); err != nil {
		return nil, fail("invalid_blocks_format")
	}
	if problems := checkBlocks("/blocks", blocks, messageBlocks, messageBlockLimit); len(problems) > 0 {
		return nil, invalid("invalid_blocks", problems)
	}
	if textLength(blocks) > blockTextLimit {
		return nil, fail("msg_blocks_too_long")
	}
	return encode(identify(blocks)), nil
}

func invalid(code string, problems []string) error {
	messages := make([]string, len(problems))
	for i, problem := range problems {
		messages[i] = "[ERROR] " + problem
	}
	return failure{code, map[string]any{"errors": problems, "response_metadata": map[string]any{"messages": messages}}}
}

func readAttachments(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	var attachments []map[string]any
	if json.Unmarshal([]byte(text), &attachments) != nil {
		return nil, fail("invalid_attachments")
	}
	if len(attachments) > 100 {
		return nil, fail("too_many_attachments")
	}
	return json.RawMessage(text), nil
}

// readMetadata wants {"event_type":"…","event_payload":{…}}.
func readMetadata(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	var metadata struct {
		EventType    string         `json:"event_type"`
		EventPayload map[string]any `json:"event_payload"`
	}
	if json.Unmarshal([]byte(text), &metadata) != nil {
		return nil, fail("invalid_metadata_format")
	}
	if metadata.EventType == "" || metadata.EventPayload == nil {
		return nil, fail("invalid_metadata_schema")
	}
	return json.RawMessage(text), nil
}

// textLength counts the characters under every "text" that is a string.
func textLength(value any) int {
	total := 0
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			total += textLength(item)
		}
	case map[string]any:
		for name, item := range value {
			if text, ok := item.(string); ok && name == "text" {
				total += utf8.RuneCountInString(text)
			} else {
				total += textLength(item)
			}
		}
	}
	return total
}

// decodeExactly reads one JSON value that is all of the text, and keeps numbers as they are written.
func decodeExactly(text string, value any) error {
	if !json.Valid([]byte(text)) {
		return errors.New("not JSON")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(value)
}

// encode writes JSON without escaping <, > and &, which mrkdwn is full of.
func encode(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // only values that came from JSON, or maps made here, are encoded
	}
	return bytes.TrimSpace(out.Bytes())
}
