package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// post is a message with what only the workspace and the Web API know of it.
type post struct {
	Message
	reader      string          // of an ephemeral message: the user ID that sees it
	broadcast   bool            // a thread reply that also stands in the channel
	editedTS    string          // empty: never edited
	metadata    json.RawMessage // nil: none
	attachments json.RawMessage
	reactions   []reaction
}

type reaction struct {
	name  string
	users []string
}

// timeline holds all messages of all conversations, oldest first. Each has a time stamp of its own.
type timeline struct {
	now func() time.Time

	mu       sync.Mutex
	last     int64 // microseconds of the newest time stamp
	posts    []*post
	watchers map[chan struct{}]struct{}
	closed   bool
}

func newTimeline(now func() time.Time) *timeline {
	return &timeline{now: now, watchers: map[chan struct{}]struct{}{}}
}

// stamp returns a time stamp later than all before. The caller holds the lock.
func (t *timeline) stamp() string {
	t.last = max(t.last+1, t.now().UnixMicro())
	return fmt.Sprintf("%d.%06d", t.last/1e6, t.last%1e6)
}

// add stores a post under a new time stamp and returns it.
func (t *timeline) add(p post) post {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.TS = t.stamp()
	if len(p.Blocks) == 0 {
		p.Blocks = json.RawMessage("[]")
	}
	t.posts = append(t.posts, &p)
	t.changed()
	return p
}

// find returns the index of a time stamp, or -1. The caller holds the lock.
func (t *timeline) find(ts string) int {
	i, here := slices.BinarySearchFunc(t.posts, ts, func(p *post, ts string) int { return strings.Compare(p.TS, ts) })
	if !here {
		return -1
	}
	return i
}

func (t *timeline) get(ts string) (post, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := t.find(ts); i >= 0 {
		return *t.posts[i], true
	}
	return post{}, false
}

// change lets edit alter a post unless it returns an error, and returns the post as it is then.
func (t *timeline) change(ts string, edit func(*post) error) (post, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.find(ts)
	if i < 0 {
		return post{}, fail("message_not_found")
	}
	changed := *t.posts[i]
	if err := edit(&changed); err != nil {
		return post{}, err
	}
	t.posts[i] = &changed
	t.changed()
	return changed, nil
}

// rewrite gives a post new content. As Slack documents for chat.update: text without blocks removes the blocks and marks
// the message as edited, blocks do not mark it; attachments that are not mentioned stay.
func (t *timeline) rewrite(ts string, c content) (post, error) {
	return t.change(ts, func(p *post) error {
		if c.blocks == nil && c.text != "" {
			c.blocks = json.RawMessage("[]")
			p.Edited = true
			p.editedTS = t.stamp()
		}
		p.Text = c.text
		if c.blocks != nil {
			p.Blocks = c.blocks
		}
		if c.attachments != nil {
			p.attachments = c.attachments
		}
		if c.metadata != nil {
			p.metadata = c.metadata
		}
		return nil
	})
}

func (t *timeline) remove(ts string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.find(ts)
	if i < 0 {
		return false
	}
	t.posts = slices.Delete(t.posts, i, i+1)
	t.changed()
	return true
}

// list returns the posts that keep wants, oldest first.
func (t *timeline) list(keep func(*post) bool) []post {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept []post
	for _, p := range t.posts {
		if keep(p) {
			kept = append(kept, *p)
		}
	}
	return kept
}

// watch registers a channel that gets a value after each change, until ctx ends.
func (t *timeline) watch(ctx context.Context) <-chan struct{} {
	changes := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		close(changes)
		return changes
	}
	t.watchers[changes] = struct{}{}
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.forget(changes)
	})
	return changes
}

// forget closes a watcher once. The caller holds the lock.
func (t *timeline) forget(changes chan struct{}) {
	if _, here := t.watchers[changes]; here {
		delete(t.watchers, changes)
		close(changes)
	}
}

func (t *timeline) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for changes := range t.watchers {
		t.forget(changes)
	}
}

// touch tells the watchers of a change outside the posts, such as an opened modal.
func (t *timeline) touch() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed()
}

func (t *timeline) changed() {
	for changes := range t.watchers {
		select {
		case changes <- struct{}{}:
		default:
		}
	}
}
