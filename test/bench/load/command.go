package load

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Sender is who types commands, and in which workspace.
type Sender struct {
	Team, Channel, User, SigningSecret string
	ResponseURL                        string
}

// Command makes a slash command as Slack delivers it over HTTP, with all the fields that Slack sends and its signature v0
// of this moment (docs.slack.dev: "Verifying requests from Slack"); servers believe it for five minutes. The trigger must
// be another one each time: it is what a bot tells a repeated delivery by.
func (s Sender) Command(text, trigger string) []byte {
	form := url.Values{
		"token": {"gIkuvaNzQIHg97ATvDxqgjtO"}, "team_id": {s.Team}, "team_domain": {"example"}, "channel_id": {s.Channel}, "channel_name": {"ops"},
		"user_id": {s.User}, "user_name": {"alice"}, "command": {"/mesos"}, "text": {text}, "api_app_id": {"A0CORDON"},
		"is_enterprise_install": {"false"}, "response_url": {s.ResponseURL}, "trigger_id": {trigger},
	}.Encode()
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.SigningSecret))
	mac.Write([]byte("v0:" + at + ":" + form))
	return fmt.Appendf(nil, "POST /slack/commands HTTP/1.1\r\nHost: bot.example.com\r\nUser-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"+
		"Accept-Encoding: gzip,deflate\r\nAccept: application/json,*/*\r\nX-Slack-Signature: v0=%s\r\nX-Slack-Request-Timestamp: %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", hex.EncodeToString(mac.Sum(nil)), at, len(form), form)
}
