package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"cordon/scheduler"
)

// OnCall is who is on call in a cluster.
type OnCall struct {
	Levels   []OnCallLevel `yaml:"levels" doc:"Whom to ask who is on call, in the order of escalation: the first level is asked first. Each has one source. Left out, nobody is on call."`
	Fallback string        `yaml:"fallback" doc:"A user group of Slack that stands in while a source does not answer, and messages say so. Without it nobody is on call then: what asks for them is refused, and the answer says why." example:"S0789"`
}

// OnCallLevel is one level of escalation.
type OnCallLevel struct {
	Group             string                    `yaml:"group" doc:"A user group of Slack: everybody in it is on call." example:"S0456"`
	PagerDutySchedule string                    `yaml:"pagerduty_schedule" doc:"A schedule of PagerDuty, by its ID. It must be used by an escalation policy: without one PagerDuty says that nobody is on call." example:"PI7DH85"`
	PagerDutyPolicy   string                    `yaml:"pagerduty_policy" doc:"An escalation policy of PagerDuty, by its ID; escalation_level says which of its levels." example:"PT20YPA"`
	OpsgenieSchedule  string                    `yaml:"opsgenie_schedule" doc:"A schedule of Opsgenie, by its ID or name. Where escalations are on call in it, escalation_level 2 are those whom they notify next." example:"sre-primary"`
	Rota              *scheduler.RotaDefinition `yaml:"rota" doc:"People who take turns."`
	EscalationLevel   int                       `yaml:"escalation_level" doc:"The level within pagerduty_policy or opsgenie_schedule; 0: the first." example:"2"`
}

// PagerDuty is an account of PagerDuty.
type PagerDuty struct {
	URL       string `yaml:"url" doc:"Its REST API, by https; plain http only to this machine itself. https://api.eu.pagerduty.com for accounts in the EU." default:"https://api.pagerduty.com"`
	TokenFile string `yaml:"token_file" doc:"A file with a REST API key that may only read. Else CORDON_PAGERDUTY_TOKEN. Needed where a level names PagerDuty." example:"/etc/cordon/pagerduty"`
}

// Opsgenie is an account of Opsgenie.
type Opsgenie struct {
	URL     string `yaml:"url" doc:"Its API, by https; plain http only to this machine itself. https://api.eu.opsgenie.com for accounts in the EU." default:"https://api.opsgenie.com"`
	KeyFile string `yaml:"key_file" doc:"A file with the key of an API integration that may read. Else CORDON_OPSGENIE_KEY. Needed where a level names Opsgenie." example:"/etc/cordon/opsgenie"`
}

var (
	pagerDutyID  = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
	opsgenieName = regexp.MustCompile(`^[^/\\\x00-\x1f]{1,100}$`)
	userGroupID  = regexp.MustCompile(`^S[A-Z0-9]+$`)
)

// mostEscalation is the highest level of escalation that may be named.
const mostEscalation = 20

func (r *reader) checkOnCall(at string, onCall OnCall) {
	if onCall.Fallback != "" && !userGroupID.MatchString(onCall.Fallback) {
		r.mistake(at+".fallback", "`"+onCall.Fallback+"` is not the ID of a user group", "an ID such as S0789, not a name")
	}
	if onCall.Fallback != "" && len(onCall.Levels) == 0 {
		r.mistake(at+".fallback", "stands without levels", "levels for which it stands in")
	}
	for i, level := range onCall.Levels {
		r.checkOnCallLevel(fmt.Sprintf("%s.levels[%d]", at, i), level)
	}
}

