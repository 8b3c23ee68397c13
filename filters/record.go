package filters

import "encoding/json"

// Shelf is where a Record stands: it says which package's it is. The list is closed.
type Shelf string

// The shelves. They are names of the store's hashes too.
const (
	ShelfWindows   Shelf = "windows"    // scheduler: a window, by its name
	ShelfRuns      Shelf = "runs"       // scheduler: a run, by its ID
	ShelfRunAgents Shelf = "run-agents" // scheduler: one agent of a run, by "<run ID> <agent ID>"
	ShelfMachines  Shelf = "machines"   // operation: a machine of the maintenance schedule that is ours, by "<hostname> <ip>"
	ShelfApprovals Shelf = "approvals"  // this package: an approval, by its ID
	ShelfOnCall    Shelf = "on-call"    // scheduler: who was on call last, by "now"
)

// Shelves returns all shelves, in the order in which the store reads them.
func Shelves() []Shelf {
	return []Shelf{ShelfWindows, ShelfRuns, ShelfRunAgents, ShelfMachines, ShelfApprovals, ShelfOnCall}
}

// Record is what a package of the application keeps durable beside the filters, in its own words: here its body is only
// kept, told of in the journal, and guarded by its revision.
type Record struct {
	Shelf    Shelf           `json:"shelf"`
	Name     string          `json:"name"` // unique on its shelf
	Body     json.RawMessage `json:"body"`
	Removed  bool            `json:"removed,omitempty"` // it leaves the store
	Revision int64           `json:"revision"`          // as a Filter's
}

// RecordKey identifies a record.
type RecordKey struct {
	Shelf Shelf
	Name  string
}

// Key returns the record's key.
func (r *Record) Key() RecordKey { return RecordKey{r.Shelf, r.Name} }

// PutRecord adds a record as it shall be, its Revision the stored one, with the entry that tells of it.
func (c *Commit) PutRecord(record Record, event Event) {
	c.Records = append(c.Records, record)
	record.Revision++
	event.Record = &record
	c.Events = append(c.Events, event)
}
