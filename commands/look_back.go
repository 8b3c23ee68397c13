package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// LookBack is what `history` selects beyond its targets; only their form is checked.
type LookBack struct {
	By           string // as typed
	Deed         string // a verb or a kind of entries
	Since, Until Since
}

// looking reads the flags of history.
func (c *Command) looking(given given) (err error) {
	c.Look.By = strings.TrimSpace(given.By)
	c.Look.Deed = strings.ToLower(strings.TrimSpace(given.Deed))
	if known := lexicon[c.Look.Deed]; known != nil {
		c.Look.Deed = known.name
	}
	if err := filters.CheckDeed(c.Look.Deed); err != nil {
		return err
	}
	if given.Since != "" {
		if c.Look.Since, err = ParseSince("--since", given.Since); err != nil {
			return err
		}
	}
	if given.UpTo != "" {
		c.Look.Until, err = ParseSince("--until", given.UpTo)
	}
	return err
}

// search is what the command selects, for who asks and now.
func (t *turn) search(now time.Time) (filters.Search, error) {
	look := &t.command.Look
	by, err := t.actorOf(look.By)
	return filters.Search{
		Targets: t.command.Targets, By: by, Deed: look.Deed,
		Since: look.Since.At(now, t.Actor.Location()), Until: look.Until.At(now, t.Actor.Location()),
	}, err
}

// actorKinds are what stands before the colon of an actor's ID.
var actorKinds = []string{"user:", "api:", "window:", "run:", "bot:"}

// actorOf reads whom --by means: an actor's ID as it stands in the journal, a person, or oneself.
func (t *turn) actorOf(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	for _, kind := range actorKinds {
		if strings.HasPrefix(text, kind) && len(text) > len(kind) {
			return text, nil
		}
	}
	name := strings.TrimPrefix(text, "@")
	switch id := t.People[name]; {
	case strings.EqualFold(name, "me"):
		return t.Actor.ID, nil
	case id != "":
		return "user:" + id, nil
	case isPersonID(name):
		return "user:" + name, nil
	}
	return "", &filters.Error{Code: filters.Invalid, Wrong: "`--by " + clip(text, 40) + "` is nobody whom I know by that name",
		Expected: "a person as Slack's list offers them or by their ID (`--by U0123`), `--by me`, `--by window:NAME`, `--by api:NAME` or `--by bot:NAME`"}
}

// isPersonID tells whether the text has the form of a Slack user's ID.
func isPersonID(text string) bool {
	return len(text) > 2 && (text[0] == 'U' || text[0] == 'W') && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// historyTime is how long a page is looked for: the answer has 2.5 s.
const historyTime = time.Second

// history returns so many entries that are told, the newest first, fewer where there are no more; and where it stopped to look
// before that was known.
func (t *turn) history(ctx context.Context, want int, now time.Time) (events []filters.Event, reached string, err error) {
	search, err := t.search(now)
	if err != nil {
		return nil, "", err
	}
	began := time.Now()
	for search.Most = 2 * want; ; search.Most = 1000 {
		found, err := t.service.Search(ctx, search)
		if err != nil {
			return events, "", err
		}
		whole := len(found.Events) < search.Most
		if whole && found.Reached == "" {
			return append(events, t.told(found.Events)...), "", nil
		}
		if search.Before = found.Reached; search.Before == "" {
			search.Before = found.Events[len(found.Events)-1].ID
		}
		if events = append(events, t.told(found.Events)...); len(events) >= want {
			return events, "", nil
		}
		if found.Reached != "" || time.Since(began) > historyTime {
			return events, search.Before, nil
		}
	}
}

// told leaves out what only keeps the books, and refusals where nobody asked for one person's deeds or for a kind of entries:
// they changed nothing.
func (t *turn) told(events []filters.Event) []filters.Event {
	if t.command.Look.By == "" && t.command.Look.Deed == "" {
		events = slices.DeleteFunc(events, func(event filters.Event) bool { return event.Kind == filters.KindRefused })
	}
	return told(events)
}
