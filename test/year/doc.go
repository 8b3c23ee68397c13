// Package year lives through a year of windows and runs in seconds: its tests jump from edge to edge, with people, restarts,
// failovers, downtime and clock steps at random, and hold the journal to the rules of test/journal.
package year
