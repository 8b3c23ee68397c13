package conformance

import "strings"

// natural compares names so that deactivate-9 sorts before deactivate-10 and maint-03 before maint-03b.
func natural(a, b string) int {
	for a != "" && b != "" {
		headA, restA := chunk(a)
		headB, restB := chunk(b)
		if c := compareChunks(headA, headB); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return strings.Compare(a, b)
}

// chunk splits off the leading run of digits, or else one byte.
func chunk(s string) (head, rest string) {
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	switch digits {
	case -1:
		return s, ""
	case 0:
		return s[:1], s[1:]
	default:
		return s[:digits], s[digits:]
	}
}

func compareChunks(a, b string) int {
	numberA, numberB := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if isNumber(a) && isNumber(b) && len(numberA) != len(numberB) {
		return len(numberA) - len(numberB)
	}
	if isNumber(a) && isNumber(b) {
		return strings.Compare(numberA, numberB)
	}
	return strings.Compare(a, b)
}

func isNumber(s string) bool { return s[0] >= '0' && s[0] <= '9' }
