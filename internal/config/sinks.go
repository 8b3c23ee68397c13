package config

import (
	"fmt"
	"path/filepath"

	"cordon/internal/secret"
)

// Sink is where the journal of a cluster is copied to: a file or a URL.
type Sink struct {
	Name       string `yaml:"name" doc:"Its name. The sink's place in the journal is kept under it: another name begins anew." example:"siem" required:"true"`
	File       string `yaml:"file" doc:"The file that entries are appended to, a JSON object a line. The replica that leads writes it: with several replicas the trail is what all their files hold." example:"/var/log/cordon/prod.jsonl"`
	RotateAt   int    `yaml:"rotate_at" doc:"The size in bytes at which the file is set aside, under its name and the ID of its last entry; 0: never." default:"104857600"`
	Keep       int    `yaml:"keep" doc:"How many files that were set aside stay; 0: all of them." default:"0"`
	URL        string `yaml:"url" doc:"Where entries are posted as JSON lines, by https; plain http only to this machine itself." example:"https://siem.example.com/cordon"`
	SecretFile string `yaml:"secret_file" doc:"A file with the secret that posts are signed with (HMAC-SHA256), 20 characters or more; required with url." example:"/etc/cordon/siem"`
}

// posterSink is what the journal calls the messages in the channel.
const posterSink = "poster"

func (r *reader) checkSinks(at string, sinks []Sink) {
	names, files := map[string]bool{}, map[string]bool{}
	for i, sink := range sinks {
		field := fmt.Sprintf("%s.sinks[%d]", at, i)
		switch {
		case sink.Name == "":
		case !webhookName.MatchString(sink.Name) || sink.Name == posterSink:
			r.mistake(field+".name", "`"+sink.Name+"` is not a sink's name", "1 to 63 lower-case letters, digits and hyphens, and not "+posterSink)
		case names[sink.Name]:
			r.mistake(field+".name", "`"+sink.Name+"` is given twice", "a name of its own")
		case sink.File != "" && files[sink.File]:
			r.mistake(field+".file", "`"+sink.File+"` is another sink's file already", "a file of its own")
		}
		names[sink.Name], files[sink.File] = true, true
		r.checkSink(field, &sink)
	}
}

func (r *reader) checkSink(field string, sink *Sink) {
	switch {
	case (sink.File == "") == (sink.URL == ""):
		r.mistake(field, "is neither a file nor a URL, or both", "`file: /var/log/cordon/prod.jsonl`, or `url` and `secret_file`")
	case sink.File != "" && !filepath.IsAbs(sink.File):
		r.mistake(field+".file", "`"+sink.File+"` depends on where the bot is started", "a path from the root, such as /var/log/cordon/prod.jsonl")
	case sink.File != "" && sink.SecretFile != "":
		r.mistake(field+".secret_file", "stands beside file, and nothing is signed there", "url, or no secret_file")
	case sink.URL != "" && sink.SecretFile == "":
		r.mistake(field+".secret_file", "is missing", "a file with the secret that posts are signed with")
	}
	r.checkWebhookURL(field+".url", sink.URL)
	if sink.RotateAt != 0 && sink.RotateAt < 1<<20 {
		r.mistake(field+".rotate_at", fmt.Sprintf("%d is out of range", sink.RotateAt), "1048576 (1 MiB) or more, or 0")
	}
	if sink.Keep < 0 {
		r.mistake(field+".keep", fmt.Sprintf("%d is out of range", sink.Keep), "0 or more")
	}
}

// sinkSecrets reads what posts are signed with, only from files.
func (r *reader) sinkSecrets(config *Config, secrets *Secrets) {
	for _, name := range sortedKeys(config.Clusters) {
		secrets.Sinks[name] = map[string]secret.Value{}
		for i, sink := range config.Clusters[name].Sinks {
			if sink.SecretFile == "" {
				continue // is reported as missing
			}
			field := fmt.Sprintf("clusters.%s.sinks[%d].secret_file", name, i)
			secret := r.secret(field, sink.SecretFile, "", true)
			if length := len(secret); length > 0 && length < tokenLeast {
				r.mistake(field, fmt.Sprintf("the secret has %d characters", length), fmt.Sprintf("%d or more", tokenLeast))
			}
			secrets.Sinks[name][sink.Name] = secret
		}
	}
}
