// Package reconcile makes a cluster be what its filters say: the leader's loop reads the master, works out the
// difference to what is wished and to what is ours, calls the master, and writes down what became of it.
//
// Difference is pure and holds the rules. Reconciler is the loop around it: level-triggered, safe to run at any moment
// and any number of times, and the only hand on the master. Before each call stands a fenced intent in the ledger, after
// it a reading that began later; only what the ledger proves to be ours is given back (DESIGN.md, section 4).
package reconcile
