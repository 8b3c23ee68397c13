package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"cordon/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a secret of twenty characters"

func aCall() scheduler.Call {
	return scheduler.Call{Cluster: "prod", Agent: "S1", Hostname: "agent-one", Run: "r-1", Step: 2, Key: "c-1", Began: time.Now()}
}

// wire is a listener without a network, so that a test can stand in a bubble of time.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case conn := <-w.conns:
		return conn, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error   { w.once.Do(func() { close(w.closed) }); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (w *wire) dial(context.Context, string, string) (net.Conn, error) {
	select {
	case <-w.closed:
		return nil, &net.OpError{Op: "dial", Err: io.EOF}
	default:
	}
	client, server := net.Pipe()
	w.conns <- server
	return client, nil
}

// site is a webhook's own server and what it was asked.
type site struct {
	*Caller
	mutex    sync.Mutex
	requests []heard
	answer   func(number int, w http.ResponseWriter, r *http.Request)
}

func (s *site) heard() []heard { s.mutex.Lock(); defer s.mutex.Unlock(); return s.requests }

type heard struct {
	Method, Path, Key string
	At                time.Duration // since the first
}

// serve runs the test in a bubble with a webhook `reboot` at http://localhost/hidden/reboot.
func serve(t *testing.T, hook Hook, answer func(number int, w http.ResponseWriter, r *http.Request), test func(t *testing.T, s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		hook.URL, hook.Secret = "http://localhost/hidden/reboot", []byte(secret)
		caller, err := New(map[string]Hook{"reboot": hook})
		if err != nil {
			t.Fatal(err)
		}
		s := &site{Caller: caller, answer: answer}
		began := time.Now()
		listener := &wire{conns: make(chan net.Conn), closed: make(chan struct{})}
		caller.client.Transport.(*http.Transport).DialContext = listener.dial
		var serving sync.WaitGroup
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serving.Add(1)
			defer serving.Done()
			s.mutex.Lock()
			s.requests = append(s.requests, heard{r.Method, r.URL.RequestURI(), r.Header.Get("Idempotency-Key"), time.Since(began)})
			number := len(s.requests)
			s.mutex.Unlock()
			_, _ = io.Copy(io.Discard, r.Body)
			s.answer(number, w, r)
		})}
		serving.Go(func() { _ = server.Serve(listener) })
		test(t, s)
		synctest.Wait()
		_ = server.Close()
		serving.Wait()
	})
}

func status(codes ...int) func(int, http.ResponseWriter, *http.Request) {
	return func(number int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(codes[min(number, len(codes))-1])
	}
}

// hangUp breaks the connection after the request was read.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestACallIsSignedAndSaysWhatItIsAbout(t *testing.T) {
	var body []byte
	var header http.Header
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
	}))
	defer server.Close()
	caller, err := New(map[string]Hook{"reboot": {URL: server.URL + "/reboot", Secret: []byte(secret)}})
	if err != nil {
		t.Fatal(err)
	}
	caller.client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	if answer := caller.Call(t.Context(), "reboot", aCall()); answer.Outcome != scheduler.AnswerDone {
		t.Fatalf("got %+v", answer)
	}
	want := map[string]any{"cluster": "prod", "agent": "S1", "hostname": "agent-one", "run": "r-1", "step": 2.0, "key": "c-1"}
	got := map[string]any{}
	if err := json.Unmarshal(body, &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("the body says %s: %v", body, cmp.Diff(want, got))
	}
	code := hmac.New(sha256.New, []byte(secret))
	code.Write([]byte("v1:" + header.Get("Cordon-Timestamp") + ":" + string(body)))
	if want := "v1=" + hex.EncodeToString(code.Sum(nil)); header.Get("Cordon-Signature") != want {
		t.Errorf("signed %s, want %s", header.Get("Cordon-Signature"), want)
	}
	if header.Get("Idempotency-Key") != "c-1" || header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", header)
	}
}