func (r *reader) checkOnCallLevel(at string, level OnCallLevel) {
	if given := level.sources(); len(given) != 1 {
		r.mistake(at, fmt.Sprintf("has %d sources", len(given)), "one of group, pagerduty_schedule, pagerduty_policy, opsgenie_schedule and rota; the next level is an entry of its own")
	}
	if level.Group != "" && !userGroupID.MatchString(level.Group) {
		r.mistake(at+".group", "`"+level.Group+"` is not the ID of a user group", "an ID such as S0456, not a name")
	}
	for field, id := range map[string]string{"pagerduty_schedule": level.PagerDutySchedule, "pagerduty_policy": level.PagerDutyPolicy} {
		if id != "" && !pagerDutyID.MatchString(id) {
			r.mistake(at+"."+field, "`"+id+"` is not an ID of PagerDuty", "an ID such as PI7DH85, which stands at the end of its address there")
		}
	}
	if name := level.OpsgenieSchedule; name != "" && (!opsgenieName.MatchString(name) || name == "." || name == "..") {
		r.mistake(at+".opsgenie_schedule", "is not the ID or name of a schedule", "one without slashes, such as sre-primary")
	}
	switch {
	case level.EscalationLevel < 0 || level.EscalationLevel > mostEscalation:
		r.mistake(at+".escalation_level", fmt.Sprintf("%d is out of range", level.EscalationLevel), fmt.Sprintf("1 to %d", mostEscalation))
	case level.EscalationLevel > 0 && level.PagerDutyPolicy == "" && level.OpsgenieSchedule == "":
		r.mistake(at+".escalation_level", "stands beside a source that has no levels", "pagerduty_policy or opsgenie_schedule")
	}
	if level.Rota != nil {
		_, problems := scheduler.CompileRota(*level.Rota)
		r.problems(at+".rota", problems)
	}
}

// sources are the names of the fields that say whom to ask.
func (l *OnCallLevel) sources() []string {
	given := map[string]bool{
		"group": l.Group != "", "pagerduty_schedule": l.PagerDutySchedule != "", "pagerduty_policy": l.PagerDutyPolicy != "",
		"opsgenie_schedule": l.OpsgenieSchedule != "", "rota": l.Rota != nil,
	}
	return slices.DeleteFunc(sortedKeys(given), func(name string) bool { return !given[name] })
}

// asks tells whether a level of some cluster has a source of the kind.
func (c *Config) asks(prefix string) bool {
	for _, cluster := range c.Clusters {
		for i := range cluster.OnCall.Levels {
			if slices.ContainsFunc(cluster.OnCall.Levels[i].sources(), func(name string) bool { return strings.HasPrefix(name, prefix) }) {
				return true
			}
		}
	}
	return false
}

// AsksPagerDuty tells whether somebody's being on call depends on PagerDuty.
func (c *Config) AsksPagerDuty() bool { return c.asks("pagerduty") }

// AsksOpsgenie tells whether somebody's being on call depends on Opsgenie.
func (c *Config) AsksOpsgenie() bool { return c.asks("opsgenie") }

func (r *reader) checkAccounts(config *Config) {
	r.checkAccount("pagerduty.url", config.PagerDuty.URL)
	r.checkAccount("opsgenie.url", config.Opsgenie.URL)
}

func (r *reader) checkAccount(at, text string) {
	address, err := url.Parse(text)
	switch {
	case err != nil || address.Hostname() == "":
		r.mistake(at, "is not an address", "such as https://api.pagerduty.com or https://api.opsgenie.com")
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		r.mistake(at, "holds more than scheme, host, port and path", "the token in a file of its own")
	case address.Scheme == "http" && loopback(address.Hostname()):
	case address.Scheme != "https":
		r.mistake(at, "`"+address.Scheme+"` is not safe for a token", "https, or http to this machine itself (127.0.0.1, ::1, localhost)")
	}
}

// onCallSecrets reads the tokens of the services that are asked who is on call.
func (r *reader) onCallSecrets(config *Config, secrets *Secrets) {
	secrets.PagerDuty = r.secret("pagerduty.token_file", config.PagerDuty.TokenFile, "CORDON_PAGERDUTY_TOKEN", config.AsksPagerDuty())
	secrets.Opsgenie = r.secret("opsgenie.key_file", config.Opsgenie.KeyFile, "CORDON_OPSGENIE_KEY", config.AsksOpsgenie())
}
