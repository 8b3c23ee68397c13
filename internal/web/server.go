// Package web is the bot's HTTP server: it serves the handlers that it is given, and health, readiness and metrics.
package web

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check is one thing that readiness depends on.
type Check struct {
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"` // what is wrong, in a phrase
}

// Config is what the server needs; Logger and Certificate may be left out.
type Config struct {
	Listen      string           // host:port
	Certificate *tls.Certificate // nil: plain HTTP
	// Handlers by pattern of http.ServeMux.
	Handlers map[string]http.Handler
	// Ready returns the checks by name; the bot is ready if all are OK.
	Ready    func(ctx context.Context) map[string]Check
	Registry *prometheus.Registry
	Logger   *slog.Logger
}

// Server is a running HTTP server.
type Server struct {
	http     *http.Server
	listener net.Listener
	done     chan error
}

// Timeouts of a connection; a long answer (a minute's wait for verified) must fit.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 75 * time.Second
	idleTime   = 2 * time.Minute
	headerMost = 32 << 10
)

// Start listens and serves until Shutdown.
func Start(config Config) (*Server, error) {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, err
	}
	if config.Certificate != nil {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*config.Certificate}, MinVersion: tls.VersionTLS12})
	}
	server := &Server{
		http: &http.Server{
			Handler: recovered(config.Logger, routes(config)), ErrorLog: slog.NewLogLogger(config.Logger.Handler(), slog.LevelDebug),
			ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: headerMost,
		},
		listener: listener, done: make(chan error, 1),
	}
	go func() { server.done <- server.http.Serve(listener) }()
	return server, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Shutdown refuses new connections and waits for running requests until the context ends; then it cuts them, and with them
// connections on which nobody has asked anything: that is no error.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func routes(config Config) http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range config.Handlers {
		mux.Handle(pattern, handler)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("alive\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { answerReady(w, r, config.Ready) })
	if config.Registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(config.Registry, promhttp.HandlerOpts{}))
	}
	return mux
}

// readyTime bounds how long the checks may take together.
const readyTime = 2 * time.Second

func answerReady(w http.ResponseWriter, r *http.Request, ready func(context.Context) map[string]Check) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	checks := ready(ctx)
	status := http.StatusOK
	for _, check := range checks {
		if !check.OK {
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": status == http.StatusOK, "checks": checks}) // the caller is gone if this fails
}

// recovered answers 500 where a handler panics, and logs the stack; the server goes on.
func recovered(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			logger.ErrorContext(r.Context(), "handler panicked", "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
			http.Error(w, "something went wrong inside the bot; its log says what", http.StatusInternalServerError)
		}()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
