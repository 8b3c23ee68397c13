package conformance

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// symbols gives the identifiers of one side, recorded or simulated, names that both sides share:
// the first agent that was seen on agent-one is <agent-one 1> whatever its agent ID.
type symbols struct {
	names  map[string]string // identifier -> name
	counts map[string]int    // name without its number -> how many
	// masters are the host names of masters.
	masters map[string]bool
	// tasks are the IDs of tasks and of their executors.
	tasks map[string]bool
}

func newSymbols() *symbols {
	return &symbols{names: make(map[string]string), counts: make(map[string]int), masters: make(map[string]bool), tasks: make(map[string]bool)}
}

// agent names an agent ID after its host; a second ID on the same host gets the next number.
func (s *symbols) agent(id, hostname string) {
	s.add(id, hostname)
}

// master names the address of a master.
func (s *symbols) master(address string, number int) {
	host, _, _ := strings.Cut(address, ":")
	s.names[address] = fmt.Sprintf("<master %d>", number)
	s.masters[host] = true
}

// tasksIn remembers the tasks that an answer mentions.
func (s *symbols) tasksIn(text []byte) {
	for _, mention := range mentionedIn(text) {
		if mention.field == "task_id" || mention.field == "executor_id" {
			s.tasks[mention.id] = true
		}
	}
}

func (s *symbols) add(id, kind string) {
	if _, known := s.names[id]; known || id == "" {
		return
	}
	s.counts[kind]++
	s.names[id] = fmt.Sprintf("<%s %d>", kind, s.counts[kind])
}

// find returns the identifier that has a name, "" when none has.
func (s *symbols) find(name string) string {
	for id, candidate := range s.names {
		if candidate == name {
			return id
		}
	}
	return ""
}

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

var (
	agentID     = regexp.MustCompile(uuid + `-S\d+`)
	frameworkID = regexp.MustCompile(uuid + `-\d{4}\b`)
	offerID     = regexp.MustCompile(uuid + `-O\d+`)
	anyUUID     = regexp.MustCompile(uuid)
)

// nobody is the prefix of the agent IDs that the recorder made up: they stay as they are on both sides.
const nobody = "00000000-0000-0000-0000-000000000000"

// replace writes names for all identifiers in a text.
func (s *symbols) replace(text string) string {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(s.tasks))) { // the longer of two that begin alike first
		text = strings.ReplaceAll(text, id, "<task>")
	}
	text = agentID.ReplaceAllStringFunc(text, func(id string) string {
		if name, known := s.names[id]; known {
			return name
		}
		if strings.HasPrefix(id, nobody) {
			return "<nobody>"
		}
		return "<former agent>"
	})
	text = offerID.ReplaceAllString(text, "<offer>")
	text = frameworkID.ReplaceAllStringFunc(text, func(id string) string {
		s.add(id, "framework")
		return s.names[id]
	})
	text = anyUUID.ReplaceAllString(text, "<uuid>")
	for id, name := range s.names {
		if strings.Contains(id, ":") { // a master's host and port
			text = strings.ReplaceAll(text, id, name)
		}
	}
	return text
}

// translate rewrites the recorded agent IDs of a request to the simulated ones of the same name.
func translate(text string, recorded, simulated *symbols) string {
	return agentID.ReplaceAllStringFunc(text, func(id string) string {
		if known := simulated.find(recorded.names[id]); recorded.names[id] != "" && known != "" {
			return known
		}
		return id
	})
}
