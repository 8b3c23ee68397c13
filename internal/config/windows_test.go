package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/scheduler"
)

const planned = `
clusters:
  prod:
    masters: [http://master-one:5050]
    channel: C0123
    groups: {bench: {hosts: [web-1, web-2]}}
    windows:
      kernel-tue:
        schedule: 0 2 * * 2
        duration: 2h
        time_zone: Europe/Berlin
        attributes: {rack: r1}
        start_date: 2026-12-01
        announce: [1h, 24h]
        max_unavailable: 25%
        max_unavailable_per: rack
      firmware:
        schedule: "@daily"
        duration: 4h
        targets: ["@bench", web-9]
        run:
          steps:
            - webhook reboot
            - wait 5m
          max_parallel: 2
          soak: 5m
    freezes:
      - name: year's end
        from: 2026-12-20
        to: 2027-01-03 12:00
        time_zone: Europe/Berlin
        windows: [kernel-tue]
    digest:
      at: 08:00
      time_zone: Europe/Berlin
    webhooks:
      page: {url: https://own.example.com/page, secret_file: SECRET}
slack:
  team: T0123
  bot_token_file: SECRET
  app_token_file: SECRET
webhooks:
  reboot:
    url: https://fleet.example.com/reboot?token=hush
    secret_file: SECRET
    repeat: true
    give_up_after: 90m
  page: {url: https://shared.example.com/page, secret_file: SECRET}
  local: {url: "http://[::1]:9000/x", secret_file: SECRET}
`

