package harness

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
)

// secrets are what no program may ever write, in any world: it is found whoever leaks it, and whatever makes it.
var secrets struct {
	mutex sync.Mutex
	known map[string]string // as it would be written -> what it is
}

// Secret notes a secret that is in use, and returns it: a test fails that leads to its being written by any process, as it is, as
// part of an address, or as the password of the user.
func Secret(what, value, user string) string {
	secrets.mutex.Lock()
	defer secrets.mutex.Unlock()
	if secrets.known == nil {
		secrets.known = map[string]string{}
	}
	for _, form := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(user + ":" + value))} {
		secrets.known[form] = what
	}
	return value
}

// leaks are the secrets that the text holds.
func leaks(text string) (found []string) {
	secrets.mutex.Lock()
	defer secrets.mutex.Unlock()
	for form, what := range secrets.known {
		if strings.Contains(text, form) {
			found = append(found, what)
		}
	}
	return found
}
