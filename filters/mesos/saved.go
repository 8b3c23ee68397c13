package mesos

import (
	"bufio"
	"bytes"
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

var errNotSaved = errors.New("this is no answer to GET_AGENTS, GET_STATE, /slaves or /state")

// ReadSaved reads an answer of a master that somebody saved, as JSON or protobuf: to the v1 calls GET_AGENTS and
// GET_STATE, or of the older endpoints /slaves and /state (JSON). The view has the agents, sorted by ID, and those that
// had not registered again since a failover; it does not know of which cluster, when and by whom it was answered. What is
// cut short or is something else is an error, as is one in which two agents have one ID.
func ReadSaved(from io.Reader) (filters.View, error) {
	body := bufio.NewReaderSize(from, wireBuffer)
	list, err := readSaved(body)
	if err != nil {
		return filters.View{}, &filters.Error{Code: filters.Invalid, Wrong: "the saved state cannot be read: " + err.Error(),
			Expected: "what `curl` printed of a master's answer to GET_AGENTS or GET_STATE, as JSON or protobuf"}
	}
	roster := filters.NewRoster(filters.View{Agents: list.agents, Recovered: list.recovered})
	for i := 1; i < len(list.agents); i++ {
		if id := list.agents[i].ID; id == list.agents[i-1].ID {
			return filters.View{}, &filters.Error{Code: filters.Invalid, Wrong: "the saved state has two agents with the ID `" + string(id) + "`", Expected: "one answer of one master"}
		}
	}
	return *roster.View(), nil
}

func readSaved(body *bufio.Reader) (listing, error) {
	first, err := firstByte(body)
	switch {
	case err != nil:
		return listing{}, err
	case first != '{':
		return readSavedWire(body)
	}
	return readSavedJSON(body)
}

// firstByte skips white space, with which no protobuf answer begins: its first field is the type.
func firstByte(body *bufio.Reader) (byte, error) {
	for {
		next, err := body.Peek(1)
		if err != nil {
			return 0, cutShort(err)
		}
		if !bytes.ContainsAny(next, " \t\r\n") {
			return next[0], nil
		}
		_, _ = body.Discard(1)
	}
}

// readSavedWire reads a Response with get_agents (10), or get_state (9) with get_agents (4).
func readSavedWire(body io.Reader) (listing, error) {
	wire, decoder := newWire(body), newDecoder(filters.NewRoster(filters.View{}))
	var list listing
	listed := false
	err := wire.message(untilEnd, func(at field) error {
		switch {
		case at.number == 10:
			listed = true
			return list.agentsOf(wire, at.size, decoder)
		case at.number != 9:
			return wire.skip(at.size)
		}
		return wire.message(at.size, func(inner field) error {
			if inner.number != 4 {
				return wire.skip(inner.size)
			}
			listed = true
			return list.agentsOf(wire, inner.size, decoder)
		})
	})
	if err == nil && !listed {
		err = errNotSaved
	}
	return list, err
}

// readSavedJSON walks down to the lists of agents, keeping nothing else.
func readSavedJSON(body io.Reader) (listing, error) {
	var list listing
	listed := false
	decoder := json.NewDecoder(body)
	var walk func() error
	walk = func() error {
		return eachField(decoder, func(name string) (err error) {
			switch name {
			case "get_state", "get_agents":
				listed = listed || name == "get_agents"
				err = walk()
			case "agents":
				err = eachOf(decoder, func(saved *savedAgent) error { return list.add(&list.agents, saved.agent()) })
			case "recovered_agents":
				err = eachOf(decoder, func(info *savedInfo) error { return list.add(&list.recovered, info.agent()) })
			case "slaves":
				listed = true
				err = eachOf(decoder, func(slave *slave) error { return list.add(&list.agents, slave.agent()) })
			default:
				err = skipValue(decoder)
			}
			return err
		})
	}
	err := walk()
	if err == nil && !listed {
		err = errNotSaved
	}
	return list, err
}

func (l *listing) add(to *[]filters.Agent, agent filters.Agent) error {
	if agent.ID == "" {
		return errors.New("an agent has no ID")
	}
	*to = append(*to, agent)
	return nil
}

// eachField gives visit the name of each field of the next object; visit reads its value.
func eachField(decoder *json.Decoder, visit func(name string) error) error {
	if err := expect(decoder, json.Delim('{')); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		if err := visit(name.(string)); err != nil { // JSON has no other names
			return err
		}
	}
	return expect(decoder, json.Delim('}'))
}

// eachOf decodes each element of the next array; null is an empty one.
func eachOf[E any](decoder *json.Decoder, visit func(*E) error) error {
	switch token, err := decoder.Token(); {
	case err != nil:
		return cutShort(err)
	case token == nil:
		return nil
	case token != json.Delim('['):
		return errNotSaved
	}
	for decoder.More() {
		element := new(E)
		if err := decoder.Decode(element); err != nil {
			return err
		}
		if err := visit(element); err != nil {
			return err
		}
	}
	return expect(decoder, json.Delim(']'))
}

