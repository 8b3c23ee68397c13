package preview

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cordon/filters"
)

// Capacity is what remains of the cluster at the worst moments of the preview. It counts what windows withhold, all of a
// run's agents that can be under way at once among them, the largest first; not what people do.
type Capacity struct {
	Agents  int // in the saved state
	Idle    int // of them take no tasks already: deactivated, or away
	Cluster Remaining
	Racks   []Remaining // that windows touch, those with the smallest part left first
}

// Remaining is the least that takes tasks. Each number is the least of its own; the moment is when agents are fewest.
type Remaining struct {
	Name          string // of the rack
	Agents, Whole int
	Left, Total   filters.Resources
	At            time.Time // the first such moment; zero: windows withhold nothing
	By            []string  // the windows that are open then
}

// tally adds up agents and what they have, exactly: thousandths of CPUs, kibibytes.
type tally struct {
	agents    int
	cpus, mem int64
}

func tallyOf(agent *filters.Agent) tally {
	return tally{1, int64(math.Round(agent.Resources.CPUs * 1000)), int64(math.Round(agent.Resources.MemMB * 1024))}
}

func (t tally) minus(other tally) tally {
	return tally{t.agents - other.agents, t.cpus - other.cpus, t.mem - other.mem}
}

func (t tally) plus(other tally) tally {
	return tally{t.agents + other.agents, t.cpus + other.cpus, t.mem + other.mem}
}

func (t tally) resources() filters.Resources {
	return filters.Resources{CPUs: float64(t.cpus) / 1000, MemMB: float64(t.mem) / 1024}
}

// cluster is the scope of the whole; every other is a rack's name.
const cluster = ""

// least is the least that remained in a scope so far.
type least struct {
	tally
	at time.Time
	by []string
}

// rehearsal withholds agents as windows open and gives them back as they close, in the saved state.
type rehearsal struct {
	question *Question
	held     map[filters.AgentID]int   // by how many openings
	count    map[string]map[string]int // attribute ("": all), value: withheld agents
	whole    map[string]map[string]int // the same of all agents
	total    map[string]tally          // scope: all agents
	left     map[string]tally          // scope: agents that take tasks
	least    map[string]least          // scope
	parts    map[*Window]map[string][][]*filters.Agent
	known    map[string][]*Opening // what was rehearsed already, by its outline
	open     []*stay
}

// stay is an opening while it is open.
type stay struct {
	*Opening
	waiting, held []*filters.Agent
}

// rehearse opens and closes everything once and sees what remains.
func (p *Preview) rehearse(question *Question) *Capacity {
	r := newRehearsal(question, p.Windows)
	withheld := slices.DeleteFunc(p.opened(), func(opening *Opening) bool { return !opening.Window.Withholds() })
	for _, episode := range episodes(withheld) {
		r.play(episode)
	}
	return r.capacity()
}

func newRehearsal(question *Question, windows []*Window) *rehearsal {
	r := &rehearsal{
		question: question, held: map[filters.AgentID]int{}, count: map[string]map[string]int{}, whole: map[string]map[string]int{},
		total: map[string]tally{}, left: map[string]tally{}, least: map[string]least{},
		parts: map[*Window]map[string][][]*filters.Agent{}, known: map[string][]*Opening{},
	}
	attributes := map[string]bool{"": true, filters.RackAttribute: true}
	for _, window := range windows {
		attributes[window.Per] = true
	}
	for attribute := range attributes {
		r.count[attribute], r.whole[attribute] = map[string]int{}, map[string]int{}
	}
	for agent := range question.Roster.All() {
		for attribute := range attributes {
			if value, counted := valueOf(agent, attribute); counted {
				r.whole[attribute][value]++
			}
		}
		for _, scope := range scopes(agent) {
			r.total[scope] = r.total[scope].plus(tallyOf(agent))
			if takesTasks(agent) {
				r.left[scope] = r.left[scope].plus(tallyOf(agent))
			}
		}
	}
	return r
}

func takesTasks(agent *filters.Agent) bool {
	return agent.Active && !agent.Deactivated && !agent.Filtered
}

func scopes(agent *filters.Agent) []string {
	if rack := agent.Rack(); rack != "" {
		return []string{cluster, rack}
	}
	return []string{cluster}
}

// valueOf is what a limit over the attribute counts the agent under; one without the attribute is not counted.
func valueOf(agent *filters.Agent, attribute string) (string, bool) {
	if attribute == "" {
		return "", true
	}
	value := agent.Attribute(attribute)
	return value, value != ""
}

