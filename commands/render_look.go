package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// filterLine renders a filter in a list.
func filterLine(filter filters.Filter, now time.Time) Line {
	state := Say(stateWord(filter.State))
	if !filter.Stands() {
		state = Say("ended ", Clock(filter.Ended, now))
	}
	return Separated(Say(Literal(filter.ID), " ", Strong(filter.Hostname)), modeWord(&filter), reason(filter.Reason), Say("by ", Holder(string(filter.Owner), filter.Drain)), Ends(filter.Until, now), state)
}

// modeWord says what a filter does beyond keeping new tasks away.
func modeWord(filter *filters.Filter) Line {
	switch {
	case filter.Drain == nil:
		return nil
	case filter.Mode != filters.ModeDrain:
		return Say(Strong("drain by moving tasks"))
	case filter.Drain.Gone:
		return Say(Strong("mark gone"))
	case filter.Drain.MarkGone:
		return Say(Strong("drain, then mark gone"))
	}
	return Say(Strong("drain"))
}

// stateWord renders how far a change has come.
func stateWord(state filters.ChangeState) string {
	switch state {
	case filters.StateAccepted:
		return "done, the master said yes"
	case filters.StateVerified:
		return "confirmed"
	case filters.StateFailed:
		return "refused by the master"
	}
	return "asked"
}

func renderFilters(cluster string, all []filters.Filter, now time.Time) Reply {
	if len(all) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{Say("No filter stands in ", Strong(cluster), ".")}}
	}
	lines := []Line{Say(Strong(cluster), " · ", standing(len(all)))}
	for _, filter := range all[:min(len(all), listed)] {
		lines = append(lines, filterLine(filter, now))
	}
	return Reply{Cluster: cluster, Lines: append(lines, more(listed, len(all))...)}
}

func renderStatus(status filters.Status, agenda agenda) Reply {
	condition, now := status.Condition, status.Now
	head := Separated(Say(Strong(status.Cluster)), leader(condition), backend(condition), heard(condition, now))
	lines := []Line{head}
	if away := status.StoreAway; !away.IsZero() {
		lines = append(lines, Say("⚠ ", Strong("Redis does not answer"), " since ", Clock(away, now), ": nothing can be changed until it does. What is withheld stays withheld."))
	}
	if condition.Trouble != "" {
		lines = append(lines, Say("⚠ ", Strong(condition.Trouble)))
	}
	lines = append(lines, census(status), Separated(Say(standing(status.Filters)), soon(status), noEnd(status), pending(status), agenda.coming(now)))
	lines = append(lines, agenda.underWay(now)...)
	lines = append(lines, doubts(status)...)
	if !status.AsOf.IsZero() {
		lines = append(lines, Say("as of ", Instant(status.AsOf, now)))
	}
	return Reply{Cluster: status.Cluster, Lines: lines}
}

func standing(n int) string {
	switch n {
	case 0:
		return "no filter stands"
	case 1:
		return "1 filter stands"
	}
	return strconv.Itoa(n) + " filters stand"
}

func leader(condition filters.Condition) Line {
	if condition.Leader == "" {
		return Say("no leading master is known")
	}
	return Say("leader ", Literal(condition.Leader))
}

func backend(condition filters.Condition) Line {
	switch {
	case condition.Backend == "":
		return nil
	case condition.BackendReason == "":
		return Say(string(condition.Backend), " backend")
	}
	return Say(string(condition.Backend), " backend (", condition.BackendReason, ")")
}

func heard(condition filters.Condition, now time.Time) Line {
	if condition.Heard.IsZero() {
		return Say("nothing heard from the master yet")
	}
	return Say("heartbeat " + Lasting(now.Sub(condition.Heard)) + " ago")
}

func census(status filters.Status) Line {
	parts := []string{fmt.Sprintf("%d take tasks", status.Taking)}
	if status.Taking == 1 {
		parts[0] = "1 takes tasks"
	}
	for _, part := range []struct {
		count int
		words string
	}{{status.Ours, "withheld by us" + drains(status)}, {status.Others, "withheld by somebody else"}, {status.Contested, "contested"}, {status.Away, "disconnected"}, {status.Recovered, "not back since the failover"}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.words))
		}
	}
	return Say(Count(status.Total, "agent")+": ", strings.Join(parts, ", "))
}

