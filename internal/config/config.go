// Package config reads cordon.yaml and the secrets that it names: strictly, reporting every mistake with its line, what
// was expected and an example.
package config

import (
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"time"

	"cordon/internal/secret"
	"cordon/scheduler"
)

// Config is the whole of cordon.yaml. The `doc`, `default` and `example` tags are what docs/configuration.md is made of.
type Config struct {
	Clusters  map[string]Cluster `yaml:"clusters" doc:"The Mesos clusters, by name. A name is made of lower-case letters, digits and hyphens; every stored thing belongs to exactly one cluster." required:"true"`
	Slack     Slack              `yaml:"slack" doc:"The Slack app."`
	Redis     Redis              `yaml:"redis" doc:"Where state lives. Left out, the bot starts a redis-server of its own under data_dir: right for one replica."`
	HTTP      HTTP               `yaml:"http" doc:"The bot's own HTTP server: Slack's requests, the API, health and metrics."`
	Tokens    []Token            `yaml:"tokens" doc:"Who may use the HTTP API and /allocator/filters."`
	PagerDuty PagerDuty          `yaml:"pagerduty" doc:"The account of PagerDuty that is asked who is on call."`
	Opsgenie  Opsgenie           `yaml:"opsgenie" doc:"The account of Opsgenie that is asked who is on call."`
	Webhooks  map[string]Webhook `yaml:"webhooks" doc:"What steps of runs may call, by name, in every cluster." example:"{reboot: {url: https://fleet.example.com/reboot, secret_file: /etc/cordon/reboot}}"`
	Channels  map[string]Channel `yaml:"channels" doc:"Channels that may speak to some clusters alone, by ID; any other may name every cluster." example:"{C0456: {clusters: [test], default: test}}"`
	DataDir   string             `yaml:"data_dir" doc:"Where witnesses and the redis-server of the bot's own live. Keep it across restarts." default:"/var/lib/cordon"`
	Log       Log                `yaml:"log" doc:"What the bot writes to standard error."`
}

// Cluster is one Mesos cluster.
type Cluster struct {
	Masters        Words                           `yaml:"masters" doc:"The masters: URLs, or one ZooKeeper address." example:"[http://master-one:5050, http://master-two:5050] or zk://zk-one:2181,zk-two:2181/mesos" required:"true"`
	Backend        string                          `yaml:"backend" doc:"How filters reach the cluster: operator (DEACTIVATE_AGENT, Mesos 1.9 or later), allocator (the offer-filter module), or auto: operator where the master has it." default:"auto" oneof:"auto operator allocator"`
	Principal      string                          `yaml:"principal" doc:"The principal for HTTP basic authentication." example:"cordon"`
	SecretFile     string                          `yaml:"secret_file" doc:"A file with the principal's secret. Else the environment variable CORDON_MESOS_SECRET_CLUSTER." example:"/etc/cordon/mesos"`
	TokenFile      string                          `yaml:"token_file" doc:"A file with a bearer token, instead of principal and secret."`
	CAFile         string                          `yaml:"ca_file" doc:"A file with the certificates (PEM) that the masters' TLS certificates are checked against." example:"/etc/cordon/mesos-ca.pem"`
	Channel        string                          `yaml:"channel" doc:"The ID of the channel where messages of this cluster go; the cluster is also this channel's default." example:"C0123" required:"true"`
	Operators      []string                        `yaml:"operators" doc:"Who may change things: IDs of users and of user groups. Nobody is listed, nobody may." example:"[U0123, S0456]"`
	Roles          Roles                           `yaml:"roles" doc:"Who has which role. With roles nobody may even look who has none; without them the operators do everything and say yes to one another."`
	Narrowed       []Grant                         `yaml:"grants" doc:"Roles for some agents or verbs alone, beside those of roles." example:"[{role: operator, to: [S0999], targets: [\"@bench\"], verbs: [filter, unfilter]}]"`
	Policy         []Rule                          `yaml:"policy" doc:"What needs more than a role: the first rule that matches decides. Behind them stand the usual ones: marking gone and taking machines down need two approvals and the hostnames typed again, a drain one approval, one of a last instance two." example:"[{name: night, between: 22:00-06:00 Europe/Berlin, verbs: [filter], require: approval}]"`
	ApprovalTime   time.Duration                   `yaml:"approval_time" doc:"How long an approval waits for its yes." default:"30m"`
	Allow          []string                        `yaml:"allow" doc:"What kills tasks and may be asked for: drain, gone, down. Without roles it is off unless it is listed; with roles it is on unless others are listed." example:"[drain]"`
	MaxWithheld    MaxWithheld                     `yaml:"max_withheld" doc:"The most agents that may be under filters at once, of all owners together."`
	Groups         map[string]Group                `yaml:"groups" doc:"Named sets of agents, typed as @name." example:"{bench: {hosts: [web-1, web-2]}, gpu: {attributes: {gpu: \"yes\"}}}"`
	Windows        map[string]scheduler.Definition `yaml:"windows" doc:"Maintenance windows, by name. A window of chat with the same name is set aside." example:"{kernel-tue: {schedule: 0 2 * * 2, time_zone: Europe/Berlin, duration: 2h, attributes: {rack: r1}}}"`
	Freezes        []scheduler.Freeze              `yaml:"freezes" doc:"Times in which no window opens and no run begins anything." example:"[{name: year's end, from: 2026-12-20, to: 2027-01-03, time_zone: Europe/Berlin}]"`
	OnCall         OnCall                          `yaml:"on_call" doc:"Who is on call: who may approve what needs it, and who is told at a change of shift."`
	Digest         Digest                          `yaml:"digest" doc:"The morning's message: what waits for a yes, a review or an answer, what is withheld, by whom, since when, and what opens today. Without a time none is posted."`
	Webhooks       map[string]Webhook              `yaml:"webhooks" doc:"What steps of this cluster's runs may call, by name, beside the webhooks of the top level; of two with one name the cluster's own counts."`
	Sinks          []Sink                          `yaml:"sinks" doc:"Where the journal is copied to as it grows: files, and URLs. Each gets every sealed entry, in order, at least once." example:"[{name: siem, url: https://siem.example.com/cordon, secret_file: /etc/cordon/siem}]"`
	Frameworks     map[string]Framework            `yaml:"frameworks" doc:"Frameworks that can be asked to move their tasks off an agent (drain --manual, step move), by the name under which the master knows them." example:"{marathon: {kind: marathon, url: https://marathon.example.com, username: cordon, secret_file: /etc/cordon/marathon}}"`
	Agents         AgentAPI                        `yaml:"agents" doc:"How agents themselves are asked what runs there, at the address and port that the master tells."`
	Observe        bool                            `yaml:"observe" doc:"Send nothing to the master: log and post what would be done." default:"false"`
	CallsAtOnce    int                             `yaml:"calls_at_once" doc:"Calls to the master that may be under way at once." default:"32"`
	CallsPerSecond int                             `yaml:"calls_per_second" doc:"Changing calls to the master a second, at most." default:"200"`
	MaxEventFrame  int                             `yaml:"max_event_frame" doc:"The largest event of the master's stream, in bytes, after the first one, which holds the whole state and is read as it streams." default:"4194304"`
}

