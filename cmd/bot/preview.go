package main

import (
	"fmt"
	"os"
	"time"

	"cordon/internal/app"
)

// foretell shows what windows will do.
type foretell struct {
	Config       string `required:"" type:"path" help:"The configuration, cordon.yaml. None of the files that it names is needed."`
	Cluster      string `short:"c" help:"The cluster; needed where there are several."`
	From         string `placeholder:"2026-12-01" help:"The first day. Default: today."`
	To           string `placeholder:"2026-12-31" help:"The last day. Default: 28 days are shown."`
	TimeZone     string `placeholder:"ZONE" help:"Whose days are shown, such as Europe/Berlin. Default: the windows' own if all have the same, else UTC."`
	ClusterState string `type:"path" placeholder:"FILE" help:"A saved answer of a master to GET_AGENTS or GET_STATE, as curl gives it: targets are resolved in it, and what remains is added up."`
	HTML         string `name:"html" type:"path" placeholder:"FILE" help:"Write one HTML page that needs nothing else, instead of text."`
}

// Run prints what will happen, or writes it to a page.
func (f foretell) Run(std streams) error {
	seen, err := app.Preview(app.PreviewOptions{
		Config: f.Config, Cluster: f.Cluster, State: f.ClusterState, From: f.From, To: f.To, TimeZone: f.TimeZone, Now: time.Now(),
	})
	if err != nil {
		return err
	}
	if f.HTML == "" {
		return seen.Text(std.out)
	}
	page, err := os.Create(f.HTML)
	if err != nil {
		return err
	}
	if err := seen.HTML(page); err != nil {
		_ = page.Close()
		return err
	}
	if err := page.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s is written\n", f.HTML)
	return err
}
