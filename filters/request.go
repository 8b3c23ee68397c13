package filters

import "time"

// Request is what every changing request has.
type Request struct {
	Actor   Actor
	Key     string // the request key; empty only for the API without one
	Cause   string // CauseCommand, CauseClick or CauseAPI
	Message string // what a click was made on, as CHANNEL/TIMESTAMP; empty: nothing is known
	Targets []Target
	Reason  string
	// Until is the end, UTC; zero: none given.
	Until  time.Time
	DryRun bool
	Yes    bool
	// All makes unfilter and extend reach the filters of every owner.
	All bool
	// Typed are hostnames that were typed again, where that is asked for.
	Typed []string
	// Glass does without waiting what needs an approval: for admins, with a reason, and reviewed afterwards.
	Glass bool
	// Direct says that "asked for approval" is no answer for whoever asks: what would have to wait is refused, and nobody is asked.
	Direct bool
	// LeftOut are agents of an approved plan that have no part in what the request begins. They are kept with its Result.
	LeftOut []LeftOut

	approved *Approval // the request carries it out; nil: it is somebody's word
}

// Approved is the approval that the request carries out; nil: it is somebody's word.
func (r *Request) Approved() *Approval { return r.approved }

// Result is what a changing request did, or would do.
type Result struct {
	Cluster   string      `json:"cluster"`
	Verb      Verb        `json:"verb"`
	DryRun    bool        `json:"-"`
	Observe   bool        `json:"observe,omitempty"`
	Repeated  bool        `json:"-"` // the request came before: this is what it answered then
	Plan      Plan        `json:"plan"`
	Impact    Impact      `json:"-"`                   // of dry runs of filter and adopt
	Operation string      `json:"operation,omitempty"` // empty if nothing was changed
	State     ChangeState `json:"state,omitempty"`
	// Changed are the filters placed, changed or ended, as they are now; a repeated result names the first 20 of Count.
	Changed []Filter `json:"changed,omitempty"`
	Count   int      `json:"count,omitempty"`
	// Others are filters of other owners that still stand on the agents of an unfilter or release.
	Others []Filter `json:"others,omitempty"`
	// Draining are the hosts of an unfilter or release that are being drained: they are given back after DRAINED.
	Draining []string `json:"draining,omitempty"`
	// Leaving are those that leave the cluster for ever all the same: what was sent cannot be taken back.
	Leaving []string `json:"leaving,omitempty"`
	// Needs is what the plan needs before it may run, and Approval what was asked for because of it: nothing else was changed.
	Needs    Needs     `json:"needs,omitzero"`
	Approval *Approval `json:"approval,omitempty"`
	// Held says why what was ended is not given back yet; empty: it is on its way.
	Held string `json:"held,omitempty"`
	// LeftOut are agents of an approved plan that had no part in it any more.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	At      time.Time `json:"at"`
}

// Waits tells whether nothing was changed but that others are asked for their yes.
func (r *Result) Waits() bool { return r.Approval != nil && !r.Approval.Glass }

// LimitConfig is `max_withheld` of the configuration.
type LimitConfig struct {
	Cluster LimitValue
	Rack    LimitValue
}

// LimitValue is a number of agents or a percentage; the zero value is no limit.
type LimitValue struct {
	Count   int
	Percent float64
}

// Of returns the limit for a whole of so many agents, 0 for none. A percentage is rounded down, to at least 1.
func (l LimitValue) Of(whole int) int {
	if l.Percent > 0 {
		return max(1, int(l.Percent/100*float64(whole)))
	}
	return l.Count
}
