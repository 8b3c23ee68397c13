package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

var (
	clusterName = regexp.MustCompile(`^[a-z0-9-]+$`)
	groupName   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	channelID   = regexp.MustCompile(`^[CGD][A-Z0-9]+$`)
	personID    = regexp.MustCompile(`^[UWS][A-Z0-9]+$`)
	teamID      = regexp.MustCompile(`^[TE][A-Z0-9]+$`)
	tokenName   = regexp.MustCompile(`^[a-z0-9-]+$`)
)

// check looks at what the types cannot say.
func (r *reader) check(config *Config) {
	r.checkTags("", reflect.ValueOf(config).Elem())
	channels := map[string]string{}
	for _, name := range sortedKeys(config.Clusters) {
		r.checkCluster(config, name)
		channel := config.Clusters[name].Channel
		if other := channels[channel]; other != "" && channel != "" {
			r.mistake("clusters."+name+".channel", "`"+channel+"` is the channel of cluster "+other+" already", "a channel of its own")
		}
		channels[channel] = name
	}
	r.checkWebhooks("", config.Webhooks)
	r.checkSlack(&config.Slack)
	r.checkRedis(&config.Redis)
	r.checkHTTP(&config.HTTP)
	r.checkTokens(config)
	r.checkAccounts(config)
	r.checkChannels(config)
}

// deadly is what kills tasks: off unless the configuration allows it.
var deadly = []string{"drain", "gone", "down"}

// checkTags checks the `required` and `oneof` tags.
func (r *reader) checkTags(at string, value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			r.checkTags(at, value.Elem())
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			r.checkTags(join(at, key.String()), value.MapIndex(key))
		}
	case reflect.Slice:
		for i := range value.Len() {
			r.checkTags(fmt.Sprintf("%s[%d]", at, i), value.Index(i))
		}
	case reflect.Struct:
		for i := range value.NumField() {
			r.checkField(at, value.Type().Field(i), value.Field(i))
		}
	}
}

func (r *reader) checkField(at string, field reflect.StructField, value reflect.Value) {
	name := join(at, yamlName(field))
	empty := value.IsZero() || (value.Kind() == reflect.Map || value.Kind() == reflect.Slice) && value.Len() == 0
	if empty && field.Tag.Get("required") == "true" {
		r.mistake(name, "is missing", example(field))
	}
	if choices := strings.Fields(field.Tag.Get("oneof")); !empty && len(choices) > 0 && !slices.Contains(choices, value.String()) {
		r.mistake(name, "`"+value.String()+"` is not known", "one of "+strings.Join(choices, ", "))
	}
	r.checkTags(name, value)
}

func example(field reflect.StructField) string {
	if text := field.Tag.Get("example"); text != "" {
		return "for example " + yamlName(field) + ": " + text
	}
	return "at least one entry"
}

func (r *reader) checkCluster(config *Config, name string) {
	at, cluster := "clusters."+name, config.Clusters[name]
	if !clusterName.MatchString(name) {
		r.mistake(at, "`"+name+"` is not a cluster's name", "lower-case letters, digits and hyphens, such as prod-eu")
	}
	r.checkMasters(at+".masters", cluster)
	if cluster.Channel != "" && !channelID.MatchString(cluster.Channel) {
		r.mistake(at+".channel", "`"+cluster.Channel+"` is not a channel's ID", "an ID such as C0123, not a name")
	}
	for i, verb := range cluster.Allow {
		if !slices.Contains(deadly, verb) {
			r.mistake(fmt.Sprintf("%s.allow[%d]", at, i), "`"+verb+"` is nothing that can be allowed", "drain, gone or down")
		}
	}
	for i, id := range cluster.Operators {
		if !personID.MatchString(id) {
			r.mistake(fmt.Sprintf("%s.operators[%d]", at, i), "`"+id+"` is not the ID of a user or of a user group", "an ID such as U0123 or S0456, not a name")
		}
	}
	r.checkRoles(at, &cluster)
	r.checkLimit(at+".max_withheld.cluster", cluster.MaxWithheld.Cluster)
	r.checkLimit(at+".max_withheld.rack", cluster.MaxWithheld.Rack)
	for _, group := range sortedKeys(cluster.Groups) {
		r.checkGroup(at+".groups."+group, group, cluster.Groups[group])
	}
	if cluster.CallsAtOnce < 1 || cluster.CallsAtOnce > 256 {
		r.mistake(at+".calls_at_once", fmt.Sprintf("%d is out of range", cluster.CallsAtOnce), "1 to 256")
	}
	if cluster.CallsPerSecond < 1 {
		r.mistake(at+".calls_per_second", fmt.Sprintf("%d is out of range", cluster.CallsPerSecond), "1 or more")
	}
	if cluster.TokenFile != "" && cluster.Principal != "" {
		r.mistake(at+".token_file", "stands beside principal", "one of the two")
	}
	r.checkFile(at+".ca_file", cluster.CAFile)
	r.checkWindows(at, cluster, config.WebhooksOf(name))
	r.checkWebhooks(at, cluster.Webhooks)
	r.checkOnCall(at+".on_call", cluster.OnCall)
	r.checkSinks(at, cluster.Sinks)
	r.checkFrameworks(at, cluster.Frameworks)
	r.checkAgents(at+".agents", cluster.Agents)
}

