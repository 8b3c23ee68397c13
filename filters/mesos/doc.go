// Package mesos is Cordon's hand on a Mesos cluster's master: it finds the leading master, reads its agents, listens to
// its events, and withholds agents or gives them back through one of two backends.
//
// A Master serves one cluster. It implements reconcile.Master (Read, ReadOne, Take, Give, Changes, Epoch) and
// filters.Cluster (Roster, Tasks, Condition). Run is for every replica and the whole life of the process; Lead is for the
// leader and the time of its lease. What Mesos answers, and when, is in FACTS.md; the recordings named in comments are
// answers of a real Mesos 1.12.
package mesos
