package filters_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"cordon/filters"
)

func TestInert(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "*": "*", "marathon": "marathon", "chronos prod (eu)": "chronos prod (eu)", "ct:1:0:night": "ct:1:0:night", "größe": "größe", "super:user": "super:user", "user:bob": "user:bob", "api:v2": "api:v2",
		"*x* <https://evil|click>": "∗x∗ <https://evil|click>", "`user:UBOB`": "'user∶UBOB'", "by user:UBOB": "by user∶UBOB", "“so”": `"so"`,
		"a\nagent-two is drained": "a agent-two is drained", "a\u2028b\u00a0c": "a b c", "\x1b[2Ja\u202eb": "\ufffd[2Ja\ufffdb", "\xffa": "\ufffda",
	} {
		if got := filters.Inert(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func FuzzInert(f *testing.F) {
	for _, seed := range []string{"marathon", "*x*", "`user:UBOB`", "user:W", "uuser:Ser:U", "a\nb\u202e", "\xff", strings.Repeat("é", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := filters.Inert(name)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "`“”\n\r\x1b\u2028\u202e") || strings.Contains(got, "user:U") || got != "*" && strings.Contains(got, "*") {
			t.Errorf("%q became %q", name, got)
		}
		if again := filters.Inert(got); again != got {
			t.Errorf("%q became %q and then %q", name, got, again)
		}
	})
}
