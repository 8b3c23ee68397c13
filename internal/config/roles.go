package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
	"cordon/internal/approval"
)

// Roles are who has which role in a cluster.
type Roles struct {
	Onlooker []string `yaml:"onlooker" doc:"Who may look: IDs of users and of user groups, or * for every member of the workspace." example:"[\"*\"]"`
	Operator []string `yaml:"operator" doc:"Who may change things too." example:"[U0123, S0456]"`
	Approver []string `yaml:"approver" doc:"Who may approve what others ask for, and answer my questions; not who may change things." example:"[S0789]"`
	Admin    []string `yaml:"admin" doc:"Who may do all of it, unlock, and break the glass." example:"[U0001]"`
}

// Grant gives a role for some agents or verbs alone.
type Grant struct {
	Role       string            `yaml:"role" doc:"The role." oneof:"onlooker operator approver admin" required:"true"`
	To         []string          `yaml:"to" doc:"IDs of users and of user groups, or * for every member." example:"[S0999]" required:"true"`
	Targets    []string          `yaml:"targets" doc:"Hostnames, globs or @groups that it reaches; without targets and attributes every agent." example:"[\"@bench\", \"web-*\"]"`
	Attributes map[string]string `yaml:"attributes" doc:"Attributes that its agents have, all of them." example:"{rack: r1}"`
	Verbs      []string          `yaml:"verbs" doc:"Verbs of the role that it has; empty: all." example:"[filter, unfilter]"`
}

// Rule is one rule of a cluster's policy. What a condition does not say is not looked at.
type Rule struct {
	Name         string            `yaml:"name" doc:"What the rule is called where it decides." example:"night" required:"true"`
	Verbs        []string          `yaml:"verbs" doc:"Verbs that it is about." example:"[drain]"`
	Modes        []string          `yaml:"modes" doc:"Modes that it is about: filter, drain, schedule, down." example:"[down]"`
	AgentsOver   int               `yaml:"agents_over" doc:"More than so many agents." example:"5"`
	ClusterOver  string            `yaml:"cluster_over" doc:"More than so much of the cluster." example:"10%"`
	RackOver     string            `yaml:"rack_over" doc:"More than so much of any rack." example:"50%"`
	Attributes   map[string]string `yaml:"attributes" doc:"An agent that has all of them." example:"{tier: database}"`
	Between      string            `yaml:"between" doc:"A time of the day, with its zone; without one in UTC." example:"22:00-06:00 Europe/Berlin"`
	Window       string            `yaml:"window" doc:"open: while a window is open; closed: while none is." oneof:"open closed"`
	Irreversible *bool             `yaml:"irreversible" doc:"What cannot be taken back: marking gone, taking machines down." example:"true"`
	LastInstance *bool             `yaml:"last_instance" doc:"The last instance of an app, or every task of a framework, runs there." example:"true"`
	Require      string            `yaml:"require" doc:"What is needed: nothing, confirmation (the hostnames typed again) or approval." oneof:"nothing confirmation approval" required:"true"`
	Approvals    int               `yaml:"approvals" doc:"How many people other than the requester must say yes." default:"1"`
	From         string            `yaml:"from" doc:"Who may: approver (the role) or on-call (whoever is on call at the click). Admins always may." default:"approver" oneof:"approver on-call"`
}

// Channel says which clusters a channel may speak to.
type Channel struct {
	Clusters []string `yaml:"clusters" doc:"The clusters that may be named there; empty: all." example:"[prod, test]"`
	Default  string   `yaml:"default" doc:"The cluster that is meant where none is named." example:"prod"`
}

// Grants returns who has which role: of a cluster that lists operators and no roles, its operators are admins and everybody looks.
func (c *Cluster) Grants() []approval.Grant {
	var grants []approval.Grant
	if len(c.Operators) > 0 || !c.roled() {
		grants = approval.Operators(c.Operators)
	}
	for _, given := range []struct {
		role approval.Role
		to   []string
	}{{approval.Onlooker, c.Roles.Onlooker}, {approval.Operator, c.Roles.Operator}, {approval.Approver, c.Roles.Approver}, {approval.Admin, c.Roles.Admin}} {
		if len(given.to) > 0 {
			grants = append(grants, approval.Grant{Role: given.role, To: given.to})
		}
	}
	for i := range c.Narrowed {
		grants = append(grants, c.Narrowed[i].compile())
	}
	return grants
}

