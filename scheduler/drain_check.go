package scheduler

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"cordon/filters"
)

// mayDrain tells whether the configuration lets people ask for what kills tasks, the cluster can do it, and nothing keeps it
// from beginning.
func (d *Desk) mayDrain(run *RunState) error {
	verb, cluster := run.verb(), "*"+d.config.Cluster+"*"
	switch {
	case !slices.Contains(d.config.Allow, verb):
		return &filters.Error{Code: filters.Denied, Wrong: "`" + string(verb) + "` is off in " + cluster + ", because it kills tasks", Expected: "`allow: [" + string(verb) + "]` in its configuration lets people ask for it", Try: "`/mesos filter` keeps new tasks away and kills none"}
	case d.config.Roster().View().Backend == filters.BackendAllocator:
		return &filters.Error{Code: filters.Invalid, Wrong: cluster + " is withheld from by the allocator module, which cannot drain", Expected: "Mesos 1.9 or later with the operator backend"}
	case d.config.Condition != nil && !drains(d.config.Condition().Version):
		return &filters.Error{Code: filters.Invalid, Wrong: "the master of " + cluster + " is Mesos " + d.config.Condition().Version + ", which cannot drain", Expected: "Mesos 1.9 or later"}
	case run.Drain.MaxGrace < 0 || run.Deadline < 0:
		return invalid("a grace period or deadline is below zero", "a duration such as `10m`")
	}
	return d.mayKill()
}

// mayMove tells whether a manual drain can begin. The configuration's `allow` is not asked: the master kills nothing.
func (d *Desk) mayMove(run *RunState) error {
	switch {
	case d.config.Agents == nil:
		return &filters.Error{Code: filters.Unavailable, Wrong: "this bot looks at no agents themselves, so it cannot tell when one is empty"}
	case run.Drain.Ends() || run.Drain.MaxGrace != 0:
		return invalid("a manual drain kills nothing and marks nothing gone", "`--manual` without `--mark-gone` and `--max-grace-period`")
	case run.Deadline < 0:
		return invalid("the deadline is below zero", "a duration such as `1h`")
	}
	return d.mayKill()
}

// mayKill refuses to ask for what could not begin.
func (d *Desk) mayKill() error {
	if lock := d.config.Book.Lock(); lock != nil {
		return &filters.Error{Code: filters.Locked, Wrong: "*" + d.config.Cluster + "* is locked, so nothing is killed: " + lock.Cause, Try: "`/mesos unlock --dry-run` shows what it keeps"}
	}
	if frozen := d.config.frozen(d.now(), ""); frozen != "" {
		return &filters.Error{Code: filters.Frozen, Wrong: "nothing new starts in *" + d.config.Cluster + "*, it is " + frozen, Try: "`/mesos thaw -m why` ends a person's freeze"}
	}
	return nil
}

// drains tells whether the version of a master has DRAIN_AGENT: 1.9 and later. One that cannot be read is taken for new.
func drains(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	m, err := strconv.Atoi(major)
	n, wrong := strconv.Atoi(minor)
	return err != nil || wrong != nil || m > 1 || m == 1 && n >= 9
}

// drainable holds every agent of a drain that is asked for against what is known of it, and returns what is worth knowing
// before somebody says yes.
func (d *Desk) drainable(run *RunState, agents []*filters.Agent) (notes []string, err error) {
	for _, agent := range agents {
		if err := d.obstacle(run, agent); err != nil {
			return nil, err
		}
		if note := d.awayNote(run, agent); note != "" {
			notes = append(notes, note)
		}
	}
	return notes, nil
}

// awayNote says what an agent's being away means for a drain; empty: it is there, or it does not matter.
func (d *Desk) awayNote(run *RunState, agent *filters.Agent) string {
	roster := d.config.Roster()
	known, since := roster.Known(agent.ID)
	switch {
	case known == nil:
		return "nobody here remembers " + string(agent.ID) + ": the master says whether it knows that agent"
	case !since.IsZero() && run.Drain.Gone:
		return agent.Hostname + " is not listed by the master since " + since.UTC().Format("2006-01-02 15:04") + " UTC"
	case !since.IsZero():
		return agent.Hostname + " is not listed by the master since " + since.UTC().Format("2006-01-02 15:04") + " UTC: what runs there is killed when it is back"
	case !agent.Connected() && run.Manual():
		return agent.Hostname + " is disconnected: it begins when it is back"
	case !agent.Connected() && !run.Drain.Gone:
		return agent.Hostname + " is disconnected: what runs there is killed when it is back"
	}
	return ""
}

// reborn is the registered agent that the host of a departed one has become; nil: there is none.
func (d *Desk) reborn(agent *filters.Agent) *filters.Agent {
	roster := d.config.Roster()
	if roster.Agent(agent.ID) != nil {
		return nil
	}
	for _, other := range roster.OnHost(agent.Hostname) {
		if other.IP == agent.IP && other.Port == agent.Port {
			return other
		}
	}
	return nil
}

