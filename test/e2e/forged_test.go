package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/test/e2e/harness"
)

// What is not Slack's own word about our workspace is refused with its own status and changes nothing.
func TestForgedDeliveriesAreRefused(t *testing.T) {
	t.Parallel()
	w := harness.Open(t, harness.Setup{Transport: "http"})
	before := len(w.Journal())
	good := harness.Delivery{User: "alice", Text: "filter agent-one", Trigger: "forged"}
	for _, c := range []struct {
		name   string
		status int
		forge  func(*harness.Delivery)
	}{
		{"a wrong secret", http.StatusUnauthorized, func(d *harness.Delivery) { d.Secret = "another" }},
		{"an old signature", http.StatusUnauthorized, func(d *harness.Delivery) { d.At = time.Now().Add(-6 * time.Minute) }},
		{"a signature of tomorrow", http.StatusUnauthorized, func(d *harness.Delivery) { d.At = time.Now().Add(24 * time.Hour) }},
		{"no signature", http.StatusUnauthorized, func(d *harness.Delivery) { d.Unsigned = true }},
		{"a large body", http.StatusRequestEntityTooLarge, func(d *harness.Delivery) { d.Text = strings.Repeat("x", 256<<10) }},
		{"another workspace", http.StatusForbidden, func(d *harness.Delivery) { d.Team = "T0OTHER" }},
		{"another content type", http.StatusUnsupportedMediaType, func(d *harness.Delivery) { d.ContentType = "text/plain" }},
		{"JSON", http.StatusUnsupportedMediaType, func(d *harness.Delivery) { d.ContentType = "application/json" }},
		{"no form", http.StatusBadRequest, func(d *harness.Delivery) { d.Body = "%zz" }},
		{"an empty form", http.StatusBadRequest, func(d *harness.Delivery) { d.Body = "a=b" }},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			forged := good
			c.forge(&forged)
			status, text := w.Bot().Deliver(w.Ready, forged)
			if status != c.status || !strings.Contains(text, `"message"`) {
				t.Errorf("%d %s, expected %d and a message", status, text, c.status)
			}
			if strings.Contains(text, w.SigningSecret) || strings.Contains(text, "v0=") {
				t.Errorf("the answer gives something away: %s", text)
			}
		})
	}
	if after := w.Journal(); len(after) != before {
		t.Errorf("a forged delivery did something: %+v", after[before:])
	}
	if status, text := w.Bot().Deliver(w.Ready, good); status != http.StatusOK || !strings.Contains(text, "agent-one takes no new tasks") {
		t.Errorf("the real one: %d %s", status, text)
	}
	if output := w.Bot().Output(); strings.Contains(output, w.SigningSecret) || strings.Contains(output, w.BotToken) {
		t.Error("the log holds a secret")
	}
	w.Rest(harness.Patience)
}
