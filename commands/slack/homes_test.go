package slack

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cordon/commands"
)

// So many people are kept up, each every few seconds at most, for as long as they may have their page before them.
func TestHomesAreBounded(t *testing.T) { synctest.Test(t, homesAreBounded) }

func homesAreBounded(t *testing.T) {
	edge := New(Config{Bot: &commands.Bot{}, Team: "T1", BotToken: "xoxb-1"})
	defer edge.stop()
	homes, now := &edge.homes, time.Now()
	for i := range 3 * homesMost {
		homes.publishing(homes.opened(fmt.Sprint("U", i), "T1", nil, now.Add(time.Duration(i)*time.Millisecond)), now)
	}
	if len(homes.known) != homesMost || homes.known[fmt.Sprint("U", 3*homesMost-1)] == nil {
		t.Fatalf("%d people are kept up", len(homes.known))
	}
	if _, tab, wait := homes.next(now); tab != nil || wait != 0 {
		t.Errorf("nothing changed, and in %s one is shown anew", wait)
	}
	for range 100 {
		edge.HomesChanged()
	}
	if _, tab, wait := homes.next(now.Add(homeSettles)); tab != nil || wait <= 0 || wait > homeEvery {
		t.Errorf("one is shown again within %s, the next in %s", homeSettles, wait)
	}
	later, shown := now.Add(homeEvery+homeSettles), map[string]int{}
	for user, tab, _ := homes.next(later); tab != nil; user, tab, _ = homes.next(later) {
		shown[user]++
		homes.publishing(tab, later)
	}
	if len(shown) != homesMost {
		t.Errorf("%d of %d are shown anew", len(shown), homesMost)
	}
	for user, times := range shown {
		if times != 1 {
			t.Errorf("%s's was shown %d times", user, times)
		}
	}
	edge.HomesChanged()
	if _, tab, _ := homes.next(now.Add(homeKept + time.Minute)); tab != nil || len(homes.known) != 0 {
		t.Errorf("%d people are kept up who came long ago", len(homes.known))
	}
}

func TestTheAnswerStandsOnHomeForAWhile(t *testing.T) {
	edge := New(Config{Bot: &commands.Bot{}, Team: "T1", BotToken: "xoxb-1"})
	defer edge.stop()
	now := time.Now()
	tab := edge.homes.opened("U1", "T1", &commands.Reply{Cluster: "prod"}, now)
	for after, stands := range map[time.Duration]bool{time.Second: true, homeAnswered + time.Second: false} {
		tab.answer, tab.answered = &commands.Reply{Cluster: "prod"}, now
		if _, answer := edge.homes.publishing(tab, now.Add(after)); (answer != nil) != stands {
			t.Errorf("after %s: %v", after, answer)
		}
	}
	edge.homes.opened("U1", "T1", nil, now)
	if _, answer := edge.homes.publishing(tab, now); answer != nil {
		t.Error("who comes anew sees an old answer")
	}
}
