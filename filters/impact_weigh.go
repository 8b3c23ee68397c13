package filters

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
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

// Weigh returns what draining the agents would cost, as of the newest reading. An error with code Limited says that one
// command may not name so many (invariant 15), or, if it is no dry run, that `max_withheld` has no room for them.
func (s *Service) Weigh(ctx context.Context, request Request, verb Verb, agents []*Agent) (Impact, error) {
	c := s.begin(request, verb)
	c.result.Plan.Steps = stepsOf(ModeDrain, agents)
	if err := s.bound(c); err != nil {
		return Impact{}, err
	}
	impact := s.impact(ctx, &c.result.Plan)
	if impact.Exceeds != "" && !request.DryRun {
		return impact, &Error{Code: Limited, Wrong: "this is " + impact.Exceeds, Try: "Name fewer, or give others back first"}
	}
	return impact, nil
}

// Cost returns what the agents' filters of the mode would cost, as Weigh does, whatever the limits say: to be held against what
// somebody agreed to, or only to be shown.
func (s *Service) Cost(ctx context.Context, mode Mode, agents []*Agent) Impact {
	return s.impact(ctx, &Plan{Cluster: s.config.Cluster, Steps: stepsOf(mode, agents)})
}

func stepsOf(mode Mode, agents []*Agent) []Step {
	steps := make([]Step, len(agents))
	for i, agent := range agents {
		steps[i] = Step{agent.ID, agent.Hostname, mode}
	}
	return steps
}

// surveyTime bounds how long others are asked for what a plan costs: people wait for the answer.
const surveyTime = time.Second

// impact works out the plan's blast radius from the newest reading and from what others tell.
func (s *Service) impact(ctx context.Context, plan *Plan) Impact {
	w := s.weigh(plan)
	w.ask(ctx)
	w.countTasks()
	w.countVolumes()
	w.countOperations()
	w.countRoles()
	w.impact.Exceeds = s.exceeds(plan, &w.impact)
	return w.impact
}

// ask asks others, at the same time.
func (w *weighing) ask(ctx context.Context) {
	survey, apps := w.service.config.Survey, w.service.config.Apps
	if survey == nil && apps == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	var asked sync.WaitGroup
	if survey != nil {
		asked.Go(func() { w.demands = survey.Demands(ctx) })
	}
	var unknown error
	if apps != nil {
		asked.Go(func() { w.impact.Last, unknown = apps.Last(ctx, w.agents()) })
	}
	asked.Wait()
	w.impact.Down, w.impact.Unread = w.demands.Down, slices.Clone(w.demands.Unread)
	if unknown != nil {
		w.impact.Unread = append(w.impact.Unread, "last instances")
	}
}

// weighing is an impact on its way.
type weighing struct {
	service *Service
	plan    map[AgentID]Mode
	impact  Impact
	racks   map[string]*RackImpact
	free    Resources // for whatever role, of agents that would still take tasks
	freed   Resources // the same, of those that the plan withholds
	roles   map[string]*holding
	volumes map[string]*VolumeImpact
	demands Demands
}

// holding is what one role has of the cluster: after the plan, and what the plan takes from it.
type holding struct{ kept, lost Resources }

// weigh goes over every agent once.
func (s *Service) weigh(plan *Plan) *weighing {
	roster := s.config.State.Roster()
	w := &weighing{
		service: s, plan: make(map[AgentID]Mode, len(plan.Steps)), racks: map[string]*RackImpact{}, roles: map[string]*holding{}, volumes: map[string]*VolumeImpact{},
		impact: Impact{AsOf: roster.AsOf(), Total: roster.Len(), Tasks: map[string]int{}, Away: len(roster.View().Recovered)},
	}
	for _, step := range plan.Steps {
		w.plan[step.Agent] = step.Mode
	}
	for agent := range roster.All() {
		w.agent(agent)
	}
	w.unlisted(plan)
	for _, name := range slices.Sorted(maps.Keys(w.racks)) {
		if rack := w.racks[name]; rack.Agents > 0 {
			w.impact.Racks = append(w.impact.Racks, *rack)
		}
	}
	return w
}

func (w *weighing) agent(agent *Agent) {
	mode, planned := w.plan[agent.ID]
	ours := len(w.service.config.Book.Standing(agent.ID)) > 0
	foreign := !ours && w.service.foreign(agent)
	takes := !ours && !foreign && agent.Connected()
	w.impact.count(agent, ours, foreign, planned)
	w.impact.Whole = w.impact.Whole.Add(agent.Resources)
	rack := w.rack(agent, ours, planned)
	if takes && !planned {
		left := agent.Unheld()
		w.impact.Left, rack.Left = w.impact.Left.Add(left), rack.Left.Add(left)
	}
	switch {
	case takes && planned:
		w.freed = w.freed.Add(agent.Free())
	case takes:
		w.free = w.free.Add(agent.Free())
	}
	if agent.Claims != nil {
		w.claims(agent.Claims, takes, planned, planned && mode != ModeFilter && mode != ModeSchedule)
	}
}

// unlisted counts the plan's agents that the reading does not list, which are withheld as others are, and its machines that have none.
func (w *weighing) unlisted(plan *Plan) {
	for _, step := range plan.Steps {
		if step.Agent == "" {
			w.impact.Unlisted++
		}
	}
	for id := range w.plan {
		if id == "" || w.service.config.State.Roster().Agent(id) != nil {
			continue
		}
		w.impact.Unlisted++
		if len(w.service.config.Book.Standing(id)) == 0 {
			w.impact.Agents++
		}
	}
}

