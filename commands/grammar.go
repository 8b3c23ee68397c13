package commands

import (
	"io"
	"slices"
	"strings"

	"cordon/filters"
	"cordon/scheduler"

	"github.com/alecthomas/kong"
)

// verb is a word of the language: what it is for, and the grammar of what follows it.
type verb struct {
	name    string
	aliases []string
	group   string
	// needs is the right to use it: filters.VerbLook for what everybody may.
	needs    filters.Verb
	about    string // a sentence without its end
	examples []string
	grammar  func() grammar
	form     bool // typed alone it opens a form, where one can be shown

	takes string            // its arguments, without flags
	usage string            // what follows the verb, rendered from kong's model
	flags []flag            // of the model, in its order
	long  map[string]*flag  // by name
	short map[byte]*flag    // by letter
	named map[string]string // arguments by name: their help
}

// grammar is a struct with kong's tags.
type grammar interface{ given() given }

// given is what a person gave a verb, as text.
type given struct {
	Cluster, For, Until, Reason, Page string
	Attributes                        []string
	DryRun, Yes, All                  bool
	Words                             []string // what is not a flag

	MaxGracePeriod, Deadline string
	Start, Duration          string // of the maintenance schedule
	MarkGone, Manual, Last   bool
	Glass                    bool
	Confirm                  []string

	By, Deed, Since, UpTo string // of history

	Most      string
	YAML      bool
	Window    scheduler.Definition // what the flags of windows and runs say
	procedure procedureFlags
}

// flag is what the manners need to know of one of kong's flags.
type flag struct {
	name        string
	aliases     []string
	short       byte // 0: none
	help        string
	placeholder string // empty: the flag takes no value
	repeats     bool
}

func (f *flag) String() string {
	text := "`--" + f.name + "`"
	if f.short != 0 {
		text = "`-" + string(rune(f.short)) + "`, " + text
	}
	return text
}

// The pieces that grammars are made of.
type (
	clusterFlag struct {
		Cluster string `short:"c" placeholder:"NAME" help:"The cluster; without it the channel's own."`
	}
	reasonFlag struct {
		Reason string `short:"m" placeholder:"\"WHY\"" help:"Why, in a few words that everybody sees."`
	}
	endFlags struct {
		For   string `placeholder:"2h" help:"For how long: 90m, 2h30m, 1d12h."`
		Until string `placeholder:"18:00" help:"Until when: 18:00, 18:00 Europe/Paris, tomorrow 06:00 or RFC 3339."`
	}
	planFlags struct {
		DryRun     bool     `help:"Show what would happen, and what it costs; change nothing."`
		Yes        bool     `help:"Meant, although it is more than 25 agents."`
		Confirm    []string `sep:"none" placeholder:"HOSTNAME" help:"The hostname typed again, of each agent, where that is asked for; several with commas."`
		BreakGlass bool     `help:"Do not wait for approval: for admins, with a reason; somebody else reviews it."`
	}
	tryFlag struct {
		DryRun bool `help:"Show what would happen; change nothing."`
	}
	targetArguments struct {
		Attribute []string `short:"l" sep:"none" placeholder:"rack=r1" help:"Only agents with this attribute; may be given again."`
		Target    []string `arg:"" optional:"" sep:"none" help:"A hostname, an agent ID or the start of one, a glob such as web-*, several with commas, or @group."`
	}
)

