package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cordon/filters"
)

// model is what a store should hold, in the plainest form.
type model struct {
	filters  map[string]filters.Filter
	ledger   map[filters.AgentID]filters.LedgerEntry
	records  map[filters.RecordKey]filters.Record
	freeze   *filters.Freeze
	receipts map[string]string
	progress map[string]filters.Progress
	events   []string // kind and agent
	term     int64
}

// apply does what a commit says, and returns the code of the refusal.
func (m *model) apply(commit filters.Commit) (refused filters.Code, repeated bool) {
	if _, used := m.receipts[commit.Request]; used && commit.Request != "" {
		return "", true
	}
	if commit.Term != 0 && commit.Term != m.term {
		return filters.Conflict, false
	}
	if (commit.Starts || commit.Freeze != nil) && m.freeze != nil {
		return filters.Frozen, false
	}
	after := maps.Clone(m.filters)
	for _, filter := range commit.Filters {
		known, there := after[filter.Key().String()]
		if filter.Revision != known.Revision || (there && known.ID != filter.ID) {
			return filters.Conflict, false
		}
		filter.Revision++
		after[filter.Key().String()] = filter
	}
	for _, filter := range commit.Settled {
		if known := after[filter.Key().String()]; filter.Revision != known.Revision || known.ID != filter.ID {
			return filters.Conflict, false
		}
		delete(after, filter.Key().String())
	}
	for _, entry := range commit.Ledger {
		if entry.Revision != m.ledger[entry.Agent].Revision {
			return filters.Conflict, false
		}
	}
	for _, record := range commit.Records {
		if record.Revision != m.records[record.Key()].Revision {
			return filters.Conflict, false
		}
	}
	if commit.Limits != nil && m.exceeds(after, commit.Limits) {
		return filters.Limited, false
	}
	m.filters = after
	for _, entry := range commit.Ledger {
		entry.Revision++
		m.ledger[entry.Agent] = entry
		if entry.Hold == filters.HoldFree {
			delete(m.ledger, entry.Agent)
		}
	}
	for _, record := range commit.Records {
		record.Revision++
		m.records[record.Key()] = record
		if record.Removed {
			delete(m.records, record.Key())
		}
	}
	if commit.Freeze != nil {
		m.freeze = commit.Freeze
	} else if commit.Thaw {
		m.freeze = nil
	}
	if commit.Request != "" {
		m.receipts[commit.Request] = string(commit.Answer)
	}
	m.record(commit.Events)
	return "", false
}

func (m *model) record(events []filters.Event) {
	for _, event := range events {
		m.events = append(m.events, string(event.Kind)+" "+string(event.Agent))
		progress := m.progress[event.Operation]
		for _, state := range event.Counts() {
			progress.Operation = event.Operation
			switch state {
			case filters.StateRecorded:
				progress.Recorded++
			case filters.StateAccepted:
				progress.Accepted++
			case filters.StateVerified:
				progress.Verified++
			case filters.StateFailed:
				progress.Failed++
			}
			m.progress[event.Operation] = progress
		}
	}
}

// agents counts the agents under standing filters, by rack.
func agents(held map[string]filters.Filter) (total int, racks map[string]int) {
	under := map[filters.AgentID]string{}
	for _, filter := range held {
		if filter.Stands() {
			under[filter.Agent] = filter.Rack
		}
	}
	racks = map[string]int{}
	for _, rack := range under {
		racks[rack]++
	}
	return len(under), racks
}

// exceeds tells whether a limit that the change grows towards is broken.
func (m *model) exceeds(after map[string]filters.Filter, limits *filters.Limits) bool {
	_, before := placesOf(m.filters)
	_, now := placesOf(after)
	grown, racks := false, map[string]bool{}
	for agent, rack := range now {
		if _, there := before[agent]; !there {
			grown, racks[rack] = true, true
		}
	}
	total, byRack := agents(after)
	if grown && limits.Cluster > 0 && total > limits.Cluster {
		return true
	}
	for rack := range racks {
		if limit := limits.Racks[rack]; limit > 0 && byRack[rack] > limit {
			return true
		}
	}
	return false
}

func placesOf(held map[string]filters.Filter) (int, map[filters.AgentID]string) {
	under := map[filters.AgentID]string{}
	for _, filter := range held {
		if filter.Stands() {
			under[filter.Agent] = filter.Rack
		}
	}
	return len(under), under
}

