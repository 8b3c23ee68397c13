package commands

import (
	"strings"

	"cordon/filters"
)

// setting is one flag as it was given.
type setting struct {
	*flag
	value string
}

// read arranges words behind the verb and has the grammar read them. The usual shapes take a short cut, which gives
// what kong gives (a test compares the two) at a hundredth of its price.
func (v *verb) read(words []string) (given, error) {
	settings, rest, err := v.arrange(words)
	if err != nil {
		return given{}, err
	}
	if given, ok := v.shortCut(settings, rest); ok {
		return given, nil
	}
	return v.byKong(settings, rest)
}

func (v *verb) shortCut(settings []setting, rest []string) (given, bool) {
	result := given{Words: rest}
	for _, s := range settings {
		switch {
		case s.placeholder == "" && s.value != "":
			return given{}, false
		case s.name == "cluster":
			result.Cluster = s.value
		case s.name == "for":
			result.For = s.value
		case s.name == "until" && v.name != "history": // that one looks back
			result.Until = s.value
		case s.name == "reason":
			result.Reason = s.value
		case s.name == "attribute":
			result.Attributes = append(result.Attributes, s.value)
		case s.name == "dry-run":
			result.DryRun = true
		case s.name == "yes":
			result.Yes = true
		case s.name == "all":
			result.All = true
		default:
			return given{}, false
		}
	}
	return result, true
}

func (v *verb) byKong(settings []setting, rest []string) (given, error) {
	arguments := make([]string, 0, len(settings)+1+len(rest))
	for _, s := range settings {
		argument := "--" + s.name
		if s.placeholder != "" || s.value != "" {
			argument += "=" + s.value
		}
		arguments = append(arguments, argument)
	}
	grammar := v.grammar()
	if _, err := parser(v.name, grammar).Parse(append(append(arguments, "--"), rest...)); err != nil {
		return given{}, &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "`: " + clip(err.Error(), 200), Try: "`/mesos help " + v.name + "` shows what it takes", Cause: err}
	}
	return grammar.given(), nil
}

// arrange tells flags with their values from the rest. A value may stand in the next word, behind `=`, or right behind a
// short flag.
func (v *verb) arrange(words []string) (settings []setting, rest []string, err error) {
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" {
			return settings, append(rest, words[i+1:]...), nil
		}
		if len(word) < 2 || word[0] != '-' {
			rest = append(rest, word)
			continue
		}
		known, value, attached, err := v.flag(word)
		if err != nil {
			return nil, nil, err
		}
		if known.placeholder != "" && !attached {
			taken := v.valueWords(known, words[i+1:])
			if taken == 0 {
				return nil, nil, needsValue(known)
			}
			value = strings.Join(words[i+1:i+1+taken], " ")
			i += taken
		}
		if known.placeholder != "" && strings.TrimSpace(value) == "" {
			return nil, nil, needsValue(known)
		}
		if err := once(settings, known); err != nil {
			return nil, nil, err
		}
		settings = append(settings, setting{known, value})
	}
	return settings, rest, nil
}

// flag finds the flag that a word is, and the value that is attached to it.
func (v *verb) flag(word string) (known *flag, value string, attached bool, err error) {
	if name, ok := strings.CutPrefix(word, "--"); ok {
		name, value, attached = strings.Cut(name, "=")
		known = v.long[strings.ToLower(name)]
	} else if known = v.short[word[1]]; known != nil && len(word) > 2 {
		value, attached = strings.TrimPrefix(word[2:], "="), true
	}
	if known == nil {
		return nil, "", false, v.unknownFlag(word)
	}
	return known, value, attached, nil
}

// valueWords counts the words that are the flag's value: none if a flag follows, more than one for times such as
// `tomorrow 06:00` and `18:00 Europe/Paris`.
func (v *verb) valueWords(known *flag, next []string) int {
	if len(next) == 0 || v.isFlag(next[0]) {
		return 0
	}
	switch known.name {
	case "schedule":
		return scheduleWords(next)
	case "step":
		return stepWords(next)
	case "until", "start":
	default:
		return 1
	}
	taken := 1
	if day := strings.ToLower(next[0]); (day == "tomorrow" || day == "today") && len(next) > 1 && isClock(next[1]) {
		taken++
	}
	if isClock(next[taken-1]) && len(next) > taken {
		if _, err := loadZone(next[taken]); err == nil || strings.Contains(next[taken], "/") {
			taken++
		}
	}
	return taken
}

// isFlag tells whether a word is one of the verb's flags, so that it cannot be the value of another.
func (v *verb) isFlag(word string) bool {
	if name, ok := strings.CutPrefix(word, "--"); ok {
		name, _, _ = strings.Cut(name, "=")
		return v.long[name] != nil
	}
	return len(word) == 2 && word[0] == '-' && v.short[word[1]] != nil
}

func once(settings []setting, known *flag) error {
	for _, earlier := range settings {
		switch {
		case earlier.name == known.name && !known.repeats:
			return &filters.Error{Code: filters.Invalid, Wrong: "`--" + known.name + "` is given twice", Expected: "it once"}
		case earlier.name == "for" && known.name == "until", earlier.name == "until" && known.name == "for":
			return &filters.Error{Code: filters.Invalid, Wrong: "`--for` and `--until` are both given", Expected: "one of them"}
		}
	}
	return nil
}

func needsValue(known *flag) error {
	return &filters.Error{Code: filters.Invalid, Wrong: known.String() + " has no value", Expected: "for example `--" + known.name + " " + example(known) + "`"}
}

func example(known *flag) string {
	switch known.name {
	case "reason":
		return `"kernel upgrade"`
	case "cluster":
		return "prod"
	}
	return known.placeholder
}

func (v *verb) unknownFlag(word string) error {
	names := make([]string, 0, len(v.flags))
	shown := make([]string, 0, len(v.flags))
	for i := range v.flags {
		names = append(names, "--"+v.flags[i].name)
		shown = append(shown, v.flags[i].String())
	}
	word, _, _ = strings.Cut(word, "=")
	err := &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` has no `" + clip(word, 40) + "`", Expected: "its flags are " + strings.Join(shown, ", ")}
	if len(shown) > usageMost {
		err.Expected, err.Try = "one of its flags", "`/mesos help "+v.name+"` lists them"
	}
	if nearest := filters.Nearest(word, names, 1); len(nearest) > 0 {
		err.Try = "Nearest: `" + nearest[0] + "`"
	}
	return err
}
