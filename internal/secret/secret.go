// Package secret holds passwords and tokens so that no way of printing shows them.
package secret

import (
	"fmt"
	"log/slog"
)

// Value is a password or token. Printing, formatting and encoding it give a placeholder.
type Value []byte

const hidden = "[hidden]"

// Reveal returns the value, for the one place that needs it.
func (v Value) Reveal() string { return string(v) }

// String returns a placeholder.
func (v Value) String() string { return hidden }

// GoString returns a placeholder, for %#v.
func (v Value) GoString() string { return hidden }

// Format writes a placeholder, whatever the verb.
func (v Value) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(hidden)) }

// LogValue returns a placeholder.
func (v Value) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns a placeholder, so that no encoder prints the bytes.
func (v Value) MarshalText() ([]byte, error) { return []byte(hidden), nil }
