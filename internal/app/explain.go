package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/commands"
	"cordon/filters"
	"cordon/internal/approval"
	"cordon/internal/config"
)

// ExplainOptions say about what, and what is so meanwhile: nothing outside is asked.
type ExplainOptions struct {
	Config  string // the file
	Cluster string // may be empty where there is one
	Command string // as it is typed in chat
	User    string // who types it, by Slack ID
	// Groups are the user groups that they are in; nil: that is not known.
	Groups []string
	// State is a file with a saved answer of a master. Without one the agents are made up: Agents of the command, beside those that
	// it names, of Of in the cluster, each with the Attributes.
	State      string
	Agents, Of int
	Attributes map[string]string
	Open       bool     // a window is
	Last       []string // what has its last instance there
	At         time.Time
}

// Explained is why the gate of a cluster decides about a command as it does.
type Explained struct {
	approval.Explanation
	Cluster, User string
	Command       commands.Command
	Agents        []*filters.Agent // that it is about
	Of            int              // agents of the cluster
	Forbidden     string           // what allow lacks; empty: nothing
	OnCall        []string         // where it is asked who is on call, level by level
}

// Explain explains a command of somebody's. No secret and no other file of the configuration is needed.
func Explain(ctx context.Context, options ExplainOptions) (*Explained, error) {
	settings, err := config.LoadWithoutFiles(options.Config)
	if err != nil {
		return nil, err
	}
	command, err := commands.Parse(options.Command)
	if err != nil {
		return nil, err
	}
	if options.Cluster == "" {
		options.Cluster = command.Cluster
	}
	name, err := onlyCluster(settings, options.Cluster)
	if err != nil {
		return nil, err
	}
	cluster := settings.Clusters[name]
	told := &Explained{Cluster: name, User: options.User, Command: command, OnCall: levels(&cluster)}
	roster, err := told.meet(&options, groupsOf(cluster.Groups))
	if err != nil {
		return nil, err
	}
	sketch := command.Sketch()
	if !slices.Contains(append(cluster.Allowed(), ""), sketch.Deadly) {
		told.Forbidden = sketch.Deadly
	}
	gate := approval.NewGate(approval.Config{
		Cluster: name, Grants: cluster.Grants(), Rules: cluster.Rules(), Groups: groupsOf(cluster.Groups), Members: said{options.User, options.Groups},
		OnCall: asOnCall(told.OnCall), Roster: func() *filters.Roster { return roster }, Open: func() bool { return options.Open },
		Hosts: func() []string { return slices.Concat(hostsIn(cluster.Masters), hostsIn([]string{settings.Redis.URL})) },
		Now:   func() time.Time { return options.At },
	})
	told.Explanation = gate.Explain(ctx, filters.Ask{
		Actor: filters.Actor{ID: "user:" + options.User, User: options.User}, Plan: told.plan(sketch), Also: sketch.Also, Glass: command.Glass,
		Impact: func() filters.Impact {
			return filters.Impact{Agents: len(told.Agents), Total: told.Of, Last: options.Last}
		},
	})
	return told, nil
}

// plan is what the command would come to, as far as the policy looks at it.
func (e *Explained) plan(sketch commands.Sketch) filters.Plan {
	plan := filters.Plan{Cluster: e.Cluster, Verb: sketch.Verb, Kind: sketch.Kind}
	for _, agent := range e.Agents {
		plan.Steps = append(plan.Steps, filters.Step{Agent: agent.ID, Hostname: agent.Hostname, Mode: sketch.Mode})
	}
	return plan
}

