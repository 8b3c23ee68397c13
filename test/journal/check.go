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
	// Rules are what windows and runs are held to beside their own records; nil: their records are enough.
	Rules *Rules
}

// Rules are what windows and runs are held to beside their own records. They are asked when an entry is checked, and answer
// for that moment.
type Rules struct {
	// Limits is max_withheld of the configuration.
	Limits filters.LimitConfig
	// Size is how many agents the cluster has with a value of an attribute; of an empty attribute, in all.
	Size func(attribute, value string) int
	// Attribute is an agent's as the bot can know it: of one that is away its rack, which its filters tell.
	Attribute func(agent filters.AgentID, name string) string
	// Frozen tells whether the configuration lets nothing begin of a window, or of runs of their own if it has no name.
	Frozen func(at time.Time, window string) bool
	// Approved tells whether what the entry begins needs an approval, whoever asks for it; nil: nothing does.
	Approved func(e *filters.Event) bool
	// Repeats tells whether a webhook may be called twice for one step.
	Repeats func(webhook string) bool
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
	RuleWindow    Rule = "window"    // every occurrence opens once or is accounted for, and closes once after it opened (invariant 13)
	RuleTaken     Rule = "taken"     // an occurrence or a run withholds only when it may, and an agent once (invariants 7 and 13)
	RuleGiven     Rule = "given"     // what an occurrence or a run withheld is given back or named (invariant 14)
	RuleLimit     Rule = "limit"     // no more agents are withheld than max_withheld and max_unavailable let (invariant 15)
	RuleRun       Rule = "run"       // a run goes over its agents in order, so many at once, and over each step once
	RuleKill      Rule = "kill"      // what kills is sent once, and ends before anything is given back (invariants 3, 6 and 7)
	RuleApproval  Rule = "approval"  // what needs an approval begins once, after the yes of others than who asked, and as it was asked for (invariant 7)
	RuleMachine   Rule = "machine"   // a machine is taken down once, and only what is ours is brought up or taken out (invariants 3 and 6)
	RuleEnd       Rule = "end"       // in the end an agent is withheld if and only if somebody wishes it (invariants 6 and 14)
)

// Check returns every violation that it finds, in the journal's order.
func Check(run Run) []Violation {
	c := NewChecker(run.Rules)
	for i := range run.Entries {
		c.Entry(&run.Entries[i])
	}
	return c.Finish(run.Told, run.End)
}

// Checker replays a journal and holds each entry to what came before it. It is not safe for concurrent use.
type Checker struct {
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

	rules     *Rules
	walks     map[string]*walk // by a window's timing
	windows   map[string]*window
	runs      map[string]*run
	answers   map[string]filters.Question // by ID
	approvals approvals
	machines  map[string]*machine         // of the maintenance schedule, by the names of their records
	under     map[filters.AgentID]int     // filters that stand
	fresh     map[string][]filters.Filter // placed for windows and runs, by operation, and not told of yet
}

// NewChecker returns a checker for a journal that is yet to come, under rules (nil: none).
func NewChecker(rules *Rules) *Checker {
	if rules == nil {
		rules = &Rules{}
	}
	return &Checker{
		rules: rules, walks: map[string]*walk{}, windows: map[string]*window{}, runs: map[string]*run{}, answers: map[string]filters.Question{}, fresh: map[string][]filters.Filter{}, under: map[filters.AgentID]int{},
		requests: map[string]*effect{}, standing: map[filters.FilterKey]filters.Filter{}, lives: map[string]*life{},
		ledger: map[filters.AgentID]filters.LedgerEntry{}, machines: map[string]*machine{}, approvals: newApprovals(), operations: map[string]*operation{}, wishes: map[filters.AgentID][]string{},
	}
}

func (c *Checker) fail(rule Rule, format string, values ...any) {
	violation := Violation{Rule: rule, Text: fmt.Sprintf(format, values...)}
	if c.at != nil {
		violation.Entry = c.at.ID
	}
	c.violations = append(c.violations, violation)
}

// Finish returns every violation that was found. The end may be nil, see Run.
func (c *Checker) Finish(told []Told, end *End) []Violation {
	c.told(told)
	c.unopened()
	c.unapproved()
	if end != nil {
		c.atRest(end)
		c.unaccounted(end.At)
	}
	return c.violations
}

// Entry holds one entry against the state before it and brings the state up to it.
func (c *Checker) Entry(e *filters.Event) {
	c.at = e
	c.order(e)
	c.terms(e)
	c.request(e)
	c.locks(e)
	c.hand(e)
	c.filter(e)
	c.limits(e)
	c.consent(e)
	c.record(e)
	c.count(e)
	c.last, c.at = e, nil
}