// roled tells whether roles are given in the cluster at all.
func (c *Cluster) roled() bool {
	return len(c.Roles.Onlooker)+len(c.Roles.Operator)+len(c.Roles.Approver)+len(c.Roles.Admin)+len(c.Narrowed) > 0
}

// Allowed are the verbs that kill tasks and may be asked for: with roles it is they that say who may.
func (c *Cluster) Allowed() []string {
	if len(c.Allow) == 0 && c.roled() {
		return deadly
	}
	return c.Allow
}

func (g *Grant) compile() approval.Grant {
	grant := approval.Grant{Role: approval.Role(g.Role), To: g.To}
	for _, word := range g.Targets {
		if target, err := filters.ParseTarget(word); err == nil {
			grant.Targets = append(grant.Targets, target)
		}
	}
	for _, name := range sortedKeys(g.Attributes) {
		if target, err := filters.ParseAttribute(name + "=" + g.Attributes[name]); err == nil {
			grant.Targets = append(grant.Targets, target)
		}
	}
	for _, verb := range g.Verbs {
		grant.Verbs = append(grant.Verbs, filters.Verb(verb))
	}
	return grant
}

// Rules returns the cluster's policy. It leaves out what Load would have reported.
func (c *Cluster) Rules() []approval.Rule {
	rules := make([]approval.Rule, 0, len(c.Policy))
	for i := range c.Policy {
		rules = append(rules, c.Policy[i].compile())
	}
	return rules
}

func (r *Rule) compile() approval.Rule {
	rule := approval.Rule{Name: r.Name, AgentsOver: r.AgentsOver, Attributes: r.Attributes, Ends: r.Irreversible, Last: r.LastInstance}
	rule.ClusterOver, _ = percent(r.ClusterOver)
	rule.RackOver, _ = percent(r.RackOver)
	rule.Between, _ = parseBetween(r.Between)
	for _, verb := range r.Verbs {
		rule.Verbs = append(rule.Verbs, filters.Verb(verb))
	}
	for _, mode := range r.Modes {
		rule.Modes = append(rule.Modes, filters.Mode(mode))
	}
	if r.Window != "" {
		open := r.Window == "open"
		rule.Window = &open
	}
	switch r.Require {
	case "confirmation":
		rule.Needs.Typed = true
	case "approval":
		rule.Needs.Approvals, rule.Needs.From = max(r.Approvals, 1), filters.Jurors(r.From)
		if rule.Needs.From == "" {
			rule.Needs.From = filters.JurorsApprovers
		}
	}
	return rule
}

// percent reads a share such as 10%; 0 for none.
func percent(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, found := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil || !(share > 0 && share <= 100) {
		return 0, fmt.Errorf("`%s` is not a share", text)
	}
	return share, nil
}