func TestWindowsAreRead(t *testing.T) {
	config, secrets, err := load(t, planned)
	if err != nil {
		t.Fatal(err)
	}
	cluster := config.Clusters["prod"]
	want := scheduler.Definition{
		Schedule: "@daily", Duration: "4h", Targets: []string{"@bench", "web-9"},
		Run: &scheduler.Procedure{Steps: []string{"webhook reboot", "wait 5m"}, MaxParallel: 2, Soak: "5m"},
	}
	if diff := cmp.Diff(want, cluster.Windows["firmware"]); diff != "" {
		t.Error(diff)
	}
	windows, freezes := cluster.Compile()
	if len(windows) != 2 || windows[1].Name != "kernel-tue" || windows[1].MaxUnavailable.Percent != 25 || windows[1].Zone.String() != "Europe/Berlin" {
		t.Errorf("windows: %+v", windows)
	}
	period, frozen := freezes.At(time.Date(2027, 1, 3, 10, 59, 0, 0, time.UTC), "kernel-tue")
	if !frozen || period.Name != "year's end" || !period.To.Equal(time.Date(2027, 1, 3, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("freeze: %+v, %v", period, frozen)
	}
	if cluster.Digest.Compile() == nil || (Digest{TimeZone: "UTC"}).Compile() != nil {
		t.Error("the digest is told only if it has a time")
	}
	hooks := config.WebhooksOf("prod")
	if hooks["page"].URL != "https://own.example.com/page" || hooks["reboot"] != (Webhook{"https://fleet.example.com/reboot?token=hush", config.Webhooks["reboot"].SecretFile, true, 30 * time.Second, 10 * time.Second, 90 * time.Minute}) {
		t.Errorf("webhooks: %+v", hooks)
	}
	for name := range hooks {
		if secrets.Webhooks["prod"][name].Reveal() == "" {
			t.Errorf("webhook %s has no secret", name)
		}
	}
}

func TestMistakesOfWindowsNameTheirLine(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"schedule":              {"0 2 * * 2", "0 25 * * 2", ":9: clusters.prod.windows.kernel-tue.schedule: `25` is no hour; expected 0 to 23"},
		"schedule of six":       {"0 2 * * 2", "0 0 2 * * 2", ":9: clusters.prod.windows.kernel-tue.schedule: `0 0 2 * * 2` has 6 fields"},
		"never comes":           {"0 2 * * 2", "0 2 30 2 *", ":9: clusters.prod.windows.kernel-tue.schedule: `0 2 30 2 *` never comes"},
		"@every":                {"\"@daily\"", "\"@every 1h\"", ":18: clusters.prod.windows.firmware.schedule: `@every` counts from"},
		"zone before":           {"0 2 * * 2", "TZ=UTC 0 2 * * 2", "stands before the schedule; expected the zone in a field of its own"},
		"no duration":           {"        duration: 2h\n", "", ":8: clusters.prod.windows.kernel-tue.duration: is empty; expected a duration such as `90m`"},
		"zero duration":         {"duration: 2h", "duration: 0s", ":10: clusters.prod.windows.kernel-tue.duration: `0s` is no time at all"},
		"overlaps itself":       {"duration: 4h", "duration: 25h", ":19: clusters.prod.windows.firmware.duration: `25h` overlaps itself"},
		"unknown zone":          {"time_zone: Europe/Berlin\n        attr", "time_zone: Europe/Berlim\n        attr", ":11: clusters.prod.windows.kernel-tue.time_zone: `Europe/Berlim` is not a time zone"},
		"no target":             {"        attributes: {rack: r1}\n", "", ":8: clusters.prod.windows.kernel-tue.targets: are missing"},
		"unknown group":         {`["@bench", web-9]`, `[web-9, "@banch"]`, ":20: clusters.prod.windows.firmware.targets[1]: I know no group `@banch`; expected one of the configuration's: `bench`"},
		"bad glob":              {`["@bench", web-9]`, `["web-[1"]`, "clusters.prod.windows.firmware.targets[0]: `web-[1` is not a glob"},
		"mode":                  {"        start_date", "        mode: explode\n        start_date", ":13: clusters.prod.windows.kernel-tue.mode: `explode` is not known"},
		"start date":            {"2026-12-01", "2026-12-32", ":13: clusters.prod.windows.kernel-tue.start_date: `2026-12-32` is not a day that there is"},
		"ends before":           {"        announce", "        end_date: 2026-11-30\n        announce", ":14: clusters.prod.windows.kernel-tue.end_date: `2026-11-30` is before"},
		"announce":              {"[1h, 24h]", "[1h, soon]", ":14: clusters.prod.windows.kernel-tue.announce[1]: `soon` is not a duration"},
		"limit":                 {"max_unavailable: 25%", "max_unavailable: 250%", ":15: clusters.prod.windows.kernel-tue.max_unavailable: `250%` is not a percentage"},
		"limit per nothing":     {"        max_unavailable: 25%\n", "", ":15: clusters.prod.windows.kernel-tue.max_unavailable_per: stands without max_unavailable"},
		"cutoff":                {"        announce", "        cutoff: 2h\n        announce", ":14: clusters.prod.windows.kernel-tue.cutoff: `2h` leaves nothing of `2h`"},
		"overrun":               {"        announce", "        overrun: later\n        announce", ":14: clusters.prod.windows.kernel-tue.overrun: `later` is not known; expected one of `finish`, `stop`"},
		"missed":                {"        announce", "        missed: never\n        announce", ":14: clusters.prod.windows.kernel-tue.missed: `never` is not known"},
		"name":                  {"      kernel-tue:", "      Kernel Tue:", ":8: clusters.prod.windows.Kernel Tue: `Kernel Tue` is not a window's name; expected 1 to 63 lower-case letters"},
		"unknown field":         {"        duration: 2h", "        duration: 2h\n        timezone: UTC", ":11: clusters.prod.windows.kernel-tue.timezone: is not a field; expected one of schedule, duration, time_zone"},
		"field of the run":      {"          soak", "          soek", "clusters.prod.windows.firmware.run.soek: is not a field; expected one of steps, max_parallel"},
		"unknown step":          {"- wait 5m", "- pray", ":24: clusters.prod.windows.firmware.run.steps[1]: `pray` is no step; expected `wait 5m`, `confirm`, `move` or `webhook reboot`"},
		"unknown webhook":       {"- webhook reboot", "- webhook rebut", ":23: clusters.prod.windows.firmware.run.steps[0]: I know no webhook `rebut`; expected one of the configuration's: `local`, `page`, `reboot`"},
		"parallel":              {"max_parallel: 2", "max_parallel: many", ":25: clusters.prod.windows.firmware.run.max_parallel: `many` is of the wrong type; expected a whole number"},
		"negative parallel":     {"max_parallel: 2", "max_parallel: -2", ":25: clusters.prod.windows.firmware.run.max_parallel: is less than zero"},
		"soak":                  {"soak: 5m", "soak: wet", ":26: clusters.prod.windows.firmware.run.soak: `wet` is not a duration"},
		"windows as a list":     {"    windows:\n      kernel-tue:\n        schedule: 0 2 * * 2", "    windows: [1]\n    other:\n      kernel-tue:\n        schedule: 0 2 * * 2", ":7: clusters.prod.windows: is not a mapping"},
		"freeze without a name": {"name: year's end", "name: ''", ":28: clusters.prod.freezes[0].name: is missing"},
		"freeze from":           {"from: 2026-12-20", "from: christmas", ":29: clusters.prod.freezes[0].from: `christmas` is not a time that there is; expected a day such as `2026-12-20`"},
		"freeze backwards":      {"to: 2027-01-03 12:00", "to: 2026-01-03", ":30: clusters.prod.freezes[0].to: `2026-01-03` is not after `2026-12-20`"},
		"freeze zone":           {"time_zone: Europe/Berlin\n        windows", "time_zone: Mars\n        windows", ":31: clusters.prod.freezes[0].time_zone: `Mars` is not a time zone"},
		"freeze windows":        {"windows: [kernel-tue]", "windows: [Kernel]", ":32: clusters.prod.freezes[0].windows[0]: `Kernel` is not a window's name"},
		"digest time":           {"at: 08:00", "at: 8 o'clock", ":34: clusters.prod.digest.at: `8 o'clock` is not a time of day"},
		"digest zone":           {"      time_zone: Europe/Berlin\n    webhooks", "      time_zone: Local\n    webhooks", ":35: clusters.prod.digest.time_zone: `Local` is not a time zone"},
		"plain http":            {"https://fleet", "http://fleet", ":44: webhooks.reboot.url: `http` is not safe for what starts work on machines; expected https"},
		"credentials":           {"https://fleet", "https://me:hush@fleet", ":44: webhooks.reboot.url: holds credentials; expected secret_file"},
		"no address":            {"https://own.example.com/page", "own", ":37: clusters.prod.webhooks.page.url: is not an address"},
		"no url":                {"url: https://own.example.com/page, ", "", ":37: clusters.prod.webhooks.page.url: is missing"},
		"no secret":             {"    secret_file: SECRET\n    repeat", "    repeat", ":43: webhooks.reboot.secret_file: is missing"},
		"secret away":           {"    secret_file: SECRET\n    repeat", "    secret_file: /does/not/exist\n    repeat", ":45: webhooks.reboot.secret_file: `/does/not/exist` cannot be read"},
		"webhook's name":        {"  local:", "  Lo_cal:", ":49: webhooks.Lo_cal: `Lo_cal` is not a webhook's name"},
		"timeout":               {"give_up_after: 90m", "timeout: soon", ":47: webhooks.reboot.timeout: `soon` is not a duration; expected such as 30s"},
		"no timeout":            {"give_up_after: 90m", "timeout: 0s", ":47: webhooks.reboot.timeout: `0s` is out of range"},
		"gives up at once":      {"give_up_after: 90m", "give_up_after: 10s", ":47: webhooks.reboot.give_up_after: `10s` is out of range; expected 30s to"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(planned, test.from) {
				t.Fatal("the test changes nothing")
			}
			_, _, err := load(t, strings.Replace(planned, test.from, test.to, 1))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got:\n%v\nwant it to contain:\n%s", err, test.want)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Error("the message shows a secret")
			}
		})
	}
}

