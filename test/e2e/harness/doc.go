// Package harness runs the built bot, the simulators and a real redis-server as separate processes for tests, drives them
// as people and scripts would, and holds every run against the journal's checker when it ends.
package harness
