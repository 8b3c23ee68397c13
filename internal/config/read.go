package config

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/internal/secret"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Mistake is one thing wrong with the configuration. Line is 1 or more; 0 if it belongs to no line.
type Mistake struct {
	File     string
	Line     int
	Field    string // its path, such as clusters.prod.masters
	Wrong    string
	Expected string
}

// Error renders the mistake as `file:line: field: wrong; expected …`.
func (m Mistake) Error() string {
	var text strings.Builder
	text.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&text, ":%d", m.Line)
	}
	text.WriteString(": ")
	if m.Field != "" {
		text.WriteString(m.Field + ": ")
	}
	text.WriteString(m.Wrong)
	if m.Expected != "" {
		text.WriteString("; expected " + m.Expected)
	}
	return text.String()
}

// Mistakes are all that is wrong, in the order of the file.
type Mistakes []Mistake

// Error renders one mistake a line.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

const fileMost = 1 << 20

// Load reads and checks a configuration file, and reads the secrets that it names. The error is Mistakes, all of them.
func Load(path string) (Config, Secrets, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Config{}, Secrets{}, Mistakes{{File: path, Wrong: "cannot be read: " + reason(err), Expected: "a readable YAML file"}}
	}
	if info.Size() > fileMost {
		return Config{}, Secrets{}, Mistakes{{File: path, Wrong: "is larger than 1 MiB"}}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, Secrets{}, Mistakes{{File: path, Wrong: "cannot be read: " + reason(err)}}
	}
	config, reader := parse(path, text)
	var secrets Secrets
	if !reader.broken {
		reader.check(&config)
		secrets = reader.secrets(&config)
	}
	if err := reader.sorted(); err != nil {
		return Config{}, Secrets{}, err
	}
	return config, secrets, nil
}

// sorted returns the mistakes in the order of the file, nil if there are none.
func (r *reader) sorted() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return a.Line - b.Line })
	return r.mistakes
}

// LoadWithoutSecrets reads and checks a configuration file for those who need no secret but Redis's password, which may
// be missing too: what helps when things are broken must not ask for what is broken.
func LoadWithoutSecrets(path string) (config Config, redisPassword secret.Value, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, Mistakes{{File: path, Wrong: "cannot be read: " + reason(err)}}
	}
	config, reader := parse(path, text)
	if len(reader.mistakes) > 0 {
		return Config{}, nil, reader.mistakes
	}
	return config, reader.secret("redis.password_file", config.Redis.PasswordFile, "CORDON_REDIS_PASSWORD", false), nil
}

// LoadWithoutFiles reads and checks a configuration file wherever it lies: whether the files that it names are there, and
// what stands in them, does not matter. The error is Mistakes.
func LoadWithoutFiles(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, Mistakes{{File: path, Wrong: "cannot be read: " + reason(err)}}
	}
	config, reader := parse(path, text)
	if reader.withoutFiles = true; !reader.broken {
		reader.check(&config)
	}
	return config, reader.sorted()
}

func reason(err error) string {
	if pathError, ok := err.(*os.PathError); ok {
		return pathError.Err.Error()
	}
	return err.Error()
}

// reader walks the file beside the types and remembers where each field stands.
type reader struct {
	file     string
	lines    map[string]int
	mistakes Mistakes
	broken   bool // not YAML: nothing else is worth saying
	// withoutFiles leaves the files alone that the configuration names.
	withoutFiles bool
}

func (r *reader) mistake(field, wrong, expected string) {
	r.mistakes = append(r.mistakes, Mistake{r.file, r.line(field), field, wrong, expected})
}

// line finds the field's line, or that of what it would stand in.
func (r *reader) line(field string) int {
	for field != "" {
		if line, ok := r.lines[field]; ok {
			return line
		}
		cut := strings.LastIndexAny(field, ".[")
		if cut < 0 {
			break
		}
		field = field[:cut]
	}
	return 0
}

func parse(path string, text []byte) (Config, *reader) {
	r := &reader{file: path, lines: map[string]int{}}
	var config Config
	setDefaults(reflect.ValueOf(&config).Elem())
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.syntax(err)
		return config, r
	}
	for i, document := range file.Docs {
		if i > 0 {
			r.mistakes = append(r.mistakes, Mistake{File: path, Line: document.GetToken().Position.Line, Wrong: "a second document", Expected: "one"})
			break
		}
		if document.Body != nil {
			r.fill("", document.Body, reflect.ValueOf(&config).Elem())
		}
	}
	return config, r
}

// syntax reports an error of the YAML parser, whose text begins with [line:column].
func (r *reader) syntax(err error) {
	r.broken = true
	text := yaml.FormatError(err, false, false)
	line := 0
	if strings.HasPrefix(text, "[") {
		position, rest, _ := strings.Cut(text[1:], "]")
		number, _, _ := strings.Cut(position, ":")
		line, _ = strconv.Atoi(number)
		text = strings.TrimSpace(rest)
	}
	text, _, _ = strings.Cut(text, "\n")
	r.mistakes = append(r.mistakes, Mistake{File: r.file, Line: line, Wrong: "is not YAML: " + text})
}