type (
	helpGrammar struct {
		clusterFlag
		Verb []string `arg:"" optional:"" sep:"none" help:"The verb to explain."`
	}
	lookGrammar struct { // whoami, filters, questions
		clusterFlag
		Nothing []string `arg:"" optional:"" hidden:"" sep:"none"`
	}
	findGrammar struct { // status, agents
		clusterFlag
		targetArguments
	}
	historyGrammar struct {
		clusterFlag
		targetArguments
		By    string `placeholder:"@alice" help:"What somebody did or asked for: a person, me, window:NAME, api:NAME, bot:NAME."`
		Verb  string `placeholder:"drain" help:"Of one verb, or of one kind of entries, such as refused."`
		Since string `placeholder:"2h" help:"How far back: 2h, 3d, 2026-11-01, or RFC 3339."`
		Until string `placeholder:"1h" help:"Only what is older, written like --since."`
		Page  string `placeholder:"2" help:"Older entries: 1 is the newest page."`
	}
	filterGrammar struct {
		clusterFlag
		targetArguments
		endFlags
		reasonFlag
		planFlags
	}
	unfilterGrammar struct {
		clusterFlag
		targetArguments
		All bool `help:"The filters of every owner, not only one's own."`
		reasonFlag
		planFlags
	}
	releaseGrammar struct {
		clusterFlag
		ID []string `arg:"" optional:"" sep:"none" name:"filter-id" help:"The ID of a filter, or of the request that placed several."`
		reasonFlag
		planFlags
	}
	extendGrammar struct {
		clusterFlag
		targetArguments
		For string `placeholder:"1h" help:"The end becomes the later of what it is and this long from now."`
		All bool   `help:"The filters of every owner, not only one's own."`
		reasonFlag
		planFlags
	}
	orderGrammar struct { // freeze, thaw, unlock
		clusterFlag
		reasonFlag
		tryFlag
		Nothing []string `arg:"" optional:"" hidden:"" sep:"none"`
	}
	answerGrammar struct {
		clusterFlag
		Answer []string `arg:"" optional:"" sep:"none" name:"id" help:"The question's ID, then yes or no."`
		reasonFlag
		tryFlag
	}
)

// plan adds what these flags say.
func (f *planFlags) plan(rest given) given {
	rest.DryRun, rest.Yes, rest.Confirm, rest.Glass = f.DryRun, f.Yes, f.Confirm, f.BreakGlass
	return rest
}

func (g *helpGrammar) given() given { return given{Cluster: g.Cluster, Words: g.Verb} }
func (g *lookGrammar) given() given { return given{Cluster: g.Cluster, Words: g.Nothing} }
func (g *findGrammar) given() given {
	return given{Cluster: g.Cluster, Attributes: g.Attribute, Words: g.Target}
}
func (g *historyGrammar) given() given {
	return given{Cluster: g.Cluster, Attributes: g.Attribute, Words: g.Target, Page: g.Page, By: g.By, Deed: g.Verb, Since: g.Since, UpTo: g.Until}
}
func (g *filterGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Attributes: g.Attribute, Words: g.Target, For: g.For, Until: g.Until, Reason: g.Reason})
}
func (g *unfilterGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Attributes: g.Attribute, Words: g.Target, All: g.All, Reason: g.Reason})
}
func (g *releaseGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Words: g.ID, Reason: g.Reason})
}
func (g *extendGrammar) given() given {
	return g.plan(given{Cluster: g.Cluster, Attributes: g.Attribute, Words: g.Target, For: g.For, All: g.All, Reason: g.Reason})
}
func (g *orderGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Nothing, Reason: g.Reason, DryRun: g.DryRun}
}
func (g *answerGrammar) given() given {
	return given{Cluster: g.Cluster, Words: g.Answer, Reason: g.Reason, DryRun: g.DryRun}
}

