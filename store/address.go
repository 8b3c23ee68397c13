package store

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"cordon/filters"
)

// kind is how many servers there are and who says which to ask.
type kind int

const (
	single kind = iota
	sentinels
	slots
)

// address is what a URL of Redis says.
type address struct {
	kind     kind
	tls      bool
	socket   bool
	hosts    []string
	user     string
	master   string
	database int
}

// parseURL reads the forms that Config.URL lists. Errors never repeat the URL: somebody may have put a password there.
func parseURL(text string) (address, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	var parsed address
	switch strings.Replace(scheme, "rediss", "redis", 1) {
	case "redis":
	case "unix":
		parsed.socket = true
	case "redis+sentinel":
		parsed.kind = sentinels
	case "redis+cluster":
		parsed.kind = slots
	default:
		return address{}, badURL("has an unknown scheme")
	}
	parsed.tls = strings.HasPrefix(scheme, "rediss")
	// net/url does not read a list of hosts, so it gets the rest of the URL only.
	authority, path, _ := strings.Cut(rest, "/")
	if parsed.socket {
		authority, path = "", rest
	}
	authority, query, _ := strings.Cut(authority, "?")
	if query != "" {
		path = "?" + query
	}
	user, hosts, found := cutLast(authority, "@")
	if !found {
		user, hosts = "", authority
	}
	parts, err := url.Parse("redis://" + user + "@host/" + path)
	if err != nil {
		return address{}, badURL("cannot be read")
	}
	if _, has := parts.User.Password(); has {
		return address{}, badURL("holds a password")
	}
	parsed.user, parsed.master = parts.User.Username(), parts.Query().Get("master")
	if parsed.kind == sentinels && parsed.master == "" {
		return address{}, badURL("names no master")
	}
	number := strings.Trim(parts.Path, "/")
	if parsed.socket {
		parsed.hosts, number = []string{"/" + strings.TrimLeft(parts.Path, "/")}, parts.Query().Get("db")
	} else if parsed.hosts, err = parseHosts(hosts, parsed.kind); err != nil {
		return address{}, err
	}
	if number != "" {
		if parsed.database, err = strconv.Atoi(number); err != nil || parsed.database < 0 || parsed.kind == slots {
			return address{}, badURL("has a wrong database")
		}
	}
	return parsed, nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

func parseHosts(text string, kind kind) ([]string, error) {
	port := "6379"
	if kind == sentinels {
		port = "26379"
	}
	var hosts []string
	for host := range strings.SplitSeq(text, ",") {
		name, given, err := net.SplitHostPort(host)
		if err != nil {
			name, given = strings.Trim(host, "[]"), port
		}
		if number, err := strconv.Atoi(given); name == "" || strings.ContainsAny(name, " /@") || err != nil || number < 1 || number > 65535 {
			return nil, badURL("names no host and port")
		}
		hosts = append(hosts, net.JoinHostPort(name, given))
	}
	if kind == single && len(hosts) > 1 {
		return nil, badURL("names several hosts")
	}
	return hosts, nil
}

func badURL(wrong string) error {
	return &filters.Error{
		Code: filters.Invalid, Wrong: "`redis.url` " + wrong,
		Expected: "redis://host:6379, rediss://user@host, unix:///path, redis+sentinel://h1,h2/0?master=NAME or redis+cluster://h1,h2",
	}
}
