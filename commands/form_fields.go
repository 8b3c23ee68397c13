package commands

import "strings"

// agentsChosen is the most that may be chosen in a form: more of them take --yes.
const agentsChosen = 25

// choiceNone stands for no value: a choice must have one.
const choiceNone = "none"

// entries are the flags that a form asks for, by name: how each is filled in. What it means is said by the grammar.
var entries = map[string]Field{
	"for":              {Kind: FieldChoice, Label: "For how long", Choices: spans},
	"until":            {Kind: FieldText, Label: "Or exactly", Example: "90m, 18:00 or tomorrow 06:00", Most: 60},
	"all":              {Kind: FieldCheck, Label: "Whose filters", Choices: []Choice{{Text: "Those of every owner, not only mine", Value: "all"}}},
	"reason":           {Kind: FieldText, Label: "Why", Example: "kernel upgrade", Most: reasonCharacters},
	"max-grace-period": {Kind: FieldText, Label: "Time for a task to end", Example: "10m", Most: 20},
	"manual":           {Kind: FieldCheck, Label: "How", Choices: []Choice{{Text: "Frameworks move their tasks, and none is killed", Value: "manual"}}},
	"deadline":         {Kind: FieldText, Label: "Tell the channel what holds it up after", Example: "1h", Most: 20},
}

var spans = []Choice{
	{Text: "2 hours", Value: "2h"}, {Text: "30 minutes", Value: "30m"}, {Text: "1 hour", Value: "1h"}, {Text: "4 hours", Value: "4h"},
	{Text: "8 hours", Value: "8h"}, {Text: "1 day", Value: "1d"}, {Text: "1 week", Value: "1w"},
}

var endless = Choice{Text: "No end, until somebody releases it", Value: choiceNone}

// asForm renders the verb's grammar as a form.
func (v *verb) asForm(cluster string) *Form {
	return &Form{
		Filled: Filled{Verb: v.name, Cluster: cluster}, Title: capital(v.name),
		About:  []Line{Say(Strong(cluster), ": "+v.about+".")},
		Fields: v.fields(),
	}
}

// fields are the verb's targets, then its flags as far as a form asks for them.
func (v *verb) fields() []Field {
	fields := []Field{{
		Name: "target", Kind: FieldAgents, Label: "Agents", Example: "Search by name", Most: agentsChosen,
		Hint: "Type a glob such as web-*, an attribute such as rack=r1, or @group for several at once.",
	}}
	if v.name == "adopt" {
		fields[0].Hint = "Only agents that somebody else withholds are offered."
	}
	for i := range v.flags {
		flag := &v.flags[i]
		field, known := entries[flag.name]
		if !known {
			continue
		}
		field.Name, field.Hint, field.Optional = flag.name, flag.help, !v.requires(flag.name)
		if flag.name == "for" && v.long["until"] != nil {
			field.Hint, field.Choices = "", append(field.Choices[:len(field.Choices):len(field.Choices)], endless)
		}
		if flag.name == "until" {
			field.Hint = "In place of the choice above: a duration, " + strings.TrimPrefix(flag.help, "Until when: ")
		}
		fields = append(fields, field)
	}
	return fields
}