// A certificate that nobody vouches for is a call that was not made.
func TestAStrangersCertificateIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	caller, _ := New(map[string]Hook{"reboot": {URL: server.URL, Secret: []byte(secret), GiveUpAfter: 500 * time.Millisecond}})
	answer := caller.Call(t.Context(), "reboot", aCall())
	if answer.Outcome != scheduler.AnswerFailed || !strings.Contains(answer.Why, "certificate") {
		t.Errorf("got %+v", answer)
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for name, test := range map[string]struct {
		code     int
		location string
		want     scheduler.Answer
	}{
		"done":                          {200, "", scheduler.Answer{Outcome: scheduler.AnswerDone}},
		"another 2xx":                   {204, "", scheduler.Answer{Outcome: scheduler.AnswerFailed, Why: "it answered 204"}},
		"refused":                       {403, "", scheduler.Answer{Outcome: scheduler.AnswerFailed, Why: "it answered 403"}},
		"broken":                        {500, "", scheduler.Answer{Outcome: scheduler.AnswerFailed, Why: "it answered 500"}},
		"a redirect":                    {307, "http://localhost/other", scheduler.Answer{Outcome: scheduler.AnswerFailed, Why: "it answered 307, and redirects are not followed"}},
		"pending":                       {202, "", scheduler.Answer{Outcome: scheduler.AnswerPending, Poll: "itself"}},
		"pending at a path":             {202, "/jobs/1", scheduler.Answer{Outcome: scheduler.AnswerPending, Poll: "/jobs/1"}},
		"pending at its own address":    {202, "http://LOCALHOST:80/jobs/1", scheduler.Answer{Outcome: scheduler.AnswerPending, Poll: "http://LOCALHOST:80/jobs/1"}},
		"pending at another port":       {202, "http://localhost:81/jobs/1", elsewhere},
		"pending at another host":       {202, "//evil.example.com/jobs/1", elsewhere},
		"pending under another scheme":  {202, "https://localhost/jobs/1", elsewhere},
		"pending with credentials":      {202, "http://a:b@localhost/jobs/1", elsewhere},
		"pending at what is no address": {202, "http://%zz", elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, Hook{}, func(_ int, w http.ResponseWriter, _ *http.Request) {
				if test.location != "" {
					w.Header().Set("Location", test.location)
				}
				w.WriteHeader(test.code)
			}, func(t *testing.T, s *site) {
				if got := s.Call(t.Context(), "reboot", aCall()); got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
				if len(s.heard()) != 1 {
					t.Errorf("called %d times: %+v", len(s.heard()), s.heard())
				}
			})
		})
	}
}

var elsewhere = scheduler.Answer{Outcome: scheduler.AnswerFailed, Why: "it answered 202 with a Location that is not on its own host"}

func TestLaterIsTriedAgainWithTheSameKey(t *testing.T) {
	serve(t, Hook{}, func(number int, w http.ResponseWriter, _ *http.Request) {
		if number == 2 {
			w.Header().Set("Retry-After", "90")
		}
		status(503, 429, 200)(number, w, nil)
	}, func(t *testing.T, s *site) {
		if got := s.Call(t.Context(), "reboot", aCall()); got.Outcome != scheduler.AnswerDone {
			t.Errorf("got %+v", got)
		}
		if len(s.heard()) != 3 || s.heard()[2].Key != "c-1" || s.heard()[2].At-s.heard()[1].At < 90*time.Second || s.heard()[1].At > 2*time.Second {
			t.Errorf("heard %+v", s.heard())
		}
	})
}

// A call whose answer is lost may have done its work: it is made again only where that is known to do no harm.
func TestALostAnswerIsNotTriedAgainUnlessTheWebhookSaysSo(t *testing.T) {
	breaks := map[string]http.HandlerFunc{
		"the connection breaks": hangUp,
		"no answer in time":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"an endless head":       func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 10<<20)) },
	}
	for name, fail := range breaks {
		for _, repeat := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				serve(t, Hook{Repeat: repeat}, func(number int, w http.ResponseWriter, r *http.Request) {
					if number == 1 {
						fail(w, r)
					}
				}, func(t *testing.T, s *site) {
					got := s.Call(t.Context(), "reboot", aCall())
					if repeat && (got.Outcome != scheduler.AnswerDone || len(s.heard()) != 2 || s.heard()[1].Key != "c-1") {
						t.Errorf("got %+v, heard %+v", got, s.heard())
					}
					if !repeat && (got.Outcome != scheduler.AnswerLost || len(s.heard()) != 1 || got.Why == "") {
						t.Errorf("got %+v, heard %+v", got, s.heard())
					}
				})
			})
		}
	}
}

func TestWhatWasSurelyNotSentIsTriedUntilTheStepsTimeIsOver(t *testing.T) {
	serve(t, Hook{GiveUpAfter: 10 * time.Minute}, status(200), func(t *testing.T, s *site) {
		transport := s.client.Transport.(*http.Transport)
		dial, away := transport.DialContext, time.Now().Add(2*time.Minute)
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if time.Now().Before(away) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrClosedPipe}
			}
			return dial(ctx, network, address)
		}
		if got := s.Call(t.Context(), "reboot", aCall()); got.Outcome != scheduler.AnswerDone || len(s.heard()) != 1 {
			t.Errorf("got %+v, heard %+v", got, s.heard())
		}
		away = away.Add(time.Hour)
		began := time.Now()
		got := s.Call(t.Context(), "reboot", aCall())
		if got.Outcome != scheduler.AnswerFailed || !strings.Contains(got.Why, "not done within 10m0s") || time.Since(began) > 10*time.Minute {
			t.Errorf("got %+v after %s", got, time.Since(began))
		}
		if strings.Contains(got.Why, "hidden") || strings.Contains(got.Why, secret) {
			t.Errorf("shows its address or secret: %s", got.Why)
		}
		old := aCall()
		old.Began = old.Began.Add(-time.Hour)
		if got := s.Call(t.Context(), "reboot", old); got.Outcome != scheduler.AnswerFailed {
			t.Errorf("a step whose time is over: %+v", got)
		}
	})
}

