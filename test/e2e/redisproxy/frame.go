package redisproxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// value is one RESP2 value: as it was sent, and its strings where it is an array of them, as requests are.
type value struct {
	raw   []byte
	words []string
}

// read reads one value: https://redis.io/docs/latest/develop/reference/protocol-spec/.
func read(from *bufio.Reader) (value, error) {
	var v value
	err := v.read(from, 0)
	return v, err
}

// largest is more than any value that the bot stores.
const largest = 64 << 20

// deepest is how far answers nest: XREAD's have five levels.
const deepest = 16

func (v *value) read(from *bufio.Reader, depth int) error {
	line, err := from.ReadSlice('\n')
	if err != nil {
		return err
	}
	v.raw = append(v.raw, line...)
	kind, text := line[0], string(bytes.TrimSpace(line[1:]))
	switch kind {
	case '+', '-', ':':
		return nil
	case '$':
		return v.bulk(from, text)
	case '*':
		return v.array(from, text, depth)
	}
	return fmt.Errorf("a value starts with %q", kind)
}

func (v *value) bulk(from *bufio.Reader, length string) error {
	size, err := strconv.Atoi(length)
	switch {
	case err != nil || size < 0: // -1 is nothing
		return err
	case size > largest:
		return fmt.Errorf("a string of %d bytes", size)
	}
	begin := len(v.raw)
	v.raw = append(v.raw, make([]byte, size+2)...)
	if _, err := io.ReadFull(from, v.raw[begin:]); err != nil {
		return err
	}
	v.words = append(v.words, string(v.raw[begin:begin+size]))
	return nil
}

func (v *value) array(from *bufio.Reader, length string, depth int) error {
	size, err := strconv.Atoi(length)
	if err != nil || depth > deepest {
		return fmt.Errorf("an array of %q at depth %d: %w", length, depth, err)
	}
	for range size {
		if err := v.read(from, depth+1); err != nil {
			return err
		}
	}
	return nil
}
