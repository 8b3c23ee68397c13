package web

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the bot's Prometheus metrics. Safe for concurrent use.
type Metrics struct {
	Registry       *prometheus.Registry
	commands       *prometheus.CounterVec
	refusals       *prometheus.CounterVec
	commandSeconds *prometheus.HistogramVec
	calls          *prometheus.CounterVec
	callSeconds    *prometheus.HistogramVec
	passSeconds    *prometheus.HistogramVec
	lag            *prometheus.HistogramVec
	drift          *prometheus.CounterVec
	filters        *prometheus.GaugeVec
	withheld       *prometheus.GaugeVec
	leads          *prometheus.GaugeVec
	locked         *prometheus.GaugeVec
	heard          *prometheus.GaugeVec
	slackQueue     *prometheus.GaugeVec
	sinkLag        *prometheus.GaugeVec
	sinkEntries    *prometheus.GaugeVec
}

var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// lagBuckets go on where a change waits for a master that is away: alerts ask for more than 30 s.
var lagBuckets = append(slices.Clone(buckets), 30, 60, 300)

// NewMetrics returns the metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry:       prometheus.NewRegistry(),
		commands:       counter("cordon_commands_total", "Commands and clicks, by verb and code (empty code: done).", "cluster", "verb", "code"),
		refusals:       counter("cordon_api_refusals_total", "API requests that were refused before they were a command, by code; without a cluster: the token was missing or not known.", "cluster", "code"),
		commandSeconds: histogram("cordon_command_seconds", "From receiving a command to its answer.", "cluster", "verb"),
		calls:          counter("cordon_master_calls_total", "Calls to the master that change something, by outcome.", "cluster", "call", "outcome"),
		callSeconds:    histogram("cordon_master_call_seconds", "Time of a changing call to the master.", "cluster", "call"),
		passSeconds:    histogram("cordon_reconcile_seconds", "Time of a pass of the reconciler.", "cluster"),
		lag:            histogramOf(lagBuckets, "cordon_reconcile_lag_seconds", "From recording a change to the master's yes.", "cluster"),
		drift:          counter("cordon_drift_total", "Filters that the master was found without.", "cluster"),
		filters:        gauge("cordon_filters", "Filters that stand, by kind of owner.", "cluster", "owner_kind"),
		withheld:       gauge("cordon_agents", "Agents, by state: taking, ours, others, contested, away.", "cluster", "state"),
		leads:          gauge("cordon_leader", "1 on the replica that holds the cluster's lease.", "cluster"),
		locked:         gauge("cordon_locked", "1 while nothing is given back because the bot doubts its memory.", "cluster"),
		heard:          gauge("cordon_master_heard_timestamp_seconds", "When the master was last heard of.", "cluster"),
		slackQueue:     gauge("cordon_slack_queue", "Messages that wait to be posted.", "cluster"),
		sinkLag:        gauge("cordon_sink_lag_seconds", "Age of the oldest journal entry that a sink has not taken; 0: it has all.", "cluster", "sink"),
		sinkEntries:    gauge("cordon_sink_entries", "Journal entries that a sink has not taken, counted up to 1000.", "cluster", "sink"),
	}
	m.Registry.MustRegister(m.commands, m.refusals, m.commandSeconds, m.calls, m.callSeconds, m.passSeconds, m.lag, m.drift, m.filters, m.withheld,
		m.leads, m.locked, m.heard, m.slackQueue, m.sinkLag, m.sinkEntries, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return histogramOf(buckets, name, help, labels...)
}

func histogramOf(buckets []float64, name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// Command counts a command by the code of its answer; an empty code means done.
func (m *Metrics) Command(cluster, verb, code string, took time.Duration) {
	m.commands.WithLabelValues(cluster, verb, code).Inc()
	m.commandSeconds.WithLabelValues(cluster, verb).Observe(took.Seconds())
}

// APIRefusal counts a request to the API that was refused before it was a command.
func (m *Metrics) APIRefusal(cluster, code string) { m.refusals.WithLabelValues(cluster, code).Inc() }

// RefusedClicks exports how many clicks were refused because their person was too quick: they stand nowhere else.
func (m *Metrics) RefusedClicks(count func() uint64) {
	m.Registry.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Name: "cordon_refused_clicks_total", Help: "Clicks and words that were refused because their person was too quick."},
		func() float64 { return float64(count()) },
	))
}

// Call counts a changing call to the master.
func (m *Metrics) Call(cluster, call, outcome string, took time.Duration) {
	m.calls.WithLabelValues(cluster, call, outcome).Inc()
	m.callSeconds.WithLabelValues(cluster, call).Observe(took.Seconds())
}

// Pass records a pass of the reconciler.
func (m *Metrics) Pass(cluster string, took time.Duration) {
	m.passSeconds.WithLabelValues(cluster).Observe(took.Seconds())
}

// Lag records the time from recording a change to the master's yes.
func (m *Metrics) Lag(cluster string, lag time.Duration) {
	m.lag.WithLabelValues(cluster).Observe(lag.Seconds())
}

// Drift counts filters that the master was found without.
func (m *Metrics) Drift(cluster string, agents int) {
	m.drift.WithLabelValues(cluster).Add(float64(agents))
}

// Filters sets how many filters stand, by kind of owner.
func (m *Metrics) Filters(cluster string, byOwnerKind map[string]int) {
	m.filters.DeletePartialMatch(prometheus.Labels{"cluster": cluster})
	for kind, count := range byOwnerKind {
		m.filters.WithLabelValues(cluster, kind).Set(float64(count))
	}
}

// Agents sets how many agents are in each state.
func (m *Metrics) Agents(cluster string, byState map[string]int) {
	for state, count := range byState {
		m.withheld.WithLabelValues(cluster, state).Set(float64(count))
	}
}

// Leads sets whether this replica holds the cluster's lease, Locked whether a lock stands.
func (m *Metrics) Leads(cluster string, leads bool) {
	m.leads.WithLabelValues(cluster).Set(truth(leads))
}

// Locked sets whether nothing is given back because the bot doubts its memory.
func (m *Metrics) Locked(cluster string, locked bool) {
	m.locked.WithLabelValues(cluster).Set(truth(locked))
}

// Heard sets when the master was last heard of.
func (m *Metrics) Heard(cluster string, at time.Time) {
	if !at.IsZero() {
		m.heard.WithLabelValues(cluster).Set(float64(at.UnixMilli()) / 1000)
	}
}

// SlackQueue sets how many messages wait to be posted.
func (m *Metrics) SlackQueue(cluster string, waiting int) {
	m.slackQueue.WithLabelValues(cluster).Set(float64(waiting))
}

// Sink sets how many journal entries a sink has not taken, and how old the oldest of them is.
func (m *Metrics) Sink(cluster, sink string, entries int, lag time.Duration) {
	m.sinkEntries.WithLabelValues(cluster, sink).Set(float64(entries))
	m.sinkLag.WithLabelValues(cluster, sink).Set(lag.Seconds())
}

func truth(value bool) float64 {
	if value {
		return 1
	}
	return 0
}
