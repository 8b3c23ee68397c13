package mesos

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"pgregory.net/rapid"

	"cordon/filters"
)

var nothing = filters.NewRoster(filters.View{})

func TestReadsTheRecordedListing(t *testing.T) {
	body := recorded(t, "protobuf-get-agents").body
	list, err := readListing(bytes.NewReader(body), nothing)
	if err != nil {
		t.Fatal(err)
	}
	want := filters.Agent{
		ID: "ca51e6d0-f520-4a14-bdd3-8330e605bd36-S0", Hostname: "agent-one", IP: "127.0.0.11", Port: 5051,
		Attributes: []filters.Attribute{{Name: "rack", Value: "r1"}, {Name: "zone", Value: "z1"}},
		Resources:  filters.Resources{CPUs: 4, MemMB: 2048, DiskMB: 4096}, Allocated: &filters.Resources{CPUs: 0.2, MemMB: 32}, Active: true,
		Registered: time.Unix(0, 1795231400956228096).UTC(),
	}
	if len(list.agents) != 3 || len(list.recovered) != 0 {
		t.Fatalf("%d agents, %d recovered", len(list.agents), len(list.recovered))
	}
	if diff := gocmp.Diff(want, list.agents[2]); diff != "" {
		t.Error(diff)
	}
}

// oracle is what an agent of mesos-go's should read as.
func oracle(agent *master.Response_GetAgents_Agent) filters.Agent {
	read := oracleInfo(&agent.AgentInfo)
	read.Active, read.Deactivated = agent.Active, agent.GetDeactivated()
	for _, at := range []*mesosapi.TimeInfo{agent.RegisteredTime, agent.ReregisteredTime} {
		if at != nil && time.Unix(0, at.Nanoseconds).After(read.Registered) {
			read.Registered = time.Unix(0, at.Nanoseconds).UTC()
		}
	}
	if ip, port := parsePID([]byte(agent.GetPID())); len(ip) > 0 {
		read.IP, read.Port = string(ip), port
	}
	if len(agent.TotalResources) > 0 {
		read.Resources = oracleResources(agent.TotalResources)
	}
	read.Allocated = holding(oracleResources(agent.AllocatedResources))
	if agent.DrainInfo != nil {
		read.Drain = filters.DrainState(agent.DrainInfo.State.String())
	}
	return read
}

func oracleInfo(info *mesosapi.AgentInfo) filters.Agent {
	read := filters.Agent{ID: filters.AgentID(info.ID.Value), Hostname: filters.Inert(info.Hostname), Port: int(info.GetPort()), Resources: oracleResources(info.Resources)}
	for _, attribute := range info.Attributes {
		value := ""
		switch attribute.Type {
		case mesosapi.TEXT:
			value = attribute.Text.Value
		case mesosapi.SCALAR:
			value = strconv.FormatFloat(attribute.Scalar.Value, 'g', -1, 64)
		case mesosapi.SET:
			value = "{" + strings.Join(attribute.Set.Item, ", ") + "}"
		case mesosapi.RANGES:
			var ranges []string
			for _, r := range attribute.Ranges.Range {
				ranges = append(ranges, fmt.Sprintf("%d-%d", r.Begin, r.End))
			}
			value = "[" + strings.Join(ranges, ", ") + "]"
		}
		read.Attributes = append(read.Attributes, filters.Attribute{Name: attribute.Name, Value: filters.Inert(value)})
	}
	slices.SortStableFunc(read.Attributes, func(a, b filters.Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return read
}

func oracleResources(resources []mesosapi.Resource) filters.Resources {
	var sum filters.Resources
	for _, resource := range resources {
		if resource.Revocable != nil || resource.Scalar == nil {
			continue
		}
		switch value := resource.Scalar.Value; resource.Name {
		case "cpus":
			sum.CPUs += value
		case "gpus":
			sum.GPUs += value
		case "mem":
			sum.MemMB += value
		case "disk":
			sum.DiskMB += value
		}
	}
	return sum
}

func drawAttribute(t *rapid.T) mesosapi.Attribute {
	attribute := mesosapi.Attribute{Name: rapid.SampledFrom([]string{"rack", "zone", "os", "x", "ümlaut"}).Draw(t, "attribute")}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		attribute.Type, attribute.Text = mesosapi.TEXT, &mesosapi.Value_Text{Value: rapid.String().Draw(t, "text")}
	case 1:
		attribute.Type, attribute.Scalar = mesosapi.SCALAR, &mesosapi.Value_Scalar{Value: float64(rapid.IntRange(-9999, 9999).Draw(t, "scalar")) / 8}
	case 2:
		attribute.Type, attribute.Set = mesosapi.SET, &mesosapi.Value_Set{Item: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "set")}
	case 3:
		low := rapid.Uint64().Draw(t, "low")
		attribute.Type, attribute.Ranges = mesosapi.RANGES, &mesosapi.Value_Ranges{Range: []mesosapi.Value_Range{{Begin: low, End: low | 7}, {Begin: 1, End: 2}}}
	}
	return attribute
}

