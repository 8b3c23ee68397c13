package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

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
