// Command bot is Cordon: a ChatOps bot and maintenance runner for Apache Mesos.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"cordon/filters"
)

// version is set by the linker.
var version = "unknown"

// cli is the command line.
type cli struct {
	Serve    serve    `cmd:"" help:"Run the bot."`
	Demo     demo     `cmd:"" help:"Run a simulated cluster and workspace with the real bot between them."`
	Sim      sim      `cmd:"" help:"Run the two simulators alone, for a bot that is started beside them."`
	Validate validate `cmd:"" help:"Check a configuration and report every mistake."`
	Preview  foretell `cmd:"" help:"Show what windows will do: what opens when and for whom, and what remains of the cluster."`
	Explain  why      `cmd:"" help:"Show which right and which rule decide about a command of somebody's, and why, asking nobody."`
	Ctl      control  `cmd:"" help:"Do what the chat does, over the bot's HTTP API."`
	Journal  audit    `cmd:"" help:"Verify or export the journal, straight from Redis."`
	Version  release  `cmd:"" help:"Print the version."`
}

// streams are where commands read and write.
type streams struct {
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

// run returns the exit code: 0 done, 1 failed, 2 used wrongly.
func run(ctx context.Context, arguments []string, std streams) int {
	var line cli
	exited := -1
	parser, err := kong.New(&line, kong.Name("bot"), kong.Description("Cordon: maintenance of Apache Mesos agents from chat."),
		kong.Writers(std.out, std.err), kong.Exit(func(code int) { exited = code }), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(std))
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	parsed, err := parser.Parse(arguments)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(std.err, "bot: %v\nTry `bot --help`.\n", err)
		return 2
	}
	err = parsed.Run()
	if coded, ok := errors.AsType[exit](err); ok {
		if coded.cause != nil {
			fmt.Fprintf(std.err, "bot: %s\n", explain(coded.cause))
		}
		return coded.code
	}
	if err != nil {
		fmt.Fprintf(std.err, "bot: %s\n", explain(err))
		return 1
	}
	return 0
}

// exit ends with a code of its own; without a cause everything was said already.
type exit struct {
	code  int
	cause error
}

// Error implements error.
func (e exit) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

// explain is an error for the terminal: its words, and its cause where it has one that people may see.
func explain(err error) string {
	text := err.Error()
	if known, ok := errors.AsType[*filters.Error](err); ok && known.Cause != nil {
		text += " (" + known.Cause.Error() + ")"
	}
	return text
}

// release prints the version.
type release struct{}

// Run prints the version.
func (release) Run(std streams) error {
	_, err := fmt.Fprintln(std.out, "cordon", version)
	return err
}

func logger(w io.Writer, level, format string) *slog.Logger {
	var threshold slog.Level
	if err := threshold.UnmarshalText([]byte(level)); err != nil {
		threshold = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: threshold}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
