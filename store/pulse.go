package store

type memory struct{}
type witnessFile struct{}
