package commands

import (
	"context"
	"slices"
	"strings"

	"cordon/filters"
)

// help explains one verb, or lists those that the asker may use.
func (t *turn) help(ctx context.Context) (Reply, error) {
	if family := familyOf(t.command.Topic); family != nil {
		return renderFamily(family), nil
	}
	if t.command.Topic != "" {
		return renderHelpOn(lexicon[t.command.Topic]), nil
	}
	may, why, err := t.service.May(ctx, t.Actor)
	if err != nil {
		may, why = []filters.Verb{filters.VerbLook}, "I could not ask what you may do, so I list what everybody may"
	}
	return renderHelp(may, why), nil
}

func renderHelp(may []filters.Verb, why string) Reply {
	lines := []Line{Say("I withhold Mesos agents from new tasks, and give them back. Tasks that run there run on.")}
	for _, group := range groups {
		first := true
		for _, verb := range vocabulary {
			if verb.group != group || !slices.Contains(may, verb.needs) {
				continue
			}
			family := verb.family()
			if family != nil && verb != family.members()[0] {
				continue // one line stands for all of them
			}
			if first {
				lines, first = append(lines, Say(Strong(group))), false
			}
			if family != nil {
				lines = append(lines, family.line(may))
				continue
			}
			lines = append(lines, Say(Literal("/mesos "+verb.name), " "+verb.about))
		}
	}
	if !slices.ContainsFunc(may, func(verb filters.Verb) bool { return verb != filters.VerbLook }) {
		lines = append(lines, append(Say("You may look, not change: "), append(Markup(why), Text("."))...))
	}
	return Reply{Lines: append(lines, Say(Literal("/mesos help filter"), " explains one verb, with examples."))}
}

func renderHelpOn(verb *verb) Reply {
	lines := []Line{
		Say(Literal("/mesos "+strings.TrimSpace(verb.name+" "+verb.usage)), " "+verb.about+"."),
	}
	if len(verb.aliases) > 0 {
		lines = append(lines, Say("Also called ", Literal(strings.Join(verb.aliases, ", "))))
	}
	for name, help := range verb.named {
		lines = append(lines, Say(Literal(strings.ToUpper(name)), " "+help))
	}
	for i := range verb.flags {
		lines = append(lines, append(Markup(verb.flags[i].usage()), Text(" "+verb.flags[i].help)))
	}
	lines = append(lines, Say(Strong("For example")))
	for _, example := range verb.examples {
		lines = append(lines, Say(Literal("/mesos "+example)))
	}
	return Reply{Lines: lines}
}

// line renders the family with the verbs that somebody may use.
func (f *family) line(may []filters.Verb) Line {
	var words []string
	for _, verb := range f.members() {
		if slices.Contains(may, verb.needs) {
			words = append(words, strings.TrimPrefix(verb.name, f.name+" "))
		}
	}
	return Say(Literal("/mesos "+f.name+" "+strings.Join(words, "|")), " "+f.about)
}

// renderFamily explains the verbs of a family, a line each.
func renderFamily(family *family) Reply {
	lines := []Line{Say(Strong(family.name), ": "+family.about+".")}
	for _, verb := range family.members() {
		lines = append(lines, Say(Literal("/mesos "+strings.TrimSpace(verb.name+" "+verb.takes)), " "+verb.about))
	}
	first := family.members()[0].name
	for _, verb := range family.members() {
		if verb.needs != filters.VerbLook {
			first = verb.name
			break
		}
	}
	return Reply{Lines: append(lines, Say(Literal("/mesos help "+first), " explains one of them, with examples."))}
}

// usage renders the flag with the value it takes.
func (f *flag) usage() string {
	text := "--" + f.name
	if f.short != 0 {
		text = "-" + string(rune(f.short)) + ", " + text
	}
	if f.placeholder != "" {
		text += " " + f.placeholder
	}
	return "`" + text + "`"
}