// parseBetween reads a time of the day such as `22:00-06:00 Europe/Berlin`; nil for none.
func parseBetween(text string) (*approval.Between, error) {
	if text == "" {
		return nil, nil
	}
	span, zone, _ := strings.Cut(strings.TrimSpace(text), " ")
	from, to, found := strings.Cut(span, "-")
	between := &approval.Between{Zone: time.UTC}
	var err error
	if zone = strings.TrimSpace(zone); zone != "" {
		between.Zone, err = time.LoadLocation(zone)
	}
	start, wrong := time.Parse("15:04", from)
	end, worse := time.Parse("15:04", to)
	if !found || err != nil || wrong != nil || worse != nil || from == to {
		return nil, fmt.Errorf("`%s` is not a time of the day", text)
	}
	between.From, between.To = sinceMidnight(start), sinceMidnight(end)
	return between, nil
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func (r *reader) checkRoles(at string, cluster *Cluster) {
	for _, given := range []struct {
		role string
		to   []string
	}{{"onlooker", cluster.Roles.Onlooker}, {"operator", cluster.Roles.Operator}, {"approver", cluster.Roles.Approver}, {"admin", cluster.Roles.Admin}} {
		r.checkPeople(at+".roles."+given.role, given.to)
	}
	for i := range cluster.Narrowed {
		r.checkGrant(fmt.Sprintf("%s.grants[%d]", at, i), &cluster.Narrowed[i])
	}
	for i := range cluster.Policy {
		r.checkRule(fmt.Sprintf("%s.policy[%d]", at, i), &cluster.Policy[i])
	}
	if cluster.ApprovalTime < time.Minute || cluster.ApprovalTime > 24*time.Hour {
		r.mistake(at+".approval_time", "`"+cluster.ApprovalTime.String()+"` is out of range", "1m to 24h, such as 30m")
	}
}

func (r *reader) checkPeople(at string, ids []string) {
	for i, id := range ids {
		if id != approval.Everybody && !personID.MatchString(id) {
			r.mistake(fmt.Sprintf("%s[%d]", at, i), "`"+id+"` is not the ID of a user or of a user group", "an ID such as U0123 or S0456, not a name; or * for every member")
		}
	}
}

func (r *reader) checkGrant(at string, grant *Grant) {
	r.checkPeople(at+".to", grant.To)
	for i, word := range grant.Targets {
		if _, err := filters.ParseTarget(word); err != nil {
			r.mistake(fmt.Sprintf("%s.targets[%d]", at, i), "`"+word+"` is not a target", "a hostname, an agent's ID, a glob or a @group")
		}
	}
	r.checkVerbs(at+".verbs", grant.Verbs)
}

// governed are the verbs that roles and policies may name.
var governed = []string{"filter", "unfilter", "release", "extend", "adopt", "window", "run", "drain", "gone", "maintenance", "freeze", "thaw", "answer", "unlock", "approve"}

func (r *reader) checkVerbs(at string, verbs []string) {
	for i, verb := range verbs {
		if !slices.Contains(governed, verb) {
			r.mistake(fmt.Sprintf("%s[%d]", at, i), "`"+verb+"` is no verb that rights are given for", "one of "+strings.Join(governed, ", "))
		}
	}
}

func (r *reader) checkRule(at string, rule *Rule) {
	r.checkVerbs(at+".verbs", rule.Verbs)
	for i, mode := range rule.Modes {
		if filters.Mode(mode).Strength() == 0 {
			r.mistake(fmt.Sprintf("%s.modes[%d]", at, i), "`"+mode+"` is no mode", "filter, drain, schedule or down")
		}
	}
	for field, text := range map[string]string{"cluster_over": rule.ClusterOver, "rack_over": rule.RackOver} {
		if _, err := percent(text); err != nil {
			r.mistake(at+"."+field, err.Error(), "above 0% to 100%, such as 10%")
		}
	}
	if _, err := parseBetween(rule.Between); err != nil {
		r.mistake(at+".between", err.Error(), "such as 22:00-06:00 Europe/Berlin")
	}
	if rule.Approvals < 0 || rule.Approvals > 10 {
		r.mistake(at+".approvals", fmt.Sprintf("%d is out of range", rule.Approvals), "1 to 10")
	}
	if rule.AgentsOver < 0 {
		r.mistake(at+".agents_over", fmt.Sprintf("%d is below zero", rule.AgentsOver), "a number of agents, such as 5")
	}
}

func (r *reader) checkChannels(config *Config) {
	for _, id := range sortedKeys(config.Channels) {
		at, channel := "channels."+id, config.Channels[id]
		if !channelID.MatchString(id) {
			r.mistake(at, "`"+id+"` is not a channel's ID", "an ID such as C0123, not a name")
		}
		for i, name := range channel.Clusters {
			if _, known := config.Clusters[name]; !known {
				r.mistake(fmt.Sprintf("%s.clusters[%d]", at, i), "`"+name+"` is no cluster of this configuration", "one of "+strings.Join(sortedKeys(config.Clusters), ", "))
			}
		}
		if name := channel.Default; name != "" && (len(channel.Clusters) > 0 && !slices.Contains(channel.Clusters, name) || config.Clusters[name].Channel == "") {
			r.mistake(at+".default", "`"+name+"` is no cluster that the channel may speak to", "one of its clusters")
		}
	}
}
