package mesos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
)

// Cluster is a running simulated cluster. All methods are safe for concurrent use.
type Cluster struct {
	config  Config
	release release
	log     *slog.Logger
	agenda  *agenda
	stop    context.CancelFunc
	tasks   sync.WaitGroup // goroutines of the cluster

	mutex          sync.Mutex // guards everything below and all that it points to
	masters        []*member
	leader         *member // whom the masters take for the leader; nil: they know none
	hosts          []*host // in the order of the configuration
	agents         map[string]*agent
	registered     []*agent     // those that the leader lists, in the order of their registration
	frameworks     []*framework // at least one, in the order of the configuration
	allocation     *entry       // makes the next offers; nil: nobody wants any
	machines       map[machineID]*machine
	schedule       maintenance.Schedule
	weights        map[string]float64 // of roles
	filters        map[string]bool    // agent IDs that the allocator module has in ZooKeeper
	subscribers    map[*subscriber]bool
	watchers       map[chan struct{}]bool
	calls          []Call
	agentCount     int
	offerCount     int
	operationCount int
	restoring      bool // the allocator module is about to apply its filters again
	quorumLost     bool
	aborting       *entry // ends a leader whose registry does not answer
	closed         bool
}

// Start listens on the masters' addresses, registers the agents and returns the
// running cluster. It runs until Close; ctx bounds the start only.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("simulated cluster: %w", err)
	}
	cluster := newCluster(config.withDefaults())
	for _, address := range cluster.config.Masters {
		if err := cluster.addMaster(ctx, address); err != nil {
			return nil, errors.Join(fmt.Errorf("simulated cluster: %w", err), cluster.Close())
		}
	}
	if err := cluster.openAgents(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("simulated cluster: %w", err), cluster.Close())
	}
	cluster.begin()
	return cluster, nil
}

// newCluster is a cluster without masters and without a pulse.
func newCluster(config Config) *Cluster {
	cluster := &Cluster{
		config:      config,
		release:     releaseOf(config.Version),
		log:         config.Logger,
		agents:      map[string]*agent{},
		machines:    map[machineID]*machine{},
		weights:     map[string]float64{},
		filters:     map[string]bool{},
		subscribers: map[*subscriber]bool{},
		watchers:    map[chan struct{}]bool{},
		stop:        func() {},
	}
	cluster.agenda = newAgenda(&cluster.mutex)
	for _, config := range config.Agents {
		cluster.hosts = append(cluster.hosts, &host{config: config, running: true, started: time.Now()})
	}
	return cluster
}

// begin elects the first master, registers the agents and starts the pulse.
func (c *Cluster) begin() {
	ctx, stop := context.WithCancel(context.Background())
	c.mutex.Lock()
	c.stop = stop
	if len(c.masters) > 0 {
		c.leader = c.masters[0]
		c.leader.become(leading)
	}
	c.frameworks = newFrameworks(c)
	for _, h := range c.hosts {
		h.config = h.config.withDefaults()
		c.register(h)
	}
	c.mutex.Unlock()
	c.tasks.Go(func() { c.agenda.run(ctx) })
}

// Close stops the masters, cuts their connections, and returns when every
// goroutine of the cluster has ended. Closing twice is harmless.
func (c *Cluster) Close() error {
	c.mutex.Lock()
	c.closed = true
	c.agenda.clear()
	c.stop()
	var errs []error
	for _, master := range c.masters {
		errs = append(errs, master.shutDown())
	}
	errs = append(errs, c.closeAgents())
	c.mutex.Unlock()
	c.tasks.Wait()
	return errors.Join(errs...)
}

// Handler answers as the master in that place of the configuration does, without
// a socket: for tests inside a synctest bubble. A master that is dead, or a
// closed cluster, panics with http.ErrAbortHandler, which a server turns into a
// connection that breaks.
func (c *Cluster) Handler(master int) http.Handler {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.masters[master]
}

// enter counts a request among the cluster's goroutines, unless the cluster is
// closed or the master dead.
func (c *Cluster) enter(m *member) (done func(), ok bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.closed || m.state == dead {
		return nil, false
	}
	c.tasks.Add(1)
	return c.tasks.Done, true
}

// MasterURLs are the masters' addresses as URLs without a path, in the order of
// the configuration.
func (c *Cluster) MasterURLs() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	urls := make([]string, 0, len(c.masters))
	for _, master := range c.masters {
		urls = append(urls, "http://"+master.address())
	}
	return urls
}

// masterID is the ID of the leading master, from which agents, frameworks and
// offers get theirs.
func (c *Cluster) masterID() string {
	if c.leader == nil {
		return uuidText()
	}
	return c.leader.id
}

// host finds a host by its hostname.
func (c *Cluster) host(hostname string) (*host, error) {
	for _, host := range c.hosts {
		if host.config.Hostname == hostname {
			return host, nil
		}
	}
	return nil, fmt.Errorf("simulated cluster: no host %q", hostname)
}