func (i *Impact) count(agent *Agent, ours, foreign, planned bool) {
	switch {
	case ours:
		i.Withheld++
	case foreign:
		i.Foreign++
	case !planned && !agent.Connected():
		i.Away++
	}
	if planned && !ours {
		i.Agents++
	}
}

// rack counts the agent in its rack; one without a rack in one that is not kept.
func (w *weighing) rack(agent *Agent, ours, planned bool) *RackImpact {
	name := agent.Rack()
	rack := w.racks[name]
	if rack == nil {
		rack = &RackImpact{Rack: name}
		w.racks[name] = rack
	}
	if name == "" {
		return rack
	}
	rack.Total++
	rack.Whole = rack.Whole.Add(agent.Resources)
	if ours {
		rack.Withheld++
	}
	if planned && !ours {
		rack.Agents++
	}
	return rack
}

// claims counts what roles hold of an agent. What tasks use is kept unless the plan kills them; what is reserved and idle is
// of use only on an agent that takes tasks.
func (w *weighing) claims(claims *Claims, takes, planned, kills bool) {
	for i := range claims.Shares {
		share := &claims.Shares[i]
		role := w.roles[share.Role]
		if role == nil {
			role = &holding{}
			w.roles[share.Role] = role
		}
		if kills {
			role.lost = role.lost.Add(share.Used)
		} else {
			role.kept = role.kept.Add(share.Used)
		}
		switch {
		case takes && planned:
			role.lost = role.lost.Add(share.Idle)
		case takes:
			role.kept = role.kept.Add(share.Idle)
		}
	}
	if !planned {
		return
	}
	for _, volume := range claims.Volumes {
		sum := w.volumes[volume.Role]
		if sum == nil {
			sum = &VolumeImpact{Role: volume.Role}
			w.volumes[volume.Role] = sum
		}
		sum.Count, sum.SizeMB = sum.Count+1, sum.SizeMB+volume.SizeMB
		if volume.Principal != "" && !slices.Contains(sum.Principals, volume.Principal) && len(sum.Principals) < briefMost {
			sum.Principals = append(sum.Principals, volume.Principal)
		}
	}
}

// agents are those of the plan.
func (w *weighing) agents() []AgentID { return slices.Sorted(maps.Keys(w.plan)) }

// countTasks counts what runs on the plan's agents.
func (w *weighing) countTasks() {
	load, known := w.workload()
	w.impact.TasksKnown = known
	if !known {
		return
	}
	w.impact.States, w.impact.Oldest = load.States, load.Oldest
	for framework, count := range load.Tasks {
		if count == 0 {
			continue
		}
		w.impact.Tasks[framework] = count
		if count == load.Everywhere[framework] {
			w.impact.Alone = append(w.impact.Alone, framework)
		}
	}
	slices.Sort(w.impact.Alone)
}

// workload is the survey's; without one, tasks are counted agent by agent.
func (w *weighing) workload() (Workload, bool) {
	if survey := w.service.config.Survey; survey != nil {
		return survey.Workload(w.agents())
	}
	load := Workload{Tasks: map[string]int{}, Everywhere: map[string]int{}}
	for agent := range w.service.config.State.Roster().All() {
		tasks, known := w.service.config.State.Tasks(agent.ID)
		if !known {
			return Workload{}, false
		}
		_, planned := w.plan[agent.ID]
		for framework, count := range tasks {
			if load.Everywhere[framework] += count; planned {
				load.Tasks[framework] += count
			}
		}
	}
	return load, true
}

func (w *weighing) countVolumes() {
	for _, role := range slices.Sorted(maps.Keys(w.volumes)) {
		volumes := w.volumes[role]
		slices.Sort(volumes.Principals)
		names := w.demands.Subscribers[role]
		volumes.Frameworks = names[:min(len(names), briefMost):min(len(names), briefMost)]
		w.impact.Volumes = append(w.impact.Volumes, *volumes)
	}
}

func (w *weighing) countOperations() {
	counts := map[OperationImpact]int{}
	for _, pending := range w.demands.Operations {
		if _, planned := w.plan[pending.Agent]; planned {
			counts[OperationImpact{Type: pending.Type, Framework: pending.Framework}]++
		}
	}
	for kind, count := range counts {
		kind.Count = count
		w.impact.Operations = append(w.impact.Operations, kind)
	}
	slices.SortFunc(w.impact.Operations, func(a, b OperationImpact) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Type, b.Type), strings.Compare(a.Framework, b.Framework))
	})
}

// countRoles says what is left to the roles that have a quota, and to those that hold something of the plan's agents. A quota
// can be met while what the role holds, what is reserved for it, and what is free cover it.
func (w *weighing) countRoles() {
	quotas := map[string]Quota{}
	for _, quota := range w.demands.Quotas {
		quotas[quota.Role] = quota
		if w.roles[quota.Role] == nil {
			w.roles[quota.Role] = &holding{}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.roles)) {
		role, quota := w.roles[name], quotas[name]
		if quota.Role == "" && role.lost == (Resources{}) {
			continue
		}
		could := role.kept.Add(w.free)
		before := could.Add(role.lost).Add(w.freed)
		told := RoleImpact{Role: name, Could: could, Guarantee: quota.Guarantee, Limit: quota.Limit}
		switch {
		case before.Covers(quota.Guarantee) && !could.Covers(quota.Guarantee):
			told.Short = ShortGuarantee
		case before.Covers(quota.Limit) && !could.Covers(quota.Limit):
			told.Short = ShortLimit
		}
		w.impact.Roles = append(w.impact.Roles, told)
	}
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
