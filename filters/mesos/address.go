package mesos

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// address is where a master listens. Two addresses are the same master only if all three parts are equal: names are not
// resolved to compare them (invariant 11).
type address struct {
	scheme, host, port string
}

// String returns host:port.
func (a address) String() string { return net.JoinHostPort(a.host, a.port) }

// URL returns scheme://host:port, as the configuration names a master.
func (a address) URL() string { return a.scheme + "://" + a.String() }

// newAddress puts a host into the one form in which it is compared.
func newAddress(scheme, host, port string) (address, bool) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return address{}, false
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		host = ip.String()
	} else if host == "" || strings.Trim(host, hostLetters) != "" {
		return address{}, false
	}
	return address{scheme, strings.ToLower(host), strconv.FormatUint(number, 10)}, true
}

// hostLetters are those of a name in DNS, and the underscore that some networks use.
const hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

// parseMaster reads a master's URL as the configuration gives it.
func parseMaster(text string) (address, error) {
	const expected = "a URL with a port and nothing behind it, such as `http://master-one:5050`"
	parsed, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return address{}, invalid("a URL in `masters` cannot be read", expected)
	}
	bare := parsed.User == nil && strings.Trim(parsed.Path, "/") == "" && parsed.RawQuery == "" && parsed.Fragment == ""
	at, ok := newAddress(parsed.Scheme, parsed.Hostname(), parsed.Port())
	if !ok || !bare || (at.scheme != "http" && at.scheme != "https") {
		return address{}, invalid("`"+parsed.Redacted()+"` in `masters` is not a master", expected)
	}
	return at, nil
}

// parseLocation reads the Location of a redirect. Mesos sends it without a scheme (nonleader-get-agents.json), which
// means the scheme of the master that sent it.
func parseLocation(location string, from address) (address, bool) {
	parsed, err := url.Parse(location)
	if err != nil || parsed.User != nil || parsed.Opaque != "" {
		return address{}, false
	}
	scheme := cmp.Or(strings.ToLower(parsed.Scheme), from.scheme)
	usual, known := map[string]string{"http": "80", "https": "443"}[scheme]
	if !known {
		return address{}, false
	}
	return newAddress(scheme, parsed.Hostname(), cmp.Or(parsed.Port(), usual))
}
