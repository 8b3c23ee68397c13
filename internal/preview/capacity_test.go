package preview

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cordon/filters"
	"cordon/scheduler"
)

// drawQuestion is of a few windows over a few agents in a few days.
func drawQuestion(t *rapid.T, limits, runs bool) Question {
	question := Question{Cluster: "prod", From: time.Date(2027, 3, 12, 0, 0, 0, 0, time.UTC)}
	question.To = question.From.AddDate(0, 0, rapid.IntRange(1, 5).Draw(t, "days"))
	view := filters.View{}
	for i := range rapid.IntRange(1, 12).Draw(t, "agents") {
		view.Agents = append(view.Agents, filters.Agent{
			ID: filters.AgentID(fmt.Sprintf("S%02d", i)), Hostname: fmt.Sprintf("web-%d", i), Active: rapid.IntRange(0, 9).Draw(t, "active") > 0,
			Attributes: []filters.Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", i%3)}},
			Resources:  filters.Resources{CPUs: float64(rapid.IntRange(1, 64).Draw(t, "cpus")), MemMB: float64(rapid.IntRange(1, 64).Draw(t, "mem")) * 1024},
		})
	}
	question.Roster = filters.NewRoster(view)
	for i := range rapid.IntRange(1, 4).Draw(t, "windows") {
		definition := scheduler.Definition{
			Schedule: fmt.Sprintf("%d */%d * * *", 10*rapid.IntRange(0, 5).Draw(t, "ten minutes"), rapid.SampledFrom([]int{6, 8, 12}).Draw(t, "every")),
			Duration: rapid.SampledFrom([]string{"20m", "2h", "5h"}).Draw(t, "duration"), TimeZone: rapid.SampledFrom([]string{"UTC", "America/New_York"}).Draw(t, "zone"),
			Targets: rapid.SampledFrom([][]string{{"web-*"}, {"web-1"}, {"web-0", "web-2"}, {"web-1*"}}).Draw(t, "targets"),
		}
		if limits && rapid.Bool().Draw(t, "limited") {
			definition.MaxUnavailable = rapid.SampledFrom([]string{"1", "2", "50%"}).Draw(t, "limit")
			definition.MaxUnavailablePer = rapid.SampledFrom([]string{"", "rack"}).Draw(t, "per")
		}
		if runs && rapid.Bool().Draw(t, "runs") {
			definition.Run = &scheduler.Procedure{MaxParallel: rapid.IntRange(0, 3).Draw(t, "parallel")}
		}
		if window, problems := scheduler.Compile(fmt.Sprintf("w%d", i), definition); len(problems) == 0 {
			question.Windows = append(question.Windows, window)
		}
	}
	if limits && rapid.Bool().Draw(t, "max_withheld") {
		question.Limits.Cluster = filters.LimitValue{Count: rapid.IntRange(1, 6).Draw(t, "of the cluster")}
	}
	return question
}

// Without limits and runs what is withheld at a moment is all that open windows name, moment by moment.
func TestLeastAgainstEveryMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		question := drawQuestion(t, false, false)
		seen, err := Look(question)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		note := func(left map[string]int) {
			for scope, agents := range left {
				if known, ok := want[scope]; !ok || agents < known {
					want[scope] = agents
				}
			}
		}
		for at := question.From; at.Before(question.To); at = at.Add(10 * time.Minute) { // as schedules and durations have it
			withheld := map[string]bool{}
			for _, window := range seen.Windows {
				if _, open := window.Active(at); !open {
					continue
				}
				for _, agent := range window.agents {
					withheld[agent.Hostname] = true
				}
			}
			left := map[string]int{"": 0, "r0": 0, "r1": 0, "r2": 0}
			for agent := range question.Roster.All() {
				if agent.Active && !withheld[agent.Hostname] {
					left[""]++
					left[agent.Rack()]++
				}
			}
			note(left)
		}
		if got := seen.Capacity.Cluster.Agents; got != want[""] {
			t.Fatalf("%d agents remain, want %d", got, want[""])
		}
		for _, rack := range seen.Capacity.Racks {
			if rack.Agents != want[rack.Name] {
				t.Fatalf("%d agents of rack %s remain, want %d", rack.Agents, rack.Name, want[rack.Name])
			}
		}
	})
}

// Limits hold at every moment; the least is within what there is; and what repeats is rehearsed once with the same result.
func TestRehearsalKeepsLimitsAndRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		question := drawQuestion(t, true, true)
		seen, err := Look(question)
		if err != nil {
			t.Fatal(err)
		}
		whole := seen.Capacity.Cluster
		if whole.Agents < 0 || whole.Agents > whole.Whole || whole.Left.CPUs < 0 || whole.Left.CPUs > whole.Total.CPUs || whole.Left.MemMB < 0 {
			t.Fatalf("%+v", whole)
		}
		for _, opening := range seen.Openings {
			window := opening.Window
			alone := len(question.Windows) == 1 // what another withholds already takes no room
			if most := window.MaxUnavailable; alone && most != (filters.LimitValue{}) && window.Per == "" && opening.Reached > most.Of(question.Roster.Len()) {
				t.Fatalf("%s reaches %d agents, and may %v", window.Name, opening.Reached, most)
			}
			if most := question.Limits.Cluster; most.Count > 0 && opening.Reached > most.Count {
				t.Fatalf("%s reaches %d agents, and max_withheld is %v", window.Name, opening.Reached, most)
			}
			if opening.Why == "" && !window.Runs() && opening.Reached != window.Matches {
				t.Fatalf("%s reaches %d of %d agents, and nobody says why", window.Name, opening.Reached, window.Matches)
			}
		}
		nobodys, _ := scheduler.CompileFreezes([]scheduler.Freeze{{Name: "nobody's", From: "2027-01-01", To: "2027-12-31", Windows: []string{"nobody"}}})
		question.Freezes = nobodys // nothing is taken for a repetition
		again, err := Look(question)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again.Capacity, seen.Capacity, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if !slices.EqualFunc(again.Openings, seen.Openings, func(a, b *Opening) bool { return a.Reached == b.Reached && a.Why == b.Why }) {
			t.Fatal("repetitions reach other agents")
		}
	})
}

// Windows of which the state shows an agent in common are never thought to be apart without it.
func TestMayShareMissesNothing(t *testing.T) {
	roster := fleet()
	groups := map[string]filters.Group{"bench": {Hosts: []string{"web-00*", "WEB-400"}, Attributes: []filters.Attribute{{Name: "rack", Value: "r7"}}}}
	draw := func(t *rapid.T, name string) *scheduler.Window {
		definition := scheduler.Definition{Schedule: "@daily", Duration: "1h"}
		definition.Targets = rapid.SliceOfN(rapid.SampledFrom([]string{"web-1*", "web-12?", "web-[23]*", "*-400", "web-123", "@bench", "db-*"}), 0, 2).Draw(t, "targets")
		if rack := rapid.IntRange(-5, 9).Draw(t, "rack"); rack >= 0 || len(definition.Targets) == 0 {
			definition.Attributes = map[string]string{"rack": fmt.Sprintf("r%d", max(rack, 0))}
		}
		window, problems := scheduler.Compile(name, definition)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return window
	}
	rapid.Check(t, func(t *rapid.T) {
		one, other := draw(t, "one"), draw(t, "other")
		question := Question{Roster: roster, Groups: groups}
		if inCommon(pair{aim(one, &question), aim(other, &question)}, groups) > 0 && !mayShare(one, other, groups) {
			t.Errorf("%v and %v have agents in common", one.Definition, other.Definition)
		}
	})
}