// meet finds the agents that the command is about, in the saved state or made up.
func (e *Explained) meet(options *ExplainOptions, groups map[string]filters.Group) (*filters.Roster, error) {
	if options.State != "" {
		roster, err := savedRoster(options.State, e.Cluster)
		if err == nil && len(e.Command.Targets) > 0 {
			e.Agents, err = filters.Resolve(roster, groups, e.Command.Targets)
		}
		if err != nil {
			return nil, err
		}
		e.Of = roster.Len()
		return roster, nil
	}
	names, vague := named(e.Command.Targets)
	if vague != "" && options.Agents == 0 {
		return nil, &filters.Error{Code: filters.Invalid, Wrong: "how many agents `" + vague + "` means is not known", Expected: "their number with --agents, or a saved state with --cluster-state"}
	}
	roster, count := imagined(options, names)
	for agent := range roster.All() {
		if len(e.Agents) < count {
			e.Agents = append(e.Agents, roster.Agent(agent.ID))
		}
	}
	e.Of = roster.Len()
	return roster, nil
}

// named are the hostnames among targets; vague is the first target that names agents in another way.
func named(targets []filters.Target) (names []string, vague string) {
	for _, target := range targets {
		if target.Name != "" && !strings.ContainsAny(target.Name, "*?[") {
			names = append(names, target.Name)
		} else if vague == "" {
			vague = target.String()
		}
	}
	return names, vague
}

// imagined is a cluster in which the first agents, count of them, are those of the command.
func imagined(options *ExplainOptions, names []string) (roster *filters.Roster, count int) {
	count = max(options.Agents, len(names))
	var attributes []filters.Attribute
	for _, name := range slices.Sorted(maps.Keys(options.Attributes)) {
		attributes = append(attributes, filters.Attribute{Name: name, Value: options.Attributes[name]})
	}
	var view filters.View
	for i := range max(count, options.Of) {
		agent := filters.Agent{ID: filters.AgentID(fmt.Sprintf("S%06d", i)), Hostname: "agent-" + strconv.Itoa(i+1), Active: true}
		if i < len(names) {
			agent.Hostname = names[i]
		}
		if i < count {
			agent.Attributes = attributes
		}
		view.Agents = append(view.Agents, agent)
	}
	return filters.NewRoster(view), count
}

// said knows who is in a user group from what was said of one user.
type said struct {
	user   string
	groups []string // nil: nothing was
}

// Members returns the user if the group is among theirs.
func (s said) Members(_ context.Context, group string) ([]string, error) {
	switch {
	case s.groups == nil:
		return nil, &filters.Error{Code: filters.Unavailable, Wrong: "whether " + s.user + " is in user group " + group + " is not known: say so with --groups"}
	case slices.Contains(s.groups, group):
		return []string{s.user}, nil
	}
	return nil, nil
}

// MemberNow tells what Members does.
func (s said) MemberNow(ctx context.Context, group, user string) (bool, error) {
	members, err := s.Members(ctx, group)
	return slices.Contains(members, user), err
}

// nobodyNow stands for those on call: who that is, is not asked.
type nobodyNow struct{}

// OnCall returns nobody.
func (nobodyNow) OnCall(context.Context, int) (filters.OnCall, error) {
	return filters.OnCall{}, nil
}

func asOnCall(levels []string) approval.OnCall {
	if len(levels) == 0 {
		return nil
	}
	return nobodyNow{}
}

// levels say where it is asked who is on call.
func levels(cluster *config.Cluster) []string {
	all := make([]string, 0, len(cluster.OnCall.Levels))
	for _, level := range cluster.OnCall.Levels {
		switch {
		case level.Group != "":
			all = append(all, "user group "+level.Group)
		case level.PagerDutySchedule != "":
			all = append(all, "PagerDuty schedule "+level.PagerDutySchedule)
		case level.PagerDutyPolicy != "":
			all = append(all, "PagerDuty policy "+level.PagerDutyPolicy)
		case level.OpsgenieSchedule != "":
			all = append(all, "Opsgenie schedule "+level.OpsgenieSchedule)
		default:
			all = append(all, "the rota of the configuration")
		}
	}
	return all
}

// Doubts says what of a cluster's roles and policy one cannot have meant.
func Doubts(cluster config.Cluster) []string {
	return approval.Doubts(cluster.Grants(), cluster.Rules(), len(cluster.OnCall.Levels) > 0, cluster.Allowed())
}
