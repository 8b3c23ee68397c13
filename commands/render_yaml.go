package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cordon/scheduler"
)

// renderWindowYAML shows a window as it stands in the configuration.
func renderWindowYAML(cluster string, listing *scheduler.Listing) Reply {
	return Reply{Cluster: cluster, Lines: []Line{
		Say("To be pasted below ", Literal("windows:"), " of ", Strong(cluster), " in the configuration:"),
		Say(Verbatim(definitionYAML(listing.Window.Name, &listing.Window.Definition))),
	}}
}

// page writes YAML: strings stand in double quotes, so that none can be taken for anything else.
type page struct{ strings.Builder }

func (p *page) text(indent int, name, value string) {
	if value != "" {
		fmt.Fprintf(p, "%*s%s: %s\n", indent, "", name, quoted(value))
	}
}

func (p *page) number(indent int, name string, value int) {
	if value != 0 {
		fmt.Fprintf(p, "%*s%s: %d\n", indent, "", name, value)
	}
}

func (p *page) yes(indent int, name string, value bool) {
	if value {
		fmt.Fprintf(p, "%*s%s: true\n", indent, "", name)
	}
}

func (p *page) list(indent int, name string, values []string) {
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(p, "%*s%s:\n", indent, "", name)
	for _, value := range values {
		fmt.Fprintf(p, "%*s- %s\n", indent+2, "", quoted(value))
	}
}

// definitionYAML renders a window as an entry of `windows`.
func definitionYAML(name string, d *scheduler.Definition) string {
	var p page
	fmt.Fprintf(&p, "%s:\n", quoted(name))
	p.text(2, "schedule", d.Schedule)
	p.text(2, "duration", d.Duration)
	p.text(2, "time_zone", d.TimeZone)
	p.list(2, "targets", d.Targets)
	if len(d.Attributes) > 0 {
		p.WriteString("  attributes:\n")
		for _, attribute := range slices.Sorted(maps.Keys(d.Attributes)) {
			fmt.Fprintf(&p, "    %s: %s\n", quoted(attribute), quoted(d.Attributes[attribute]))
		}
	}
	p.yes(2, "joining", d.Joining)
	p.text(2, "mode", d.Mode)
	if drain := d.Drain; drain != nil {
		p.WriteString("  drain:\n")
		p.text(4, "max_grace_period", drain.MaxGracePeriod)
		p.text(4, "deadline", drain.Deadline)
	}
	p.yes(2, "take_down", d.TakeDown)
	p.text(2, "reason", d.Reason)
	p.text(2, "start_date", d.StartDate)
	p.text(2, "end_date", d.EndDate)
	p.text(2, "cutoff", d.Cutoff)
	p.text(2, "overrun", d.Overrun)
	p.text(2, "missed", d.Missed)
	p.list(2, "announce", d.Announce)
	p.text(2, "max_unavailable", d.MaxUnavailable)
	p.text(2, "max_unavailable_per", d.MaxUnavailablePer)
	p.yes(2, "approval", d.Approval)
	if run := d.Run; run != nil {
		p.WriteString("  run:" + map[bool]string{true: " {}", false: ""}[isBare(run)] + "\n")
		p.list(4, "steps", run.Steps)
		p.number(4, "max_parallel", run.MaxParallel)
		p.text(4, "batch_by", run.BatchBy)
		p.text(4, "soak", run.Soak)
		p.number(4, "max_failures", run.MaxFailures)
		p.text(4, "expect", run.Expect)
	}
	return strings.TrimSuffix(p.String(), "\n")
}

func isBare(run *scheduler.Procedure) bool {
	return len(run.Steps) == 0 && run.MaxParallel == 0 && run.MaxFailures == 0 && run.BatchBy+run.Soak+run.Expect == ""
}

// quoted writes text as YAML's double-quoted style, whose escapes are a part of JSON's and Go's alike.
func quoted(text string) string {
	plain := text != "" && text[0] >= 'a' && text[0] <= 'z' && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	if plain && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, text) {
		return text
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteRune(c)
		case c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff:
			fmt.Fprintf(&out, `\u%04X`, c)
		default:
			out.WriteRune(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}
