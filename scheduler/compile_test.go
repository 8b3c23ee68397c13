package scheduler

import (
	"strings"
	"testing"
	"time"

	"cordon/filters"

	"github.com/google/go-cmp/cmp"
)

func TestCompile(t *testing.T) {
	t.Parallel()
	definition := Definition{
		Schedule: "0 2 * * 2", Duration: "2h", TimeZone: "Europe/Berlin", Targets: []string{"web-*", "@gpu", "agent-one"},
		Attributes: map[string]string{"rack": "r1", "disk": "ssd=fast"}, Mode: "filter", Reason: "kernel", StartDate: "2026-09-01", EndDate: "2026-12-31",
		Cutoff: "15m", Overrun: "stop", Missed: "skip", Announce: []string{"1h", "1d", "60m"}, MaxUnavailable: "25%", MaxUnavailablePer: "rack",
		Approval: true, Run: &Procedure{Steps: []string{"webhook reboot", "confirm"}, Soak: "5m"},
	}
	got, problems := Compile("kernel-tue", definition, KnownWebhooks("reboot"), KnownGroups("gpu"))
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	want := &Window{
		Name: "kernel-tue", Definition: definition, Length: 2 * time.Hour, Mode: filters.ModeFilter, Cutoff: 15 * time.Minute, Stop: true,
		Targets: []filters.Target{
			{Name: "web-*"}, {Group: "gpu"}, {Name: "agent-one"},
			{Attribute: filters.Attribute{Name: "disk", Value: "ssd=fast"}}, {Attribute: filters.Attribute{Name: "rack", Value: "r1"}},
		},
		Announce: []time.Duration{24 * time.Hour, time.Hour}, MaxUnavailable: filters.LimitValue{Percent: 25}, Per: "rack",
		Steps: []Step{{Kind: StepWebhook, Webhook: "reboot"}, {Kind: StepConfirm}}, Soak: 5 * time.Minute,
	}
	if got.Zone.String() != "Europe/Berlin" {
		t.Errorf("zone %v", got.Zone)
	}
	plain := *got
	plain.Zone, plain.clock = nil, clock{}
	if diff := cmp.Diff(want, &plain, cmp.AllowUnexported(Window{}, clock{})); diff != "" {
		t.Error(diff)
	}
	least, problems := Compile("w", Definition{Schedule: "@daily", Duration: "1h", Attributes: map[string]string{"rack": "r1"}})
	if len(problems) > 0 || !least.Late || least.Stop || least.Mode != filters.ModeFilter || least.Zone != time.UTC || least.MaxUnavailable != (filters.LimitValue{}) {
		t.Errorf("%+v %v", least, texts(problems))
	}
}

