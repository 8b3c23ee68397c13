package app

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"cordon/filters"
)

var unfit = regexp.MustCompile(`[^a-z0-9-]+`)

// replicaName returns this replica's name: its host, and letters that are kept in the data directory, so that it is the
// same after a restart and another's on the same host.
func replicaName(directory string) (string, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(directory, "replica")
	kept, err := os.ReadFile(file)
	if name := strings.TrimSpace(string(kept)); err == nil && name != "" {
		return name, nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "bot"
	}
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	name := unfit.ReplaceAllString(host, "-") + "-" + filters.RandomID("")[:4]
	return name, os.WriteFile(file, []byte(name+"\n"), 0o600)
}

// holdDirectory keeps every other process out of the data directory until the file is closed: a replica has one process at
// a time, which its lease and its witness rely on. The lock ends with the process, however it ends.
func holdDirectory(directory string) (*os.File, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(directory, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s is in use: another bot runs on it (%w)", directory, err)
	}
	return file, nil
}
