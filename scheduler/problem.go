package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cordon/filters"
)

// Problem is one thing that is wrong with what people wrote: the field that it is about, such as `schedule` or
// `run.steps[1]`, and an Invalid error that says what was wrong, what was expected and an example.
type Problem struct {
	Field string
	Err   *filters.Error
}

// Error renders the problem for people, its field first.
func (p Problem) Error() string { return p.Field + ": " + p.Err.Error() }

// Named returns the problem as an error that names its field, for where nothing else points at it.
func (p Problem) Named() *filters.Error {
	named := *p.Err
	named.Wrong = code(p.Field) + " " + named.Wrong
	if first := strings.Fields(p.Err.Wrong)[0]; !slices.Contains([]string{"is", "are", "has", "stands"}, first) {
		named.Wrong = code(p.Field) + ": " + p.Err.Wrong
	}
	return &named
}

// problems gathers what is wrong.
type problems []Problem

// add says that the field is wrong, what was expected, and what to do instead.
func (p *problems) add(field, wrong, expected, try string) {
	*p = append(*p, Problem{field, &filters.Error{Code: filters.Invalid, Wrong: wrong, Expected: expected, Try: try}})
}

// check adds the error of a parser, if there is one, and tells whether there is none.
func (p *problems) check(field string, err error) bool {
	if err == nil {
		return true
	}
	known, ok := errors.AsType[*filters.Error](err)
	if !ok {
		known = &filters.Error{Code: filters.Invalid, Wrong: err.Error(), Cause: err}
	}
	*p = append(*p, Problem{field, known})
	return false
}

// choice checks a word that may be left out.
func (p *problems) choice(field, word string, choices ...string) {
	if word != "" && !slices.Contains(choices, word) {
		p.add(field, code(word)+" is not known", "one of "+codes(choices), "")
	}
}

// invalid is the error of a parser.
func invalid(wrong, expected string) *filters.Error {
	return &filters.Error{Code: filters.Invalid, Wrong: wrong, Expected: expected}
}

// code sets text from people as code, cut to what is needed to recognise it.
func code(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "`", "'")), " ")
	if characters := []rune(text); len(characters) > 60 {
		text = string(characters[:60]) + "…"
	}
	return "`" + text + "`"
}

func codes(words []string) string {
	set := make([]string, len(words))
	for i, word := range words {
		set[i] = code(word)
	}
	return strings.Join(set, ", ")
}

// at names an entry of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
