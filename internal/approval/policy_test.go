package approval

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cordon/filters"
)

var (
	yes  = true
	alic = filters.Actor{ID: "user:U1", User: "U1"}
)

// fleet is a roster of ten agents, five in each of two racks; the first is a database's.
func fleet() *filters.Roster {
	var view filters.View
	for i := range 10 {
		tier := "web"
		if i == 0 {
			tier = "database"
		}
		view.Agents = append(view.Agents, filters.Agent{
			ID: filters.AgentID(fmt.Sprintf("a-S%d", i)), Hostname: fmt.Sprintf("web-%d", i), IP: fmt.Sprintf("10.0.0.%d", i), Active: true,
			Attributes: []filters.Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", i/5)}, {Name: "tier", Value: tier}},
		})
	}
	return filters.NewRoster(view)
}

// asks is alice's plan over agents.
func asks(verb filters.Verb, mode filters.Mode, agents ...int) filters.Ask {
	plan := filters.Plan{Cluster: "prod", Verb: verb, Kind: filters.PlanFilters}
	for _, i := range agents {
		plan.Steps = append(plan.Steps, filters.Step{Agent: filters.AgentID(fmt.Sprintf("a-S%d", i)), Hostname: fmt.Sprintf("web-%d", i), Mode: mode})
	}
	return filters.Ask{Actor: alic, Plan: plan, Impact: func() filters.Impact { return filters.Impact{} }}
}