// TestProblems changes one thing of a good definition each; the text is all that a person gets.
func TestProblems(t *testing.T) {
	t.Parallel()
	const (
		fields   = ": five cron fields, minute, hour, day of month, month and day of week, such as `0 2 * * 2` for Tuesdays at 02:00, or one of @hourly, @daily, @weekly, @monthly and @yearly"
		duration = ": a duration such as `90m`, `2h30m` or `1d12h`"
		limit    = ": a number of agents, at least 1, or a percentage from 1% to 100%, such as `2` or `25%`"
		zone     = ": a name of the IANA database, such as `Europe/Berlin`, or `UTC`"
		day      = " is not a day that there is: a day such as `2026-12-31`"
		target   = " is not one target: one hostname, agent ID, glob or `@group` an entry, such as `web-*`; attributes stand under `attributes`"
		minute   = " is no minute: 0 to 59, such as `30` or `*/15`"
		weekday  = " is no day of week: 0 to 6 or sun to sat, where 0 is Sunday, such as `2` or `mon-fri`"
	)
	schedule := func(text string) func(*Definition) { return func(d *Definition) { d.Schedule = text } }
	length := func(text string) func(*Definition) { return func(d *Definition) { d.Duration = text } }
	for _, test := range []struct {
		change func(*Definition)
		want   string
	}{
		{schedule(""), "schedule: is missing" + fields},
		{schedule("0 2 * *"), "schedule: `0 2 * *` has 4 fields" + fields},
		{schedule("0 0 2 * * 2"), "schedule: `0 0 2 * * 2` has 6 fields" + fields},
		{schedule("60 2 * * 2"), "schedule: `60`" + minute},
		{schedule("-5 2 * * 2"), "schedule: `-5`" + minute},
		{schedule("*/0 2 * * 2"), "schedule: `*/0`" + minute},
		{schedule("*-5 2 * * 2"), "schedule: `*-5`" + minute},
		{schedule("1,,2 2 * * 2"), "schedule: `1,,2`" + minute},
		{schedule("0 24 * * 2"), "schedule: `24` is no hour: 0 to 23, such as `2` or `22-23`"},
		{schedule("0 22-2 * * 2"), "schedule: `22-2` is no hour: 0 to 23, such as `2` or `22-23`"},
		{schedule("0 2 0 * *"), "schedule: `0` is no day of month: 1 to 31, such as `1` or `1,15`"},
		{schedule("0 2 L * *"), "schedule: `L` is no day of month: 1 to 31, such as `1` or `1,15`"},
		{schedule("0 2 * 13 *"), "schedule: `13` is no month: 1 to 12 or jan to dec, such as `12` or `jan,jul`"},
		{schedule("0 2 * * 7"), "schedule: `7`" + weekday},
		{schedule("0 2 * * tuesday"), "schedule: `tuesday`" + weekday},
		{schedule("0 2 * * 2#1"), "schedule: `2#1`" + weekday},
		{schedule("0 2 30 2 *"), "schedule: `0 2 30 2 *` never comes: on day 30 of February at 02:00: a day that there is, such as `0 2 28 2 *`"},
		{schedule("0 2 31 4,6,9,11 *"), "schedule: `0 2 31 4,6,9,11 *` never comes: on day 31 of April, June, September and November at 02:00: a day that there is, such as `0 2 28 2 *`"},
		{schedule("TZ=UTC 0 2 * * 2"), "schedule: `TZ=UTC` stands before the schedule: the zone in a field of its own, such as `time_zone: Europe/Berlin`"},
		{schedule("TZ="), "schedule: `TZ=` stands before the schedule: the zone in a field of its own, such as `time_zone: Europe/Berlin`"},
		{schedule("CRON_TZ=UTC"), "schedule: `CRON_TZ=UTC` stands before the schedule: the zone in a field of its own, such as `time_zone: Europe/Berlin`"},
		{schedule("@every 5m"), "schedule: `@every` counts from whenever the bot was started" + fields + "; every 15 minutes is `*/15 * * * *`"},
		{schedule("@every"), "schedule: `@every` counts from whenever the bot was started" + fields + "; every 15 minutes is `*/15 * * * *`"},
		{schedule("@reboot"), "schedule: `@reboot` is no time" + fields},
		{schedule("@noon"), "schedule: `@noon` is not known" + fields},
		{length(""), "duration: is empty" + duration},
		{length("0s"), "duration: `0s` is no time at all" + duration + ", more than zero"},
		{length("-2h"), "duration: `-2h` is no time at all" + duration + ", more than zero"},
		{length("32d"), "duration: `32d` is too long" + duration + ", 31 days at most"},
		{length("two hours"), "duration: `two hours` is not a duration" + duration},
		{length("8d"), "duration: `8d` overlaps itself: what opens Tue 6 Jan 2026 02:00 UTC would still be open when it opens again Tue 13 Jan 2026 02:00 UTC: 7 d at most, so that it always closes first. The schedule was read as: every Tuesday at 02:00 in UTC"},
		{func(d *Definition) { d.TimeZone = "Mars/Base" }, "time_zone: `Mars/Base` is not a time zone that I know" + zone},
		{func(d *Definition) { d.TimeZone = "Local" }, "time_zone: `Local` is not a time zone that I know" + zone},
		{func(d *Definition) { d.TimeZone = "../../etc/passwd" }, "time_zone: `../../etc/passwd` is not a time zone that I know" + zone},
		{func(d *Definition) { d.TimeZone = "right/Europe/Berlin" }, "time_zone: `right/Europe/Berlin` is not a time zone that I know" + zone},
		{func(d *Definition) { d.Targets = nil }, "targets: are missing: the window is for no agent: hostnames, agent IDs, globs or groups, or attributes, such as `targets: [web-*]` or `attributes: {rack: r1}`"},
		{func(d *Definition) { d.Targets = []string{"web-1", ""} }, "targets[1]: a target is empty: a hostname, an agent ID, a glob such as `web-*`, or `@group`"},
		{func(d *Definition) { d.Targets = []string{"web-["} }, "targets[0]: `web-[` is not a glob: a pattern such as `web-*` or `web-[0-9]`"},
		{func(d *Definition) { d.Targets = []string{"web-1,web-2"} }, "targets[0]: `web-1,web-2`" + target},
		{func(d *Definition) { d.Targets = []string{"-l rack=r1"} }, "targets[0]: `-l rack=r1`" + target},
		{func(d *Definition) { d.Targets = []string{"@cpu"} }, "targets[0]: I know no group `@cpu`: one of the configuration's: `bench`, `gpu`"},
		{func(d *Definition) { d.Attributes = map[string]string{"rack": ""} }, "attributes.rack: has no value: a name and a value, such as `rack: r1`"},
		{func(d *Definition) { d.Attributes = map[string]string{"": "r1"} }, "attributes: `` is not the name of an attribute: a name and a value, such as `rack: r1`"},
		{func(d *Definition) { d.Attributes = map[string]string{"a=b": "r1"} }, "attributes: `a=b` is not the name of an attribute: a name and a value, such as `rack: r1`"},
		{func(d *Definition) { d.Mode = "cordon" }, "mode: `cordon` is not known: `filter`, `drain` or `schedule`"},
		{func(d *Definition) { d.Mode = "down" }, "mode: a window does not `down` by itself: `mode: schedule` with `take_down: true`, which puts machines into the maintenance schedule first"},
		{func(d *Definition) { d.TakeDown = true }, "take_down: stands without mode schedule: `mode: schedule`: Mesos takes down only machines that are in its maintenance schedule"},
		{func(d *Definition) { d.Mode, d.Joining = "schedule", true }, "joining: stands with mode schedule, whose machines are fixed before it opens: no `joining`"},
		{func(d *Definition) { d.Mode, d.Run = "schedule", &Procedure{} }, "run: stands with mode schedule, which withholds no agent for its steps: `mode: filter` or `mode: drain`, or no `run`"},
		{func(d *Definition) { d.Mode, d.MaxUnavailable = "schedule", "1" }, "max_unavailable: stands with mode schedule, which makes no agent unavailable: `take_down: true`, or no `max_unavailable`"},
		{func(d *Definition) { d.Drain = &Draining{Deadline: "1h"} }, "drain: stands without mode drain: `mode: drain`, or no `drain`"},
		{func(d *Definition) { d.Mode, d.Drain = "drain", &Draining{MaxGracePeriod: "soon"} }, "drain.max_grace_period: `soon` is not a duration" + duration},
		{func(d *Definition) { d.Mode, d.Drain = "drain", &Draining{Deadline: "-1h"} }, "drain.deadline: `-1h` is no time at all" + duration + ", more than zero"},
		{func(d *Definition) { d.Mode, d.Drain = "drain", &Draining{MarkGone: true} }, "drain.mark_gone: a window marks no agent gone: that cannot be undone, and the hostname must be typed for it: no `mark_gone`. `/mesos drain HOST --mark-gone` asks for it"},
		{func(d *Definition) { d.StartDate = "2026-02-30" }, "start_date: `2026-02-30`" + day},
		{func(d *Definition) { d.EndDate = "31.12.2026" }, "end_date: `31.12.2026`" + day},
		{func(d *Definition) { d.StartDate, d.EndDate = "2026-12-31", "2026-12-01" }, "end_date: `2026-12-01` is before the start date `2026-12-31`: the same day or a later one"},
		{func(d *Definition) { d.StartDate, d.EndDate = "2026-12-30", "2027-01-01" }, "end_date: the window never opens from 2026-12-30 to 2027-01-01: days on which it does. The schedule was read as: every Tuesday at 02:00 in UTC"},
		{func(d *Definition) { d.Cutoff = "2h" }, "cutoff: `2h` leaves nothing of `2h`: a duration shorter than the window's, such as `15m`"},
		{func(d *Definition) { d.Cutoff = "soon" }, "cutoff: `soon` is not a duration" + duration},
		{func(d *Definition) { d.Overrun = "kill" }, "overrun: `kill` is not known: one of `finish`, `stop`"},
		{func(d *Definition) { d.Missed = "never" }, "missed: `never` is not known: one of `late`, `skip`"},
		{func(d *Definition) { d.Announce = []string{"1h", "0"} }, "announce[1]: `0` is no time at all" + duration + ", more than zero"},
		{func(d *Definition) { d.MaxUnavailable = "0" }, "max_unavailable: `0` is not a number of agents" + limit},
		{func(d *Definition) { d.MaxUnavailable = "-1" }, "max_unavailable: `-1` is not a number of agents" + limit},
		{func(d *Definition) { d.MaxUnavailable = "0.5%" }, "max_unavailable: `0.5%` is not a percentage" + limit},
		{func(d *Definition) { d.MaxUnavailable = "101%" }, "max_unavailable: `101%` is not a percentage" + limit},
		{func(d *Definition) { d.MaxUnavailable = "NaN%" }, "max_unavailable: `NaN%` is not a percentage" + limit},
		{func(d *Definition) { d.MaxUnavailablePer = "rack" }, "max_unavailable_per: stands without max_unavailable: both, such as `max_unavailable: 1` and `max_unavailable_per: rack`"},
		{func(d *Definition) { d.MaxUnavailable, d.MaxUnavailablePer = "1", "a b" }, "max_unavailable_per: `a b` is not the name of an attribute: one such as `rack`"},
		{func(d *Definition) { d.Run = &Procedure{Steps: []string{"webhook power"}} }, "run.steps[0]: I know no webhook `power`: one of the configuration's: `reboot`"},
		{func(d *Definition) { d.Run = &Procedure{Soak: "x"} }, "run.soak: `x` is not a duration" + duration},
	} {
		definition := Definition{Schedule: "0 2 * * 2", Duration: "2h", Targets: []string{"web-*"}}
		test.change(&definition)
		w, problems := Compile("kernel-tue", definition, KnownWebhooks("reboot"), KnownGroups("bench", "gpu"))
		if diff := cmp.Diff([]string{test.want}, texts(problems)); diff != "" || w != nil {
			t.Errorf("%v %s", w, diff)
		}
		for _, problem := range problems {
			if problem.Err.Code != filters.Invalid || problem.Err.Expected == "" {
				t.Errorf("%+v", problem.Err)
			}
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	definition := Definition{Schedule: "@daily", Duration: "1h", Targets: []string{"*"}}
	for name, good := range map[string]bool{
		"kernel-tue": true, "1": true, strings.Repeat("a", 63): true,
		"": false, "Kernel": false, "a b": false, "a/b": false, "a_b": false, strings.Repeat("a", 64): false, "a\n": false, "`": false,
	} {
		_, problems := Compile(name, definition)
		if (len(problems) == 0) != good || !good && problems[0].Field != "name" {
			t.Errorf("%q: %v", name, texts(problems))
		}
	}
}

func TestNamedProblems(t *testing.T) {
	t.Parallel()
	_, problems := Compile("w", Definition{Schedule: "0 2 * * 2", Targets: []string{"web-["}})
	want := []string{
		"`duration` is empty: a duration such as `90m`, `2h30m` or `1d12h`",
		"`targets[0]`: `web-[` is not a glob: a pattern such as `web-*` or `web-[0-9]`",
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Named().Error())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManyProblems(t *testing.T) {
	t.Parallel()
	_, problems := Compile("A", Definition{Schedule: "x", Duration: "y", TimeZone: "z", Mode: "m", Run: &Procedure{MaxParallel: -1}})
	var fields []string
	for _, problem := range problems {
		fields = append(fields, problem.Field)
	}
	want := []string{"name", "schedule", "duration", "time_zone", "targets", "mode", "run.max_parallel"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
}

// TestOverlap: the shortest period counts, on a stopwatch, across changes of the clocks.
func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		schedule, zone, duration, most, opens, again string
	}{
		{"0 2 * * *", "UTC", "24h", "", "", ""},
		{"0 2 * * *", "UTC", "25h", "1 d", "2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z"},
		{"0 2 * * *", "Europe/Berlin", "23h", "", "", ""},
		{"0 2 * * *", "Europe/Berlin", "23h1m", "23 h", "2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		{"0 12 * * *", "Europe/Berlin", "24h", "23 h", "2026-03-28T12:00:00+01:00", "2026-03-29T12:00:00+02:00"},
		{"0 2 * * *", "Australia/Lord_Howe", "24h", "23 h 30 m", "2026-10-04T02:30:00+11:00", "2026-10-05T02:00:00+11:00"},
		{"30 * * * *", "Europe/Berlin", "1h", "30 m", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"0 * * * *", "Europe/Berlin", "1h", "", "", ""},
		{"0 0 * * 1,2", "UTC", "1d", "", "", ""},
		{"0 0 * * 1,2", "UTC", "2d", "1 d", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"},
		{"0 22 * * 5", "Europe/Berlin", "60h", "", "", ""},
		{"0 22 * * 5,0", "Europe/Berlin", "48h", "1 d 23 h", "2026-03-27T22:00:00+01:00", "2026-03-29T22:00:00+02:00"},
		{"0 2 1,31 * *", "UTC", "25h", "1 d", "2026-01-31T02:00:00Z", "2026-02-01T02:00:00Z"},
		{"0 2 2,30 * *", "UTC", "48h", "", "", ""},
		{"0 0 1,20 * *", "UTC", "10d", "9 d", "2026-02-20T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"0 2 13 * 5", "UTC", "25h", "1 d", "2026-06-12T02:00:00Z", "2026-06-13T02:00:00Z"},
		{"0 22 24 12 *", "America/New_York", "31d", "", "", ""},
		{"0 0,23 * * 3", "UTC", "2h", "", "", ""},
		{"0 0,23 * * *", "UTC", "2h", "1 h", "2026-01-01T23:00:00Z", "2026-01-02T00:00:00Z"},
		{"0 0 1 * *", "UTC", "28d", "", "", ""},
		{"0 0 1 * *", "UTC", "29d", "28 d", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"0 0 28,29 2 *", "UTC", "25h", "1 d", "2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"* * * * *", "Europe/Berlin", "1m", "", "", ""},
		{"* * * * *", "Europe/Berlin", "31d", "1 m", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
	} {
		definition := Definition{Schedule: test.schedule, Duration: test.duration, TimeZone: test.zone, Targets: []string{"*"}}
		w, problems := Compile("w", definition)
		if test.most == "" {
			if w == nil {
				t.Errorf("%+v: %v", test, texts(problems))
			}
			continue
		}
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Err.Expected, test.most+" at most") {
			t.Errorf("%+v: %v", test, texts(problems))
			continue
		}
		definition.Duration = strings.ReplaceAll(test.most, " ", "")
		c := compile(t, definition).clock
		length, _ := parseLength(test.duration)
		first, second, _ := c.overlap(length)
		if !first.Equal(moment(t, test.opens)) || !second.Equal(moment(t, test.again)) {
			t.Errorf("%+v: %v and %v", test, first, second)
		}
	}
	once := Definition{Schedule: "0 2 * * *", Duration: "30d", Targets: []string{"*"}, StartDate: "2026-12-24", EndDate: "2026-12-24"}
	if got := compile(t, once).Openings(time.Time{}, 5); len(got) != 1 {
		t.Errorf("a window that opens once opens %v", got)
	}
}

func TestNextOpeningsInProblems(t *testing.T) {
	t.Parallel()
	_, problems := Compile("w", Definition{Schedule: "30 2 * * 0", Duration: "8d", TimeZone: "Europe/Berlin", Targets: []string{"*"}}, NowIs(moment(t, "2027-03-20T12:00:00Z")))
	const want = "The schedule was read as: every Sunday at 02:30 in Europe/Berlin; next: Sun 21 Mar 2027 02:30 CET, Sun 28 Mar 2027 03:00 CEST, " +
		"Sun 4 Apr 2027 02:30 CEST, Sun 11 Apr 2027 02:30 CEST, Sun 18 Apr 2027 02:30 CEST"
	if len(problems) != 1 || problems[0].Err.Try != want {
		t.Error(texts(problems))
	}
}

// FuzzSchedule: whatever is taken says what was understood, and comes.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{
		"0 2 * * 2", "*/15 9-17 1,15 jan-mar mon-fri", "@daily", "TZ=", "CRON_TZ=UTC", "TZ=0", "@every 1s", "@every -1s", "0 2 30 2 *", "* * * * *", "*/99999999999 * ? * *",
		"0-59/18446744073709551615 * * * *", "1-2-3 * * * *", "*/-1 * * * *", "0 0 29 2 *", "\x00 * * * *",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, problems := Compile("fuzzed", Definition{Schedule: text, Duration: "1m", TimeZone: "America/New_York", Targets: []string{"*"}})
		if len(problems) > 0 {
			if w != nil || len(problems) != 1 || problems[0].Field != "schedule" || problems[0].Err.Expected == "" {
				t.Fatalf("%q: %v %v", text, w, texts(problems))
			}
			return
		}
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		next, ok := w.Next(at)
		if !ok || !next.Start.After(at) || w.Words() == "" {
			t.Fatalf("%q: %v %v %q", text, next, ok, w.Words())
		}
	})
}

// FuzzDefinition: nothing that people write makes the compiler panic, and what it takes is whole.
func FuzzDefinition(f *testing.F) {
	f.Add("w", "2h", "UTC", "web-*", "rack", "r1", "2026-01-01", "2026-12-31", "15m", "25%")
	f.Add("", "-2h", "../Local", "@", "a=b", "", "2026-02-30", "x", "0", "NaN%")
	f.Add("w", "1m", "Europe//Berlin", "web-[", "rack", "r1", "0000-01-01", "9999-12-31", "1s", "1e2%")
	f.Fuzz(func(t *testing.T, name, duration, zone, target, attribute, value, from, to, cutoff, limit string) {
		w, problems := Compile(name, Definition{
			Schedule: "30 2 * * 0", Duration: duration, TimeZone: zone, Targets: []string{target}, Attributes: map[string]string{attribute: value},
			StartDate: from, EndDate: to, Cutoff: cutoff, MaxUnavailable: limit,
		})
		if (w == nil) != (len(problems) > 0) {
			t.Fatalf("%v and %v", w, texts(problems))
		}
		if w != nil && (w.Length <= w.Cutoff || len(w.Targets) != 2 || w.MaxUnavailable.Count < 0 || w.MaxUnavailable.Percent > 100 || w.Zone == nil) {
			t.Fatalf("%+v", w)
		}
	})
}
