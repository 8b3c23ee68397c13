package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"cordon/filters"
)

// schema is the version of the stored values' form. Lua reads and writes the first line too (lua/commit.lua).
const schema = "1"

// value is a stored record: a line of its own for scripts, and JSON that only Go reads.
//
//	<schema> <revision> <1 if a filter that stands, else 0> <identity> <stage, or ->
//	<JSON; empty: the record is removed>
//	<the value that a staged one replaces>
//
// The identity is a filter's ID: a filter that went and came again has the same revisions, and is another.
type value struct {
	revision int64
	stands   bool
	identity string
	stage    string
	json     string
	replaced string
}

func parseValue(text string) (value, error) {
	head, rest, ok := strings.Cut(text, "\n")
	words := strings.Split(head, " ")
	if !ok || len(words) != 5 {
		return value{}, fmt.Errorf("a stored value starts with %.40q", head)
	}
	if words[0] != schema {
		return value{}, fmt.Errorf("a stored value has schema %.20q, this version of the bot knows %s", words[0], schema)
	}
	revision, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil || revision < 1 {
		return value{}, fmt.Errorf("a stored value has revision %.40q", words[1])
	}
	parsed := value{revision: revision, stands: words[2] == "1", identity: words[3], stage: words[4]}
	parsed.json, parsed.replaced, _ = strings.Cut(rest, "\n")
	return parsed, nil
}

// inForce follows what staged values replace down to the one in force; found is false if that is none.
func inForce(text string, pending map[string]string) (in value, found bool, err error) {
	for first := true; first || text != ""; first = false {
		if in, err = parseValue(text); err != nil {
			return in, false, err
		}
		if _, staged := pending[in.stage]; !staged {
			return in, in.json != "", nil
		}
		text = in.replaced
	}
	return value{}, false, nil
}

// decode reads the JSON of a value.
func decode[R any](text string) (record R, err error) {
	if err = json.Unmarshal([]byte(text), &record); err != nil {
		err = fmt.Errorf("a stored value's JSON: %w", err)
	}
	return record, err
}

// word makes text safe as a word of a value's first line.
func word(text string) string {
	if text == "" || strings.ContainsAny(text, " \n\r\t\v\f") {
		return "-"
	}
	return text
}

// plain is the form of freeze and lock: a schema line and JSON.
func plain(record any) (string, error) {
	encoded, err := json.Marshal(record)
	return schema + "\n" + string(encoded), err
}

func parsePlain[R any](text string) (*R, error) {
	head, body, _ := strings.Cut(text, "\n")
	if head != schema {
		return nil, fmt.Errorf("a stored value starts with %.40q", head)
	}
	record, err := decode[R](body)
	return &record, err
}

// parseFilterKey reads a field of the hash of filters.
func parseFilterKey(field string) (filters.FilterKey, bool) {
	words := strings.SplitN(field, " ", 3)
	if len(words) != 3 || words[0] == "" {
		return filters.FilterKey{}, false
	}
	return filters.FilterKey{Agent: filters.AgentID(words[0]), Mode: filters.Mode(words[1]), Owner: filters.Owner(words[2])}, true
}
