// Package approval decides who may do what, and what somebody else must say yes to first: it implements the domain's Gate over
// roles and a policy, and carries out on the leader what was approved. Nobody is listed, nobody may.
package approval
