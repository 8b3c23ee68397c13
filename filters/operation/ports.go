package operation

import (
	"context"
	"log/slog"
	"time"

	"cordon/filters"
)

// Master reads the maintenance primitives of a cluster's master. Its errors are filters.Errors: Unavailable, Denied, or Invalid
// for a master that does not have the calls. Implemented by filters/mesos; safe for concurrent use.
type Master interface {
	// Schedule returns the whole schedule, as it was at some moment after the call.
	Schedule(ctx context.Context) (filters.Schedule, error)
	// MaintenanceStatus returns the machines that are draining or down.
	MaintenanceStatus(ctx context.Context) (filters.MaintenanceStatus, error)
}

// Service records, and asks the gate. Implemented by *filters.Service.
type Service interface {
	Arrange(ctx context.Context, arrangement filters.Arrangement) (filters.Result, error)
	// Outcome returns what became of a request key, and false if nothing did.
	Outcome(ctx context.Context, key string) (filters.Result, bool, error)
	// Now is the cluster's time: Redis TIME, UTC.
	Now() time.Time
}

// Config is what a Desk and a Source need. All but Groups, Tasks, MayDown and Logger are required.
type Config struct {
	Cluster string
	Service Service
	Book    *filters.Book
	Master  Master
	// Roster is the newest index of agents; never nil, empty before the first reading.
	Roster func() *filters.Roster
	Groups map[string]filters.Group
	// Tasks returns how many tasks run on the agent, by framework name, and false if this replica does not know. nil: none does.
	Tasks func(agent filters.AgentID) (map[string]int, bool)
	// MayDown says that machines may be taken down at all: `allow: [down]` of the configuration.
	MayDown bool
	Logger  *slog.Logger
}

func (c *Config) tasks(agent filters.AgentID) (map[string]int, bool) {
	if c.Tasks == nil {
		return nil, false
	}
	return c.Tasks(agent)
}

func (c *Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Logger
}

// reading is the maintenance primitives as they were at one moment, or as nearly as two calls tell.
type reading struct {
	schedule filters.Schedule
	status   filters.MaintenanceStatus
}

func (c *Config) read(ctx context.Context) (reading, error) {
	schedule, err := c.Master.Schedule(ctx)
	if err != nil {
		return reading{}, err
	}
	status, err := c.Master.MaintenanceStatus(ctx)
	return reading{schedule, status}, err
}

// span returns the machine's in the schedule, nil if that does not have it.
func (r *reading) span(machine filters.Machine) *filters.Span {
	if span, scheduled := r.schedule.Of(machine); scheduled {
		return &span
	}
	return nil
}

func (r *reading) down(machine filters.Machine) bool {
	return r.status.Of(machine).Mode == filters.MachineDown
}

// kept is a machine's state with the revision of its record.
type kept struct {
	State
	revision int64
}

// machines returns the machines that are ours, by name. One whose record cannot be read is left alone, and told of in the log.
func (c *Config) machines() []kept {
	records := c.Book.Records(filters.ShelfMachines)
	all := make([]kept, 0, len(records))
	for _, record := range records {
		state, err := Decode(record)
		if err != nil {
			c.logger().Error("a machine's record cannot be read, it is left alone", "machine", record.Name, "error", err)
			continue
		}
		all = append(all, kept{state, record.Revision})
	}
	return all
}

// machine returns the one of that name; nil: it is not ours.
func (c *Config) machine(machine filters.Machine) (*kept, error) {
	record := c.Book.Record(filters.ShelfMachines, machine.Name())
	if record == nil {
		return nil, nil
	}
	state, err := Decode(record)
	return &kept{state, record.Revision}, err
}
