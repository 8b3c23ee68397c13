package marathon

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// Standby answers as a Marathon that does not lead: it forwards requests to the
// leader, whose address is given as a URL without a path, credentials included
// (LeaderProxyFilter). One request in a circle is refused.
func Standby(leader *url.URL) http.Handler {
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(leader)
		r.Out.Header.Set("X-Marathon-Via", "1.1 "+r.In.Host)
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Marathon-Via") != "" {
			http.Error(w, "Detected proxying loop.", http.StatusBadGateway)
			return
		}
		w.Header().Set("X-Marathon-Via", "1.1 "+r.Host)
		forward.ServeHTTP(w, r)
	})
}

// Redirecting answers as what stands before some Marathons: it points to the
// leader with 307 and forwards nothing.
func Redirecting(leader *url.URL) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := *r.URL
		target.Scheme, target.Host = leader.Scheme, leader.Host
		http.Redirect(w, r, target.String(), http.StatusTemporaryRedirect)
	})
}
