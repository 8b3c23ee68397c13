package e2e

import (
	"strings"

	"cordon/test/e2e/redisproxy"
)

// commits matches the commit whose journal entries are of the kind and about the host; an empty host matches all, and an
// outcome that is not empty must be among the words.
func commits(kind, hostname, outcome string) func([]string) bool {
	return func(words []string) bool {
		if !strings.EqualFold(words[0], "evalsha") && !strings.EqualFold(words[0], "eval") {
			return false
		}
		return about(words, hostname) && redisproxy.Says(kind)(words) && (outcome == "" || redisproxy.Says(outcome)(words))
	}
}

// about tells whether a record among the words is the host's.
func about(words []string, hostname string) bool {
	for _, word := range words {
		if hostname == "" || strings.Contains(word, `"hostname":"`+hostname+`"`) {
			return true
		}
	}
	return false
}

// catch notices the commit and lets it pass.
func catch(kind, hostname string) redisproxy.Trap {
	return redisproxy.Trap{Match: commits(kind, hostname, ""), Before: func() redisproxy.Fate { return redisproxy.Pass }}
}
