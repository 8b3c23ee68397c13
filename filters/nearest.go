package filters

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns at most n hostnames that are near the name, nearest first; none that is not.
func (r *Roster) Nearest(name string, n int) []string {
	return Nearest(name, r.Hostnames(), n)
}

// Nearest returns at most n of the candidates that are at most a third of the name's length away in edits, nearest
// first.
func Nearest(name string, candidates []string, n int) []string {
	type near struct {
		name     string
		distance int
	}
	name = strings.ToLower(name)
	reach := max(1, len(name)/3)
	var found []near
	for _, candidate := range candidates {
		if len(candidate)-len(name) > reach || len(name)-len(candidate) > reach {
			continue
		}
		if distance := edits(name, strings.ToLower(candidate)); distance <= reach {
			found = append(found, near{candidate, distance})
		}
	}
	slices.SortFunc(found, func(a, b near) int { return cmp.Or(a.distance-b.distance, strings.Compare(a.name, b.name)) })
	names := make([]string, 0, n)
	for _, near := range found[:min(n, len(found))] {
		names = append(names, near.name)
	}
	return names
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