// MaxWithheld is the limits of a cluster.
type MaxWithheld struct {
	Cluster Limit `yaml:"cluster" doc:"Of the cluster: a number of agents or a percentage." example:"25%"`
	Rack    Limit `yaml:"rack" doc:"Of each rack (attribute rack): a number or a percentage." example:"2"`
}

// Group is a named set of agents.
type Group struct {
	Hosts      []string          `yaml:"hosts" doc:"Hostnames or globs." example:"[web-1, web-2]"`
	Attributes map[string]string `yaml:"attributes" doc:"Attributes, all of which an agent must have." example:"{gpu: \"yes\"}"`
}

// Digest is when the morning's message is posted.
type Digest struct {
	At       string `yaml:"at" doc:"The time of day." example:"08:00"`
	TimeZone string `yaml:"time_zone" doc:"The zone that it is read in." default:"UTC" example:"Europe/Berlin"`
}

// Webhook is what a step `webhook NAME` of a run calls.
type Webhook struct {
	URL         string        `yaml:"url" doc:"Where the call goes, by https; plain http only to this machine itself." example:"https://fleet.example.com/reboot" required:"true"`
	SecretFile  string        `yaml:"secret_file" doc:"A file with the secret that calls are signed with (HMAC-SHA256), 20 characters or more." example:"/etc/cordon/reboot" required:"true"`
	Repeat      bool          `yaml:"repeat" doc:"Calling it twice does no harm: where nobody knows whether a call arrived, it is called again instead of asking a person." default:"false"`
	Timeout     time.Duration `yaml:"timeout" doc:"How long one call may take." default:"30s"`
	PollEvery   time.Duration `yaml:"poll_every" doc:"How often it is asked again after it answered 202." default:"10s"`
	GiveUpAfter time.Duration `yaml:"give_up_after" doc:"When a step that is not done counts as failed." default:"1h"`
}

// Slack is the Slack app.
type Slack struct {
	Transport         string   `yaml:"transport" doc:"socket (Socket Mode: no public address needed) or http (signed requests to http.listen)." default:"socket" oneof:"socket http"`
	Team              string   `yaml:"team" doc:"The ID of the workspace; requests from any other are refused." example:"T0123" required:"true"`
	BotTokenFile      string   `yaml:"bot_token_file" doc:"A file with the bot token (xoxb-…). Else CORDON_SLACK_BOT_TOKEN."`
	AppTokenFile      string   `yaml:"app_token_file" doc:"A file with the app-level token (xapp-…), for Socket Mode. Else CORDON_SLACK_APP_TOKEN."`
	SigningSecretFile string   `yaml:"signing_secret_file" doc:"A file with the signing secret, for http. Else CORDON_SLACK_SIGNING_SECRET."`
	APIURL            string   `yaml:"api_url" doc:"Slack's Web API; ends in a slash." default:"https://slack.com/api/"`
	ResponseHosts     []string `yaml:"response_hosts" doc:"Hosts that a response_url may name." default:"[hooks.slack.com]"`
}

