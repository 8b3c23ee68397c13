//go:build race

package year

// The race detector makes the year eight times as long, and here nothing runs at once.
func init() { years = map[uint64]int{1: 30} }
