package web

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, config Config) string {
	t.Helper()
	config.Listen = "127.0.0.1:0"
	server, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + server.Addr().String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestReadySaysWhatIsNot(t *testing.T) {
	checks := map[string]Check{"redis": {OK: true}, "slack": {Why: "not connected"}}
	url := start(t, Config{Ready: func(context.Context) map[string]Check { return checks }})
	status, body := get(t, url+"/readyz")
	var answer struct {
		Ready  bool
		Checks map[string]Check
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 503 || answer.Ready || answer.Checks["slack"].Why != "not connected" {
		t.Errorf("got %d %s", status, body)
	}
	checks = map[string]Check{"redis": {OK: true}}
	if status, body = get(t, url+"/readyz"); status != 200 || !strings.Contains(body, `"ready":true`) {
		t.Errorf("got %d %s", status, body)
	}
}

func TestAliveAndMeasuredWhileNotReady(t *testing.T) {
	metrics := NewMetrics()
	metrics.Command("prod", "filter", "", time.Millisecond)
	metrics.Filters("prod", map[string]int{"user": 2})
	url := start(t, Config{Registry: metrics.Registry, Ready: func(context.Context) map[string]Check { return map[string]Check{"redis": {}} }})
	if status, _ := get(t, url+"/healthz"); status != 200 {
		t.Errorf("/healthz answers %d", status)
	}
	_, body := get(t, url+"/metrics")
	for _, want := range []string{`cordon_commands_total{cluster="prod",code="",verb="filter"} 1`, `cordon_filters{cluster="prod",owner_kind="user"} 2`} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	url := start(t, Config{Handlers: map[string]http.Handler{"/boom": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })}})
	if status, body := get(t, url+"/boom"); status != 500 || strings.Contains(body, "secret") {
		t.Errorf("got %d %s", status, body)
	}
}

// A connection on which nobody has asked anything yet does not make stopping fail.
func TestStoppingIsNotHeldUpBySilence(t *testing.T) {
	server, err := Start(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}
