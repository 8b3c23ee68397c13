package sim

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Ready is what another program needs to drive a demo (issue 3, "bot demo").
// It holds secrets of the simulated workspace: never log it.
type Ready struct {
	Page          string            `json:"page"`
	Bot           string            `json:"bot"`
	Masters       []string          `json:"masters"`
	SlackAPI      string            `json:"slack_api"`
	SigningSecret string            `json:"signing_secret"`
	APIToken      string            `json:"api_token"`
	TeamID        string            `json:"team_id"`
	ChannelID     string            `json:"channel_id"`
	Users         map[string]string `json:"users"`
	// MarathonURL and BatchURL are where the frameworks marathon and batch have tasks moved.
	MarathonURL string `json:"marathon_url"`
	BatchURL    string `json:"batch_url"`
	// BotToken and AppToken are for a bot outside of this process (bot sim).
	BotToken string `json:"bot_token,omitempty"`
	AppToken string `json:"app_token,omitempty"`
	// WebhookURL restarts the agent that a signed call names; for a bot outside.
	WebhookURL    string `json:"webhook_url,omitempty"`
	WebhookSecret string `json:"webhook_secret,omitempty"`
}

// WriteReady writes ready to path as a whole or not at all, readable by its
// owner only. Call it last: who waits for the file relies on everything in it.
func WriteReady(path string, ready Ready) error {
	data, err := json.MarshalIndent(ready, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".ready-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}
