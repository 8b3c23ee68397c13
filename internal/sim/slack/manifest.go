package slack

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Manifest is what the workspace needs of an app's manifest (https://docs.slack.dev/reference/app-manifest).
type Manifest struct {
	Scopes     []string // of the bot
	Events     []string // subscriptions
	Commands   []string // such as "/mesos"
	Escape     bool     // the first command has escaping on
	SocketMode bool
	HomeTab    bool
}

// ReadManifest reads an app's manifest in YAML or JSON.
func ReadManifest(data []byte) (Manifest, error) {
	var document struct {
		Features struct {
			Commands []struct {
				Command string `yaml:"command"`
				Escape  bool   `yaml:"should_escape"`
			} `yaml:"slash_commands"`
			Home struct {
				Tab bool `yaml:"home_tab_enabled"`
			} `yaml:"app_home"`
		} `yaml:"features"`
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
		Settings struct {
			Events struct {
				Bot []string `yaml:"bot_events"`
			} `yaml:"event_subscriptions"`
			SocketMode bool `yaml:"socket_mode_enabled"`
		} `yaml:"settings"`
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		return Manifest{}, fmt.Errorf("app manifest: %w", err)
	}
	manifest := Manifest{Scopes: document.OAuth.Scopes.Bot, Events: document.Settings.Events.Bot, SocketMode: document.Settings.SocketMode}
	manifest.HomeTab = document.Features.Home.Tab
	for _, command := range document.Features.Commands {
		manifest.Commands = append(manifest.Commands, command.Command)
	}
	if len(document.Features.Commands) > 0 {
		manifest.Escape = document.Features.Commands[0].Escape
	}
	if manifest.Scopes == nil {
		manifest.Scopes = []string{}
	}
	return manifest, nil
}

// Apply gives an app of the workspace what the manifest says, and no more.
func (m Manifest) Apply(config Config) Config {
	config.Scopes, config.Events, config.Escape, config.HomeTab = m.Scopes, m.Events, m.Escape, m.HomeTab
	if len(m.Commands) > 0 {
		config.Command = m.Commands[0]
	}
	return config
}
