// Package journal checks a recorded journal against the invariants of DESIGN.md, section 4, the way Jepsen checks a
// history: what people were told, what the journal says, and what the cluster is in the end must agree.
package journal
