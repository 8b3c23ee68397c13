// Package operation is the careful editor of the one maintenance schedule that a cluster has, and the states of the machines
// that are ours in it: scheduled, taken down, brought up, taken out.
//
// Edit and advance are pure and hold the rules. Desk takes people's words down as records; Source works out from the records
// and a reading of the master what is to be done, and hands it to the leader's reconciler, which alone calls the master
// (DESIGN.md, "One hand on the master").
package operation
