package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference renders docs/configuration.md from the types.
func Reference() string {
	var page strings.Builder
	page.WriteString("# Configuration reference\n\n")
	page.WriteString("Generated from the types in `internal/config`; `go test ./internal/config -update` writes it anew.\n\n")
	page.WriteString("`bot serve --config cordon.yaml` reads one strict YAML file: an unknown field is a mistake. `bot validate --config cordon.yaml`\nreports every mistake with its line. Secrets stand in files or in the environment, never in this file.\n")
	describe(&page, "", reflect.TypeFor[Config]())
	return page.String()
}

func describe(page *strings.Builder, path string, t reflect.Type) {
	title := path
	if title == "" {
		title = "Top level"
	}
	fmt.Fprintf(page, "\n## %s\n\n| field | what it is | default |\n| --- | --- | --- |\n", title)
	for i := range t.NumField() {
		field := t.Field(i)
		fmt.Fprintf(page, "| `%s`%s | %s | %s |\n", yamlName(field), mark(field), explain(t, field), fallback(field))
	}
	for i := range t.NumField() {
		field := t.Field(i)
		inner, suffix := within(field.Type)
		if inner.Kind() == reflect.Struct {
			describe(page, join(path, yamlName(field))+suffix, inner)
		}
	}
}

// within returns the type of a field's elements, and how their path is written.
func within(t reflect.Type) (reflect.Type, string) {
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), ".NAME"
	case reflect.Slice:
		return t.Elem(), "[]"
	case reflect.Pointer:
		return t.Elem(), ""
	}
	return t, ""
}

func mark(field reflect.StructField) string {
	if field.Tag.Get("required") == "true" {
		return " (required)"
	}
	return ""
}

func explain(of reflect.Type, field reflect.StructField) string {
	text, example := field.Tag.Get("doc"), field.Tag.Get("example")
	if words, ok := scheduled[of][yamlName(field)]; ok {
		text, example = words.doc, words.example
	}
	if example != "" {
		text += " Example: `" + example + "`"
	}
	return strings.ReplaceAll(text, "|", "\\|")
}

func fallback(field reflect.StructField) string {
	if text := field.Tag.Get("default"); text != "" {
		return "`" + text + "`"
	}
	return ""
}
