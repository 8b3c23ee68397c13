package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// ScenarioFile is the name of the one file in a directory that is no recording.
const ScenarioFile = "scenario.yaml"

// Scenario says how a directory of recordings is replayed. README.md describes the file.
type Scenario struct {
	Agents map[string]Agent `yaml:"agents"`
	States map[string]State `yaml:"states"`
	Series []Series         `yaml:"series"`
	// Unreplayed names recordings (patterns of path.Match) that are not replayed, with the reason.
	Unreplayed map[string]string `yaml:"unreplayed"`
	// Differences names recordings whose answer is known to differ, by pattern.
	Differences map[string]Difference `yaml:"differences"`
}

// Agent is one agent of the start state.
type Agent struct {
	IP         string            `yaml:"ip"`
	Port       int               `yaml:"port"`
	Attributes map[string]string `yaml:"attributes"`
	CPUs       float64           `yaml:"cpus"`
	Mem        float64           `yaml:"mem"`
	Disk       float64           `yaml:"disk"`
}

// address is where the agent's own API was asked.
func (a Agent) address() string { return net.JoinHostPort(a.IP, strconv.Itoa(a.Port)) }

// State is a cluster to start a series with.
type State struct {
	Masters     []Master          `yaml:"masters"`
	Agents      []string          `yaml:"agents"`
	Tasks       map[string]int    `yaml:"tasks"` // hostname -> running tasks
	Allocator   bool              `yaml:"allocator"`
	Credentials map[string]string `yaml:"credentials"`
	// Onlookers are principals whom the ACLs forbid every change.
	Onlookers []string `yaml:"onlookers"`
}

// Master is one master of a state: the address that recordings were sent to, the host name that redirects
// to it carry, and its role: leader, standby, leaderless or recovering.
type Master struct {
	Address string `yaml:"address"`
	Name    string `yaml:"name"`
	Role    string `yaml:"role"`
}

// Series is a run of recordings against one cluster, a step a line.
type Series struct {
	Name  string `yaml:"name"`
	State string `yaml:"state"`
	Steps string `yaml:"steps"`
}

// Difference is a known difference: the fields that are left out of the comparison, and why.
type Difference struct {
	Ignore []string `yaml:"ignore"`
	Reason string   `yaml:"reason"`
}

// Step is one line of a series: a verb and its words.
type Step struct {
	Verb string
	Args []string
}

// LoadScenario reads a directory's scenario; fs.ErrNotExist when it has none. Agents and states that it does not
// describe are those of base, which may be nil.
func LoadScenario(dir fs.FS, base *Scenario) (*Scenario, error) {
	text, err := fs.ReadFile(dir, ScenarioFile)
	if err != nil {
		return nil, err
	}
	var scenario Scenario
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&scenario); err != nil {
		return nil, fmt.Errorf("%s: %w", ScenarioFile, err)
	}
	if base != nil {
		scenario.Agents = completed(scenario.Agents, base.Agents)
		scenario.States = completed(scenario.States, base.States)
	}
	return &scenario, scenario.validate()
}

// completed is own with what only base has.
func completed[V any](own, base map[string]V) map[string]V {
	joined := maps.Clone(base)
	if joined == nil {
		return own
	}
	maps.Copy(joined, own)
	return joined
}

func (s *Scenario) validate() error {
	var errs []error
	for _, series := range s.Series {
		if _, ok := s.States[series.State]; !ok {
			errs = append(errs, fmt.Errorf("series %s: no state %q", series.Name, series.State))
		}
		if _, err := series.Parse(); err != nil {
			errs = append(errs, err)
		}
	}
	for name, state := range s.States {
		for _, agent := range state.Agents {
			if _, ok := s.Agents[agent]; !ok {
				errs = append(errs, fmt.Errorf("state %s: no agent %q", name, agent))
			}
		}
	}
	return errors.Join(errs...)
}

// Parse returns the steps of a series; empty lines and lines that start with # say nothing.
func (s Series) Parse() ([]Step, error) {
	var steps []Step
	for line := range strings.Lines(s.Steps) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		step := splitStep(line)
		if err := step.check(); err != nil {
			return nil, fmt.Errorf("series %s: %w", s.Name, err)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// splitStep splits a line at spaces; a word that starts with { or [ reaches to the end of the line.
func splitStep(line string) Step {
	var words []string
	for rest := line; rest != ""; {
		if rest[0] == '{' || rest[0] == '[' {
			words = append(words, rest)
			break
		}
		word, after, _ := strings.Cut(rest, " ")
		words = append(words, word)
		rest = strings.TrimLeft(after, " ")
	}
	return Step{Verb: words[0], Args: words[1:]}
}

// Matching returns the recordings that patterns of path.Match name: those of a pattern in the order of their time,
// patterns in theirs; a pattern after the word except takes away.
func (s *Suite) Matching(patterns []string) []string {
	var names []string
	take := true
	for _, pattern := range patterns {
		if pattern == "except" {
			take = false
			continue
		}
		matches := func(name string) bool { ok, _ := path.Match(pattern, name); return ok }
		if !take {
			names = slices.DeleteFunc(names, matches)
			continue
		}
		for _, name := range s.inOrder() {
			if matches(name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Replayed returns the recordings that the steps of a series name, slots included.
func (s *Suite) Replayed(series Series) ([]string, error) {
	steps, err := series.Parse()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, step := range steps {
		switch step.Verb {
		case "replay", "seek", "subscribe":
			names = append(names, s.Matching(step.Args)...)
		case "slot":
			names = append(names, s.Matching([]string{step.Args[0] + "*"})...)
		}
	}
	return names, nil
}

// isMissing says that a directory has no scenario.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// unreplayed returns the reason why a recording is not replayed, "" when there is none.
func (s *Scenario) unreplayed(name string) string {
	for pattern, reason := range s.Unreplayed {
		if matches, _ := path.Match(pattern, name); matches {
			return reason
		}
	}
	return ""
}

// ignored returns the fields that are not compared in a recording's answer.
func (s *Scenario) ignored(name string) []string {
	var fields []string
	for pattern, difference := range s.Differences {
		if matches, _ := path.Match(pattern, name); matches {
			fields = append(fields, difference.Ignore...)
		}
	}
	slices.Sort(fields)
	return fields
}
