// Package poster keeps the channel's messages true: it reads the journal and brings the root message of every subject
// that the journal touched up to date.
//
// It runs on the leader. Notices (what is to be shown, and where) and the cursor in the journal move together in one
// fenced write, before anything is posted: losing is not possible, posting twice only after a crash, and then once.
package poster