// skipValue reads over one value token by token: the tasks of a large cluster are not held.
func skipValue(decoder *json.Decoder) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return cutShort(err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// savedAgent is a Response.GetAgents.Agent as a master writes it in JSON (read-get-agents.json).
type savedAgent struct {
	Info         savedInfo       `json:"agent_info"`
	Active       bool            `json:"active"`
	Deactivated  bool            `json:"deactivated"`
	PID          string          `json:"pid"`
	Registered   *savedTime      `json:"registered_time"`
	Reregistered *savedTime      `json:"reregistered_time"`
	Total        []savedResource `json:"total_resources"`
	Allocated    []savedResource `json:"allocated_resources"`
	Capabilities []struct {
		Type string `json:"type"`
	} `json:"capabilities"`
	DrainInfo struct {
		State filters.DrainState `json:"state"`
	} `json:"drain_info"`
}

func (s *savedAgent) agent() filters.Agent {
	agent := s.Info.agent()
	agent.Active, agent.Deactivated, agent.Drain = s.Active, s.Deactivated, s.DrainInfo.State
	var names []string
	for _, capability := range s.Capabilities {
		names = append(names, capability.Type)
	}
	agent.Undrainable = undrainable(names)
	if len(s.Total) > 0 {
		agent.Resources = sumOf(s.Total)
	}
	agent.Allocated = holding(sumOf(s.Allocated))
	ip, port := parsePID([]byte(s.PID))
	agent.IP, agent.Port = string(ip), cmp.Or(port, agent.Port)
	for _, told := range []*savedTime{s.Registered, s.Reregistered} {
		if told != nil && time.Unix(0, told.Nanoseconds).After(agent.Registered) {
			agent.Registered = time.Unix(0, told.Nanoseconds).UTC()
		}
	}
	return agent
}

// savedInfo is an AgentInfo, which is also what a recovered agent is.
type savedInfo struct {
	Hostname string `json:"hostname"`
	Port     int    `json:"port"`
	ID       struct {
		Value string `json:"value"`
	} `json:"id"`
	Resources  []savedResource `json:"resources"`
	Attributes []savedValue    `json:"attributes"`
}

func (s *savedInfo) agent() filters.Agent {
	agent := filters.Agent{ID: filters.AgentID(s.ID.Value), Hostname: filters.Inert(s.Hostname), Port: cmp.Or(s.Port, 5051), Resources: sumOf(s.Resources)}
	for _, attribute := range s.Attributes {
		agent.Attributes = append(agent.Attributes, filters.Attribute{Name: filters.Inert(attribute.Name), Value: filters.Inert(attribute.value())})
	}
	slices.SortStableFunc(agent.Attributes, func(a, b filters.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return agent
}

type savedTime struct {
	Nanoseconds int64 `json:"nanoseconds"`
}

// savedValue is an attribute, or what it has in common with a resource.
type savedValue struct {
	Name   string       `json:"name"`
	Scalar *savedScalar `json:"scalar"`
	Text   savedText    `json:"text"`
	Ranges *struct {
		Range []struct{ Begin, End uint64 } `json:"range"`
	} `json:"ranges"`
	Set *struct {
		Item []string `json:"item"`
	} `json:"set"`
}

type savedScalar struct {
	Value float64 `json:"value"`
}

type savedText struct {
	Value string `json:"value"`
}

// value is the attribute's value as Mesos prints it, as the decoder of protobuf has it.
func (s *savedValue) value() string {
	switch {
	case s.Scalar != nil:
		return strconv.FormatFloat(s.Scalar.Value, 'g', -1, 64)
	case s.Ranges != nil:
		ranges := make([]string, len(s.Ranges.Range))
		for i, bounds := range s.Ranges.Range {
			ranges[i] = strconv.FormatUint(bounds.Begin, 10) + "-" + strconv.FormatUint(bounds.End, 10)
		}
		return "[" + strings.Join(ranges, ", ") + "]"
	case s.Set != nil:
		return "{" + strings.Join(s.Set.Item, ", ") + "}"
	}
	return s.Text.Value
}

type savedResource struct {
	Name      string          `json:"name"`
	Scalar    savedScalar     `json:"scalar"`
	Revocable json.RawMessage `json:"revocable"`
}

// sumOf adds resources up. Revocable ones are lent, not had.
func sumOf(resources []savedResource) filters.Resources {
	var sum filters.Resources
	for _, resource := range resources {
		if resource.Revocable != nil {
			continue
		}
		switch resource.Name {
		case "cpus":
			sum.CPUs += resource.Scalar.Value
		case "gpus":
			sum.GPUs += resource.Scalar.Value
		case "mem":
			sum.MemMB += resource.Scalar.Value
		case "disk":
			sum.DiskMB += resource.Scalar.Value
		}
	}
	return sum
}
