package mesos

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/encoding/framing"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
	"google.golang.org/protobuf/encoding/protowire"

	"cordon/filters"
)

// listener is told what the master's events say.
type listener interface {
	subscribed(list listing, heartbeat time.Duration)
	added(agent filters.Agent)
	removed(agent filters.AgentID)
	heard() // any event, heartbeats too
}

// stream reads an answer to SUBSCRIBE: RecordIO frames with protobuf events. The first frame carries the whole of
// GET_STATE, 53 MB and more for 50,000 agents, and is decoded as it comes; those after it are small and are read by
// mesos-go, whose reader holds a frame whole.
type stream struct {
	from     *bufio.Reader
	frames   framing.Reader
	tasks    *tasks
	listener listener
	roster   func() *filters.Roster // the newest: a stream stands for weeks, and would keep the one that it began with
}

func newStream(body io.Reader, maxFrame int, tasks *tasks, roster func() *filters.Roster, listener listener) *stream {
	from := bufio.NewReaderSize(body, wireBuffer)
	frames := recordio.NewReader(from, recordio.MaxMessageSize(maxFrame))
	if scanner, ok := frames.(interface{ Buffer(first []byte, most int) }); ok {
		scanner.Buffer(make([]byte, min(wireBuffer, maxFrame)), maxFrame) // it begins with half of the most
	}
	return &stream{from, frames, tasks, listener, roster}
}

var errNotSubscribed = errors.New("the event stream does not begin with SUBSCRIBED")

// run reads events until the stream ends; it never returns nil.
func (s *stream) run() error {
	if err := s.first(); err != nil {
		return err
	}
	for {
		frame, err := s.frames.ReadFrame()
		if err != nil {
			return err
		}
		if err := s.event(frame); err != nil {
			return err
		}
		s.listener.heard()
	}
}

// first reads SUBSCRIBED.
func (s *stream) first() error {
	line, err := s.from.ReadSlice('\n')
	if err != nil {
		return cutShort(err)
	}
	size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil || size < 0 || size > largestListing {
		return fmt.Errorf("the first frame has no size: %w", framing.ErrorBadSize)
	}
	s.tasks.forget()
	wire := &wire{from: s.from}
	var list listing
	heartbeat := 15 * time.Second
	listed := false
	err = wire.message(size, func(at field) error {
		if at.number != 2 {
			return wire.skip(at.size)
		}
		return wire.message(at.size, func(at field) error {
			switch at.number {
			case 1:
				return s.state(wire, at.size, &list, &listed)
			case 2:
				if seconds := math.Float64frombits(at.value); seconds > 0.001 && seconds < 3600 {
					heartbeat = time.Duration(seconds * float64(time.Second))
				}
			}
			return wire.skip(at.size)
		})
	})
	if err == nil && !listed {
		err = errNotSubscribed
	}
	if err != nil {
		return err
	}
	s.tasks.complete()
	s.listener.subscribed(list, heartbeat)
	s.listener.heard()
	return nil
}

// state reads a Response.GetState.
func (s *stream) state(wire *wire, size int64, list *listing, listed *bool) error {
	decoder := newDecoder(s.roster())
	return wire.message(size, func(at field) error {
		switch at.number {
		case 1:
			return s.each(wire, at.size, 2, s.task)
		case 3:
			return s.each(wire, at.size, 1, s.framework)
		case 4:
			*listed = true
			return list.agentsOf(wire, at.size, decoder)
		}
		return wire.skip(at.size)
	})
}

// each reads a message of leaves with the number and gives them to take, one after the other.
func (s *stream) each(wire *wire, size int64, number protowire.Number, take func(leaf []byte) error) error {
	return wire.message(size, func(at field) error {
		if at.number != number {
			return wire.skip(at.size)
		}
		leaf, err := wire.bytes(at.size)
		if err != nil {
			return err
		}
		return take(leaf)
	})
}

// event decodes one event after SUBSCRIBED (master.proto, Event).
func (s *stream) event(message []byte) error {
	return fields(message, func(number protowire.Number, bytes []byte, _ uint64) error {
		switch number {
		case 3:
			return within(bytes, s.task)
		case 4:
			told, err := decodeUpdate(bytes)
			s.tasks.note(told)
			return err
		case 5:
			return within(bytes, s.added)
		case 6:
			id, err := inside(bytes, 1, 1)
			if err == nil && len(id) > 0 {
				s.tasks.left(filters.AgentID(id))
				s.listener.removed(filters.AgentID(id))
			}
			return err
		case 7, 8:
			return within(bytes, s.framework)
		case 9:
			id, err := inside(bytes, 1, 3, 1)
			s.tasks.ended(id)
			return err
		}
		return nil
	})
}

// within gives take the only field of a message that has one.
func within(message []byte, take func(message []byte) error) error {
	only, err := inside(message, 1)
	if err != nil {
		return err
	}
	return take(only)
}

func (s *stream) task(message []byte) error {
	told, err := decodeTask(message)
	s.tasks.note(told)
	return err
}

// framework reads a Response.GetFrameworks.Framework.
func (s *stream) framework(message []byte) error {
	info, err := inside(message, 1)
	if err != nil {
		return err
	}
	name, err := inside(info, 2)
	if err != nil {
		return err
	}
	id, err := inside(info, 3, 1)
	s.tasks.named(id, name)
	return err
}

// added reads the agent of AGENT_ADDED. Its active is true even where the master's GET_AGENTS answers that it is not,
// because the agent is deactivated (events-unreachable.json).
func (s *stream) added(message []byte) error {
	agent, err := newDecoder(s.roster()).agent(message)
	if err != nil {
		return err
	}
	agent.Active = agent.Active && !agent.Deactivated
	s.listener.added(agent)
	return nil
}
