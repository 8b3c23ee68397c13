package poster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/scheduler"
)

// Journal is read after the cursor. Implemented by package store.
type Journal interface {
	// After returns the entries behind the one with the ID, oldest first and about so many; the empty ID is before all. The
	// cursor to go on from is the last one's ID.
	After(ctx context.Context, id string, most int) ([]filters.Event, error)
	// Wait returns when there is an entry behind the ID, or when ctx ends.
	Wait(ctx context.Context, id string) error
}

// Notices keeps what is shown. Implemented by package store (Store.Notices): the hash `messages`, with the journal's cursor.
type Notices interface {
	// Load returns the cursor, empty at first, and every notice by its key.
	Load(ctx context.Context) (cursor string, notices map[string]json.RawMessage, err error)
	// Save writes the cursor, the notices that changed, and takes the dropped ones out, in one script that is fenced
	// by the term.
	Save(ctx context.Context, term int64, cursor string, changed map[string]json.RawMessage, dropped []string) error
}

// Channel is where messages stand. Implemented by commands/slack. Errors: a *Slow if the channel wants a pause; a
// *Refused if it does not take this message; ErrUnsure if it is not known whether it was posted; ErrGone if the message to
// change is not there any more; any other error means that it surely was not posted, and that no other would be.
type Channel interface {
	// Post adds a root message and returns its reference.
	Post(ctx context.Context, message Message) (ref string, err error)
	// Update changes the message.
	Update(ctx context.Context, ref string, message Message) error
	// Reply adds lines to the message's thread.
	Reply(ctx context.Context, ref string, key string, lines []commands.Line) error
	// Find looks for a message, or a reply in the thread of ref if ref is not empty, that was posted with the key not long
	// ago; found is false if there is none.
	Find(ctx context.Context, ref, key string, since time.Time) (found string, ok bool, err error)
}

// View is what messages tell of the cluster as it is. Implemented by internal/app over the book and the roster.
type View interface {
	// Tasks returns how many tasks run on the agent, by framework, and false if that is not known.
	Tasks(agent filters.AgentID) (map[string]int, bool)
	// Started tells whether a task was started on the agent since the time, and false if that is not known.
	Started(agent filters.AgentID, since time.Time) (started, known bool)
	// Withheld returns how many agents filters withhold, and how many there are.
	Withheld() (withheld, total int)
	// Under tells how the filters of a subject are.
	Under(subject string) Standing
	// Host returns the agent's hostname; empty if it is not known.
	Host(agent filters.AgentID) string
}

// Windows tells how windows are defined. Implemented by *scheduler.Desk.
type Windows interface {
	// Window returns the window with the name; an error if there is none.
	Window(name string) (scheduler.Listing, error)
}

// Standing is how the filters of a subject are.
type Standing struct {
	// Asked, Confirmed and Failed count those that stand: recorded or accepted, verified, refused by the master.
	Asked, Confirmed, Failed int
	// Drained counts those of them whose agents are drained, as they ask for.
	Drained int
	// Ending counts those that are ended and not given back yet.
	Ending int
	// Hosts are the first hosts of those that stand, by name.
	Hosts []string
}

// Whole is how many stand.
func (s Standing) Whole() int { return s.Asked + s.Confirmed + s.Failed }

// hostsMost is how many hosts a Standing names.
const hostsMost = listed

// Stand sums up filters of one subject; ledger tells what is ours of an agent.
func Stand(all []*filters.Filter, ledger func(filters.AgentID) *filters.LedgerEntry, subject string) Standing {
	var standing Standing
	for _, filter := range all {
		if filter.Subject != subject {
			continue
		}
		switch {
		case !filter.Stands():
			standing.Ending++
			continue
		case filter.State == filters.StateVerified:
			standing.Confirmed++
		case filter.State == filters.StateFailed:
			standing.Failed++
		default:
			standing.Asked++
		}
		if entry := ledger(filter.Agent); filter.Drain != nil && entry != nil && !entry.Drained.IsZero() {
			standing.Drained++
		}
		standing.Hosts = append(standing.Hosts, filter.Hostname)
	}
	slices.Sort(standing.Hosts)
	standing.Hosts = standing.Hosts[:min(len(standing.Hosts), hostsMost)]
	return standing
}

// Message is a root message as it should stand in the channel.
type Message struct {
	Key     string // of its notice: it is posted with it, and found by it
	Lines   []commands.Line
	Buttons []commands.Button
}

// digest is the same for messages that look the same.
func (m *Message) digest() string {
	encoded, err := json.Marshal([]any{m.Lines, m.Buttons})
	if err != nil {
		panic(err) // lines and buttons encode
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// Slow says that the channel wants a pause before the next message.
type Slow struct{ For time.Duration }

func (s *Slow) Error() string { return "the channel wants a pause of " + s.For.String() }

// Refused says that the channel does not take the message as it is; others it may take.
type Refused struct{ Cause error }

func (r *Refused) Error() string { return "the channel refused a message: " + r.Cause.Error() }

// Unwrap returns the cause.
func (r *Refused) Unwrap() error { return r.Cause }

type channelError string

func (e channelError) Error() string { return string(e) }

// Errors of a Channel.
const (
	ErrUnsure = channelError("the answer to a message was lost")
	ErrGone   = channelError("the message is not there any more")
)
