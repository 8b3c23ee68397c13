// Package api serves a cluster's filters over HTTP: the offer-filter module's /allocator/filters contract, so that
// scripts written for the module work against any Mesos, and the bot's JSON API.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cordon/filters"
)

// Token is one user of the API. Digest is the SHA-256 of the token's text: the text itself is not kept.
type Token struct {
	Name    string
	Digest  [sha256.Size]byte
	Cluster string
	User    string // a Slack user ID; empty for a robot
	Role    string
}

// actor is the token as the one who asks.
func (t *Token) actor() filters.Actor {
	return filters.Actor{ID: "api:" + t.Name, User: t.User, Role: t.Role}
}

// Answer is what a command given as text did.
type Answer struct {
	Code      filters.Code // empty: done or shown
	Text      string
	Operation string
	State     filters.ChangeState
}

// Commands runs the chat language's commands. Implemented by internal/app over package commands.
type Commands interface {
	Run(ctx context.Context, actor filters.Actor, cluster, text, requestKey string) Answer
}

// Leaders tells who leads a cluster. Implemented by internal/app.
type Leaders interface {
	// Leads tells whether this replica leads the cluster.
	Leads(cluster string) bool
	// LeaderURL returns where the leading replica is reached, and false if none is known to lead.
	LeaderURL(ctx context.Context, cluster string) (string, bool)
}

// Config is what the API needs; Observe and Logger may be nil.
type Config struct {
	// Observe is told of each request that was refused before it was a command; the cluster is empty where the token is not known.
	Observe  func(cluster string, code filters.Code)
	Clusters map[string]*filters.Service
	Tokens   []Token
	Commands Commands
	Leaders  Leaders
	Logger   *slog.Logger
}

// API is the handler of both. Safe for concurrent use.
type API struct {
	config    Config
	mux       *http.ServeMux
	strangers strangers
}

const commandsPath = "/api/commands"

// Bounds of a request.
const (
	bodyMost   = 256 << 10
	answerTime = 2500 * time.Millisecond
	waitMost   = 60 * time.Second
)

// New returns the API.
func New(config Config) *API {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Observe == nil {
		config.Observe = func(string, filters.Code) {}
	}
	api := &API{config: config, mux: http.NewServeMux()}
	api.mux.HandleFunc("/allocator/filters", api.module)
	api.mux.HandleFunc("POST "+commandsPath, api.authenticated(api.command))
	api.mux.HandleFunc("GET /api/agents", api.authenticated(api.agents))
	api.mux.HandleFunc("GET /api/filters", api.authenticated(api.filters))
	api.mux.HandleFunc("GET /api/journal", api.authenticated(api.journal))
	api.mux.HandleFunc("GET /api/operations/{id}", api.authenticated(api.operation))
	return api
}

// ServeHTTP serves /allocator/filters and /api/.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// token finds who asks by the bearer token, in a time that does not tell how much of it was right.
func (a *API) token(r *http.Request) *Token {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil
	}
	digest := sha256.Sum256([]byte(text))
	var found *Token
	for i := range a.config.Tokens {
		if subtle.ConstantTimeCompare(digest[:], a.config.Tokens[i].Digest[:]) == 1 {
			found = &a.config.Tokens[i]
		}
	}
	return found
}

// call is one authenticated request to the JSON API.
type call struct {
	*http.Request
	token   *Token
	service *filters.Service
}

// key is the request key that the caller's Idempotency-Key makes, or empty.
func (c *call) key() string {
	if key := c.Header.Get("Idempotency-Key"); key != "" && len(key) <= 200 {
		return "api:" + c.token.Name + ":" + key
	}
	return ""
}

// authenticated checks the token and that it may ask about the cluster.
func (a *API) authenticated(handle func(http.ResponseWriter, *call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := a.token(r)
		if token == nil {
			a.stranger(r)
			w.Header().Set("WWW-Authenticate", `Bearer realm="cordon"`)
			a.refuse(w, r, &filters.Error{Code: filters.Unauthorized, Wrong: "the token is missing or not known", Expected: "the header `Authorization: Bearer …` with a token of the configuration"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyMost)
		c := &call{r, token, a.config.Clusters[token.Cluster]}
		if cluster := r.URL.Query().Get("cluster"); cluster != "" && cluster != token.Cluster {
			a.refused(r.Context(), c, notIts(token))
			a.refuse(w, r, notIts(token))
			return
		}
		handle(w, c)
	}
}

func notIts(token *Token) error {
	return &filters.Error{Code: filters.Denied, Wrong: "the token " + token.Name + " is for another cluster", Expected: "cluster " + token.Cluster}
}

// statuses maps codes to HTTP, once for the JSON API.
var statuses = map[filters.Code]int{
	filters.Invalid: http.StatusBadRequest, filters.Unknown: http.StatusBadRequest, filters.Ambiguous: http.StatusBadRequest,
	filters.Unauthorized: http.StatusUnauthorized, filters.Denied: http.StatusForbidden,
	filters.Limited: http.StatusConflict, filters.Frozen: http.StatusConflict, filters.Locked: http.StatusConflict, filters.Conflict: http.StatusConflict,
	filters.Unavailable: http.StatusServiceUnavailable, filters.Unconfirmed: http.StatusServiceUnavailable,
}

func statusOf(code filters.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// message is what a caller may read of an error: an Error's own words, nothing of any other.
func message(err error) string {
	if known, ok := errors.AsType[*filters.Error](err); ok {
		return known.Error()
	}
	return "something went wrong inside the bot; its log says what"
}

// refuse answers an error as {code, message}.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := filters.CodeOf(err)
	if tooLarge(err) {
		writeJSON(w, http.StatusRequestEntityTooLarge, map[string]any{"code": filters.Invalid, "message": largeBody})
		return
	}
	if code == filters.Internal {
		a.config.Logger.ErrorContext(r.Context(), "API request failed", "path", r.URL.Path, "error", err)
	}
	writeJSON(w, statusOf(code), map[string]any{"code": code, "message": message(err)})
}

func tooLarge(err error) bool {
	_, is := errors.AsType[*http.MaxBytesError](err)
	return is
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		status, encoded = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the answer does not encode"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the caller is gone if this fails
}

// readJSON reads one JSON value of the exact content type and nothing behind it.
func readJSON(r *http.Request, into any) error {
	if r.Header.Get("Content-Type") != "application/json" {
		return &filters.Error{Code: filters.Invalid, Wrong: "the Content-Type is not application/json", Expected: "exactly that"}
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if tooLarge(err) {
			return err
		}
		return &filters.Error{Code: filters.Invalid, Wrong: "the body is not the JSON expected here", Expected: unmarked.Replace(err.Error())}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return &filters.Error{Code: filters.Invalid, Wrong: "the body holds more than one JSON value"}
	}
	return nil
}

// redirected answers a request that only the leader serves, if this replica does not lead, and tells so.
func (a *API) redirected(w http.ResponseWriter, r *http.Request, cluster string) bool {
	if a.config.Leaders.Leads(cluster) {
		return false
	}
	leader, ok := a.config.Leaders.LeaderURL(r.Context(), cluster)
	target, err := url.Parse(leader)
	if !ok || err != nil || target.Host == "" {
		http.Error(w, "No leader elected", http.StatusServiceUnavailable)
		return true
	}
	target.Path, target.RawQuery = r.URL.Path, r.URL.RawQuery
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}