// episodes are openings that are open one over the other, apart from others: between two nothing is withheld.
func episodes(opened []*Opening) [][]*Opening {
	var episodes [][]*Opening
	var end time.Time
	for _, opening := range opened {
		if len(episodes) == 0 || !opening.Opens.Before(end) {
			episodes = append(episodes, nil)
		}
		last := len(episodes) - 1
		episodes[last] = append(episodes[last], opening)
		if opening.End.After(end) {
			end = opening.End
		}
	}
	return episodes
}

// play goes through an episode. One with the same outline as an earlier one goes as that did.
func (r *rehearsal) play(episode []*Opening) {
	outline, plain := r.outline(episode)
	if known, ok := r.known[outline]; ok && plain {
		for i, opening := range episode {
			opening.Reached, opening.Why = known[i].Reached, known[i].Why
		}
		return
	}
	for _, at := range r.moments(episode) {
		r.close(at)
		for _, opening := range episode {
			if opening.Opens.Equal(at) {
				r.enter(opening)
			}
		}
		r.fill(at)
		r.measure(at)
	}
	if plain {
		r.known[outline] = episode
	}
}

// outline is what an episode's course depends on, if no freeze comes into it.
func (r *rehearsal) outline(episode []*Opening) (outline string, plain bool) {
	var text strings.Builder
	begin, end := episode[0].Opens, episode[0].End
	for _, opening := range episode {
		text.WriteString(opening.Window.Name + opening.Opens.Sub(begin).String() + "/" + opening.End.Sub(begin).String() + " ")
		if opening.End.After(end) {
			end = opening.End
		}
	}
	for _, period := range r.question.Freezes.Periods() {
		if period.From.Before(end) && period.To.After(begin) {
			return "", false
		}
	}
	return text.String(), true
}

