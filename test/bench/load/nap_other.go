//go:build !linux

package load

import "time"

func ownThread() (unlock func()) { return func() {} }

// nap sleeps for about so long.
func nap(d time.Duration) { <-time.After(d) }
