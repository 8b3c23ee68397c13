package commands

import (
	"slices"
	"testing"
)

func TestWordsAreTheGrammar(t *testing.T) {
	words := Words()
	if len(words) != len(vocabulary) {
		t.Fatalf("%d words, %d verbs", len(words), len(vocabulary))
	}
	for _, word := range words {
		if lexicon[word.Name] == nil {
			t.Errorf("%s is no verb", word.Name)
		}
		for _, flag := range word.Flags {
			if !lexicon[word.Name].isFlag(flag) {
				t.Errorf("%s has no %s", word.Name, flag)
			}
		}
	}
	filter := words[slices.IndexFunc(words, func(word Word) bool { return word.Name == "filter" })]
	if !filter.Agents || !slices.Contains(filter.Flags, "--for") || !slices.Contains(filter.Flags, "-m") {
		t.Errorf("filter is completed as %+v", filter)
	}
	if freeze := words[slices.IndexFunc(words, func(word Word) bool { return word.Name == "freeze" })]; freeze.Agents {
		t.Errorf("freeze is completed as %+v", freeze)
	}
}
