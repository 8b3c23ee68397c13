// Package preview says beforehand what windows will do: what opens when and for whom, where clocks jump, windows meet and
// freezes lie, and how much of the cluster remains.
//
// It is made of the same schedules and targets that the scheduler acts on, and of a saved state of the cluster where there
// is one. It foretells nobody's commands: pauses, skips, windows of chat and people's own filters are not in it.
package preview
