package mesos

import (
	"net/url"
	"strings"
	"testing"

	"cordon/filters"
	"cordon/internal/secret"
)

func TestConfiguredMasters(t *testing.T) {
	for text, want := range map[string]string{
		"http://master-one:5050":    "http://master-one:5050",
		"https://Master-One:5050/":  "https://master-one:5050",
		" http://10.0.0.1:05050 ":   "http://10.0.0.1:5050",
		"http://[0:0::1]:5050":      "http://[::1]:5050",
		"http://master-one":         "",
		"master-one:5050":           "",
		"ftp://master-one:5050":     "",
		"http://u:p@master:5050":    "",
		"http://master:5050/mesos":  "",
		"http://master:5050/?a=b":   "",
		"http://master:0":           "",
		"http://:5050":              "",
		"http://mas ter:5050":       "",
		"http://master:5050#anchor": "",
	} {
		at, err := parseMaster(text)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was accepted as %s", text, at.URL())
		case want != "" && (err != nil || at.URL() != want):
			t.Errorf("%q: %s, %v", text, at.URL(), err)
		case err != nil && strings.Contains(err.Error(), "u:p"):
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"//master-one:5050/master/api/v1", "http://master-one:5050", "//[::1]:5050", "//a@b:1", "///x", "\\\\a", "//127.1:80", "//%41:5050", "https:a", "//x:80:80"} {
		f.Add(seed)
	}
	from := address{"http", "standby", "5050"}
	f.Fuzz(func(t *testing.T, location string) {
		at, ok := parseLocation(location, from)
		if !ok {
			return
		}
		if strings.ContainsAny(at.host, "@/?#\\ \n") || at.scheme != "http" && at.scheme != "https" {
			t.Fatalf("%q leads to %#v", location, at)
		}
		parsed, err := url.Parse(at.URL())
		if err != nil || parsed.User != nil || parsed.Hostname() != at.host || parsed.Port() != at.port {
			t.Fatalf("%q leads to %s, which reads differently: %v", location, at.URL(), err)
		}
		if again, ok := parseLocation(at.URL(), from); !ok || again != at {
			t.Fatalf("%s does not lead to itself", at.URL())
		}
	})
}

func TestBadConfigurations(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		words  string
	}{
		"no masters":          {Config{}, "no master is named"},
		"backend":             {Config{Masters: []string{"http://a:1"}, Backend: "magic"}, "`backend: magic`"},
		"secret alone":        {Config{Masters: []string{"http://a:1"}, Secret: secret.Value("s3cret")}, "without a principal"},
		"no URL":              {Config{Masters: []string{"a"}}, "`masters`"},
		"zk and more":         {Config{Masters: []string{"zk://a/mesos", "http://a:1"}}, "more than a zk:// URL"},
		"zk without a path":   {Config{Masters: []string{"zk://a:2181"}}, "names no path"},
		"zk with a bad user":  {Config{Masters: []string{"zk://s3cret@a:2181/mesos"}}, "user of the zk:// URL"},
		"zk without hosts":    {Config{Masters: []string{"zk:///mesos"}}, "host of the zk:// URL"},
		"zk with a bad port":  {Config{Masters: []string{"zk://a:s3cret/mesos"}}, "host of the zk:// URL"},
		"zk with a bad quote": {Config{Masters: []string{"zk://u:%zs3cret@a/mesos"}}, "user of the zk:// URL"},
	} {
		_, err := New(test.config)
		checkCode(t, err, filters.Invalid, test.words)
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
	}
}
