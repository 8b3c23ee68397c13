package mesos

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/master/calls"
)

// usualReregistration is Mesos's default of --agent_reregister_timeout.
const usualReregistration = 10 * time.Minute

// ReregistrationTimeout returns the master's agent_reregister_timeout (slave_reregister_timeout before 1.1): how long
// after a failover agents may take to come back. 10 minutes, Mesos's default, if the master does not tell.
func (m *Master) ReregistrationTimeout(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, m.config.CallTimeout)
	defer cancel()
	answer, _, err := m.small(ctx, calls.GetFlags())
	if err != nil {
		return usualReregistration
	}
	for _, flag := range answer.GetGetFlags().GetFlags() {
		if flag.Name != "agent_reregister_timeout" && flag.Name != "slave_reregister_timeout" {
			continue
		}
		if timeout, ok := parseDuration(flag.GetValue()); ok {
			return timeout
		}
	}
	return usualReregistration
}

// parseDuration reads a duration as Mesos writes it (stout/duration.hpp): 10mins, 1.5hrs, 2days.
func parseDuration(text string) (time.Duration, bool) {
	units := map[string]time.Duration{
		"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "secs": time.Second,
		"mins": time.Minute, "hrs": time.Hour, "days": 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
	}
	at := strings.LastIndexAny(text, "0123456789.") + 1
	number, err := strconv.ParseFloat(text[:at], 64)
	unit, known := units[text[at:]]
	span := number * float64(unit)
	if err != nil || !known || span < 0 || span > float64(365*24*time.Hour) {
		return 0, false
	}
	return time.Duration(span), true
}
