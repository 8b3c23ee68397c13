// Package store keeps the durable state of each cluster in Redis: filters, ledger, questions, journal, lease and the
// references of messages, every change in one Lua script with its journal entries.
//
// Scripts are the only way state changes. They are repeated safely by request key, fenced by terms, and check everything
// before their first write, because a script that fails keeps its earlier writes (FACTS.md, "Redis and go-redis").
// Keys are built in keys.go and nowhere else.
package store
