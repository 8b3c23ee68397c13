package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// reading measures what a large cluster costs the whole bot in memory, beside jq on the same listing as JSON.
func reading(ctx context.Context, s *session) error {
	t := table{title: "A whole bot that leads a cluster, and jq that indexes the cluster's GET_AGENTS by hostname"}
	t.add("agents", "bot: ready after s", "resident MiB", "of it the program MiB", "peak MiB", "CPU s in 90 s", "JSON MB", "jq s", "jq peak MiB")
	for _, agents := range s.sizes() {
		if err := s.alone(func(s *session) error { return memory(ctx, s, agents, &t) }); err != nil {
			return err
		}
	}
	t.write(s.out)
	return nil
}

func memory(ctx context.Context, s *session, agents int, t *table) error {
	began := time.Now()
	w, err := s.startWorld(ctx, agents, "")
	if err != nil {
		return err
	}
	ready := time.Since(began)
	if err := s.fetchProfile("heap", fmt.Sprintf("read-%d-ready.heap", agents)); err != nil {
		return err
	}
	pause(s.seconds(90, 5)) // three full readings and more
	if err := s.fetchProfile("heap", fmt.Sprintf("read-%d-settled.heap", agents)); err != nil {
		return err
	}
	used := w.bot.usage()
	row := []string{strconv.Itoa(agents), number(ready.Seconds()), number(used.resident), number(used.file), number(used.peak), number(used.cpu.Seconds())}
	listing := filepath.Join(s.directory, "agents.json")
	size, err := w.listing(listing)
	if err != nil {
		return err
	}
	took, peak, err := jq(listing)
	if missing, ok := err.(errMissing); ok {
		fmt.Fprintln(s.out, missing.Error())
	} else if err != nil {
		return err
	}
	t.add(append(row, number(float64(size)/1e6), number(took.Seconds()), number(peak))...)
	return nil
}

// listing fetches GET_AGENTS as JSON into a file.
func (w *world) listing(path string) (size int64, err error) {
	request, err := http.NewRequest("POST", w.Masters[0]+"/api/v1", strings.NewReader(`{"type":"GET_AGENTS"}`))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return io.Copy(file, response.Body)
}

// jq indexes a listing by hostname, as a script would, and returns the time and the most memory that it took.
func jq(path string) (took time.Duration, peak float64, err error) {
	program, err := exec.LookPath("jq")
	if err != nil {
		return 0, 0, errMissing("jq is not installed")
	}
	command := exec.Command(program, `[.get_agents.agents[] | {key: .agent_info.hostname, value: {id: .agent_info.id.value, active, deactivated}}] | from_entries | length`, path)
	began := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("jq: %w: %s", err, output)
	}
	return time.Since(began), peakOf(command.ProcessState), nil
}
