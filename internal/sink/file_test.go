package sink

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func some(from, to int) (entries []Entry) {
	for i := from; i < to; i++ {
		id := fmt.Sprintf("1790000000%03d-0", i)
		entries = append(entries, Entry{id, []byte(`{"id":"` + id + `","reason":"` + strings.Repeat("x", i%7) + `"}`)})
	}
	return entries
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func joined(entries []Entry) string {
	var text strings.Builder
	for _, entry := range entries {
		text.Write(entry.Line)
		text.WriteByte('\n')
	}
	return text.String()
}

// Wherever a crash cut the file, it holds whole lines after the next batch, and none of those before the cut is lost.
func TestAHalfLineIsMended(t *testing.T) {
	directory := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		file := &File{Path: filepath.Join(directory, "prod.jsonl")}
		_ = os.Remove(file.Path)
		before := some(0, rapid.IntRange(1, 20).Draw(r, "entries"))
		if err := file.Take(t.Context(), before); err != nil {
			r.Fatal(err)
		}
		whole := joined(before)
		cut := rapid.IntRange(0, len(whole)).Draw(r, "cut")
		if err := os.Truncate(file.Path, int64(cut)); err != nil {
			r.Fatal(err)
		}
		if err := file.Take(t.Context(), before); err != nil {
			r.Fatal(err)
		}
		kept := whole[:strings.LastIndexByte(whole[:cut], '\n')+1]
		if diff := cmp.Diff(kept+whole, read(t, file.Path)); diff != "" {
			r.Fatal(diff)
		}
	})
}

func TestAFileIsSetAsideBySize(t *testing.T) {
	file := &File{Path: filepath.Join(t.TempDir(), "prod.jsonl"), RotateAt: 200, Keep: 2}
	var all string
	for i := range 40 {
		if err := file.Take(t.Context(), some(i, i+1)); err != nil {
			t.Fatal(err)
		}
		all += joined(some(i, i+1))
	}
	aside, _ := filepath.Glob(file.Path + ".*")
	slices.Sort(aside)
	if len(aside) != 2 {
		t.Fatalf("set aside are %v", aside)
	}
	kept := read(t, aside[0]) + read(t, aside[1]) + read(t, file.Path)
	if !strings.HasSuffix(all, kept) || len(kept) < 400 {
		t.Errorf("kept are %d bytes of %d, and not the last", len(kept), len(all))
	}
	if last := some(0, 40)[lines(all)-lines(read(t, file.Path))-1].ID; !strings.HasSuffix(aside[1], last) {
		t.Errorf("%s does not name its last entry %s", aside[1], last)
	}
}

func lines(text string) int { return strings.Count(text, "\n") }

func TestAFileThatCannotBeWrittenIsSaidSo(t *testing.T) {
	directory := t.TempDir()
	strange := filepath.Join(directory, "strange")
	if err := os.WriteFile(strange, make([]byte, tailMost+10), 0o600); err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(directory, "held")
	other, err := os.Create(held)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(directory, "none", "x"): "no such file", directory: "is a directory", strange: "not ours", held: "another process",
	} {
		err := (&File{Path: path}).Take(t.Context(), some(0, 1))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), directory) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
