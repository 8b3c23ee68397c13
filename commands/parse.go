package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cordon/filters"
	"cordon/scheduler"
)

// Command is a command that was understood. What it says about agents and times is checked for form only.
type Command struct {
	Verb    string // never an alias
	Cluster string // as given with -c; empty: the channel's
	Targets []filters.Target
	IDs     []string // of release; the question of answer
	For     time.Duration
	Until   When
	Reason  string
	DryRun  bool
	Yes     bool
	All     bool
	Agree   bool   // answer: yes
	Topic   string // help: the verb, or the first word of several, to explain
	Page    int    // history: 1 is the newest; 0: none given

	Name      string               // of a window
	Start     time.Time            // window skip: the start that is meant; zero: whichever is open or next
	Window    scheduler.Definition // of window add and run start, unchecked
	Procedure scheduler.Procedure  // of run start, unchecked
	YAML      bool                 // window show: as configuration
	Most      int                  // window next: how many
	Word      string               // run confirm: done, failed or skip
	Starts    When                 // maintenance schedule
	Lasts     time.Duration        // maintenance schedule; 0: without an end

	Look LookBack // history

	Drain    filters.Drain // of drain and gone
	Deadline time.Duration // of drain; 0: none
	Manual   bool          // of drain: frameworks move their tasks, none is killed
	Last     bool          // of --manual: also the last tasks of apps
	Typed    []string      // hostnames that --confirm repeats
	Glass    bool          // what needs approval is done without waiting
}

// Parse reads one command, without the slash command itself. Nothing at all is help. Errors are filters.Errors with code
// Invalid that name what is wrong. Safe for concurrent use.
func Parse(text string) (Command, error) {
	words, err := words(text)
	if err != nil {
		return Command{}, err
	}
	if len(words) > 0 && words[0] == "/mesos" { // as it stands in every example
		words = words[1:]
	}
	verb, rest, err := findVerb(words)
	if err != nil {
		return Command{}, err
	}
	given, err := verb.read(rest)
	if err != nil {
		return Command{}, err
	}
	return verb.command(given)
}

// findVerb takes the verb out of the words; -c may stand before it.
func findVerb(words []string) (*verb, []string, error) {
	i := 0
	for i < len(words) && strings.HasPrefix(words[i], "-") {
		switch word := words[i]; {
		case word == "-c" || word == "--cluster":
			i += 2
		case word == "-h" || word == "--help":
			return lexicon["help"], append(slices.Clone(words[:i]), words[i+1:]...), nil
		default:
			i++
		}
	}
	if i >= len(words) {
		return lexicon["help"], words, nil
	}
	name := strings.ToLower(strings.TrimRight(words[i], ",.:;!?"))
	if name == "" {
		name = words[i]
	}
	rest := append(slices.Clone(words[:i]), words[i+1:]...)
	if family := familyOf(name); family != nil {
		return family.findVerb(rest, i)
	}
	verb := lexicon[name]
	if verb == nil {
		return nil, nil, unknownVerb(name)
	}
	if verb.name != "help" && asksForHelp(rest) {
		return lexicon["help"], []string{verb.name}, nil
	}
	return verb, rest, nil
}

func asksForHelp(words []string) bool {
	return len(words) > 0 && (words[len(words)-1] == "--help" || words[len(words)-1] == "-h")
}

func unknownVerb(name string) error {
	known := make([]string, 0, len(lexicon))
	for word := range lexicon {
		known = append(known, word)
	}
	for _, family := range families {
		known = append(append(known, family.name), family.aliases...)
	}
	err := &filters.Error{Code: filters.Invalid, Wrong: "I do not know `" + clip(name, 40) + "`", Try: "`/mesos help` lists what I do"}
	if nearest := filters.Nearest(name, known, 1); len(nearest) > 0 {
		err.Try = "Nearest: `/mesos " + nearest[0] + "`"
	}
	return err
}

// reasonable refuses a reason that is too long.
func reasonable(reason string) error {
	length := utf8.RuneCountInString(reason)
	if length <= reasonCharacters {
		return nil
	}
	return &filters.Error{Code: filters.Invalid, Field: "reason",
		Wrong:    "the reason (`-m`) is " + strconv.Itoa(length) + " characters long",
		Expected: "at most " + strconv.Itoa(reasonCharacters) + ", such as `-m \"kernel upgrade\"`"}
}

// command checks what was given and makes typed values of it.
func (v *verb) command(given given) (Command, error) {
	command := Command{Verb: v.name, Cluster: given.Cluster, Reason: strings.TrimSpace(given.Reason), DryRun: given.DryRun, Yes: given.Yes, All: given.All, Typed: splitCommas(given.Confirm), Glass: given.Glass}
	var err error
	if err := reasonable(command.Reason); err != nil {
		return Command{}, err
	}
	if given.For != "" {
		if command.For, err = parseDuration("--for", given.For); err != nil {
			return Command{}, err
		}
	}
	if given.Until != "" {
		if command.Until, err = parseWhen("--until", given.Until); err != nil {
			return Command{}, err
		}
	}
	if command.Page, err = parsePage(given.Page); err != nil {
		return Command{}, err
	}
	if err := command.looking(given); err != nil {
		return Command{}, err
	}
	if err := command.planning(given); err != nil {
		return Command{}, err
	}
	if err := command.scheduling(given); err != nil {
		return Command{}, err
	}
	if err := command.draining(given); err != nil {
		return Command{}, err
	}
	if err := v.arguments(&command, given); err != nil {
		return Command{}, err
	}
	return command, v.complete(&command)
}

