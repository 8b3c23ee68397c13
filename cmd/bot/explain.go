package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/internal/app"
	"cordon/internal/approval"
)

// why explains a decision before anybody asks for it.
type why struct {
	Config       string            `required:"" type:"path" help:"The configuration, cordon.yaml. None of the files that it names is needed."`
	Cluster      string            `short:"c" help:"The cluster; needed where there are several."`
	As           string            `required:"" placeholder:"U0123" help:"Who types the command, by the Slack ID."`
	Groups       []string          `placeholder:"S0456" help:"The user groups that they are in; none: \"\". Left out, it is not known."`
	ClusterState string            `type:"path" placeholder:"FILE" help:"A saved answer of a master to GET_AGENTS or GET_STATE, as curl gives it: targets are resolved in it."`
	Agents       int               `placeholder:"N" help:"Without a saved state: how many agents the command is about. Default: those that it names."`
	Of           int               `placeholder:"N" help:"Without a saved state: how many agents the cluster has."`
	Attribute    map[string]string `short:"l" placeholder:"NAME=VALUE" help:"Without a saved state: an attribute of these agents."`
	WindowOpen   bool              `help:"A window is open."`
	Last         []string          `placeholder:"NAME" help:"Apps and frameworks whose last instance runs there."`
	At           time.Time         `placeholder:"2026-12-01T22:30:00Z" help:"When. Default: now."`
	Command      []string          `arg:"" passthrough:"" placeholder:"COMMAND" help:"The command as in chat, such as: -- drain web-1"`
}

// Run says who may ask, which rule decides, and what it needs.
func (w why) Run(ctx context.Context, std streams) error {
	if w.At.IsZero() {
		w.At = time.Now()
	}
	told, err := app.Explain(ctx, app.ExplainOptions{
		Config: w.Config, Cluster: w.Cluster, Command: typedAs(w.Command), User: w.As, Groups: w.groups(), State: w.ClusterState,
		Agents: w.Agents, Of: w.Of, Attributes: w.Attribute, Open: w.WindowOpen, Last: w.Last, At: w.At,
	})
	if err != nil {
		return err
	}
	w.tell(std.out, told)
	return nil
}

// groups are those that were said; nil: nothing was.
func (w why) groups() []string {
	if len(w.Groups) == 1 && w.Groups[0] == "" {
		return []string{}
	}
	return w.Groups
}

// typedAs joins words as they would be typed in chat.
func typedAs(words []string) string {
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 1 {
		return words[0]
	}
	quoted := make([]string, len(words))
	for i, word := range words {
		if quoted[i] = word; strings.ContainsAny(word, " \t'\"") || word == "" {
			quoted[i] = `"` + strings.ReplaceAll(word, `"`, `\"`) + `"`
		}
	}
	return strings.Join(quoted, " ")
}

func (w why) tell(out io.Writer, told *app.Explained) {
	fmt.Fprintf(out, "%s in %s, typed by %s at %s\n", told.Command.Verb, told.Cluster, told.User, w.At.UTC().Format("2006-01-02 15:04 UTC"))
	if len(told.Agents) > 0 {
		fmt.Fprintf(out, "about %d of %d agents: %s\n", len(told.Agents), told.Of, first(told.Agents))
	}
	if w.ClusterState == "" && w.Of == 0 && len(told.Agents) > 0 {
		fmt.Fprintln(out, "  ! the cluster is taken to have no other agents: --of says how many it has")
	}
	fmt.Fprintln(out, "\nThe right to ask for it, for a full member of the workspace: guests and bots have none")
	list(out, told.Grants)
	if told.Denied != nil {
		fmt.Fprintln(out, "\n"+refusal(told))
		return
	}
	if told.Forbidden != "" {
		fmt.Fprintf(out, "\nRefused for everybody: `allow` of %s does not hold %s\n", told.Cluster, told.Forbidden)
		return
	}
	if len(told.Rules) > 0 {
		fmt.Fprintln(out, "\nRules, those of the configuration and then the usual ones: the first that matches decides")
		list(out, told.Rules)
	}
	w.needs(out, told)
}

// needs says what is needed before it runs, and from whom.
func (w why) needs(out io.Writer, told *app.Explained) {
	needs := told.Needs
	if needs.Typed {
		fmt.Fprintln(out, "\nEach hostname must be typed again: --confirm")
	}
	switch {
	case needs.Approvals == 0:
		fmt.Fprintln(out, "\nIt is done at once. Nobody else is asked.")
		return
	case told.Command.Glass:
		fmt.Fprintf(out, "\n%d would have to say yes; --break-glass does not wait for it, and somebody else reviews it\n", needs.Approvals)
		return
	}
	fmt.Fprintf(out, "\nRule %s decides: %d must say yes, other than %s; until then it waits\n", needs.Rule, needs.Approvals, told.User)
	if needs.From == filters.JurorsOnCall {
		for i, source := range told.OnCall {
			fmt.Fprintf(out, "  whoever is on call at level %d: %s\n", i+1, source)
		}
		if len(told.OnCall) == 0 {
			fmt.Fprintln(out, "  ! whoever is on call: `on_call` names nobody")
		}
	}
	for _, juror := range told.Jurors {
		fmt.Fprintln(out, "  "+juror)
	}
	if len(told.Jurors)+len(told.OnCall) == 0 {
		fmt.Fprintln(out, "  ! nobody can")
	}
}

// refusal says why the command would be refused, as far as that is known.
func refusal(told *app.Explained) string {
	if slices.ContainsFunc(told.Grants, func(found approval.Finding) bool { return found.Unsure }) {
		return "Not known: it depends on the user groups that " + told.User + " is in"
	}
	return "Refused: " + plain(told.Denied.Error())
}

// agentsNamed is how many agents are named.
const agentsNamed = 10

func first(agents []*filters.Agent) string {
	var names []string
	for _, agent := range agents[:min(len(agents), agentsNamed)] {
		names = append(names, agent.Hostname)
	}
	text := strings.Join(names, ", ")
	if left := len(agents) - len(names); left > 0 {
		text += fmt.Sprintf(" and %d more", left)
	}
	return text
}

func list(out io.Writer, findings []approval.Finding) {
	for _, found := range findings {
		mark := "no "
		switch {
		case found.Holds:
			mark = "yes"
		case found.Unsure:
			mark = "?  "
		}
		line := "  " + mark + "  " + found.Name
		if found.Why != "" {
			line += ": " + plain(found.Why)
		}
		fmt.Fprintln(out, line)
	}
}

// plain is a phrase of chat for the terminal.
func plain(text string) string { return strings.NewReplacer("*", "", "`", "").Replace(text) }
