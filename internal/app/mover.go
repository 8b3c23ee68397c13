package app

import (
	"crypto/tls"
	"fmt"

	"cordon/filters/marathon"
	"cordon/filters/mesos"
	"cordon/internal/config"
)

// buildMover makes what looks at the cluster's agents themselves, and what asks its frameworks to move their tasks.
func (a *App) buildMover(name string, cluster config.Cluster) (*mesos.Agents, *marathon.Mover, error) {
	secrets, settings := a.options.Secrets, cluster.Agents
	trusted, err := trusting(settings.CAFile)
	if err != nil {
		return nil, nil, fmt.Errorf("agents: ca_file: %w", err)
	}
	agents := mesos.NewAgents(mesos.AgentsConfig{
		Scheme: settings.Scheme, Principal: settings.Principal, Secret: secrets.Agents[name], TLS: trusted,
	})
	frameworks := map[string]marathon.Framework{}
	for framework, settings := range cluster.Frameworks {
		if trusted, err = trusting(settings.CAFile); err != nil {
			return nil, nil, fmt.Errorf("frameworks: %s: ca_file: %w", framework, err)
		}
		frameworks[framework] = marathon.Framework{
			Kind: marathon.Kind(settings.Kind), URL: settings.URL, Username: settings.Username, TLS: trusted,
			Secret: secrets.Frameworks[name][framework], Token: secrets.FrameworkTokens[name][framework],
		}
	}
	mover, err := marathon.New(frameworks)
	return agents, mover, err
}

// trusting returns what a server's certificate is checked against; nil: the system's authorities.
func trusting(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nothing is configured
	}
	pool, err := certificates(file)
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
