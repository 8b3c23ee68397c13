// Package load sends signed slash commands to a server on this machine and measures how long each answer takes: a bounded
// number of them, for a bounded time, to loopback addresses alone.
package load
