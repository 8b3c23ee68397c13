package conformance

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	simmesos "cordon/internal/sim/mesos"
)

// Result is what came of one recording.
type Result struct {
	Name  string
	Equal bool
	// Report says what differs, for people; empty when equal.
	Report string
}

// Suite is a directory of recordings with the scenario that replays them.
type Suite struct {
	Scenario   *Scenario
	Recordings map[string]Recording
	// Others are JSON files that are no recorded request or stream.
	Others []string
	// Elsewhere are recordings of other directories that show which agent was on which host.
	Elsewhere map[string]Recording
	// Asked are the recordings whose results count; nil: all.
	Asked map[string]bool

	located sync.Once
	hosts   map[string]string // agent ID -> hostname, over all recordings
	sorted  sync.Once
	order   []string // the recordings by time
}

// inOrder is InOrder of the suite's recordings, which do not change.
func (s *Suite) inOrder() []string {
	s.sorted.Do(func() { s.order = InOrder(s.Recordings) })
	return s.order
}

// hostOf is the host of an agent ID, as any of the recordings shows it.
func (s *Suite) hostOf(id string) (hostname string, known bool) {
	s.located.Do(func() { s.hosts = hostsOf(s.Elsewhere, s.Recordings) })
	hostname, known = s.hosts[id]
	return hostname, known
}

// Open reads a directory and its scenario, completed by base as LoadScenario does; the scenario is nil when the
// directory has none.
func Open(dir fs.FS, base *Scenario) (*Suite, error) {
	recordings, others, err := LoadRecordings(dir)
	if err != nil {
		return nil, err
	}
	suite := &Suite{Recordings: recordings, Others: others}
	suite.Scenario, err = LoadScenario(dir, base)
	if err != nil && !isMissing(err) {
		return nil, err
	}
	return suite, nil
}

// run is one series against its own cluster.
type run struct {
	suite     *Suite
	state     State
	cluster   *simmesos.Cluster
	targets   map[string]string // recorded address -> the simulated master's host:port
	recorded  *symbols
	simulated *symbols
	streams   map[string]*stream
	sought    map[string][]string // differences of recordings that may belong further down
	results   []Result
}

// Replay runs one series and returns a result for each of its recordings. An error means that the series
// itself could not go on: a step failed, or the state was never reached.
func (s *Suite) Replay(ctx context.Context, series Series) (results []Result, err error) {
	steps, err := series.Parse()
	if err != nil {
		return nil, err
	}
	r := &run{
		suite: s, state: s.Scenario.States[series.State],
		recorded: newSymbols(), simulated: newSymbols(), streams: make(map[string]*stream), sought: make(map[string][]string),
	}
	if err := r.start(ctx); err != nil {
		return nil, fmt.Errorf("start state %s: %w", series.State, err)
	}
	defer func() {
		for _, stream := range r.streams {
			stream.close()
		}
		err = firstError(err, r.cluster.Close())
	}()
	for _, step := range steps {
		if err := verbs[step.Verb].do(ctx, r, step.Args); err != nil {
			return r.results, fmt.Errorf("%s %s: %w", step.Verb, strings.Join(step.Args, " "), err)
		}
		r.meet()
	}
	for _, name := range slices.Sorted(maps.Keys(r.sought)) {
		r.note(name, r.sought[name])
	}
	return r.results, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// start brings up the cluster of the state, with its tasks running.
func (r *run) start(ctx context.Context) error {
	config := r.config()
	cluster, err := simmesos.Start(ctx, config)
	if err != nil {
		return err
	}
	r.cluster = cluster
	if err := r.assignRoles(); err != nil {
		return firstError(err, cluster.Close())
	}
	r.meet()
	for _, hostname := range slices.Sorted(maps.Keys(r.state.Tasks)) {
		options := simmesos.AppOptions{Agent: hostname, Once: true}
		if err := r.launch(ctx, "sleep", r.state.Tasks[hostname], options); err != nil {
			return firstError(err, cluster.Close())
		}
	}
	return nil
}

func (r *run) config() simmesos.Config {
	config := simmesos.Config{
		Allocator: r.state.Allocator, Credentials: r.state.Credentials, Onlookers: r.state.Onlookers, Frameworks: []simmesos.FrameworkConfig{{Name: "testfw"}},
		AllocationInterval: 20 * time.Millisecond, OfferHold: 5 * time.Millisecond, TaskStart: 20 * time.Millisecond, TaskEnd: time.Second,
		AgentRestart: 50 * time.Millisecond, AgentTimeout: time.Second, Election: 200 * time.Millisecond,
		Recovery: 20 * time.Millisecond, Reregistration: 100 * time.Millisecond,
		RegistryTimeout: 100 * time.Millisecond, AgentSockets: true,
	}
	for range r.state.Masters {
		config.Masters = append(config.Masters, "127.0.0.1:0")
	}
	for _, hostname := range r.state.Agents {
		agent := r.suite.Scenario.Agents[hostname]
		config.Agents = append(config.Agents, simmesos.AgentConfig{
			Hostname: hostname, IP: agent.IP, Port: agent.Port, Attributes: agent.Attributes,
			CPUs: agent.CPUs, MemMB: agent.Mem, DiskMB: agent.Disk,
		})
	}
	return config
}

// assignRoles notes which simulated master answers for which recorded address, and gives both sides' masters one name.
func (r *run) assignRoles() error {
	r.targets = make(map[string]string)
	for i, raw := range r.cluster.MasterURLs() {
		address, err := url.Parse(raw)
		if err != nil {
			return err
		}
		master := r.state.Masters[i]
		if err := r.assume(i, master.Role); err != nil {
			return err
		}
		r.targets[master.Address] = address.Host
		r.simulated.master(address.Host, i+1)
		r.recorded.master(master.Address, i+1)
		if master.Name != "" {
			r.recorded.master(master.Name, i+1)
		}
	}
	return r.assignAgents()
}

// assignAgents notes which socket answers for an agent's recorded address.
func (r *run) assignAgents() error {
	for hostname, raw := range r.cluster.AgentURLs() {
		address, err := url.Parse(raw)
		if err != nil {
			return err
		}
		r.targets[r.suite.Scenario.Agents[hostname].address()] = address.Host
	}
	return nil
}

// assume puts a master into its role; leader and standby follow from the order.
func (r *run) assume(master int, role string) error {
	switch role {
	case "leaderless":
		return r.cluster.Leaderless(master)
	case "recovering":
		return r.cluster.StayRecovering(master)
	}
	return nil
}

// meet gives names to agents that have joined the simulated cluster.
func (r *run) meet() {
	for _, agent := range r.cluster.Snapshot().Agents {
		r.simulated.agent(agent.ID, agent.Hostname)
	}
}
