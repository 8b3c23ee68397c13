package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"cordon/filters"
)

func TestAnswerLost(t *testing.T) {
	cases := []struct {
		mode      string
		request   string
		unwritten bool // nothing may be stored
	}{
		{mode: "before", request: "k1"},
		{mode: "after", request: "k1"},
		{mode: "before", request: "", unwritten: true},
		{mode: "after", request: ""},
	}
	for _, test := range cases {
		t.Run(test.mode+" the write, key "+test.request, func(t *testing.T) {
			server := newServer(t)
			proxy := newCutter(t, "unix", server.socket)
			s, direct := open(t, proxy), open(t, server)
			_, err := s.Commit(t.Context(), placing("warm", placed(9, "user:U1")))
			must(t, err)
			proxy.modes <- test.mode
			receipt, err := s.Commit(within(t, 5), placing(test.request, placed(1, "user:U1")))
			switch {
			case test.request != "":
				must(t, err) // it was asked again, and had one effect
				if receipt.Repeated != (test.mode == "after") {
					t.Errorf("receipt %+v", receipt)
				}
			default:
				code(t, err, filters.Unconfirmed)
			}
			want := 2
			if test.unwritten {
				want = 1
			}
			if got := len(loaded(t, direct).Filters); got != want {
				t.Errorf("%d filters are stored, want %d", got, want)
			}
		})
	}
}

func TestUnconfirmedIsResolvedByItsReceipt(t *testing.T) {
	server := newServer(t)
	proxy := newCutter(t, "unix", server.socket)
	s := open(t, proxy)
	_, err := s.Commit(t.Context(), placing("warm", placed(9, "user:U1")))
	must(t, err)
	for range cap(proxy.modes) {
		proxy.modes <- "after"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
	defer cancel()
	_, err = s.Commit(ctx, placing("k1", placed(1, "user:U1")))
	code(t, err, filters.Unconfirmed)
	receipt, done, err := s.Receipt(t.Context(), "k1")
	if err != nil || !done || string(receipt.Answer) != "answer to k1" {
		t.Errorf("%+v %v %v", receipt, done, err)
	}
}

func TestRedisIsAway(t *testing.T) {
	server := newServer(t)
	s := open(t, server)
	_, err := s.Commit(t.Context(), placing("k0", placed(0, "user:U1")))
	must(t, err)
	server.kill()
	// The first write may meet a connection that died under it; from then on it is known that nothing is sent.
	_, err = s.Commit(within(t, 1), placing("k1", placed(1, "user:U1")))
	if got := filters.CodeOf(err); got != filters.Unavailable && got != filters.Unconfirmed {
		t.Errorf("%v", err)
	}
	_, err = s.Commit(within(t, 1), placing("k2", placed(2, "user:U1")))
	code(t, err, filters.Unavailable)
	if _, err := s.Load(t.Context()); filters.CodeOf(err) != filters.Unavailable || strings.Contains(err.Error(), server.socket) {
		t.Errorf("%v", err)
	}
	server.start()
	_, err = s.Commit(t.Context(), placing("k3", placed(3, "user:U1"))) // Redis has forgotten the script
	must(t, err)
	for _, filter := range loaded(t, s).Filters {
		if filter.Agent == filters.AgentID(agentID(2)) {
			t.Error("what was reported as failed is there")
		}
	}
}

func TestRedisHangs(t *testing.T) {
	server := newServer(t)
	s := open(t, server, func(c *Config) { c.Timeout = 300 * time.Millisecond })
	_, err := s.Commit(t.Context(), placing("k0", placed(0, "user:U1")))
	must(t, err)
	server.stop()
	errs := make(chan error, 2)
	deadline := s.Now().Add(200 * time.Millisecond)
	for i := range 2 {
		go func() {
			commit := placing(fmt.Sprint("k", i+1), placed(i+1, "user:U1"))
			commit.Deadline = deadline
			_, err := s.Commit(within(t, 1), commit)
			errs <- err
		}()
	}
	for range 2 {
		// One was sent, the other may have waited for it: either way both are told in time.
		if got := filters.CodeOf(<-errs); got != filters.Unavailable && got != filters.Unconfirmed {
			t.Errorf("code %s", got)
		}
	}
	server.goOn()
	ctx := within(t, 5)
	for s.redis.Ping(ctx) != nil {
	}
	if got := len(loaded(t, s).Filters); got != 1 {
		t.Errorf("%d filters: a write was carried out after its deadline", got)
	}
}

func TestWaitingCommitIsNotSentAfterItsContext(t *testing.T) {
	server := newServer(t)
	s := open(t, server, func(c *Config) { c.Timeout = time.Second })
	_, err := s.Commit(t.Context(), placing("k0", placed(0, "user:U1")))
	must(t, err)
	server.stop()
	first, sent := make(chan error, 1), make(chan struct{}, 2)
	send := s.batch.send
	s.batch.send = func(group []*passenger) { sent <- struct{}{}; send(group) }
	ctx := within(t, 5)
	go func() { _, err := s.Commit(ctx, placing("k1", placed(1, "user:U1"))); first <- err }()
	<-sent
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = s.Commit(short, placing("k2", placed(2, "user:U1")))
	code(t, err, filters.Unavailable)
	server.goOn()
	<-first
	if _, done, err := s.Receipt(ctx, "k2"); done || err != nil {
		t.Errorf("it was carried out: %v %v", done, err)
	}
}

func TestForgottenScript(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		s := open(t, b)
		for i := range 3 {
			must(t, s.redis.client.ScriptFlush(t.Context()).Err())
			_, err := s.Commit(t.Context(), placing(fmt.Sprint("k", i), placed(i, "user:U1")))
			must(t, err)
		}
		if got := len(loaded(t, s).Filters); got != 3 {
			t.Errorf("%d filters", got)
		}
	})
}

