package store

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// The scripts; each file says what its KEYS, ARGV and return values are.
var (
	//go:embed lua/commit.lua
	commitSource string
	//go:embed lua/acquire.lua
	acquireSource string
	//go:embed lua/renew.lua
	renewSource string
	//go:embed lua/publish.lua
	publishSource string
	//go:embed lua/notices.lua
	noticesSource string
	//go:embed lua/seal.lua
	sealSource string
	//go:embed lua/trim.lua
	trimSource string
	//go:embed lua/prune.lua
	pruneSource string
	//go:embed lua/found.lua
	foundSource string
	//go:embed lua/unstage.lua
	unstageSource string
	//go:embed lua/witness.lua
	witnessSource string

	commitScript  = redis.NewScript(commitSource)
	acquireScript = redis.NewScript(acquireSource)
	renewScript   = redis.NewScript(renewSource)
	publishScript = redis.NewScript(publishSource)
	noticesScript = redis.NewScript(noticesSource)
	sealScript    = redis.NewScript(sealSource)
	trimScript    = redis.NewScript(trimSource)
	pruneScript   = redis.NewScript(pruneSource)
	foundScript   = redis.NewScript(foundSource)
	unstageScript = redis.NewScript(unstageSource)
	witnessScript = redis.NewScript(witnessSource)
)

// reply is what a script returned: a word, Redis TIME in ms, and what its file says follows.
type reply []any

func (r reply) word() string { return r.text(0) }

func (r reply) text(i int) string {
	if i >= len(r) {
		return ""
	}
	switch value := r[i].(type) {
	case string:
		return value
	case int64:
		return strconv.FormatInt(value, 10)
	}
	return ""
}

func (r reply) number(i int) int64 {
	number, _ := strconv.ParseInt(r.text(i), 10, 64)
	return number
}

func (r reply) at() time.Time { return time.UnixMilli(r.number(1)).UTC() }

// run runs one of the small scripts.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, arguments ...any) (reply, error) {
	sent := time.Now()
	answer, err := script.Run(ctx, s.redis.client, keys, arguments...).Slice()
	if err != nil {
		return nil, s.redis.fault(err)
	}
	replied := reply(answer)
	s.redis.clock.observe(sent, time.Now(), replied.at())
	switch replied.word() {
	case "STALE":
		return replied, ErrStale
	case "":
		return nil, s.redis.fault(fmt.Errorf("a script answered %v", answer))
	}
	return replied, nil
}
