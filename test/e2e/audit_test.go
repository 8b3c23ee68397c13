package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// receiver is a sink's other end.
type receiver struct {
	*httptest.Server
	mutex sync.Mutex
	text  strings.Builder
	cut   bool
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		r.mutex.Lock()
		defer r.mutex.Unlock()
		if r.cut || err != nil || request.Header.Get("Cordon-Signature") == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.text.Write(body)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) set(cut bool) { r.mutex.Lock(); defer r.mutex.Unlock(); r.cut = cut }
func (r *receiver) read() string { r.mutex.Lock(); defer r.mutex.Unlock(); return r.text.String() }

// arrived are the IDs of JSON lines, each once; it fails where one comes first after a later one.
func arrived(t *testing.T, text string) (ids []string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		var entry struct {
			ID   string          `json:"id"`
			Seal json.RawMessage `json:"seal"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.ID == "" || entry.Seal == nil {
			t.Fatalf("%q: %v", line, err)
		}
		if seen[entry.ID] {
			continue
		}
		if len(ids) > 0 && !filters.After(entry.ID, ids[len(ids)-1]) {
			t.Fatalf("%s comes after %s", entry.ID, ids[len(ids)-1])
		}
		ids, seen[entry.ID] = append(ids, entry.ID), true
	}
	return ids
}

// Whatever is killed or cut, every entry of the journal arrives at a file and at a URL, in order; the journal is whole, and
// when somebody takes an entry out of it, that is found.
func TestTheAuditTrail(t *testing.T) {
	t.Parallel()
	directory, site := t.TempDir(), newReceiver(t)
	file, secret := filepath.Join(directory, "demo.jsonl"), filepath.Join(directory, "secret")
	if err := os.WriteFile(secret, []byte(harness.Secret("a sink's secret", "a secret of twenty characters", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	sinks := fmt.Sprintf("    sinks: [{name: file, file: %s}, {name: siem, url: %s, secret_file: %s}]", file, site.URL, secret)
	w := harness.Open(t, harness.Setup{Cluster: sinks})
	w.Say("alice", "filter agent-one -m first")
	site.set(true)
	w.Say("carol", "filter agent-two")
	w.AwaitWithheld("agent-one", true, harness.Patience)
	w.Bot().Kill()
	w.Bot().Restart()
	w.Bot().AwaitReady()
	w.Bot().AwaitLead()
	w.Say("alice", "unfilter agent-one")
	w.AwaitWithheld("agent-one", false, harness.Patience)
	site.set(false)
	w.Rest(2 * harness.Patience)
	harness.Until(t, 2*harness.Patience, func() string {
		want := len(w.Journal())
		text, _ := os.ReadFile(file)
		if got := len(arrived(t, string(text))); got != want {
			return fmt.Sprintf("the file has %d of %d entries", got, want)
		}
		if got := len(arrived(t, site.read())); got != want {
			return fmt.Sprintf("the URL got %d of %d entries", got, want)
		}
		return ""
	})
	if found, _, _ := harness.List[filters.Event](w.Bot(), "journal?verb=refused&by=user:"+w.Users["carol"]+"&since=2026-01-01T00:00:00Z"); len(found) != 1 || found[0].Verb != filters.VerbFilter {
		t.Errorf("what carol was refused: %+v", found)
	}
	if told := w.Say("bob", "history --verb refused").Text(); !holds(told, "refused filter by") {
		t.Errorf("the history of refusals: %s", told)
	}
	checked(t, w, 0, "the journal is whole", "it agrees with the witness")
	ids := arrived(t, site.read())
	exported, code := harness.Run(t, nil, "journal", "export", "--config", w.Bot().Config, "--after", ids[2])
	if lines := strings.Count(exported, "\n"); code != 0 || lines < len(ids)-3 || !strings.HasPrefix(exported, `{"id":"`+ids[3]) {
		t.Errorf("exported are %d lines, code %d: %.200s", lines, code, exported)
	}
	w.Bot().Kill()
	if answer := w.Redis.Do("XDEL cordon:{demo}:journal " + ids[3]); answer != ":1" {
		t.Fatalf("Redis answers %s", answer)
	}
	checked(t, w, 1, "NOT whole: 1 place", "changed, added, removed or reordered")
	w.Redis.Stop()
	checked(t, w, 2, "Redis does not answer")
}

// checked runs `bot journal verify`.
func checked(t *testing.T, w *harness.World, code int, says ...string) {
	t.Helper()
	output, got := harness.Run(t, nil, "journal", "verify", "--config", w.Bot().Config)
	for _, part := range says {
		if got != code || !strings.Contains(output, part) {
			t.Errorf("exit code %d, want %d; %q is not in:\n%s", got, code, part, output)
		}
	}
}
