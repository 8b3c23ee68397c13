// Package tools pins the developers' tools in a module of its own, so that the bot's module stays small.
package tools
