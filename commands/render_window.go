package commands

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/scheduler"
)

const (
	openingsShown = 10 // of window next, where no number is given
	openingsBrief = 5  // of a window that is shown or added
)

// windowSight is a window as it is shown.
type windowSight struct {
	*scheduler.Listing
	agents   int // that match its targets now
	openings []scheduler.Upcoming
	now      time.Time
}

func renderWindows(cluster string, windows []scheduler.Listing, now time.Time) Reply {
	if len(windows) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{
			Say("There is no window in ", Strong(cluster), "."),
			Say(Literal("/mesos help window add"), " tells how to make one."),
		}}
	}
	lines := []Line{Say(Strong(cluster), " · ", Count(len(windows), "window"))}
	for i := range windows[:min(len(windows), listed)] {
		listing := &windows[i]
		lines = append(lines, Separated(Say(Strong(listing.Window.Name)), Say(listing.Window.Words()), windowState(listing, now)))
	}
	lines = append(lines, more(listed, len(windows))...)
	return Reply{Cluster: cluster, Lines: append(lines, Say(Literal("/mesos window next"), " shows what opens when, and for how many agents."))}
}

// windowState says whether it is open, and if not when it is.
func windowState(listing *scheduler.Listing, now time.Time) Line {
	var state Line
	switch open := listing.State.Open; {
	case open != nil && !open.Closing.IsZero():
		state = Say("closing since ", Clock(open.Closing, now))
	case open != nil:
		state = Say("open until ", Clock(open.End, now), ", "+share(open))
	}
	if paused := listing.State.Paused; paused != nil {
		return Separated(state, pausedBy(paused))
	}
	if state != nil {
		return state
	}
	if !listing.HasNext {
		return Say("opens no more")
	}
	return Separated(Say("next ", Clock(listing.Next.Start, now)), Say(listing.Frozen))
}

// share is how many of its agents an opening reached: `3 agents`, or `1 of 3 agents`.
func share(open *scheduler.Opening) string {
	if len(open.Waiting) == 0 {
		return Count(open.Placed, "agent")
	}
	return Of(open.Placed, open.Placed+len(open.Waiting), "agent")
}

func pausedBy(word *scheduler.Word) Line {
	line := Say("paused by ", Who(word.By))
	if word.Reason != "" {
		line = append(line, Text(": "+word.Reason))
	}
	return line
}

func renderUpcoming(cluster string, openings []scheduler.Upcoming, now time.Time) Reply {
	if len(openings) == 0 {
		return Reply{Cluster: cluster, Lines: []Line{Say("Nothing opens in ", Strong(cluster), ": ", Literal("/mesos window list"), " shows why.")}}
	}
	lines := []Line{Say(Strong(cluster), " · opens next")}
	for i := range openings {
		lines = append(lines, openingLine(&openings[i], now))
	}
	return Reply{Cluster: cluster, Lines: lines}
}

func openingLine(coming *scheduler.Upcoming, now time.Time) Line {
	return Separated(
		Say(Clock(coming.Start, now), " ", Strong(coming.Occurrence.Window)), Say("for "+Lasting(coming.End.Sub(coming.Start))),
		Say(Count(coming.Agents, "agent")), Phrase(coming.Note))
}

// Phrase renders one of the scheduler's phrases; a person whom it names (`skipped by user:U…`) becomes a mention, and other owners
// what people know them by, but not in what people said themselves, which stands in quotes.
func Phrase(text string) Line {
	var line Line
	for text != "" {
		at, length := namedIn(text)
		if at < 0 {
			break
		}
		line = append(line, Say(text[:at], Who(text[at:at+length]))...)
		text = text[at+length:]
	}
	return append(line, Say(text)...)
}

// ownersIn finds owners where our phrases have them: behind one of these words.
var ownersIn = regexp.MustCompile(`\b(?:by|says|that|word of) ((?:user|api|window|run|bot):[A-Za-z0-9._/:-]*[A-Za-z0-9])`)

// namedIn finds the first owner that a phrase names outside of quotes.
func namedIn(text string) (at, length int) {
	for _, found := range ownersIn.FindAllStringSubmatchIndex(text, -1) {
		if !strings.Contains(text[:found[2]], "“") && isOwner(text[found[2]:found[3]]) {
			return found[2], found[3] - found[2]
		}
	}
	return -1, 0
}

func renderWindow(cluster string, sight *windowSight) Reply {
	window := sight.Window
	lines := []Line{
		Say(Strong(window.Name), " · ", window.Words()),
		sight.state(),
		sight.targets(),
		Separated(WindowTerms(window)...),
	}
	if run := window.Definition.Run; run != nil {
		lines = append(lines, procedureLine(run))
	}
	lines = append(lines, Separated(Say(window.Definition.Reason), sight.origin()), sight.next(),
		Say(Literal("/mesos window show "+window.Name+" --yaml"), " shows it as configuration."))
	return Reply{Cluster: cluster, Lines: slices.DeleteFunc(lines, func(line Line) bool { return len(line) == 0 })}
}

