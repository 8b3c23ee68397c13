package journal

import (
	"fmt"
	"time"

	"cordon/filters"
)

// Run is all that is known of a run when it is over.
type Run struct {
	// Entries is the whole journal, oldest first.
	Entries []filters.Event
	// Told is what became of the requests, as those who made them were told.
	Told []Told
	// End is the state that everything came to rest in; nil: it has not, and only what holds at any moment is checked.
	End *End
}

// Told is what somebody was told about a request.
type Told struct {
	Request string // the request key
	Saying  Saying
}

// Saying is one of the three answers to a change (invariant 1).
type Saying string

// The answers.
const (
	Done    Saying = "done"    // it is in the journal, once
	Refused Saying = "refused" // it is not, and will not be
	Unsure  Saying = "unsure"  // it is, once, or it is not
)

// End is the truth about a cluster at rest.
type End struct {
	At      time.Time        // by Redis TIME
	Filters []filters.Filter // that stand, as the bot lists them
	Agents  []Agent          // that the master lists
}

// Agent is an agent as the master, not the bot, shows it.
type Agent struct {
	ID       filters.AgentID
	Hostname string
	Withheld bool
	// Foreign says that somebody else than the bot withholds it, as far as the test knows.
	Foreign bool
}

// Violation is one way in which a run breaks an invariant.
type Violation struct {
	Rule  Rule
	Entry string // the journal entry's ID; empty: the end, or what was told
	Text  string
}

// String renders the violation on one line.
func (v Violation) String() string {
	if v.Entry == "" {
		return fmt.Sprintf("%s: %s", v.Rule, v.Text)
	}
	return fmt.Sprintf("%s: %s: %s", v.Rule, v.Entry, v.Text)
}

// Rule names what is checked.
type Rule string

// The rules.
const (
	RuleOrder     Rule = "order"     // entries are in order, of known kinds, and say who and why (invariant 8)
	RuleTerm      Rule = "term"      // terms never go down (invariant 9)
	RuleOnce      Rule = "once"      // one request key, one effect (invariant 2)
	RuleTold      Rule = "told"      // what was told is so (invariant 1)
	RuleLost      Rule = "lost"      // no write goes over another: revisions follow one another
	RuleLife      Rule = "life"      // a filter is placed once, ends once and is settled once; it expires at its end (invariant 13, 14)
	RuleIntent    Rule = "intent"    // an intent stands before each outcome (invariant 3)
	RuleOurs      Rule = "ours"      // only what is ours and wished by nobody is given back (invariant 3)
	RuleLocked    Rule = "locked"    // nothing is given back while locked, nothing starts while frozen (invariant 4)
	RuleOperation Rule = "operation" // each change of an operation ends once, verified or failed
	RuleEnd       Rule = "end"       // in the end an agent is withheld if and only if somebody wishes it (invariants 6 and 14)
)

// Check returns every violation that it finds, in the journal's order.
func Check(run Run) []Violation {
	c := newChecker()
	for i := range run.Entries {
		c.entry(&run.Entries[i])
	}
	c.told(run.Told)
	if run.End != nil {
		c.atRest(run.End)
	}
	return c.violations
}

// checker replays a journal and holds each entry to what came before it.
type checker struct {
	violations []Violation
	at         *filters.Event // the entry in hand; nil: none

	last       *filters.Event
	term       int64
	requests   map[string]*effect
	standing   map[filters.FilterKey]filters.Filter // stored, ended ones that are not settled included
	lives      map[string]*life                     // by filter ID
	ledger     map[filters.AgentID]filters.LedgerEntry
	operations map[string]*operation
	wishes     map[filters.AgentID][]string // the filters that stood at the newest intent to give each agent back
	lock       *filters.Lock
	freeze     *filters.Freeze
}

func newChecker() *checker {
	return &checker{
		requests: map[string]*effect{}, standing: map[filters.FilterKey]filters.Filter{}, lives: map[string]*life{},
		ledger: map[filters.AgentID]filters.LedgerEntry{}, operations: map[string]*operation{}, wishes: map[filters.AgentID][]string{},
	}
}

func (c *checker) fail(rule Rule, format string, values ...any) {
	violation := Violation{Rule: rule, Text: fmt.Sprintf(format, values...)}
	if c.at != nil {
		violation.Entry = c.at.ID
	}
	c.violations = append(c.violations, violation)
}

// entry holds one entry against the state before it and brings the state up to it.
func (c *checker) entry(e *filters.Event) {
	c.at = e
	c.order(e)
	c.terms(e)
	c.request(e)
	c.locks(e)
	c.hand(e)
	c.filter(e)
	c.count(e)
	c.last, c.at = e, nil
}
