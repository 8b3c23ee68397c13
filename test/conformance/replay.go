package conformance

import (
	"cmp"
	"context"
	"fmt"
	"strings"
)

// replay sends one recording and compares the answer.
func (r *run) replay(ctx context.Context, name string) error {
	differences, err := r.compare(ctx, name)
	if err == nil {
		r.note(name, differences)
	}
	return err
}

// seek replays a recording that may belong here or further down: it counts where it is equal for the first time, and
// the last try counts if it never is.
func (r *run) seek(ctx context.Context, name string) error {
	if known, tried := r.sought[name]; tried && len(known) == 0 {
		return nil
	}
	differences, err := r.compare(ctx, name)
	r.sought[name] = differences
	return err
}

func (r *run) compare(ctx context.Context, name string) (differences []string, err error) {
	recording, ok := r.suite.Recordings[name]
	if !ok {
		return nil, fmt.Errorf("no recording %s", name)
	}
	body, path, err := r.prepare(recording)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if want := recording.silence(); want != "" {
		got, err := listen(ctx, r.target(recording), recording.Request, path, body)
		if err != nil || got == want {
			return nil, err
		}
		return []string{fmt.Sprintf("recorded: %s, simulated: %s", want, got)}, nil
	}
	got, err := ask(ctx, r.target(recording), recording.Request, path, body)
	if err != nil {
		return []string{"no answer: " + err.Error()}, nil
	}
	r.learnFrom(shown(recording.Response))
	r.learnSimulated(got.body)
	comparison := comparison{
		recorded: normaliser{r.recorded}, simulated: normaliser{r.simulated}, ignore: r.suite.Scenario.ignored(name),
	}
	return comparison.differences(recording.Request.Method, recording.Response, got), nil
}

// target is the simulated master that stands for the recorded address; for an address that the state does not name,
// or none, the one that leads, or else the first.
func (r *run) target(recording Recording) string {
	if target, ok := r.targets[recording.Request.Address]; ok {
		return target
	}
	return cmp.Or(r.cluster.Snapshot().Leader, r.targets[r.state.Masters[0].Address])
}

// prepare translates the agent IDs of a request.
func (r *run) prepare(recording Recording) (body []byte, path string, err error) {
	raw, err := recording.Request.Bytes()
	if err != nil {
		return nil, "", err
	}
	for _, text := range []string{recording.Request.Path, string(raw)} {
		for _, id := range agentID.FindAllString(text, -1) {
			if hostname, known := r.suite.hostOf(id); known {
				r.recorded.agent(id, hostname)
			}
		}
	}
	body = []byte(translate(string(raw), r.recorded, r.simulated))
	return body, translate(recording.Request.Path, r.recorded, r.simulated), nil
}

// learnFrom names agents by their entries, then those that are only mentioned, by a task, while nothing is known of
// their host, and tasks.
func (r *run) learnFrom(text []byte) {
	observeJSON(text, r.recorded.agent)
	for _, mention := range mentionedIn(text) {
		if hostname, known := r.suite.hostOf(mention.id); known && mention.field == "agent_id" && r.recorded.counts[hostname] == 0 {
			r.recorded.agent(mention.id, hostname)
		}
	}
	r.recorded.tasksIn(text)
}

// learnSimulated is learnFrom for an answer of the simulated cluster, which tells of its agents by itself.
func (r *run) learnSimulated(text []byte) {
	observeJSON(text, r.simulated.agent)
	r.simulated.tasksIn(text)
}

func (r *run) note(name string, differences []string) {
	if r.suite.Asked != nil && !r.suite.Asked[name] {
		return
	}
	r.results = append(r.results, Result{Name: name, Equal: len(differences) == 0, Report: strings.Join(differences, "\n")})
}