// state says what is so now; when it opens next is told with its openings.
func (s *windowSight) state() Line {
	if s.State.Open == nil && s.State.Paused == nil {
		return Say(s.Frozen)
	}
	return windowState(s.Listing, s.now)
}

// targets says for which agents a window is, and how many those are now.
func (s *windowSight) targets() Line {
	if s.agents == 0 {
		return Say("⚠ no agent matches ", WindowTargets(s.Window), " now; they are looked for when it opens")
	}
	return Say(WindowTargets(s.Window), " · "+Count(s.agents, "agent")+" now")
}

// WindowTargets names a window's targets as they are typed.
func WindowTargets(window *scheduler.Window) Span {
	var words []string
	for _, target := range window.Targets {
		words = append(words, target.String())
	}
	if len(words) > listed {
		words = append(words[:listed], "…")
	}
	return Literal(strings.Join(words, " "))
}

// WindowTerms says what else a window keeps to, each in a phrase.
func WindowTerms(window *scheduler.Window) []Line {
	definition := &window.Definition
	var terms []Line
	add := func(given bool, words string) {
		if given {
			terms = append(terms, Say(words))
		}
	}
	of := "of the cluster"
	if window.Per != "" {
		of = "of each " + window.Per
	}
	terms = append(terms, modeTerms(window)...)
	add(definition.MaxUnavailable != "", "at most "+definition.MaxUnavailable+" "+of+" withheld")
	add(window.Cutoff > 0, "nothing new in its last "+Lasting(window.Cutoff))
	add(definition.Joining, "agents that join are withheld, too")
	add(definition.Approval, "asks before each opening")
	add(!window.Late, "a missed opening is left out")
	add(window.Stop, "a run is aborted at its end")
	var leads []string
	for _, lead := range window.Announce {
		leads = append(leads, Lasting(lead))
	}
	add(len(leads) > 0, "announced "+Names(leads, 0)+" before")
	return terms
}

func (s *windowSight) origin() Line {
	if s.Configured {
		return Say("from the configuration")
	}
	origin := Say("added by ", Who(s.State.Author), " ", Clock(s.State.Added, s.now))
	if approved := s.State.Approved; approved != nil {
		origin = append(origin, Text(", approved for these agents alone by "))
		for i, by := range approved.By {
			if i > 0 {
				origin = append(origin, Text(" and "))
			}
			origin = append(origin, Who(by))
		}
	}
	return origin
}

// needsApproval is what is so of each opening of a window that asks.
const needsApproval = "needs approval"

func (s *windowSight) next() Line {
	if len(s.openings) == 0 {
		return Say("opens no more")
	}
	line := Say("opens ")
	for i := range s.openings {
		if i > 0 {
			line = append(line, Text(", "))
		}
		coming := &s.openings[i]
		line = append(line, Clock(coming.Start, s.now))
		if note := Phrase(coming.Note); len(note) > 0 && coming.Note != needsApproval && s.State.Paused == nil {
			line = append(append(append(line, Text(" (")), note...), Text(")"))
		}
	}
	return line
}

// atOnce says that a window opens as soon as it is there: what it would be open for has begun.
func (s *windowSight) atOnce() Line {
	active, open := s.Window.Active(s.now)
	if !open || s.State.Open != nil || s.State.Paused != nil || !active.Start.After(s.State.Last) || !s.Window.Late || s.Frozen != "" {
		return nil
	}
	return Say("⚠ It opens at once, until ", Clock(active.End, s.now), ": its time has begun.")
}

// cost says what all of its agents at once would cost now, if a dry run asks.
func (s *windowSight) cost() []Line {
	if s.Impact == nil {
		return nil
	}
	tasks := RunsOn(s.Impact)
	if s.Window.Mode == filters.ModeDrain {
		tasks = Killed(s.Impact)
	}
	return append([]Line{Say("all of its agents at once, as things are now:"), Racks(s.Impact)}, Cost(tasks, s.Impact)...)
}

// renderAdded says what was understood of a window that was added or changed.
func renderAdded(cluster string, sight *windowSight, added, dry bool) Reply {
	name := sight.Window.Name
	head := name + " was changed"
	switch {
	case dry && added:
		head = "Would add " + name
	case dry:
		head = "Would change " + name
	case added:
		head = name + " was added"
	}
	first := Say(Strong(head))
	if dry {
		first = append(first, Text(" (nothing was changed)"))
	}
	lines := []Line{append(first, Text(": "+sight.Window.Words())), sight.targets(), Separated(WindowTerms(sight.Window)...)}
	if run := sight.Window.Definition.Run; run != nil {
		lines = append(lines, procedureLine(run))
	}
	lines = append(lines, sight.next(), sight.atOnce())
	lines = append(append(lines, sight.cost()...), needsLine(sight.Needs, nil)...)
	if open := sight.State.Open; open != nil && !added {
		lines = append(lines, Say("It is open now, and ends at ", Clock(open.End, sight.now), " as it was opened."))
	}
	if !dry {
		lines = append(lines, Say(Literal("/mesos window rm "+name), " takes it away, ", Literal("/mesos window show "+name+" --yaml"), " shows it as configuration."))
	}
	return Reply{Cluster: cluster, Lines: slices.DeleteFunc(lines, func(line Line) bool { return len(line) == 0 })}
}

