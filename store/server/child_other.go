//go:build !linux

package server

import "syscall"

// orphaned is how long a server may still answer after its parent was killed: here it lives on and is used again.
const orphaned = 0

// attributes keep a signal to our process group, such as Ctrl-C, from ending the child before us.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
