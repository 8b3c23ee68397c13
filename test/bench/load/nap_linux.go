package load

import (
	"runtime"
	"syscall"
	"time"
)

func ownThread() (unlock func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// nap sleeps for about so long, or less.
func nap(d time.Duration) {
	rest := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&rest, nil) // who naps looks at the clock afterwards
}
