package mesos

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// refusal is a text with which a master refuses a request, word for word.
type refusal string

func (r refusal) Error() string { return string(r) }

// decodeJSON turns a decoded JSON value into the protobuf bytes of a message
// with the master's looseness: unknown fields are dropped, unknown enum values
// too, null is unset, and strings may hold numbers and booleans (recordings
// err-unknown-field, err-unknown-type, drain-form-*). The errors are refusals.
func decodeJSON(descriptor protoreflect.MessageDescriptor, value any) ([]byte, error) {
	object, ok := value.(jsonObject)
	if !ok {
		return nil, refusal("Expecting a JSON object")
	}
	message := dynamicpb.NewMessage(descriptor)
	if err := fill(message, object); err != nil {
		return nil, err
	}
	if missing := missingFields(message, ""); len(missing) > 0 {
		return nil, refusal("Missing required fields: " + strings.Join(missing, ", "))
	}
	return proto.Marshal(message)
}

// fill sets a message's fields from an object, in the order of their names,
// which is the order in which the master finds mistakes.
func fill(message protoreflect.Message, object jsonObject) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field := message.Descriptor().Fields().ByName(protoreflect.Name(name))
		if field == nil {
			continue
		}
		if err := fillField(message, field, object[name]); err != nil {
			return err
		}
	}
	return nil
}

func fillField(message protoreflect.Message, field protoreflect.FieldDescriptor, value any) error {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return fillList(message, field, value)
	case jsonObject:
		return fillMessage(message, field, value)
	}
	scalar, err := scalarOf(field, value)
	if err != nil || !scalar.IsValid() {
		return err
	}
	if field.IsList() {
		message.Mutable(field).List().Append(scalar)
		return nil
	}
	message.Set(field, scalar)
	return nil
}

func fillList(message protoreflect.Message, field protoreflect.FieldDescriptor, values []any) error {
	if !field.IsList() {
		return unexpected("array", field)
	}
	for _, value := range values {
		if err := fillField(message, field, value); err != nil {
			return err
		}
	}
	return nil
}

func fillMessage(message protoreflect.Message, field protoreflect.FieldDescriptor, object jsonObject) error {
	if field.IsMap() {
		return fillMap(message.Mutable(field).Map(), field, object)
	}
	if field.Kind() != protoreflect.MessageKind {
		return unexpected("object", field)
	}
	if field.IsList() {
		return fill(message.Mutable(field).List().AppendMutable().Message(), object)
	}
	return fill(message.Mutable(field).Message(), object)
}

// fillMap sets a map's entries; Mesos has maps from words to messages and to
// words only.
func fillMap(entries protoreflect.Map, field protoreflect.FieldDescriptor, object jsonObject) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		key := protoreflect.ValueOfString(name).MapKey()
		if inner, ok := object[name].(jsonObject); ok && field.MapValue().Kind() == protoreflect.MessageKind {
			if err := fill(entries.Mutable(key).Message(), inner); err != nil {
				return err
			}
			continue
		}
		value, err := scalarOf(field.MapValue(), object[name])
		if err != nil {
			return err
		}
		entries.Set(key, value)
	}
	return nil
}

// scalarOf converts a JSON scalar; an invalid value without an error means that
// the field stays unset.
func scalarOf(field protoreflect.FieldDescriptor, value any) (protoreflect.Value, error) {
	switch value := value.(type) {
	case string:
		return fromString(field, value)
	case jsonNumber:
		return fromNumber(field, value)
	case bool:
		if field.Kind() == protoreflect.BoolKind {
			return protoreflect.ValueOfBool(value), nil
		}
	}
	return protoreflect.Value{}, unexpected("boolean", field)
}

func fromString(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch kind := field.Kind(); {
	case kind == protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case kind == protoreflect.BytesKind:
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return protoreflect.Value{}, refusal(fmt.Sprintf("Failed to base64 decode bytes field '%s': %v", field.Name(), err))
		}
		return protoreflect.ValueOfBytes(decoded), nil
	case kind == protoreflect.EnumKind:
		return fromEnumName(field, text)
	case kind == protoreflect.MessageKind:
		return protoreflect.Value{}, unexpected("string", field)
	}
	return fromQuoted(field, text)
}

// fromQuoted converts a number or a boolean that stands in quotation marks.
func fromQuoted(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	wanted := "number"
	if field.Kind() == protoreflect.BoolKind {
		wanted = "boolean"
	}
	value, err := parseJSON(text)
	if err != nil {
		return protoreflect.Value{}, refusal(fmt.Sprintf("Failed to parse '%s' as a JSON %s for field '%s': %v", text, wanted, field.Name(), err))
	}
	_, number := value.(jsonNumber)
	_, boolean := value.(bool)
	if wanted == "number" && !number || wanted == "boolean" && !boolean {
		return protoreflect.Value{}, refusal(fmt.Sprintf("Failed to parse '%s' as a JSON %s for field '%s': Unexpected JSON type parsed", text, wanted, field.Name()))
	}
	return scalarOf(field, value)
}

func fromEnumName(field protoreflect.FieldDescriptor, name string) (protoreflect.Value, error) {
	value := field.Enum().Values().ByName(protoreflect.Name(name))
	switch {
	case value != nil:
		return protoreflect.ValueOfEnum(value.Number()), nil
	case field.Cardinality() == protoreflect.Required:
		return protoreflect.Value{}, refusal(fmt.Sprintf("Failed to find enum for '%s'", name))
	}
	return protoreflect.Value{}, nil
}

func fromNumber(field protoreflect.FieldDescriptor, number jsonNumber) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(number.float64()), nil
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(number.float64())), nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(number.int64()), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(number.uint64()), nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(number.int64())), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(number.uint64())), nil
	}
	return protoreflect.Value{}, unexpected("number", field)
}

func unexpected(kind string, field protoreflect.FieldDescriptor) refusal {
	return refusal(fmt.Sprintf("Not expecting a JSON %s for field '%s'", kind, field.Name()))
}

// missingFields names the required fields that are not set, by their paths:
// a message's own first, then those of its parts, as protobuf for C++ does.
func missingFields(message protoreflect.Message, prefix string) []string {
	var missing []string
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); field.Cardinality() == protoreflect.Required && !message.Has(field) {
			missing = append(missing, prefix+string(field.Name()))
		}
	}
	for _, field := range setMessages(message) {
		path := prefix + string(field.Name())
		if !field.IsList() {
			missing = append(missing, missingFields(message.Get(field).Message(), path+".")...)
			continue
		}
		list := message.Get(field).List()
		for i := range list.Len() {
			missing = append(missing, missingFields(list.Get(i).Message(), fmt.Sprintf("%s[%d].", path, i))...)
		}
	}
	return missing
}

// setMessages are the set fields that hold messages, by field number.
func setMessages(message protoreflect.Message) []protoreflect.FieldDescriptor {
	var set []protoreflect.FieldDescriptor
	message.Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if field.Kind() == protoreflect.MessageKind && !field.IsMap() {
			set = append(set, field)
		}
		return true
	})
	slices.SortFunc(set, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number() - b.Number()) })
	return set
}
