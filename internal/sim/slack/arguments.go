package slack

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// bodyLimit is how much one call may send, in bytes.
const bodyLimit = 1 << 20

// arguments are those of one call, however they came. What was not a string in JSON is here as its JSON text, as
// a form would have sent it.
type arguments map[string]string

func (a arguments) flag(name string) bool {
	return a[name] == "1" || a[name] == "true"
}

// number is an integer argument between 1 and most; what is absent or nonsense is the fallback.
func (a arguments) number(name string, fallback, most int) int {
	n, err := strconv.Atoi(a[name])
	if err != nil || n < 1 {
		return fallback
	}
	return min(n, most)
}

// readArguments reads a form, JSON or the query of one call.
func readArguments(rw http.ResponseWriter, r *http.Request) (arguments, error) {
	r.Body = http.MaxBytesReader(rw, r.Body, bodyLimit)
	if isJSON(r) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fail("request_timeout")
		}
		return parseArguments(body)
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return nil, fail("invalid_form_data")
	}
	if err := r.ParseForm(); err != nil {
		return nil, fail("invalid_form_data")
	}
	args := arguments{}
	for name, values := range r.Form {
		args[name] = values[0]
	}
	return args, nil
}

// parseArguments reads a JSON object; nothing at all is an empty one.
func parseArguments(body []byte) (arguments, error) {
	args := arguments{}
	if len(bytes.TrimSpace(body)) == 0 {
		return args, nil
	}
	if !json.Valid(body) {
		return nil, fail("invalid_json")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fail("json_not_object")
	}
	for name, value := range fields {
		var text string
		switch {
		case string(value) == "null":
		case json.Unmarshal(value, &text) == nil:
			args[name] = text
		default:
			args[name] = string(value)
		}
	}
	return args, nil
}

func isJSON(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/json"
}

// missingCharset tells of JSON without a charset, which Slack answers with a warning.
func missingCharset(r *http.Request) bool {
	return isJSON(r) && !strings.Contains(r.Header.Get("Content-Type"), "charset")
}

// page cuts one page out of items; next is the cursor of the following one, or empty.
func page[T any](items []T, args arguments, size, most int) (cut []T, next string, err error) {
	start := 0
	if cursor := args["cursor"]; cursor != "" {
		text, err := base64.StdEncoding.DecodeString(cursor)
		if err != nil {
			return nil, "", fail("invalid_cursor")
		}
		start, err = strconv.Atoi(strings.TrimPrefix(string(text), "next:"))
		if err != nil || start < 0 || start > len(items) {
			return nil, "", fail("invalid_cursor")
		}
	}
	end := min(len(items), start+args.number("limit", size, most))
	if end < len(items) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(end)))
	}
	return items[start:end], next, nil
}

func nextCursor(cursor string) map[string]any { return map[string]any{"next_cursor": cursor} }
