package mesos

import (
	"encoding/json"
	"strconv"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
)

// jsonField is a member of a JSON object.
type jsonField struct {
	name  string
	value any
}

// jsonFields is a JSON object whose members keep their order. Values are
// jsonFields, jsonList, string, float64, int, bool and json.RawMessage.
type jsonFields []jsonField

// jsonList is a JSON array.
type jsonList []any

// appendOldJSON writes a value as the master's endpoints write it: no spaces,
// float64 always with a decimal point.
func appendOldJSON(out []byte, value any) []byte {
	switch v := value.(type) {
	case jsonFields:
		return appendFields(out, v)
	case jsonList:
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

func appendFields(out []byte, object jsonFields) []byte {
	out = append(out, '{')
	for i, member := range object {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendJSONString(out, member.name), ':')
		out = appendOldJSON(out, member.value)
	}
	return append(out, '}')
}

func appendList(out []byte, values jsonList) []byte {
	out = append(out, '[')
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendOldJSON(out, value)
	}
	return append(out, ']')
}

// oldSeconds is a time in seconds since 1970.
func oldSeconds(at time.Time) float64 { return float64(at.UnixNano()/1000) / 1e6 }

var resourcePrinting = declared.of(messageNamed("mesos.Resource"))

// oldResourceList is resources one by one, as the v1 API shows them.
func oldResourceList(resources []mesosapi.Resource) jsonList {
	out := jsonList{}
	for i := range resources {
		out = append(out, json.RawMessage(appendJSON(nil, resourcePrinting, encode(&resources[i]))))
	}
	return out
}

// oldResources is amounts in sum. Ports stand beside them where there are any.
func oldResources(amounts resources, ports bool) jsonFields {
	sum := jsonFields{
		{"disk", rounded(amounts.disk)}, {"mem", rounded(amounts.mem)},
		{"gpus", rounded(amounts.gpus)}, {"cpus", rounded(amounts.cpus)},
	}
	if ports {
		sum = append(sum, jsonField{"ports", "[" + itoa(firstPort) + "-" + itoa(lastPort) + "]"})
	}
	return sum
}