func TestALongAnswerIsNotRead(t *testing.T) {
	written := make(chan int, 1)
	serve(t, Hook{}, func(_ int, w http.ResponseWriter, _ *http.Request) {
		total := 0
		for total < 10<<20 {
			n, err := w.Write(make([]byte, 32<<10))
			if total += n; err != nil {
				break
			}
		}
		written <- total
	}, func(t *testing.T, s *site) {
		if got := s.Call(t.Context(), "reboot", aCall()); got.Outcome != scheduler.AnswerDone {
			t.Errorf("got %+v", got)
		}
		if total := <-written; total > 1<<20 {
			t.Errorf("%d bytes were read", total)
		}
	})
}

func TestAPendingCallIsAskedAboutUntilItIsDone(t *testing.T) {
	serve(t, Hook{PollEvery: 20 * time.Second}, func(number int, w http.ResponseWriter, r *http.Request) {
		switch number {
		case 2:
			hangUp(w, r)
		case 3:
			w.Header().Set("Location", "/jobs/2")
			w.WriteHeader(202)
		default:
			status(202, 0, 0, 502, 429, 200)(number, w, r)
		}
	}, func(t *testing.T, s *site) {
		if got := s.Poll(t.Context(), "reboot", aCall(), itself); got.Outcome != scheduler.AnswerDone {
			t.Errorf("got %+v", got)
		}
		var paths []string
		for _, heard := range s.heard() {
			paths = append(paths, heard.Method+" "+heard.Path+" "+heard.Key)
		}
		own, job := "GET /hidden/reboot?key=c-1 c-1", "GET /jobs/2 c-1"
		if diff := cmp.Diff([]string{own, own, own, job, job, job}, paths); diff != "" {
			t.Error(diff)
		}
		if pause := s.heard()[1].At - s.heard()[0].At; pause != 20*time.Second {
			t.Errorf("asked again after %s", pause)
		}
	})
}

func TestAPendingCallThatNeverEndsFails(t *testing.T) {
	serve(t, Hook{GiveUpAfter: time.Minute}, status(202), func(t *testing.T, s *site) {
		if got := s.Poll(t.Context(), "reboot", aCall(), "/jobs/1"); got.Outcome != scheduler.AnswerFailed || got.Why != "it was not done within 1m0s" {
			t.Errorf("got %+v", got)
		}
		if got := s.Poll(t.Context(), "reboot", aCall(), "https://evil.example.com/"); got.Outcome != scheduler.AnswerFailed {
			t.Errorf("got %+v", got)
		}
		for _, heard := range s.heard() {
			if heard.Path != "/jobs/1" {
				t.Errorf("asked %+v", heard)
			}
		}
	})
}

func TestAWebhookThatIsNotThereFails(t *testing.T) {
	caller, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := caller.Repeats("reboot"); known {
		t.Error("known")
	}
	if got := caller.Call(t.Context(), "reboot", aCall()); got.Outcome != scheduler.AnswerFailed {
		t.Errorf("got %+v", got)
	}
	if got := caller.Poll(t.Context(), "reboot", aCall(), itself); got.Outcome != scheduler.AnswerFailed {
		t.Errorf("got %+v", got)
	}
}

func TestUnsafeWebhooksAreRefusedWithoutShowingThem(t *testing.T) {
	for name, test := range map[string]struct{ address, secret, words string }{
		"plain http":         {"http://fleet.example.com/hidden", secret, "neither https"},
		"another scheme":     {"file:///hidden", secret, "not an address"},
		"no address":         {"hidden", secret, "not an address"},
		"not even that":      {"https://%zz/hidden", secret, "not an address"},
		"credentials":        {"https://a:hidden@fleet.example.com/", secret, "credentials"},
		"no secret":          {"https://fleet.example.com/hidden", "", "no secret"},
		"almost the machine": {"http://127.0.0.1.example.com/hidden", secret, "neither https"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(map[string]Hook{"reboot": {URL: test.address, Secret: []byte(test.secret)}})
			if err == nil || !strings.Contains(err.Error(), test.words) || !strings.Contains(err.Error(), `"reboot"`) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want %q", err, test.words)
			}
		})
	}
	for _, address := range []string{"https://fleet.example.com/x", "http://localhost:8080/x", "http://127.0.0.1/x", "http://[::1]:1/x"} {
		if _, err := New(map[string]Hook{"reboot": {URL: address, Secret: []byte(secret)}}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Whatever a Location says, nothing is asked elsewhere than on the webhook's own scheme, host and port.
func FuzzPlace(f *testing.F) {
	for _, location := range []string{itself, "/jobs/1", "jobs?x=1", "//evil.example.com/", "https://fleet.example.com:443/x", "https://fleet.example.com@evil.example.com/", "https:\\\\evil.example.com", "?", "http://fleet.example.com/"} {
		f.Add(location)
	}
	hook, err := check(Hook{URL: "https://fleet.example.com/reboot?token=x", Secret: []byte(secret)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, location string) {
		place, ok := hook.place(location, "c-1")
		if !ok {
			return
		}
		request, err := http.NewRequest(http.MethodGet, place.String(), nil)
		if err == nil && (request.URL.Scheme != "https" || !strings.EqualFold(request.URL.Hostname(), "fleet.example.com") || port(request.URL) != "443") {
			t.Errorf("%q asks %s", location, place)
		}
	})
}
