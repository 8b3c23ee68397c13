package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// How a call of a webhook may look.
const (
	hookAge   = 5 * time.Minute // of a signature
	hooksMost = 10_000          // keys that are remembered
)

// hooks is the other end of the demo's webhook: a site that restarts agents. It checks signatures and keys as the doc comment
// of internal/webhook says, and shares no code with it.
type hooks struct {
	cluster Cluster
	secret  []byte

	mutex sync.Mutex
	// called are the hosts by the key of the call that restarted each.
	called map[string]string
}

func newHooks(cluster Cluster, secret string) *hooks {
	return &hooks{cluster: cluster, secret: []byte(secret), called: map[string]string{}}
}

// hookCall is what of a call matters here.
type hookCall struct {
	Hostname string `json:"hostname"`
}

// reboot answers POST /sim/hooks/reboot: it restarts the agent that the call names, once for each key, and answers 202 until
// the agent is registered again.
func (h *hooks) reboot(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is too long")
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if !h.signed(r, string(body)) || key == "" {
		refuse(w, http.StatusUnauthorized, "the call is not signed as it should be")
		return
	}
	var call hookCall
	if err := json.Unmarshal(body, &call); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not a call")
		return
	}
	if err := h.restart(key, call.Hostname); err != nil {
		fail(w, err)
		return
	}
	h.tell(w, call.Hostname)
}

// rebooted answers GET /sim/hooks/reboot?key=: what became of a call.
func (h *hooks) rebooted(w http.ResponseWriter, r *http.Request) {
	key := r.FormValue("key")
	if !h.signed(r, key) {
		refuse(w, http.StatusUnauthorized, "the question is not signed as it should be")
		return
	}
	h.mutex.Lock()
	hostname, known := h.called[key]
	h.mutex.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "there was no call with this key")
		return
	}
	h.tell(w, hostname)
}

// restart restarts the agent unless a call with the key did.
func (h *hooks) restart(key, hostname string) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if _, known := h.called[key]; known {
		return nil
	}
	if len(h.called) >= hooksMost {
		return &problem{http.StatusServiceUnavailable, "this demo has restarted enough agents"}
	}
	if err := h.cluster.RestartAgent(hostname); err != nil {
		return err
	}
	h.called[key] = hostname
	return nil
}

// tell answers 200 if the agent is registered, else 202.
func (h *hooks) tell(w http.ResponseWriter, hostname string) {
	for _, agent := range h.cluster.Snapshot().Agents {
		if agent.Hostname == hostname && agent.Connected {
			answer(w, http.StatusOK, map[string]string{"state": "back"})
			return
		}
	}
	answer(w, http.StatusAccepted, map[string]string{"state": "restarting"})
}

// signed tells whether the request was signed over the text with the secret, lately.
func (h *hooks) signed(r *http.Request, text string) bool {
	timestamp := r.Header.Get("Cordon-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || len(h.secret) == 0 || math.Abs(time.Since(time.Unix(seconds, 0)).Seconds()) > hookAge.Seconds() {
		return false
	}
	code := hmac.New(sha256.New, h.secret)
	_, _ = fmt.Fprintf(code, "v1:%s:%s", timestamp, text) // a hash takes everything
	return hmac.Equal([]byte("v1="+hex.EncodeToString(code.Sum(nil))), []byte(r.Header.Get("Cordon-Signature")))
}
