package preview

import (
	"fmt"
	"testing"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

// BenchmarkLook previews four weeks of 30 windows over 50,000 agents.
func BenchmarkLook(b *testing.B) {
	view := filters.View{}
	for i := range 50_000 {
		view.Agents = append(view.Agents, filters.Agent{
			ID: filters.AgentID(fmt.Sprintf("S%05d", i)), Hostname: fmt.Sprintf("web-%05d", i), Active: true,
			Attributes: []filters.Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", i%500)}}, Resources: filters.Resources{CPUs: 16, MemMB: 65536},
		})
	}
	windows := definitions{}
	for i := range 30 {
		definition := scheduler.Definition{Schedule: fmt.Sprintf("%d %d * * *", i, i%24), Duration: "3h", TimeZone: "Europe/Berlin", Targets: hosts(fmt.Sprintf("web-%02d*", i%50)), MaxUnavailable: "50%", MaxUnavailablePer: "rack"}
		if i%3 == 0 {
			definition.Run = &scheduler.Procedure{MaxParallel: 10}
		}
		windows[fmt.Sprintf("window-%02d", i)] = definition
	}
	question := Question{Windows: compile(b, windows), Roster: filters.NewRoster(view), From: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 29, 0, 0, 0, 0, time.UTC)}
	for b.Loop() {
		if _, err := Look(question); err != nil {
			b.Fatal(err)
		}
	}
}
