package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a program that is measured, or that another needs.
type process struct {
	name    string
	command *exec.Cmd
	stdout  *bufio.Reader
	log     string // the file that its standard error goes to
	ended   chan struct{}
}

// start starts a program. What it writes to standard error goes to a file, as a service's would.
func (s *session) start(name string, environment []string, path string, arguments ...string) (*process, error) {
	p := &process{name: name, command: exec.Command(path, arguments...), ended: make(chan struct{}), log: filepath.Join(s.directory, name+".log")}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.command.Stderr, p.command.Env, p.command.SysProcAttr = log, append(os.Environ(), environment...), apart()
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(output)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.processes = append(s.processes, p)
	return p, nil
}

// line waits for a line of the program's standard output that begins with a prefix, and returns the rest of it. What
// follows is thrown away, so that the program does not wait for a reader.
func (p *process) line(prefix string) (string, error) {
	for {
		line, err := p.stdout.ReadString('\n')
		if err != nil {
			tail, _ := os.ReadFile(p.log)
			return "", fmt.Errorf("%s ended: %s", p.name, tail[max(0, len(tail)-2000):])
		}
		if rest, found := strings.CutPrefix(strings.TrimSpace(line), prefix); found {
			go func() { _, _ = io.Copy(io.Discard, p.stdout) }()
			return rest, nil
		}
	}
}

// stop ends the program, kindly if it can be.
func (p *process) stop() {
	terminate(p.command.Process)
	timer := time.AfterFunc(8*time.Second, func() { _ = p.command.Process.Kill() })
	defer timer.Stop()
	_ = p.command.Wait()
}

// usage is what a process has used so far.
type usage struct {
	cpu            time.Duration // user and system
	resident, peak float64       // MiB
	file           float64       // MiB of resident that are the program itself, as it lies on disk
}

// usage asks Linux; elsewhere all is zero.
func (p *process) usage() usage {
	var used usage
	directory := "/proc/" + strconv.Itoa(p.command.Process.Pid)
	if stat, err := os.ReadFile(directory + "/stat"); err == nil {
		// The fields after the name, which is in brackets; utime and stime are the 14th and 15th, in hundredths of a second.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		used.cpu = time.Duration(user+system) * 10 * time.Millisecond
	}
	if status, err := os.ReadFile(directory + "/status"); err == nil {
		used.resident, used.peak = mebibytes(string(status), "VmRSS:"), mebibytes(string(status), "VmHWM:")
		used.file = mebibytes(string(status), "RssFile:")
	}
	return used
}

func mebibytes(status, field string) float64 {
	_, rest, _ := strings.Cut(status, field)
	kilobytes, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return kilobytes / 1024
}
