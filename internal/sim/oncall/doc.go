// Package oncall simulates what PagerDuty and Opsgenie answer when they are asked who is on call, with the errors that they, and
// the network, may give instead.
package oncall
