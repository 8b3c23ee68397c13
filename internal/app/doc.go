// Package app wires the bot together: it builds one stack for each cluster, joins them with the edges, starts everything
// in order and stops it in the order back. It is the only package that knows everything.
package app
