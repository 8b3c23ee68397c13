package filters

import (
	"fmt"
	"maps"
)

// Room tells whether more agents may be withheld, one after the other: by `max_withheld` of the configuration, and by a
// limit of whoever asks. It counts distinct agents under standing filters of all owners, as the script that writes does;
// that checks them again. Of an agent that is away only its rack is known: it takes no room of a limit by another attribute.
// It is of the moment in which it was made, and not safe for concurrent use.
type Room struct {
	book   *Book
	taken  map[AgentID]bool
	away   map[AgentID]bool // whose machine is down: counted in the scopes that count those
	scopes []*scope
}

// scope is one limit, over the agents of each value of an attribute, or over all.
type scope struct {
	name      string // of the limit, for people
	attribute string // empty: the whole cluster
	most      LimitValue
	held      map[string]int
	whole     map[string]int
}

// Room returns what room there is. The limit most is over the cluster, or over the agents of each value of the attribute
// per; the zero LimitValue adds none.
func (s *Service) Room(most LimitValue, per string) *Room {
	room := &Room{book: s.config.Book, taken: map[AgentID]bool{}, away: map[AgentID]bool{}}
	roster := s.config.State.Roster()
	room.add(roster, "max_withheld", "", s.config.Limits.Cluster)
	room.add(roster, "max_withheld", RackAttribute, s.config.Limits.Rack)
	room.add(roster, "max_unavailable", per, most)
	if len(room.scopes) == 0 {
		return room
	}
	for _, id := range room.book.Held() {
		if agent := roster.Agent(id); agent != nil {
			room.count(agent)
		}
	}
	total, racks := room.book.Withheld() // agents that are away are among them
	for _, scope := range room.scopes {
		switch scope.attribute {
		case "":
			scope.held[""] = total
		case RackAttribute:
			scope.held = maps.Clone(racks)
		}
	}
	return room
}

func (r *Room) add(roster *Roster, name, attribute string, most LimitValue) {
	if most != (LimitValue{}) {
		r.scopes = append(r.scopes, &scope{name, attribute, most, map[string]int{}, roster.Sizes(attribute)})
	}
}

// count counts the agent as withheld.
func (r *Room) count(agent *Agent) {
	for _, scope := range r.scopes {
		if value, counted := scope.value(agent); counted && !(r.away[agent.ID] && scope.countsAway()) {
			scope.held[value]++
		}
	}
}

// value returns what the scope counts the agent under; an agent without the attribute is not counted.
func (s *scope) value(agent *Agent) (string, bool) {
	if s.attribute == "" {
		return "", true
	}
	value := agent.Attribute(s.attribute)
	return value, value != ""
}

// Take counts the agent as withheld from now on and returns the empty string, or says in a phrase which limit leaves no
// room for it. One that is withheld already takes none.
func (r *Room) Take(agent *Agent) (why string) {
	if r.taken[agent.ID] || len(r.book.Standing(agent.ID)) > 0 {
		return ""
	}
	for _, scope := range r.scopes {
		if r.away[agent.ID] && scope.countsAway() {
			continue
		}
		if why := scope.full(agent); why != "" {
			return why
		}
	}
	r.taken[agent.ID] = true
	r.count(agent)
	return ""
}

// Away counts agents in max_unavailable whose machine is down: the roster does not list them. Those under filters are counted
// already.
func (r *Room) Away(agents []AgentID, rack string) {
	count := 0
	for _, id := range agents {
		if len(r.book.Standing(id)) == 0 && !r.away[id] {
			r.away[id] = true
			count++
		}
	}
	for _, scope := range r.scopes {
		switch {
		case !scope.countsAway():
		case scope.attribute == "":
			scope.held[""] += count
		case scope.attribute == RackAttribute && rack != "":
			scope.held[rack] += count
		}
	}
}

// countsAway tells whether the scope counts agents whose machine is down: of those only the rack is known.
func (s *scope) countsAway() bool {
	return s.name == "max_unavailable" && (s.attribute == "" || s.attribute == RackAttribute)
}

// tighten adds the limits that the room has of its own to those of a commit, as far as the store counts by them.
func (r *Room) tighten(limits *Limits, roster *Roster, plan *Plan) {
	if r == nil {
		return
	}
	for _, scope := range r.scopes {
		switch scope.attribute {
		case "":
			limits.Cluster = tighter(limits.Cluster, scope.most.Of(scope.whole[""]))
		case RackAttribute:
			if limits.Racks == nil {
				limits.Racks = map[string]int{}
			}
			for rack := range racksOf(roster, plan) {
				limits.Racks[rack] = tighter(limits.Racks[rack], scope.most.Of(scope.whole[rack]))
			}
		}
	}
}

// tighter is the lower of two limits, of which 0 is none.
func tighter(x, y int) int {
	if x == 0 || y != 0 && y < x {
		return y
	}
	return x
}

func (s *scope) full(agent *Agent) string {
	value, counted := s.value(agent)
	most := s.most.Of(s.whole[value])
	switch {
	case !counted || s.held[value] < most:
		return ""
	case s.attribute == "":
		return fmt.Sprintf("%s leaves no room: %d of at most %d agents are withheld", s.name, s.held[value], most)
	}
	return fmt.Sprintf("%s leaves no room in %s %s: %d of at most %d agents are withheld", s.name, s.attribute, value, s.held[value], most)
}
