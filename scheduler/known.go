package scheduler

import (
	"slices"
	"time"

	"cordon/filters"
)

// Option tells Compile and CompileProcedure what is known beside a definition.
type Option func(*known)

type known struct {
	webhooks, groups             []string
	checksWebhooks, checksGroups bool
	now                          time.Time
	allowed                      []filters.Verb
	checksAllowed                bool
}

// KnownWebhooks are the names of the configuration's webhooks: no other is taken. Without this option any is.
func KnownWebhooks(names ...string) Option {
	return func(k *known) { k.webhooks, k.checksWebhooks = slices.Sorted(slices.Values(names)), true }
}

// KnownGroups are the names of the configuration's groups, without the @: no other is taken. Without this option any is.
func KnownGroups(names ...string) Option {
	return func(k *known) { k.groups, k.checksGroups = slices.Sorted(slices.Values(names)), true }
}

// Allows are the verbs of what kills tasks that the configuration allows: a window that needs another is refused. Without this
// option none is.
func Allows(verbs ...filters.Verb) Option {
	return func(k *known) { k.allowed, k.checksAllowed = verbs, true }
}

// NowIs lets problems of a schedule name the next openings.
func NowIs(now time.Time) Option { return func(k *known) { k.now = now } }

func gather(options []Option) known {
	var known known
	for _, option := range options {
		option(&known)
	}
	return known
}
