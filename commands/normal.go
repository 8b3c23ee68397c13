package commands

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cordon/filters"

	"github.com/kballard/go-shellquote"
)

// The most that a command and its reason may be long. Slack itself delivers no more than a few thousand characters.
const (
	commandBytes     = 10_000
	reasonCharacters = 500
)

// words splits a command as a shell would, after our manners: curly quotes count as straight ones, a dash that an
// editor made longer counts as two where a flag starts, and an apostrophe inside a word is text.
func words(text string) ([]string, error) {
	if len(text) > commandBytes {
		return nil, &filters.Error{
			Code:     filters.Invalid,
			Wrong:    fmt.Sprintf("the command is %d bytes long", len(text)),
			Expected: fmt.Sprintf("at most %d, with a reason (`-m`) of at most %d characters", commandBytes, reasonCharacters),
			Try:      "For example `/mesos filter agent-one --for 2h -m \"kernel upgrade\"`",
		}
	}
	if simple(text) {
		return strings.Fields(text), nil
	}
	if err := visible(text); err != nil {
		return nil, err
	}
	shell, err := straighten(text)
	if err != nil {
		return nil, err
	}
	split, err := shellquote.Split(shell)
	if err != nil {
		return nil, unclosed(text, "\\")
	}
	return split, nil
}

// simple tells whether the text needs no care: printable ASCII without quotes and backslashes.
func simple(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\'' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return true
}

// visible refuses characters that people cannot see and that could make a command or a reason read as another.
func visible(text string) error {
	for i, c := range text {
		if c >= ' ' && c <= '~' {
			continue
		}
		if c == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return unseen(text[:i], "bytes that are not UTF-8")
			}
		}
		if isSpace(c) || !unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) {
			continue
		}
		if c == '\u200c' || c == '\u200d' { // joiners belong to some languages and to emoji
			continue
		}
		return unseen(text[:i], fmt.Sprintf("a character that cannot be seen (U+%04X)", c))
	}
	return nil
}

func unseen(before, what string) error {
	wrong := "the command holds " + what
	if before = strings.TrimSpace(tail(before, 30)); before != "" {
		wrong += " after `" + strings.ReplaceAll(before, "`", "'") + "`"
	}
	return &filters.Error{
		Code: filters.Invalid, Wrong: wrong,
		Expected: "text without control characters and without marks that change its direction",
		Try:      "Type it by hand instead of pasting it, for example `-m \"kernel upgrade\"`",
	}
}

// tail returns at most the last n characters.
func tail(text string, n int) string {
	start := len(text)
	for range n {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	return text[start:]
}

func isSpace(c rune) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\u00a0' || c == '\u202f'
}

// straightener rewrites a command so that a shell's rules read it as a person meant it.
type straightener struct {
	out   strings.Builder
	open  rune // the quote that is open: 0, ', " or “
	since int  // where it was opened
	start bool // at the start of a word
	last  rune
}

func straighten(text string) (string, error) {
	s := straightener{start: true, last: ' '}
	s.out.Grow(len(text) + 8)
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		next, _ := utf8.DecodeRuneInString(text[i+size:])
		if c == '\\' && s.open != '\'' && i+size < len(text) {
			_, escaped := utf8.DecodeRuneInString(text[i+size:])
			s.out.WriteString(text[i : i+size+escaped])
			i, s.start, s.last = i+size+escaped, false, 'x'
			continue
		}
		s.take(c, next, i)
		i += size
	}
	if s.open != 0 {
		return "", unclosed(text, text[s.since:])
	}
	return s.out.String(), nil
}

func (s *straightener) take(c, next rune, at int) {
	if isSpace(c) {
		s.out.WriteByte(' ')
		s.last, s.start = ' ', s.open == 0
		return
	}
	switch {
	case s.open != 0:
		s.inside(c, next)
	case isDouble(c):
		s.begin('"', c, at)
	case isSingle(c) && !isWord(s.last):
		s.begin('\'', '\'', at)
	case isSingle(c):
		s.out.WriteString(`\'`)
	case s.start && (c == '—' || c == '–'):
		s.out.WriteString("--")
	default:
		s.out.WriteRune(c)
	}
	s.last, s.start = c, false
}

func (s *straightener) begin(write byte, open rune, at int) {
	s.out.WriteByte(write)
	s.open, s.since = open, at
	if open != '"' && open != '\'' {
		s.open = '“'
	}
}

// inside handles a character within quotes: a straight double quote is closed by a straight one alone, a curly one by
// either; a single one not by an apostrophe between two letters.
func (s *straightener) inside(c, next rune) {
	switch {
	case s.open == '"' && c == '"', s.open == '“' && isDouble(c):
		s.out.WriteByte('"')
		s.open = 0
	case s.open == '\'' && isSingle(c) && isWord(s.last) && isWord(next):
		s.out.WriteString(`'\''`)
	case s.open == '\'' && isSingle(c):
		s.out.WriteByte('\'')
		s.open = 0
	default:
		s.out.WriteRune(c)
	}
}

func isDouble(c rune) bool { return c == '"' || c >= '“' && c <= '‟' || c == '«' || c == '»' }
func isSingle(c rune) bool { return c == '\'' || c >= '‘' && c <= '‛' }
func isWord(c rune) bool   { return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c)) }

func unclosed(text, from string) error {
	at := strings.LastIndex(text, from)
	shown := []rune(text[max(at, 0):])
	if len(shown) > 20 {
		shown = append(shown[:20], '…')
	}
	return &filters.Error{
		Code: filters.Invalid, Wrong: "a quote is not closed: `" + strings.ReplaceAll(string(shown), "`", "'") + "`",
		Expected: "quotes in pairs, such as `-m \"kernel upgrade\"`",
	}
}
