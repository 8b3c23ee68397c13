package redisproxy

import (
	"slices"
	"sync"
)

// Fate is what becomes of a request or an answer that a trap caught.
type Fate int

// The fates.
const (
	Pass     Fate = iota // it goes on
	Cut                  // its connection is cut
	Truncate             // of an answer, half is handed on, then the connection is cut
	Swallow              // it is dropped and the connection stays: the other side waits
)

// Trap catches one request. Where a function is nil, what it would judge passes.
type Trap struct {
	// Match says whether this is the request, by its words; the first is the command's name as the client wrote it.
	Match func(words []string) bool
	// Before is called before the request is handed to the server, After when the server has carried it out and before its
	// answer is handed back. A script that the server does not know was not carried out: After waits for the next request.
	Before, After func() Fate
}

// Says returns a Match for requests that hold each of the words as a word of its own.
func Says(words ...string) func([]string) bool {
	return func(request []string) bool {
		for _, word := range words {
			if !slices.Contains(request, word) {
				return false
			}
		}
		return true
	}
}

// Caught is a trap that was set.
type Caught struct {
	trap   Trap
	sprung chan struct{}
	once   sync.Once
}

// Sprung is closed when the trap has caught its request and done its work.
func (c *Caught) Sprung() <-chan struct{} { return c.sprung }

func (c *Caught) spring() { c.once.Do(func() { close(c.sprung) }) }

// Set sets a trap. It catches the first request that matches and is gone then.
func (p *Proxy) Set(trap Trap) *Caught {
	caught := &Caught{trap: trap, sprung: make(chan struct{})}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.traps = append(p.traps, caught)
	return caught
}

// again sets a trap again that caught the wrong request.
func (p *Proxy) again(caught *Caught) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.traps = append(p.traps, caught)
}

// caught takes the trap that the request runs into out of those that are set; nil: none.
func (p *Proxy) caught(words []string) *Caught {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for i, set := range p.traps {
		if set.trap.Match(words) {
			p.traps = slices.Delete(p.traps, i, i+1)
			return set
		}
	}
	return nil
}
