package mesos

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"cordon/filters"
)

// decoder makes agents of protobuf. It keeps only what filters.Agent has. Strings and attributes that the previous
// reading had are taken from there, so that reading a settled cluster again leaves little to collect; the others are
// interned, as 50,000 agents have few attribute names between them. Not safe for concurrent use.
type decoder struct {
	previous   *filters.Roster
	texts      map[string]string
	attributes []filters.Attribute // reused
}

func newDecoder(previous *filters.Roster) *decoder {
	return &decoder{previous: previous, texts: map[string]string{}}
}

func (d *decoder) intern(text []byte) string {
	if known, ok := d.texts[string(text)]; ok {
		return known
	}
	fresh := string(text)
	d.texts[fresh] = fresh
	return fresh
}

// agent decodes a Response.GetAgents.Agent (master.proto). An agent without an ID is malformed.
func (d *decoder) agent(message []byte) (filters.Agent, error) {
	var agent, info filters.Agent
	var total bool
	err := fields(message, func(number protowire.Number, bytes []byte, value uint64) (err error) {
		switch number {
		case 1:
			info, err = d.info(bytes)
		case 2:
			agent.Active = value != 0
		case 4:
			agent.IP, agent.Port = d.endpoint(bytes, info.ID)
		case 7:
			total = true
			err = addResource(&agent.Resources, bytes)
		case 12:
			agent.Deactivated = value != 0
		case 13:
			agent.Drain, err = drainState(bytes)
		}
		return err
	})
	if err != nil {
		return agent, err
	}
	agent.ID, agent.Hostname, agent.Attributes = info.ID, info.Hostname, info.Attributes
	agent.Port = cmp.Or(agent.Port, info.Port)
	if !total {
		agent.Resources = info.Resources
	}
	if agent.ID == "" {
		return agent, errMalformed
	}
	return agent, nil
}

// info decodes an AgentInfo, which is also what a recovered agent is.
func (d *decoder) info(message []byte) (filters.Agent, error) {
	agent := filters.Agent{Port: 5051} // mesos.proto: [default = 5051]
	var id, host []byte
	d.attributes = d.attributes[:0]
	err := fields(message, func(number protowire.Number, bytes []byte, value uint64) (err error) {
		switch number {
		case 1:
			host = bytes
		case 3:
			err = addResource(&agent.Resources, bytes)
		case 5:
			err = d.attribute(bytes)
		case 6:
			id, err = inside(bytes, 1)
		case 8:
			agent.Port = int(int32(value))
		}
		return err
	})
	if err == nil && len(id) == 0 {
		err = errMalformed
	}
	if err != nil {
		return agent, err
	}
	d.name(&agent, id, host)
	return agent, nil
}

// name gives the agent its ID, hostname and attributes, the previous reading's where they are equal.
func (d *decoder) name(agent *filters.Agent, id, host []byte) {
	slices.SortStableFunc(d.attributes, func(a, b filters.Attribute) int { return strings.Compare(a.Name, b.Name) })
	agent.ID = filters.AgentID(id)
	known := d.previous.Agent(agent.ID)
	if known == nil {
		agent.Hostname, agent.Attributes = string(host), slices.Clone(d.attributes)
		return
	}
	agent.ID, agent.Hostname, agent.Attributes = known.ID, known.Hostname, known.Attributes
	if string(host) != known.Hostname {
		agent.Hostname = string(host)
	}
	if !slices.Equal(d.attributes, known.Attributes) {
		agent.Attributes = slices.Clone(d.attributes)
	}
}

// endpoint reads a libprocess PID such as slave(1)@127.0.0.11:5051.
func (d *decoder) endpoint(pid []byte, id filters.AgentID) (ip string, port int) {
	ip, port = parsePID(string(pid))
	if known := d.previous.Agent(id); known != nil && known.IP == ip {
		ip = known.IP
	}
	return ip, port
}

func parsePID(pid string) (ip string, port int) {
	_, at, _ := strings.Cut(pid, "@")
	ip, text, err := net.SplitHostPort(at)
	if err != nil {
		return "", 0
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ip, 0
	}
	return ip, int(number)
}

// attribute decodes an Attribute and adds it to d.attributes. Values that are not text read as Mesos prints them.
func (d *decoder) attribute(message []byte) error {
	var attribute filters.Attribute
	err := fields(message, func(number protowire.Number, bytes []byte, _ uint64) (err error) {
		switch number {
		case 1:
			attribute.Name = d.intern(bytes)
		case 3:
			var value float64
			value, err = scalar(bytes)
			attribute.Value = strconv.FormatFloat(value, 'g', -1, 64)
		case 4:
			attribute.Value, err = rangesText(bytes)
		case 5:
			var text []byte
			text, err = inside(bytes, 1)
			attribute.Value = d.intern(text)
		case 6:
			attribute.Value, err = setText(bytes)
		}
		return err
	})
	d.attributes = append(d.attributes, attribute)
	return err
}

func rangesText(message []byte) (string, error) {
	var ranges []string
	err := fields(message, func(_ protowire.Number, bytes []byte, _ uint64) error {
		var bounds [3]uint64
		err := fields(bytes, func(number protowire.Number, _ []byte, value uint64) error {
			if number < 3 {
				bounds[number] = value
			}
			return nil
		})
		ranges = append(ranges, strconv.FormatUint(bounds[1], 10)+"-"+strconv.FormatUint(bounds[2], 10))
		return err
	})
	return "[" + strings.Join(ranges, ", ") + "]", err
}

func setText(message []byte) (string, error) {
	var items []string
	err := fields(message, func(_ protowire.Number, bytes []byte, _ uint64) error {
		items = append(items, string(bytes))
		return nil
	})
	return "{" + strings.Join(items, ", ") + "}", err
}

// addResource adds a Resource to the sum. Revocable resources are lent, not had.
func addResource(sum *filters.Resources, message []byte) error {
	var name []byte
	var amount float64
	var revocable bool
	err := fields(message, func(number protowire.Number, bytes []byte, _ uint64) (err error) {
		switch number {
		case 1:
			name = bytes
		case 3:
			amount, err = scalar(bytes)
		case 9:
			revocable = true
		}
		return err
	})
	if revocable {
		return err
	}
	switch string(name) {
	case "cpus":
		sum.CPUs += amount
	case "gpus":
		sum.GPUs += amount
	case "mem":
		sum.MemMB += amount
	case "disk":
		sum.DiskMB += amount
	}
	return err
}

// drainState decodes a DrainInfo.
func drainState(message []byte) (filters.DrainState, error) {
	state := filters.NotDraining
	err := fields(message, func(number protowire.Number, _ []byte, value uint64) error {
		if number == 1 {
			state = map[uint64]filters.DrainState{1: filters.Draining, 2: filters.Drained}[value]
		}
		return nil
	})
	return state, err
}
