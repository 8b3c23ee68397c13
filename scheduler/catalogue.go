package scheduler

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"cordon/filters"
)

// catalogue finds windows by name: the configuration's, and those that were made in chat, compiled once for each version of
// their record. Where both have a name the configuration wins. Safe for concurrent use.
type catalogue struct {
	config     *Config
	configured map[string]*Window

	mutex sync.Mutex
	made  map[string]made
}

// made is a window of chat as its record had it.
type made struct {
	revision int64
	window   *Window
	err      error
}

func newCatalogue(config *Config) *catalogue {
	c := &catalogue{config: config, configured: map[string]*Window{}, made: map[string]made{}}
	for _, window := range config.Windows {
		c.configured[window.Name] = window
	}
	return c
}

// names are those of windows that somebody defines or of which something is remembered.
func (c *catalogue) names() map[string]bool {
	names := make(map[string]bool, len(c.configured))
	for name := range c.configured {
		names[name] = true
	}
	for _, record := range c.config.Book.Records(filters.ShelfWindows) {
		if record.Name != digestName {
			names[record.Name] = true
		}
	}
	return names
}

// scene is the window with the name at the moment. Its error is about a record that cannot be read.
func (c *catalogue) scene(name string, now time.Time) (*scene, error) {
	scene := &scene{config: c.config, now: now, name: name, window: c.configured[name], configured: c.configured[name] != nil}
	record := c.config.Book.Record(filters.ShelfWindows, name)
	if record == nil {
		return scene, nil
	}
	var err error
	if scene.state, err = DecodeWindow(record); err != nil {
		return nil, err
	}
	scene.revision = record.Revision
	if scene.window == nil && scene.state.Definition != nil {
		if scene.window, err = c.compiled(record, scene.state.Definition, record.Name); err != nil {
			return nil, err
		}
	}
	scene.opened = scene.window
	if open := scene.state.Open; open != nil && open.Definition != nil && !open.Definition.equal(scene.window) {
		scene.opened, err = c.compiled(record, open.Definition, record.Name+" as it was opened")
	}
	return scene, err
}

// equal tells whether the window was compiled from the definition.
func (d *Definition) equal(window *Window) bool {
	return window != nil && reflect.DeepEqual(*d, window.Definition)
}

// compiled is a window of a record, kept under a name while the record is the same.
func (c *catalogue) compiled(record *filters.Record, definition *Definition, as string) (*Window, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if known, ok := c.made[as]; ok && known.revision == record.Revision {
		return known.window, known.err
	}
	window, problems := Compile(record.Name, *definition)
	compiled := made{revision: record.Revision, window: window}
	if len(problems) > 0 {
		compiled.window, compiled.err = nil, problems[0].Err
	}
	c.made[as] = compiled
	return compiled.window, compiled.err
}

// timing is what a window's starts depend on.
func timing(window *Window) string {
	d := &window.Definition
	return strings.Join([]string{d.Schedule, d.TimeZone, d.Duration, d.StartDate, d.EndDate}, " | ")
}
