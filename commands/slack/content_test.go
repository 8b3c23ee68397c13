package slack

import (
	"testing"

	"cordon/commands"

	slackgo "github.com/slack-go/slack"
)

// Nothing in a message's fallback is read as markup, turned into links or unfurled, whatever people wrote (invariant 12).
func TestTheFallbackIsInert(t *testing.T) {
	lines := []commands.Line{commands.Say("for <!channel> *kernel* https://evil.example #general @here")}
	_, form, err := slackgo.UnsafeApplyMsgOptions("token", "C1", "https://slack.example/api/", content(lines, nil)...)
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"mrkdwn": "false", "parse": "none", "unfurl_links": "false", "unfurl_media": "false",
		"text": "for &lt;!channel&gt; *kernel* https://evil.example #general @here",
	} {
		if got := form.Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
}
