package slack

import (
	"fmt"
	"testing"
	"time"

	"cordon/commands"
)

func TestHomeBlocks(t *testing.T) {
	home := commands.Home{Items: []commands.Item{
		{Cluster: "prod", Head: "prod", Lines: []commands.Line{commands.Say("6 agents: 5 take tasks, 1 withheld by us")}, Buttons: []commands.Button{{Label: "Filter agents", Action: commands.ActionForm, Value: "filter"}}},
		{Cluster: "prod", Head: "Withheld now", Lines: []commands.Line{
			commands.Separated(commands.Say(commands.Strong("agent-one")), commands.Say("confirmed")),
			commands.Separated(commands.Say("<!channel> kernel & co"), commands.Say("by ", commands.Who("user:U0ALICE")), commands.Ends(noon.Add(2*time.Hour), noon)),
		}, Buttons: []commands.Button{{Label: "Release", Action: commands.ActionRelease, Value: "f-3k7q2m9x"}, {Label: "Extend 1h", Action: commands.ActionExtend, Value: "f-3k7q2m9x"}}},
	}}
	answer := commands.Reply{Cluster: "prod", Lines: []commands.Line{commands.Say("agent-two takes tasks again")}}
	golden(t, "home", homeView(home, &answer))
}

// Slack refuses a Home tab of more than 100 blocks: what is too much is left out, and that is said.
func TestALongHomeIsCut(t *testing.T) {
	var home commands.Home
	for i := range 80 {
		home.Items = append(home.Items, commands.Item{Cluster: "prod", Lines: []commands.Line{commands.Say(fmt.Sprint("item ", i))}, Buttons: []commands.Button{{Label: "Release", Action: commands.ActionRelease, Value: "f-1"}}})
	}
	shown := homeView(home, nil).Blocks.BlockSet
	if len(shown) > homeBlocks || len(shown) < homeBlocks-2 {
		t.Errorf("%d blocks", len(shown))
	}
	if last := shown[len(shown)-1].BlockType(); last != "rich_text" {
		t.Errorf("it ends with %s", last)
	}
}
