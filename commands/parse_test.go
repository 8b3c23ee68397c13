package commands

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cordon/filters"
	"cordon/scheduler"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func named(names ...string) []filters.Target {
	var targets []filters.Target
	for _, name := range names {
		targets = append(targets, filters.Target{Name: name})
	}
	return targets
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Command{
		"":                {Verb: "help"},
		"   ":             {Verb: "help"},
		"--help":          {Verb: "help"},
		"help filter":     {Verb: "help", Topic: "filter"},
		"filter -h":       {Verb: "help", Topic: "filter"},
		"cordon --help":   {Verb: "help", Topic: "filter"},
		"-c prod status":  {Verb: "status", Cluster: "prod"},
		"status -c=prod":  {Verb: "status", Cluster: "prod"},
		"status -cprod":   {Verb: "status", Cluster: "prod"},
		"Status":          {Verb: "status"},
		"/mesos status":   {Verb: "status"},
		"status, web-1":   {Verb: "status", Targets: named("web-1")},
		"filter web-1":    {Verb: "filter", Targets: named("web-1")},
		"cordon web-1":    {Verb: "filter", Targets: named("web-1")},
		"deactivate a,b":  {Verb: "filter", Targets: named("a", "b")},
		"filter a, b ,c":  {Verb: "filter", Targets: named("a", "b", "c")},
		"filter -- --odd": {Verb: "filter", Targets: named("--odd")},
		"filter @bench -l rack=r1 --attribute zone=a": {Verb: "filter", Targets: []filters.Target{
			{Group: "bench"}, {Attribute: filters.Attribute{Name: "rack", Value: "r1"}}, {Attribute: filters.Attribute{Name: "zone", Value: "a"}}}},
		"filter a -m=x":                         {Verb: "filter", Targets: named("a"), Reason: "x"},
		"filter a -mx":                          {Verb: "filter", Targets: named("a"), Reason: "x"},
		"filter a -m x":                         {Verb: "filter", Targets: named("a"), Reason: "x"},
		"filter a --reason=x=y":                 {Verb: "filter", Targets: named("a"), Reason: "x=y"},
		`filter a -m "kernel upgrade"`:          {Verb: "filter", Targets: named("a"), Reason: "kernel upgrade"},
		`filter a -m "-c is no flag here"`:      {Verb: "filter", Targets: named("a"), Reason: "-c is no flag here"},
		`filter a -m 'kernel "big" upgrade'`:    {Verb: "filter", Targets: named("a"), Reason: `kernel "big" upgrade`},
		`filter a -m “kernel upgrade”`:          {Verb: "filter", Targets: named("a"), Reason: "kernel upgrade"},
		`filter a -m „kernel upgrade“`:          {Verb: "filter", Targets: named("a"), Reason: "kernel upgrade"},
		`filter a -m "say “hi” now"`:            {Verb: "filter", Targets: named("a"), Reason: "say “hi” now"},
		`filter a -m ‘kernel upgrade’`:          {Verb: "filter", Targets: named("a"), Reason: "kernel upgrade"},
		`filter a -m "don’t panic"`:             {Verb: "filter", Targets: named("a"), Reason: "don’t panic"},
		`filter a -m 'don't panic'`:             {Verb: "filter", Targets: named("a"), Reason: "don't panic"},
		`filter a -m don't`:                     {Verb: "filter", Targets: named("a"), Reason: "don't"},
		`filter a -m the—dash`:                  {Verb: "filter", Targets: named("a"), Reason: "the—dash"},
		`filter a -m "— quoted dash"`:           {Verb: "filter", Targets: named("a"), Reason: "— quoted dash"},
		"filter a —for 2h":                      {Verb: "filter", Targets: named("a"), For: 2 * time.Hour},
		"filter a –for=2h":                      {Verb: "filter", Targets: named("a"), For: 2 * time.Hour},
		"filter a --for 1d12h":                  {Verb: "filter", Targets: named("a"), For: 36 * time.Hour},
		"filter a --for 1.5h":                   {Verb: "filter", Targets: named("a"), For: 90 * time.Minute},
		"filter\u00a0a --for\u00a02h":           {Verb: "filter", Targets: named("a"), For: 2 * time.Hour},
		"filter a --until 18:00":                {Verb: "filter", Targets: named("a"), Until: When{flag: "--until", text: "18:00", hour: 18}},
		"filter --until 18:00 a":                {Verb: "filter", Targets: named("a"), Until: When{flag: "--until", text: "18:00", hour: 18}},
		"filter --until tomorrow 06:30 a":       {Verb: "filter", Targets: named("a"), Until: When{flag: "--until", text: "tomorrow 06:30", hour: 6, minute: 30, tomorrow: true}},
		`filter a --until "tomorrow 06:30"`:     {Verb: "filter", Targets: named("a"), Until: When{flag: "--until", text: "tomorrow 06:30", hour: 6, minute: 30, tomorrow: true}},
		"filter a --until 2026-09-01T18:00:00Z": {Verb: "filter", Targets: named("a"), Until: When{flag: "--until", text: "2026-09-01T18:00:00Z", moment: time.Date(2026, 9, 1, 18, 0, 0, 0, time.UTC)}},
		"filter a --dry-run --yes":              {Verb: "filter", Targets: named("a"), DryRun: true, Yes: true},
		"filter a --dry-run=true":               {Verb: "filter", Targets: named("a"), DryRun: true},
		"unfilter a --all":                      {Verb: "unfilter", Targets: named("a"), All: true},
		"release f-1,f-2 f-3":                   {Verb: "release", IDs: []string{"f-1", "f-2", "f-3"}},
		"extend a --for 1h":                     {Verb: "extend", Targets: named("a"), For: time.Hour},
		"answer q-1 YES -m ok":                  {Verb: "answer", IDs: []string{"q-1"}, Agree: true, Reason: "ok"},
		"answer q-1 no":                         {Verb: "answer", IDs: []string{"q-1"}},
		"unlock --dry-run":                      {Verb: "unlock", DryRun: true},
		"freeze -m \"Black Friday\"":            {Verb: "freeze", Reason: "Black Friday"},
		"history":                               {Verb: "history"},

		"window":               {Verb: "window list"},
		"windows":              {Verb: "window list"},
		"window ls":            {Verb: "window list"},
		"-c prod windows":      {Verb: "window list", Cluster: "prod"},
		"window -c prod list":  {Verb: "window list", Cluster: "prod"},
		"window list -c prod":  {Verb: "window list", Cluster: "prod"},
		"window -h":            {Verb: "help", Topic: "window"},
		"window --help":        {Verb: "help", Topic: "window"},
		"window help":          {Verb: "help", Topic: "window"},
		"help windows":         {Verb: "help", Topic: "window"},
		"help window add":      {Verb: "help", Topic: "window add"},
		"window add --help":    {Verb: "help", Topic: "window add"},
		"window show a --yaml": {Verb: "window show", Name: "a", YAML: true},
		"window next":          {Verb: "window next"},
		"window next a -n 3":   {Verb: "window next", Name: "a", Most: 3},
		"window next -n3":      {Verb: "window next", Most: 3},
		"Window Remove a -m x": {Verb: "window rm", Name: "a", Reason: "x"},
		`window add a web-* @bench --schedule "0 2 * * 2" --duration 2h -l rack=r1 -l zone=a -m why`: {Verb: "window add", Name: "a", Reason: "why",
			Targets: []filters.Target{{Name: "web-*"}, {Group: "bench"}, {Attribute: filters.Attribute{Name: "rack", Value: "r1"}}, {Attribute: filters.Attribute{Name: "zone", Value: "a"}}},
			Window:  scheduler.Definition{Schedule: "0 2 * * 2", Duration: "2h", Targets: []string{"web-*", "@bench"}, Attributes: map[string]string{"rack": "r1", "zone": "a"}, Reason: "why"}},
		"window add a b --schedule 0 2 * * 1-5 --for 2h --announce 24h,1h --announce 10m --joining --approval": {Verb: "window add", Name: "a", Targets: named("b"),
			Window: scheduler.Definition{Schedule: "0 2 * * 1-5", Duration: "2h", Targets: []string{"b"}, Announce: []string{"24h", "1h", "10m"}, Joining: true, Approval: true}},
		"window add a b --schedule @daily --duration 1h --time-zone Europe/Paris --cutoff 15m --missed skip --overrun stop --max-unavailable 25% --per rack --start-date 2027-01-01 --end-date 2027-02-01 --mode filter": {
			Verb: "window add", Name: "a", Targets: named("b"),
			Window: scheduler.Definition{Schedule: "@daily", Duration: "1h", TimeZone: "Europe/Paris", Targets: []string{"b"}, Cutoff: "15m", Missed: "skip", Overrun: "stop",
				MaxUnavailable: "25%", MaxUnavailablePer: "rack", StartDate: "2027-01-01", EndDate: "2027-02-01", Mode: "filter"}},
		`window add a b --schedule @daily --duration 1h --step "wait 5m" --step webhook reboot --step confirm --max-parallel 2 --batch-by rack --soak 5m --max-failures 1 --expect restart`: {
			Verb: "window add", Name: "a", Targets: named("b"),
			Window: scheduler.Definition{Schedule: "@daily", Duration: "1h", Targets: []string{"b"}, Run: &scheduler.Procedure{
				Steps: []string{"wait 5m", "webhook reboot", "confirm"}, MaxParallel: 2, BatchBy: "rack", Soak: "5m", MaxFailures: 1, Expect: "restart"}}},
		"run":                          {Verb: "run list"},
		"runs":                         {Verb: "run list"},
		"run show":                     {Verb: "run show"},
		"run status r-1":               {Verb: "run show", IDs: []string{"r-1"}},
		"run start a --step wait 5m":   {Verb: "run start", Targets: named("a"), Procedure: scheduler.Procedure{Steps: []string{"wait 5m"}}},
		"run start a,b --dry-run":      {Verb: "run start", Targets: named("a", "b"), DryRun: true},
		"run start a --per rack --yes": {Verb: "run start", Targets: named("a"), Yes: true, Window: scheduler.Definition{MaxUnavailablePer: "rack"}},
		"run abort r-1 -m x":           {Verb: "run abort", IDs: []string{"r-1"}, Reason: "x"},
		"run confirm r-1 DONE":         {Verb: "run confirm", IDs: []string{"r-1"}, Word: "done"},
		"run confirm skip":             {Verb: "run confirm", Word: "skip"},
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if difference := cmp.Diff(want, got, cmp.AllowUnexported(When{}), cmpopts.EquateEmpty()); difference != "" {
			t.Errorf("%q:\n%s", text, difference)
		}
	}
}

