package mesos

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// printing is how a message is written as JSON: its fields in the order of
// their declaration, as Mesos's jsonify writes them. With sorted set it is the
// older conversion, whose objects are ordered by name (the endpoints below
// /maintenance).
type printing struct {
	fields []*printedField
	index  map[protowire.Number]int
}

type printedField struct {
	name     string
	kind     protoreflect.Kind
	list     bool
	message  *printing
	enum     map[int32]string
	fallback string // the declared default, as JSON; printed where the field is unset
	mapped   bool   // a map: its entries are printed as one object
	always   bool   // an empty list is printed too
	spurious bool   // zero means unset: mesos-go cannot leave the field out
}

// alwaysPrinted are the lists that the master prints even when they are empty,
// because it writes these answers by hand (recordings read-get-*).
var alwaysPrinted = map[protoreflect.FullName]bool{
	"mesos.master.Response.GetAgents.agents":                   true,
	"mesos.master.Response.GetAgents.recovered_agents":         true,
	"mesos.master.Response.GetTasks.tasks":                     true,
	"mesos.master.Response.GetTasks.unreachable_tasks":         true,
	"mesos.master.Response.GetTasks.completed_tasks":           true,
	"mesos.master.Response.GetExecutors.executors":             true,
	"mesos.master.Response.GetFrameworks.frameworks":           true,
	"mesos.master.Response.GetFrameworks.completed_frameworks": true,
	"mesos.agent.Response.GetTasks.pending_tasks":              true,
	"mesos.agent.Response.GetTasks.queued_tasks":               true,
	"mesos.agent.Response.GetTasks.launched_tasks":             true,
	"mesos.agent.Response.GetTasks.terminated_tasks":           true,
	"mesos.agent.Response.GetTasks.completed_tasks":            true,
	"mesos.agent.Response.GetExecutors.executors":              true,
	"mesos.agent.Response.GetExecutors.completed_executors":    true,
	"mesos.agent.Response.GetFrameworks.frameworks":            true,
	"mesos.agent.Response.GetFrameworks.completed_frameworks":  true,
}

// spuriousZeros are optional fields that mesos-go always encodes.
var spuriousZeros = map[protoreflect.FullName]bool{"mesos.ExecutorInfo.type": true}

// printer remembers the printing of each message it has met.
type printer struct {
	sorted bool
	known  map[protoreflect.FullName]*printing
}

func newPrinter(sorted bool) *printer {
	return &printer{sorted: sorted, known: map[protoreflect.FullName]*printing{}}
}

var (
	declared         = newPrinter(false)
	responsePrinting = declared.of(responseMessage)
	eventPrinting    = declared.of(eventMessage)
	agentPrinting    = declared.of(messageNamed("mesos.agent.Response"))
)

func (p *printer) of(descriptor protoreflect.MessageDescriptor) *printing {
	if known := p.known[descriptor.FullName()]; known != nil {
		return known
	}
	plan := &printing{index: map[protowire.Number]int{}}
	p.known[descriptor.FullName()] = plan
	fields := make([]protoreflect.FieldDescriptor, descriptor.Fields().Len())
	for i := range fields {
		fields[i] = descriptor.Fields().Get(i)
	}
	if p.sorted {
		slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int {
			return strings.Compare(string(a.Name()), string(b.Name()))
		})
	}
	for i, field := range fields {
		plan.index[field.Number()] = i
		plan.fields = append(plan.fields, p.field(field))
	}
	return plan
}

func (p *printer) field(field protoreflect.FieldDescriptor) *printedField {
	printed := &printedField{
		name:   string(field.Name()),
		kind:   field.Kind(),
		list:   field.IsList(),
		mapped: field.IsMap(),
		always: alwaysPrinted[field.FullName()] && !p.sorted,

		spurious: spuriousZeros[field.FullName()],
	}
	if field.Kind() == protoreflect.MessageKind {
		printed.message = p.of(field.Message())
	}
	if field.Kind() == protoreflect.EnumKind {
		printed.enum = map[int32]string{}
		for i := range field.Enum().Values().Len() {
			value := field.Enum().Values().Get(i)
			printed.enum[int32(value.Number())] = string(value.Name())
		}
	}
	options, _ := field.Options().(*descriptorpb.FieldOptions)
	if field.HasDefault() && !options.GetDeprecated() {
		printed.fallback = defaultJSON(field)
	}
	return printed
}

func defaultJSON(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.StringKind:
		return string(appendJSONString(nil, field.Default().String()))
	case protoreflect.EnumKind:
		return `"` + string(field.DefaultEnumValue().Name()) + `"`
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return string(appendJSONFloat(nil, field.Default().Float()))
	}
	return field.Default().String()
}

// wireValue is one occurrence of a field on the wire.
type wireValue struct {
	number uint64
	bytes  []byte
}

