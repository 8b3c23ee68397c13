package mesos

import (
	"context"
	"slices"
	"strings"
)

// finder names the masters of a cluster.
type finder interface {
	// candidates returns the masters to ask, the likeliest leader first; an error if none is known yet.
	candidates(ctx context.Context) ([]address, error)
	// run keeps the candidates up to date until ctx ends.
	run(ctx context.Context)
	// trouble says in a phrase what keeps it from that; empty: nothing.
	trouble() string
}

// list is a finder of masters that the configuration names.
type list []address

func (l list) candidates(context.Context) ([]address, error) { return l, nil }
func (l list) run(ctx context.Context)                       { <-ctx.Done() }
func (l list) trouble() string                               { return "" }

// newFinder reads Config.Masters.
func newFinder(config Config) (finder, error) {
	if strings.HasPrefix(config.Masters[0], "zk://") {
		if len(config.Masters) > 1 {
			return nil, invalid("`masters` has more than a zk:// URL", "either one zk:// URL with every ZooKeeper host in it, or URLs of masters")
		}
		return newKeeper(config)
	}
	var masters list
	for _, text := range config.Masters {
		at, err := parseMaster(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(masters, at) {
			masters = append(masters, at)
		}
	}
	return masters, nil
}
