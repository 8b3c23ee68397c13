// Package leader turns a lease that several replicas compete for into a context that lives as long as leadership does.
//
// A lease is not a fence: what a leader writes must carry its term, and the store refuses older terms. What the package
// promises is that the leader's context ends before its lease can be another's, measured on this machine's monotonic
// clock alone.
package leader
