package mesos

import (
	"hash/maphash"
	"math"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"cordon/filters"
)

// tasks counts the tasks that run on each agent, by framework, from the event stream. Of a task it keeps a hash of its
// name, where it runs, its state and since when, so that a million cost 25 to 45 MB and an update told twice counts once. Safe
// for concurrent use.
type tasks struct {
	// kept returns an agent's ID as the newest roster has it, or a copy: so it is held once.
	kept func(id []byte) filters.AgentID

	mutex      sync.Mutex
	known      bool // a stream stands and told of every task
	seed       maphash.Seed
	agents     map[filters.AgentID]uint32
	frameworks map[string]uint32
	names      []string // by a framework's number; empty: it is gone
	running    map[uint64]stint
	places     places
	stood      time.Time       // since when every task was told
	newest     []time.Duration // by an agent's number: when a task was first told of on it, after that; 0: none was
}

func newTasks() *tasks {
	t := &tasks{seed: maphash.MakeSeed(), kept: func(id []byte) filters.AgentID { return filters.AgentID(id) }}
	t.forget()
	return t
}

// forget ends what was known: the stream broke.
func (t *tasks) forget() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.known = false
	t.agents, t.frameworks, t.names = map[filters.AgentID]uint32{}, map[string]uint32{}, nil
	t.running, t.places = map[uint64]stint{}, newPlaces()
	t.stood, t.newest = time.Time{}, nil
}

// complete says that every task was told.
func (t *tasks) complete() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.known, t.stood = true, time.Now()
}

// clockMargin is for times that are told by another clock.
const clockMargin = time.Second

// since tells whether a task was started on the agent since the time; known is false if the stream does not stand so long.
func (t *tasks) since(agent filters.AgentID, since time.Time) (started, known bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	known = t.known && t.stood.Before(since)
	number, ok := t.agents[agent]
	if !ok || t.newest[number] == 0 {
		return false, known
	}
	return t.stood.Add(t.newest[number]).After(since.Add(-clockMargin)), known
}

// stands tells whether a stream stands.
func (t *tasks) stands() bool { t.mutex.Lock(); defer t.mutex.Unlock(); return t.known }

// on returns the counts of an agent by framework name, and false if they are not known.
func (t *tasks) on(agent filters.AgentID) (map[string]int, bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	counts := map[string]int{}
	number, ok := t.agents[agent]
	if !ok {
		return counts, t.known
	}
	for place := range t.places.on(number) {
		if name := t.names[place.framework]; name != "" {
			counts[name] += int(place.count)
		}
	}
	return counts, t.known
}

// task is what is read of a Task or a TaskUpdated.
type task struct {
	id, framework, agent []byte
	state                uint64
	began                float64 // seconds since 1970 by the agent's clock; 0: not told
}

// runs tells whether the state is one of a task that holds resources: STARTING, RUNNING, STAGING, KILLING (mesos.proto).
func (t *task) runs() bool {
	return t.state == starting || t.state == running || t.state == staging || t.state == killing
}

// note counts a task by its latest state.
func (t *tasks) note(told task) {
	if len(told.id) == 0 || len(told.framework) == 0 {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	key := t.key(told)
	before, ran := t.running[key]
	switch {
	case told.runs() && len(told.agent) > 0:
		now, agent := stint{life: lifeOf(&told)}, t.agent(told.agent)
		if ran {
			now.life = now.since(before.life)
		}
		now.place = t.places.add(agent, t.framework(told.framework))
		t.running[key] = now
		if t.known && !ran {
			t.newest[agent] = max(1, time.Since(t.stood))
		}
	case !told.runs():
		delete(t.running, key)
	default:
		return
	}
	if ran {
		t.places.remove(before.place)
	}
}

func (t *tasks) key(told task) uint64 {
	var hash maphash.Hash
	hash.SetSeed(t.seed)
	_, _ = hash.Write(told.framework)
	_ = hash.WriteByte(0)
	_, _ = hash.Write(told.id)
	return hash.Sum64()
}

func (t *tasks) agent(id []byte) uint32 {
	number, ok := t.agents[filters.AgentID(id)]
	if !ok {
		number = uint32(len(t.newest))
		t.newest = append(t.newest, 0)
		t.agents[t.kept(id)] = number
	}
	return number
}

func (t *tasks) framework(id []byte) uint32 {
	number, ok := t.frameworks[string(id)]
	if !ok {
		number = uint32(len(t.names))
		t.frameworks[string(id)] = number
		t.names = append(t.names, string(id))
	}
	return number
}

// named notes a framework's name; until it is told, the ID stands for it.
func (t *tasks) named(id, name []byte) {
	if len(id) == 0 || len(name) == 0 {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.names[t.framework(id)] = nameOf(string(name))
}

// nameMost is how much of a framework's name is kept, in bytes.
const nameMost = 128

// nameOf is what a framework is called here.
func nameOf(name string) string { return filters.Inert(name[:min(len(name), nameMost)]) }

// left notes that an agent is gone, with its tasks. It gets another number if it returns.
func (t *tasks) left(agent filters.AgentID) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.agents, agent)
}

// ended notes that a framework is gone, with its tasks.
func (t *tasks) ended(framework []byte) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if number, ok := t.frameworks[string(framework)]; ok {
		t.names[number] = ""
		delete(t.frameworks, string(framework))
	}
}

// decodeTask reads a Task.
func decodeTask(message []byte) (task, error) {
	var told task
	err := fields(message, func(number protowire.Number, bytes []byte, value uint64) (err error) {
		switch number {
		case 2:
			told.id, err = inside(bytes, 1)
		case 3:
			told.framework, err = inside(bytes, 1)
		case 5:
			told.agent, err = inside(bytes, 1)
		case 6:
			told.state = value
		case 8:
			err = told.status(bytes)
		}
		return err
	})
	return told, err
}

// decodeUpdate reads an Event.TaskUpdated. Its own state is the task's latest, that of its status may be older.
func decodeUpdate(message []byte) (task, error) {
	var told task
	err := fields(message, func(number protowire.Number, bytes []byte, value uint64) (err error) {
		switch number {
		case 1:
			told.framework, err = inside(bytes, 1)
		case 2:
			if told.id, err = inside(bytes, 1, 1); err == nil {
				told.agent, err = inside(bytes, 5, 1)
			}
			if err == nil {
				err = told.status(bytes)
			}
		case 3:
			told.state = value
		}
		return err
	})
	return told, err
}

// status reads a TaskStatus. The earliest that says RUNNING tells since when the task runs.
func (t *task) status(message []byte) error {
	state, at := uint64(starting), 0.0
	err := fields(message, func(number protowire.Number, _ []byte, value uint64) error {
		switch number {
		case 2:
			state = value
		case 6:
			at = math.Float64frombits(value)
		}
		return nil
	})
	if state == running && at > 0 && (t.began == 0 || at < t.began) {
		t.began = at
	}
	return err
}
