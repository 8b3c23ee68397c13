package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestAnAddressIsSafe(t *testing.T) {
	for text, ok := range map[string]bool{
		"https://siem.example.com/in?key=1": true, "http://127.0.0.1:8080/in": true, "http://[::1]/in": true, "http://localhost/": true,
		"http://siem.example.com/in": false, "https://user:word@siem.example.com": false, "https://siem.example.com/#part": false,
		"ftp://siem.example.com": false, "": false, "https://": false, "http://127.0.0.1.example.com": false,
	} {
		if _, err := Address(text, []byte("secret")); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Address("https://siem.example.com", nil); err == nil {
		t.Error("without a secret")
	}
}

func TestASignatureIsOverTimeAndText(t *testing.T) {
	request, err := http.NewRequest(http.MethodPost, "http://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	Sign(request, []byte("secret"), "key-1", "body", time.Unix(1000, 0))
	code := hmac.New(sha256.New, []byte("secret"))
	code.Write([]byte("v1:1000:body"))
	if got := request.Header.Get("Cordon-Signature"); got != "v1="+hex.EncodeToString(code.Sum(nil)) || request.Header.Get("Idempotency-Key") != "key-1" {
		t.Errorf("headers %v", request.Header)
	}
}

func TestAReasonShowsNoAddress(t *testing.T) {
	err := &url.Error{Op: "Post", URL: "https://siem.example.com/hidden", Err: errors.New("refused")}
	if got := Reason(err); got != "refused" {
		t.Error(got)
	}
}
