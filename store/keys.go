package store

import "cordon/filters"

// keys are the Redis keys of one cluster. The hash tag keeps them in one slot, so that scripts run on Redis Cluster.
//
//	filters     hash   "<agent> <mode> <owner>" -> value (value.go)
//	ledger      hash   agent ID -> value
//	questions   hash   question ID -> value
//	windows     hash   window -> value               (the shelves of filters.Record: its name -> value)
//	runs        hash   run ID -> value
//	run-agents  hash   "<run ID> <agent ID>" -> value
//	machines    hash   "<hostname> <ip>" -> value
//	approvals   hash   approval ID -> value
//	on-call     hash   "now" -> value
//	freeze      string value; absent: none stands
//	lock        string value; absent: none stands
//	withheld    hash   agent ID -> "<standing filters> <rack>"
//	counts      hash   "cluster" or "rack <name>" -> distinct agents under standing filters
//	operations  hash   operation ID -> "<ms UTC> <recorded> <accepted> <verified> <failed>"
//	staged      hash   stage ID -> "<pending|broken> <chunks> <first journal ID> <ms UTC> <request's key>"
//	journal     stream entries (entry.go)
//	seals       stream digest of the chain up to the journal entry with the same ID, and the ID of the seal before
//	sinks       set    names of the cursors that exist
//	witnesses   hash   replica -> "<journal ID> <ms UTC>"
//	messages    hash   subject -> the poster's JSON
//	quarantine  hash   "<hash> <field>" -> a value that does not decode, as found
//	view        hash   what the leader published: data, at (ms UTC), term
//	lease       hash   holder, url, term, until (ms UTC), released
//	term        string the newest term
//	beat        string ms UTC of the leader's last sign of life
//	epoch       string "<128 bits in hexadecimal> <ms UTC> <found|unlock>"
type keys struct {
	prefix                                                         string
	filters, ledger, questions, freeze, lock, withheld, counts     string
	operations, staged, journal, seals, sinks, witnesses, messages string
	quarantine, view, lease, term, beat, epoch                     string

	commit  []any  // the fixed KEYS of lua/commit.lua, in order, before those of requests
	shelves []any  // after those of requests, where records are written
	records []hash // of records of all kinds, in the order in which they are read and taken back
}

// hash is a hash of records.
type hash struct {
	name   string // as messages and the quarantine call it, and the end of its key
	number string // among the KEYS of lua/commit.lua
	key    string
}

func keysOf(cluster string) keys {
	prefix := "cordon:{" + cluster + "}:"
	k := keys{
		prefix:  prefix,
		filters: prefix + "filters", ledger: prefix + "ledger", questions: prefix + "questions",
		freeze: prefix + "freeze", lock: prefix + "lock",
		withheld: prefix + "withheld", counts: prefix + "counts",
		operations: prefix + "operations", staged: prefix + "staged",
		journal: prefix + "journal", seals: prefix + "seals", sinks: prefix + "sinks",
		witnesses: prefix + "witnesses", messages: prefix + "messages", quarantine: prefix + "quarantine",
		view: prefix + "view", lease: prefix + "lease", term: prefix + "term", beat: prefix + "beat",
		epoch: prefix + "epoch",
	}
	for _, key := range []string{
		k.filters, k.ledger, k.questions, k.freeze, k.lock, k.withheld, k.counts, k.journal, k.operations, k.term, k.epoch, k.staged,
	} {
		k.commit = append(k.commit, key)
	}
	k.records = []hash{{"filters", filtersHash, k.filters}, {"ledger", ledgerHash, k.ledger}, {"questions", questionsHash, k.questions}}
	for _, shelf := range filters.Shelves() {
		key := prefix + string(shelf)
		k.shelves = append(k.shelves, key)
		k.records = append(k.records, hash{string(shelf), shelfHash(shelf), key})
	}
	return k
}

// cursor is the key of a sink's position in the journal.
func (k *keys) cursor(sink string) string { return k.prefix + "journal:cursor:" + sink }

// request is the key of what a request key did; it lives for a day.
func (k *keys) request(key string) string { return k.prefix + "request:" + key }