// draw makes a commit out of what the model holds: mostly right, sometimes behind.
func (m *model) draw(t *rapid.T, step int) filters.Commit {
	request := ""
	if rapid.Bool().Draw(t, "keyed") {
		request = fmt.Sprint("k", rapid.IntRange(0, 30).Draw(t, "key"))
	}
	commit := filters.Commit{Request: request, Answer: []byte(fmt.Sprint("answer ", step)), Starts: rapid.Bool().Draw(t, "starts")}
	if rapid.IntRange(0, 3).Draw(t, "limited") == 0 {
		commit.Limits = &filters.Limits{Cluster: rapid.IntRange(1, 6).Draw(t, "limit"), Racks: map[string]int{"r1": 2, "r2": rapid.IntRange(0, 2).Draw(t, "r2")}}
	}
	numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 7), 0, 4, rapid.ID[int]).Draw(t, "agents")
	for _, n := range numbers {
		m.drawFilter(t, &commit, n, rapid.SampledFrom([]string{"user:U1", "api:ci"}).Draw(t, "owner"))
	}
	switch rapid.IntRange(0, 9).Draw(t, "more") {
	case 0:
		commit.Freeze = &filters.Freeze{By: "user:U1", Reason: fmt.Sprint(step), At: epochStart}
		commit.Events = append(commit.Events, filters.Event{Kind: filters.KindFreeze, Freeze: commit.Freeze})
	case 1, 2:
		commit.Thaw = true
		commit.Events = append(commit.Events, filters.Event{Kind: filters.KindThaw})
	case 3, 4, 5:
		m.drawLedger(t, &commit)
	case 6, 7, 8:
		m.drawRecords(t, &commit, step)
	}
	return commit
}

func (m *model) drawRecords(t *rapid.T, commit *filters.Commit, step int) {
	shelves := rapid.SliceOfNDistinct(rapid.SampledFrom(filters.Shelves()), 1, 3, rapid.ID[filters.Shelf]).Draw(t, "shelves")
	for _, shelf := range shelves {
		name := rapid.SampledFrom([]string{"a", "a b"}).Draw(t, "name")
		record := m.records[filters.RecordKey{Shelf: shelf, Name: name}]
		record.Shelf, record.Name, record.Body = shelf, name, json.RawMessage(fmt.Sprintf(`{"step":%d}`, step))
		record.Removed = record.Revision > 0 && rapid.Bool().Draw(t, "remove")
		if rapid.IntRange(0, 9).Draw(t, "behind") == 0 {
			record.Revision++
		}
		commit.PutRecord(record, filters.Event{Kind: filters.KindWindow, Outcome: "changed"})
	}
}

func (m *model) drawFilter(t *rapid.T, commit *filters.Commit, n int, owner string) {
	filter := placed(n, owner)
	filter.ID = fmt.Sprint(filter.ID, rapid.IntRange(0, 1).Draw(t, "id"))
	known, there := m.filters[filter.Key().String()]
	if there && rapid.IntRange(0, 9).Draw(t, "know") > 0 {
		filter = known
	}
	filter.Operation = fmt.Sprint("o", rapid.IntRange(0, 3).Draw(t, "operation"))
	event := filters.Event{Kind: filters.KindFilter, Operation: filter.Operation, Outcome: "recorded"}
	switch {
	case there && !known.Stands() && rapid.Bool().Draw(t, "settle"):
		event.Kind, event.Outcome = filters.KindGave, "verified"
		commit.SettleFilter(filter, event)
		return
	case rapid.Bool().Draw(t, "end"):
		filter.Ended, event.Kind = epochStart.Add(time.Hour), filters.KindRelease
	default:
		filter.Ended = time.Time{}
		event.Kind = rapid.SampledFrom([]filters.Kind{filters.KindFilter, filters.KindExtend}).Draw(t, "kind")
	}
	commit.PutFilter(filter, event)
}

