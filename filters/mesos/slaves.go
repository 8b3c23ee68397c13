package mesos

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// slave is an agent as the older endpoint GET /slaves shows it (extra-slaves-filter.json). Attributes are text or
// numbers; resources are numbers, and text for ranges and sets.
type slave struct {
	ID          string                     `json:"id"`
	Hostname    string                     `json:"hostname"`
	Port        int                        `json:"port"`
	PID         string                     `json:"pid"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
	Resources   map[string]json.RawMessage `json:"resources"`
	Used        map[string]json.RawMessage `json:"used_resources"`
	Active      bool                       `json:"active"`
	Deactivated bool                       `json:"deactivated"`
	// Registered and Reregistered are seconds since 1970, with fewer digits than GET_AGENTS has.
	Registered   float64  `json:"registered_time"`
	Reregistered float64  `json:"reregistered_time"`
	Capabilities []string `json:"capabilities"`
	DrainInfo    struct {
		State filters.DrainState `json:"state"`
	} `json:"drain_info"`
}

func (s *slave) agent() filters.Agent {
	agent := filters.Agent{
		ID:          filters.AgentID(s.ID),
		Hostname:    filters.Inert(s.Hostname),
		Active:      s.Active,
		Deactivated: s.Deactivated,
		Drain:       s.DrainInfo.State,
		Undrainable: undrainable(s.Capabilities),
		Resources:   amountsOf(s.Resources),
		Allocated:   holding(amountsOf(s.Used)),
	}
	if seconds := max(s.Registered, s.Reregistered); seconds > 0 && seconds < 1e10 { // till 2286: JSON has no year of five digits
		agent.Registered = time.UnixMicro(int64(seconds * 1e6)).UTC()
	}
	ip, port := parsePID([]byte(s.PID))
	agent.IP, agent.Port = string(ip), cmp.Or(port, s.Port)
	for name, value := range s.Attributes {
		agent.Attributes = append(agent.Attributes, filters.Attribute{Name: filters.Inert(name), Value: filters.Inert(text(value))})
	}
	slices.SortFunc(agent.Attributes, func(a, b filters.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return agent
}

func amountsOf(named map[string]json.RawMessage) filters.Resources {
	return filters.Resources{CPUs: number(named["cpus"]), GPUs: number(named["gpus"]), MemMB: number(named["mem"]), DiskMB: number(named["disk"])}
}

func number(raw json.RawMessage) float64 {
	value, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0
	}
	return value
}

func text(raw json.RawMessage) string {
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	return value
}

var errNoSlaves = errors.New("the answer has no list of slaves")

// readSlaves reads the answer of GET /slaves agent by agent. What comes without the list, or is cut short, is a failure.
func readSlaves(body io.Reader) (listing, error) {
	var list listing
	listed := false
	decoder := json.NewDecoder(body)
	if err := expect(decoder, json.Delim('{')); err != nil {
		return list, err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return list, err
		}
		switch name {
		case "slaves":
			listed = true
			err = readAgents(decoder, &list.agents)
		case "recovered_slaves":
			err = readAgents(decoder, &list.recovered)
		default:
			var unread json.RawMessage
			err = decoder.Decode(&unread)
		}
		if err != nil {
			return list, err
		}
	}
	if err := expect(decoder, json.Delim('}')); err != nil {
		return list, err
	}
	if !listed {
		return list, errNoSlaves
	}
	return list, nil
}

func readAgents(decoder *json.Decoder, agents *[]filters.Agent) error {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return err
	}
	for decoder.More() {
		var slave slave
		if err := decoder.Decode(&slave); err != nil {
			return err
		}
		if slave.ID == "" {
			return errors.New("a slave has no ID")
		}
		*agents = append(*agents, slave.agent())
	}
	return expect(decoder, json.Delim(']'))
}

func expect(decoder *json.Decoder, delimiter json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return cutShort(err)
	}
	if token != delimiter {
		return errors.New("the answer has not the form of a list of slaves")
	}
	return nil
}
