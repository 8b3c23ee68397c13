package mesos

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields gives visit each field of a message that is held whole: a length-delimited one as bytes, any other as value.
func fields(message []byte, visit func(number protowire.Number, bytes []byte, value uint64) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errMalformed
		}
		message = message[n:]
		var bytes []byte
		var value uint64
		switch kind {
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errMalformed
		}
		message = message[n:]
		if err := visit(number, bytes, value); err != nil {
			return err
		}
	}
	return nil
}

// inside returns the bytes of the field that the path of numbers leads to; nil if it is not there.
func inside(message []byte, path ...protowire.Number) ([]byte, error) {
	for _, step := range path {
		var found []byte
		err := fields(message, func(number protowire.Number, bytes []byte, _ uint64) error {
			if number == step {
				found = bytes
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		message = found
	}
	return message, nil
}

// scalar reads a Value.Scalar.
func scalar(message []byte) (float64, error) {
	var number float64
	err := fields(message, func(at protowire.Number, _ []byte, value uint64) error {
		if at == 1 {
			number = math.Float64frombits(value)
		}
		return nil
	})
	return number, err
}
