package oncall

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a source that says what it is told to.
type script struct {
	mutex sync.Mutex
	users []string
	until time.Time
	err   error
	takes time.Duration
	asked int
}

func (s *script) String() string { return "the script" }

func (s *script) ask(ctx context.Context, _ time.Time) (told, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asked++
	select {
	case <-time.After(s.takes):
		return told{users: s.users, until: s.until}, s.err
	case <-ctx.Done():
		return told{}, &trouble{why: "it did not answer in time"}
	}
}

func (s *script) say(users ...string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.users = users
}

func (s *script) fail(err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.err = err
}

func (s *script) count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.asked
}

// who is the first user on call, or the error's words.
func who(t *testing.T, duty *Duty) string {
	ctx, cancel := context.WithTimeout(t.Context(), 2200*time.Millisecond) // as commands have
	defer cancel()
	found, err := duty.OnCall(ctx, 1)
	switch {
	case err != nil:
		return "error"
	case len(found.Users) == 0:
		return "nobody"
	case found.Fallback != "":
		return "fallback " + found.Users[0]
	}
	return found.Users[0]
}

func pass(d time.Duration) { <-time.After(d) }

// play runs a play with a scripted source in a bubble.
func play(t *testing.T, fallback Source, source *script, do func(t *testing.T, duty *Duty)) {
	synctest.Test(t, func(t *testing.T) {
		do(t, run(t, Config{Levels: []Source{source}, Fallback: fallback}))
		synctest.Wait()
	})
}

func expect(t *testing.T, duty *Duty, when, want string) {
	t.Helper()
	if got := who(t, duty); got != want {
		t.Errorf("%s: %s is on call, want %s", when, got, want)
	}
}

func TestAnAnswerIsUsedForAMinute(t *testing.T) {
	source := &script{users: []string{"U1"}}
	play(t, nil, source, func(t *testing.T, duty *Duty) {
		expect(t, duty, "at first", "U1")
		source.say("U2")
		pass(29 * time.Second)
		expect(t, duty, "before it is asked ahead of time", "U1")
		pass(12 * time.Second)
		expect(t, duty, "after that", "U2")
		if asked := source.count(); asked != 2 {
			t.Errorf("asked %d times in 41 s", asked)
		}
	})
}

// While it is used the answer is kept fresh, so that nobody waits for a slow source; afterwards nobody is asked.
func TestAskedAheadWhileUsed(t *testing.T) {
	source := &script{users: []string{"U1"}, takes: 1500 * time.Millisecond}
	play(t, nil, source, func(t *testing.T, duty *Duty) {
		expect(t, duty, "at first", "U1")
		for range 6 {
			pass(45 * time.Second)
			began := time.Now()
			expect(t, duty, "later", "U1")
			if waited := time.Since(began); waited > 0 {
				t.Errorf("waited %s", waited)
			}
		}
		pass(10 * time.Minute)
		before := source.count()
		pass(time.Hour)
		if after := source.count(); after != before {
			t.Errorf("asked %d times although nobody wants to know", after-before)
		}
	})
}

// What was said more than a minute ago decides nothing, whatever becomes of the source.
func TestNothingStaleIsUsed(t *testing.T) {
	source := &script{users: []string{"U1"}}
	play(t, nil, source, func(t *testing.T, duty *Duty) {
		expect(t, duty, "at first", "U1")
		source.fail(&trouble{why: "it is down"})
		pass(59 * time.Second)
		expect(t, duty, "within the minute", "U1")
		pass(time.Second)
		expect(t, duty, "after it", "error")
		source.fail(nil)
		pass(20 * time.Second)
		expect(t, duty, "when it is back", "U1")
	})
}

// A shift that ends makes an answer old at that moment.
func TestAHandoverIsSeenAtOnce(t *testing.T) {
	source := &script{users: []string{"U1"}}
	synctest.Test(t, func(t *testing.T) {
		source.until = time.Now().Add(7 * time.Second)
		duty := run(t, Config{Levels: []Source{source}})
		expect(t, duty, "at first", "U1")
		source.say("U2")
		pass(6999 * time.Millisecond)
		expect(t, duty, "just before the end", "U1")
		pass(time.Millisecond)
		expect(t, duty, "at the end", "U2")
	})
}

// A source that hangs costs the first asker a moment, and nobody after that; the fallback stands in.
func TestTheFallbackStandsIn(t *testing.T) {
	source, group := &script{users: []string{"U1"}, takes: time.Hour}, &script{users: []string{"U9"}}
	play(t, group, source, func(t *testing.T, duty *Duty) {
		began := time.Now()
		expect(t, duty, "while it hangs", "fallback U9")
		if waited := time.Since(began); waited > 2200*time.Millisecond {
			t.Errorf("waited %s", waited)
		}
		pass(8 * time.Second)
		began = time.Now()
		expect(t, duty, "when that is known", "fallback U9")
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s", waited)
		}
	})
}

// A source that wants to be left alone is.
func TestRetryAfter(t *testing.T) {
	source, group := &script{err: &trouble{why: "asked too often", after: 2 * time.Minute}}, &script{users: []string{"U9"}}
	play(t, group, source, func(t *testing.T, duty *Duty) {
		for range 23 {
			expect(t, duty, "meanwhile", "fallback U9")
			pass(5 * time.Second)
		}
		if asked := source.count(); asked != 1 {
			t.Errorf("asked %d times in 115 s", asked)
		}
		source.fail(nil)
		source.say("U1")
		pass(20 * time.Second)
		expect(t, duty, "afterwards", "U1")
	})
}

// Many who ask at once ask once.
func TestOneQuestionForAll(t *testing.T) {
	source := &script{users: []string{"U1"}, takes: time.Second}
	play(t, nil, source, func(t *testing.T, duty *Duty) {
		var asking sync.WaitGroup
		for range 20 {
			asking.Go(func() { expect(t, duty, "for each", "U1") })
		}
		asking.Wait()
		if asked := source.count(); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// When the bot stops nobody is asked any more, and nobody hangs.
func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &script{users: []string{"U1"}, takes: time.Hour}
		duty := New(Config{Levels: []Source{source}, Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- duty.Run(ctx) }()
		go func() { pass(time.Second); cancel() }()
		expect(t, duty, "while it stops", "error")
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		expect(t, duty, "afterwards", "error")
	})
}
