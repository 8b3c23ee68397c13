package filters

import (
	"errors"
	"strings"
)

// Code classifies an error; each edge maps codes once to its own (HTTP status, chat reply).
type Code string

// The codes.
const (
	Invalid      Code = "invalid"      // the request is wrong: 400
	Unknown      Code = "unknown"      // no such agent, filter, question: 400 or 404
	Ambiguous    Code = "ambiguous"    // several match: 400
	Unauthorized Code = "unauthorized" // not known who asks: 401
	Denied       Code = "denied"       // known, and may not: 403
	Limited      Code = "limited"      // over a limit: 409
	Frozen       Code = "frozen"       // a freeze stands: 409
	Locked       Code = "locked"       // the bot doubts its memory: 409
	Conflict     Code = "conflict"     // changed meanwhile, try again: 409
	Changed      Code = "changed"      // not what was approved any more: 409
	Unavailable  Code = "unavailable"  // something needed does not answer; nothing was changed: 503
	Unconfirmed  Code = "unconfirmed"  // the write's answer was lost: it may have happened: 503
	Internal     Code = "internal"     // our fault: 500
)

// Error is an error that a person may see. Its three parts are what was wrong, what was expected and what to type
// instead; each is a phrase without a full stop, the last two may be empty.
type Error struct {
	Code     Code
	Wrong    string
	Expected string
	Try      string
	Field    string // the flag that is wrong, without its dashes; empty: not one flag, or not told
	Cause    error  // for logs; never shown to people
}

// Error joins the parts for people. It holds no secret and no cause.
func (e *Error) Error() string {
	text := e.Wrong
	if e.Expected != "" {
		text += ": " + e.Expected
	}
	if e.Try != "" {
		text += ". " + e.Try
	}
	return strings.TrimSuffix(text, ".")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of the first Error in err's chain, and Internal for any other error.
func CodeOf(err error) Code {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Code
	}
	return Internal
}

// Quoted puts people's words into one of our phrases: in quotes, without the marks that our phrases are set with.
func Quoted(words string) string {
	return "“" + strings.NewReplacer("`", "'", "*", "").Replace(words) + "”"
}
