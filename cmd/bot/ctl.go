package main

import (
	"context"
	"fmt"

	"cordon/internal/app"
	"cordon/internal/ctl"
)

// control is the chat's commands without the chat.
type control struct {
	Command talk   `cmd:"" default:"withargs" name:"run" help:"Run a command, for example: bot ctl filter agent-one --for 2h"`
	Export  export `cmd:"" help:"Print the curl commands that restore or release what we withhold, also when Redis is gone."`
}

// talk runs one command of the chat language.
type talk struct {
	URL       string   `env:"CORDON_URL" default:"http://127.0.0.1:8081" help:"The bot's address."`
	TokenFile string   `type:"path" help:"A file with the token; else the environment variable CORDON_TOKEN."`
	Key       string   `help:"Repeating a command with the same key has one effect."`
	Words     []string `arg:"" passthrough:"" help:"The command as typed behind /mesos; the flags here stand before it."`
}

// Run sends the command and prints the answer.
func (t talk) Run(ctx context.Context, std streams) error {
	token, err := ctl.ReadToken(t.TokenFile)
	if err != nil {
		return err
	}
	client := ctl.Client{URL: t.URL, Token: token}
	text, err := client.Run(ctx, t.Words, t.Key)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.out, text)
	return err
}

// export prints what helps when the bot is away.
type export struct {
	Config  string `required:"" type:"path" help:"The configuration, cordon.yaml."`
	Cluster string `short:"c" help:"The cluster; needed where there are several."`
	Witness string `type:"path" help:"A witness file to read, instead of Redis and the one in data_dir."`
}

// Run prints the script for the cluster.
func (e export) Run(ctx context.Context, std streams) error {
	found, err := app.Export(ctx, e.Config, e.Cluster, e.Witness, logger(std.err, "warn", "text"))
	if err != nil {
		return err
	}
	return found.Write(std.out)
}