// parser builds kong's parser over a grammar. It is built for each use: one that is used again keeps flags of the
// command before.
func parser(name string, over grammar) *kong.Kong {
	return kong.Must(over, kong.Name(name), kong.NoDefaultHelp(), kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
}

// model reads what the manners and help need from kong's model.
func (v *verb) model() {
	node := parser(v.name, v.grammar()).Model.Node
	v.long, v.short, v.named = map[string]*flag{}, map[byte]*flag{}, map[string]string{}
	v.flags = make([]flag, len(node.Flags))
	for i, known := range node.Flags {
		f := &v.flags[i]
		*f = flag{name: known.Name, aliases: known.Aliases, help: known.Help, repeats: known.IsSlice()}
		if !known.IsBool() {
			f.placeholder = known.PlaceHolder
		}
		if known.Short != 0 {
			f.short = byte(known.Short)
			v.short[f.short] = f
		}
		v.long[f.name] = f
	}
	slices.SortStableFunc(v.flags, func(a, b flag) int { return flagRank(a) - flagRank(b) })
	for i := range v.flags {
		v.long[v.flags[i].name] = &v.flags[i]
		for _, alias := range v.flags[i].aliases {
			v.long[alias] = &v.flags[i]
		}
		if short := v.flags[i].short; short != 0 {
			v.short[short] = &v.flags[i]
		}
	}
	for _, argument := range node.Positional {
		if !argument.Tag.Hidden {
			v.named[argument.Name] = argument.Help
		}
	}
	v.usage = v.summary(node)
}

// flagRank puts -l first, and the flags that every verb has behind its own.
func flagRank(f flag) int {
	if f.name == "attribute" {
		return -1
	}
	return 1 + slices.Index([]string{"page", "for", "until", "all", "reason", "dry-run", "confirm", "yes", "break-glass", "cluster"}, f.name)
}

// summary renders what follows the verb: `TARGET… [--for 2h] [-m "WHY"]`.
func (v *verb) summary(node *kong.Node) string {
	var parts []string
	for _, argument := range node.Positional {
		if !argument.Tag.Hidden {
			parts = append(parts, argumentUsage(v, argument.Name))
		}
	}
	v.takes = strings.Join(parts, " ")
	crowded := len(v.flags)-v.hidden() > usageMost
	for i := range v.flags {
		f := &v.flags[i]
		if slices.Contains(unshown, f.name) || crowded && !v.requires(f.name) && !slices.Contains(usual, f.name) {
			continue
		}
		name := "--" + f.name
		if f.short != 0 {
			name = "-" + string(rune(f.short))
		}
		if f.placeholder != "" {
			name += " " + f.placeholder
		}
		if !v.requires(f.name) {
			name = "[" + name + "]"
		}
		parts = append(parts, name)
	}
	if crowded {
		parts = append(parts, "[…]")
	}
	return strings.Join(parts, " ")
}

// usageMost is how many flags a usage line may show; of verbs with more it shows the usual ones.
const usageMost = 10

// hidden is how many of the verb's flags no usage line shows.
func (v *verb) hidden() int {
	count := 0
	for i := range v.flags {
		if slices.Contains(unshown, v.flags[i].name) {
			count++
		}
	}
	return count
}

// unshown are flags that no usage line shows: every verb of their kind has them.
var unshown = []string{"cluster", "yes", "confirm", "break-glass"}

var usual = []string{"attribute", "reason", "dry-run", "max-parallel", "step"}

func argumentUsage(v *verb, name string) string {
	switch {
	case name == "id":
		return "ID yes|no"
	case name == "verb":
		return "[VERB]"
	case name == "name target":
		return "NAME TARGET…"
	case name == "run-id word":
		return "RUN-ID done|failed|skip"
	case name == "name" && v.name != "window next":
		return "NAME"
	case name == "name", name == "run-id":
		return "[" + strings.ToUpper(name) + "]"
	case v.needs == filters.VerbLook:
		return "[" + strings.ToUpper(name) + "…]"
	}
	return strings.ToUpper(name) + "…"
}

// requires tells whether the verb cannot do without the flag.
func (v *verb) requires(name string) bool {
	switch v.name {
	case "adopt", "freeze", "thaw", "deny":
		return name == "reason"
	case "extend":
		return name == "for"
	case "window add":
		return name == "schedule" || name == "duration"
	case "maintenance schedule":
		return name == "start"
	}
	return false
}

// family is the verb's first word, where it has two; else nil.
func (v *verb) family() *family {
	first, _, two := strings.Cut(v.name, " ")
	if !two {
		return nil
	}
	return familyOf(first)
}