// parsePage reads the number of a page of history; 0 where none is given.
func parsePage(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	page, err := strconv.Atoi(text)
	if err != nil || page < 1 || page > historyPages {
		return 0, &filters.Error{Code: filters.Invalid, Wrong: "`--page " + clip(text, 20) + "`",
			Expected: fmt.Sprintf("a number from 1 to %d, such as `--page 2`", historyPages), Try: "All of it is in `GET /api/journal`"}
	}
	return page, nil
}

// arguments reads what is not a flag.
func (v *verb) arguments(command *Command, given given) error {
	switch v.name {
	case "help":
		return command.topic(given.Words)
	case "release", "approve", "deny", "withdraw", "review":
		command.IDs = splitCommas(given.Words)
	case "answer":
		return command.verdict(given.Words)
	case "window show", "window next", "window pause", "window resume", "window skip", "window rm":
		return v.windowName(command, given.Words)
	case "window add":
		return command.window(given)
	case "run show", "run pause", "run resume", "run abort":
		return v.runID(command, given.Words)
	case "run confirm":
		return command.confirmation(given.Words)
	case "filters", "questions", "approvals", "whoami", "freeze", "thaw", "unlock", "window list", "run list":
		if len(given.Words) > 0 {
			return v.unwanted(given.Words)
		}
	default:
		return command.targets(given)
	}
	return nil
}

func (v *verb) unwanted(words []string) error {
	err := &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` takes no `" + clip(strings.Join(words, " "), 60) + "`"}
	if v.long["reason"] != nil {
		err.Expected = "a reason stands in quotes: `/mesos " + v.examples[0] + "`"
	} else {
		err.Expected = "`/mesos " + v.name + "` alone"
	}
	return err
}

func (c *Command) topic(words []string) error {
	if len(words) == 0 {
		return nil
	}
	first := strings.ToLower(words[0])
	if family := familyOf(first); family != nil {
		return c.familyTopic(family, words[1:])
	}
	verb := lexicon[first]
	if verb == nil {
		return unknownVerb(words[0])
	}
	c.Topic = verb.name
	return nil
}

func (c *Command) verdict(words []string) error {
	if len(words) == 2 {
		switch strings.ToLower(words[1]) {
		case "yes", "y":
			c.Agree = true
			fallthrough
		case "no", "n":
			c.IDs = words[:1]
			return nil
		}
	}
	return &filters.Error{Code: filters.Invalid, Wrong: "`answer` needs a question's ID and yes or no",
		Expected: "for example `/mesos answer q-7h2k9s4d yes -m \"checked on the host\"`", Try: "`/mesos questions` lists them"}
}

func (c *Command) targets(given given) error {
	words := splitCommas(given.Words)
	if len(words) < len(given.Words) || slices.ContainsFunc(given.Words, hasEmpty) {
		return &filters.Error{Code: filters.Invalid, Wrong: "a target is empty", Expected: "a hostname, an agent ID, a glob such as `web-*`, or `@group`"}
	}
	for _, word := range words {
		target, err := filters.ParseTarget(word)
		if err != nil {
			return err
		}
		c.Targets = append(c.Targets, target)
	}
	for _, attribute := range given.Attributes {
		target, err := filters.ParseAttribute(attribute)
		if err != nil {
			return err
		}
		c.Targets = append(c.Targets, target)
	}
	return nil
}

// hasEmpty tells whether a word names nothing between two commas. One at its end belongs to the next word: `web-1, web-2`.
func hasEmpty(word string) bool { return word == "" || strings.Contains(word, ",,") }

// splitCommas splits words at commas and leaves empty parts out, so that `web-1, web-2` are two.
func splitCommas(words []string) []string {
	var parts []string
	for _, word := range words {
		for part := range strings.SplitSeq(word, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// complete refuses a command that lacks what its verb cannot do without.
func (v *verb) complete(command *Command) error {
	missing := ""
	switch {
	case v.needsTarget() && len(command.Targets) == 0:
		return &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` names no " + v.actsOn(), Expected: v.names(), Try: "For example `/mesos " + v.examples[0] + "`"}
	case v.name == "release" && len(command.IDs) == 0:
		return &filters.Error{Code: filters.Invalid, Wrong: "`release` names no filter", Expected: "a filter's ID, such as `f-3k7q2m9x`", Try: "`/mesos filters` lists them"}
	case v.requires("for") && command.For == 0:
		missing = "`--for`"
	case v.requires("start") && command.Starts.IsZero():
		missing = "`--start`"
	case v.requires("schedule") && command.Window.Schedule == "":
		missing = "`--schedule`"
	case v.requires("duration") && command.Window.Duration == "":
		missing = "`--duration`"
	case v.requires("reason") && command.Reason == "", v.name == "unlock" && command.Reason == "" && !command.DryRun:
		missing = "a reason, `-m`"
	}
	if missing == "" {
		return nil
	}
	return &filters.Error{Code: filters.Invalid, Wrong: "`" + v.name + "` needs " + missing, Expected: "for example `/mesos " + v.requiredExample() + "`"}
}

func (v *verb) requiredExample() string {
	if v.name == "unlock" {
		return v.examples[1]
	}
	return v.examples[0]
}

func (v *verb) needsTarget() bool {
	switch v.name {
	case "filter", "unfilter", "extend", "adopt", "drain", "gone", "run start", "window add",
		"maintenance schedule", "maintenance down", "maintenance up", "maintenance cancel":
		return true
	}
	return false
}
