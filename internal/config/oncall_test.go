package config

import (
	"strings"
	"testing"
)

// duty is the whole configuration with one more field of the first cluster.
func duty(onCall string) string {
	return strings.Replace(whole, "    operators:", "    on_call: "+onCall+"\n    operators:", 1)
}

const accounts = "pagerduty: {token_file: SECRET}\nopsgenie: {key_file: SECRET, url: https://api.eu.opsgenie.com}\n"

func TestOnCall(t *testing.T) {
	config, secrets, err := load(t, duty(`{fallback: S0789, levels: [{pagerduty_schedule: PI7DH85}, {pagerduty_policy: PT20YPA, escalation_level: 2}, {opsgenie_schedule: night watch}, {group: S0456}, {rota: {people: [U1, W2], from: 2026-11-23 09:00, shift: 7d, time_zone: Europe/Berlin}}]}`)+accounts)
	if err != nil {
		t.Fatal(err)
	}
	levels := config.Clusters["prod"].OnCall.Levels
	if len(levels) != 5 || levels[1].EscalationLevel != 2 || levels[4].Rota.TimeZone != "Europe/Berlin" {
		t.Errorf("%+v", levels)
	}
	if secrets.PagerDuty.Reveal() == "" || secrets.Opsgenie.Reveal() == "" || config.PagerDuty.URL != "https://api.pagerduty.com" || config.Opsgenie.URL != "https://api.eu.opsgenie.com" {
		t.Errorf("%+v %+v", config.PagerDuty, config.Opsgenie)
	}
}

func TestOnCallMistakes(t *testing.T) {
	for name, test := range map[string]struct{ onCall, want string }{
		"no source":            {"{levels: [{}]}", "clusters.prod.on_call.levels[0]: has 0 sources; expected one of group"},
		"two sources":          {"{levels: [{group: S1, pagerduty_schedule: P1}]}", "levels[0]: has 2 sources"},
		"a group by name":      {"{levels: [{group: '@sre'}]}", "levels[0].group: `@sre` is not the ID of a user group"},
		"a user as fallback":   {"{fallback: U1, levels: [{group: S1}]}", "on_call.fallback: `U1` is not the ID of a user group"},
		"a fallback alone":     {"{fallback: S1}", "on_call.fallback: stands without levels"},
		"a schedule by name":   {"{levels: [{pagerduty_schedule: night watch}]}", "levels[0].pagerduty_schedule: `night watch` is not an ID of PagerDuty"},
		"a path":               {"{levels: [{opsgenie_schedule: ../alerts}]}", "levels[0].opsgenie_schedule: is not the ID or name"},
		"a level of a group":   {"{levels: [{group: S1, escalation_level: 2}]}", "levels[0].escalation_level: stands beside a source that has no levels"},
		"a level too high":     {"{levels: [{pagerduty_policy: P1, escalation_level: 21}]}", "levels[0].escalation_level: 21 is out of range"},
		"a rota without start": {"{levels: [{rota: {people: [U1], shift: 7d}}]}", "levels[0].rota.from: is missing"},
		"a shift too short":    {"{levels: [{rota: {people: [U1], from: 2026-11-23, shift: 5m}}]}", "levels[0].rota.shift: `5m` is too short"},
		"an unknown field":     {"{levels: [{pagerduty: P1}]}", "levels[0].pagerduty: is not a field"},
	} {
		_, _, err := load(t, duty(test.onCall)+accounts)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// A token is needed where a service is asked, and goes to nobody else.
func TestOnCallAccounts(t *testing.T) {
	for name, test := range map[string]struct{ onCall, account, want string }{
		"no token":              {"{levels: [{pagerduty_schedule: P1}]}", "", "pagerduty.token_file: is missing"},
		"no key":                {"{levels: [{opsgenie_schedule: sre}]}", "", "opsgenie.key_file: is missing"},
		"none is asked":         {"{levels: [{group: S1}]}", "", ""},
		"plain http":            {"{levels: [{group: S1}]}", "pagerduty: {url: http://api.pagerduty.com}\n", "pagerduty.url: `http` is not safe for a token"},
		"plain http to oneself": {"{levels: [{group: S1}]}", "opsgenie: {url: 'http://127.0.0.1:8080'}\n", ""},
		"credentials":           {"{levels: [{group: S1}]}", "opsgenie: {url: 'https://user:secret@api.opsgenie.com'}\n", "opsgenie.url: holds more than"},
	} {
		_, _, err := load(t, duty(test.onCall)+test.account)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret@")):
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
