package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSinks(t *testing.T) {
	directory := t.TempDir()
	secret := filepath.Join(directory, "secret")
	if err := os.WriteFile(secret, []byte("a secret of twenty characters\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for sinks, want := range map[string]string{
		"[{name: file, file: /var/log/prod.jsonl, rotate_at: 1048576, keep: 3}, {name: siem, url: https://siem.example.com/x, secret_file: " + secret + "}]": "",
		"[{name: siem, file: /a, url: https://b}]": "neither a file nor a URL, or both",
		"[{name: siem}]":                                                         "neither a file nor a URL, or both",
		"[{name: poster, file: /a}]":                                             "is not a sink's name",
		"[{name: Two Words, file: /a}]":                                          "is not a sink's name",
		"[{file: /a}]":                                                           "sinks[0].name: is missing",
		"[{name: a, file: /a}, {name: a, file: /b}]":                             "is given twice",
		"[{name: a, file: /a}, {name: b, file: /a}]":                             "another sink's file",
		"[{name: a, file: prod.jsonl}]":                                          "depends on where",
		"[{name: a, file: /a, secret_file: " + secret + "}]":                     "nothing is signed there",
		"[{name: a, url: https://siem.example.com}]":                             "secret_file: is missing",
		"[{name: a, url: http://siem.example.com, secret_file: " + secret + "}]": "is not safe",
		"[{name: a, file: /a, rotate_at: 100}]":                                  "rotate_at: 100 is out of range",
		"[{name: a, file: /a, keep: -1}]":                                        "keep: -1 is out of range",
		"[{name: a, url: https://hidden:word@b, secret_file: " + secret + "}]":   "holds credentials",
	} {
		file := filepath.Join(directory, "cordon.yaml")
		text := "clusters:\n  prod:\n    masters: [http://master-one:5050]\n    channel: C1\n    sinks: " + sinks +
			"\nslack: {team: T1, bot_token_file: " + secret + ", app_token_file: " + secret + "}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		config, secrets, err := Load(file)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", sinks, err)
		case want == "" && (len(config.Clusters["prod"].Sinks) != 2 || secrets.Sinks["prod"]["siem"].Reveal() == "" || config.Clusters["prod"].Sinks[1].RotateAt != 100<<20):
			t.Errorf("read %+v", config.Clusters["prod"].Sinks)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "word")):
			t.Errorf("%s: %v", sinks, err)
		}
	}
}
