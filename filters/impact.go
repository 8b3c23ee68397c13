package filters

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// limits returns what the plan may lead to, in agents, worked out from the percentages of the configuration.
func (s *Service) limits(plan *Plan) *Limits {
	config, roster := s.config.Limits, s.config.State.Roster()
	limits := &Limits{Cluster: config.Cluster.Of(roster.Len())}
	if config.Rack == (LimitValue{}) {
		return limits
	}
	limits.Racks = map[string]int{}
	for rack := range racksOf(roster, plan) {
		limits.Racks[rack] = config.Rack.Of(roster.Sizes(RackAttribute)[rack])
	}
	return limits
}

func racksOf(roster *Roster, plan *Plan) map[string]int {
	racks := map[string]int{}
	for _, step := range plan.Steps {
		if agent := roster.Agent(step.Agent); agent != nil && agent.Rack() != "" {
			racks[agent.Rack()]++
		}
	}
	return racks
}

// Weigh returns what withholding the agents would cost, as of the newest reading. An error with code Limited says that one
// command may not name so many (invariant 15), or, if it is no dry run, that `max_withheld` has no room for them.
func (s *Service) Weigh(request Request, verb Verb, agents []*Agent) (Impact, error) {
	c := s.begin(request, verb)
	for _, agent := range agents {
		c.result.Plan.Steps = append(c.result.Plan.Steps, Step{agent.ID, agent.Hostname, ModeDrain})
	}
	if err := s.bound(c); err != nil {
		return Impact{}, err
	}
	impact := s.impact(&c.result.Plan)
	if impact.Exceeds != "" && !request.DryRun {
		return impact, &Error{Code: Limited, Wrong: "this is " + impact.Exceeds, Try: "Name fewer, or give others back first"}
	}
	return impact, nil
}

// impact works out the plan's blast radius from the newest reading.
func (s *Service) impact(plan *Plan) Impact {
	roster := s.config.State.Roster()
	impact := Impact{AsOf: roster.AsOf(), Total: roster.Len(), TasksKnown: true, Tasks: map[string]int{}}
	inPlan := make(map[AgentID]bool, len(plan.Steps))
	for _, step := range plan.Steps {
		inPlan[step.Agent] = true
	}
	everywhere := map[string]int{}
	racks := map[string]*RackImpact{}
	for agent := range roster.All() {
		ours := len(s.config.Book.Standing(agent.ID)) > 0
		foreign := !ours && s.foreign(agent)
		impact.Whole = impact.Whole.Add(agent.Resources)
		if !ours && !foreign && agent.Connected() && !inPlan[agent.ID] {
			impact.Left = impact.Left.Add(agent.Resources)
		}
		impact.count(ours, foreign, inPlan[agent.ID])
		countRack(racks, agent, ours, inPlan[agent.ID])
		impact.countTasks(s.config.State, agent.ID, inPlan[agent.ID], everywhere)
	}
	impact.Racks = touched(racks)
	impact.Alone = alone(impact.Tasks, everywhere)
	impact.Exceeds = s.exceeds(plan, &impact)
	return impact
}

func (i *Impact) count(ours, foreign, planned bool) {
	switch {
	case ours:
		i.Withheld++
	case foreign:
		i.Foreign++
	}
	if planned && !ours {
		i.Agents++
	}
}

func (i *Impact) countTasks(cluster Cluster, agent AgentID, planned bool, everywhere map[string]int) {
	tasks, known := cluster.Tasks(agent)
	if !known {
		i.TasksKnown = false
		return
	}
	for framework, count := range tasks {
		everywhere[framework] += count
		if planned {
			i.Tasks[framework] += count
		}
	}
}

func countRack(racks map[string]*RackImpact, agent *Agent, ours, planned bool) {
	name := agent.Rack()
	if name == "" {
		return
	}
	rack := racks[name]
	if rack == nil {
		rack = &RackImpact{Rack: name}
		racks[name] = rack
	}
	rack.Total++
	if ours {
		rack.Withheld++
	}
	if planned && !ours {
		rack.Agents++
	}
}

func touched(racks map[string]*RackImpact) []RackImpact {
	var impacts []RackImpact
	for _, rack := range racks {
		if rack.Agents > 0 {
			impacts = append(impacts, *rack)
		}
	}
	slices.SortFunc(impacts, func(a, b RackImpact) int { return cmp.Compare(a.Rack, b.Rack) })
	return impacts
}

func alone(planned, everywhere map[string]int) []string {
	var names []string
	for framework, count := range planned {
		if count > 0 && count == everywhere[framework] {
			names = append(names, framework)
		}
	}
	slices.Sort(names)
	return names
}

// exceeds says which limit the plan would break. The script that writes checks again.
func (s *Service) exceeds(plan *Plan, impact *Impact) string {
	limits := s.limits(plan)
	var broken []string
	if after := impact.Withheld + impact.Agents; limits.Cluster > 0 && impact.Agents > 0 && after > limits.Cluster {
		broken = append(broken, fmt.Sprintf("%d agents of the cluster, %d allowed", after, limits.Cluster))
	}
	for _, rack := range impact.Racks {
		most, limited := limits.Racks[rack.Rack]
		if after := rack.Withheld + rack.Agents; limited && after > most {
			broken = append(broken, fmt.Sprintf("%d of rack %s, %d allowed", after, rack.Rack, most))
		}
	}
	if len(broken) == 0 {
		return ""
	}
	return "more than `max_withheld` allows (" + strings.Join(broken, "; ") + ")"
}

// Frameworks returns the names in tasks, most tasks first.
func Frameworks(tasks map[string]int) []string {
	return slices.SortedFunc(maps.Keys(tasks), func(a, b string) int {
		return cmp.Or(tasks[b]-tasks[a], strings.Compare(a, b))
	})
}
