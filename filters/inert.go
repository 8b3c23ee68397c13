package filters

import (
	"strings"
	"unicode"
)

// Inert returns a name that a program of the cluster gave itself or its things (a framework, a role, a host, an attribute, an app)
// as it may stand in anything of ours: on one line, all of it to be seen, and without what our phrases are set with: marks,
// quotes, people. Whoever reads a cluster passes every name through here once; usual names stay as they are.
func Inert(name string) string {
	if isPlain(name) {
		return name
	}
	name = strings.Map(inertRune, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
	if len(name) > 1 { // the role * is called so
		name = strings.ReplaceAll(name, "*", "∗")
	}
	return strings.NewReplacer("user:U", "user∶U", "user:W", "user∶W").Replace(name)
}

// isPlain tells whether a name holds only what needs no second look.
func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c < ' ', c > '~', c == '`', c == '*' && len(name) > 1:
			return false
		case (c == 'U' || c == 'W') && strings.HasSuffix(name[:i], "user:"):
			return false
		}
	}
	return true
}

func inertRune(c rune) rune {
	switch {
	case c == '`':
		return '\''
	case c == '“' || c == '”':
		return '"'
	}
	return Visible(c)
}

// Visible returns the rune as it may stand within a line, for strings.Map: what separates is a space, what is not to be seen is
// replaced.
func Visible(c rune) rune {
	switch {
	case c == '\u200c' || c == '\u200d': // joiners belong to some languages and to emoji
		return c
	case unicode.IsSpace(c):
		return ' '
	case unicode.In(c, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
		return unicode.ReplacementChar
	}
	return c
}
