//go:build race

package scheduler

func init() { share = 10 }
