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
		all[i] = Word{Name: verb.name, Agents: verb.named["target"] != ""}
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
// agents. It writes nothing and asks nothing of the outside.
func (b *Bot) Complete(text, channel string) []string {
	words := strings.Fields(text)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(text, " ") {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	var candidates []string
	switch {
	case len(words) == 0:
		for _, verb := range vocabulary {
			candidates = append(candidates, verb.name)
		}
	case lexicon[words[0]] == nil:
	case words[0] == "help":
		return b.Complete(last, channel)
	case strings.HasPrefix(last, "-"):
		for _, flag := range lexicon[words[0]].flags {
			candidates = append(candidates, "--"+flag.name)
		}
	case lexicon[words[0]].named["target"] != "":
		candidates = b.hostnames(words, channel)
	}
	return beginning(last, candidates)
}

func (b *Bot) hostnames(words []string, channel string) []string {
	t := &turn{Input: Input{Channel: channel}}
	if i := slices.Index(words, "-c"); i >= 0 && i+1 < len(words) {
		t.command.Cluster = words[i+1]
	}
	name, err := b.route(t)
	if err != nil {
		return nil
	}
	return b.config.Clusters[name].Hostnames()
}

func beginning(with string, candidates []string) []string {
	var found []string
	for _, candidate := range candidates {
		if strings.HasPrefix(candidate, with) && candidate != with {
			found = append(found, candidate)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), listed)]
}
