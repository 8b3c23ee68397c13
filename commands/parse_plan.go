package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cordon/filters"
	"cordon/scheduler"
)

// findVerb takes the second word out of the words behind the family's; -c may stand before it.
func (f *family) findVerb(words []string, from int) (*verb, []string, error) {
	i := from
	for i < len(words) && strings.HasPrefix(words[i], "-") {
		switch word := words[i]; {
		case word == "-c" || word == "--cluster":
			i += 2
		case word == "-h" || word == "--help":
			return lexicon["help"], []string{f.name}, nil
		default:
			i++
		}
	}
	if i >= len(words) {
		return lexicon[f.bare], words, nil
	}
	second := strings.ToLower(strings.TrimRight(words[i], ",.:;!?"))
	rest := append(slices.Clone(words[:i]), words[i+1:]...)
	switch verb := lexicon[f.name+" "+second]; {
	case second == "help":
		return lexicon["help"], []string{f.name}, nil
	case verb == nil:
		return nil, nil, f.unknown(words[i])
	case asksForHelp(rest):
		return lexicon["help"], strings.Fields(verb.name), nil
	default:
		return verb, rest, nil
	}
}

// unknown refuses a second word that is none, which may be a name that the verb was left out before.
func (f *family) unknown(word string) error {
	var names, known []string
	for _, verb := range f.members() {
		name := strings.TrimPrefix(verb.name, f.name+" ")
		names, known = append(names, name), append(known, name)
		for _, alias := range verb.aliases {
			known = append(known, strings.TrimPrefix(alias, f.name+" "))
		}
	}
	err := &filters.Error{Code: filters.Invalid, Wrong: "`" + f.name + "` does not know `" + clip(word, 40) + "`", Expected: "one of " + strings.Join(names, ", ")}
	if nearest := filters.Nearest(strings.ToLower(word), known, 1); len(nearest) > 0 {
		err.Try = "Nearest: `/mesos " + f.name + " " + nearest[0] + "`"
	} else {
		err.Try = "If it is a name: `/mesos " + f.name + " show " + clip(word, 40) + "`"
	}
	return err
}

// familyTopic is what help explains of a family: all of it, or one of its verbs.
func (c *Command) familyTopic(family *family, words []string) error {
	if c.Topic = family.name; len(words) == 0 {
		return nil
	}
	verb := lexicon[family.name+" "+strings.ToLower(words[0])]
	if verb == nil {
		return family.unknown(words[0])
	}
	c.Topic = verb.name
	return nil
}

// scheduleWords counts the words of a schedule that stands without its quotes: five fields, or one of @daily and its like.
func scheduleWords(next []string) int {
	const fields = 5
	if len(next) < fields {
		return 1
	}
	for _, word := range next[:fields] {
		if strings.Trim(strings.ToUpper(word), "0123456789*,/-?LWABCDEFGHIJKMNOPRSTUVY") != "" || len(word) > 1 && word[0] == '-' {
			return 1
		}
	}
	return fields
}

// stepWords counts the words of a step that stands without its quotes.
func stepWords(next []string) int {
	if kind := strings.ToLower(next[0]); (kind == "wait" || kind == "webhook") && len(next) > 1 && !strings.HasPrefix(next[1], "-") {
		return 2
	}
	if len(next) > 1 && strings.EqualFold(next[0], "move") && strings.EqualFold(next[1], "last") {
		return 2
	}
	return 1
}

// openingsMost is how many openings can be asked for.
const openingsMost = 50

// planning reads the flags of windows and runs.
func (c *Command) planning(given given) error {
	c.Window, c.YAML = given.Window, given.YAML
	var err error
	if c.Most, err = parseCount("-n", given.Most, 1, openingsMost); err != nil {
		return err
	}
	flags := &given.procedure
	procedure := scheduler.Procedure{Steps: flags.Step, BatchBy: flags.BatchBy, Soak: flags.Soak, Expect: flags.Expect}
	if procedure.MaxParallel, err = parseCount("--max-parallel", flags.MaxParallel, 1, 1000); err != nil {
		return err
	}
	if procedure.MaxFailures, err = parseCount("--max-failures", flags.MaxFailures, 0, 1000); err != nil {
		return err
	}
	switch {
	case c.Verb == "run start", c.Verb == "drain":
		c.Procedure = procedure
	case flags.given():
		c.Window.Run = &procedure
	}
	return nil
}

// given tells whether any of the flags was.
func (f *procedureFlags) given() bool {
	return len(f.Step) > 0 || f.MaxParallel+f.BatchBy+f.Soak+f.MaxFailures+f.Expect != ""
}

// parseCount reads a number; 0 where none is given.
func parseCount(flag, text string, least, most int) (int, error) {
	if text == "" {
		return 0, nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < least || count > most {
		return 0, &filters.Error{Code: filters.Invalid, Wrong: "`" + flag + " " + clip(text, 20) + "`",
			Expected: fmt.Sprintf("a number from %d to %d, such as `%s 2`", least, most, flag)}
	}
	return count, nil
}

func (v *verb) windowName(command *Command, words []string) error {
	switch {
	case len(words) == 1:
		command.Name = words[0]
		return nil
	case len(words) > 1:
		return &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` takes one name, not also `" + clip(strings.Join(words[1:], " "), 60) + "`", Expected: "for example `/mesos " + v.examples[0] + "`"}
	case v.name == "window next":
		return nil
	}
	return &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` names no window", Expected: "for example `/mesos " + v.examples[0] + "`", Try: "`/mesos window list` shows them"}
}

// window reads a window's name and targets.
func (c *Command) window(given given) error {
	if len(given.Words) == 0 {
		verb := lexicon["window add"]
		return &filters.Error{Code: filters.Invalid, Wrong: "`window add` names no window", Expected: "a name first, then its agents", Try: "For example `/mesos " + verb.examples[0] + "`"}
	}
	c.Name, given.Words = strings.TrimRight(given.Words[0], ","), given.Words[1:]
	if err := c.targets(given); err != nil {
		return err
	}
	for _, target := range c.Targets {
		attribute := target.Attribute
		if attribute.Name == "" {
			c.Window.Targets = append(c.Window.Targets, target.String())
			continue
		}
		if earlier, twice := c.Window.Attributes[attribute.Name]; twice {
			return &filters.Error{Code: filters.Invalid, Wrong: "`-l " + attribute.Name + "` is given twice, as `" + clip(earlier, 40) + "` and `" + clip(attribute.Value, 40) + "`", Expected: "one value for each attribute"}
		}
		if c.Window.Attributes == nil {
			c.Window.Attributes = map[string]string{}
		}
		c.Window.Attributes[attribute.Name] = attribute.Value
	}
	c.Window.Reason = c.Reason
	return nil
}

func (v *verb) runID(command *Command, words []string) error {
	if len(words) > 1 {
		return &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` takes one ID, not also `" + clip(strings.Join(words[1:], " "), 60) + "`", Expected: "for example `/mesos " + v.examples[1] + "`"}
	}
	command.IDs = words
	return nil
}

// confirmation reads `ID done|failed|skip`; the ID may be left out where one run alone asks.
func (c *Command) confirmation(words []string) error {
	if len(words) == 1 || len(words) == 2 {
		switch word := strings.ToLower(words[len(words)-1]); word {
		case "done", "failed", "skip":
			c.Word, c.IDs = word, words[:len(words)-1]
			return nil
		}
	}
	return &filters.Error{Code: filters.Invalid, Wrong: "`run confirm` needs a run's ID, and done, failed or skip",
		Expected: "for example `/mesos run confirm r-3k7q2m9x done`", Try: "`/mesos run list` shows them"}
}
