package server

import (
	"syscall"
	"time"
)

// orphaned is how long a server may still answer after its parent was killed: the kernel has told it to stop.
const orphaned = time.Second

// attributes make the child die with this process: the kernel sends it SIGTERM when the thread that started it ends. Its
// own process group keeps Ctrl-C from ending it before us.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