// Redis is where state lives.
type Redis struct {
	URL          string `yaml:"url" doc:"redis://, rediss://, unix://, redis+sentinel://h1,h2/0?master=NAME or redis+cluster://h1,h2; without a password." example:"rediss://cordon@redis:6379"`
	PasswordFile string `yaml:"password_file" doc:"A file with the password of the ACL user. Else CORDON_REDIS_PASSWORD."`
	CAFile       string `yaml:"ca_file" doc:"A file with the certificates (PEM) that the server's is checked against."`
}

// HTTP is the bot's own server.
type HTTP struct {
	Listen       string `yaml:"listen" doc:"Where the server listens." default:":8081"`
	AdvertiseURL string `yaml:"advertise_url" doc:"Where other replicas and their callers reach this one; a replica that does not lead answers with the leader's." example:"https://bot-1:8081"`
	CertFile     string `yaml:"cert_file" doc:"A TLS certificate (PEM); with key_file the server speaks TLS."`
	KeyFile      string `yaml:"key_file" doc:"The certificate's key (PEM)."`
}

// Token is one user of the HTTP API.
type Token struct {
	Name    string `yaml:"name" doc:"Its name: it owns filters as api:NAME." example:"ci" required:"true"`
	File    string `yaml:"file" doc:"A file with the token, 20 characters or more. Else CORDON_TOKEN_NAME."`
	Cluster string `yaml:"cluster" doc:"The cluster that it may ask about." example:"prod" required:"true"`
	User    string `yaml:"user" doc:"The Slack user that it stands for, or robot." default:"robot"`
	Role    string `yaml:"role" doc:"operator may change things; empty: look." oneof:"operator"`
}

// Log is the bot's log.
type Log struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error." default:"info" oneof:"debug info warn error"`
	Format string `yaml:"format" doc:"text or json." default:"text" oneof:"text json"`
}

// Words is a list that may be written as one word.
type Words []string

// Limit is a number of agents or a percentage, as written; empty: no limit.
type Limit string

// Value returns the limit's count, or its percentage; both 0 for none.
func (l Limit) Value() (count int, percent float64, err error) {
	text := strings.TrimSpace(string(l))
	if text == "" {
		return 0, 0, nil
	}
	if number, ok := strings.CutSuffix(text, "%"); ok {
		percent, err = strconv.ParseFloat(number, 64)
		if err != nil || !(percent > 0 && percent <= 100) {
			return 0, 0, fmt.Errorf("`%s` is not a percentage from above 0 to 100", text)
		}
		return 0, percent, nil
	}
	count, err = strconv.Atoi(text)
	if err != nil || count < 1 {
		return 0, 0, fmt.Errorf("`%s` is neither a number of agents above 0 nor a percentage", text)
	}
	return count, 0, nil
}

// Secrets are the values behind the configuration's files and the environment.
type Secrets struct {
	BotToken, AppToken, SigningSecret secret.Value
	RedisPassword                     secret.Value
	PagerDuty, Opsgenie               secret.Value
	Masters                           map[string]secret.Value            // by cluster: secret of the principal
	MasterTokens                      map[string]secret.Value            // by cluster: bearer token
	Tokens                            map[string]secret.Value            // by token name
	Webhooks                          map[string]map[string]secret.Value // by cluster, then webhook: of WebhooksOf
	Sinks                             map[string]map[string]secret.Value // by cluster, then sink
	Frameworks, FrameworkTokens       map[string]map[string]secret.Value // by cluster, then framework
	Agents                            map[string]secret.Value            // by cluster: secret of the principal
}

// WebhooksOf returns what runs of the cluster may call: the cluster's own webhooks and those of the top level.
func (c *Config) WebhooksOf(cluster string) map[string]Webhook {
	webhooks := maps.Clone(c.Webhooks)
	if webhooks == nil {
		webhooks = map[string]Webhook{}
	}
	maps.Copy(webhooks, c.Clusters[cluster].Webhooks)
	return webhooks
}

// Default returns a configuration with every default and nothing else.
func Default() Config {
	var config Config
	setDefaults(reflect.ValueOf(&config).Elem())
	return config
}

// DefaultCluster returns a cluster with every default and nothing else.
func DefaultCluster() Cluster {
	var cluster Cluster
	setDefaults(reflect.ValueOf(&cluster).Elem())
	return cluster
}
