package stage

import (
	"context"
	"fmt"
	"strings"

	"cordon/filters"
	"cordon/internal/approval"
	"cordon/internal/config"

	"github.com/goccy/go-yaml"
)

// Policy is who may do what, and what others must say yes to first: a cluster's roles, grants and policy as they stand in the
// configuration, and who is on call.
type Policy struct {
	config.Cluster `yaml:",inline"`
	// Duty are the users on call, by level; without any nobody ever is.
	Duty []string `yaml:"duty"`
}

// ReadPolicy reads a Policy. No text is none; it panics if it cannot be read.
func ReadPolicy(text []byte) *Policy {
	if len(text) == 0 {
		return nil
	}
	policy := &Policy{}
	if err := yaml.UnmarshalWithOptions(text, policy, yaml.Strict()); err != nil {
		panic(err)
	}
	return policy
}

// usually is the policy of a cluster that lists operators, by their actor IDs, and nothing else.
func usually(operators []string) *Policy {
	policy := &Policy{}
	for _, id := range operators {
		policy.Operators = append(policy.Operators, strings.TrimPrefix(id, "user:"))
	}
	return policy
}

func (p *Policy) gate(s *Stage, options Options) filters.Gate {
	return approval.NewGate(approval.Config{
		Cluster: options.Name, Grants: p.Grants(), Rules: p.Rules(), Groups: options.Groups, OnCall: p.onCall(), Roster: s.fresh,
	})
}

func (p *Policy) onCall() approval.OnCall {
	if len(p.Duty) == 0 {
		return nil
	}
	return duty(p.Duty)
}

// duty are the users on call, by level.
type duty []string

// OnCall returns who is on call at the level.
func (d duty) OnCall(_ context.Context, level int) (filters.OnCall, error) {
	on := filters.OnCall{Source: fmt.Sprintf("rota, level %d", level)}
	if level <= len(d) {
		on.Users = strings.Fields(d[level-1])
	}
	return on, nil
}

// carriesOut is what reminds of approvals and carries them out.
func (s *Stage) carriesOut(options Options) *approval.Loop {
	return approval.NewLoop(approval.LoopConfig{
		Cluster: options.Name, Replica: "one", Book: s.Book, Service: s.Service, OnCall: options.Policy.onCall(), Frozen: s.frozen,
		Starters: map[string]filters.Starter{filters.PlanFilters: s.Service, filters.PlanRun: s.Desk(), filters.PlanWindow: s.Desk(), filters.PlanMachines: s.Machines()},
	})
}

func (s *Stage) frozen() string {
	if freeze := s.Book.Freeze(); freeze != nil {
		return "frozen by `" + freeze.By + "` for " + filters.Quoted(freeze.Reason)
	}
	return ""
}
