package main

import (
	"bytes"
	"strings"
	"testing"
)

// Whatever stands in a name, it makes no line of its own in the log, and nothing that a terminal obeys.
func TestNamesForgeNoLogLines(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		evil := "x\n{\"level\":\"INFO\",\"msg\":\"forged\"}\r\x1b[2J\u2028"
		logger(&out, "info", format).Warn("a framework said "+evil, "framework", evil, evil, 1)
		if text := out.String(); strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || strings.ContainsAny(text, "\r\x1b") {
			t.Errorf("%s: %q", format, text)
		}
	}
}
