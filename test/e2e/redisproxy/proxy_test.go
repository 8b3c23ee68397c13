package redisproxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open starts a server and a proxy before it.
func open(t *testing.T) (*miniredis.Miniredis, *Proxy) {
	t.Helper()
	server := miniredis.RunT(t)
	proxy, err := Start("127.0.0.1:0", func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Addr())
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	return server, proxy
}

// client is one connection through the proxy.
type client struct {
	t *testing.T
	net.Conn
	from *bufio.Reader
}

func connect(t *testing.T, proxy *Proxy) *client {
	t.Helper()
	conn, err := net.Dial("tcp", proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// send writes a request.
func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer reads one answer, or the error of a connection that is gone.
func (c *client) answer() string {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer, err := read(c.from)
	if err != nil {
		return "cut after " + string(answer.raw)
	}
	return string(answer.raw)
}

const (
	ping = "*1\r\n$4\r\nPING\r\n"
	set  = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n"
	get  = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
)

func TestPipelinesPassInOrder(t *testing.T) {
	_, proxy := open(t)
	c := connect(t, proxy)
	c.send(set + get + ping + "*2\r\n$6\r\nLRANGE\r\n$1\r\nn\r\n")
	for _, want := range []string{"+OK\r\n", "$5\r\nvalue\r\n", "+PONG\r\n"} {
		if got := c.answer(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := c.answer(); !strings.HasPrefix(got, "-ERR") {
		t.Errorf("an error is %q", got)
	}
}

func TestATrapCutsBeforeTheRequestOrAfterIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		trap    Trap
		answer  string
		carried bool
	}{
		{"before", Trap{Before: func() Fate { return Cut }}, "cut after ", false},
		{"after", Trap{After: func() Fate { return Cut }}, "cut after ", true},
		{"half", Trap{After: func() Fate { return Truncate }}, "cut after ", true},
		{"pass", Trap{Before: func() Fate { return Pass }, After: func() Fate { return Pass }}, "+OK\r\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, proxy := open(t)
			c.trap.Match = Says("SET", "k")
			caught := proxy.Set(c.trap)
			conn := connect(t, proxy)
			conn.send(ping)
			if got := conn.answer(); got != "+PONG\r\n" {
				t.Fatalf("another request was caught: %q", got)
			}
			conn.send(set)
			if got := conn.answer(); got != c.answer {
				t.Errorf("got %q, want %q", got, c.answer)
			}
			<-caught.Sprung()
			if value, _ := server.Get("k"); (value == "value") != c.carried {
				t.Errorf("carried out: %q, want %t", value, c.carried)
			}
			again := connect(t, proxy)
			again.send(set)
			if got := again.answer(); got != "+OK\r\n" {
				t.Errorf("the trap catches twice: %q", got)
			}
		})
	}
}

func TestSwallowedAnswersLeaveTheClientWaiting(t *testing.T) {
	server, proxy := open(t)
	caught := proxy.Set(Trap{Match: Says("SET"), After: func() Fate { return Swallow }})
	c := connect(t, proxy)
	c.send(set)
	<-caught.Sprung()
	if value, _ := server.Get("k"); value != "value" {
		t.Error("the request was not carried out")
	}
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if _, err := c.from.ReadByte(); err == nil || !err.(net.Error).Timeout() {
		t.Errorf("the client got something: %v", err)
	}
}

func TestCutRefuseStallAndHeal(t *testing.T) {
	_, proxy := open(t)
	c := connect(t, proxy)
	c.send(ping)
	c.answer()

	proxy.Cut()
	if got := c.answer(); got != "cut after " {
		t.Errorf("a connection lives on: %q", got)
	}
	if got := connect(t, proxy).answer(); got != "cut after " {
		t.Errorf("a new connection lives: %q", got)
	}
	proxy.Refuse()
	if conn, err := net.Dial("tcp", proxy.Addr()); err == nil {
		_ = conn.Close()
		t.Error("a connection is taken")
	}
	if err := proxy.Heal(); err != nil {
		t.Fatal(err)
	}

	proxy.Stall()
	c = connect(t, proxy)
	c.send(ping)
	var answered atomic.Bool
	got := make(chan string)
	go func() { answer := c.answer(); answered.Store(true); got <- answer }()
	other := connect(t, proxy)
	other.send(get)
	if answered.Load() {
		t.Error("something passed a stalled proxy")
	}
	if err := proxy.Heal(); err != nil {
		t.Fatal(err)
	}
	if answer := <-got; answer != "+PONG\r\n" {
		t.Errorf("after stalling: %q", answer)
	}
	proxy.Delay(20 * time.Millisecond)
	began := time.Now()
	c.send(ping)
	if answer := c.answer(); answer != "+PONG\r\n" || time.Since(began) < 20*time.Millisecond {
		t.Errorf("delayed: %q after %s", answer, time.Since(began))
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{ping, set, "$-1\r\n", "*-1\r\n", "*2\r\n*1\r\n:1\r\n+x\r\n", "$5\r\nab"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := read(bufio.NewReader(strings.NewReader(text)))
		if err == nil && !strings.HasPrefix(text, string(v.raw)) {
			t.Errorf("%q was read as %q", text, v.raw)
		}
	})
}
