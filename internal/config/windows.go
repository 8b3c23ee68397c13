package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"time"

	"cordon/filters"
	"cordon/internal/secret"
	"cordon/scheduler"
)

// webhookName is what stands behind `webhook` in a step.
var webhookName = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)

const (
	webhookTimeoutMost = 5 * time.Minute
	webhookGiveUpMost  = 7 * 24 * time.Hour
)

// Compile returns the cluster's windows, by name, and its freezes, nil if there are none. It leaves out what Load would have
// reported.
func (c *Cluster) Compile() ([]*scheduler.Window, *scheduler.Calendar) {
	var windows []*scheduler.Window
	for _, name := range sortedKeys(c.Windows) {
		if window, problems := scheduler.Compile(name, c.Windows[name]); len(problems) == 0 {
			windows = append(windows, window)
		}
	}
	freezes, _ := scheduler.CompileFreezes(c.Freezes)
	return windows, freezes
}

// Compile returns when the digest is told; nil: never.
func (d Digest) Compile() *scheduler.Digests {
	if d.At == "" {
		return nil
	}
	digests, _ := scheduler.CompileDigest(d.At, d.TimeZone)
	return digests
}

func (r *reader) checkWindows(at string, cluster Cluster, webhooks map[string]Webhook) {
	known := []scheduler.Option{
		scheduler.KnownGroups(sortedKeys(cluster.Groups)...), scheduler.KnownWebhooks(sortedKeys(webhooks)...), scheduler.NowIs(time.Now()),
		scheduler.Allows(verbs(cluster.Allow)...),
	}
	for _, name := range sortedKeys(cluster.Windows) {
		_, problems := scheduler.Compile(name, cluster.Windows[name], known...)
		r.problems(at+".windows."+name, problems)
	}
	_, problems := scheduler.CompileFreezes(cluster.Freezes)
	r.problems(at, problems)
	if cluster.Digest.At != "" {
		_, problems = scheduler.CompileDigest(cluster.Digest.At, cluster.Digest.TimeZone)
		r.problems(at+".digest", problems)
	}
}

// problems reports what the scheduler found, each at its field's line.
func (r *reader) problems(at string, problems []scheduler.Problem) {
	for _, problem := range problems {
		field := at
		if problem.Field != "name" {
			field = join(at, problem.Field)
		}
		expected := problem.Err.Expected
		if problem.Err.Try != "" {
			expected += ". " + problem.Err.Try
		}
		r.mistake(field, problem.Err.Wrong, expected)
	}
}

func (r *reader) checkWebhooks(at string, webhooks map[string]Webhook) {
	for _, name := range sortedKeys(webhooks) {
		field, webhook := join(join(at, "webhooks"), name), webhooks[name]
		if !webhookName.MatchString(name) {
			r.mistake(field, "`"+name+"` is not a webhook's name", "1 to 63 lower-case letters, digits and hyphens")
		}
		r.checkWebhookURL(field+".url", webhook.URL)
		r.checkSpan(field+".timeout", webhook.Timeout, time.Second, webhookTimeoutMost)
		r.checkSpan(field+".poll_every", webhook.PollEvery, time.Second, time.Hour)
		r.checkSpan(field+".give_up_after", webhook.GiveUpAfter, webhook.Timeout, webhookGiveUpMost)
	}
}

// checkWebhookURL never shows the address: it may hold what is secret.
func (r *reader) checkWebhookURL(at, text string) {
	if text == "" {
		return // is reported as missing
	}
	address, err := url.Parse(text)
	switch {
	case err != nil || address.Hostname() == "":
		r.mistake(at, "is not an address", "such as https://fleet.example.com/reboot")
	case address.User != nil:
		r.mistake(at, "holds credentials", "secret_file, which calls are signed with")
	case address.Fragment != "":
		r.mistake(at, "has a fragment, which is never sent", "an address without #")
	case address.Scheme == "http" && loopback(address.Hostname()):
	case address.Scheme != "https":
		r.mistake(at, "`"+address.Scheme+"` is not safe for what starts work on machines", "https, or http to this machine itself (127.0.0.1, ::1, localhost)")
	}
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

func (r *reader) checkSpan(at string, span, least, most time.Duration) {
	if span < least || span > most {
		r.mistake(at, "`"+span.String()+"` is out of range", least.String()+" to "+most.String())
	}
}

// webhookSecrets reads what calls are signed with, only from files.
func (r *reader) webhookSecrets(config *Config, secrets *Secrets) {
	shared := r.webhookFiles("webhooks", config.Webhooks)
	for _, name := range sortedKeys(config.Clusters) {
		own := r.webhookFiles("clusters."+name+".webhooks", config.Clusters[name].Webhooks)
		secrets.Webhooks[name] = map[string]secret.Value{}
		for webhook := range config.WebhooksOf(name) {
			secret, ok := own[webhook]
			if !ok {
				secret = shared[webhook]
			}
			secrets.Webhooks[name][webhook] = secret
		}
	}
}

func (r *reader) webhookFiles(at string, webhooks map[string]Webhook) map[string]secret.Value {
	found := map[string]secret.Value{}
	for _, name := range sortedKeys(webhooks) {
		if webhooks[name].SecretFile == "" {
			continue // is reported as missing
		}
		field := at + "." + name + ".secret_file"
		secret := r.secret(field, webhooks[name].SecretFile, "", true)
		if length := len(secret); length > 0 && length < tokenLeast {
			r.mistake(field, fmt.Sprintf("the secret has %d characters", length), fmt.Sprintf("%d or more", tokenLeast))
		}
		found[name] = secret
	}
	return found
}

// verbs are the words of what is allowed.
func verbs(words []string) []filters.Verb {
	all := make([]filters.Verb, len(words))
	for i, word := range words {
		all[i] = filters.Verb(word)
	}
	return all
}
