package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// connection speaks just enough HTTP/1.1 to send what is prepared and to read answers: a client with more in it would take
// from the servers that it measures the processors that they share.
type connection struct {
	conn   net.Conn
	reader *bufio.Reader
	body   []byte
}

func connect(ctx context.Context, address string) (*connection, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, reader: bufio.NewReaderSize(conn, 8<<10)}, nil
}

func (c *connection) close() { _ = c.conn.Close() }

// exchange sends a request and reads the whole answer, which must be a 200 that holds the expected text.
func (c *connection) exchange(request []byte, expect string) error {
	if err := c.conn.SetDeadline(time.Now().Add(answerMost)); err != nil {
		return err
	}
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	status, err := c.answer()
	if err != nil {
		return err
	}
	if status != 200 || !bytes.Contains(c.body, []byte(expect)) {
		return fmt.Errorf("answered %d %.300s, expected 200 and %q", status, c.body, expect)
	}
	return nil
}

// answer reads an answer into c.body and returns its status.
func (c *connection) answer() (status int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(line, []byte(" "))
	if status, err = strconv.Atoi(string(rest[:min(3, len(rest))])); err != nil {
		return 0, fmt.Errorf("%.40q is no HTTP answer", line)
	}
	length, chunked := 0, false
	for {
		line, err := c.line()
		if err != nil {
			return 0, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.Contains(value, []byte("chunked"))
		}
		if err != nil {
			return 0, err
		}
	}
	if c.body = c.body[:0]; chunked {
		return status, c.chunks()
	}
	return status, c.take(length)
}

// line returns a line without its end; it is valid until the next read.
func (c *connection) line() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

func (c *connection) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(line), 16, 24)
		if err != nil {
			return err
		}
		if err := c.take(int(size)); err != nil {
			return err
		}
		if _, err := c.line(); err != nil || size == 0 {
			return err
		}
	}
}

// take adds so many bytes to the body.
func (c *connection) take(length int) error {
	had := len(c.body)
	c.body = append(c.body, make([]byte, length)...)
	_, err := io.ReadFull(c.reader, c.body[had:])
	return err
}
