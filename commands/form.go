package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cordon/filters"
)

// Form is a command as a dialog: what stands behind its verb, each thing in a field.
type Form struct {
	Filled
	Title  string // the verb, as a button says it
	About  []Line
	Fields []Field
}

// Field is one field of a Form. Its name is that of the argument or flag that it stands for.
type Field struct {
	Name     string
	Kind     FieldKind
	Label    string
	Hint     string // the grammar's own words; may be empty
	Example  string
	Optional bool
	Most     int      // characters of a text, choices of agents
	Choices  []Choice // of FieldChoice, the first of them chosen; the one of FieldCheck
}

// FieldKind says how a field is filled in.
type FieldKind uint8

// The kinds of fields.
const (
	FieldAgents FieldKind = iota // several agents, searched for: Bot.Suggest
	FieldChoice                  // one of a few
	FieldText                    // one line
	FieldCheck                   // a box to tick
)

// Choice is what may be chosen in a field.
type Choice struct {
	Text  string
	Value string
	About string // a few words more; may be empty
}

// Filled is a form that somebody filled in, or began to.
type Filled struct {
	Verb    string
	Cluster string
	Values  map[string][]string // by the names of fields; text from people
	// Look asks what it would do, as --dry-run does.
	Look bool
}

// verbAlone reads a text that is a verb which opens a form, with a cluster at most.
func verbAlone(text string) (Command, bool) {
	words, err := words(text)
	if err != nil {
		return Command{}, false
	}
	if len(words) > 0 && words[0] == "/mesos" {
		words = words[1:]
	}
	verb, rest, err := findVerb(words)
	if err != nil || !verb.form {
		return Command{}, false
	}
	settings, rest, err := verb.arrange(rest)
	if err != nil || len(rest) > 0 {
		return Command{}, false
	}
	command := Command{Verb: verb.name}
	for _, s := range settings {
		if s.name != "cluster" {
			return Command{}, false
		}
		command.Cluster = s.value
	}
	return command, true
}

// form answers a verb that was typed alone, if the asker may use it.
func (t *turn) form(ctx context.Context) (Reply, error) {
	may, why, err := t.service.May(ctx, t.Actor)
	if err == nil && !slices.Contains(may, t.opens.needs) {
		return Reply{}, &filters.Error{
			Code: filters.Denied, Wrong: "you may not `" + t.opens.name + "` in *" + t.cluster + "*", Expected: why, Try: "`/mesos whoami` shows what you may do",
		}
	}
	return Reply{Form: t.opens.asForm(t.cluster)}, nil
}

// Blank returns the form as it is before anything is filled in.
func (f *Filled) Blank() (*Form, bool) {
	verb := lexicon[f.Verb]
	if verb == nil || !verb.form {
		return nil, false
	}
	return verb.asForm(f.Cluster), true
}

// FirstField names the field that stands first: what is wrong with no other is said there.
func (f *Filled) FirstField() string { return "target" }

// Instead is the reply where the form cannot be shown: what to type.
func (f *Form) Instead() Reply {
	return Reply{Code: filters.Invalid, Lines: []Line{
		Say("I could not show you the form. Type it: ", Literal("/mesos "+lexicon[f.Verb].examples[0]), ". "+nothingChanged),
	}}
}

// command reads what was filled in as the grammar reads what is typed.
func (f *Filled) command() (Command, error) {
	verb := lexicon[f.Verb]
	if verb == nil || !verb.form {
		return Command{}, &filters.Error{Code: filters.Invalid, Wrong: "I do not know this form", Try: "It is from another version of me; type the command instead: `/mesos help`"}
	}
	words, err := f.words(verb)
	if err != nil {
		return Command{}, err
	}
	given, err := verb.read(words)
	if err != nil {
		return Command{}, err
	}
	given.Cluster, given.DryRun = f.Cluster, given.DryRun || f.Look
	return verb.command(given)
}

// words are the fields as they would be typed.
func (f *Filled) words(verb *verb) ([]string, error) {
	var flags, targets []string
	exact := first(f.Values["until"])
	for _, field := range verb.fields() {
		for _, value := range f.Values[field.Name] {
			value = strings.TrimSpace(value)
			if err := f.bounded(value); err != nil {
				return nil, err
			}
			_, notLong := readDuration(value)
			switch {
			case value == "" || value == choiceNone, field.Name == "for" && exact != "":
			case field.Kind == FieldAgents && isAttribute(value):
				flags = append(flags, "--attribute="+value)
			case field.Kind == FieldAgents:
				targets = append(targets, value)
			case field.Kind == FieldCheck:
				flags = append(flags, "--"+field.Name)
			case field.Name == "until" && notLong == nil:
				flags = append(flags, "--for="+value)
			default:
				flags = append(flags, "--"+field.Name+"="+value)
			}
		}
	}
	return append(append(flags, "--"), targets...), nil
}

// bounded refuses what no command could hold either.
func (f *Filled) bounded(value string) error {
	if len(value) > commandBytes {
		return &filters.Error{Code: filters.Invalid, Wrong: "this is too long", Expected: "a few words"}
	}
	return visible(value)
}

func isAttribute(value string) bool { return strings.Contains(value, "=") }

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[0])
}

// fault is the field to stand an error at; empty if nothing that is filled in there would mend it.
func (f *Filled) fault(err error) string {
	known, ok := errors.AsType[*filters.Error](err)
	if f == nil || !ok || f.Look {
		return ""
	}
	switch known.Code {
	case filters.Invalid, filters.Unknown, filters.Ambiguous, filters.Limited, filters.Conflict:
	default:
		return ""
	}
	verb := lexicon[f.Verb]
	if verb == nil || !verb.form {
		return ""
	}
	name := known.Field
	if name == "for" && first(f.Values["until"]) != "" {
		name = "until" // it takes durations too
	}
	fields := verb.fields()
	if !slices.ContainsFunc(fields, func(field Field) bool { return field.Name == name }) {
		name = f.FirstField()
	}
	return name
}
