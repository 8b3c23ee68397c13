package commands

import (
	"context"

	"cordon/filters"
	"cordon/filters/operation"
)

// Machines is what commands asks of a cluster's maintenance schedule; *operation.Desk is one. Safe for concurrent use.
type Machines interface {
	Schedule(ctx context.Context, request filters.Request, span filters.Span) (operation.Listing, error)
	Down(ctx context.Context, request filters.Request) (operation.Listing, error)
	Up(ctx context.Context, request filters.Request) (operation.Listing, error)
	Cancel(ctx context.Context, request filters.Request) (operation.Listing, error)
	// Ours returns the machines that are ours; it asks nothing of the outside.
	Ours() []operation.State
	Status(ctx context.Context, targets []filters.Target) ([]operation.MachineView, error)
}

var _ Machines = (*operation.Desk)(nil)
