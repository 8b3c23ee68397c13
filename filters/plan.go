package filters

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Step is one change of a plan: what the filter on one agent will be.
type Step struct {
	Agent    AgentID `json:"agent"`
	Hostname string  `json:"hostname"`
	Mode     Mode    `json:"mode"`
}

// Plan is intent, frozen: the exact changes that would be made, in order. What the cluster costs by it is its Impact,
// which is worked out beside it and is not part of the hash.
type Plan struct {
	Cluster string    `json:"cluster"`
	Verb    Verb      `json:"verb"`
	Owner   Owner     `json:"owner,omitempty"`
	Steps   []Step    `json:"steps,omitempty"`
	Until   time.Time `json:"until,omitzero"` // UTC; zero: no end
	Reason  string    `json:"reason,omitempty"`
	// Kind says who starts the plan once it may run, one of the Plan constants; Details are its options in their words.
	Kind    string          `json:"kind,omitempty"`
	Details json.RawMessage `json:"details,omitempty"`
	// Already are agents that the plan's owner withholds already: nothing new happens to them but reason and end.
	Already []Step `json:"already,omitempty"`
}

// Hosts returns the hostnames of its steps, each once, in its order.
func (p *Plan) Hosts() []string {
	var hosts []string
	seen := map[string]bool{}
	for i := range p.Steps {
		if host := p.Steps[i].Hostname; !seen[host] {
			seen[host] = true
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// Mode returns the mode of its steps, which is the same for all; empty: it has none.
func (p *Plan) Mode() Mode {
	if len(p.Steps) == 0 {
		return ""
	}
	return p.Steps[0].Mode
}

// Hash returns the SHA-256 of the plan in hexadecimal: two plans with the same hash do the same.
func (p *Plan) Hash() string {
	encoded, err := json.Marshal(p)
	if err != nil {
		panic(err) // a Plan holds nothing that does not encode
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
