// Package mesos is a simulated Mesos cluster in one process, on real sockets:
// masters with the v1 operator API, the older endpoints, the maintenance
// primitives and the offer-filter allocator module, agents, and
// Marathon-like frameworks that launch tasks from the offers they get.
//
// It answers as a Mesos 1.12 master answered in the recordings of
// test/conformance (named in comments where they settled a question), word for
// word where a client could depend on it. One lock guards all state; what
// happens later (a task that starts, an agent that registers again) waits in an
// agenda that one goroutine works off, so that a cluster inside a
// testing/synctest bubble follows the bubble's clock.
//
// Protobuf is the inside and JSON a translation at the door: answers are built
// as protobuf bytes, and JSON is written from them by the schema, in the order
// of the schema's declarations, as Mesos's own jsonify does.
package mesos
