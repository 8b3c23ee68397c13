package commands

import (
	"cmp"
	"context"
	"slices"

	"cordon/filters"
	"cordon/scheduler"
)

// Home is a person's own page: what is withheld, what awaits them, what opens next. Items are in the order of importance.
type Home struct {
	Items []Item
}

// Item is a part of a Home with what one can do about it. Pressing a button there speaks to the Item's cluster alone.
type Item struct {
	Cluster string
	Head    string // a heading above it; empty: it goes on with what stands above
	Lines   []Line
	Buttons []Button
}

// The most that a Home shows of a cluster: Slack's limit is on all of it.
const (
	homeApprovals = 5
	homeQuestions = 5
	homeFilters   = 10
	homeOpenings  = 3
)

// Home returns the person's page within Config.Within, with what the person may do as they ask. Refused, if not nil, says why
// there is nothing to see. It writes nothing.
func (b *Bot) Home(ctx context.Context, actor filters.Actor, refused error) Home {
	if refused != nil {
		return Home{Items: []Item{{Lines: renderRefusal(refused).Lines}}}
	}
	ctx, cancel := context.WithTimeout(ctx, b.config.Within)
	defer cancel()
	var home Home
	for _, name := range b.names {
		t := &turn{
			Input: Input{Actor: actor}, cluster: name, service: b.config.Clusters[name], desk: b.config.Desks[name], duty: b.config.OnCalls[name],
		}
		home.Items = append(home.Items, t.home(ctx)...)
	}
	return home
}

// home is one cluster's part.
func (t *turn) home(ctx context.Context) []Item {
	may, why, err := t.service.May(ctx, t.Actor)
	if err != nil {
		may, why = []filters.Verb{filters.VerbLook}, "I could not ask what you may do, so nothing is offered here for now"
	}
	status := t.service.Status()
	agenda := t.agenda(ctx, status.Now)
	top := Item{Head: t.cluster, Lines: append([]Line{census(status)}, doubts(status)...)}
	top.Lines = append(top.Lines, agenda.underWay(status.Now)...)
	if slices.Contains(may, filters.VerbFilter) {
		top.Buttons = append(top.Buttons, Button{Label: "Filter agents", Action: ActionForm, Value: "filter"})
	}
	items := append([]Item{top}, t.awaitsMe(ctx, may)...)
	items = append(items, t.withheldNow(may)...)
	items = append(items, t.opensNext(may)...)
	last := Separated(Say("as of ", Instant(status.Now, status.Now)), Say(Literal("/mesos help"), " lists what one can type"))
	if !slices.ContainsFunc(may, func(verb filters.Verb) bool { return verb != filters.VerbLook }) {
		last = Separated(append(Say("You may look, not change: "), Markup(why)...), last)
	}
	items = append(items, Item{Lines: []Line{last}})
	for i := range items {
		items[i].Cluster = t.cluster
	}
	return items
}

// headed gives the first item the heading; with none the words stand below it.
func headed(head, none string, items []Item) []Item {
	if len(items) == 0 {
		return []Item{{Head: head, Lines: []Line{Say(none)}}}
	}
	items[0].Head = head
	return items
}

// awaitsMe are the approvals that wait for the asker, and the open questions.
func (t *turn) awaitsMe(ctx context.Context, may []filters.Verb) []Item {
	items := t.approvalItems(ctx)
	questions := t.service.Questions()
	for i := range questions[:min(len(questions), homeQuestions)] {
		items = append(items, t.questionItem(&questions[i], may))
	}
	if left := more(homeQuestions, len(questions)); left != nil {
		items = append(items, Item{Lines: append(left, Say(Literal("/mesos questions"), " lists them"))})
	}
	return headed("Awaits an answer", "Nothing.", items)
}

func (t *turn) approvalItems(ctx context.Context) []Item {
	var items []Item
	awaited, err := t.service.Awaiting(ctx, t.Actor)
	if err != nil {
		items = append(items, Item{Lines: []Line{Say("⚠ I could not ask whether all approvals that wait for you are here: ", Literal("/mesos approvals"), " lists every one")}})
	}
	for i := range awaited[:min(len(awaited), homeApprovals)] {
		approval := &awaited[i].Approval
		items = append(items, Item{Lines: awaitingLines(approval, t.Actor, t.service.Now()), Buttons: ApprovalButtons(approval.ID, awaited[i].Words...)})
	}
	if left := more(homeApprovals, len(awaited)); left != nil {
		items = append(items, Item{Lines: append(left, Say(Literal("/mesos approvals"), " lists them"))})
	}
	return items
}

