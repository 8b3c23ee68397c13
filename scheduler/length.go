package scheduler

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// longest is the longest duration that is taken for meant.
const longest = 31 * 24 * time.Hour

const lengthExample = "a duration such as `90m`, `2h30m` or `1d12h`"

// parseLength reads a duration of whole seconds, from a second to 31 days: numbers with units from the largest to the
// smallest of w, d, h, m and s. A day has 24 hours, whatever clocks do.
func parseLength(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, invalid("is empty", lengthExample)
	}
	length, ok := readLength(strings.TrimPrefix(text, "-"))
	switch {
	case !ok:
		return 0, invalid(code(text)+" is not a duration", lengthExample)
	case length == 0 || strings.HasPrefix(text, "-"):
		return 0, invalid(code(text)+" is no time at all", lengthExample+", more than zero")
	case length > longest:
		return 0, invalid(code(text)+" is too long", lengthExample+", 31 days at most")
	}
	return length, nil
}

// readLength returns a length above longest for anything that is longer.
func readLength(text string) (length time.Duration, ok bool) {
	if text == "0" {
		return 0, true
	}
	units, sizes := "wdhms", []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second}
	for text != "" {
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		if digits == 0 || digits == len(text) {
			return 0, false
		}
		unit := strings.IndexByte(units, text[digits])
		if unit < 0 {
			return 0, false
		}
		count, err := strconv.ParseInt(text[:digits], 10, 64)
		if err != nil || count > int64(longest/sizes[unit]) {
			count = int64(longest/sizes[unit]) + 1
		}
		length += time.Duration(count) * sizes[unit]
		text, units, sizes = text[digits+1:], units[unit+1:], sizes[unit+1:]
	}
	return length, true
}

// lasting renders a length as people say it, to the second: `2 h`, `1 d 12 h`, `1 h 30 m`.
func lasting(length time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if count := length / unit.size; count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, unit.name))
			length -= count * unit.size
		}
	}
	return strings.Join(parts, " ")
}