func (r *reader) checkMasters(at string, cluster Cluster) {
	for i, master := range cluster.Masters {
		field := fmt.Sprintf("%s[%d]", at, i)
		address, err := url.Parse(master)
		switch {
		case err != nil || address.Host == "":
			r.mistake(field, "`"+master+"` is not an address", "http://host:5050, or zk://host:2181/mesos")
		case address.User != nil && address.Scheme != "zk":
			r.mistake(field, "holds credentials", "principal and secret_file")
		case address.Scheme == "zk" && len(cluster.Masters) > 1:
			r.mistake(field, "a ZooKeeper address stands beside others", "it alone: zk://one:2181,two:2181/mesos")
		case address.Scheme == "zk" && strings.Trim(address.Path, "/") == "":
			r.mistake(field, "`"+master+"` has no path", "zk://host:2181/mesos")
		case !slices.Contains([]string{"zk", "http", "https"}, address.Scheme):
			r.mistake(field, "`"+address.Scheme+"` is not a scheme that masters speak", "http, https or zk")
		case address.Scheme != "zk" && strings.Trim(address.Path, "/") != "":
			r.mistake(field, "`"+master+"` has a path", "only scheme, host and port, such as http://host:5050")
		}
	}
}

func (r *reader) checkLimit(at string, limit Limit) {
	if _, _, err := limit.Value(); err != nil {
		r.mistake(at, err.Error(), "such as 5 or 25%")
	}
}

func (r *reader) checkGroup(at, name string, group Group) {
	if !groupName.MatchString(name) {
		r.mistake(at, "`"+name+"` is not a group's name", "letters, digits, dots, hyphens and underscores")
	}
	if len(group.Hosts)+len(group.Attributes) == 0 {
		r.mistake(at, "names no agents", "hosts or attributes")
	}
	for i, host := range group.Hosts {
		if _, err := path.Match(host, ""); err != nil || host == "" {
			r.mistake(fmt.Sprintf("%s.hosts[%d]", at, i), "`"+host+"` is neither a hostname nor a glob", "such as web-1 or web-*")
		}
	}
}

func (r *reader) checkSlack(slack *Slack) {
	if slack.Team != "" && !teamID.MatchString(slack.Team) {
		r.mistake("slack.team", "`"+slack.Team+"` is not a workspace's ID", "an ID such as T0123, not a name")
	}
	address, err := url.Parse(slack.APIURL)
	if err != nil || address.Host == "" || !strings.HasSuffix(slack.APIURL, "/") {
		r.mistake("slack.api_url", "`"+slack.APIURL+"` is not the address of an API", "a URL that ends in a slash, such as https://slack.com/api/")
	}
	if len(slack.ResponseHosts) == 0 {
		r.mistake("slack.response_hosts", "is empty", "[hooks.slack.com]")
	}
}

func (r *reader) checkRedis(redis *Redis) {
	if redis.URL == "" {
		return
	}
	address, err := url.Parse(redis.URL)
	schemes := []string{"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}
	if err != nil || !slices.Contains(schemes, address.Scheme) {
		r.mistake("redis.url", "is not the address of a Redis", "one of "+strings.Join(schemes, "://, ")+"://")
		return
	}
	if _, has := address.User.Password(); has {
		r.mistake("redis.url", "holds a password", "password_file or CORDON_REDIS_PASSWORD")
	}
	r.checkFile("redis.ca_file", redis.CAFile)
}

func (r *reader) checkHTTP(http *HTTP) {
	if _, port, err := net.SplitHostPort(http.Listen); err != nil || port == "" {
		r.mistake("http.listen", "`"+http.Listen+"` is not where a server can listen", "such as :8081 or 127.0.0.1:8081")
	}
	if (http.CertFile == "") != (http.KeyFile == "") {
		r.mistake("http.cert_file", "one of cert_file and key_file is missing", "both or neither")
	}
	r.checkFile("http.cert_file", http.CertFile)
	r.checkFile("http.key_file", http.KeyFile)
	if http.AdvertiseURL == "" {
		return
	}
	address, err := url.Parse(http.AdvertiseURL)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		r.mistake("http.advertise_url", "`"+http.AdvertiseURL+"` is not an address", "such as https://bot-1:8081")
	}
}

func (r *reader) checkTokens(config *Config) {
	seen := map[string]bool{}
	for i, token := range config.Tokens {
		at := fmt.Sprintf("tokens[%d]", i)
		if token.Name != "" && !tokenName.MatchString(token.Name) {
			r.mistake(at+".name", "`"+token.Name+"` is not a token's name", "lower-case letters, digits and hyphens")
		}
		if seen[token.Name] {
			r.mistake(at+".name", "`"+token.Name+"` is given twice", "a name of its own")
		}
		seen[token.Name] = true
		if _, known := config.Clusters[token.Cluster]; token.Cluster != "" && !known {
			r.mistake(at+".cluster", "`"+token.Cluster+"` is not among the clusters", "one of "+strings.Join(sortedKeys(config.Clusters), ", "))
		}
		if token.User != "robot" && !personID.MatchString(token.User) {
			r.mistake(at+".user", "`"+token.User+"` is not a user's ID", "an ID such as U0123, or robot")
		}
	}
}

func (r *reader) checkFile(at, name string) {
	if name == "" || r.withoutFiles {
		return
	}
	if _, err := os.Stat(name); err != nil {
		r.mistake(at, "`"+name+"` cannot be read: "+reason(err), "a readable file")
	}
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
