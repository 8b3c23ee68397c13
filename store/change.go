package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"cordon/filters"
)

// The hashes of records, by their number in the KEYS of lua/commit.lua.
const (
	filtersHash   = "1"
	ledgerHash    = "2"
	questionsHash = "3"
	firstShelf    = 15 // the shelves follow each other, in the order of filters.Shelves
)

// shelfHash is the number of a shelf's hash; empty if there is no such shelf.
func shelfHash(shelf filters.Shelf) string {
	place := slices.Index(filters.Shelves(), shelf)
	if place < 0 {
		return ""
	}
	return strconv.Itoa(firstShelf + place)
}

// change is a commit as the script takes it: text, and the events that the receipt will hold.
type change struct {
	records []record
	events  []filters.Event
	details []string // of each event, the JSON of its record
	freeze  string
	lock    string
	epoch   string
}

// record is one field of a hash as it shall be.
type record struct {
	hash     string
	field    string
	revision int64 // that must be stored
	stands   bool
	identity string
	replaces string // the identity that must be stored, if any is
	rack     string
	limit    int    // of the rack; 0: none
	json     string // empty: the record is removed
}

// compose encodes a commit. It refuses what the script would have to refuse for every store.
func compose(commit *filters.Commit) (*change, error) {
	if len(commit.Ledger) > 0 && commit.Term == 0 {
		return nil, fmt.Errorf("a commit of the ledger carries no term")
	}
	c := &change{events: slices.Clone(commit.Events)}
	c.details = make([]string, 0, len(commit.Events))
	c.records = make([]record, 0, len(commit.Filters)+len(commit.Settled)+len(commit.Ledger)+len(commit.Questions)+len(commit.Records))
	stored := newStored(commit)
	if err := c.addFilters(commit, stored); err != nil {
		return nil, err
	}
	if err := c.addOthers(commit, stored); err != nil {
		return nil, err
	}
	if err := c.addRecords(commit, stored); err != nil {
		return nil, err
	}
	if err := c.addStates(commit); err != nil {
		return nil, err
	}
	for i := range c.events {
		c.events[i].Message = cmp.Or(c.events[i].Message, commit.Message)
		detail, err := stored.detail(&c.events[i])
		if err != nil {
			return nil, err
		}
		c.details = append(c.details, detail)
		if c.events[i].Term == 0 {
			c.events[i].Term = commit.Term
		}
		if c.events[i].Request == "" {
			c.events[i].Request = commit.Request
		}
	}
	return c, nil
}

func (c *change) addFilters(commit *filters.Commit, stored *stored) error {
	for i := range commit.Filters {
		filter := commit.Filters[i]
		filter.Revision++
		filter.Replaces = ""
		encoded, err := encode(&filter)
		if err != nil {
			return err
		}
		stored.filters.put(filter.Key(), &filter, encoded)
		added := recordOf(&commit.Filters[i], commit.Limits)
		added.stands, added.json = filter.Stands(), encoded
		c.records = append(c.records, added)
	}
	for i := range commit.Settled {
		c.records = append(c.records, recordOf(&commit.Settled[i], commit.Limits))
	}
	return nil
}

func recordOf(filter *filters.Filter, limits *filters.Limits) record {
	added := record{
		hash: filtersHash, field: fieldOf(filter), revision: filter.Revision,
		identity: word(filter.ID), replaces: word(cmp.Or(filter.Replaces, filter.ID)), rack: filter.Rack,
	}
	if limits != nil {
		added.limit = limits.Racks[filter.Rack]
	}
	return added
}

// fieldOf is filter.Key().String(), which lies on the road of every command.
func fieldOf(filter *filters.Filter) string {
	return string(filter.Agent) + " " + string(filter.Mode) + " " + string(filter.Owner)
}

func (c *change) addOthers(commit *filters.Commit, stored *stored) error {
	for i := range commit.Ledger {
		entry := commit.Ledger[i]
		entry.Revision++
		encoded, err := encode(&entry)
		if err != nil {
			return err
		}
		stored.ledger.put(entry.Agent, &entry, encoded)
		if entry.Hold == filters.HoldFree {
			encoded = ""
		}
		c.records = append(c.records, record{hash: ledgerHash, field: string(entry.Agent), revision: entry.Revision - 1, identity: "-", replaces: "-", json: encoded})
	}
	for i := range commit.Questions {
		question := commit.Questions[i]
		question.Revision++
		encoded, err := encode(&question)
		if err != nil {
			return err
		}
		stored.questions.put(question.ID, &question, encoded)
		if question.Done {
			encoded = ""
		}
		c.records = append(c.records, record{hash: questionsHash, field: question.ID, revision: question.Revision - 1, identity: "-", replaces: "-", json: encoded})
	}
	return nil
}

func (c *change) addRecords(commit *filters.Commit, stored *stored) error {
	for i := range commit.Records {
		kept := commit.Records[i]
		number := shelfHash(kept.Shelf)
		if number == "" || kept.Name == "" || !utf8.ValidString(kept.Name) {
			return fmt.Errorf("a record is named %q on the shelf %q", kept.Name, kept.Shelf)
		}
		kept.Revision++
		encoded, err := encode(&kept)
		if err != nil {
			return err
		}
		stored.records.put(kept.Key(), &kept, encoded)
		if kept.Removed {
			encoded = ""
		}
		c.records = append(c.records, record{hash: number, field: kept.Name, revision: kept.Revision - 1, identity: "-", replaces: "-", json: encoded})
	}
	return nil
}

