package config

import (
	"fmt"
	"os"
	"strings"

	"cordon/internal/secret"
)

// secrets reads the secrets that the configuration needs, each from its file or its environment variable.
func (r *reader) secrets(config *Config) Secrets {
	secrets := Secrets{Masters: map[string]secret.Value{}, MasterTokens: map[string]secret.Value{}, Tokens: map[string]secret.Value{}, Webhooks: map[string]map[string]secret.Value{}, Sinks: map[string]map[string]secret.Value{}}
	slack := config.Slack
	secrets.BotToken = r.secret("slack.bot_token_file", slack.BotTokenFile, "CORDON_SLACK_BOT_TOKEN", true)
	secrets.AppToken = r.secret("slack.app_token_file", slack.AppTokenFile, "CORDON_SLACK_APP_TOKEN", slack.Transport == "socket")
	secrets.SigningSecret = r.secret("slack.signing_secret_file", slack.SigningSecretFile, "CORDON_SLACK_SIGNING_SECRET", slack.Transport == "http")
	secrets.RedisPassword = r.secret("redis.password_file", config.Redis.PasswordFile, "CORDON_REDIS_PASSWORD", false)
	for _, name := range sortedKeys(config.Clusters) {
		cluster, at := config.Clusters[name], "clusters."+name
		secrets.Masters[name] = r.secret(at+".secret_file", cluster.SecretFile, "CORDON_MESOS_SECRET_"+variable(name), cluster.Principal != "")
		secrets.MasterTokens[name] = r.secret(at+".token_file", cluster.TokenFile, "CORDON_MESOS_TOKEN_"+variable(name), false)
	}
	r.webhookSecrets(config, &secrets)
	r.onCallSecrets(config, &secrets)
	r.sinkSecrets(config, &secrets)
	r.moverSecrets(config, &secrets)
	for i, token := range config.Tokens {
		at := fmt.Sprintf("tokens[%d].file", i)
		secret := r.secret(at, token.File, "CORDON_TOKEN_"+variable(token.Name), true)
		if length := len(secret); length > 0 && length < tokenLeast {
			r.mistake(at, fmt.Sprintf("the token has %d characters", length), fmt.Sprintf("%d or more", tokenLeast))
		}
		secrets.Tokens[token.Name] = secret
	}
	return secrets
}

const (
	tokenLeast = 20
	secretMost = 8 << 10
)

func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

func (r *reader) secret(field, file, environment string, needed bool) secret.Value {
	if file == "" {
		value := os.Getenv(environment)
		if value == "" && needed {
			r.mistake(field, "is missing", "a file with the secret, or the environment variable "+environment)
		}
		return secret.Value(strings.TrimSpace(value))
	}
	content, err := os.ReadFile(file)
	switch value := strings.TrimSpace(string(content)); {
	case err != nil:
		r.mistake(field, "`"+file+"` cannot be read: "+reason(err), "a readable file")
	case value == "":
		r.mistake(field, "`"+file+"` is empty", "the secret in it")
	case len(value) > secretMost:
		r.mistake(field, "`"+file+"` is larger than 8 KiB", "a secret")
	default:
		return secret.Value(value)
	}
	return nil
}
