package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profileAddress is where a bot that was built with -tags profile shows its profiles.
const profileAddress = "127.0.0.1:6061"

// profile fetches a profile into the directory that was asked for, such as `allocs` or `profile?seconds=5`.
func (s *session) fetchProfile(what, name string) error {
	if s.profile == "" {
		return nil
	}
	response, err := http.Get("http://" + profileAddress + "/debug/pprof/" + what)
	if err != nil {
		return fmt.Errorf("the bot shows no profile: %w", err)
	}
	defer response.Body.Close()
	file, err := os.Create(filepath.Join(s.profile, name))
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(file, response.Body)
	return err
}
