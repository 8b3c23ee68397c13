// Package redisproxy stands between a client and a Redis server and breaks what passes, on demand and at the very
// request that a test chooses: before it reaches the server, or after it was carried out and before the answer is back.
package redisproxy
