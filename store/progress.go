package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cordon/filters"
)

// parseProgress reads an operation's counters, and when they were last changed.
func parseProgress(text string, into *filters.Progress) (touched time.Time, err error) {
	var at int64
	if _, err = fmt.Sscan(text, &at, &into.Recorded, &into.Accepted, &into.Verified, &into.Failed); err != nil {
		return time.Time{}, &filters.Error{Code: filters.Internal, Wrong: "what Redis holds about operation `" + into.Operation + "` cannot be read", Cause: err}
	}
	return time.UnixMilli(at).UTC(), nil
}

func parseCounts(counts map[string]string) (total int, racks map[string]int) {
	racks = map[string]int{}
	for field, text := range counts {
		number, _ := strconv.Atoi(text)
		if rack, ok := strings.CutPrefix(field, "rack "); !ok {
			total = number
		} else if number != 0 {
			racks[rack] = number
		}
	}
	return total, racks
}