// drains says how many of the agents that are withheld by us are drained.
func drains(status filters.Status) string {
	var parts []string
	if status.Draining > 0 {
		parts = append(parts, fmt.Sprintf("%d being drained", status.Draining))
	}
	if status.Drained > 0 {
		parts = append(parts, fmt.Sprintf("%d drained", status.Drained))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func soon(status filters.Status) Line {
	switch status.EndSoon {
	case 0:
		return nil
	case 1:
		return Say("1 ends within the hour")
	}
	return Say(fmt.Sprintf("%d end within the hour", status.EndSoon))
}

func noEnd(status filters.Status) Line {
	switch status.NoEnd {
	case 0:
		return nil
	case 1:
		return Say("1 has no end")
	}
	return Say(fmt.Sprintf("%d have no end", status.NoEnd))
}

func pending(status filters.Status) Line {
	if status.Pending == 0 {
		return nil
	}
	return Say(fmt.Sprintf("%d not on the master yet", status.Pending))
}

// doubts says what keeps the bot from doing all it does.
func doubts(status filters.Status) []Line {
	var lines []Line
	if lock := status.Lock; lock != nil {
		lines = append(lines, Say("🔒 ", Strong("locked"), ": ", lock.Cause, " · nothing is given back · ", Literal("/mesos unlock --dry-run"), " shows what is overdue"))
	}
	if freeze := status.Freeze; freeze != nil {
		lines = append(lines, Say("❄ ", Strong("frozen"), " by ", Who(freeze.By), " since ", Clock(freeze.At, status.Now), ": ", freeze.Reason))
	}
	if status.Held != "" && status.Lock == nil {
		lines = append(lines, Say("nothing is given back just now: ", status.Held))
	}
	if status.Questions > 0 {
		lines = append(lines, Say(Strong(Count(status.Questions, "question")), " to answer: ", Literal("/mesos questions")))
	}
	for _, sink := range status.Sinks {
		lines = append(lines, sinkLine(sink, status.Now)...)
	}
	if status.Observe {
		lines = append(lines, Say("I only observe: nothing is sent to the master"))
	}
	return lines
}

// sinkLine says how far behind a sink of the journal is; nothing while it keeps up.
func sinkLine(sink filters.SinkStatus, now time.Time) []Line {
	if sink.Entries == 0 || now.Sub(sink.Since) < sinkLagShown && !sink.Stuck {
		return nil
	}
	entries := strconv.Itoa(sink.Entries) + " journal entries"
	switch {
	case sink.Entries >= 1000:
		entries = "1000 or more journal entries"
	case sink.Entries == 1:
		entries = "1 journal entry"
	}
	return []Line{Say("⚠ the sink ", Strong(sink.Name), " is ", entries, " behind, since ", Clock(sink.Since, now))}
}

// sinkLagShown is how far a sink may be behind without being worth a word: entries are sealed first, and measured now and then.
const sinkLagShown = time.Minute

// agentState says in a few words whether the agent takes tasks.
func agentState(agent filters.AgentStatus) string {
	switch {
	case !agent.Listed && agent.Ledger.Leaving():
		return "to leave for ever, not in the master's list"
	case !agent.Listed && agent.Ledger.Draining():
		return "to be drained when it is back, not in the master's list"
	case !agent.Listed:
		return "not in the master's list"
	case agent.Foreign:
		return foreignState(&agent)
	case agent.Withheld() && agent.Ledger.Contested:
		return "is contested: somebody else gives it back each time"
	case agent.Withheld() && drainState(&agent) != "":
		return drainState(&agent)
	case agent.Withheld():
		return "withheld by us"
	case len(agent.Filters) > 0 && !agent.Agent.Connected():
		return "disconnected, to be withheld"
	case len(agent.Filters) > 0:
		return "to be withheld, not on the master yet"
	case !agent.Agent.Connected():
		return "disconnected"
	}
	return "takes tasks"
}

func renderAgents(cluster string, agents []filters.AgentStatus, now time.Time) Reply {
	taking := 0
	for i := range agents {
		if agentState(agents[i]) == "takes tasks" {
			taking++
		}
	}
	lines := []Line{Say(Strong(cluster), " · ", Count(len(agents), "agent"), ", ", takers(taking, len(agents)))}
	for _, agent := range agents[:min(len(agents), listed)] {
		lines = append(lines, agentLine(agent, now))
	}
	if len(agents) > listed {
		lines = append(lines, more(listed, len(agents))...)
		lines = append(lines, Say("Narrow it with a glob or ", Literal("-l rack=r1"), ", or read them all from ", Literal("GET /api/agents")))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// takers says how many of so many agents take tasks.
func takers(taking, whole int) string {
	switch {
	case taking == 0:
		return "none takes tasks"
	case whole == 1:
		return "it takes tasks"
	case taking == whole:
		return "all take tasks"
	case taking == 1:
		return "1 takes tasks"
	}
	return strconv.Itoa(taking) + " take tasks"
}

func agentLine(agent filters.AgentStatus, now time.Time) Line {
	sign := "▶ "
	if agentState(agent) != "takes tasks" {
		sign = "⏸ "
	}
	line := Separated(append(Say(sign, Strong(agent.Agent.Hostname), " "+agentState(agent)), since(agent.Since, now)...), attributes(agent.Agent.Attributes))
	if len(agent.Filters) == 0 {
		return line
	}
	first := agent.Filters[0]
	line = Separated(line, Say("by ", Holder(string(first.Owner), first.Drain)), Ends(first.Until, now))
	if others := len(agent.Filters) - 1; others > 0 {
		line = append(line, Text(fmt.Sprintf(" and %d more", others)))
	}
	return line
}

// since says since when the master does not list an agent.
func since(since, now time.Time) Line {
	if since.IsZero() {
		return nil
	}
	return Say(" since ", Clock(since, now))
}

func attributes(all []filters.Attribute) Line {
	if len(all) == 0 {
		return nil
	}
	parts := make([]string, 0, 5)
	for _, attribute := range all[:min(len(all), 4)] {
		parts = append(parts, attribute.Name+"="+attribute.Value)
	}
	if len(all) > 4 {
		parts = append(parts, "…")
	}
	return Say(strings.Join(parts, " "))
}

// renderAgent shows all that is known of some agents.
func renderAgent(cluster string, agents []filters.AgentStatus, now time.Time) Reply {
	var lines []Line
	for _, agent := range agents[:min(len(agents), 3)] {
		lines = append(lines, agentLine(agent, now))
		lines = append(lines, Separated(Say("ID ", Literal(string(agent.Agent.ID))), hardware(&agent)))
		if agent.TasksKnown {
			lines = append(lines, Say(TaskCounts(agent.Tasks)))
		}
		for _, filter := range agent.Filters {
			lines = append(lines, filterLine(filter, now))
		}
		if entry := agent.Ledger; entry != nil {
			lines = append(lines, Separated(Say("on the master: "+holdWord(entry)+" · since ", Clock(entry.At, now)), drainedAt(entry, now)))
		}
		if agent.Foreign && len(agent.Filters) == 0 {
			lines = append(lines, Say(Literal("/mesos adopt "+agent.Agent.Hostname+" -m …"), " makes it ours to give back"))
		}
	}
	return Reply{Cluster: cluster, Lines: append(lines, more(3, len(agents))...)}
}

func drainedAt(entry *filters.LedgerEntry, now time.Time) Line {
	if entry.Drained.IsZero() {
		return nil
	}
	return Say("drained since ", Clock(entry.Drained, now))
}

func holdWord(entry *filters.LedgerEntry) string {
	switch entry.Hold {
	case filters.HoldTaking:
		return "being withheld"
	case filters.HoldReleasing:
		return "being given back"
	}
	return stateWord(entry.State)
}

// hardware is what a listed agent has.
func hardware(agent *filters.AgentStatus) Line {
	if !agent.Listed {
		return nil
	}
	return Say(resources(agent.Agent.Resources))
}

func resources(r filters.Resources) string {
	text := number(r.CPUs) + " CPUs, " + number(r.MemMB/1024) + " GB"
	if r.GPUs > 0 {
		text += ", " + number(r.GPUs) + " GPUs"
	}
	return text
}

func renderQuestions(cluster string, questions []filters.Question, now time.Time) Reply {
	if len(questions) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{Say("I ask nothing in ", Strong(cluster), " just now.")}}
	}
	lines := []Line{Say(Strong(cluster), " · ", Count(len(questions), "question"))}
	for _, question := range questions[:min(len(questions), listed)] {
		lines = append(lines, Separated(Say(Literal(question.ID), " ", Strong(question.Text)), Say("asked ", Clock(question.Asked, now))))
		lines = append(lines, Separated(Say(Literal("/mesos answer "+question.ID+" yes|no -m …")), askedBy(&question)))
	}
	return Reply{Cluster: cluster, Lines: append(lines, more(listed, len(questions))...)}
}

// askedBy says who cannot say yes to a question.
func askedBy(question *filters.Question) Line {
	if question.AskedBy == "" {
		return nil
	}
	return Say(Who(question.AskedBy), " asked for it and cannot say yes")
}

func renderWhoami(cluster string, actor filters.Actor, verbs []filters.Verb, why string) Reply {
	may := make([]string, 0, len(verbs))
	for _, verb := range verbs {
		may = append(may, string(verb))
	}
	lines := []Line{
		Say("You are ", Who(actor.ID), " (", Literal(actor.ID), "), in the time zone "+actor.Location().String()+"."),
		Say("In ", Strong(cluster), " you may "+and(may)+"."),
		append(append(Say("Why: "), Markup(why)...), Text(".")),
	}
	if slices.Contains(verbs, filters.VerbApprove) {
		lines = append(lines, Say("Whether you may approve is judged anew at each word, and never about what you asked for yourself: ", Literal("/mesos approvals"), " shows what waits."))
	}
	if !slices.ContainsFunc(verbs, func(verb filters.Verb) bool { return verb != filters.VerbLook }) {
		lines = append(lines, Say("Rights are given in my configuration, by whoever keeps it."))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

// and joins all of the words.
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