func TestParseRefusesWhatCannotBeSeen(t *testing.T) {
	for name, text := range map[string]string{
		"NUL":                 "filter a\x00",
		"a control character": "filter a -m \"x\x1by\"",
		"right-to-left":       "filter a -m \"x\u202egnp.exe\"",
		"an isolate":          "filter a -m \"x\u2066y\u2069\"",
		"a zero-width space":  "filter web\u200b-1",
		"a line separator":    "filter a -m \"x\u2028y\"",
		"broken UTF-8":        "filter a -m \"\xff\"",
	} {
		_, err := Parse(text)
		if filters.CodeOf(err) != filters.Invalid || !strings.Contains(err.Error(), "the command holds") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKeepsWhatBelongsToLanguages(t *testing.T) {
	for _, reason := range []string{"naïve café", "磁盘更换", "می\u200cخواهم", "👩‍🔧 works on it", "tab\tand\nline"} {
		command, err := Parse(`filter a -m "` + reason + `"`)
		want := strings.NewReplacer("\t", " ", "\n", " ").Replace(reason)
		if err != nil || command.Reason != want {
			t.Errorf("%q became %q: %v", reason, command.Reason, err)
		}
	}
}

func TestParseBoundsLength(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		says []string
	}{
		"10 kB of reason":        {`filter a -m "` + strings.Repeat("x", 10<<10) + `"`, []string{"bytes long", "reason", "500"}},
		"a reason over its most": {`filter a -m "` + strings.Repeat("é", 501) + `"`, []string{"the reason", "501 characters", "500"}},
	} {
		_, err := Parse(c.text)
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
	if _, err := Parse(`filter a -m "` + strings.Repeat("é", 500) + `"`); err != nil {
		t.Errorf("500 characters: %v", err)
	}
}

// sentences are words that exercise every kind of flag.
func sentences(v *verb) *rapid.Generator[[]string] {
	pieces := []string{"web-1", "a,b", "@bench", "web-*", "yes", "no", "q-1", "f-1", "--", "", "x=y", "-", "--odd", "-2h", "kernel upgrade", "18:00", "tomorrow", "06:00", "Europe/Paris"}
	for _, f := range v.flags {
		pieces = append(pieces, "--"+f.name, "--"+f.name+"=v", "--"+f.name+"=", "--"+f.name+"=a=b")
		if f.short != 0 {
			letter := "-" + string(rune(f.short))
			pieces = append(pieces, letter, letter+"=v", letter+"v")
		}
	}
	return rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 7)
}

// The short cut reads what kong reads, wherever it reads at all.
func TestShortCutAgreesWithKong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(vocabulary).Draw(t, "verb")
		words := sentences(v).Draw(t, "words")
		settings, rest, err := v.arrange(words)
		if err != nil {
			return
		}
		short, ok := v.shortCut(settings, rest)
		if !ok {
			return
		}
		long, err := v.byKong(settings, rest)
		if err != nil {
			t.Fatalf("%s %q: kong refuses what the short cut takes: %v", v.name, words, err)
		}
		if difference := cmp.Diff(long, short, cmp.AllowUnexported(given{}), cmpopts.EquateEmpty()); difference != "" {
			t.Fatalf("%s %q:\n%s", v.name, words, difference)
		}
	})
}