func (m *model) drawLedger(t *rapid.T, commit *filters.Commit) {
	commit.Term = m.term + int64(max(0, rapid.IntRange(-5, 1).Draw(t, "stale")))
	agent := filters.AgentID(agentID(rapid.IntRange(0, 3).Draw(t, "held")))
	entry := m.ledger[agent]
	entry.Agent, entry.At = agent, epochStart
	entry.Hold = rapid.SampledFrom([]filters.Hold{filters.HoldTaking, filters.HoldHeld, filters.HoldReleasing, filters.HoldFree}).Draw(t, "hold")
	state := rapid.SampledFrom([]filters.ChangeState{filters.StateAccepted, filters.StateVerified, filters.StateFailed}).Draw(t, "state")
	entry.State = state
	commit.PutLedger(entry, filters.Event{Kind: filters.KindTook, Operation: "o1", Outcome: string(state)})
}

// check compares everything that can be read with the model.
func (m *model) check(t *rapid.T, s *Store, book *filters.Book) {
	ctx := t.Context()
	state, err := s.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := filters.State{Position: state.Position, Freeze: m.freeze}
	for _, key := range slices.Sorted(maps.Keys(m.filters)) {
		want.Filters = append(want.Filters, m.filters[key])
	}
	for _, agent := range slices.Sorted(maps.Keys(m.ledger)) {
		want.Ledger = append(want.Ledger, m.ledger[agent])
	}
	for _, shelf := range filters.Shelves() {
		for _, name := range []string{"a", "a b"} {
			if record, there := m.records[filters.RecordKey{Shelf: shelf, Name: name}]; there {
				want.Records = append(want.Records, record)
			}
		}
	}
	if diff := cmp.Diff(want, state); diff != "" {
		t.Fatal("the state:", diff)
	}
	total, racks, err := s.Standing(ctx)
	wantTotal, wantRacks := agents(m.filters)
	if diff := cmp.Diff(wantRacks, racks); err != nil || total != wantTotal || diff != "" {
		t.Fatal("counted for limits:", total, wantTotal, diff, err)
	}
	for operation, want := range m.progress {
		if got, err := s.Progress(ctx, operation); err != nil || got != want {
			if operation != "" {
				t.Fatalf("progress %+v, want %+v (%v)", got, want, err)
			}
		}
	}
	for key, answer := range m.receipts {
		if got, found, err := s.Receipt(ctx, key); err != nil || !found || string(got.Answer) != answer {
			t.Fatalf("receipt of %s: %+v %v %v, want %q", key, got, found, err, answer)
		}
	}
	m.checkJournal(t, s, book, state)
}

func (m *model) checkJournal(t *rapid.T, s *Store, book *filters.Book, state filters.State) {
	events, err := s.History(t.Context(), filters.HistoryQuery{Most: 1000})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(events)
	var kinds []string
	for _, event := range events {
		kinds = append(kinds, string(event.Kind)+" "+string(event.Agent))
	}
	if diff := cmp.Diff(m.events, kinds, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal("the journal:", diff)
	}
	if err := s.replay(t.Context(), book, book.Position(), state.Position); err != nil {
		t.Fatal(err)
	}
	stored := filters.NewBook()
	stored.Reset(state)
	if found := differences(book, stored); len(found) > 0 {
		t.Fatal("a book that followed the journal:", strings.Join(found, "; "))
	}
	if _, err := s.Seal(t.Context(), m.term); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestCommitsAgainstAModel makes random commits, right and wrong, on both Redises and compares all that can be read.
func TestCommitsAgainstAModel(t *testing.T) {
	onEach(t, func(t *testing.T, b backend) {
		shared := open(t, b)
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			s := shared.redis.Cluster(fmt.Sprint("run-", run))
			term, _, _, err := s.Acquire(t.Context(), "bot-1", "", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			m := &model{
				filters: map[string]filters.Filter{}, ledger: map[filters.AgentID]filters.LedgerEntry{}, receipts: map[string]string{},
				progress: map[string]filters.Progress{}, records: map[filters.RecordKey]filters.Record{}, term: term,
			}
			book := filters.NewBook()
			for step := range rapid.IntRange(1, 25).Draw(t, "steps") {
				commit := m.draw(t, step)
				refused, repeated := m.apply(commit)
				receipt, err := s.Commit(t.Context(), commit)
				switch {
				case (err != nil) != (refused != "") || (err != nil && filters.CodeOf(err) != refused):
					t.Fatalf("%v, want code %q", err, refused)
				case receipt.Repeated != repeated:
					t.Fatalf("repeated %v, want %v", receipt.Repeated, repeated)
				}
			}
			m.check(t, s, book)
		})
	})
}