// moments are when something may change: openings, ends, and ends of freezes.
func (r *rehearsal) moments(episode []*Opening) []time.Time {
	var moments []time.Time
	for _, opening := range episode {
		moments = append(moments, opening.Opens, opening.End)
		for _, period := range r.question.Freezes.Periods() {
			if period.To.After(opening.Opens) && period.To.Before(opening.End) {
				moments = append(moments, period.To)
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	return slices.CompactFunc(moments, time.Time.Equal)
}

func (r *rehearsal) enter(opening *Opening) {
	entered := &stay{Opening: opening}
	if !opening.Window.Runs() {
		entered.waiting = opening.Window.agents
	}
	r.open = append(r.open, entered)
}

func (r *rehearsal) close(at time.Time) {
	r.open = slices.DeleteFunc(r.open, func(open *stay) bool {
		if open.End.After(at) {
			return false
		}
		for _, agent := range open.held {
			r.give(agent)
		}
		return true
	})
}

// fill withholds what waits, as far as limits, cutoffs and freezes let it.
func (r *rehearsal) fill(at time.Time) {
	for _, open := range r.open {
		if len(open.waiting) == 0 || !at.Before(open.End.Add(-open.Window.Cutoff)) {
			continue
		}
		if _, frozen := r.question.Freezes.At(at, open.Window.Name); frozen {
			continue
		}
		var waiting []*filters.Agent
		open.Why = ""
		for _, agent := range open.waiting {
			if why := r.full(open.Window, agent); why != "" {
				waiting, open.Why = append(waiting, agent), cmp.Or(open.Why, why)
				continue
			}
			r.take(agent)
			open.held = append(open.held, agent)
		}
		open.waiting, open.Reached = waiting, len(open.held)
	}
}

// full says which limit leaves no room for the agent, in a phrase.
func (r *rehearsal) full(window *Window, agent *filters.Agent) string {
	if r.held[agent.ID] > 0 {
		return ""
	}
	limits := r.question.Limits
	switch {
	case r.over(agent, "", limits.Cluster):
		return "max_withheld of the cluster leaves no room"
	case r.over(agent, filters.RackAttribute, limits.Rack):
		return "max_withheld of each rack leaves no room"
	case !r.over(agent, window.Per, window.MaxUnavailable):
		return ""
	case window.Per == "":
		return "max_unavailable " + window.Definition.MaxUnavailable + " leaves no room"
	}
	return "max_unavailable " + window.Definition.MaxUnavailable + " of each " + window.Per + " leaves no room"
}

func (r *rehearsal) over(agent *filters.Agent, attribute string, limit filters.LimitValue) bool {
	value, counted := valueOf(agent, attribute)
	return counted && limit != (filters.LimitValue{}) && r.count[attribute][value] >= limit.Of(r.whole[attribute][value])
}

func (r *rehearsal) take(agent *filters.Agent) {
	if r.held[agent.ID]++; r.held[agent.ID] == 1 {
		r.move(agent, 1)
	}
}

func (r *rehearsal) give(agent *filters.Agent) {
	if r.held[agent.ID]--; r.held[agent.ID] == 0 {
		delete(r.held, agent.ID)
		r.move(agent, -1)
	}
}

// move counts the agent as withheld, or no more.
func (r *rehearsal) move(agent *filters.Agent, by int) {
	for attribute := range r.count {
		if value, counted := valueOf(agent, attribute); counted {
			r.count[attribute][value] += by
		}
	}
	if !takesTasks(agent) {
		return
	}
	for _, scope := range scopes(agent) {
		if by > 0 {
			r.left[scope] = r.left[scope].minus(tallyOf(agent))
		} else {
			r.left[scope] = r.left[scope].plus(tallyOf(agent))
		}
	}
}

// measure notes where less is left than ever before.
func (r *rehearsal) measure(at time.Time) {
	if len(r.open) == 0 {
		return
	}
	touched := map[string]bool{}
	for _, open := range r.open {
		for scope := range r.partsOf(open.Window) {
			touched[scope] = true
		}
	}
	for scope := range touched {
		left := r.left[scope].minus(r.underWay(scope))
		known, measured := r.least[scope]
		if !measured {
			known.tally = left
		}
		if !measured || left.agents < known.agents {
			known.agents, known.at, known.by = left.agents, at, r.openWindows(scope)
		}
		known.cpus, known.mem = min(known.cpus, left.cpus), min(known.mem, left.mem)
		r.least[scope] = known
	}
}

func (r *rehearsal) openWindows(scope string) []string {
	var names []string
	for _, open := range r.open {
		if len(r.partsOf(open.Window)[scope]) > 0 {
			names = append(names, open.Window.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// The two orders in which a run's agents are taken for the worst.
const (
	byCPUs = iota
	byMemory
)

// partsOf are the window's agents that take tasks, by scope, in both orders.
func (r *rehearsal) partsOf(window *Window) map[string][][]*filters.Agent {
	if parts, ok := r.parts[window]; ok {
		return parts
	}
	byScope := map[string][]*filters.Agent{}
	for _, agent := range window.agents {
		for _, scope := range scopes(agent) {
			if takesTasks(agent) {
				byScope[scope] = append(byScope[scope], agent)
			}
		}
	}
	parts := map[string][][]*filters.Agent{}
	for scope, agents := range byScope {
		parts[scope] = [][]*filters.Agent{
			slices.SortedStableFunc(slices.Values(agents), func(a, b *filters.Agent) int { return cmp.Compare(b.Resources.CPUs, a.Resources.CPUs) }),
			slices.SortedStableFunc(slices.Values(agents), func(a, b *filters.Agent) int { return cmp.Compare(b.Resources.MemMB, a.Resources.MemMB) }),
		}
	}
	r.parts[window] = parts
	return parts
}

// underWay is the most that runs can withhold at once in the scope beside what windows do.
func (r *rehearsal) underWay(scope string) tally {
	cpus, mem := r.largest(scope, byCPUs), r.largest(scope, byMemory)
	return tally{cpus.agents, cpus.cpus, mem.mem}
}

func (r *rehearsal) largest(scope string, order int) tally {
	var sum tally
	used := map[filters.AgentID]bool{}
	for _, open := range r.open {
		if !open.Window.Runs() {
			continue
		}
		parts, taken := r.partsOf(open.Window)[scope], 0
		if len(parts) == 0 {
			continue
		}
		for _, agent := range parts[order] {
			if taken == open.Window.Parallel() {
				break
			}
			if r.held[agent.ID] == 0 && !used[agent.ID] {
				used[agent.ID] = true
				sum, taken = sum.plus(tallyOf(agent)), taken+1
			}
		}
	}
	return sum
}

// capacity sums up what was seen.
func (r *rehearsal) capacity() *Capacity {
	capacity := &Capacity{Agents: r.total[cluster].agents, Idle: r.total[cluster].agents - r.left[cluster].agents, Cluster: r.remaining(cluster)}
	for _, scope := range slices.Sorted(maps.Keys(r.least)) {
		if scope != cluster {
			capacity.Racks = append(capacity.Racks, r.remaining(scope))
		}
	}
	slices.SortStableFunc(capacity.Racks, func(a, b Remaining) int {
		return cmp.Compare(a.Agents*max(b.Whole, 1), b.Agents*max(a.Whole, 1))
	})
	return capacity
}

func (r *rehearsal) remaining(scope string) Remaining {
	seen, ok := r.least[scope]
	if !ok {
		seen = least{tally: r.left[scope]}
	}
	total := r.total[scope]
	return Remaining{Name: scope, Agents: seen.agents, Whole: total.agents, Left: seen.resources(), Total: total.resources(), At: seen.at, By: seen.by}
}
