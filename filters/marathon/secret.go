package marathon

import (
	"fmt"
	"log/slog"
)

// Secret is a password or token. It hides itself from every way of printing; only this package reads its bytes.
type Secret []byte

const hidden = "[hidden]"

// String returns a placeholder.
func (s Secret) String() string { return hidden }

// GoString returns a placeholder, for %#v.
func (s Secret) GoString() string { return hidden }

// Format writes a placeholder, whatever the verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(hidden)) }

// LogValue returns a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns a placeholder, so that no encoder prints the bytes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