// A reason comes out as it went in, whatever stands in it.
func TestReasonsSurviveQuoting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reason := rapid.StringMatching(`[a-zA-Zé0-9 .,:;!?<>&#@*'()=+/|~^%-]{1,40}`).Draw(t, "reason")
		command, err := Parse(`filter a -m "` + reason + `"`)
		if strings.TrimSpace(reason) == "" {
			return
		}
		if v := lexicon["filter"]; v.isFlag(reason) {
			return
		}
		if err != nil || command.Reason != strings.TrimSpace(reason) {
			t.Fatalf("%q became %q: %v", reason, command.Reason, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "help", `filter agent-one --for 2h -m "kernel upgrade"`, "filter a —for 2h -m “x”", "filter a -m 'don't'", `filter a -m "x`, "filter a\x00",
		"filter --until tomorrow 06:00 Europe/Paris a,b -l rack=r1", "-c prod unfilter a --all", "answer q yes -m ok", `filter a\`, `filter \"a`, "filter a -m=\u202e", "release f-1 --dry-run=maybe",
		`window add a -l rack=r1 --schedule "0 2 * * 2" --for 2h --step "webhook reboot" -m "x"`, "window next -n 3", "window --help", "run start a --step wait 5m", "run confirm c-1 skip", "windows x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		command, err := Parse(text)
		if err != nil {
			if filters.CodeOf(err) != filters.Invalid {
				t.Fatalf("%q: %v is not an error for people", text, err)
			}
			if renderRefusal(err).Text() == "" {
				t.Fatalf("%q is refused without a word", text)
			}
			return
		}
		if lexicon[command.Verb] == nil || lexicon[command.Verb].name != command.Verb {
			t.Fatalf("%q: no verb %q", text, command.Verb)
		}
		if !utf8.ValidString(command.Reason) || utf8.RuneCountInString(command.Reason) > reasonCharacters || command.For < 0 || command.For > longest {
			t.Fatalf("%q became %+v", text, command)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, text := range map[string]string{
		"plain":  "filter agent-one --for 2h -m upgrade",
		"quoted": `filter agent-one --for 2h -m "kernel upgrade"`,
		"until":  `filter agent-one --until 18:00 Europe/Paris -m "kernel upgrade"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("kong", func(b *testing.B) { // what the short cut saves
		b.ReportAllocs()
		words, _ := words(`filter agent-one --for 2h -m "kernel upgrade"`)
		verb, rest, _ := findVerb(words)
		for b.Loop() {
			settings, rest, _ := verb.arrange(rest)
			if _, err := verb.byKong(settings, rest); err != nil {
				b.Fatal(err)
			}
		}
	})
}
