package config

import (
	"net/url"
	"strings"

	"cordon/internal/secret"
)

// Framework is one that can be asked to move its tasks.
type Framework struct {
	Kind       string `yaml:"kind" doc:"marathon: Marathon's own API, by which one task of an app moves at a time while the others are healthy. rest: POST /tasks/ID/restart, one task at a time." example:"marathon" required:"true" oneof:"marathon rest"`
	URL        string `yaml:"url" doc:"Its address, by https; plain http only to this machine itself. Redirects to any other host are refused." example:"https://marathon.example.com" required:"true"`
	Username   string `yaml:"username" doc:"The user for HTTP basic authentication." example:"cordon"`
	SecretFile string `yaml:"secret_file" doc:"A file with the user's password." example:"/etc/cordon/marathon"`
	TokenFile  string `yaml:"token_file" doc:"A file with a bearer token, instead of username and secret_file."`
	CAFile     string `yaml:"ca_file" doc:"A file with the certificates (PEM) that its TLS certificate is checked against."`
}

// AgentAPI is how agents themselves are asked.
type AgentAPI struct {
	Scheme     string `yaml:"scheme" doc:"http or https." default:"http" oneof:"http https"`
	Principal  string `yaml:"principal" doc:"The principal for HTTP basic authentication; it needs to view tasks, frameworks and operations alone." example:"cordon"`
	SecretFile string `yaml:"secret_file" doc:"A file with the principal's secret. Else the environment variable CORDON_AGENTS_SECRET_CLUSTER." example:"/etc/cordon/agents"`
	CAFile     string `yaml:"ca_file" doc:"A file with the certificates (PEM) that the agents' TLS certificates are checked against."`
}

func (r *reader) checkFrameworks(at string, frameworks map[string]Framework) {
	for _, name := range sortedKeys(frameworks) {
		field, framework := join(join(at, "frameworks"), name), frameworks[name]
		r.checkFrameworkURL(field+".url", framework.URL)
		r.checkFile(field+".ca_file", framework.CAFile)
		switch {
		case framework.TokenFile != "" && framework.Username != "":
			r.mistake(field+".token_file", "stands beside username", "one of the two")
		case framework.SecretFile != "" && framework.Username == "":
			r.mistake(field+".secret_file", "stands without username", "both")
		}
	}
}

// checkFrameworkURL never shows the address, as checkWebhookURL.
func (r *reader) checkFrameworkURL(at, text string) {
	address, err := url.Parse(text)
	if err == nil && (address.RawQuery != "" || strings.Contains(text, "?")) {
		r.mistake(at, "has a query", "an address such as https://marathon.example.com")
		return
	}
	r.checkWebhookURL(at, text)
}

func (r *reader) checkAgents(at string, agents AgentAPI) {
	r.checkFile(at+".ca_file", agents.CAFile)
	if agents.SecretFile != "" && agents.Principal == "" {
		r.mistake(at+".secret_file", "stands without principal", "both")
	}
}

// moverSecrets reads what frameworks and agents want to see.
func (r *reader) moverSecrets(config *Config, secrets *Secrets) {
	secrets.Agents = map[string]secret.Value{}
	secrets.Frameworks, secrets.FrameworkTokens = map[string]map[string]secret.Value{}, map[string]map[string]secret.Value{}
	for _, name := range sortedKeys(config.Clusters) {
		cluster, at := config.Clusters[name], "clusters."+name
		secrets.Agents[name] = r.secret(at+".agents.secret_file", cluster.Agents.SecretFile, "CORDON_AGENTS_SECRET_"+variable(name), cluster.Agents.Principal != "")
		secrets.Frameworks[name], secrets.FrameworkTokens[name] = map[string]secret.Value{}, map[string]secret.Value{}
		for _, framework := range sortedKeys(cluster.Frameworks) {
			settings, field := cluster.Frameworks[framework], at+".frameworks."+framework
			switch {
			case settings.TokenFile != "":
				secrets.FrameworkTokens[name][framework] = r.secret(field+".token_file", settings.TokenFile, "", true)
			case settings.SecretFile != "":
				secrets.Frameworks[name][framework] = r.secret(field+".secret_file", settings.SecretFile, "", true)
			case settings.Username != "":
				r.mistake(field+".secret_file", "is missing", "a file with the user's password")
			}
		}
	}
}