// obstacle says why the agent cannot be drained, or marked gone, now.
func (d *Desk) obstacle(run *RunState, agent *filters.Agent) error {
	host, entry := "`"+agent.Hostname+"`", d.config.Book.Ledger(agent.ID)
	if other := d.busyWith(agent.ID); other != nil && !outranks(run, &other.state) {
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is under way in run `" + other.state.ID + "`", Expected: "one operation on an agent at a time", Try: "`/mesos run show " + other.state.ID + "` tells how far it is"}
	}
	switch {
	case entry.Leaving() && (entry.GoneSent != "" || !run.Drain.Gone):
		return &filters.Error{Code: filters.Conflict, Wrong: host + " leaves the cluster for ever already", Try: "`/mesos status " + agent.Hostname + "` shows how far that is"}
	case d.config.foreign(agent) && agent.Drain == filters.Draining:
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is being drained by somebody else", Expected: "one drain at a time", Try: "`/mesos tasks " + agent.Hostname + "` shows what is left there"}
	case d.config.foreign(agent):
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is withheld by somebody else", Expected: "an agent that is ours", Try: "`/mesos adopt " + agent.Hostname + " -m \"why\"` makes it ours first"}
	case d.config.Roster().Agent(agent.ID) == nil && d.config.Book.Record(filters.ShelfMachines, agent.Machine().Name()) != nil:
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is away, and its machine is in maintenance by our word", Expected: "an agent of a machine that is up and not in the maintenance schedule",
			Try: "`/mesos maintenance status " + agent.Hostname + "` shows it; `/mesos maintenance up " + agent.Hostname + "` brings it up, `/mesos maintenance cancel " + agent.Hostname + "` takes it out"}
	case run.Drain.Gone:
		return nil
	case run.Manual() && !entry.Draining():
		return nil
	case agent.Undrainable:
		return &filters.Error{Code: filters.Invalid, Wrong: host + " runs an agent that cannot be drained: it lacks the capability AGENT_DRAINING", Expected: "an agent of Mesos 1.9 or later", Try: "`/mesos filter " + agent.Hostname + "` keeps new tasks away and kills none; `/mesos drain --manual " + agent.Hostname + "` has frameworks move theirs"}
	case d.reborn(agent) != nil:
		return &filters.Error{Code: filters.Conflict, Wrong: host + " came back as agent " + string(d.reborn(agent).ID) + ", and " + string(agent.ID) + " is in no list of the master", Expected: "an agent that may come back", Try: "`/mesos drain " + agent.Hostname + "` drains the one that is there"}
	case d.config.Book.Record(filters.ShelfMachines, agent.Machine().Name()) != nil:
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is in the maintenance schedule, and Mesos drains no agent of a machine that is", Expected: "one or the other", Try: "`/mesos maintenance cancel " + agent.Hostname + "` takes it out"}
	case entry == nil:
		return nil
	case !entry.Drained.IsZero():
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is drained already: it is safe to take down", Try: "`/mesos unfilter " + agent.Hostname + " --all` gives it back"}
	case entry.Draining():
		return &filters.Error{Code: filters.Conflict, Wrong: host + " is being drained already", Try: "`/mesos tasks " + agent.Hostname + "` shows what is left there"}
	}
	return nil
}

// askMaster has the agents held against the maintenance schedule as it is now: also machines that somebody else put there.
func (d *Desk) askMaster(ctx context.Context, agents []*filters.Agent) error {
	if d.config.Undrainable == nil {
		return nil
	}
	list := make([]filters.Agent, len(agents))
	for i, agent := range agents {
		list[i] = *agent
	}
	return d.config.Undrainable(ctx, list)
}

// outranks tells whether the run may take an agent that is under way in the other: what is to leave for ever need not be drained
// to its end, which on a dead machine never comes.
func outranks(run, other *RunState) bool {
	return run.Drain != nil && run.Drain.Gone && other.Drain != nil && !other.Drain.Gone
}

// busyWith is the run that the agent is under way in, or waits for in a drain; nil: none.
func (d *Desk) busyWith(agent filters.AgentID) *going {
	for _, run := range d.going() {
		for i := range run.agents {
			part := &run.agents[i]
			waits := part.Phase == AgentWaiting && run.state.Drain != nil
			if part.current() == agent && !run.state.Phase.Over() && (waits || part.Phase.UnderWay()) {
				return run
			}
		}
	}
	return nil
}

// typedAgain refuses what cannot be undone unless every hostname, and none beside, was typed again.
func typedAgain(run *RunState, agents []*filters.Agent, typed []string) error {
	var hosts, missing []string
	for _, agent := range agents {
		if !slices.Contains(hosts, agent.Hostname) {
			hosts = append(hosts, agent.Hostname)
		}
	}
	for _, host := range hosts {
		if !slices.ContainsFunc(typed, func(word string) bool { return filters.Retyped(word, host) }) {
			missing = append(missing, "`"+host+"`")
		}
	}
	for _, word := range typed {
		if !slices.ContainsFunc(hosts, func(host string) bool { return filters.Retyped(word, host) }) {
			return &filters.Error{Code: filters.Invalid, Wrong: "`--confirm` names " + code(word) + ", which is none of the agents", Expected: "`--confirm " + strings.Join(hosts, ",") + "`"}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	verb := "gone"
	if run.Drain.MarkGone {
		verb = "--mark-gone"
	}
	return &filters.Error{
		Code: filters.Invalid, Wrong: "`" + verb + "` cannot be undone, so each hostname must be typed again; not typed: " + strings.Join(missing, ", "),
		Expected: "`--confirm " + strings.Join(hosts, ",") + "`", Try: "`--dry-run` shows what would be lost",
	}
}
