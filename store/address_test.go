package store

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"cordon/filters"
)

func TestParseURL(t *testing.T) {
	cases := map[string]address{
		"redis://r":                            {hosts: []string{"r:6379"}},
		"redis://r:7000/2":                     {hosts: []string{"r:7000"}, database: 2},
		"redis://cordon@r/":                    {hosts: []string{"r:6379"}, user: "cordon"},
		"rediss://cor%40don@[::1]:7000":        {tls: true, hosts: []string{"[::1]:7000"}, user: "cor@don"},
		"unix:///run/redis.sock":               {socket: true, hosts: []string{"/run/redis.sock"}},
		"unix:///run/a b/redis.sock?db=3":      {socket: true, hosts: []string{"/run/a b/redis.sock"}, database: 3},
		"redis+sentinel://h1,h2:7/1?master=m":  {kind: sentinels, hosts: []string{"h1:26379", "h2:7"}, master: "m", database: 1},
		"redis+sentinel://u@h1?master=m":       {kind: sentinels, hosts: []string{"h1:26379"}, master: "m", user: "u"},
		"rediss+sentinel://h1/?master=my-main": {kind: sentinels, tls: true, hosts: []string{"h1:26379"}, master: "my-main"},
		"redis+cluster://h1,h2:7000":           {kind: slots, hosts: []string{"h1:6379", "h2:7000"}},
		"rediss+cluster://cordon@h1":           {kind: slots, tls: true, hosts: []string{"h1:6379"}, user: "cordon"},
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			got, err := parseURL(text)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(address{})); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestWrongURL(t *testing.T) {
	cases := map[string]string{
		"":                                 "has an unknown scheme",
		"http://r":                         "has an unknown scheme",
		"redis://":                         "names no host and port",
		"redis://r:x":                      "names no host and port",
		"redis://r:70000":                  "names no host and port",
		"redis://a,b":                      "names several hosts",
		"redis://user:hunter2@r":           "holds a password",
		"redis://:hunter2@r":               "holds a password",
		"redis://%zz:hunter2@r":            "cannot be read",
		"redis://r/x":                      "has a wrong database",
		"redis+cluster://r/1":              "has a wrong database",
		"redis+sentinel://h1,h2":           "names no master",
		"redis+sentinel://h1,,h2?master=m": "names no host and port",
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			_, err := parseURL(text)
			if filters.CodeOf(err) != filters.Invalid || !strings.HasPrefix(err.Error(), "`redis.url` "+want+": redis://host:6379") {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// FuzzParseURL: whatever stands in the configuration, no panic, and no password in the error.
func FuzzParseURL(f *testing.F) {
	f.Add("redis+sentinel://u@h1:1,h2/0?master=m")
	f.Add("unix:///x?db=1")
	f.Add("rediss://:p@[::1]")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseURL(text)
		if err == nil && len(parsed.hosts) == 0 {
			t.Errorf("%q names no host", text)
		}
	})
}

func TestOptions(t *testing.T) {
	cases := []struct {
		url    string
		client func(redis.UniversalClient) bool
	}{
		{"redis://u@r/2", func(c redis.UniversalClient) bool {
			client, ok := c.(*redis.Client)
			return ok && client.Options().DB == 2 && client.Options().Username == "u" && client.Options().Password == "secret" && client.Options().MaxRetries == 0
		}},
		{"rediss+cluster://a,b", func(c redis.UniversalClient) bool {
			client, ok := c.(*redis.ClusterClient)
			return ok && client.Options().TLSConfig != nil && len(client.Options().Addrs) == 2
		}},
	}
	for _, test := range cases {
		t.Run(test.url, func(t *testing.T) {
			parsed, err := parseURL(test.url)
			must(t, err)
			r := &Redis{config: Config{Password: "secret"}, kind: parsed.kind}
			r.options, err = r.universal(parsed)
			must(t, err)
			client := r.connect()
			defer client.Close()
			if !test.client(client) {
				t.Errorf("%T %+v", client, client)
			}
		})
	}
	parsed, err := parseURL("redis+sentinel://u@h1,h2/3?master=m")
	must(t, err)
	r := &Redis{config: Config{Password: "secret", SentinelPassword: "other"}, kind: parsed.kind}
	r.options, err = r.universal(parsed)
	must(t, err)
	failover := r.options.Failover()
	if failover.MasterName != "m" || failover.DB != 3 || failover.Username != "u" || failover.Password != "secret" ||
		failover.SentinelPassword != "other" || len(failover.SentinelAddrs) != 2 || failover.MaxRetries != -1 {
		t.Errorf("%+v", failover)
	}
}

func TestWrongCA(t *testing.T) {
	parsed, err := parseURL("rediss://r")
	must(t, err)
	r := &Redis{config: Config{CA: []byte("no certificate")}}
	_, err = r.universal(parsed)
	code(t, err, filters.Invalid)
}
