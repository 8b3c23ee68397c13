package harness

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Delivery is what Slack delivers over HTTP, a slash command unless it has a body of its own, and what a forger may change of it.
type Delivery struct {
	User, Text, Trigger string
	Team                string // default: the workspace's
	ResponseURL         string
	Secret              string    // default: the workspace's
	At                  time.Time // of the signature; default: now
	Unsigned            bool
	ContentType         string // default: a form's
	Body                string // default: the form of the fields above
	Path                string // default: that of slash commands
}

// Deliver sends the delivery to the bot.
func (b *Bot) Deliver(workspace Ready, d Delivery) (status int, text string) {
	b.t.Helper()
	status, text = b.TryDeliver(workspace, d)
	if status == 0 {
		b.t.Errorf("no answer to %q: %s", d.Text, text)
	}
	return status, text
}

// TryDeliver sends the delivery to the bot and returns status 0 if it is not answered.
func (b *Bot) TryDeliver(workspace Ready, d Delivery) (status int, text string) {
	if d.Body == "" {
		d.Body = d.form(workspace).Encode()
	}
	if d.ContentType == "" {
		d.ContentType = "application/x-www-form-urlencoded"
	}
	headers := map[string]string{"Content-Type": d.ContentType}
	if !d.Unsigned {
		d.sign(headers, workspace)
	}
	status, _, text = Try(Request{Method: http.MethodPost, URL: b.URL + cmp.Or(d.Path, "/slack/commands"), Body: d.Body, Headers: headers})
	return status, text
}

func (d *Delivery) form(workspace Ready) url.Values {
	team := d.Team
	if team == "" {
		team = workspace.TeamID
	}
	return url.Values{
		"team_id": {team}, "channel_id": {workspace.ChannelID}, "user_id": {workspace.Users[d.User]}, "user_name": {d.User},
		"command": {"/mesos"}, "text": {d.Text}, "trigger_id": {d.Trigger}, "response_url": {d.ResponseURL},
	}
}

// sign makes Slack's v0 signature: https://docs.slack.dev/authentication/verifying-requests-from-slack.
func (d *Delivery) sign(headers map[string]string, workspace Ready) {
	secret, at := d.Secret, d.At
	if secret == "" {
		secret = workspace.SigningSecret
	}
	if at.IsZero() {
		at = time.Now()
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":" + d.Body))
	headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"] = stamp, "v0="+hex.EncodeToString(mac.Sum(nil))
}
