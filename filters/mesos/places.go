package mesos

import "iter"

// places count tasks by agent and framework, in sixteen bytes for each pair that has tasks.
type places struct {
	all   []place  // the first is none
	first []uint32 // by an agent's number: its first place; 0: none
	free  uint32   // the first place that is not used; 0: none
}

// place is one pair, by its numbers.
type place struct {
	agent, framework uint32
	count            uint32
	next             uint32 // of the agent's, or of those not used; 0: no more
}

func newPlaces() places { return places{all: make([]place, 1)} }

// add counts one more task and returns where.
func (p *places) add(agent, framework uint32) uint32 {
	for len(p.first) <= int(agent) {
		p.first = append(p.first, 0)
	}
	at := p.first[agent]
	for at != 0 && p.all[at].framework != framework {
		at = p.all[at].next
	}
	if at == 0 {
		at = p.unused()
		p.all[at] = place{agent: agent, framework: framework, next: p.first[agent]}
		p.first[agent] = at
	}
	p.all[at].count++
	return at
}

func (p *places) unused() uint32 {
	if at := p.free; at != 0 {
		p.free = p.all[at].next
		return at
	}
	p.all = append(p.all, place{})
	return uint32(len(p.all) - 1)
}

// remove counts one task less. A place without any is used again: frameworks come and go.
func (p *places) remove(at uint32) {
	emptied := &p.all[at]
	if emptied.count--; emptied.count > 0 {
		return
	}
	link := &p.first[emptied.agent]
	for *link != at {
		link = &p.all[*link].next
	}
	*link = emptied.next
	*emptied, p.free = place{next: p.free}, at
}

// on returns the places of an agent.
func (p *places) on(agent uint32) iter.Seq[*place] {
	return func(yield func(*place) bool) {
		if int(agent) >= len(p.first) {
			return
		}
		for at := p.first[agent]; at != 0 && yield(&p.all[at]); {
			at = p.all[at].next
		}
	}
}
