package commands

import (
	"slices"
	"strings"
)

// Word is a verb of the language as completion needs it.
type Word struct {
	Name   string
	Flags  []string // as typed: --reason, -m
	Agents bool     // names of agents follow
}

// Words returns every verb of the language, in the order of help, without aliases.
func Words() []Word {
	all := make([]Word, len(vocabulary))
	for i, verb := range vocabulary {
		all[i] = Word{Name: verb.name, Agents: verb.takesAgents()}
		for j := range verb.flags {
			known := &verb.flags[j]
			all[i].Flags = append(all[i].Flags, "--"+known.name)
			if known.short != 0 {
				all[i].Flags = append(all[i].Flags, "-"+string(rune(known.short)))
			}
		}
	}
	return all
}

// Complete suggests at most ten words to go on with behind text, sorted: verbs, then the flags of the verb and names of
// agents, windows or runs. It writes nothing and asks nothing of the outside.
func (b *Bot) Complete(text, channel string) []string {
	words := strings.Fields(text)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(text, " ") {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	return beginning(last, b.candidates(words, last, channel))
}

// candidates are the words that may stand behind those that were typed.
func (b *Bot) candidates(words []string, last, channel string) []string {
	if len(words) == 0 {
		return firstWords()
	}
	if words[0] == "help" {
		return b.candidates(words[1:], last, channel)
	}
	name, rest := words[0], words[1:]
	if family := familyOf(name); family != nil {
		if len(rest) == 0 {
			return family.secondWords()
		}
		name, rest = family.name+" "+rest[0], rest[1:]
	}
	verb := lexicon[name]
	switch {
	case verb == nil:
	case strings.HasPrefix(last, "-"):
		return verb.flagNames()
	case verb.takesAgents():
		return b.hostnames(words, channel)
	case verb.named["name"] != "" && len(rest) == 0:
		return b.windowNames(words, channel)
	case verb.takesRun() && len(rest) == 0:
		return b.runIDs(words, channel)
	case verb.name == "run confirm" && len(rest) == 1:
		return []string{"done", "failed", "skip"}
	}
	return nil
}

func (v *verb) takesAgents() bool { return v.named["target"] != "" || v.name == "window add" }
func (v *verb) takesRun() bool    { return v.named["run-id"] != "" || v.name == "run confirm" }

func (v *verb) flagNames() []string {
	names := make([]string, len(v.flags))
	for i := range v.flags {
		names[i] = "--" + v.flags[i].name
	}
	return names
}

func firstWords() []string {
	words := make([]string, 0, len(vocabulary))
	for _, verb := range slices.Concat(everyday, fatal) {
		words = append(words, verb.name)
	}
	for _, family := range families {
		words = append(words, family.name)
	}
	return words
}

func (f *family) secondWords() []string {
	var words []string
	for _, verb := range f.members() {
		words = append(words, strings.TrimPrefix(verb.name, f.name+" "))
	}
	return words
}

func (b *Bot) windowNames(words []string, channel string) []string {
	desk := b.config.Desks[b.meant(words, channel)]
	if desk == nil {
		return nil
	}
	var names []string
	for _, listing := range desk.Windows() {
		names = append(names, listing.Window.Name)
	}
	return names
}

func (b *Bot) runIDs(words []string, channel string) []string {
	desk := b.config.Desks[b.meant(words, channel)]
	if desk == nil {
		return nil
	}
	var ids []string
	for _, run := range desk.Runs() {
		ids = append(ids, run.State.ID)
	}
	return ids
}

func (b *Bot) hostnames(words []string, channel string) []string {
	name := b.meant(words, channel)
	var names []string
	if cluster := b.config.Clusters[name]; cluster != nil {
		names = cluster.Hostnames()
	}
	if machines := b.config.Machines[name]; machines != nil && familyOf(words[0]) != nil && familyOf(words[0]).name == "maintenance" {
		for _, machine := range machines.Ours() { // of one that is down no agent is registered
			names = append(names, machine.Machine.Hostname)
		}
	}
	return names
}

// meant is the cluster that words typed in the channel are about; empty if that is not known.
func (b *Bot) meant(words []string, channel string) string {
	t := &turn{Input: Input{Channel: channel}}
	if i := slices.Index(words, "-c"); i >= 0 && i+1 < len(words) {
		t.command.Cluster = words[i+1]
	}
	name, err := b.route(t)
	if err != nil {
		return ""
	}
	return name
}

func beginning(with string, candidates []string) []string {
	var found []string
	for _, candidate := range candidates {
		if strings.HasPrefix(candidate, with) && candidate != with {
			found = append(found, candidate)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return found[:min(len(found), listed)]
}
