package filters

import "time"

// OnCall is who is on call at one level of escalation, as a source said less than a minute ago.
type OnCall struct {
	Level  int // 1 is asked first
	Levels int // how many there are
	// Users are the Slack IDs of those on call: they may approve. Nobody is on call where both Users and Strangers are empty.
	Users []string
	// Strangers are the names of those on call whom the workspace does not know: they are named, and cannot approve.
	Strangers []string
	Source    string    // where it is from, such as "PagerDuty schedule P123"
	Until     time.Time // when the first of their shifts ends, UTC; zero: the source does not say
	// Fallback says why Source is the fallback of the configuration instead of what the level asks first; empty: it is not.
	Fallback string
}
