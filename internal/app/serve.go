package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cordon/filters"
	"cordon/store"
	"cordon/store/server"
)

// stopTime is how long stopping may take: less than the 5 s after which a supervisor loses patience.
const stopTime = 4500 * time.Millisecond

// Serve runs the bot until ctx ends and stops it in less than 5 s.
func Serve(ctx context.Context, options Options) error {
	app, err := Start(ctx, options)
	if err != nil {
		return err
	}
	<-ctx.Done()
	app.log.Info("stopping: new commands are refused, running ones finished")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return app.Stop(stopping)
}

// startRedis opens the configured Redis, or starts one of our own. It waits for a Redis that does not answer yet.
func (a *App) startRedis(ctx context.Context) error {
	directory := a.options.Config.DataDir
	held, err := holdDirectory(directory)
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	a.down.add("data_dir", time.Second, func(context.Context) error { return held.Close() })
	if a.replica, err = replicaName(directory); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	settings := store.Config{
		URL: a.options.Config.Redis.URL, Password: a.options.Secrets.RedisPassword.Reveal(), DataDir: directory, Replica: a.replica,
		Dialer: a.options.Dialer, Logger: a.log,
	}
	if settings.URL == "" && a.options.Dialer == nil {
		if settings.URL, err = a.startRedisServer(ctx, directory); err != nil {
			return err
		}
	}
	if settings.CA, err = readOptional(a.options.Config.Redis.CAFile); err != nil {
		return fmt.Errorf("redis.ca_file: %w", err)
	}
	return a.openRedis(ctx, settings)
}

func (a *App) startRedisServer(ctx context.Context, directory string) (string, error) {
	child, err := server.Start(ctx, filepath.Join(directory, "redis"), a.log)
	if err != nil {
		return "", err
	}
	a.log.Info("no redis is configured: a redis-server of our own keeps the state, right for one replica", "socket", child.Socket)
	a.down.add("redis-server", 2*time.Second, func(context.Context) error { child.Stop(); return nil })
	return child.URL(), nil
}

// openRedis tries until Redis answers: a bot that is started beside it must not need an order. What is wrong for good,
// such as an eviction policy, ends it.
func (a *App) openRedis(ctx context.Context, settings store.Config) error {
	for {
		opened, err := store.Open(ctx, settings)
		if err == nil {
			a.redis = opened
			a.down.add("Redis", time.Second, func(context.Context) error { opened.Close(); return nil })
			return nil
		}
		if filters.CodeOf(err) != filters.Unavailable {
			return fmt.Errorf("redis: %w", err)
		}
		a.log.Warn("waiting for Redis", "error", err)
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

func readOptional(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	return os.ReadFile(file)
}
