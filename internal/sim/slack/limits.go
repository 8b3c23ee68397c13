package slack

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Slack's rate limits: https://docs.slack.dev/apis/web-api/rate-limits. A tier is so many calls of one method a minute;
// posting is limited for each channel. Bursts are tolerated; how long is not documented, so they are short here.
const (
	tier2     = 20
	tier3     = 50
	tier4     = 100
	postBurst = 5 // messages at once in a channel, before one each second
)

// limits counts the calls of the app.
type limits struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, buckets: map[string]*rate.Limiter{}}
}

// take counts one call under a key. It returns how long the caller must wait first; zero means that the call may go on.
func (l *limits) take(key string, each time.Duration, burst int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, here := l.buckets[key]
	if !here {
		bucket = rate.NewLimiter(rate.Every(each), burst)
		l.buckets[key] = bucket
	}
	now := l.now()
	reservation := bucket.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}
