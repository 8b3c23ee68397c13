package stage

import (
	"regexp"
	"strings"

	"cordon/commands"
	"cordon/filters"
)

// evil is what programs of a cluster may have in their names: mentions, links and marks of the chat, what our own phrases are
// set with, and what ends a line or is not to be seen.
const evil = "<!here>`user:UEVIL`*EVIL*<http://e|x>\u2028by\nuser:UEVIL\u202e\x1b"

// Hostile gives a name the worst that a cluster can tell, as whoever reads it lets it through.
func Hostile(name string) string { return filters.Inert(name + evil) }

// HostileHost does so for a host, which has to be typed in one word.
func HostileHost(name string) string { return filters.Inert(name + "<!here>user:UEVIL|EVIL\x1b") }

var hosts = regexp.MustCompile(`\b(agent|web)-(one|two|three|four|five|six|[0-9]+)\b`)

// HostileNames gives hosts and everything else their worst names.
func HostileNames(name string) string {
	if hosts.MatchString(name) {
		return HostileHost(name)
	}
	return Hostile(name)
}

// HostileScript calls the hosts in a script so.
func HostileScript(script string) string { return hosts.ReplaceAllStringFunc(script, HostileHost) }

// Friendly undoes it, in what is to be compared.
func Friendly(text string) string {
	return strings.NewReplacer(strings.TrimPrefix(Hostile("x"), "x"), "", strings.TrimPrefix(HostileHost("x"), "x"), "").Replace(text)
}

// Alive returns what of such names lives in lines: a mention, a mark of ours, or what is not within its line.
func Alive(lines []commands.Line) string {
	for _, line := range lines {
		for _, span := range line {
			switch {
			case span.Style == commands.Person && span.Text == "UEVIL":
				return "a mention"
			case span.Style == commands.Block:
			case strings.Trim(span.Text, "'`*") == "EVIL", strings.ContainsAny(span.String(), "\n\u2028\u202e\x1b"):
				return span.String()
			}
		}
	}
	return ""
}

// Name is what the thing is called on this stage.
func (s *Stage) Name(of string) string { return s.names(of) }

var (
	internalID = regexp.MustCompile(`^(r|op|q|a|f|c)-[0-9a-z]{8}$`)
	ownerWord  = regexp.MustCompile(`\b(user:[UW][A-Z0-9]|run:r-|api:[a-z]|window:[a-z]|bot:[a-z])`)
)

// Nameless returns what in lines is given as the name of who did something, and is no name that people know: an ID of ours.
func Nameless(lines []commands.Line) string {
	for _, line := range lines {
		for _, span := range line {
			if strings.Contains(span.Text, "UEVIL") { // somebody's own words
				continue
			}
			if span.Style == commands.Bold && internalID.MatchString(span.Text) || span.Style != commands.Code && span.Style != commands.Block && ownerWord.MatchString(span.Text) {
				return span.Text
			}
		}
	}
	return ""
}