func drawResources(t *rapid.T) []mesosapi.Resource {
	scalar := mesosapi.SCALAR
	var resources []mesosapi.Resource
	for range rapid.IntRange(0, 5).Draw(t, "resources") {
		resource := mesosapi.Resource{Name: rapid.SampledFrom([]string{"cpus", "mem", "disk", "gpus", "ports"}).Draw(t, "resource"), Type: &scalar}
		resource.Scalar = &mesosapi.Value_Scalar{Value: float64(rapid.IntRange(0, 1<<20).Draw(t, "amount")) / 4}
		if rapid.Bool().Draw(t, "revocable") {
			resource.Revocable = &mesosapi.Resource_RevocableInfo{}
		}
		resources = append(resources, resource)
	}
	return resources
}

func drawInfo(t *rapid.T, number int) mesosapi.AgentInfo {
	info := mesosapi.AgentInfo{
		Hostname:   rapid.StringN(1, 20, 60).Draw(t, "hostname"),
		ID:         &mesosapi.AgentID{Value: fmt.Sprintf("%s-S%d", rapid.StringN(1, 10, 40).Draw(t, "id"), number)},
		Attributes: rapid.SliceOfN(rapid.Custom(drawAttribute), 0, 6).Draw(t, "attributes"),
		Resources:  drawResources(t),
	}
	if rapid.Bool().Draw(t, "with port") {
		port := int32(rapid.IntRange(1, 65535).Draw(t, "port"))
		info.Port = &port
	}
	return info
}

func drawAgent(t *rapid.T, number int) master.Response_GetAgents_Agent {
	agent := master.Response_GetAgents_Agent{AgentInfo: drawInfo(t, number), Active: rapid.Bool().Draw(t, "active"), Version: "1.12.0", TotalResources: drawResources(t), AllocatedResources: drawResources(t)}
	if rapid.Bool().Draw(t, "with flag") {
		deactivated := rapid.Bool().Draw(t, "deactivated")
		agent.Deactivated = &deactivated
	}
	if rapid.Bool().Draw(t, "with pid") {
		pid := rapid.SampledFrom([]string{"slave(1)@127.0.0.11:5051", "slave(1)@[::1]:5052", "nonsense", ""}).Draw(t, "pid")
		agent.PID = &pid
	}
	for _, at := range []**mesosapi.TimeInfo{&agent.RegisteredTime, &agent.ReregisteredTime} {
		if rapid.Bool().Draw(t, "with time") {
			*at = &mesosapi.TimeInfo{Nanoseconds: rapid.Int64().Draw(t, "time")}
		}
	}
	if rapid.Bool().Draw(t, "with drain") {
		agent.DrainInfo = &mesosapi.DrainInfo{State: rapid.SampledFrom([]mesosapi.DrainState{mesosapi.DrainState_DRAINING, mesosapi.DrainState_DRAINED}).Draw(t, "drain")}
	}
	return agent
}

func drawListing(t *rapid.T) *master.Response {
	agents := &master.Response_GetAgents{}
	for i := range rapid.IntRange(0, 4).Draw(t, "agents") {
		agents.Agents = append(agents.Agents, drawAgent(t, i))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "recovered") {
		agents.RecoveredAgents = append(agents.RecoveredAgents, drawInfo(t, 100+i))
	}
	return &master.Response{Type: master.Response_GET_AGENTS, GetAgents: agents}
}

// What mesos-go encodes reads as mesos-go would decode it, fresh or with a previous reading, however it comes in pieces.
func TestListingReadsAsEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		response := drawListing(t)
		body := protobuf(response)
		var want listing
		for i := range response.GetAgents.Agents {
			want.agents = append(want.agents, oracle(&response.GetAgents.Agents[i]))
		}
		for i := range response.GetAgents.RecoveredAgents {
			want.recovered = append(want.recovered, oracleInfo(&response.GetAgents.RecoveredAgents[i]))
		}
		previous := nothing
		for _, reader := range []io.Reader{bytes.NewReader(body), iotest.OneByteReader(bytes.NewReader(body)), iotest.DataErrReader(bytes.NewReader(body))} {
			got, err := readListing(reader, previous)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(emptied(want), emptied(got), gocmp.AllowUnexported(listing{}, address{})); diff != "" {
				t.Fatal(diff)
			}
			altered := slices.Clone(got.agents)
			for i := range altered {
				altered[i].Hostname += "x"
				altered[i].Attributes = nil
			}
			previous = filters.NewRoster(filters.View{Agents: rapid.SampledFrom([][]filters.Agent{slices.Clone(got.agents), altered}).Draw(t, "previous")})
		}
	})
}

