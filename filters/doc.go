// Package filters holds Cordon's words and rules: agents, filters, targets, plans and events, and the Service
// that every actor (chat, buttons, API, windows) asks for a change.
//
// It imports the standard library alone. What it needs of the outside it declares as ports: Store, Cluster, Gate
// and Starter. Everything stored belongs to exactly one cluster; a Service serves one cluster.
package filters