// appendJSON writes a message's protobuf bytes as JSON. Bytes that are not a
// message of this kind cannot come from here; what follows them is left out.
func appendJSON(out []byte, plan *printing, wire []byte) []byte {
	var few [16][]wireValue
	found := few[:]
	if len(plan.fields) > len(few) {
		found = make([][]wireValue, len(plan.fields))
	}
	for len(wire) > 0 {
		number, value, rest := nextField(wire)
		if rest < 0 {
			break
		}
		wire = wire[rest:]
		if i, ok := plan.index[number]; ok && (value.number != 0 || !plan.fields[i].spurious) {
			found[i] = append(found[i], value)
		}
	}
	out = append(out, '{')
	first := true
	for i, field := range plan.fields {
		if len(found[i]) == 0 && field.fallback == "" && !field.always {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(append(append(out, '"'), field.name...), '"', ':')
		out = field.append(out, found[i])
	}
	return append(out, '}')
}

// nextField reads one field; its length is negative where the bytes are broken.
func nextField(wire []byte) (protowire.Number, wireValue, int) {
	number, kind, tag := protowire.ConsumeTag(wire)
	if tag < 0 {
		return 0, wireValue{}, tag
	}
	var value wireValue
	var size int
	switch kind {
	case protowire.VarintType:
		value.number, size = protowire.ConsumeVarint(wire[tag:])
	case protowire.Fixed64Type:
		value.number, size = protowire.ConsumeFixed64(wire[tag:])
	case protowire.Fixed32Type:
		var short uint32
		short, size = protowire.ConsumeFixed32(wire[tag:])
		value.number = uint64(short)
	case protowire.BytesType:
		value.bytes, size = protowire.ConsumeBytes(wire[tag:])
	default:
		size = protowire.ConsumeFieldValue(number, kind, wire[tag:])
	}
	if size < 0 {
		return 0, wireValue{}, size
	}
	return number, value, tag + size
}

// appendMap prints entries that have text for a key: a key, its value, and so on.
func (f *printedField) appendMap(out []byte, entries []wireValue) []byte {
	out = append(out, '{')
	for i, entry := range entries {
		if i > 0 {
			out = append(out, ',')
		}
		var key string
		var value []byte
		for rest := entry.bytes; len(rest) > 0; {
			number, read, size := nextField(rest)
			if size < 0 {
				break
			}
			switch number {
			case 1:
				key = string(read.bytes)
			case 2:
				value = read.bytes
			}
			rest = rest[size:]
		}
		out = appendJSON(append(appendJSONString(out, key), ':'), f.message.fields[f.message.index[2]].message, value)
	}
	return append(out, '}')
}

func (f *printedField) append(out []byte, values []wireValue) []byte {
	if f.mapped {
		return f.appendMap(out, values)
	}
	if !f.list {
		if len(values) == 0 {
			return append(out, f.fallback...)
		}
		return f.appendValue(out, values[len(values)-1])
	}
	out = append(out, '[')
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = f.appendValue(out, value)
	}
	return append(out, ']')
}

func (f *printedField) appendValue(out []byte, value wireValue) []byte {
	switch f.kind {
	case protoreflect.MessageKind:
		return appendJSON(out, f.message, value.bytes)
	case protoreflect.StringKind:
		return appendJSONString(out, string(value.bytes))
	case protoreflect.BytesKind:
		return append(base64.StdEncoding.AppendEncode(append(out, '"'), value.bytes), '"')
	case protoreflect.EnumKind:
		return append(append(append(out, '"'), f.enum[int32(value.number)]...), '"')
	case protoreflect.BoolKind:
		return strconv.AppendBool(out, value.number != 0)
	case protoreflect.DoubleKind:
		return appendJSONFloat(out, math.Float64frombits(value.number))
	case protoreflect.FloatKind:
		return appendJSONFloat(out, float64(math.Float32frombits(uint32(value.number))))
	case protoreflect.Uint64Kind, protoreflect.Uint32Kind, protoreflect.Fixed64Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(out, value.number, 10)
	case protoreflect.Sint64Kind, protoreflect.Sint32Kind:
		return strconv.AppendInt(out, protowire.DecodeZigZag(value.number), 10)
	}
	return strconv.AppendInt(out, int64(value.number), 10)
}

// exponents shortens Go's exponents to those of the master: 1e21, 1e-7.
var exponents = strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-")

// appendJSONFloat writes a number the way the master does: the shortest form
// that reads back, always with a decimal point or an exponent.
func appendJSONFloat(out []byte, value float64) []byte {
	if exponent := math.Abs(value); exponent != 0 && (exponent < 1e-6 || exponent >= 1e21) {
		return append(out, exponents.Replace(strconv.FormatFloat(value, 'e', -1, 64))...)
	}
	start := len(out)
	out = strconv.AppendFloat(out, value, 'f', -1, 64)
	if !slices.Contains(out[start:], '.') {
		out = append(out, '.', '0')
	}
	return out
}

const hexDigits = "0123456789ABCDEF"

func appendJSONString(out []byte, text string) []byte {
	out = append(out, '"')
	for i := range len(text) {
		switch letter := text[i]; {
		case letter == '"' || letter == '\\':
			out = append(out, '\\', letter)
		case letter == '\n':
			out = append(out, '\\', 'n')
		case letter == '\r':
			out = append(out, '\\', 'r')
		case letter == '\t':
			out = append(out, '\\', 't')
		case letter == '\b':
			out = append(out, '\\', 'b')
		case letter == '\f':
			out = append(out, '\\', 'f')
		case letter < ' ':
			out = append(out, '\\', 'u', '0', '0', hexDigits[letter>>4], hexDigits[letter&15])
		default:
			out = append(out, letter)
		}
	}
	return append(out, '"')
}
