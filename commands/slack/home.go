package slack

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"cordon/commands"

	slackgo "github.com/slack-go/slack"
)

// The limits of a Home tab: https://docs.slack.dev/reference/views/home-tab-views.
const (
	homeBlocks     = 100
	headCharacters = 150
)

// homeBlock begins the block IDs of a Home tab's buttons; the cluster that they speak to follows.
const homeBlock = "home:"

// homeCluster is the cluster of a button on a Home tab; empty: it was pressed elsewhere.
func (p *press) homeCluster() string {
	if p.View.Type != "home" {
		return ""
	}
	cluster, _, _ := strings.Cut(strings.TrimPrefix(p.Actions[0].Block, homeBlock), ":")
	return cluster
}

// publishHome shows somebody their Home tab as things are now, with the answer to what they pressed there above it. With the hash
// of the view that is shown, one that was published meanwhile is left alone.
func (e *Edge) publishHome(ctx context.Context, user, payloadTeam string, answer *commands.Reply, hash string) {
	e.showHome(ctx, user, e.homes.opened(user, payloadTeam, answer, time.Now()), hash)
}

// showHome publishes a Home tab.
func (e *Edge) showHome(ctx context.Context, user string, tab *homeTab, hash string) {
	tab.showing.Lock()
	defer tab.showing.Unlock()
	team, answer := e.homes.publishing(tab, time.Now())
	actor, refused := e.actor(ctx, user, team)
	if refused != nil {
		e.homes.forget(user)
	}
	view := homeView(e.config.Bot.Home(ctx, actor, refused), answer)
	err := e.patiently(ctx, func() error {
		_, err := e.api.PublishViewContext(ctx, slackgo.PublishViewContextRequest{UserID: user, View: view, Hash: hashOf(hash)})
		return err
	})
	switch refusal, _ := errors.AsType[slackgo.SlackErrorResponse](err); {
	case err == nil, superseded(err):
	case refusal.Err == "not_enabled":
		e.log.Warn("the app has no Home tab: enable it in the app's settings, features.app_home of deploy/slack-manifest.yaml")
	default:
		e.log.Warn("a Home tab could not be shown", "user", user, "error", err)
	}
}

func hashOf(hash string) *string {
	if hash == "" {
		return nil
	}
	return &hash
}

// homeView renders a Home tab; what is too much for Slack is left out at its end, and it says so.
func homeView(home commands.Home, answer *commands.Reply) slackgo.HomeTabViewRequest {
	var rendered []slackgo.Block
	if answer != nil {
		rendered = homeItem(&commands.Item{Cluster: answer.Cluster, Lines: answer.Lines, Buttons: answer.Buttons}, -1)
		rendered = append(rendered, slackgo.NewDividerBlock())
	}
	for i := range home.Items {
		item := homeItem(&home.Items[i], i)
		if len(rendered)+len(item) >= homeBlocks {
			rendered = append(rendered, blocks([]commands.Line{commands.Say("There is more than fits here: ", commands.Literal("/mesos status"), ".")}, nil)...)
			break
		}
		rendered = append(rendered, item...)
	}
	return slackgo.HomeTabViewRequest{Type: slackgo.VTHomeTab, Blocks: slackgo.Blocks{BlockSet: rendered}}
}

func homeItem(item *commands.Item, at int) []slackgo.Block {
	var rendered []slackgo.Block
	if item.Head != "" {
		rendered = append(rendered, slackgo.NewHeaderBlock(plainText(cut(item.Head, headCharacters))))
	}
	rendered = append(rendered, blocks(item.Lines, nil)...)
	if len(item.Buttons) > 0 {
		row := actions(item.Buttons)
		row.BlockID = homeBlock + item.Cluster + ":" + strconv.Itoa(at)
		rendered = append(rendered, row)
	}
	return rendered
}
