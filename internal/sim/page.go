// Package sim serves the demo's page and the /sim routes over a simulated Mesos
// cluster and a simulated Slack workspace.
//
// It is for people on their own machine: it asks for no password, so it answers
// only under a loopback name and only to its own pages.
package sim

import (
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/*.html"))

// contentPolicy lets the page load and run nothing but its own files, and makes
// the browser refuse any script that would turn text into markup.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// Person is somebody whom a visitor can be.
type Person struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	// Role is shown beside the name: operator, approver, onlooker, or guest of the workspace.
	Role string `json:"role"`
}

// Channel is the conversation that the page shows.
type Channel struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// PageConfig is what the page stands on. The cluster's three, Workspace and at
// least one person are required.
type PageConfig struct {
	Cluster    Cluster
	Agents     Agents
	Frameworks Frameworks
	Workspace  Workspace
	// Redis may be nil: then cutting it is refused.
	Redis   Redis
	People  []Person
	Channel Channel
	// Bot is the bot's Slack user ID.
	Bot string
	// ClusterName is the cluster's name in the bot's configuration.
	ClusterName string
	// Verbs are completed after /mesos, in this order; the flags of each behind it.
	Verbs []Verb
	// HookSecret signs the calls of the webhook; empty: every call is refused.
	HookSecret string
	// Logger gets what goes wrong with a request; nil discards it.
	Logger *slog.Logger
}

// Verb is a word of the chat language, for completion.
type Verb struct {
	Name  string   `json:"name"`
	Flags []string `json:"flags"` // --for, -m and so on
	// Agents says that names of agents follow.
	Agents bool `json:"agents"`
}

type page struct {
	PageConfig
	origin *http.CrossOriginProtection
}

// NewPage returns the handler of the page, its assets and the /sim routes.
func NewPage(config PageConfig) http.Handler {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	p := &page{PageConfig: config, origin: http.NewCrossOriginProtection()}
	mux := http.NewServeMux()
	assets, err := fs.Sub(pageFiles, "page/assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	mux.HandleFunc("GET /{$}", p.index)
	mux.HandleFunc("POST /sim/commands", p.command)
	mux.HandleFunc("POST /sim/click", p.click)
	mux.HandleFunc("POST /sim/suggest", p.suggest)
	mux.HandleFunc("GET /sim/views", p.views)
	mux.HandleFunc("GET /sim/home", p.home)
	mux.HandleFunc("POST /sim/home", p.openHome)
	mux.HandleFunc("POST /sim/submit", p.submit)
	mux.HandleFunc("POST /sim/close", p.close)
	mux.HandleFunc("GET /sim/messages", p.messages)
	mux.HandleFunc("GET /sim/cluster", p.cluster)
	mux.HandleFunc("POST /sim/cluster", p.change)
	mux.HandleFunc("GET /sim/events", p.events)
	hooks := newHooks(p.Cluster, p.HookSecret)
	mux.HandleFunc("POST /sim/hooks/reboot", hooks.reboot)
	mux.HandleFunc("GET /sim/hooks/reboot", hooks.rebooted)
	return p.guard(mux)
}

// guard refuses other sites' requests and other names for this machine (a DNS
// name that was rebound to it), and sets what every answer carries.
func (p *page) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-cache")
		if !loopbackHost(r.Host) {
			refuse(w, http.StatusForbidden, "this page answers only as 127.0.0.1 or localhost")
			return
		}
		if err := p.origin.Check(r); err != nil {
			refuse(w, http.StatusForbidden, "another site's page may not do this")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackHost tells whether a Host header names this machine's own loopback.
func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

type pageData struct {
	Channel Channel
	People  []Person
	// Settings is what the scripts need, as JSON in the page.
	Settings settings
}

type settings struct {
	People  []Person `json:"people"`
	Channel Channel  `json:"channel"`
	Bot     string   `json:"bot"`
	Cluster string   `json:"cluster"`
	Verbs   []Verb   `json:"verbs"`
	Redis   bool     `json:"redis"`
}

func (p *page) index(w http.ResponseWriter, r *http.Request) {
	data := pageData{Channel: p.Channel, People: p.People, Settings: settings{
		People: p.People, Channel: p.Channel, Bot: p.Bot, Cluster: p.ClusterName, Verbs: list(p.Verbs), Redis: p.Redis != nil,
	}}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pageTemplate.ExecuteTemplate(w, "page.html", data); err != nil {
		p.Logger.WarnContext(r.Context(), "the page was not sent whole", "error", err)
	}
}
