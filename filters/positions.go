package filters

import "hash/maphash"

// positions finds the places of an array by a text that each has: an open hash table of four bytes a slot, where a map would hold
// every text once more, in six times the room.
type positions struct {
	seed  maphash.Seed
	slots []int32 // 1 + a position; 0: free. A power of two, and never full
}

// newPositions returns an index with room for so many texts.
func newPositions(count int) positions {
	size := 1
	for size < count+count/2+1 {
		size *= 2
	}
	return positions{maphash.MakeSeed(), make([]int32, size)}
}

// slot returns where the text's position is, or where it belongs; is tells whether a position has the text.
func (p *positions) slot(text string, is func(position int32) bool) *int32 {
	mask := uint64(len(p.slots) - 1)
	for at := maphash.String(p.seed, text) & mask; ; at = (at + 1) & mask {
		if slot := &p.slots[at]; *slot == 0 || is(*slot-1) {
			return slot
		}
	}
}
