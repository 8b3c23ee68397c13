package scheduler

import (
	"testing"
	"time"

	"cordon/filters"

	"github.com/google/go-cmp/cmp"
)

func TestParseStep(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Step{
		"wait 5m":            {Kind: StepWait, Wait: 5 * time.Minute},
		"  wait   1h30m ":    {Kind: StepWait, Wait: 90 * time.Minute},
		"confirm":            {Kind: StepConfirm},
		"move":               {Kind: StepMove},
		"move last":          {Kind: StepMove, Last: true},
		"webhook reboot":     {Kind: StepWebhook, Webhook: "reboot"},
		"webhook rack-power": {Kind: StepWebhook, Webhook: "rack-power"},
	} {
		if got, err := ParseStep(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                    "a step is empty: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"reboot":              "`reboot` is no step: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"Confirm":             "`Confirm` is no step: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"wait":                "`wait` has not the words that a step of its kind has: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"wait 5m 3m":          "`wait 5m 3m` has not the words that a step of its kind has: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"confirm please":      "`confirm please` has not the words that a step of its kind has: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"wait long":           "`long` is not a duration: a duration such as `90m`, `2h30m` or `1d12h`",
		"wait 0s":             "`0s` is no time at all: a duration such as `90m`, `2h30m` or `1d12h`, more than zero",
		"webhook":             "`webhook` has not the words that a step of its kind has: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"webhook https://x.y": "`https://x.y` is not a webhook's name: 1 to 63 lower-case letters, digits and hyphens, such as `webhook reboot`",
	} {
		if _, err := ParseStep(text); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func FuzzStep(f *testing.F) {
	for _, seed := range []string{"wait 5m", "confirm", "webhook reboot", "wait", "", "webhook `x` y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		step, err := ParseStep(text)
		if err != nil {
			if filters.CodeOf(err) != filters.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if again, err := ParseStep(step.String()); err != nil || again != step {
			t.Fatalf("%q is %v, which is read as %v, %v", text, step, again, err)
		}
	})
}

func TestCompileProcedure(t *testing.T) {
	t.Parallel()
	procedure := Procedure{
		Steps: []string{"webhook reboot", "wait 5m", "confirm"}, MaxParallel: 2, BatchBy: "rack", Soak: "5m", MaxFailures: 1, Expect: "restart",
	}
	want := &CompiledProcedure{
		Steps:    []Step{{Kind: StepWebhook, Webhook: "reboot"}, {Kind: StepWait, Wait: 5 * time.Minute}, {Kind: StepConfirm}},
		Parallel: 2, BatchBy: "rack", Soak: 5 * time.Minute, Failures: 1, Restart: true,
	}
	got, problems := CompileProcedure(procedure, KnownWebhooks("reboot"))
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		t.Errorf("%v\n%s", problems, diff)
	}
	if got, _ := CompileProcedure(Procedure{}); got == nil || got.Parallel != 1 || got.Restart {
		t.Errorf("an empty procedure is %+v", got)
	}
}

func TestProcedureProblems(t *testing.T) {
	t.Parallel()
	got, problems := CompileProcedure(Procedure{
		Steps: []string{"webhook reboot", "jump"}, MaxParallel: -1, BatchBy: "ra ck", Soak: "0", MaxFailures: -1, Expect: "leave",
	}, KnownWebhooks("power", "drain"))
	want := []string{
		"steps[0]: I know no webhook `reboot`: one of the configuration's: `drain`, `power`",
		"steps[1]: `jump` is no step: `wait 5m`, `confirm`, `move` or `webhook reboot`",
		"max_parallel: is less than zero: how many agents are under way at once, such as `2`",
		"max_failures: is less than zero: how many agents may fail before the run stops, such as `1`",
		"batch_by: `ra ck` is not the name of an attribute: one such as `rack`",
		"soak: `0` is no time at all: a duration such as `90m`, `2h30m` or `1d12h`, more than zero",
		"expect: `leave` is not known: one of `restart`, `stay`",
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" || got != nil {
		t.Errorf("%v\n%s", got, diff)
	}
	_, problems = CompileProcedure(Procedure{Steps: []string{"webhook reboot"}}, KnownWebhooks())
	want = []string{"steps[0]: I know no webhook `reboot`: the configuration has no webhooks. They are listed there under `webhooks`"}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
}

func texts(problems []Problem) []string {
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.Error())
	}
	return texts
}
