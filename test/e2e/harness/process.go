package harness

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program under test. It is killed, with its whole group, when the test ends; if the test failed, what it
// wrote is shown. A secret in what it wrote fails the test.
type Process struct {
	Name    string
	command *exec.Cmd
	output  *output
	ended   chan struct{}
	err     error // of Wait; read it after ended
}

// output collects what a process writes, at most as much as a person would read.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

const outputMost = 4 << 20

// Write keeps the text.
func (o *output) Write(text []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.text.Len() < outputMost {
		o.text.Write(text)
	}
	return len(text), nil
}

// String returns what was written so far.
func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// Start starts a program.
func Start(t testing.TB, name string, environment []string, path string, arguments ...string) *Process {
	t.Helper()
	p := &Process{Name: name, command: exec.Command(path, arguments...), output: &output{}, ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = p.output, p.output
	p.command.Env = append(os.Environ(), environment...)
	p.command.SysProcAttr = apart()
	if err := p.command.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.command.Wait()
	}()
	t.Cleanup(func() {
		p.Kill()
		if found := leaks(p.Output()); len(found) > 0 {
			t.Errorf("%s has written secrets: %v", name, found)
		}
		if t.Failed() {
			t.Logf("---- %s ----\n%s", name, tail(p.Output(), 24<<10))
		}
	})
	return p
}

func tail(text string, most int) string {
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// Output is what the process wrote so far.
func (p *Process) Output() string { return p.output.String() }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Code is the exit code of a process that has ended; -1 if a signal ended it.
func (p *Process) Code() int {
	<-p.ended
	if failed, ok := errors.AsType[*exec.ExitError](p.err); ok {
		return failed.ExitCode()
	}
	return 0
}

func (p *Process) signal(signal syscall.Signal) { _ = syscall.Kill(-p.command.Process.Pid, signal) }

// Kill ends the process as a crash would and waits for its end.
func (p *Process) Kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// Freeze stops the process where it stands, Thaw lets it go on.
func (p *Process) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() { p.signal(syscall.SIGCONT) }

// Terminate asks the process to end and tells how long it took.
func (p *Process) Terminate(t testing.TB) time.Duration {
	t.Helper()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s does not end on SIGTERM", p.Name)
	}
	return time.Since(began)
}
