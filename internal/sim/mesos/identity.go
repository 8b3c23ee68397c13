package mesos

import (
	"crypto/rand"
	"fmt"
)

// uuid is a random (version 4) UUID's 16 bytes.
func uuid() []byte {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails: crypto/rand aborts the program instead
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

func uuidText() string {
	id := uuid()
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
