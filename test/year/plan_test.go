package year

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// The year, and the cluster: racks r01 to r25 with 20 agents each.
var (
	begins = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	ends   = begins.AddDate(1, 0, 0)
)

const (
	racks   = 25
	perRack = 20
)

var limits = filters.LimitConfig{Cluster: filters.LimitValue{Percent: 12}, Rack: filters.LimitValue{Percent: 40}}

// definitions are the windows of the configuration.
func definitions() map[string]scheduler.Definition {
	all := map[string]scheduler.Definition{}
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"}
	for i := range 12 { // weekly, a rack each; several at once
		all[fmt.Sprintf("kernel-%02d", i+1)] = scheduler.Definition{
			Schedule: fmt.Sprintf("%d 2 * * %d", i%4*15, i%7), Duration: "2h", TimeZone: zones[i%len(zones)], Attributes: map[string]string{"rack": rack(i + 1)},
			MaxUnavailable: "25%", MaxUnavailablePer: "rack", Announce: []string{"24h", "1h"}, Cutoff: "15m", Approval: i%4 == 3,
			Missed: []string{"", "skip"}[i%2], Joining: i%3 == 0, Reason: "kernel",
		}
	}
	for i, zone := range zones { // nightly
		all[fmt.Sprintf("nightly-%d", i+1)] = scheduler.Definition{
			Schedule: fmt.Sprintf("%d 1 * * *", 30*(i%2)), Duration: "90m", TimeZone: zone, Targets: []string{fmt.Sprintf("db-r%02d-*", 14+i)},
			MaxUnavailable: []string{"3", ""}[i%2], Joining: i%2 == 1, Cutoff: "20m", Reason: "backup",
		}
	}
	for i := range 4 { // with a run
		all[fmt.Sprintf("firmware-%d", i+1)] = scheduler.Definition{
			Schedule: fmt.Sprintf("0 %d * * %d", 8+3*i, 1+i), Duration: "3h", TimeZone: zones[i], Targets: []string{fmt.Sprintf("web-r0%d-*", 2*i+1), fmt.Sprintf("web-r0%d-*", 2*i+2)},
			Cutoff: "30m", Overrun: []string{"finish", "stop"}[i%2], Reason: "firmware",
			MaxUnavailable: []string{"10%", "2"}[i%2], MaxUnavailablePer: []string{"", "rack"}[i%2],
			Run: &scheduler.Procedure{Steps: [][]string{{"wait 5m"}, {"wait 2m", "confirm", "wait 1m"}}[i%2], MaxParallel: 1 + i, BatchBy: []string{"", "rack"}[i/2], Soak: "1m", MaxFailures: 1},
		}
	}
	for i := range 2 { // that drain: as they are, and with a run
		all[fmt.Sprintf("disks-%d", i+1)] = scheduler.Definition{
			Schedule: fmt.Sprintf("0 %d * * %d", 10+i, 3+i), Duration: "3h", TimeZone: zones[i], Targets: []string{fmt.Sprintf("web-r1%d-*", 8+i)}, Mode: "drain",
			Drain: &scheduler.Draining{MaxGracePeriod: "5m", Deadline: "30m"}, MaxUnavailable: "4", Cutoff: "30m", Joining: i == 0, Reason: "disks",
			Run: []*scheduler.Procedure{nil, {Steps: []string{"wait 4m"}, MaxParallel: 2, MaxFailures: 1}}[i],
		}
	}
	for i := range 3 { // of the maintenance schedule, two of which take machines down
		all[fmt.Sprintf("power-%d", i+1)] = scheduler.Definition{
			Schedule: fmt.Sprintf("0 %d * * %d", 13+i, 2+i), Duration: "3h", TimeZone: zones[i], Targets: []string{fmt.Sprintf("web-r2%d-0*", i), fmt.Sprintf("db-r2%d-*", i)},
			Mode: "schedule", TakeDown: i > 0, MaxUnavailable: []string{"", "3", "20%"}[i], MaxUnavailablePer: []string{"", "", "rack"}[i], Cutoff: "20m",
			Announce: [][]string{{"4h"}, nil, nil}[i], Approval: i == 2, Reason: "power",
		}
	}
	for name, each := range map[string]scheduler.Definition{
		"monthly":     {Schedule: "0 4 1 * *", Duration: "12h", Attributes: map[string]string{"rack": "r20"}, MaxUnavailable: "50%", MaxUnavailablePer: "rack"},
		"month-end":   {Schedule: "30 22 28-31 * *", Duration: "3h", TimeZone: "Asia/Kolkata", Targets: []string{"db-r2*"}, MaxUnavailable: "5", Joining: true},
		"quarterly":   {Schedule: "0 0 1 */3 *", Duration: "1d2h", TimeZone: "America/Havana", Targets: []string{"@bench"}, Announce: []string{"72h"}},
		"sweep":       {Schedule: "0 6 * * 6", Duration: "10h", TimeZone: "Europe/London", Targets: []string{"web-r1*"}, MaxUnavailable: "5%", Joining: true, Cutoff: "2h"},
		"sweep-again": {Schedule: "0 9 * * 6", Duration: "8h", TimeZone: "Europe/London", Targets: []string{"web-r*", "db-r1*"}, MaxUnavailable: "8%", MaxUnavailablePer: "zone"},
		"probe":       {Schedule: "0 */6 * * *", Duration: "20m", Targets: []string{"@bench"}, Missed: "skip"},
		"midnight":    {Schedule: "59 23 * * 0,3", Duration: "2h", TimeZone: "America/Santiago", Targets: []string{"db-r05-*"}, MaxUnavailable: "40%", MaxUnavailablePer: "role"},
		"back-again":  {Schedule: "0 * * * 2", Duration: "1h", Targets: []string{"web-r25-01"}},
		"dated":       {Schedule: "30 5 * * 1-5", Duration: "45m", TimeZone: "Asia/Tehran", Targets: []string{"db-r11-*"}, StartDate: "2026-11-01", EndDate: "2027-04-30", MaxUnavailable: "2"},
	} {
		all[name] = each
	}
	return all
}

var freezes = []scheduler.Freeze{
	{Name: "year end", From: "2026-12-20", To: "2027-01-03"},
	{Name: "sale", From: "2027-03-26 12:00", To: "2027-03-28 03:00", TimeZone: "Europe/Berlin", Windows: []string{"kernel-01", "kernel-06", "nightly-1", "sweep", "firmware-1", "firmware-3"}},
}

// frozen is what the freezes say, worked out by hand.
func frozen(at time.Time, window string) bool {
	within := func(from, to time.Time) bool { return !at.Before(from) && at.Before(to) }
	if within(time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC)) {
		return true
	}
	// At 02:00 on 28 March clocks in Berlin go to 03:00.
	return slices.Contains(freezes[1].Windows, window) && within(time.Date(2027, 3, 26, 11, 0, 0, 0, time.UTC), time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC))
}

var groups = map[string]filters.Group{"bench": {Hosts: []string{"web-r24-00", "web-r24-01", "db-r24-12"}}}

func rack(i int) string { return fmt.Sprintf("r%02d", i) }

func compiled(t testing.TB, all map[string]scheduler.Definition) []*scheduler.Window {
	t.Helper()
	var windows []*scheduler.Window
	for name, definition := range all {
		window, problems := scheduler.Compile(name, definition)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", name, problems)
		}
		windows = append(windows, window)
	}
	slices.SortFunc(windows, func(a, b *scheduler.Window) int { return compare(a.Name, b.Name) })
	return windows
}
