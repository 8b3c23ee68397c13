package marathon_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cordon/internal/sim/marathon"
)

func TestStandbyForwardsAndSomeRedirect(t *testing.T) {
	leader := httptest.NewServer(marathon.New(still{}, marathon.Config{User: "ops", Password: "s3cret"}))
	defer leader.Close()
	address, err := url.Parse(leader.URL)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(handler http.Handler, header, value string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, "/v2/apps?id=shop", http.NoBody)
		request.SetBasicAuth("ops", "s3cret")
		request.Header.Set(header, value)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	if got := ask(marathon.Standby(address), "Accept", "*/*"); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"/shop"`) ||
		got.Header().Get("X-Marathon-Leader") != leader.URL || got.Header().Get("X-Marathon-Via") == "" {
		t.Errorf("forwarded: %d %s %v", got.Code, got.Body, got.Header())
	}
	if got := ask(marathon.Standby(address), "X-Marathon-Via", "1.1 other"); got.Code != http.StatusBadGateway {
		t.Errorf("in a circle: %d", got.Code)
	}
	if got := ask(marathon.Redirecting(address), "Accept", "*/*"); got.Code != http.StatusTemporaryRedirect || got.Header().Get("Location") != leader.URL+"/v2/apps?id=shop" {
		t.Errorf("redirected: %d %v", got.Code, got.Header())
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}
