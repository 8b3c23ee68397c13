package mesos

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"cordon/filters"
)

// decoder makes agents of protobuf. It keeps only what filters.Agent has. Strings and attributes that the previous
// reading had are taken from there, so that reading a settled cluster again leaves little to collect; of new texts those
// that repeat are kept once. Not safe for concurrent use.
type decoder struct {
	previous   *filters.Roster
	known      *filters.Agent // of the agent at hand, in the previous reading; nil: it was not there
	texts      map[string]string
	sums       map[filters.Resources]*filters.Resources
	attributes []attribute // reused
	claims     claims      // reused
}

// attribute is one as it lies in the message.
type attribute struct{ name, value []byte }

func newDecoder(previous *filters.Roster) *decoder {
	return &decoder{previous: previous, texts: map[string]string{}, sums: map[filters.Resources]*filters.Resources{}}
}

// mostTexts bounds what is remembered to find repetitions: a serial number has none.
const mostTexts = 4096

func (d *decoder) intern(text []byte) string {
	if known, ok := d.texts[string(text)]; ok {
		return known
	}
	fresh := filters.Inert(string(text))
	if len(d.texts) < mostTexts {
		d.texts[fresh] = fresh
	}
	return fresh
}

// agent decodes a Response.GetAgents.Agent (master.proto). An agent without an ID is malformed.
func (d *decoder) agent(message []byte) (filters.Agent, error) {
	var agent, info filters.Agent
	var total bool
	var pid, about []byte
	var told capabilities
	var held filters.Resources
	d.claims.reset()
	err := fields(message, func(number protowire.Number, bytes []byte, value uint64) (err error) {
		switch number {
		case 1:
			about = bytes
			info, err = d.info(bytes)
		case 2:
			agent.Active = value != 0
		case 4:
			pid = bytes
		case 5, 6: // registered_time, reregistered_time
			err = later(&agent.Registered, bytes)
		case 7:
			total = true
			err = d.had(&agent.Resources, bytes)
		case 8:
			err = d.held(&held, bytes)
		case 10:
			err = told.add(bytes)
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
	agent.Undrainable = told.undrainable()
	agent.ID, agent.Hostname, agent.Attributes = info.ID, info.Hostname, info.Attributes
	ip, port := parsePID(pid)
	agent.IP, agent.Port = info.IP, cmp.Or(port, info.Port)
	if string(ip) != agent.IP {
		agent.IP = string(ip)
	}
	if agent.ID == "" {
		return agent, errMalformed
	}
	if !total {
		agent.Resources, err = infoResources(about)
	}
	agent.Allocated, agent.Claims = d.shared(held), d.claimed()
	return agent, err
}

// info decodes an AgentInfo, which is also what a recovered agent is, without its resources.
func (d *decoder) info(message []byte) (filters.Agent, error) {
	agent := filters.Agent{Port: 5051} // mesos.proto: [default = 5051]
	var id, host []byte
	d.attributes = d.attributes[:0]
	err := fields(message, func(number protowire.Number, bytes []byte, value uint64) (err error) {
		switch number {
		case 1:
			host = bytes
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

// name gives the agent its ID, hostname and attributes, the previous reading's where they are equal, and the IP that it
// had then.
func (d *decoder) name(agent *filters.Agent, id, host []byte) {
	slices.SortStableFunc(d.attributes, func(a, b attribute) int { return bytes.Compare(a.name, b.name) })
	agent.ID = filters.AgentID(id)
	known := d.previous.Agent(agent.ID)
	d.known = known
	if known == nil {
		agent.Hostname, agent.Attributes = filters.Inert(string(host)), d.fresh()
		return
	}
	agent.ID, agent.Hostname, agent.IP, agent.Attributes = known.ID, known.Hostname, known.IP, known.Attributes
	if string(host) != known.Hostname {
		agent.Hostname = filters.Inert(string(host))
	}
	same := func(a attribute, b filters.Attribute) bool {
		return string(a.name) == b.Name && string(a.value) == b.Value
	}
	if !slices.EqualFunc(d.attributes, known.Attributes, same) {
		agent.Attributes = d.fresh()
	}
}

// fresh copies the attributes out of the message.
func (d *decoder) fresh() []filters.Attribute {
	attributes := make([]filters.Attribute, len(d.attributes))
	for i, attribute := range d.attributes {
		attributes[i] = filters.Attribute{Name: d.intern(attribute.name), Value: d.intern(attribute.value)}
	}
	return attributes
}

// parsePID reads a libprocess PID such as slave(1)@127.0.0.11:5051; the IP is empty if it is not one.
func parsePID(pid []byte) (ip []byte, port int) {
	_, at, _ := bytes.Cut(pid, []byte("@"))
	colon := bytes.LastIndexByte(at, ':')
	if colon < 0 {
		return nil, 0
	}
	number, err := strconv.ParseUint(string(at[colon+1:]), 10, 16)
	if err != nil {
		return nil, 0
	}
	return bytes.Trim(at[:colon], "[]"), int(number)
}

// attribute decodes an Attribute and adds it to d.attributes. Values that are not text read as Mesos prints them.
func (d *decoder) attribute(message []byte) error {
	var read attribute
	err := fields(message, func(number protowire.Number, bytes []byte, _ uint64) (err error) {
		switch number {
		case 1:
			read.name = bytes
		case 3:
			var value float64
			value, err = scalar(bytes)
			read.value = strconv.AppendFloat(nil, value, 'g', -1, 64)
		case 4:
			read.value, err = rangesText(bytes)
		case 5:
			read.value, err = inside(bytes, 1)
		case 6:
			read.value, err = setText(bytes)
		}
		return err
	})
	d.attributes = append(d.attributes, read)
	return err
}

func rangesText(message []byte) ([]byte, error) {
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
	return []byte("[" + strings.Join(ranges, ", ") + "]"), err
}

func setText(message []byte) ([]byte, error) {
	var items []string
	err := fields(message, func(_ protowire.Number, bytes []byte, _ uint64) error {
		items = append(items, string(bytes))
		return nil
	})
	return []byte("{" + strings.Join(items, ", ") + "}"), err
}

// later decodes a TimeInfo and keeps it if it is the later one.
func later(known *time.Time, message []byte) error {
	return fields(message, func(number protowire.Number, _ []byte, value uint64) error {
		if at := time.Unix(0, int64(value)).UTC(); number == 1 && at.After(*known) {
			*known = at
		}
		return nil
	})
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
