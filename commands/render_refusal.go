package commands

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"cordon/filters"
)

const nothingChanged = "Nothing was changed."

// renderRefusal says no: what was wrong, what was expected, what to type.
func renderRefusal(err error) Reply {
	known, ok := errors.AsType[*filters.Error](err)
	if !ok {
		known = &filters.Error{Code: filters.Internal, Wrong: "Something went wrong on my side; it is in my log"}
	}
	text := capital(known.Wrong)
	switch {
	case known.Expected == "":
	case strings.Contains(known.Wrong, ": "):
		text += ". Expected: " + known.Expected
	default:
		text += ": " + known.Expected
	}
	text += "."
	if known.Try != "" {
		text += " " + known.Try + "."
	}
	return Reply{Code: known.Code, Lines: []Line{append(owners(Markup(text)), Text(" "+nothingChanged))}}
}

// People renders a phrase of ours with the people whom it names, with marks or without.
func People(phrase string) Line {
	var line Line
	for _, span := range owners(Markup(phrase)) {
		if span.Style == Plain {
			line = append(line, Phrase(span.Text)...)
		} else {
			line = append(line, span)
		}
	}
	return line
}

// owners names owners that stand as code as people know them.
func owners(line Line) Line {
	for i, span := range line {
		if span.Style == Code && isOwner(span.Text) {
			line[i] = Who(span.Text)
		}
	}
	return line
}

// isOwner tells whether a word is an actor or owner, which is no name that people know.
func isOwner(word string) bool {
	kind, name, found := strings.Cut(word, ":")
	switch {
	case !found || name == "" || strings.ContainsAny(name, " \n"):
		return false
	case kind == "user":
		return isUserID(name)
	}
	return kind == "api" || kind == "window" || kind == "run" || kind == "bot"
}

// capital begins a phrase with a capital letter.
func capital(phrase string) string {
	first, size := utf8.DecodeRuneInString(phrase)
	return string(unicode.ToUpper(first)) + phrase[size:]
}

// renderUnconfirmed says that it is not known what happened.
func renderUnconfirmed(what string, told bool) Reply {
	lines := []Line{Say(Strong("Not confirmed."), " Redis did not answer in time, so I do not know yet whether ", Markup(what), ". ")}
	if told {
		lines[0] = append(lines[0], Text("I will say here as soon as I do; typing the command again is safe."))
	} else {
		lines[0] = append(lines[0], Text("`filters` will show it; sending the command again is safe."))
	}
	return Reply{Code: filters.Unconfirmed, Lines: lines}
}

// renderNotDone says that a command which was not confirmed did not happen, and cannot happen later.
func renderNotDone(what string) Reply {
	return Reply{Code: filters.Unavailable, Lines: []Line{
		Say(Strong("It did not happen."), " I could not tell before whether ", Markup(what), "; now I know that this was never recorded. ", nothingChanged),
		Say("Type the command again."),
	}}
}

// renderGivenUp says that the bot stops before it knows.
func renderGivenUp(what string) Reply {
	return Reply{Code: filters.Unconfirmed, Lines: []Line{
		Say(Strong("Still not confirmed"), ": I have to stop asking and do not know whether ", Markup(what), ". ",
			"Look with ", Literal("/mesos filters"), "; typing the command again is safe."),
	}}
}

// renderStopping says that the bot takes nothing new.
func renderStopping() Reply {
	return Reply{Code: filters.Unavailable, Lines: []Line{
		Say("I am being restarted and take nothing new. Type it again in a moment. ", nothingChanged),
	}}
}

// renderStale answers a press of a button whose time is over.
func renderStale(err error) Reply {
	reply := renderRefusal(err)
	reply.Lines[0] = append(Say("This button's time is over: "), reply.Lines[0]...)
	return reply
}