// renderProblems refuses a definition, with everything that is wrong with it.
func renderProblems(cluster, name string, problems []scheduler.Problem) Reply {
	lines := []Line{Say(Strong(clip(name, 40)), " cannot be added:")}
	return Reply{Cluster: cluster, Code: filters.Invalid, Lines: append(append(lines, problemLines(problems)...), Say(nothingChanged))}
}

func problemLines(problems []scheduler.Problem) []Line {
	var lines []Line
	for _, problem := range problems[:min(len(problems), listed)] {
		lines = append(lines, append(Say(Literal(flagOf(problem.Field)), " "), Markup(problem.Err.Error())...))
	}
	return append(lines, more(listed, len(problems))...)
}

// flagOf is how a field of a definition is typed.
func flagOf(field string) string {
	field, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(field, "run."), "drain."), "[")
	switch field {
	case "time_zone":
		return "--timezone"
	case "max_unavailable_per":
		return "--per"
	case "steps":
		return "--step"
	case "attributes":
		return "-l"
	case "targets", "name":
		return field
	}
	return "--" + strings.ReplaceAll(field, "_", "-")
}

// renderChangedWindow answers pause, resume, skip and rm, and their dry runs.
func renderChangedWindow(cluster, verb, name string, listing *scheduler.Listing, request filters.Request, now time.Time) Reply {
	open := listing.State.Open
	closing := open != nil && !open.Closing.IsZero()
	head, done := "", windowDone[verb]
	var lines []Line
	switch verb {
	case "window pause":
		head = "pause " + name
		lines = append(lines, Say("Nothing opens until ", Literal("/mesos window resume "+name), "."))
		if open != nil && !closing {
			lines = append(lines, Say("What is open ends at ", Clock(open.End, now), "; no more agents of it are withheld."))
		}
	case "window resume":
		head = "resume " + name
		lines = append(lines, capitalised(windowState(listing, now)))
	case "window skip":
		head = "skip " + name
		if closing {
			done = "is closed now"
		}
		lines = append(lines, skipLines(listing, now)...)
	default:
		head = "remove " + name
		if closing {
			lines = append(lines, closingLine(open))
		}
	}
	if request.DryRun {
		return Reply{Cluster: cluster, Lines: append([]Line{Say(Strong("Would "+head), " (nothing was changed)")}, lines...)}
	}
	return Reply{Cluster: cluster, Lines: append([]Line{Say(Strong(name + " " + done))}, lines...)}
}

var windowDone = map[string]string{"window pause": "is paused", "window resume": "is resumed", "window skip": "is skipped", "window rm": "is removed"}

func capitalised(line Line) Line {
	if len(line) > 0 && line[0].Style == Plain && line[0].Text != "" {
		line[0].Text = strings.ToUpper(line[0].Text[:1]) + line[0].Text[1:]
	}
	return line
}

func closingLine(open *scheduler.Opening) Line {
	if open.Mode() == filters.ModeSchedule {
		return Say("It was open: its machines are brought up where it took them down, and leave the maintenance schedule.")
	}
	switch open.Placed {
	case 0:
		return Say("It was open, and withheld nothing.")
	case 1:
		return Say("It was open: its agent is given back, if nobody else withholds it.")
	}
	return Say("It was open: its " + Count(open.Placed, "agent") + " are given back, where nobody else withholds them.")
}

func skipLines(listing *scheduler.Listing, now time.Time) []Line {
	if open := listing.State.Open; open != nil && !open.Closing.IsZero() {
		return []Line{closingLine(open)}
	}
	var lines []Line
	if skips := listing.State.Skips; len(skips) > 0 {
		lines = append(lines, Say("It does not open ", Clock(skips[len(skips)-1].Start, now), "."))
	}
	return append(lines, capitalised(windowState(listing, now)))
}

// renderWindowAgents answers the button Show agents.
func renderWindowAgents(cluster string, listing *scheduler.Listing, agents []filters.AgentStatus, err error, now time.Time) Reply {
	window := listing.Window
	last := Say(Literal("/mesos window show "+window.Name), " shows the window.")
	if err != nil {
		return Reply{Cluster: cluster, Lines: []Line{Say(Strong(window.Name), ": no agent matches ", WindowTargets(window), " now."), last}}
	}
	reply := renderAgents(window.Name, agents, now)
	reply.Cluster, reply.Lines = cluster, append(reply.Lines, last)
	return reply
}
