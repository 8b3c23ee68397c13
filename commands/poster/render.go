package poster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/scheduler"
)

// Scene is what a message tells beside its notice: the cluster as it is when it is rendered.
type Scene struct {
	Cluster string
	Now     time.Time // UTC
	// Tasks are those that run on the notice's agents, by framework; nil: not known.
	Tasks           map[string]int
	Withheld, Total int // agents under filters, and all; Total 0: not known
	// Started tells whether tasks were started on the agents of a drift while they took tasks; nil: not known.
	Started *bool
	// Terse leaves the time that is left out: where there are too many messages to keep it true.
	Terse   bool
	Observe bool // nothing is sent to the master
	// Held says why nothing is given back just now; empty: it is. Trouble says what is wrong with the master; empty: nothing.
	Held, Trouble string

	// Of a window: as it is defined now (nil: not known), what its opening withholds now, and the hosts of the first agents
	// that wait.
	Window  *scheduler.Window
	Under   Standing
	Waiting []string
}

// Render returns the notice's message as it should stand now. It is pure.
func Render(notice Notice, scene Scene) Message {
	message := Message{Key: notice.Key}
	switch notice.Topic {
	case TopicFilter, TopicDrift, TopicForeign, TopicNag:
		if len(notice.Agents) == 0 {
			message.Lines = []commands.Line{commands.Say("no agent is known of this yet")}
			return message
		}
	}
	switch notice.Topic {
	case TopicFilter:
		message.Lines, message.Buttons = renderFilter(&notice, scene)
	case TopicDrift:
		message.Lines = renderDrift(&notice, scene)
	case TopicForeign:
		message.Lines, message.Buttons = renderForeign(&notice)
	case TopicQuestion:
		message.Lines, message.Buttons = renderQuestion(&notice, scene)
	case TopicNag:
		message.Lines, message.Buttons = renderNag(&notice, scene)
	case TopicFreeze:
		message.Lines = renderFreeze(&notice, scene)
	case TopicLock:
		message.Lines = renderLock(&notice, scene)
	case TopicSink:
		message.Lines = renderSink(&notice)
	case TopicFailover:
		message.Lines = renderFailover(&notice, scene)
	case TopicAnnounce:
		message.Lines, message.Buttons = renderAnnounce(&notice, scene)
	case TopicPassed:
		message.Lines = renderPassed(&notice, scene)
	case TopicOccurrence:
		message.Lines, message.Buttons = renderOccurrence(&notice, scene)
	case TopicWindow:
		message.Lines, message.Buttons = renderWindow(&notice, scene)
	case TopicRun:
		message.Lines, message.Buttons = renderRun(&notice, scene)
	case TopicConfirm:
		message.Lines, message.Buttons = renderConfirm(&notice, scene)
	case TopicDigest:
		message.Lines = renderDigest(&notice, scene)
	case TopicShift:
		message.Lines = renderShift(&notice, scene)
	case TopicMachines:
		message.Lines, message.Buttons = renderMachines(&notice, scene)
	case TopicRemind:
		message.Lines = renderRemind(&notice, scene)
	case TopicMeddled:
		message.Lines = renderMeddled(&notice)
	case TopicApproval:
		message.Lines, message.Buttons = renderApproval(&notice, scene)
	}
	if scene.Trouble != "" && notice.waits() {
		message.Lines = append(message.Lines, commands.Say("⚠ It waits for the master, which cannot be asked just now: ", commands.Strong(scene.Trouble)))
	}
	return message
}

// waits tells whether something that the notice tells of is yet to be done by the master.
func (n *Notice) waits() bool {
	switch {
	case !n.open():
		return false
	case n.Topic == TopicMachines:
		return len(n.sortedMachines(func(m *Machine) bool { return m.Phase.Pending() })) > 0
	case n.Topic == TopicFilter:
		return len(n.sorted(pending)) > 0 || n.givesBack()
	case n.Topic == TopicRun && n.Run != nil:
		return len(n.Run.Doing) > 0 || n.givesBack()
	}
	return false
}

