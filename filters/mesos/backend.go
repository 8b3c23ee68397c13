package mesos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

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
	answer, at, err := m.small(ctx, calls.GetMaster())
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusNotFound {
		version, err := m.oldVersion(ctx, refused.at)
		return identity{at: refused.at, version: version}, err
	}
	if err != nil {
		return identity{}, m.plain(err)
	}
	info := answer.GetGetMaster().GetMasterInfo()
	who := identity{at: at, id: info.GetID(), version: info.GetVersion(), v1: true}
	if who.version == "" {
		if who.version, err = m.oldVersion(ctx, at); err != nil {
			return identity{}, err
		}
	}
	if m.standing.identify(at, who.id, who.version) {
		m.fell()
	}
	return who, nil
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

// oldVersion asks one master GET /version, which every version has and every master answers for itself.
func (m *Master) oldVersion(ctx context.Context, at address) (string, error) {
	response, err := m.caller.ask(ctx, at, request{method: http.MethodGet, path: "/version"})
	if err != nil {
		return "", m.plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Version string }
	if err := decodeJSON(response.Body, &answer); err != nil {
		return "", unreadable(at, err)
	}
	return answer.Version, nil
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
