package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cordon/filters"
)

// commitChunks writes a change that is too large for one script: every chunk but the last is staged, the last puts all
// in force. A repeat of the request goes on where it stopped. A change that is refused on the way is taken back at once;
// one whose writer died is taken back by Tidy, and is hidden until then.
func (s *Store) commitChunks(ctx context.Context, c *change, commit *filters.Commit) (filters.Receipt, error) {
	if commit.Request == "" {
		commit.Request = "once:" + randomHex(16)
	}
	// Filters that end go first, so that a limit counts them as gone.
	slices.SortStableFunc(c.records, func(a, b record) int { return cmp.Compare(weight(a.stands), weight(b.stands)) })
	stage, receipt := stageStem(commit.Request), filters.Receipt{}
	for _, part := range c.pieces() {
		part.stage = stage
		answer, err := s.deliver(ctx, c, commit, part)
		if err != nil {
			s.takeBack(ctx, stage, err)
			return filters.Receipt{}, err
		}
		at := 2
		switch answer.word() {
		case "REPEATED":
			return parseReceipt(answer.text(2)), nil
		case "STORED":
			stage = answer.text(2)
			continue
		case "STAGED":
			stage, at = answer.text(2), 3
		}
		receipt.At = answer.at()
		for i, event := range c.events[part.events.from:part.events.to] {
			event.ID, event.At = answer.text(at+i), answer.at()
			receipt.Events = append(receipt.Events, event)
		}
	}
	return receipt, nil
}

func weight(stands bool) int {
	if stands {
		return 1
	}
	return 0
}

// pieces cuts records and events into the same number of chunks.
func (c *change) pieces() []piece {
	chunks := (max(len(c.records), len(c.events)) + chunkMost - 1) / chunkMost
	pieces := make([]piece, chunks)
	for i := range pieces {
		pieces[i] = piece{
			number: i + 1, of: chunks,
			records: span{len(c.records) * i / chunks, len(c.records) * (i + 1) / chunks},
			events:  span{len(c.events) * i / chunks, len(c.events) * (i + 1) / chunks},
		}
	}
	return pieces
}

// takeBack undoes the chunks before one that was refused. Where it fails, Tidy does it later.
func (s *Store) takeBack(ctx context.Context, stage string, refused error) {
	if filters.CodeOf(refused) == filters.Unconfirmed || !strings.Contains(stage, ".") {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.redis.config.Timeout)
	defer cancel()
	if err := s.unstage(ctx, stage); err != nil {
		s.log.Warn("a plan that was refused half-way is not taken back yet; it is not in force", "stage", stage, "error", err)
	}
}