func TestServersRefusals(t *testing.T) {
	server := newServer(t)
	s := open(t, server)
	_, err := s.Commit(t.Context(), placing("k0", placed(0, "user:U1")))
	must(t, err)
	must(t, raw(t, s).Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	_, err = s.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
	code(t, err, filters.Unavailable)
	if want := "Redis does not answer: it is a replica just now"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	must(t, raw(t, s).Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	must(t, raw(t, s).Do(t.Context(), "CONFIG", "SET", "maxmemory", "1").Err())
	_, err = s.Commit(t.Context(), placing("k1", placed(1, "user:U1")))
	code(t, err, filters.Unavailable)
	if want := "Redis does not answer: its memory is full"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	must(t, raw(t, s).Do(t.Context(), "CONFIG", "SET", "maxmemory", "0").Err())
	if got := len(loaded(t, s).Filters); got != 1 {
		t.Errorf("%d filters", got)
	}
}

func TestFaults(t *testing.T) {
	cases := []struct {
		err    error
		unsent bool
		reason string
	}{
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true, "it cannot be reached"},
		{&net.OpError{Op: "read", Err: errors.New("connection reset")}, false, ""},
		{errors.New("LOADING Redis is loading the dataset in memory"), true, "it is still loading its data"},
		{errors.New("READONLY You can't write against a read only replica."), true, "it is a replica just now"},
		{errors.New("MASTERDOWN Link with MASTER is down"), true, "it is a replica just now"},
		{errors.New("MISCONF Errors writing to the AOF file"), true, "it cannot write to its disk"},
		{errors.New("NOAUTH Authentication required."), true, "it refuses our user or password"},
		{errors.New("CLUSTERDOWN The cluster is down"), true, "its cluster is down"},
		{errors.New("ERR user_script:1: something"), false, ""},
		{context.DeadlineExceeded, false, "it took too long"},
	}
	for _, test := range cases {
		t.Run(test.err.Error(), func(t *testing.T) {
			if got := unsent(test.err); got != test.unsent {
				t.Errorf("unsent: %v", got)
			}
			if got := reason(test.err); got != test.reason {
				t.Errorf("reason %q, want %q", got, test.reason)
			}
		})
	}
}
