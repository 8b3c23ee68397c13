package main

import (
	"strings"
	"testing"
)

const governed = `
clusters:
  prod:
    masters: [http://master-one:5050]
    channel: C0123
    roles: {onlooker: ["*"], operator: [U1, S1], approver: [U2, U3], admin: [U9]}
    policy:
      - {name: databases, attributes: {tier: database}, require: approval, approvals: 2}
      - {name: share, verbs: [filter], cluster_over: 20%, require: approval, from: on-call}
    on_call: {levels: [{pagerduty_schedule: PI7DH85}]}
pagerduty: {token_file: SECRET}
redis: {url: redis://redis-one:6379}
slack: {team: T0123, bot_token_file: SECRET, app_token_file: SECRET}
`

func TestExplain(t *testing.T) {
	file := saved(t, "cordon.yaml", governed)
	for line, want := range map[string][]string{
		"--as U1 --of 9 -l tier=database -- drain web-1 -m disk":   {"about 1 of 9 agents: web-1", "yes  operator (U1, S1): U1 is listed", "yes  databases: web-1 has tier=database", "2 must say yes, other than U1; until then it waits\n  approver (U2, U3)\n  admin (U9)"},
		"--as U1 --agents 3 --of 10 -- filter web-*":               {"about 3 of 10 agents", "no   databases: none of them", "Rule share decides: 1 must say yes", "level 1: PagerDuty schedule PI7DH85\n  admin (U9)"},
		"--as U1 --of 10 -- filter web-1":                          {"no   share: it is 1 of 10 agents", "Nobody else is asked."},
		"--as U7 -- filter web-1":                                  {"?    operator (U1, S1)", "--of says how many", "Not known: it depends on the user groups that U7 is in"},
		"--as U7 --groups S1 --of 10 -- unfilter web-1":            {"yes  operator (U1, S1): U7 is in user group S1", "Nobody else"},
		"--as U7 --groups= -- filter web-1":                        {"Refused: you may look at prod"},
		"--as U1 --last /shop --of 9 -- drain web-1":               {"yes  last instance: the last of /shop runs there", "2 must say yes"},
		"--as U9 --of 9 -- filter master-one":                      {"yes  vital: master-one hosts", "1 must say yes"},
		"--as U9 --of 9 -- maintenance down web-1 --confirm web-1": {"2 must say yes", "yes  irreversible: what runs there is killed at once"},
		"--as U9 --of 9 -l tier=database -- drain web-1 -m disk":   {"other than U9; until then it waits\n  approver (U2, U3)\n  admin (U9): nobody but who asks"},
		"--as U9 -- status":                                        {"Nobody else is asked."},
	} {
		code, out, problem := typed(t, append([]string{"explain", "--config", file}, strings.Fields(line)...)...)
		if code != 0 {
			t.Errorf("%s: code %d: %s", line, code, problem)
		}
		for _, part := range want {
			if !strings.Contains(out, part) {
				t.Errorf("%s: %q is missing:\n%s", line, part, out)
			}
		}
	}
	for line, want := range map[string]string{
		"--as U1 -- filter -l rack=r1":     "how many agents `-l rack=r1` means is not known",
		"--as U1 -- dance web-1":           "I do not know `dance`",
		"--as U1 --cluster test -- status": "no cluster `test` is configured",
	} {
		if code, _, problem := typed(t, append([]string{"explain", "--config", file}, strings.Fields(line)...)...); code != 1 || !strings.Contains(problem, want) {
			t.Errorf("%s: code %d: %s", line, code, problem)
		}
	}
}

// What a person types with spaces and quotes comes through a shell as it was meant.
func TestTypedAs(t *testing.T) {
	for _, test := range []struct{ words, want string }{
		{"--|drain|web-1|-m|disk swap", `drain web-1 -m "disk swap"`}, {"drain web-1", "drain web-1"}, {"--|filter|a|-m|it's \"it\"", `filter a -m "it's \"it\""`},
	} {
		if got := typedAs(strings.Split(test.words, "|")); got != test.want {
			t.Errorf("%q is typed as %s", test.words, got)
		}
	}
}
