package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	shellquote "github.com/kballard/go-shellquote"

	"cordon/filters"
)

// Export is what is known of a cluster without the bot.
type Export struct {
	Cluster string
	Masters []string
	Source  string    // where it is known from, in a phrase
	AsOf    time.Time // UTC
	Filters []filters.Filter
	Ledger  []filters.LedgerEntry
}

// Write prints a shell script in two halves: what withholds again the agents that filters stand on, and what gives back
// the agents that we withhold. Both are commented out, so that nothing happens by running the script unread.
func (e *Export) Write(w io.Writer) error {
	var script strings.Builder
	fmt.Fprintf(&script, "#!/bin/sh\n# What Cordon withholds in %s, known from %s as of %s.\n", e.Cluster, e.Source, e.AsOf.UTC().Format(time.RFC3339))
	script.WriteString("# Every call is commented out: read it, take the # away from what you mean, and send it to the leading master.\n")
	script.WriteString("# Credentials: add -u PRINCIPAL where the masters ask for them.\n")
	fmt.Fprintf(&script, "MASTER=%s\n", shellquote.Join(e.master()))
	e.restore(&script)
	e.release(&script)
	_, err := io.WriteString(w, script.String())
	return err
}

// master is the first master that can be called, or a name to fill in.
func (e *Export) master() string {
	for _, master := range e.Masters {
		if strings.HasPrefix(master, "http") {
			return strings.TrimSuffix(master, "/")
		}
	}
	return "http://LEADING-MASTER:5050"
}

func (e *Export) restore(script *strings.Builder) {
	standing := slices.DeleteFunc(slices.Clone(e.Filters), func(f filters.Filter) bool { return !f.Stands() })
	fmt.Fprintf(script, "\n# Withhold again: %s.\n", count(len(standing), "filter stands", "filters stand"))
	slices.SortFunc(standing, func(a, b filters.Filter) int { return strings.Compare(a.Hostname+a.ID, b.Hostname+b.ID) })
	for _, filter := range standing {
		fmt.Fprintf(script, "# %s, by %s%s%s\n", filter.Hostname, comment(string(filter.Owner)), until(filter.Until), reason(filter.Reason))
		fmt.Fprintf(script, "# %s\n", e.take(filter.Agent))
	}
}

func (e *Export) release(script *strings.Builder) {
	ledger := slices.Clone(e.Ledger)
	slices.SortFunc(ledger, func(a, b filters.LedgerEntry) int {
		return strings.Compare(a.Hostname+string(a.Agent), b.Hostname+string(b.Agent))
	})
	fmt.Fprintf(script, "\n# Give back: %s withheld by us.\n", count(len(ledger), "agent is", "agents are"))
	for _, entry := range ledger {
		fmt.Fprintf(script, "# %s\n# %s\n", filters.Inert(entry.Hostname), give(entry.Agent, entry.Backend))
	}
}

func (e *Export) take(agent filters.AgentID) string {
	for _, entry := range e.Ledger {
		if entry.Agent == agent && entry.Backend == filters.BackendAllocator {
			return curl("POST", "/allocator/filters", map[string]string{"agentId": string(agent)})
		}
	}
	return operatorCall("DEACTIVATE_AGENT", agent)
}

func give(agent filters.AgentID, backend filters.Backend) string {
	if backend == filters.BackendAllocator {
		return `curl -fsS -X DELETE "$MASTER"` + shellquote.Join("/allocator/filters?agentId="+url.QueryEscape(string(agent)))
	}
	return operatorCall("REACTIVATE_AGENT", agent)
}

func operatorCall(call string, agent filters.AgentID) string {
	return curl("POST", "/api/v1", map[string]any{"type": call, strings.ToLower(call): map[string]any{"agent_id": map[string]string{"value": string(agent)}}})
}

func curl(method, path string, body any) string {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of strings encode
	}
	return fmt.Sprintf(`curl -fsS -X %s -H 'Content-Type: application/json' -d %s "$MASTER"%s`, method, quoted(string(encoded)), path)
}

// quoted puts JSON, which our own fields make, into a shell's quotes so that it can be read.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + several
}

func until(end time.Time) string {
	if end.IsZero() {
		return ", no end"
	}
	return ", until " + end.UTC().Format(time.RFC3339)
}

func reason(text string) string {
	if text == "" {
		return ""
	}
	return ": " + comment(text)
}

// comment keeps text from people on its one commented line.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text)
}
