package mesos

import (
	"testing"

	"cordon/filters"
	simmesos "cordon/internal/sim/mesos"
)

// hostile is what a program may be called.
const hostile = "<!channel> `user:UEVIL` *x*\nby user:UEVIL\x1b\u202e"

// Whatever a cluster calls its things, nothing is read of a name that could live in what we say.
func TestNamesAreReadInert(t *testing.T) {
	want := filters.Inert(hostile)
	for _, version := range []string{"1.12.0", "1.0.1"} {
		t.Run(version, func(t *testing.T) {
			cluster := simulate(t, func(c *simmesos.Config) {
				c.Version, c.Allocator = version, true
				c.Agents = append(c.Agents, simmesos.AgentConfig{Hostname: hostile, IP: "127.0.0.14", Attributes: map[string]string{hostile: hostile}})
				c.Frameworks = []simmesos.FrameworkConfig{{Name: hostile}}
			})
			must(t, cluster.Launch("web", 1, "agent-one"))
			m := join(t, cluster, true, nil)
			view, err := m.Read(t.Context())
			must(t, err)
			if agent := named(t, view, want); len(agent.Attributes) != 1 || agent.Attributes[0] != (filters.Attribute{Name: want, Value: want}) {
				t.Errorf("attributes: %q", agent.Attributes)
			}
			one := named(t, view, "agent-one").ID
			eventually(t, "its task is counted under its framework's name", func() bool {
				tasks, known := m.Tasks(one)
				return known && tasks[want] == 1
			})
		})
	}
}

func TestOlderAndSavedNamesAreReadInert(t *testing.T) {
	want := filters.Inert(hostile)
	old := (&slave{ID: "S1", Hostname: hostile}).agent()
	saved := (&savedInfo{Hostname: hostile, Attributes: []savedValue{{Name: hostile, Text: savedText{hostile}}}}).agent()
	if old.Hostname != want || saved.Hostname != want || saved.Attributes[0] != (filters.Attribute{Name: want, Value: want}) {
		t.Errorf("%q %q %q", old.Hostname, saved.Hostname, saved.Attributes)
	}
}