func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	roster, at := fleet(), time.Date(2026, 9, 1, 21, 30, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	two := filters.Needs{Approvals: 2, From: filters.JurorsApprovers}
	filter, drain := filters.VerbFilter, filters.VerbDrain
	for name, test := range map[string]struct {
		rules   []Rule
		ask     filters.Ask
		open    bool
		last    []string
		hosts   []string
		onCall  bool
		rule    string
		says    string
		yes     int
		from    filters.Jurors
		typed   bool
		unasked bool
	}{
		"a filter needs nothing":                         {ask: asks(filter, filters.ModeFilter, 1)},
		"a drain needs one approval":                     {ask: asks(drain, filters.ModeDrain, 1), rule: "drain", yes: 1, from: filters.JurorsApprovers},
		"of whoever is on call, where somebody is":       {ask: asks(drain, filters.ModeDrain, 1), onCall: true, rule: "drain", yes: 1, from: filters.JurorsOnCall},
		"a drain of a last instance needs two":           {ask: asks(drain, filters.ModeDrain, 1), last: []string{"/mail"}, rule: "last instance", says: "/mail", yes: 2, from: filters.JurorsApprovers},
		"marking gone needs two":                         {ask: asks(filters.VerbGone, filters.ModeDrain, 1), rule: "irreversible", says: "cannot be undone", yes: 2, from: filters.JurorsApprovers},
		"so does taking a machine down":                  {ask: asks(filters.VerbMaintenance, filters.ModeDown, 1), rule: "irreversible", says: "killed at once", yes: 2, from: filters.JurorsApprovers},
		"putting one into the schedule needs nothing":    {ask: asks(filters.VerbMaintenance, filters.ModeSchedule, 1)},
		"the configuration comes before the usual rules": {rules: []Rule{{Name: "calm", Verbs: []filters.Verb{drain}}}, ask: asks(drain, filters.ModeDrain, 1), rule: "calm"},
		"more agents than so many":                       {rules: []Rule{{Name: "many", AgentsOver: 2, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2, 3), rule: "many", says: "3 agents, more than 2", yes: 2, from: filters.JurorsApprovers},
		"not more":                                       {rules: []Rule{{Name: "many", AgentsOver: 2, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2)},
		"more than a share of the cluster":               {rules: []Rule{{Name: "share", ClusterOver: 20, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2, 3), rule: "share", says: "3 of 10 agents", yes: 2, from: filters.JurorsApprovers},
		"just that share":                                {rules: []Rule{{Name: "share", ClusterOver: 20, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2)},
		"more than a share of a rack":                    {rules: []Rule{{Name: "rack", RackOver: 40, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2, 3), rule: "rack", says: "3 of 5 agents of rack r0", yes: 2, from: filters.JurorsApprovers},
		"spread over racks":                              {rules: []Rule{{Name: "rack", RackOver: 40, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2, 6)},
		"an agent with an attribute":                     {rules: []Rule{{Name: "db", Attributes: map[string]string{"tier": "database"}, Needs: two}}, ask: asks(filter, filters.ModeFilter, 0, 1), rule: "db", says: "web-0", yes: 2, from: filters.JurorsApprovers},
		"agents without it":                              {rules: []Rule{{Name: "db", Attributes: map[string]string{"tier": "database"}, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1)},
		"at night, in its zone":                          {rules: []Rule{{Name: "night", Between: &Between{From: 23 * time.Hour, To: 6 * time.Hour, Zone: berlin}, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1), rule: "night", yes: 2, from: filters.JurorsApprovers},
		"by day":                                         {rules: []Rule{{Name: "night", Between: &Between{From: 23 * time.Hour, To: 6 * time.Hour, Zone: time.UTC}, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1)},
		"while a window is open":                         {rules: []Rule{{Name: "open", Window: &yes, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1), open: true, rule: "open", says: "a window is open", yes: 2, from: filters.JurorsApprovers},
		"while none is":                                  {rules: []Rule{{Name: "open", Window: &yes, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1)},
		"all conditions of a rule hold, or it does not":  {rules: []Rule{{Name: "both", AgentsOver: 1, Verbs: []filters.Verb{drain}, Needs: two}}, ask: asks(filter, filters.ModeFilter, 1, 2)},
		"what hosts a master is asked about":             {ask: asks(filter, filters.ModeFilter, 1), hosts: []string{"WEB-1"}, rule: "vital", says: "web-1 hosts the bot", yes: 1, from: filters.JurorsApprovers},
		"by its IP too, whatever the rules say":          {rules: []Rule{{Name: "calm"}}, ask: asks(filter, filters.ModeFilter, 1), hosts: []string{"10.0.0.1"}, rule: "vital", yes: 1, from: filters.JurorsApprovers},
		"a word about what is under way needs nothing":   {rules: []Rule{{Name: "all", Needs: two}}, ask: asks(filters.VerbRun, filters.ModeFilter, 1), unasked: true},
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{
				Cluster: "prod", Grants: Operators([]string{"U1"}), Rules: test.rules, Roster: func() *filters.Roster { return roster },
				Open: func() bool { return test.open }, Hosts: func() []string { return test.hosts }, Now: func() time.Time { return at },
			}
			if test.onCall {
				config.OnCall = duty{1: {Users: []string{"U2"}}}
			}
			ask := test.ask
			ask.Impact = func() filters.Impact { return filters.Impact{Last: test.last} }
			if test.unasked {
				ask.Plan.Kind = ""
			}
			needs, err := NewGate(config).Decide(t.Context(), ask)
			if err != nil {
				t.Fatal(err)
			}
			if needs.Rule != test.rule || needs.Approvals != test.yes || needs.From != test.from || needs.Typed != test.typed || !strings.Contains(needs.Why, test.says) {
				t.Errorf("%+v, want rule %q that says %q, %d of %q, typed %v", needs, test.rule, test.says, test.yes, test.from, test.typed)
			}
		})
	}
}

// duty is who is on call, by level.
type duty map[int]filters.OnCall

func (d duty) OnCall(_ context.Context, level int) (filters.OnCall, error) {
	on, ok := d[level]
	if !ok {
		return on, &filters.Error{Code: filters.Unavailable, Wrong: "PagerDuty does not answer", Cause: errors.New("Token token=secret")}
	}
	on.Source = "PagerDuty schedule P123"
	return on, nil
}

func TestWhoMayApprove(t *testing.T) {
	grants := []Grant{
		{Role: Onlooker, To: []string{Everybody}}, {Role: Operator, To: []string{"U1"}}, {Role: Approver, To: []string{"U2", "S1"}}, {Role: Admin, To: []string{"U3"}},
		{Role: Approver, To: []string{"U4"}, Targets: []filters.Target{{Name: "web-9"}}},
	}
	onCall := duty{1: {Users: []string{"U5"}}, 2: {Users: []string{"U6"}}}
	for name, test := range map[string]struct {
		user   string
		from   filters.Jurors
		level  int
		duty   OnCall
		groups Groups
		right  string
		code   filters.Code
		says   string
	}{
		"an approver":                                  {user: "U2", from: filters.JurorsApprovers, right: "approver"},
		"an approver by a user group":                  {user: "U7", from: filters.JurorsApprovers, groups: groups{"S1": {"U7"}}, right: "approver"},
		"Slack is away":                                {user: "U7", from: filters.JurorsApprovers, groups: groups{}, code: filters.Unavailable, says: "the answer is no for now"},
		"an operator":                                  {user: "U1", from: filters.JurorsApprovers, groups: groups{"S1": {}}, code: filters.Denied, says: "not an approver"},
		"an admin":                                     {user: "U3", from: filters.JurorsOnCall, duty: onCall, right: "admin"},
		"an approver of other agents":                  {user: "U4", from: filters.JurorsApprovers, groups: groups{"S1": {}}, code: filters.Denied, says: "not an approver"},
		"who is on call":                               {user: "U5", from: filters.JurorsOnCall, duty: onCall, right: "on call, says PagerDuty schedule P123"},
		"an approver who is not on call":               {user: "U2", from: filters.JurorsOnCall, duty: onCall, groups: groups{"S1": {}}, code: filters.Denied, says: "the word of `user:U5`"},
		"the next level, which was not called yet":     {user: "U6", from: filters.JurorsOnCall, level: 1, duty: onCall, groups: groups{"S1": {}}, code: filters.Denied, says: "not on call"},
		"the next level, once it was called":           {user: "U6", from: filters.JurorsOnCall, level: 2, duty: onCall, right: "on call"},
		"whoever knows who is on call does not answer": {user: "U5", from: filters.JurorsOnCall, duty: duty{}, groups: groups{"S1": {}}, code: filters.Unavailable, says: "PagerDuty does not answer"},
		"nobody is ever on call":                       {user: "U5", from: filters.JurorsOnCall, groups: groups{"S1": {}}, code: filters.Unavailable, says: "`on_call`"},
		"nobody is on call now":                        {user: "U5", from: filters.JurorsOnCall, duty: duty{1: {}}, groups: groups{"S1": {}}, code: filters.Denied, says: "nobody is"},
	} {
		t.Run(name, func(t *testing.T) {
			roster := fleet()
			gate := NewGate(Config{Cluster: "prod", Grants: grants, Members: test.groups, OnCall: test.duty, Roster: func() *filters.Roster { return roster }})
			approval := &filters.Approval{Plan: asks(filters.VerbDrain, filters.ModeDrain, 1).Plan, Needs: filters.Needs{Approvals: 1, From: test.from}, Level: test.level}
			right, err := gate.Judge(t.Context(), filters.Actor{ID: "user:" + test.user, User: test.user}, approval)
			if test.right != "" {
				if err != nil || !strings.HasPrefix(right, test.right) {
					t.Errorf("%q, %v; want %q", right, err, test.right)
				}
				return
			}
			if filters.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q, %v; want %s that says %q", right, err, test.code, test.says)
			}
		})
	}
}

// former is a user group that U7 was in a moment ago.
type former struct{ groups }

func (former) MemberNow(_ context.Context, _, user string) (bool, error) { return user == "U2", nil }

// Who was in the user group when it was last asked for, and has left it since, may ask for things for a minute, and approves nothing.
func TestWhoHasLeftTheGroupApprovesNothing(t *testing.T) {
	gate := NewGate(Config{Cluster: "prod", Grants: []Grant{{Role: Approver, To: []string{"S1"}}}, Members: former{groups{"S1": {"U2", "U7"}}}})
	approval := &filters.Approval{Needs: filters.Needs{Approvals: 1, From: filters.JurorsApprovers}}
	if right, err := gate.Judge(t.Context(), filters.Actor{ID: "user:U2", User: "U2"}, approval); right != "approver" {
		t.Errorf("who is in it: %q, %v", right, err)
	}
	if right, err := gate.Judge(t.Context(), filters.Actor{ID: "user:U7", User: "U7"}, approval); filters.CodeOf(err) != filters.Denied {
		t.Errorf("who left: %q, %v", right, err)
	}
	if err := gate.MayJudge(t.Context(), filters.Actor{ID: "user:U7", User: "U7"}, approval); err != nil {
		t.Errorf("what is shown may be of a minute ago: %v", err)
	}
}

func TestRolesAreDeniedByDefault(t *testing.T) {
	roster := fleet()
	gate := NewGate(Config{Cluster: "prod", Roster: func() *filters.Roster { return roster }, Grants: []Grant{
		{Role: Onlooker, To: []string{"U1"}}, {Role: Approver, To: []string{"U2"}}, {Role: Admin, To: []string{"U4"}},
		{Role: Operator, To: []string{"U3"}, Targets: []filters.Target{{Name: "web-1"}, {Name: "retired"}, {Name: "web-2"}}, Verbs: []filters.Verb{filters.VerbFilter, filters.VerbUnfilter}},
	}})
	for _, test := range []struct {
		user   string
		verb   filters.Verb
		agents []int
		glass  bool
		says   string
	}{
		{"U1", filters.VerbLook, nil, false, ""},
		{"U9", filters.VerbLook, nil, false, "you may not see *prod*"},
		{"U1", filters.VerbFilter, []int{1}, false, "you may look at *prod*, not change it"},
		{"U2", filters.VerbFilter, []int{1}, false, "you may not `filter` in *prod*"},
		{"U3", filters.VerbFilter, []int{1, 2}, false, ""},
		{"U3", filters.VerbFilter, []int{1, 3}, false, "does not reach all of these agents"},
		{"U3", filters.VerbDrain, []int{1}, false, "you may not `drain`"},
		{"U3", filters.VerbLook, nil, false, ""},
		{"U4", filters.VerbUnlock, nil, false, ""},
		{"U4", filters.VerbDrain, []int{1}, true, ""},
		{"U3", filters.VerbFilter, []int{1}, true, "`--break-glass` is for admins"},
	} {
		ask := asks(test.verb, filters.ModeFilter, test.agents...)
		ask.Actor, ask.Glass = filters.Actor{ID: "user:" + test.user, User: test.user}, test.glass
		_, err := gate.Decide(t.Context(), ask)
		if test.says == "" && err != nil || test.says != "" && (filters.CodeOf(err) != filters.Denied || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s %s %v: %v, want %q", test.user, test.verb, test.agents, err, test.says)
		}
	}
}

// A time of the day and its complement never hold at once, and one of them always does.
func TestBetweenAndItsComplement(t *testing.T) {
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(0, 24*60-1)
		from, to := time.Duration(minutes.Draw(t, "from"))*time.Minute, time.Duration(minutes.Draw(t, "to"))*time.Minute
		if from == to {
			return // the configuration refuses it
		}
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		moment := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "moment"), 0)
		inside, outside := &Between{from, to, zone}, &Between{to, from, zone}
		if inside.holds(moment) == outside.holds(moment) {
			t.Fatalf("%v to %v and its complement at %v: both %v", from, to, moment.In(zone), inside.holds(moment))
		}
	})
}

// A window, or a run, is asked about as what it does, too: a rule about filters is not got round by typing another verb.
func TestWhatIsOfSeveralVerbsNeedsWhatAsksForTheMost(t *testing.T) {
	one, two := filters.Needs{Approvals: 1, From: filters.JurorsApprovers}, filters.Needs{Approvals: 2, From: filters.JurorsApprovers}
	g := NewGate(Config{
		Cluster: "prod", Roster: fleet, Now: time.Now, Grants: []Grant{{Role: Operator, To: []string{"U1"}}},
		Rules: []Rule{
			{Name: "windows", Verbs: []filters.Verb{filters.VerbWindow}, Needs: one},
			{Name: "databases", Verbs: []filters.Verb{filters.VerbFilter}, Attributes: map[string]string{"tier": "database"}, Needs: two},
		},
	})
	for name, test := range map[string]struct {
		agent  int
		actor  filters.Actor
		kind   string
		rule   string
		passes bool // it goes on by itself, and may not
	}{
		"the rule of windows":         {agent: 1, actor: alic, kind: filters.PlanWindow, rule: "windows"},
		"the rule of filters":         {agent: 0, actor: alic, kind: filters.PlanWindow, rule: "databases"},
		"a word about one":            {agent: 0, actor: alic},
		"its opening, approved of":    {agent: 0, actor: filters.Actor{ID: "window:w/2026-09-01T02:00:00Z", User: "U1"}},
		"its opening, asked of none":  {agent: 0, actor: filters.Actor{ID: "window:w/2026-09-01T02:00:00Z", User: "U1"}, kind: filters.PlanWindow, passes: true},
		"the configuration's opening": {agent: 0, actor: filters.Actor{ID: "window:w/2026-09-01T02:00:00Z"}, kind: filters.PlanWindow},
	} {
		ask := asks(filters.VerbWindow, filters.ModeFilter, test.agent)
		ask.Actor, ask.Plan.Kind, ask.Also = test.actor, test.kind, []filters.Verb{filters.VerbFilter}
		needs, err := g.Decide(t.Context(), ask)
		passes := filters.CodeOf(err) == filters.Changed && strings.Contains(err.Error(), "`databases`")
		if passes != test.passes || err != nil && !passes || needs.Rule != test.rule {
			t.Errorf("%s: %+v, %v", name, needs, err)
		}
	}
}
