package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/filters"
	"cordon/test/e2e/harness"
)

// inbox is where response URLs lead that a test makes.
type inbox struct {
	*httptest.Server
	mutex sync.Mutex
	count int
	texts map[string]chan string // by path
}

func newInbox(t *testing.T) *inbox {
	i := &inbox{texts: map[string]chan string{}}
	i.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var message struct{ Text string }
		_ = json.NewDecoder(request.Body).Decode(&message)
		select {
		case i.at(request.URL.Path) <- message.Text:
		default: // nobody waits for more
		}
	}))
	t.Cleanup(i.Close)
	return i
}

// at is what came to a path.
func (i *inbox) at(path string) chan string {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.texts[path] == nil {
		i.texts[path] = make(chan string, 1)
	}
	return i.texts[path]
}

func (i *inbox) next() int { i.mutex.Lock(); defer i.mutex.Unlock(); i.count++; return i.count }

// pressTakes is how long a press may take to be answered: one that came too soon after others may have no answer at all.
const pressTakes = 2 * time.Second

// press delivers a press to a replica, signed, and returns what its person is told; who presses too fast presses again. Nobody's
// trigger comes twice unless it is given.
func (i *inbox) press(t *testing.T, w *harness.World, bot *harness.Bot, button harness.Button) string {
	t.Helper()
	given := button.Trigger
	var said string
	harness.Until(t, 2*harness.Patience, func() string {
		number := i.next()
		path := fmt.Sprintf("/%d-%s", number, rand.Text())
		if button.Trigger = given; given == "" {
			button.Trigger = fmt.Sprintf("%d.trigger", number)
		}
		button.ResponseURL = harness.Secret("a response URL", i.URL+path, "")
		status, text := bot.Deliver(w.Ready, button.Delivery(w.Ready))
		if status != http.StatusOK {
			t.Fatalf("%+v: %d %s", button, status, text)
		}
		select {
		case said = <-i.at(path):
		case <-time.After(pressTakes):
			said = ""
		}
		if said == "" || strings.Contains(said, "press faster") {
			return fmt.Sprintf("%s is not told what became of %s %.40s", button.User, button.Action, button.Value)
		}
		return ""
	})
	return said
}

// approvals are the newest versions of the approvals in the journal, by their IDs, and the IDs in their order.
func approvals(t *testing.T, w *harness.World) (all map[string]filters.Approval, order []string) {
	t.Helper()
	all = map[string]filters.Approval{}
	for _, event := range w.Journal() {
		if event.Kind != filters.KindApproval || event.Record == nil {
			continue
		}
		approval, err := filters.DecodeApproval(event.Record)
		if err != nil {
			t.Fatal(err)
		}
		if _, known := all[approval.ID]; !known {
			order = append(order, approval.ID)
		}
		all[approval.ID] = approval
	}
	return all, order
}

// approvalOf returns the newest approval that is about the host; one without an ID if there is none.
func approvalOf(t *testing.T, w *harness.World, hostname string) (found filters.Approval) {
	t.Helper()
	all, order := approvals(t, w)
	for _, id := range order {
		for _, step := range all[id].Plan.Steps {
			if step.Hostname == hostname {
				found = all[id]
			}
		}
	}
	return found
}

// awaitApproval waits until the approval is in the state.
func awaitApproval(t *testing.T, w *harness.World, id string, state filters.ApprovalState) (found filters.Approval) {
	t.Helper()
	return awaitApprovalWithin(t, w, harness.Patience, id, state)
}

func awaitApprovalWithin(t *testing.T, w *harness.World, most time.Duration, id string, state filters.ApprovalState) (found filters.Approval) {
	t.Helper()
	harness.Until(t, most, func() string {
		all, _ := approvals(t, w)
		if found = all[id]; found.State != state {
			return fmt.Sprintf("%s is %q (%s), expected %s", id, found.State, found.Why, state)
		}
		return ""
	})
	return found
}

// needing lets every filter need an approval, and holds the journal to it.
func needing(t *testing.T, setup harness.Setup, approvals int, more string) *harness.World {
	t.Helper()
	setup.Cluster = fmt.Sprintf("    policy: [{name: everything, verbs: [filter], require: approval, approvals: %d}]\n%s", approvals, more)
	w := harness.Open(t, setup)
	w.Rules.Approved = func(e *filters.Event) bool { return e.Kind == filters.KindFilter }
	return w
}

// wanted asks for a filter as alice and returns its approval.
func wanted(t *testing.T, w *harness.World, words string, hostname string) filters.Approval {
	t.Helper()
	said(t, w.Say("alice", "filter "+words), "Asked for approval", "Nothing was changed yet")
	return approvalOf(t, w, hostname)
}
