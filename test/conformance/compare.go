package conformance

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/master"
)

// meaningful are the headers that a client can act on. Date, and Content-Length beside a body, are not compared.
var meaningful = []string{"Content-Type", "Location", "Allow", "WWW-Authenticate"}

// comparison compares one recorded answer with the simulated one.
type comparison struct {
	recorded  normaliser
	simulated normaliser
	ignore    []string
}

// differences returns what differs, a readable line or block each; none means equal.
func (c comparison) differences(method string, want Response, got answer) []string {
	var out []string
	if want.Status != got.status {
		out = append(out, fmt.Sprintf("status: recorded %d, simulated %d", want.Status, got.status))
	}
	for _, name := range c.headers(method) {
		if slices.Contains(c.ignore, name) {
			continue
		}
		recorded := c.header(c.recorded, name, want.Header(name))
		simulated := c.header(c.simulated, name, got.header.Get(name))
		if recorded != simulated {
			out = append(out, fmt.Sprintf("%s: recorded %q, simulated %q", name, recorded, simulated))
		}
	}
	if !slices.Contains(c.ignore, "body") {
		out = append(out, c.body(want, got)...)
	}
	return out
}

func (c comparison) headers(method string) []string {
	if method == "HEAD" {
		return append(slices.Clone(meaningful), "Content-Length")
	}
	return meaningful
}

// header names the masters and agents of a header; the order of query parameters in a Location is a hash map's.
func (c comparison) header(n normaliser, name, value string) string {
	value = n.names.replace(value)
	if base, query, found := strings.Cut(value, "?"); name == "Location" && found {
		parameters := strings.Split(query, "&")
		slices.Sort(parameters)
		return base + "?" + strings.Join(parameters, "&")
	}
	return value
}

func (c comparison) body(want Response, got answer) []string {
	text, err := want.Bytes()
	if err != nil {
		return []string{err.Error()}
	}
	recorded, err := c.content(c.recorded, want.BodyEncoding, text)
	if err != nil {
		return []string{"recorded body: " + err.Error()}
	}
	simulated, err := c.content(c.simulated, want.BodyEncoding, got.body)
	if err != nil {
		return []string{fmt.Sprintf("simulated body: %v in %.300q", err, got.body)}
	}
	if diff := cmp.Diff(recorded, simulated); diff != "" {
		return []string{"body (-recorded +simulated):\n" + diff}
	}
	return nil
}

// scripted matches JSONP: a call of a function with one JSON value.
var scripted = regexp.MustCompile(`(?s)^([\w.$]+)\((.*)\)(;?)$`)

// content decodes a body into what is compared: a JSON tree, or text.
func (c comparison) content(n normaliser, encoding string, body []byte) (any, error) {
	switch {
	case encoding == "base64":
		return c.message(n, body)
	case encoding == "json":
		return c.tree(n, body)
	}
	if parts := scripted.FindSubmatch(body); parts != nil {
		tree, err := c.tree(n, parts[2])
		return []any{string(parts[1]), tree, string(parts[3])}, err
	}
	return n.names.replace(string(body)), nil
}

func (c comparison) tree(n normaliser, body []byte) (any, error) {
	tree, err := n.tree(body)
	if err != nil {
		return nil, err
	}
	return without(tree, c.ignore), nil
}

// message decodes a protobuf answer of a master by mesos-go, so that both codecs are compared alike.
func (c comparison) message(n normaliser, body []byte) (any, error) {
	var response master.Response
	if err := response.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("decode protobuf: %w", err)
	}
	text, err := json.Marshal(&response)
	if err != nil {
		return nil, err
	}
	return c.tree(n, text)
}

// without drops fields by name, wherever they stand.
func without(value any, fields []string) any {
	switch v := value.(type) {
	case map[string]any:
		for name, field := range v {
			if slices.Contains(fields, name) {
				delete(v, name)
				continue
			}
			v[name] = without(field, fields)
		}
	case []any:
		for i := range v {
			v[i] = without(v[i], fields)
		}
	}
	return value
}
