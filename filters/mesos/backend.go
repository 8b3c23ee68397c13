package mesos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"

	"cordon/filters"
)

// hand is one way of withholding agents and reading what is withheld.
type hand interface {
	backend() filters.Backend
	list(ctx context.Context, previous *filters.Roster) (listing, error)
	one(ctx context.Context, id filters.AgentID, newest *filters.Roster) (agent filters.Agent, listed bool, err error)
	take(ctx context.Context, agent *filters.Agent) error
	give(ctx context.Context, agent *filters.Agent) error
}

// identity is what a master says of itself.
type identity struct {
	at          address
	id, version string
	v1          bool // it has the v1 operator API
}

// identify asks the leading master who it is: GET_MASTER, which Mesos 1.0 has as GET_LEADING_MASTER under the same
// number. Before 1.0 there is no such call; then some master tells its version.
func (m *Master) identify(ctx context.Context) (identity, error) {
	ctx, cancel := context.WithTimeout(ctx, m.config.CallTimeout)
	defer cancel()
	answer, at, err := m.small(ctx, calls.GetMaster())
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusNotFound {
		return m.identifyOld(ctx, refused.at)
	}
	if err != nil {
		return identity{}, m.plain(err)
	}
	info := answer.GetGetMaster().GetMasterInfo()
	who := identity{at: at, id: info.GetID(), version: info.GetVersion(), v1: true}
	if who.version == "" {
		var answer struct{ Version string }
		if err := m.old(ctx, at, "/version", &answer); err != nil {
			return identity{}, err
		}
		who.version = answer.Version
	}
	if m.standing.identify(at, who.id, who.version) {
		m.fell()
	}
	return who, nil
}

// identifyOld is for masters before 1.0, which have no call that tells who leads: that shows when the module is asked.
// Their ID is in nothing small, so when the leader was started stands for it.
func (m *Master) identifyOld(ctx context.Context, some address) (identity, error) {
	at := cmp.Or(m.caller.leader(), some)
	var version struct{ Version string }
	if err := m.old(ctx, at, "/version", &version); err != nil {
		return identity{}, err
	}
	var metrics struct {
		Uptime float64 `json:"master/uptime_secs"`
	}
	if err := m.old(ctx, at, "/metrics/snapshot", &metrics); err == nil && metrics.Uptime > 0 {
		started := m.config.Now().Add(-time.Duration(metrics.Uptime * float64(time.Second)))
		if m.standing.started(at, version.Version, started) {
			m.fell()
		}
	}
	return identity{at: at, version: version.Version}, nil
}

// small sends a call whose answer is small, and decodes it.
func (m *Master) small(ctx context.Context, call *master.Call) (*master.Response, address, error) {
	body, err := call.Marshal()
	if err != nil {
		return nil, address{}, err
	}
	response, at, err := m.caller.send(ctx, request{method: http.MethodPost, path: pathV1, kind: typeProtobuf, body: body})
	if err != nil {
		return nil, at, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	answer := new(master.Response)
	if err == nil {
		err = answer.Unmarshal(text)
	}
	if err != nil {
		return nil, at, unreadable(at, err)
	}
	return answer, at, nil
}

// old asks one master an older endpoint that every version has, and every master answers for itself.
func (m *Master) old(ctx context.Context, at address, path string, into any) error {
	response, err := m.caller.ask(ctx, at, request{method: http.MethodGet, path: path})
	if err != nil {
		return m.plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(into); err != nil {
		return unreadable(at, err)
	}
	return nil
}

// reach returns the backend, chosen anew after each failover.
func (m *Master) reach(ctx context.Context) (hand, error) {
	if chosen, _ := m.standing.choice(); chosen != nil {
		return chosen, nil
	}
	who, err := m.identify(ctx)
	if err != nil {
		return nil, err
	}
	_, failovers := m.standing.epoch()
	chosen, reason, err := m.choose(ctx, who)
	if err != nil {
		return nil, err
	}
	m.standing.choose(failovers, chosen, reason)
	m.config.Logger.Info("backend chosen", "cluster", m.config.Cluster, "backend", chosen.backend(), "why", reason)
	return chosen, nil
}

// choose picks the backend and says why in a phrase.
func (m *Master) choose(ctx context.Context, who identity) (hand, string, error) {
	module := &allocator{master: m, v1: who.v1}
	switch m.config.Backend {
	case BackendOperator:
		if !deactivates(who.version) {
			return &operator{m}, "the configuration says so, but Mesos " + short(who.version) + " has no DEACTIVATE_AGENT", nil
		}
		return &operator{m}, "the configuration says so", nil
	case BackendAllocator:
		return module, "the configuration says so", nil
	}
	if deactivates(who.version) {
		return &operator{m}, "Mesos " + short(who.version) + " has it", nil
	}
	loaded, err := module.loaded(ctx)
	if err != nil {
		return nil, "", err
	}
	if !loaded {
		return nil, "", invalid("Mesos "+short(who.version)+" has no DEACTIVATE_AGENT, and its master has not loaded the offer-filter allocator module",
			"Mesos 1.9 or later, or a master that answers on /allocator/filters")
	}
	return module, "Mesos " + short(who.version) + " has no DEACTIVATE_AGENT; the allocator module is loaded", nil
}

// deactivates tells whether the version has DEACTIVATE_AGENT: 1.9 and later. One that cannot be read is taken for new.
func deactivates(version string) bool {
	major, minor, ok := majorMinor(version)
	return !ok || major > 1 || major == 1 && minor >= 9
}

func majorMinor(version string) (major, minor int, ok bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, errMajor := strconv.Atoi(parts[0])
	minor, errMinor := strconv.Atoi(parts[1])
	return major, minor, errMajor == nil && errMinor == nil
}

func short(version string) string {
	major, minor, ok := majorMinor(version)
	if !ok {
		return "of unknown version"
	}
	return strconv.Itoa(major) + "." + strconv.Itoa(minor)
}
