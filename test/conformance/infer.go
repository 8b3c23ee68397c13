package conformance

import (
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"time"
)

// Within returns a suite that replays the recordings of a directory without a scenario inside the known ones: a recording
// takes its place in the series whose names begin like its own, by its slot or its time; the start state and
// what happens in between are the series' own. What begins like nothing known is replayed by itself, in the order of
// its time, against the state that its address stands for. Only the directory's own results count.
func (s *Suite) Within(known *Suite) *Suite {
	joined := &Suite{
		Scenario:   known.Scenario.clone(),
		Recordings: maps.Clone(known.Recordings),
		Others:     s.Others,
		Asked:      make(map[string]bool),
	}
	maps.Copy(joined.Recordings, s.Recordings)
	for name := range s.Recordings {
		joined.Asked[name] = true
	}
	for _, name := range joined.unplaced() {
		if !joined.insert(name) {
			joined.append(name)
		}
	}
	joined.Scenario.Series = slices.DeleteFunc(joined.Scenario.Series, func(series Series) bool {
		names, err := joined.Replayed(series)
		return err == nil && !slices.ContainsFunc(names, func(name string) bool { return joined.Asked[name] })
	})
	return joined
}

func (s *Scenario) clone() *Scenario {
	copied := *s
	copied.Series = slices.Clone(s.Series)
	copied.Unreplayed = maps.Clone(s.Unreplayed)
	if copied.Unreplayed == nil {
		copied.Unreplayed = make(map[string]string)
	}
	return &copied
}

// unplaced returns the recordings that no series replays and that no reason excuses, in the order of their time.
func (s *Suite) unplaced() []string {
	placed := make(map[string]bool)
	for _, series := range s.Scenario.Series {
		names, err := s.Replayed(series)
		if err != nil {
			continue // validated when it was loaded
		}
		for _, name := range names {
			placed[name] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.inOrder()), func(name string) bool {
		return placed[name] || s.Scenario.unreplayed(name) != "" || s.Asked != nil && !s.Asked[name]
	})
}

// insert puts a recording into the series of its kind, after the last step that was recorded before it. Its kind is
// that of the recordings whose names have most of its beginning; among these the nearest in time decides.
func (s *Suite) insert(name string) bool {
	best, shared, apart := -1, len(firstWord(name)), time.Duration(math.MaxInt64)
	for i, series := range s.Scenario.Series {
		names, err := s.Replayed(series)
		if err != nil {
			continue
		}
		for _, other := range names {
			common := commonPrefix(name, other)
			distance := s.Recordings[name].RecordedAt.Sub(s.Recordings[other].RecordedAt).Abs()
			if common > shared || common == shared && distance < apart {
				best, shared, apart = i, common, distance
			}
		}
	}
	if best < 0 {
		return false
	}
	series := s.Scenario.Series[best]
	lines := strings.Split(series.Steps, "\n")
	for _, at := range slices.Backward(s.places(lines, name)) {
		lines = slices.Insert(lines, at, s.stepFor(name))
	}
	series.Steps = strings.Join(lines, "\n")
	s.Scenario.Series[best] = series
	return true
}

// places are the lines before which a recording may belong: after the step recorded before it and before the one recorded
// after it. What only reads is tried at each of these lines, since nothing tells when in between it was sent; what
// may change something goes directly after the former or, when the latter was recorded nearer in time, directly before that.
func (s *Suite) places(lines []string, name string) []int {
	before, after := s.neighbours(lines, name)
	switch {
	case before < 0 && after == len(lines):
		return []int{len(lines)}
	case before < 0:
		return []int{after}
	}
	if s.Recordings[name].Reads() {
		var all []int
		for i := before + 1; i <= after; i++ {
			all = append(all, i)
		}
		return all
	}
	if after < len(lines) && s.apart(name, lines[after]) < s.apart(name, lines[before]) {
		return []int{after}
	}
	return []int{before + 1}
}

// neighbours are the last line that replays what was recorded before a recording, -1 if there is none, and the first line
// after it that replays anything, or the end.
func (s *Suite) neighbours(lines []string, name string) (before, after int) {
	before, after = -1, len(lines)
	for i, line := range lines {
		names := s.namesOf(line)
		if len(names) == 0 {
			continue
		}
		if s.earlier(names[0], name) {
			before, after = i, len(lines)
		} else if after == len(lines) {
			after = i
		}
	}
	return before, after
}

// apart is how far in time a recording is from those of a line.
func (s *Suite) apart(name, line string) time.Duration {
	least := time.Duration(math.MaxInt64)
	for _, other := range s.namesOf(line) {
		least = min(least, s.Recordings[name].RecordedAt.Sub(s.Recordings[other].RecordedAt).Abs())
	}
	return least
}

func (s *Suite) namesOf(line string) []string {
	if line = strings.TrimSpace(line); !strings.HasPrefix(line, "replay ") {
		return nil
	}
	return s.Matching(splitStep(line).Args)
}

func (s *Suite) earlier(a, b string) bool {
	if c := s.Recordings[a].RecordedAt.Compare(s.Recordings[b].RecordedAt); c != 0 {
		return c < 0
	}
	return natural(a, b) < 0
}

// stepFor is the step that replays a recording.
func (s *Suite) stepFor(name string) string {
	switch recording := s.Recordings[name]; {
	case recording.Stream():
		return fmt.Sprintf("subscribe %s\nevents %s", name, name)
	case recording.Reads():
		return "seek " + name
	}
	return "replay " + name
}

// append replays a recording of an unknown kind: together with its like of the same address.
func (s *Suite) append(name string) {
	state := s.stateOf(s.Recordings[name])
	if state == "" {
		s.Scenario.Unreplayed[name] = "no start state has a master or an agent at " + s.Recordings[name].Request.Address
		return
	}
	own := "alone: " + firstWord(name) + state
	for i, series := range s.Scenario.Series {
		if series.Name == own {
			s.Scenario.Series[i].Steps += "\n" + s.stepFor(name)
			return
		}
	}
	s.Scenario.Series = append(s.Scenario.Series, Series{Name: own, State: state, Steps: s.stepFor(name)})
}

// stateOf is the first state of the scenario that has a master or an agent at the recorded address, and the module when
// it is asked.
func (s *Suite) stateOf(recording Recording) string {
	var fallback string
	for _, series := range s.Scenario.Series {
		state := s.Scenario.States[series.State]
		has := s.Scenario.has(state, recording.Request.Address)
		module := strings.HasPrefix(recording.Request.Path, "/allocator/")
		switch {
		case has && state.Allocator == module:
			return series.State
		case has && fallback == "":
			fallback = series.State
		}
	}
	return fallback
}

func (s *Scenario) has(state State, address string) bool {
	return slices.ContainsFunc(state.Masters, func(master Master) bool { return master.Address == address }) ||
		slices.ContainsFunc(state.Agents, func(hostname string) bool { return s.Agents[hostname].address() == address })
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// firstWord is a name up to and with its first dash.
func firstWord(name string) string {
	word, _, _ := strings.Cut(name, "-")
	return word + "-"
}

// idleReasons returns the patterns of reasons that name no file, so that the list of them stays true.
func (s *Suite) idleReasons() []string {
	var idle []string
	for pattern := range s.Scenario.Unreplayed {
		matches := func(name string) bool { ok, _ := path.Match(pattern, name); return ok }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(s.Recordings)), matches) && !slices.ContainsFunc(s.Others, matches) {
			idle = append(idle, pattern)
		}
	}
	return slices.Sorted(slices.Values(idle))
}
