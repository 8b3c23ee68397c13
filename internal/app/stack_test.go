package app

import (
	"context"
	"log/slog"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"cordon/filters"
	"cordon/store"
)

// A book that is loaded anew believes no Redis that is another than before: it is locked from the first page on.
func TestNothingIsLoadedUnexamined(t *testing.T) {
	redis := miniredis.RunT(t)
	opened, err := store.Open(t.Context(), store.Config{URL: "redis://" + redis.Addr(), DataDir: t.TempDir(), Replica: "one", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	s := &stack{name: "prod", replica: "one", store: opened.Cluster("prod"), book: filters.NewBook(), log: slog.New(slog.DiscardHandler)}
	if lock, err := s.store.Check(t.Context()); lock != nil || err != nil {
		t.Fatal(lock, err)
	}
	redis.Del("cordon:{prod}:epoch")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	turned := s.book.Turned()
	go func() { ended <- s.follow(ctx) }()
	<-turned
	if s.book.Lock() == nil {
		t.Error("a Redis without its epoch was loaded, and the book is not locked")
	}
	cancel()
	<-ended
}
