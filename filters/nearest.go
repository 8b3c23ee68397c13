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

// edits counts the bytes that are added, left out, exchanged, or swapped with their neighbour.
func edits(a, b string) int {
	width := len(b) + 1
	rows := make([]int, 3*width)
	before, above, row := rows[:width], rows[width:2*width], rows[2*width:]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, above[j+1]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
