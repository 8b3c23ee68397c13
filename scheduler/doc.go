// Package scheduler says when windows are open and how runs go on: pure functions of time and state, one loop per cluster that
// acts on what they say, and the desk where people change windows and runs.
//
// It never calls the master: it makes filters exist or cease through filters.Service, and keeps what it must remember as
// records beside them. All times are UTC unless a name says otherwise; a window's schedule is read in its own time zone.
package scheduler
