// Package oncall tells who is on call in a cluster: it asks a Slack user group, PagerDuty, Opsgenie or a rota of the
// configuration, one source for each level of escalation, and matches people to Slack users by their e-mail addresses. An
// answer is used for a minute at most: who may approve is decided by nothing older.
package oncall
