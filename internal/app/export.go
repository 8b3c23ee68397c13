package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cordon/filters"
	"cordon/internal/config"
	"cordon/internal/ctl"
	"cordon/internal/secret"
	"cordon/store"
)

// exportTime bounds how long Redis is asked before the witness is read in its place.
const exportTime = 3 * time.Second

// Export finds what we withhold in a cluster: from Redis if it answers, else from the last witness. A witness that is
// named is read whatever Redis says. Only Redis's password is needed of the secrets.
func Export(ctx context.Context, file, cluster, witness string, log *slog.Logger) (*ctl.Export, error) {
	settings, password, err := config.LoadWithoutSecrets(file)
	if err != nil {
		return nil, err
	}
	if cluster, err = onlyCluster(settings, cluster); err != nil {
		return nil, err
	}
	masters := settings.Clusters[cluster].Masters
	if witness == "" && settings.Redis.URL != "" {
		found, err := askRedis(ctx, settings, password, cluster)
		if err == nil {
			return exported(found, masters, "Redis"), nil
		}
		log.Warn("Redis does not answer: the last witness is read in its place", "error", err)
	}
	directory := settings.DataDir
	if witness != "" {
		directory, cluster = filepath.Dir(witness), strings.TrimSuffix(filepath.Base(witness), ".witness.json")
	}
	found, err := store.ReadWitness(directory, cluster)
	if err != nil {
		return nil, fmt.Errorf("no witness in %s: %w", directory, err)
	}
	return exported(found, masters, "the last witness"), nil
}

func exported(found store.Witness, masters []string, source string) *ctl.Export {
	return &ctl.Export{Cluster: found.Cluster, Masters: masters, Source: source, AsOf: found.WrittenAt, Filters: found.Filters, Ledger: found.Ledger}
}

func onlyCluster(settings config.Config, name string) (string, error) {
	names := slices.Sorted(maps.Keys(settings.Clusters))
	switch {
	case name == "" && len(names) == 1:
		return names[0], nil
	case slices.Contains(names, name):
		return name, nil
	}
	return "", &filters.Error{Code: filters.Invalid, Wrong: "no cluster `" + name + "` is configured", Expected: "--cluster with one of " + strings.Join(names, ", ")}
}

func askRedis(ctx context.Context, settings config.Config, password secret.Value, cluster string) (store.Witness, error) {
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	certificates, err := readOptional(settings.Redis.CAFile)
	if err != nil {
		return store.Witness{}, err
	}
	redis, err := store.Open(ctx, store.Config{URL: settings.Redis.URL, Password: password.Reveal(), CA: certificates, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return store.Witness{}, err
	}
	defer redis.Close()
	return redis.Cluster(cluster).Export(ctx)
}
