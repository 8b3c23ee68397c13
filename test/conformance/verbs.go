package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	simmesos "cordon/internal/sim/mesos"
)

// verb is what a step can do: how many words it takes, and how it is done.
type verb struct {
	least, most int
	do          func(ctx context.Context, r *run, args []string) error
}

// verbs are the steps of a series; README.md explains each. It is filled by init because steps look into it.
var verbs map[string]verb

const many = 1000

func init() {
	verbs = map[string]verb{
		"replay":         {1, many, replayStep},
		"seek":           {1, 1, func(ctx context.Context, r *run, args []string) error { return r.seek(ctx, args[0]) }},
		"slot":           {1, many, slotStep},
		"begin":          {0, 0, beginStep},
		"call":           {1, 2, callStep},
		"post":           {2, 2, postStep},
		"subscribe":      {1, 1, func(ctx context.Context, r *run, args []string) error { return r.subscribe(ctx, args[0]) }},
		"events":         {1, 1, func(_ context.Context, r *run, args []string) error { return r.events(args[0]) }},
		"launch":         {3, 6, launchStep},
		"kill":           {2, 2, killStep},
		"hold-offers":    {0, 0, func(_ context.Context, r *run, _ []string) error { r.cluster.HoldOffers(true); return nil }},
		"release-offers": {0, 0, func(_ context.Context, r *run, _ []string) error { r.cluster.HoldOffers(false); return nil }},
		"stop-agent":     {1, 1, onAgent((*simmesos.Cluster).StopAgent)},
		"start-agent":    {1, 1, onAgent((*simmesos.Cluster).StartAgent)},
		"restart-agent":  {1, 1, onAgent((*simmesos.Cluster).RestartAgent)},
		"lose-work-dir":  {1, 1, onAgent((*simmesos.Cluster).LoseWorkDir)},
		"unregister":     {1, 1, onAgent((*simmesos.Cluster).Unregister)},
		"reboot":         {1, 1, onAgent((*simmesos.Cluster).Reboot)},
		"freeze":         {1, 1, onAgent((*simmesos.Cluster).PauseAgent)},
		"thaw":           {1, 1, onAgent((*simmesos.Cluster).ResumeAgent)},
		"restart-master": {0, 0, func(_ context.Context, r *run, _ []string) error { return r.cluster.RestartMaster() }},
		"failover":       {0, 0, func(_ context.Context, r *run, _ []string) error { return r.cluster.Failover() }},
		"lose-quorum":    {0, 0, func(_ context.Context, r *run, _ []string) error { r.cluster.LoseQuorum(); return nil }},
		"wait":           {2, 2, waitStep},
		"wait-leader":    {0, 0, waitLeaderStep},
		"inverse-offers": {1, 1, inverseOffersStep},
		"pause":          {1, 1, pauseStep},
	}
}

// check says whether a step is one, without doing it.
func (s Step) check() error {
	known, ok := verbs[s.Verb]
	if !ok {
		return fmt.Errorf("no step is called %q", s.Verb)
	}
	if len(s.Args) < known.least || len(s.Args) > known.most {
		return fmt.Errorf("step %s has %d words after it", s.Verb, len(s.Args))
	}
	if s.Verb == "slot" && len(s.Args) > 1 {
		return Step{s.Args[1], s.Args[2:]}.check()
	}
	return nil
}

func onAgent(do func(*simmesos.Cluster, string) error) func(context.Context, *run, []string) error {
	return func(_ context.Context, r *run, args []string) error { return do(r.cluster, args[0]) }
}

func replayStep(ctx context.Context, r *run, patterns []string) error {
	names := r.suite.Matching(patterns)
	if len(names) == 0 {
		return fmt.Errorf("no recording matches %s", strings.Join(patterns, " "))
	}
	for _, name := range names {
		if err := r.replay(ctx, name); err != nil {
			return err
		}
		r.meet()
	}
	return nil
}

// slotStep stands where a recording is missing: what follows its name is done in its place.
func slotStep(ctx context.Context, r *run, args []string) error {
	if names := r.suite.Matching([]string{args[0] + "*"}); len(names) > 0 {
		return replayStep(ctx, r, names)
	}
	if len(args) == 1 {
		return nil
	}
	return verbs[args[1]].do(ctx, r, args[2:])
}

