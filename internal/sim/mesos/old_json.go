package mesos

import (
	"encoding/json"
	"strconv"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
)

// field is a member of a JSON object.
type field struct {
	name  string
	value any
}

// fields is a JSON object whose members keep their order. Values are fields,
// lists, string, float64, int, bool and json.RawMessage.
type fields []field

// list is a JSON array.
type list []any

// appendValue writes a value as the master's endpoints write it: no spaces,
// float64 always with a decimal point.
func appendValue(out []byte, value any) []byte {
	switch v := value.(type) {
	case fields:
		return appendFields(out, v)
	case list:
		return appendList(out, v)
	case string:
		return appendJSONString(out, v)
	case float64:
		return appendJSONFloat(out, v)
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case bool:
		return strconv.AppendBool(out, v)
	case json.RawMessage:
		return append(out, v...)
	}
	return append(out, "null"...)
}

func appendFields(out []byte, object fields) []byte {
	out = append(out, '{')
	for i, member := range object {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendJSONString(out, member.name), ':')
		out = appendValue(out, member.value)
	}
	return append(out, '}')
}

func appendList(out []byte, values list) []byte {
	out = append(out, '[')
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendValue(out, value)
	}
	return append(out, ']')
}

// oldSeconds is a time in seconds since 1970.
func oldSeconds(at time.Time) float64 { return float64(at.UnixNano()/1000) / 1e6 }

var resourcePrinting = declared.of(messageType("mesos.Resource"))

// oldResourceList is resources one by one, as the v1 API shows them.
func oldResourceList(resources []mesosapi.Resource) list {
	out := list{}
	for i := range resources {
		out = append(out, json.RawMessage(appendJSON(nil, resourcePrinting, encode(&resources[i]))))
	}
	return out
}

// oldResources is amounts in sum. Ports stand beside them where there are any.
func oldResources(amounts resources, ports bool) fields {
	sum := fields{
		{"disk", rounded(amounts.disk)}, {"mem", rounded(amounts.mem)},
		{"gpus", rounded(amounts.gpus)}, {"cpus", rounded(amounts.cpus)},
	}
	if ports {
		sum = append(sum, field{"ports", "[" + itoa(firstPort) + "-" + itoa(lastPort) + "]"})
	}
	return sum
}