func (c *change) addStates(commit *filters.Commit) (err error) {
	if commit.Freeze != nil {
		if c.freeze, err = plain(commit.Freeze); err != nil {
			return err
		}
	} else if commit.Thaw {
		c.freeze = "thaw"
	}
	if commit.Lock != nil {
		if c.lock, err = plain(commit.Lock); err != nil {
			return err
		}
	}
	if commit.Unlock {
		c.epoch = newEpoch()
	}
	return nil
}

func encode(record any) (string, error) {
	encoded, err := json.Marshal(record)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", record, err)
	}
	return string(encoded), nil
}

// gives tells whether the commit is an intent to give something back, which a lock forbids.
func gives(commit *filters.Commit) bool {
	return commit.Gives || slices.ContainsFunc(commit.Ledger, func(entry filters.LedgerEntry) bool {
		return entry.Hold == filters.HoldReleasing && entry.State == filters.StateRecorded
	})
}

// tally is how many changes of one operation reached which state, in the order of lua/commit.lua.
type tally struct {
	operation string
	states    [4]int
}

var tallied = []filters.ChangeState{filters.StateRecorded, filters.StateAccepted, filters.StateVerified, filters.StateFailed}

// count adds up what the events say about their operations. Nearly always that is one operation, or a run of each.
func count(events []filters.Event) (tallies []tally) {
	for i := range events {
		for _, state := range events[i].Counts() {
			place := slices.Index(tallied, state)
			if place < 0 {
				continue
			}
			last := len(tallies) - 1
			if last < 0 || tallies[last].operation != events[i].Operation {
				tallies = append(tallies, tally{operation: events[i].Operation})
				last++
			}
			tallies[last].states[place]++
		}
	}
	return tallies
}

// arguments returns the arguments of EVALSHA for a chunk of the change, two free places before the number of keys on.
func (s *Store) arguments(c *change, commit *filters.Commit, chunk piece) []any {
	var tallies []tally
	if chunk.last() { // what a chunk before it counted would stay counted if the plan were refused half-way
		tallies = count(c.events)
	}
	records, events := c.records[chunk.records.from:chunk.records.to], c.events[chunk.events.from:chunk.events.to]
	list := newArguments(len(s.keys.commit) + len(s.keys.shelves) + 5 + 17 + 9*len(records) + 5*len(tallies) + 11*len(events))
	number := len(s.keys.commit) + 2
	if len(commit.Records) > 0 { // a command of every day does not carry the shelves
		number += len(s.keys.shelves)
	}
	list.any = append(list.any, nil, nil, number)
	list.any = append(list.any, s.keys.commit...)
	whole := s.keys.request(commit.Request)
	var key any = whole
	if chunk.stage != "" {
		list.any = append(list.any, whole+"/"+strconv.Itoa(chunk.number), key)
	} else {
		list.any = append(list.any, key, key)
	}
	if len(commit.Records) > 0 {
		list.any = append(list.any, s.keys.shelves...)
	}

	deadline := "0"
	if !commit.Deadline.IsZero() {
		deadline = strconv.FormatInt(commit.Deadline.UnixMilli(), 10)
	}
	limit := 0
	if commit.Limits != nil {
		limit = commit.Limits.Cluster
	}
	list.add(deadline, strconv.FormatInt(commit.Term, 10), flag(commit.Starts), flag(gives(commit)), strconv.Itoa(limit),
		flag(commit.Request != ""), string(commit.Answer), requestLife)
	list.add(word(chunk.stage), strconv.Itoa(chunk.number), strconv.Itoa(chunk.of))
	if chunk.last() {
		list.add(c.freeze, c.lock, c.epoch)
	} else {
		list.add("", "", "")
	}
	list.add(strconv.Itoa(len(records)), strconv.Itoa(len(tallies)), strconv.Itoa(len(events)))
	for i := range records {
		r := &records[i]
		list.add(r.hash, r.field, strconv.FormatInt(r.revision, 10), flag(r.stands), r.identity, r.rack, strconv.Itoa(r.limit), r.json, r.replaces)
	}
	for i := range tallies {
		sum := &tallies[i].states
		list.add(tallies[i].operation, strconv.Itoa(sum[0]), strconv.Itoa(sum[1]), strconv.Itoa(sum[2]), strconv.Itoa(sum[3]))
	}
	for i := range events {
		e := &events[i]
		list.add(strconv.FormatInt(e.Term, 10), e.Subject, e.Operation, string(e.Kind), string(e.Agent), e.Actor, e.Cause,
			e.Request, e.Outcome, e.Reason, c.details[chunk.events.from+i])
	}
	return list.any
}

// requestLife is how long what a request key did is remembered, in seconds: a day.
const requestLife = "86400"

func flag(set bool) string {
	if set {
		return "1"
	}
	return "0"
}

// arguments collects arguments without an allocation for each: go-redis takes pointers to strings. Keys are plain strings,
// because it looks at them to find their slot.
type arguments struct {
	any  []any
	text []string
}

func newArguments(most int) *arguments {
	return &arguments{any: make([]any, 0, most), text: make([]string, 0, most)}
}

func (a *arguments) add(texts ...string) {
	for _, text := range texts {
		a.text = append(a.text, text)
		a.any = append(a.any, &a.text[len(a.text)-1])
	}
}

// newEpoch returns 128 random bits in hexadecimal.
func newEpoch() string { return randomHex(16) }