func (t *turn) questionItem(question *filters.Question, may []filters.Verb) Item {
	item := Item{Lines: []Line{
		Separated(Say(Strong(question.Text)), Say(Names(question.Hosts, 0))),
		Separated(Say("asked ", Clock(question.Asked, t.service.Now())), askedBy(question)),
	}}
	if question.AskedBy != t.Actor.ID && slices.Contains(may, filters.VerbAnswer) {
		item.Buttons = append(item.Buttons, Button{Label: "Yes", Action: ActionYes, Value: question.ID, Confirm: Meaning(question.Kind)})
	}
	if slices.Contains(may, filters.VerbAnswer) {
		item.Buttons = append(item.Buttons, Button{Label: "No", Action: ActionNo, Value: question.ID})
	}
	return item
}

// withheldNow are the filters that stand, those of one request together: the asker's own first, then those that end next.
func (t *turn) withheldNow(may []filters.Verb) []Item {
	var groups [][]filters.Filter
	at := map[string]int{}
	for _, filter := range t.service.Filters() {
		key := filter.Subject + " " + string(filter.Owner)
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], filter)
	}
	slices.SortStableFunc(groups, func(a, b []filters.Filter) int {
		return cmp.Or(t.foremost(&a[0])-t.foremost(&b[0]), byEnd(&a[0], &b[0]))
	})
	var items []Item
	for _, group := range groups[:min(len(groups), homeFilters)] {
		items = append(items, t.filterItem(group, may))
	}
	if left := more(homeFilters, len(groups)); left != nil {
		items = append(items, Item{Lines: append(left, Say(Literal("/mesos filters"), " lists them"))})
	}
	return headed("Withheld now", "No filter stands.", items)
}

// foremost puts the asker's own before those of others.
func (t *turn) foremost(filter *filters.Filter) int {
	if string(filter.Owner) == t.Actor.ID {
		return 0
	}
	return 1
}

// byEnd puts what ends sooner first, what has no end last.
func byEnd(a, b *filters.Filter) int {
	switch {
	case a.Until.IsZero() && b.Until.IsZero():
		return a.Created.Compare(b.Created)
	case a.Until.IsZero():
		return 1
	case b.Until.IsZero():
		return -1
	}
	return a.Until.Compare(b.Until)
}

func (t *turn) filterItem(group []filters.Filter, may []filters.Verb) Item {
	filter := &group[0]
	item := Item{Lines: []Line{
		Separated(Say(Strong(Names(distinctHosts(group), 0))), modeWord(filter), Say(stateWord(filter.State))),
		Separated(reason(filter.Reason), Say("by ", Holder(string(filter.Owner), filter.Drain)), Ends(filter.Until, t.service.Now())),
	}}
	id := filter.ID
	if len(group) > 1 {
		id = filter.Subject
		if !isSubject(id) {
			return item // an opening's, which is skipped as a whole
		}
	}
	if slices.Contains(may, filters.VerbRelease) {
		item.Buttons = append(item.Buttons, Button{Label: "Release", Action: ActionRelease, Value: id})
	}
	kind := filter.Owner.Kind()
	if slices.Contains(may, filters.VerbExtend) && (kind == "user" || kind == "api") && filter.Drain == nil && !filter.Until.IsZero() {
		item.Buttons = append(item.Buttons, Button{Label: "Extend 1h", Action: ActionExtend, Value: id})
	}
	item.Buttons = append(item.Buttons, Button{Label: "Details", Action: ActionDetails, Value: id})
	return item
}

// opensNext are the openings that come.
func (t *turn) opensNext(may []filters.Verb) []Item {
	if t.desk == nil {
		return nil
	}
	now := t.service.Now()
	coming := t.desk.Upcoming(now, homeOpenings)
	items := make([]Item, 0, len(coming))
	for i := range coming {
		item := Item{Lines: []Line{openingLine(&coming[i], now)}}
		// Who skips one skips the next of its window: that is what the word does.
		first := !slices.ContainsFunc(coming[:i], func(c scheduler.Upcoming) bool { return c.Occurrence.Window == coming[i].Occurrence.Window })
		if first && coming[i].Note == "" && slices.Contains(may, filters.VerbWindow) {
			item.Buttons = []Button{{
				Label: "Skip", Action: ActionSkip, Value: coming[i].Name(),
				Confirm: "This opening of " + coming[i].Occurrence.Window + " is left out. Those after it are as planned.",
			}}
		}
		items = append(items, item)
	}
	return headed("Opens next", "Nothing opens.", items)
}
