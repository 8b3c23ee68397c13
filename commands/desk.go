package commands

import (
	"context"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// Desk is what commands asks of a cluster's windows and runs; *scheduler.Desk is one. Safe for concurrent use.
type Desk interface {
	windowDesk
	runDesk
}

type windowDesk interface {
	Windows() []scheduler.Listing
	Window(name string) (scheduler.Listing, error)
	Upcoming(from time.Time, most int) []scheduler.Upcoming
	Add(ctx context.Context, request filters.Request, name string, definition scheduler.Definition) (scheduler.Listing, error)
	Pause(ctx context.Context, request filters.Request, name string) (scheduler.Listing, error)
	Resume(ctx context.Context, request filters.Request, name string) (scheduler.Listing, error)
	Skip(ctx context.Context, request filters.Request, name string) (scheduler.Listing, error)
	Remove(ctx context.Context, request filters.Request, name string) (scheduler.Listing, error)
}

type runDesk interface {
	Observes() bool
	Runs() []scheduler.RunListing
	Run(id string) (scheduler.RunListing, error)
	StartRun(ctx context.Context, request filters.Request, run scheduler.RunRequest) (scheduler.RunListing, error)
	PauseRun(ctx context.Context, request filters.Request, id string) (scheduler.RunListing, error)
	ResumeRun(ctx context.Context, request filters.Request, id string) (scheduler.RunListing, error)
	AbortRun(ctx context.Context, request filters.Request, id string) (scheduler.RunListing, error)
	Confirm(ctx context.Context, request filters.Request, id string, word string) (scheduler.RunListing, error)
}

var _ Desk = (*scheduler.Desk)(nil)
