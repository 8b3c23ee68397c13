package sink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const secret = "a secret of twenty characters"

// site is what entries are posted to.
type site struct {
	*httptest.Server
	bodies, keys []string
	wrong        []string
}

func aSite(t *testing.T, answer func(w http.ResponseWriter, body string)) (*site, *URL) {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		code := hmac.New(sha256.New, []byte(secret))
		code.Write([]byte("v1:" + r.Header.Get("Cordon-Timestamp") + ":" + string(body)))
		if r.Header.Get("Cordon-Signature") != "v1="+hex.EncodeToString(code.Sum(nil)) || r.Header.Get("Content-Type") != "application/x-ndjson" {
			s.wrong = append(s.wrong, r.Header.Get("Cordon-Signature"))
		}
		s.bodies, s.keys = append(s.bodies, string(body)), append(s.keys, r.Header.Get("Idempotency-Key"))
		answer(w, string(body))
	}))
	t.Cleanup(s.Close)
	place, err := NewURL(s.URL+"/hidden", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s, place
}

func TestEntriesArePostedAndSigned(t *testing.T) {
	s, place := aSite(t, func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusAccepted) })
	if err := place.Take(t.Context(), some(0, 3)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{joined(some(0, 3))}, s.bodies); diff != "" || len(s.wrong) > 0 || s.keys[0] != "1790000000000-0/1790000000002-0" {
		t.Errorf("%s, keys %v, wrong %v", diff, s.keys, s.wrong)
	}
}

func TestWhatIsTooLargeIsPostedInParts(t *testing.T) {
	s, place := aSite(t, func(w http.ResponseWriter, body string) {
		if lines(body) > 2 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})
	if err := place.Take(t.Context(), some(0, 7)); err != nil {
		t.Fatal(err)
	}
	taken := slices.DeleteFunc(s.bodies, func(body string) bool { return lines(body) > 2 })
	if diff := cmp.Diff(joined(some(0, 7)), strings.Join(taken, "")); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotTakenIsAnErrorWithoutTheAddress(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, body string)
		says   string
	}{
		"refused":      {func(w http.ResponseWriter, _ string) { w.WriteHeader(403) }, "it answered 403"},
		"failing":      {func(w http.ResponseWriter, _ string) { w.WriteHeader(503) }, "it answered 503"},
		"one too many": {func(w http.ResponseWriter, _ string) { w.WriteHeader(413) }, "it answered 413"},
		"moved": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(307)
		}, "redirects are not followed"},
		"hung up": {func(w http.ResponseWriter, _ string) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		}, "EOF"},
	} {
		_, place := aSite(t, c.answer)
		err := place.Take(t.Context(), some(0, 2))
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "127.0.0.1:") && name != "hung up" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewURL("http://siem.example.com/hidden", []byte(secret)); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("plain http: %v", err)
	}
}
