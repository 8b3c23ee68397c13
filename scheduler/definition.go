package scheduler

import (
	"time"

	"cordon/filters"
)

// Definition is a window as people write it, in the configuration or through `window add`: text, which Compile checks.
type Definition struct {
	// Schedule is five cron fields (minute, hour, day of month, month, day of week), or @hourly, @daily, @weekly, @monthly,
	// @yearly. A day of month together with a day of week means either.
	Schedule string `yaml:"schedule" json:"schedule"`
	// Duration is how long an occurrence is open, such as `2h` or `1d12h`.
	Duration string `yaml:"duration" json:"duration"`
	// TimeZone is what the schedule is read in, such as `Europe/Berlin`; empty: UTC.
	TimeZone string `yaml:"time_zone,omitempty" json:"time_zone,omitempty"`
	// Targets are hostnames, agent IDs, globs and @groups; Attributes narrow them, as `-l` does. They are resolved when the
	// window opens.
	Targets    []string          `yaml:"targets,omitempty" json:"targets,omitempty"`
	Attributes map[string]string `yaml:"attributes,omitempty" json:"attributes,omitempty"`
	// Joining withholds agents that join while the window is open, too.
	Joining bool `yaml:"joining,omitempty" json:"joining,omitempty"`
	// Mode is what it does with its agents: `filter` (no new tasks), `drain` (that, and what runs there is killed gracefully) or
	// `schedule` (their machines are in Mesos's maintenance schedule); empty: filter.
	Mode string `yaml:"mode,omitempty" json:"mode,omitempty"`
	// Drain is how a window of mode drain does it; nil: every task has its own kill grace, and as long as it takes.
	Drain *Draining `yaml:"drain,omitempty" json:"drain,omitempty"`
	// TakeDown has a window of mode schedule take its machines down at its start, which kills what runs there, and bring them up
	// at its end.
	TakeDown bool   `yaml:"take_down,omitempty" json:"take_down,omitempty"`
	Reason   string `yaml:"reason,omitempty" json:"reason,omitempty"`
	// StartDate is the first and EndDate the last day on which it opens, such as `2026-12-31`, in its time zone.
	StartDate string `yaml:"start_date,omitempty" json:"start_date,omitempty"`
	EndDate   string `yaml:"end_date,omitempty" json:"end_date,omitempty"`
	// Cutoff is how long before its end nothing new begins; empty: until the end something may.
	Cutoff string `yaml:"cutoff,omitempty" json:"cutoff,omitempty"`
	// Overrun says what becomes of a run that is under way at the end: `finish` (agents under way are finished, no others are
	// begun) or `stop` (it is aborted); empty: finish.
	Overrun string `yaml:"overrun,omitempty" json:"overrun,omitempty"`
	// Missed says what becomes of an occurrence whose start nobody was there for: `late` (it opens while it would still be
	// open) or `skip`; empty: late.
	Missed string `yaml:"missed,omitempty" json:"missed,omitempty"`
	// Announce are how long before it opens the channel is told, such as `24h` and `1h`.
	Announce []string `yaml:"announce,omitempty" json:"announce,omitempty"`
	// MaxUnavailable is how many agents, or which share of them (`25%`), may be withheld by anybody after it took one; of the
	// cluster, or of each value of the attribute MaxUnavailablePer, such as `rack`.
	MaxUnavailable    string `yaml:"max_unavailable,omitempty" json:"max_unavailable,omitempty"`
	MaxUnavailablePer string `yaml:"max_unavailable_per,omitempty" json:"max_unavailable_per,omitempty"`
	// Approval makes an occurrence ask before it opens, the longest Announce ahead of it, or an hour; without a yes it does
	// not open.
	Approval bool `yaml:"approval,omitempty" json:"approval,omitempty"`
	// Run is what goes over the agents while the window is open; nil: they are all withheld from its start to its end.
	Run *Procedure `yaml:"run,omitempty" json:"run,omitempty"`
}

// Draining is how agents are drained, as people write it.
type Draining struct {
	// MaxGracePeriod bounds how long tasks are given to end by themselves, such as `10m`; empty: their own kill grace.
	MaxGracePeriod string `yaml:"max_grace_period,omitempty" json:"max_grace_period,omitempty"`
	// Deadline is how long an agent may drain before the channel is told what holds it up; empty: as long as it takes.
	Deadline string `yaml:"deadline,omitempty" json:"deadline,omitempty"`
	// MarkGone is refused: a window never does what cannot be undone.
	MarkGone bool `yaml:"mark_gone,omitempty" json:"mark_gone,omitempty"`
}

// Procedure is how a run goes over its agents, as people write it.
type Procedure struct {
	// Steps are done for each agent while it is withheld, in order: `wait 5m`, `confirm`, `webhook NAME`.
	Steps []string `yaml:"steps,omitempty" json:"steps,omitempty"`
	// MaxParallel is how many agents are under way at once; 0: 1.
	MaxParallel int `yaml:"max_parallel,omitempty" json:"max_parallel,omitempty"`
	// BatchBy is an attribute, such as `rack`: agents of one value are done before those of the next begin.
	BatchBy string `yaml:"batch_by,omitempty" json:"batch_by,omitempty"`
	// Soak is how long an agent must be back and well before it is given back; empty: it is looked at once.
	Soak string `yaml:"soak,omitempty" json:"soak,omitempty"`
	// MaxFailures is how many agents may fail before the run stops; 0: it stops at the first.
	MaxFailures int `yaml:"max_failures,omitempty" json:"max_failures,omitempty"`
	// Expect says whether steps restart the agent: `restart` (it must have registered again since its steps began) or `stay`;
	// empty: stay.
	Expect string `yaml:"expect,omitempty" json:"expect,omitempty"`
}

// Freeze is a time in which no window opens and no run begins anything, as it is written in the configuration.
type Freeze struct {
	Name     string   `yaml:"name" json:"name"`
	From     string   `yaml:"from" json:"from"`                               // `2026-12-20` or `2026-12-20 18:00`, in its time zone
	To       string   `yaml:"to" json:"to"`                                   // a day is included to its end
	TimeZone string   `yaml:"time_zone,omitempty" json:"time_zone,omitempty"` // empty: UTC
	Windows  []string `yaml:"windows,omitempty" json:"windows,omitempty"`     // empty: every window, and runs
}

// Occurrence is one opening of a window.
type Occurrence struct {
	Window     string    `json:"window"`
	Start, End time.Time // UTC
}

// Name is the occurrence's name: the window's and its start in UTC.
func (o Occurrence) Name() string { return o.Window + "/" + o.Start.UTC().Format(time.RFC3339) }

// Owner owns the filters of the occurrence.
func (o Occurrence) Owner() filters.Owner { return filters.Owner("window:" + o.Name()) }