// emptied makes absent and empty the same.
func emptied(list listing) listing {
	tidy := func(agents []filters.Agent) []filters.Agent {
		var tidied []filters.Agent
		for _, agent := range agents {
			if len(agent.Attributes) == 0 {
				agent.Attributes = nil
			}
			tidied = append(tidied, agent)
		}
		return tidied
	}
	return listing{agents: tidy(list.agents), recovered: tidy(list.recovered)}
}

// However a body is cut, what was read is never taken for the whole.
func TestCutListingsFail(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, body []byte) {
		for cut := range len(body) {
			if _, err := readListing(bytes.NewReader(body[:cut]), nothing); err == nil {
				t.Fatalf("cut at byte %d of %d, and nobody noticed", cut, len(body))
			}
		}
	}
	check(t, recorded(t, "protobuf-get-agents").body)
	rapid.Check(t, func(t *rapid.T) { check(t, protobuf(drawListing(t))) })
}

func TestMalformedListings(t *testing.T) {
	for name, body := range map[string]string{
		"agent without ID":       "\x52\x06\x0a\x04\x0a\x02\x0a\x00",
		"length beyond the body": "\x52\x7f\x0a\x04",
		"length beyond reason":   "\x52\xff\xff\xff\xff\x7f",
		"inner longer than room": "\x52\x02\x0a\x7f",
		"a group":                "\x53\x54",
		"field 0":                "\x02\x00",
		"no get_agents":          "\x08\x09",
		"endless varint":         "\x52" + strings.Repeat("\xff", 11),
		"HTML":                   "<html><body>It works!</body></html>",
	} {
		if _, err := readListing(strings.NewReader(body), nothing); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLargeLeafGrowsWithTheStream(t *testing.T) {
	huge := []byte{0x52, 0xff, 0xff, 0xff, 0x07, 0x0a, 0xf0, 0xff, 0xff, 0x06} // an agent of 14 MiB that does not come
	if _, err := readListing(bytes.NewReader(huge), nothing); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	response := drawn(t)
	text := strings.Repeat("x", 3*wireBuffer)
	response.GetAgents.Agents[0].AgentInfo.Attributes = []mesosapi.Attribute{{Name: "long", Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: text}}}
	list, err := readListing(iotest.HalfReader(bytes.NewReader(protobuf(response))), nothing)
	if err != nil || list.agents[0].Attribute("long") != text {
		t.Errorf("an agent larger than the buffer: %v", err)
	}
}

func drawn(t *testing.T) *master.Response {
	t.Helper()
	response := new(master.Response)
	if err := response.Unmarshal(recorded(t, "protobuf-get-agents").body); err != nil {
		t.Fatal(err)
	}
	return response
}

func FuzzListing(f *testing.F) {
	f.Add(recorded(f, "protobuf-get-agents").body)
	f.Add([]byte("\x08\x09\x52\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := readListing(bytes.NewReader(body), nothing)
		if err != nil {
			return
		}
		for _, agent := range append(list.agents, list.recovered...) {
			if agent.ID == "" {
				t.Error("an agent without an ID was accepted")
			}
		}
		again, err := readListing(bytes.NewReader(body), filters.NewRoster(filters.View{Agents: slices.Clone(list.agents)}))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(list) {
			t.Errorf("the same bytes read differently with a previous reading: %v", err)
		}
	})
}

func FuzzSlaves(f *testing.F) {
	f.Add(recorded(f, "extra-slaves-filter").body)
	f.Add(recorded(f, "recovering-old-slaves").body)
	f.Add([]byte(`{"x":[1,{"y":null}],"slaves":[{"id":"a","attributes":{"n":1.5,"s":"x"},"pid":"slave(1)@[::1]:5051"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := readSlaves(bytes.NewReader(body))
		if err != nil {
			return
		}
		for _, agent := range list.agents {
			if agent.ID == "" {
				t.Error("an agent without an ID was accepted")
			}
		}
	})
}

func TestCutSlavesFail(t *testing.T) {
	body := recorded(t, "extra-slaves-filter").body
	for cut := range len(body) {
		if _, err := readSlaves(bytes.NewReader(body[:cut])); err == nil {
			t.Fatalf("cut at byte %d of %d, and nobody noticed", cut, len(body))
		}
	}
	for _, body := range []string{`{}`, `[]`, `null`, `{"slaves":null}`, `{"slaves":{}}`, `{"slaves":[{}]}`, `{"slaves":[1]}`, `cb({"slaves":[]})`} {
		if _, err := readSlaves(strings.NewReader(body)); err == nil {
			t.Errorf("%s was taken for a list", body)
		}
	}
}