func TestALongSecretIsAskedFor(t *testing.T) {
	config, reader := parse("cordon.yaml", []byte(strings.ReplaceAll(planned, "SECRET", "testdata/short")))
	secrets := reader.secrets(&config)
	if secrets.Webhooks["prod"]["reboot"].Reveal() == "" || !strings.Contains(reader.mistakes.Error(), "webhooks.reboot.secret_file: the secret has 5 characters; expected 20 or more") {
		t.Error(reader.mistakes)
	}
}

// Who looks at windows on a laptop has none of the files.
func TestLoadWithoutFiles(t *testing.T) {
	text := strings.ReplaceAll(planned, "SECRET", "/does/not/exist")
	if _, _, err := load(t, text); err == nil {
		t.Error("Load does without files")
	}
	for _, test := range []struct {
		text  string
		wrong bool
	}{{text, false}, {strings.Replace(text, "@daily", "@every 1h", 1), true}} {
		config, err := LoadWithoutFiles(write(t, test.text))
		if (err != nil) != test.wrong || len(config.Clusters) != 1 {
			t.Errorf("%d clusters, %v", len(config.Clusters), err)
		}
	}
	if _, err := LoadWithoutFiles("/does/not/exist"); err == nil {
		t.Error("no file, and no mistake")
	}
}

// What the configuration can say of windows is explained, field by field.
func TestScheduledFieldsAreExplained(t *testing.T) {
	for kind, known := range scheduled {
		names := map[string]bool{}
		for i := range kind.NumField() {
			name := yamlName(kind.Field(i))
			names[name] = true
			if known[name].doc == "" {
				t.Errorf("%s.%s is not explained", kind, name)
			}
		}
		for name := range known {
			if !names[name] {
				t.Errorf("%s has no field %s", kind, name)
			}
		}
	}
	for _, kind := range []reflect.Type{reflect.TypeFor[scheduler.Definition](), reflect.TypeFor[scheduler.Procedure](), reflect.TypeFor[scheduler.Freeze]()} {
		if scheduled[kind] == nil {
			t.Errorf("%s is not explained", kind)
		}
	}
}
