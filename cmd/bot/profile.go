//go:build profile

package main

import (
	"net/http"
	_ "net/http/pprof" // is what this file is for
	"os"
)

// A bot that is built with -tags profile serves its profiles on the loopback address that CORDON_PROFILE names:
// docs/performance.md says how to look at them.
func init() {
	if address := os.Getenv("CORDON_PROFILE"); address != "" {
		go func() { _ = http.ListenAndServe(address, nil) }()
	}
}
