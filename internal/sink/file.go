package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cordon/filters"
)

// File appends entries to a file, a line each, and syncs each batch. One that has grown to RotateAt bytes is set aside under
// its name, a dot and the ID of the last entry in it, and of those the newest Keep stay.
type File struct {
	Path     string
	RotateAt int64 // bytes; 0: never
	Keep     int   // files that are set aside; 0: all of them
}

// tailMost is how much of a file's end is looked at: no line is longer.
const tailMost = 8 << 20

// Take appends the entries. What a crash left of a line is taken away first; the line comes again.
func (f *File) Take(ctx context.Context, entries []Entry) error {
	file, err := f.open()
	if err != nil {
		return fmt.Errorf("open the file: %w", reasonOf(err))
	}
	defer file.Close() // what was written is synced by then
	size, err := repair(file)
	if err != nil {
		return fmt.Errorf("mend the file's end: %w", reasonOf(err))
	}
	if f.RotateAt > 0 && size >= f.RotateAt {
		if err := f.rotate(file, size); err != nil {
			return fmt.Errorf("set the file aside: %w", reasonOf(err))
		}
		return f.Take(ctx, entries)
	}
	var text bytes.Buffer
	for i := range entries {
		text.Write(entries[i].Line)
		text.WriteByte('\n')
	}
	if _, err := file.Write(text.Bytes()); err != nil {
		return fmt.Errorf("write to the file: %w", errors.Join(reasonOf(err), file.Truncate(size)))
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync the file: %w", reasonOf(err))
	}
	if size == 0 {
		return syncDirectory(f.Path)
	}
	return nil
}

// open opens the file for this process alone.
func (f *File) open() (*os.File, error) {
	file, err := os.OpenFile(f.Path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o640) //nolint:gosec // its group may read it: whatever collects logs
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, errors.New("another process writes to it")
	}
	return file, nil
}

// repair takes away what stands behind the last line end, and returns the size that is left.
func repair(file *os.File) (int64, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return size, err
	}
	tail, err := readTail(file, size, 1)
	if err != nil || tail[0] == '\n' {
		return size, err
	}
	if tail, err = readTail(file, size, tailMost); err != nil {
		return size, err
	}
	whole := size - int64(len(tail)) + int64(bytes.LastIndexByte(tail, '\n')+1)
	if whole == size-int64(len(tail)) && whole > 0 {
		return size, errors.New("its end is not made of lines: it is not ours")
	}
	return whole, file.Truncate(whole)
}

func readTail(file *os.File, size, most int64) ([]byte, error) {
	tail := make([]byte, min(size, most))
	_, err := file.ReadAt(tail, size-int64(len(tail)))
	return tail, err
}

// rotate sets the file aside.
func (f *File) rotate(file *os.File, size int64) error {
	tail, err := readTail(file, size, tailMost)
	if err != nil {
		return err
	}
	aside := f.Path + "." + lastID(tail)
	if _, err := os.Stat(aside); err == nil {
		return errors.New(aside + " is there already")
	}
	if err := errors.Join(os.Rename(f.Path, aside), syncDirectory(f.Path)); err != nil {
		return err
	}
	return f.forget()
}

// lastID is the ID in the last line, which begins with it.
func lastID(tail []byte) string {
	lines := bytes.Split(bytes.TrimRight(tail, "\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(lines[len(lines)-1], []byte(`{"id":"`))
	id, _, found := bytes.Cut(rest, []byte(`"`))
	if !ok || !found || strings.Trim(string(id), "0123456789-") != "" || len(id) == 0 {
		return "unknown"
	}
	return string(id)
}

// forget removes the oldest files that were set aside, beyond Keep.
func (f *File) forget() error {
	if f.Keep <= 0 {
		return nil
	}
	names, err := filepath.Glob(f.Path + ".[0-9]*-*")
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(a, b string) int {
		if filters.After(strings.TrimPrefix(a, f.Path+"."), strings.TrimPrefix(b, f.Path+".")) {
			return -1
		}
		return 1
	})
	var failed error
	for _, name := range names[min(len(names), f.Keep):] {
		failed = errors.Join(failed, os.Remove(name))
	}
	return failed
}

func syncDirectory(path string) error {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// reasonOf is an error of a file without the path, which the sink's name stands for.
func reasonOf(err error) error {
	if known, ok := errors.AsType[*os.PathError](err); ok {
		return known.Err
	}
	return err
}
