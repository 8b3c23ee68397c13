// Package commands is the chat language: it turns a line of text into a request, asks the Service of a cluster, and
// answers in words.
//
// It knows no Slack type: an edge hands it an Input and renders the Reply. Kong holds the grammar of each verb; the
// manners around it (finding the verb, quotes, dashes, short flags, targets) are here (DESIGN.md, section 10).
package commands
