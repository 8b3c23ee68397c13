package leader

import (
	"context"
	"errors"
	"time"
)

// ErrLost is Renew's and Release's answer when the lease is not of the given term any more.
var ErrLost = errors.New("leader: the lease is another's")

// Lease is what replicas compete for. Implemented by package store; safe for concurrent use.
type Lease interface {
	// Acquire takes the lease for ttl if nobody else holds it, with a term greater than all before. previous is when the lease
	// before it ran out, or would have if it had not been released, by the lease's own clock, UTC; zero if there was none. ok is
	// false while another holds it. url is where the holder can be reached.
	Acquire(ctx context.Context, holder, url string, ttl time.Duration) (term int64, previous time.Time, ok bool, err error)
	// Renew makes the lease last ttl from now. It answers ErrLost if the lease is not of the term any more.
	Renew(ctx context.Context, term int64, ttl time.Duration) error
	// Release gives the lease up at once.
	Release(ctx context.Context, term int64) error
}

// Term is one stretch of leadership.
type Term struct {
	Number int64
	// Previous is when the lease of the term before ran out or would have, by the lease's clock (Redis TIME), UTC; zero if
	// there was none. A call that an old leader sent can reach others until then plus the deadline of its calls.
	Previous time.Time
	// Left is how long leadership lasts if it is never renewed again, by this machine's monotonic clock; not more than zero:
	// it has ended. A process that was asleep learns from it what its context, which needs a timer to fire, tells a moment
	// later: what must not be done without the lease asks first. Safe for concurrent use.
	Left func() time.Duration
}
