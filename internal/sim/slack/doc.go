// Package slack is a Slack workspace in one process, on real sockets: a bot written against Slack's Web API, Socket
// Mode and signed HTTP deliveries works with it and does not know the difference.
//
// People are played by method calls (Command, Click, Submit, Say); the bot talks to URL. Limits, errors and payload
// shapes are Slack's own, as its reference documents them and github.com/slack-go/slack v0.34 reads them
// (FACTS.md). Nothing is rendered: text and blocks are kept as the bot sent them.
package slack
