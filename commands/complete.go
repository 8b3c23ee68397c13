package commands

import (
	"slices"
	"strings"
)

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
