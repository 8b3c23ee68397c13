package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cordon/filters"
)

// floor is what runs on the agents of a world, and the frameworks that move it.
type floor struct {
	mutex   sync.Mutex
	t       *testing.T
	tasks   []running
	pending map[filters.AgentID][]filters.Operation
	silent  map[filters.AgentID]string // agents that do not answer, and why
	deaf    string                     // why frameworks do not answer
	sick    map[string]bool            // apps that are not healthy
	asked   []string                   // what was asked for, in order
	next    int
}

// running is a task; where it is asked to move, another one takes its place elsewhere a little later.
type running struct {
	filters.Task
	app     string
	agent   filters.AgentID
	healthy time.Time // since when
	dies    time.Time // zero: it stays
}

const (
	dyingTime   = 8 * time.Second
	healingTime = 20 * time.Second
)

// onFloor runs a test in a world of four agents with a leader, whose first has two tasks of shop, whose third instance is on
// the second one, and one of a framework that cannot be asked.
func onFloor(t *testing.T, dies int, test func(w *runWorld)) {
	t.Helper()
	inWorldOf(t, 4, func(w *runWorld) {
		w.floor = &floor{t: t, pending: map[filters.AgentID][]filters.Operation{}, silent: map[filters.AgentID]string{}, sick: map[string]bool{}}
	}, func(w *runWorld) {
		w.floor.place("marathon", "/shop", "S00", "S00", "S01")
		w.lead(dies)
		test(w)
	})
}

func (f *floor) place(framework, app string, agents ...filters.AgentID) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, agent := range agents {
		f.add(framework, app, agent, time.Now())
	}
}

func (f *floor) add(framework, app string, agent filters.AgentID, healthy time.Time) {
	f.next++
	f.tasks = append(f.tasks, running{filters.Task{Framework: framework, ID: fmt.Sprintf("t%d", f.next)}, app, agent, healthy, time.Time{}})
}

// end lets the tasks of a framework end.
func (f *floor) end(framework string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.tasks = slices.DeleteFunc(f.tasks, func(task running) bool { return task.Framework == framework })
}

func (f *floor) set(change func()) { f.mutex.Lock(); defer f.mutex.Unlock(); change() }

// settle takes out what has died. The mutex is held.
func (f *floor) settle() {
	f.tasks = slices.DeleteFunc(f.tasks, func(task running) bool { return !task.dies.IsZero() && !time.Now().Before(task.dies) })
}

// floorDouble is the agents and frameworks as one process reaches them.
type floorDouble struct {
	*runWorld
	process *process
}

func (d *floorDouble) Look(_ context.Context, agent filters.Agent) (filters.Work, error) {
	f := d.floor
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.settle()
	if why := f.silent[agent.ID]; why != "" {
		return filters.Work{}, &filters.Error{Code: filters.Unavailable, Wrong: why}
	}
	work := filters.Work{Operations: f.pending[agent.ID]}
	for _, task := range f.tasks {
		if task.agent == agent.ID {
			work.Tasks = append(work.Tasks, task.Task)
		}
	}
	return work, nil
}

func (d *floorDouble) Weigh(_ context.Context, _ filters.AgentID, work filters.Work, moving []filters.Task, last bool) []filters.Stay {
	f := d.floor
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var stays []filters.Stay
	granted := map[string]bool{}
	for _, there := range work.Tasks {
		stay := filters.Stay{Task: there}
		if there.Framework != "marathon" {
			stay.Why = "waits for its people"
		} else if stay.App, stay.Why = f.weigh(there, moving, last); stay.Why == "" && granted[stay.App] {
			stay.Why = stay.App + " moves one task at a time"
		}
		stay.Ready = stay.Why == ""
		granted[stay.App] = granted[stay.App] || stay.Ready
		stays = append(stays, stay)
	}
	return stays
}

func (f *floor) weigh(there filters.Task, moving []filters.Task, last bool) (app, why string) {
	for _, task := range f.tasks {
		if task.Same(there) {
			app = task.app
		}
	}
	others, well := 0, 0
	for _, task := range f.tasks {
		if task.app != app || task.Same(there) {
			continue
		}
		if slices.ContainsFunc(moving, task.Same) {
			return app, app + " moves one task at a time"
		}
		others++
		if !f.sick[app] && !time.Now().Before(task.healthy) {
			well++
		}
	}
	switch {
	case others == 0 && !last:
		return app, app + ": its last instance"
	case well < others:
		return app, fmt.Sprintf("%s waits until %d of %d others are healthy, %d are", app, others, others, well)
	}
	return app, ""
}

// Move lets a task die soon and another one take its place on the last agent, once the record says that it was asked for.
func (d *floorDouble) Move(ctx context.Context, task filters.Task) error {
	if !d.process.step() {
		<-ctx.Done()
		return ctx.Err()
	}
	f := d.floor
	if !d.recorded(task) {
		f.t.Errorf("%s is asked to move %s, and no record says so", task.Framework, task.ID)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.asked = append(f.asked, task.ID)
	if f.deaf != "" {
		return errors.New(f.deaf)
	}
	for i := range f.tasks {
		if known := &f.tasks[i]; known.Same(task) && known.dies.IsZero() {
			known.dies = time.Now().Add(dyingTime)
			f.add(known.Framework, known.app, "S03", time.Now().Add(healingTime))
			f.alone(known.app)
			return nil
		}
	}
	return nil
}

// alone fails the test if two tasks of the app are away at once.
func (f *floor) alone(app string) {
	away := 0
	for _, task := range f.tasks {
		if task.app == app && (time.Now().Before(task.healthy) || f.sick[app]) {
			away++
		}
	}
	if away > 1 {
		f.t.Errorf("%d tasks of %s are away at once", away, app)
	}
}

// recorded tells whether the store says that the task was asked for.
func (w *runWorld) recorded(task filters.Task) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for key, record := range w.records {
		agent, err := DecodeRunAgent(&record)
		if err == nil && key.Shelf == filters.ShelfRunAgents && slices.ContainsFunc(agent.Asked, func(asked AskedMove) bool { return asked.Task.Same(task) }) {
			return true
		}
	}
	return false
}

// manually asks for a manual drain as alice does and returns the run's ID.
func (w *runWorld) manually(wanted RunRequest, hosts ...string) string {
	w.t.Helper()
	wanted.Drain, wanted.Manual = &filters.Drain{}, true
	listing, err := w.desk.StartRun(context.Background(), w.request("UALICE", hosts...), wanted)
	if err != nil {
		w.t.Fatal(err)
	}
	return listing.State.ID
}
