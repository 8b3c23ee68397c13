package mesos

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errSyntax marks where a JSON text stops being one; its place becomes the text
// of the answer.
var errSyntax = errors.New("syntax error")

// jsonObject is a decoded JSON object. Names repeat the way the master's parser
// takes them: the last one counts.
type jsonObject map[string]any

// jsonNumber is a decoded JSON number, kept as text so that 64-bit integers
// survive.
type jsonNumber string

// int64 is the number as an integer, cut towards zero as the master cuts it.
func (n jsonNumber) int64() int64 {
	if whole, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return whole
	}
	return int64(n.float64())
}

func (n jsonNumber) uint64() uint64 {
	if whole, err := strconv.ParseUint(string(n), 10, 64); err == nil {
		return whole
	}
	return uint64(n.int64())
}

func (n jsonNumber) float64() float64 {
	value, _ := strconv.ParseFloat(string(n), 64)
	return value
}

// jsonReader reads JSON as the master's parser does, so that the place of a
// mistake, which stands in the master's answer, is the same.
type jsonReader struct {
	text string
	at   int
	line int
}

// parseJSON decodes one JSON value: jsonObject, []any, string, jsonNumber, bool
// or nil. The errors read as the master's do (recordings err-empty-body,
// err-json-trailing).
func parseJSON(text string) (any, error) {
	reader := &jsonReader{text: text, line: 1}
	value, err := reader.value(0)
	if err != nil {
		return nil, fmt.Errorf("%w at line %d near: %s", errSyntax, reader.line, reader.restOfLine())
	}
	if rest := text[reader.at:]; strings.TrimLeft(rest, " \t\r\n\v\f") != "" {
		return nil, refusal("Parsed JSON included non-whitespace trailing characters: " + rest)
	}
	return value, nil
}

// maxDepth bounds how deep values may nest: a body of brackets must not
// exhaust the stack.
const maxDepth = 200

func (r *jsonReader) value(depth int) (any, error) {
	r.skipSpace()
	if r.at >= len(r.text) || depth > maxDepth {
		return nil, errSyntax
	}
	switch next := r.text[r.at]; {
	case next == '{':
		r.at++
		return r.object(depth + 1)
	case next == '[':
		r.at++
		return r.array(depth + 1)
	case next == '"':
		r.at++
		return r.quoted()
	case next == '-' || next >= '0' && next <= '9':
		return r.number()
	case next == 'n':
		return nil, r.word("null")
	case next == 't':
		return true, r.word("true")
	case next == 'f':
		return false, r.word("false")
	}
	return nil, errSyntax
}

func (r *jsonReader) object(depth int) (any, error) {
	object := jsonObject{}
	if r.expect('}') {
		return object, nil
	}
	for {
		if !r.expect('"') {
			return nil, errSyntax
		}
		name, err := r.quoted()
		if err != nil {
			return nil, err
		}
		if !r.expect(':') {
			return nil, errSyntax
		}
		if object[name], err = r.value(depth); err != nil {
			return nil, err
		}
		if !r.expect(',') {
			break
		}
	}
	if !r.expect('}') {
		return nil, errSyntax
	}
	return object, nil
}

func (r *jsonReader) array(depth int) (any, error) {
	values := []any{}
	if r.expect(']') {
		return values, nil
	}
	for {
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		if !r.expect(',') {
			break
		}
	}
	if !r.expect(']') {
		return nil, errSyntax
	}
	return values, nil
}

// quoted reads a string whose opening quote has been read.
func (r *jsonReader) quoted() (string, error) {
	var text strings.Builder
	for r.at < len(r.text) {
		next := r.text[r.at]
		switch {
		case next < ' ':
			return "", errSyntax
		case next == '"':
			r.at++
			return text.String(), nil
		case next == '\\':
			r.at++
			if err := r.escape(&text); err != nil {
				return "", err
			}
		default:
			r.at++
			text.WriteByte(next)
		}
	}
	return "", errSyntax
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *jsonReader) escape(text *strings.Builder) error {
	if r.at >= len(r.text) {
		return errSyntax
	}
	letter := r.text[r.at]
	r.at++
	if plain, ok := escapes[letter]; ok {
		text.WriteByte(plain)
		return nil
	}
	if letter != 'u' {
		return errSyntax
	}
	code, err := r.hex()
	if err != nil {
		return err
	}
	if code >= 0xd800 && code < 0xdc00 {
		if !strings.HasPrefix(r.text[r.at:], `\u`) {
			return errSyntax
		}
		r.at += 2
		low, err := r.hex()
		if err != nil || low < 0xdc00 || low > 0xdfff {
			return errSyntax
		}
		code = (code-0xd800)<<10 + (low - 0xdc00) + 0x10000
	}
	if !utf8.ValidRune(code) {
		return errSyntax
	}
	text.WriteRune(code)
	return nil
}

func (r *jsonReader) hex() (rune, error) {
	if len(r.text)-r.at < 4 {
		return 0, errSyntax
	}
	code, err := strconv.ParseUint(r.text[r.at:r.at+4], 16, 32)
	if err != nil {
		return 0, errSyntax
	}
	r.at += 4
	return rune(code), nil
}

func (r *jsonReader) number() (any, error) {
	start := r.at
	for r.at < len(r.text) && strings.IndexByte("+-.eE0123456789", r.text[r.at]) >= 0 {
		r.at++
	}
	digits := r.text[start:r.at]
	if _, err := strconv.ParseFloat(digits, 64); err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errSyntax
	}
	return jsonNumber(digits), nil
}

func (r *jsonReader) word(word string) error {
	for i := range len(word) {
		if r.at >= len(r.text) || r.text[r.at] != word[i] {
			return errSyntax
		}
		r.at++
	}
	return nil
}

func (r *jsonReader) expect(letter byte) bool {
	r.skipSpace()
	if r.at < len(r.text) && r.text[r.at] == letter {
		r.at++
		return true
	}
	return false
}

func (r *jsonReader) skipSpace() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		if r.text[r.at] == '\n' {
			r.line++
		}
		r.at++
	}
}

// restOfLine is what follows the mistake, without control characters.
func (r *jsonReader) restOfLine() string {
	rest, _, _ := strings.Cut(r.text[r.at:], "\n")
	return strings.Map(func(letter rune) rune {
		if letter < ' ' {
			return -1
		}
		return letter
	}, rest)
}