// pending tells whether an agent is yet to be withheld.
func pending(agent *Agent) bool {
	return standing(agent) && (agent.State == filters.StateRecorded || agent.State == filters.StateAccepted)
}

// sorted returns the agents that have the property, by hostname.
func (n *Notice) sorted(property func(*Agent) bool) []*Agent {
	agents := slices.DeleteFunc(slices.Collect(maps.Values(n.Agents)), func(a *Agent) bool { return !property(a) })
	slices.SortFunc(agents, func(a, b *Agent) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Filter, b.Filter), a.Since.Compare(b.Since))
	})
	return agents
}

func all(*Agent) bool            { return true }
func standing(agent *Agent) bool { return agent.Ended.IsZero() && !agent.Settled }
func ended(agent *Agent) bool    { return !standing(agent) }

func hosts(agents []*Agent) []string {
	names := make([]string, len(agents))
	for i, agent := range agents {
		names[i] = agent.Host
	}
	return slices.Compact(names)
}

// headline says what hosts do: one by name, several by number.
func headline(sign string, names []string, one, several string) commands.Line {
	if len(names) == 1 {
		return commands.Say(sign+" ", commands.Strong(names[0]+" "+one))
	}
	return commands.Say(sign+" ", commands.Strong(commands.Count(len(names), "agent")+" "+several))
}

// listing names several hosts; one stands in the headline already.
func listing(names []string) []commands.Line {
	if len(names) < 2 {
		return nil
	}
	return []commands.Line{commands.Say(commands.List(names, 0))}
}

func why(reason string) commands.Line {
	if reason == "" {
		return commands.Say("no reason given")
	}
	return commands.Say(reason)
}

func by(owner string) commands.Line {
	if owner == "" {
		return nil
	}
	return commands.Say("by ", commands.Holder(owner, nil))
}

// progress says how far placing the filters has come: the least of them counts.
func progress(agents []*Agent, now time.Time) commands.Line {
	if len(agents) == 0 {
		return nil
	}
	counts := map[filters.ChangeState]int{}
	var newest time.Time
	for _, agent := range agents {
		counts[agent.State]++
		if agent.Since.After(newest) {
			newest = agent.Since
		}
	}
	whole := len(agents)
	partly := func(word string, done int) commands.Line {
		if done == whole {
			return commands.Say(word+" ", commands.Clock(newest, now))
		}
		return commands.Say(word + " for " + strconv.Itoa(done) + " of " + strconv.Itoa(whole))
	}
	verified, accepted := counts[filters.StateVerified], counts[filters.StateAccepted]
	switch {
	case counts[filters.StateFailed] == whole:
		return commands.Say(commands.Strong("refused by the master"))
	case verified == whole || verified > 0 && accepted == 0:
		return partly("confirmed", verified)
	case verified > 0:
		return commands.Say(fmt.Sprintf("confirmed for %d, done for %d of %d", verified, verified+accepted, whole))
	case accepted > 0:
		return partly("done, the master said yes", accepted)
	}
	return partly("asked", whole)
}

// givesBack tells whether all that the notice is about is to be given back, and is not yet.
func (n *Notice) givesBack() bool {
	switch {
	case !n.open():
		return false
	case n.Topic == TopicMachines:
		return len(n.sortedMachines(returning)) > 0
	case n.Topic == TopicFilter, n.Topic == TopicRun && n.drains() && n.Run.State.Phase.Over():
		return len(n.Agents) > 0 && len(n.sorted(standing)) == 0
	}
	return false
}

// notYet says why what is to be given back is not, and what can be typed.
func notYet(scene Scene) []commands.Line {
	if scene.Held == "" {
		return nil
	}
	line := append(commands.Say("Not yet: "), commands.People(scene.Held)...)
	if strings.HasPrefix(scene.Held, "locked") {
		line = append(line, commands.Say(". ", commands.Literal("/mesos unlock --dry-run"), " shows what waits for it")...)
	}
	return []commands.Line{line}
}
