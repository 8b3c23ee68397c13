package mesos

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	gogo "github.com/gogo/protobuf/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/durationpb" // imported by master.proto

	_ "github.com/mesos/mesos-go/api/v1/lib/agent"
	_ "github.com/mesos/mesos-go/api/v1/lib/master"
)

// Field numbers of Mesos 1.12 that mesos-go v0.0.11 does not know: its types
// cannot carry them, so they are appended to encoded messages.
const (
	checkpointField       = 7  // AgentInfo.checkpoint
	offerConstraintsField = 12 // GetFrameworks.Framework.offer_constraints
)

// protoFiles are the schemas that mesos-go registers, in the order of their
// imports.
var protoFiles = []string{
	"mesos.proto", "allocator/allocator.proto", "maintenance/maintenance.proto",
	"quota/quota.proto", "master/master.proto", "agent/agent.proto",
}

const importPrefix = "github.com/mesos/mesos-go/api/v1/lib/"

// schema holds the descriptors of the messages that travel.
var schema = loadSchema()

// callMessage, responseMessage and eventMessage are the roots of the v1 operator API.
var (
	callMessage     = messageNamed("mesos.master.Call")
	responseMessage = messageNamed("mesos.master.Response")
	eventMessage    = messageNamed("mesos.master.Event")
)

// messageNamed finds a message's descriptor; an unknown name is a programming
// error.
func messageNamed(name protoreflect.FullName) protoreflect.MessageDescriptor {
	descriptor, err := schema.FindDescriptorByName(name)
	if err != nil {
		panic(fmt.Sprintf("schema: %s: %v", name, err))
	}
	return descriptor.(protoreflect.MessageDescriptor)
}

func loadSchema() *protoregistry.Files {
	files := &protoregistry.Files{}
	duration, err := protoregistry.GlobalFiles.FindFileByPath("google/protobuf/duration.proto")
	if err == nil {
		err = files.RegisterFile(duration)
	}
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	for _, name := range protoFiles {
		if err := loadFile(files, name); err != nil {
			panic(fmt.Sprintf("schema: %s: %v", name, err))
		}
	}
	return files
}

func loadFile(files *protoregistry.Files, name string) error {
	zipped, err := gzip.NewReader(bytes.NewReader(gogo.FileDescriptor(name)))
	if err != nil {
		return err
	}
	encoded, err := io.ReadAll(zipped)
	if err != nil {
		return err
	}
	file := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(encoded, file); err != nil {
		return err
	}
	file.Name = proto.String(importPrefix + name)
	file.Syntax = proto.String("proto2")
	addNewerFields(file)
	descriptor, err := protodesc.FileOptions{AllowUnresolvable: true}.New(file, files)
	if err != nil {
		return err
	}
	return files.RegisterFile(descriptor)
}

// addNewerFields completes mesos-go's schema with what a Mesos 1.12 master
// prints besides (recordings read-get-agents, read-get-state, read-get-master).
func addNewerFields(file *descriptorpb.FileDescriptorProto) {
	for _, message := range file.MessageType {
		switch file.GetPackage() + "." + message.GetName() {
		case "mesos.AgentInfo":
			addField(message, "checkpoint", checkpointField, descriptorpb.FieldDescriptorProto_TYPE_BOOL, "")
		case "mesos.MasterInfo":
			addCapability(message, "QUOTA_V2", 3)
		case "mesos.master.Response":
			framework := nested(nested(message, "GetFrameworks"), "Framework")
			framework.NestedType = append(framework.NestedType, &descriptorpb.DescriptorProto{Name: proto.String("OfferConstraints")})
			addField(framework, "offer_constraints", offerConstraintsField, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE,
				".mesos.master.Response.GetFrameworks.Framework.OfferConstraints")
		}
	}
}

func nested(message *descriptorpb.DescriptorProto, name string) *descriptorpb.DescriptorProto {
	for _, inner := range message.NestedType {
		if inner.GetName() == name {
			return inner
		}
	}
	panic("schema: " + message.GetName() + " has no " + name)
}

func addField(message *descriptorpb.DescriptorProto, name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, typeName string) {
	field := &descriptorpb.FieldDescriptorProto{
		Name:   proto.String(name),
		Number: proto.Int32(number),
		Label:  descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		Type:   kind.Enum(),
	}
	if typeName != "" {
		field.TypeName = proto.String(typeName)
	}
	message.Field = append(message.Field, field)
}

func addCapability(message *descriptorpb.DescriptorProto, name string, number int32) {
	values := nested(message, "Capability").EnumType[0]
	for _, value := range values.Value {
		if value.GetName() == name {
			return
		}
	}
	values.Value = append(values.Value, &descriptorpb.EnumValueDescriptorProto{Name: proto.String(name), Number: proto.Int32(number)})
}