// fill sets value from the node, going on after a mistake so that all of them are found.
func (r *reader) fill(path string, node ast.Node, value reflect.Value) {
	if path != "" {
		r.lines[path] = node.GetToken().Position.Line
	}
	if _, null := node.(*ast.NullNode); null {
		return
	}
	switch {
	case value.Type() == reflect.TypeFor[Words]():
		r.fillWords(path, node, value)
	case value.Kind() == reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		setDefaults(value.Elem())
		r.fill(path, node, value.Elem())
	case value.Type() == reflect.TypeFor[time.Duration]():
		r.fillDuration(path, node, value)
	case value.Kind() == reflect.Struct:
		r.fillStruct(path, node, value)
	case value.Kind() == reflect.Map:
		r.fillMap(path, node, value)
	case value.Kind() == reflect.Slice:
		r.fillSlice(path, node, value)
	default:
		r.fillScalar(path, node, value)
	}
}

func (r *reader) entries(path string, node ast.Node) []*ast.MappingValueNode {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}
	}
	r.mistake(path, "is not a mapping", "`name: value` lines")
	return nil
}

func (r *reader) fillStruct(path string, node ast.Node, value reflect.Value) {
	seen := map[string]bool{}
	for _, entry := range r.entries(path, node) {
		name := keyText(entry)
		field, ok := fieldNamed(value.Type(), name)
		inner := join(path, name)
		r.lines[inner] = entry.Key.GetToken().Position.Line
		switch {
		case !ok:
			r.mistake(inner, "is not a field", "one of "+strings.Join(fieldNames(value.Type()), ", "))
		case seen[name]:
			r.mistake(inner, "is given twice", "once")
		default:
			seen[name] = true
			r.fill(inner, entry.Value, value.FieldByIndex(field.Index))
			r.lines[inner] = entry.Key.GetToken().Position.Line
		}
	}
}

func (r *reader) fillMap(path string, node ast.Node, value reflect.Value) {
	filled := reflect.MakeMap(value.Type())
	for _, entry := range r.entries(path, node) {
		element := reflect.New(value.Type().Elem()).Elem()
		setDefaults(element)
		inner := join(path, keyText(entry))
		if filled.MapIndex(reflect.ValueOf(keyText(entry))).IsValid() {
			r.mistake(inner, "is given twice", "once")
		}
		r.fill(inner, entry.Value, element)
		r.lines[inner] = entry.Key.GetToken().Position.Line
		filled.SetMapIndex(reflect.ValueOf(keyText(entry)), element)
	}
	value.Set(filled)
}

func (r *reader) fillSlice(path string, node ast.Node, value reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.mistake(path, "is not a list", "a list such as [one, two]")
		return
	}
	filled := reflect.MakeSlice(value.Type(), len(sequence.Values), len(sequence.Values))
	for i, element := range sequence.Values {
		setDefaults(filled.Index(i))
		r.fill(fmt.Sprintf("%s[%d]", path, i), element, filled.Index(i))
	}
	value.Set(filled)
}

func (r *reader) fillWords(path string, node ast.Node, value reflect.Value) {
	if _, ok := node.(*ast.SequenceNode); ok {
		r.fillSlice(path, node, value)
		return
	}
	var word string
	if r.decode(path, node, &word) {
		value.Set(reflect.ValueOf(Words{word}))
	}
}

func (r *reader) fillDuration(path string, node ast.Node, value reflect.Value) {
	var text string
	r.fillScalar(path, node, reflect.ValueOf(&text).Elem())
	duration, err := time.ParseDuration(text)
	if err != nil {
		r.mistake(path, "`"+text+"` is not a duration", "such as 30s, 10m or 1h30m")
	}
	value.SetInt(int64(duration))
}

// fillScalar decodes text, numbers and booleans. Text may be written without quotes even where it looks like a number.
func (r *reader) fillScalar(path string, node ast.Node, value reflect.Value) {
	if value.Kind() != reflect.String {
		r.decode(path, node, value.Addr().Interface())
		return
	}
	scalar, ok := node.(ast.ScalarNode)
	if !ok {
		r.mistake(path, "is not a single value", "text")
		return
	}
	value.SetString(fmt.Sprint(scalar.GetValue()))
}

func (r *reader) decode(path string, node ast.Node, into any) bool {
	if err := yaml.NodeToValue(node, into); err != nil {
		r.mistake(path, "`"+node.String()+"` is of the wrong type", kindInWords(reflect.TypeOf(into).Elem()))
		return false
	}
	return true
}

func kindInWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "text"
}

func keyText(entry *ast.MappingValueNode) string {
	if scalar, ok := entry.Key.(ast.ScalarNode); ok {
		return fmt.Sprint(scalar.GetValue())
	}
	return entry.Key.String()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if yamlName(t.Field(i)) == name {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = yamlName(t.Field(i))
	}
	return names
}

// yamlName is the field's name in the file: its tag, without options.
func yamlName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	return name
}

// setDefaults writes the `default` tags of a struct and of the structs in it.
func setDefaults(value reflect.Value) {
	if value.Kind() != reflect.Struct {
		return
	}
	for i := range value.NumField() {
		field, text := value.Field(i), value.Type().Field(i).Tag.Get("default")
		switch {
		case field.Kind() == reflect.Struct:
			setDefaults(field)
		case text == "":
		case field.Type() == reflect.TypeFor[time.Duration]():
			duration, _ := time.ParseDuration(text)
			field.SetInt(int64(duration))
		case field.Kind() == reflect.String:
			field.SetString(text)
		case field.Kind() == reflect.Int:
			number, _ := strconv.ParseInt(text, 10, 64)
			field.SetInt(number)
		case field.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf(strings.Split(strings.Trim(text, "[]"), ", ")))
		}
	}
}
