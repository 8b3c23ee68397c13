package filters

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheRosterFindsAgentsAsASearchThroughAllOfThemDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[aAbBkKſ]{1,2}`)
		var agents []Agent
		for i := range rapid.IntRange(0, 40).Draw(t, "agents") {
			agents = append(agents, Agent{ID: AgentID(fmt.Sprintf("S%d", i)), Hostname: host.Draw(t, "host")})
		}
		roster := NewRoster(View{Agents: slices.Clone(agents)})
		for i := range len(agents) + 1 {
			id := AgentID(fmt.Sprintf("S%d", i))
			if found := roster.Agent(id); (found != nil) != (i < len(agents)) || found != nil && found.ID != id {
				t.Fatalf("%s: %v", id, found)
			}
		}
		name := host.Draw(t, "asked for")
		lower := strings.ToLower(name)
		var got, want []string
		for _, agent := range roster.OnHost(name) {
			got = append(got, string(agent.ID))
		}
		for _, agent := range agents {
			if strings.ToLower(agent.Hostname) == lower {
				want = append(want, string(agent.ID))
			}
		}
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Fatalf("on %s: %v, want %v", name, got, want)
		}
	})
}
