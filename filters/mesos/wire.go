package mesos

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// wire reads a protobuf message from a stream, field by field, without holding more of it than one leaf: an answer of
// 50,000 agents is 53 MB, one agent a kilobyte.
type wire struct {
	from *bufio.Reader
	read int64  // bytes read so far
	leaf []byte // reused by bytes for leaves larger than the reader's buffer
}

const (
	wireBuffer  = 64 << 10
	largestLeaf = 16 << 20 // one agent, one task: protects from a length that means to fill the memory
)

var errMalformed = errors.New("malformed protobuf")

func newWire(from io.Reader) *wire { return &wire{from: bufio.NewReaderSize(from, wireBuffer)} }

// field is one field's head. Of a length-delimited field the bytes are still in the stream.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of a varint or fixed field
	size   int64  // of a length-delimited field
}

// untilEnd is the size of a message that ends where the stream does.
const untilEnd = -1

// message reads a message of the size and gives each field to visit, which reads exactly field.size bytes of a
// length-delimited field: by message, bytes or skip. A stream that ends inside the message is io.ErrUnexpectedEOF.
func (w *wire) message(size int64, visit func(field) error) error {
	end := w.read + size
	for size == untilEnd || w.read < end {
		head, err := w.head(size == untilEnd)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if size != untilEnd && w.read+head.size > end {
			return errMalformed
		}
		after := w.read + head.size
		if err := visit(head); err != nil {
			return err
		}
		if w.read != after {
			return errMalformed
		}
	}
	if w.read != end && size != untilEnd {
		return errMalformed
	}
	return nil
}

// head reads the next field's head; io.EOF if the stream may end here and does.
func (w *wire) head(mayEnd bool) (field, error) {
	tag, err := w.varint(mayEnd)
	if err != nil {
		return field{}, err
	}
	number, kind := protowire.DecodeTag(tag)
	if number < protowire.MinValidNumber {
		return field{}, errMalformed
	}
	head := field{number: number, kind: kind}
	switch kind {
	case protowire.VarintType:
		head.value, err = w.varint(false)
	case protowire.Fixed32Type:
		head.value, err = w.fixed(4)
	case protowire.Fixed64Type:
		head.value, err = w.fixed(8)
	case protowire.BytesType:
		var size uint64
		size, err = w.varint(false)
		if size > math.MaxInt32 {
			return field{}, errMalformed
		}
		head.size = int64(size)
	default: // groups are not used by Mesos
		err = errMalformed
	}
	return head, err
}

func (w *wire) varint(mayEnd bool) (uint64, error) {
	var value uint64
	for shift := 0; shift < 64; shift += 7 {
		next, err := w.from.ReadByte()
		if err != nil {
			if mayEnd && shift == 0 {
				return 0, err
			}
			return 0, cutShort(err)
		}
		w.read++
		value |= uint64(next&0x7f) << shift
		if next < 0x80 {
			return value, nil
		}
	}
	return 0, errMalformed
}

func (w *wire) fixed(size int) (uint64, error) {
	bytes, err := w.bytes(int64(size))
	if err != nil {
		return 0, err
	}
	if size == 4 {
		return uint64(binary.LittleEndian.Uint32(bytes)), nil
	}
	return binary.LittleEndian.Uint64(bytes), nil
}

// bytes reads so many bytes. They are good until the next read.
func (w *wire) bytes(size int64) ([]byte, error) {
	if size > largestLeaf {
		return nil, errMalformed
	}
	if int(size) > w.from.Size() {
		return w.large(int(size))
	}
	bytes, err := w.from.Peek(int(size))
	if err != nil {
		return nil, cutShort(err)
	}
	w.read += size
	_, err = w.from.Discard(int(size))
	return bytes, err
}

// large grows the leaf no faster than the stream delivers, so that a lie about the size costs nothing.
func (w *wire) large(size int) ([]byte, error) {
	w.leaf = w.leaf[:0]
	for len(w.leaf) < size {
		part := min(size-len(w.leaf), max(wireBuffer, len(w.leaf)))
		w.leaf = append(w.leaf, make([]byte, part)...)
		n, err := io.ReadFull(w.from, w.leaf[len(w.leaf)-part:])
		w.read += int64(n)
		if err != nil {
			return nil, cutShort(err)
		}
	}
	return w.leaf, nil
}

func (w *wire) skip(size int64) error {
	n, err := w.from.Discard(int(size))
	w.read += int64(n)
	if err != nil {
		return cutShort(err)
	}
	return nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
