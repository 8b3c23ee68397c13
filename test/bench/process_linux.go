package main

import (
	"os"
	"syscall"
)

// apart puts a process into a group of its own and has it end with this one.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func terminate(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }

// peakOf is the most memory that a process which has ended held, MiB.
func peakOf(ended *os.ProcessState) float64 {
	if used, ok := ended.SysUsage().(*syscall.Rusage); ok {
		return float64(used.Maxrss) / 1024
	}
	return 0
}
