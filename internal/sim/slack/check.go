package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// A check looks at one JSON value and reports what is wrong with it, in Slack's words, with a JSON pointer.
type check func(r *report, at string, value any)

type report struct {
	problems []string
	actions  map[string]bool // block and action IDs seen, to find duplicates
}

func (r *report) add(at, format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

// checkBlocks checks a list of blocks against the kinds that the surface allows.
func checkBlocks(at string, blocks []any, kinds map[string]check, most int) []string {
	r := &report{actions: map[string]bool{}}
	list(0, most, byType(kinds))(r, at, blocks)
	for i, value := range blocks {
		if block, ok := value.(map[string]any); ok {
			r.unique(fmt.Sprintf("%s/%d", at, i), block)
		}
	}
	return r.problems
}

// unique reports a block ID used twice, and an action ID used twice within a block.
func (r *report) unique(at string, block map[string]any) {
	if id, _ := block["block_id"].(string); id != "" {
		if r.actions["block "+id] {
			r.add(at+"/block_id", "`block_id` already exists: %s", id)
		}
		r.actions["block "+id] = true
	}
	seen := map[string]bool{}
	for _, fields := range interactive(block) {
		id, _ := fields["action_id"].(string)
		if id != "" && seen[id] {
			r.add(at, "`action_id` already exists: %s", id)
		}
		seen[id] = true
	}
}

// anything accepts every value.
func anything(*report, string, any) {}

func flag(r *report, at string, value any) {
	if _, ok := value.(bool); !ok {
		r.add(at, "must be a boolean")
	}
}

func integer(r *report, at string, value any) {
	if _, ok := value.(json.Number); !ok {
		r.add(at, "must be a number")
	}
}

// words wants a string of 1 to most characters.
func words(most int) check {
	return func(r *report, at string, value any) {
		text, ok := value.(string)
		switch n := utf8.RuneCountInString(text); {
		case !ok:
			r.add(at, "must be a string")
		case n == 0:
			r.add(at, "must be more than 0 characters")
		case n > most:
			r.add(at, "must be less than %d characters", most+1)
		}
	}
}

// oneOf wants one of some strings.
func oneOf(allowed ...string) check {
	return func(r *report, at string, value any) {
		if text, ok := value.(string); !ok || !slices.Contains(allowed, text) {
			r.add(at, "must be one of %q", allowed)
		}
	}
}

// list wants least to most items, each of which passes.
func list(least, most int, each check) check {
	return func(r *report, at string, value any) {
		items, ok := value.([]any)
		switch {
		case !ok:
			r.add(at, "must be an array")
			return
		case len(items) < least:
			r.add(at, "no less than %d items allowed", least)
		case len(items) > most:
			r.add(at, "no more than %d items allowed", most)
			return
		}
		for i, item := range items {
			each(r, fmt.Sprintf("%s/%d", at, i), item)
		}
	}
}

// shape is an object's fields, each with its check; a name that starts with "!" is required.
type shape map[string]check

func object(fields shape) check {
	return func(r *report, at string, value any) {
		given, ok := value.(map[string]any)
		if !ok {
			r.add(at, "must be an object")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			test := fields[name]
			if test == nil {
				test = fields["!"+name]
			}
			switch {
			case name == "type":
			case test == nil:
				r.add(at, "invalid additional property: %s", name)
			case given[name] == nil:
				r.add(at+"/"+name, "must not be null")
			default:
				test(r, at+"/"+name, given[name])
			}
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if _, here := given[name[1:]]; name[0] == '!' && !here {
				r.add(at, "missing required field: %s", name[1:])
			}
		}
	}
}

// byType picks the check by the object's type.
func byType(kinds map[string]check) check {
	return func(r *report, at string, value any) {
		fields, ok := value.(map[string]any)
		if !ok {
			r.add(at, "must be an object")
			return
		}
		kind, ok := fields["type"].(string)
		switch test := kinds[kind]; {
		case !ok:
			r.add(at, "missing required field: type")
		case test == nil:
			r.add(at+"/type", "unsupported type: %s", kind)
		default:
			test(r, at, value)
		}
	}
}