// beginStep ends what set the scene: the agents that are there now are the first ones of their hosts.
func beginStep(_ context.Context, r *run, _ []string) error {
	r.simulated = newSymbols()
	return r.assignRoles()
}

// callStep makes a v1 call that no recording shows: its JSON, or its type and the hostname of its agent.
func callStep(ctx context.Context, r *run, args []string) error {
	if len(args) == 1 {
		return r.post(ctx, "/api/v1", args[0])
	}
	body, err := json.Marshal(map[string]any{
		"type": args[0], strings.ToLower(args[0]): map[string]any{"agent_id": map[string]string{"value": r.agentOn(args[1])}},
	})
	if err != nil {
		return err
	}
	return r.post(ctx, "/api/v1", string(body))
}

func postStep(ctx context.Context, r *run, args []string) error { return r.post(ctx, args[0], args[1]) }

func (r *run) post(ctx context.Context, path, body string) error {
	request := Request{
		Method: "POST", Address: r.state.Masters[0].Address, Path: path,
		Headers: map[string]string{"Content-Type": "application/json", "Accept": "application/json"},
	}
	got, err := ask(ctx, r.cluster.Snapshot().Leader, request, path, []byte(body))
	if err != nil {
		return err
	}
	if got.status != 200 {
		return fmt.Errorf("answer %d: %s", got.status, got.body)
	}
	return nil
}

func (r *run) agentOn(hostname string) string {
	for _, agent := range r.cluster.Snapshot().Agents {
		if agent.Hostname == hostname {
			return agent.ID
		}
	}
	return ""
}

// inverseOffersStep makes the framework accept or decline the inverse offers of a maintenance schedule.
func inverseOffersStep(_ context.Context, r *run, args []string) error {
	if !slices.Contains([]string{"accept", "decline"}, args[0]) {
		return fmt.Errorf("inverse offers are accepted or declined, not %q", args[0])
	}
	r.cluster.AnswerInverseOffers(args[0] == "accept")
	return nil
}

// launchStep starts tasks on an agent: APP INSTANCES HOSTNAME and how they behave: stubborn (ignore SIGTERM, with a
// declared grace of an hour), grace=8s (of another length), name=NAME (of the tasks, where it is not the app's), http (under an HTTP command executor), group (a task group).
func launchStep(ctx context.Context, r *run, args []string) error {
	instances, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	options := simmesos.AppOptions{Agent: args[2], Once: true}
	for _, word := range args[3:] {
		setting, value, _ := strings.Cut(word, "=")
		switch setting {
		case "grace":
			if options.KillGrace, err = time.ParseDuration(value); err != nil {
				return err
			}
		case "name":
			options.TaskName = value
		case "stubborn":
			options.IgnoreTerm, options.KillPolicy, options.KillGrace = true, true, time.Hour
		case "http":
			options.HTTP = true
		case "group":
			options.TaskGroup = true
		default:
			return fmt.Errorf("no task is %q", word)
		}
	}
	return r.launch(ctx, args[0], instances, options)
}

// launch starts tasks and waits until they run.
func (r *run) launch(ctx context.Context, app string, instances int, options simmesos.AppOptions) error {
	name := app + "." + options.Agent
	options.TaskName = cmp.Or(options.TaskName, app)
	before := 0
	if agent, ok := r.view(options.Agent); ok {
		before = running(agent, name)
	}
	if err := r.cluster.LaunchWith(name, instances, options); err != nil {
		return err
	}
	return r.await(ctx, options.Agent, fmt.Sprintf("running %d tasks of %s", before+instances, app), func(agent simmesos.AgentView) bool {
		return running(agent, name) == before+instances
	})
}

func killStep(ctx context.Context, r *run, args []string) error {
	name := args[0] + "." + args[1]
	if err := r.cluster.Kill(name); err != nil {
		return err
	}
	return r.await(ctx, args[1], "without "+args[0], func(agent simmesos.AgentView) bool { return running(agent, name) == 0 })
}

func running(agent simmesos.AgentView, app string) int {
	count := 0
	for _, task := range agent.Tasks {
		if task.App == app && task.State == "TASK_RUNNING" {
			count++
		}
	}
	return count
}

// pauseStep lets time pass where a recording was made some time later and no state tells that it has.
func pauseStep(ctx context.Context, _ *run, args []string) error {
	duration, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}
