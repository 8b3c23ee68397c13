package filters

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An impact has worsened if it has more than a tenth and at least two more agents or tasks than what was agreed to.
const (
	worseShare = 0.10
	worseLeast = 2
)

// Worse says, in a phrase, how the impact is worse than the one that somebody agreed to; empty: it is not, or not by enough to
// ask again. That is: more agents or tasks by more than a tenth and at least two; or a framework, one that loses all its
// tasks, the last instance of an app, a persistent volume or a role's quota that was not among what is lost. Tasks are compared only
// where both know them. Names that a Brief left out count as known, as many as it left out.
func (i *Impact) Worse(than *Impact) (why string) {
	var reasons []string
	add := func(reason string) {
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	add(grown(i.Agents, than.Agents, "agents"))
	if i.TasksKnown && than.TasksKnown {
		add(grown(i.TaskSum(), than.TaskSum(), "tasks"))
		add(gained("tasks of ", frameworksOf(i), frameworksOf(than), i.Cut.Frameworks, than.Cut.Frameworks))
		add(gained("every task of ", i.Alone, than.Alone, i.Cut.Alone, than.Cut.Alone))
	}
	add(gained("the last instance of ", i.Last, than.Last, i.Cut.Last, than.Cut.Last))
	if now, before := i.VolumeSum(), than.VolumeSum(); now > before {
		add(fmt.Sprintf("persistent volumes: %d instead of %d", now, before))
	}
	add(gained("volumes of role ", rolesOf(i), rolesOf(than), i.Cut.Volumes, than.Cut.Volumes))
	for _, short := range []string{ShortGuarantee, ShortLimit} {
		add(gained("the quota's "+short+" of role ", shortOf(i, short), shortOf(than, short), *i.Cut.short(short), *than.Cut.short(short)))
	}
	return strings.Join(reasons, "; ")
}

func grown(now, before int, what string) string {
	if now-before < worseLeast || float64(now-before) <= worseShare*float64(before) {
		return ""
	}
	return fmt.Sprintf("%d %s instead of %d", now, what, before)
}

// namedMost is how many names a reason has.
const namedMost = 5

// gained names what is new in a list. Of either list so many names were left out.
func gained(what string, now, before []string, cutNow, cutBefore int) string {
	var fresh []string
	for _, name := range now {
		if !slices.Contains(before, name) {
			fresh = append(fresh, name)
		}
	}
	missing := len(before) - len(now) + len(fresh) // may be among those that were left out now
	more := len(fresh) + cutNow - cutBefore - min(missing, cutNow)
	switch {
	case more <= 0:
		return ""
	case len(fresh) == 0:
		return what + strconv.Itoa(more) + " more"
	case len(fresh) > namedMost:
		return what + strings.Join(fresh[:namedMost], ", ") + " and " + strconv.Itoa(len(fresh)-namedMost) + " more"
	}
	return what + strings.Join(fresh, ", ")
}

func frameworksOf(impact *Impact) []string {
	var names []string
	for _, name := range Frameworks(impact.Tasks) {
		if impact.Tasks[name] > 0 {
			names = append(names, name)
		}
	}
	return names
}

func rolesOf(impact *Impact) []string {
	var names []string
	for k := range impact.Volumes {
		names = append(names, impact.Volumes[k].Role)
	}
	return names
}

func shortOf(impact *Impact, short string) []string {
	var names []string
	for k := range impact.Roles {
		if impact.Roles[k].Short == short {
			names = append(names, impact.Roles[k].Role)
		}
	}
	return names
}
