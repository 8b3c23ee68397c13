package mesos

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// pair is an agent and a framework.
type pair struct{ agent, framework uint32 }

func TestPlacesCountAsAMapDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counted, model := newPlaces(), map[pair]uint32{}
		var placed []uint32
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if len(placed) > 0 && rapid.Bool().Draw(t, "remove") {
				i := rapid.IntRange(0, len(placed)-1).Draw(t, "which")
				at := counted.all[placed[i]]
				model[pair{at.agent, at.framework}]--
				counted.remove(placed[i])
				placed = slices.Delete(placed, i, i+1)
				continue
			}
			at := pair{rapid.Uint32Range(0, 3).Draw(t, "agent"), rapid.Uint32Range(0, 3).Draw(t, "framework")}
			placed = append(placed, counted.add(at.agent, at.framework))
			model[at]++
		}
		for agent := range uint32(4) {
			var got, want []string
			for place := range counted.on(agent) {
				got = append(got, fmt.Sprint(place.framework, place.count))
			}
			for framework := range uint32(4) {
				if count := model[pair{agent, framework}]; count > 0 {
					want = append(want, fmt.Sprint(framework, count))
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Fatalf("agent %d: %v, want %v", agent, got, want)
			}
		}
	})
}

func TestFrameworksThatComeAndGoLeaveNoPlaces(t *testing.T) {
	counted := newPlaces()
	for framework := range uint32(1000) {
		one, other := counted.add(0, framework), counted.add(1, framework)
		counted.remove(one)
		counted.remove(other)
	}
	if len(counted.all) != 3 {
		t.Errorf("%d places for two pairs at a time", len(counted.all)-1)
	}
}
