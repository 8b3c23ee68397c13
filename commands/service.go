package commands

import (
	"context"
	"time"

	"cordon/filters"
)

// Service is what commands asks of a cluster; *filters.Service is one. Safe for concurrent use.
type Service interface {
	changer
	approver
	looker
}

type changer interface {
	Filter(ctx context.Context, request filters.Request) (filters.Result, error)
	Unfilter(ctx context.Context, request filters.Request) (filters.Result, error)
	Release(ctx context.Context, request filters.Request, ids []string) (filters.Result, error)
	Extend(ctx context.Context, request filters.Request, ids []string, duration time.Duration) (filters.Result, error)
	Adopt(ctx context.Context, request filters.Request) (filters.Result, error)
	Freeze(ctx context.Context, request filters.Request) (filters.Freeze, error)
	Thaw(ctx context.Context, request filters.Request) (filters.Freeze, error)
	Answer(ctx context.Context, request filters.Request, id string, yes bool) (filters.Question, error)
	Unlock(ctx context.Context, request filters.Request) (overdue []filters.Filter, lock filters.Lock, err error)
}

type looker interface {
	Now() time.Time
	Status() filters.Status
	Agents(targets []filters.Target) ([]filters.AgentStatus, error)
	Filters() []filters.Filter
	Questions() []filters.Question
	Search(ctx context.Context, search filters.Search) (filters.Found, error)
	Refused(ctx context.Context, refusal filters.Refusal) error
	History(ctx context.Context, targets []filters.Target, most int) ([]filters.Event, error)
	Look(ctx context.Context, actor filters.Actor) error
	May(ctx context.Context, actor filters.Actor) (verbs []filters.Verb, why string, err error)
	Outcome(ctx context.Context, key string) (filters.Result, bool, error)
	Hostnames() []string
	// Foreigners lists those of agents that somebody else withholds.
	Foreigners() []string
}

var _ Service = (*filters.Service)(nil)
