package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"sekimori/recordings"
)

// FS is the file system of the recordings. OS() is the operating system's; tests inject faults through their own.
type FS interface {
	recordings.FS
	ReadDir(dir string) ([]fs.DirEntry, error)
}

type osFS struct{ recordings.FS }

func (osFS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// OS returns the operating system's file system.
func OS() FS { return osFS{recordings.OS()} }

// ErrLeft means that a name was there again after the removal.
var ErrLeft = errors.New("a name is left")

// Names lists the recording and the files derived from it that are there, below dir, in the order of their names. file is the
// recording's name below dir, as the ledger has it.
func Names(fsys FS, dir, file string) ([]string, error) {
	at, err := place(dir, file)
	if err != nil {
		return nil, err
	}
	all, err := fsys.ReadDir(filepath.Dir(at))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("files of recording %s: %w", file, err)
	}
	var names []string
	for _, e := range all {
		if e.Name() == filepath.Base(at) || Derived(e.Name(), filepath.Base(at)) {
			names = append(names, filepath.ToSlash(filepath.Join(filepath.Dir(filepath.FromSlash(file)), e.Name())))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Derived tells whether a name beside a recording is that of a file derived from it.
func Derived(name, recording string) bool {
	suffix, ok := strings.CutPrefix(name, recording+".")
	return ok && suffix != ""
}

// Orphans lists recordings, below dir, that are gone although files derived from them are there, in the order of their names.
func Orphans(fsys FS, dir string) (files []string, err error) {
	err = orphans(fsys, dir, "", 0, &files)
	slices.Sort(files)
	return slices.Compact(files), err
}

// deepest bounds the directories below that of the recordings: YYYY/MM.
const deepest = 2

func orphans(fsys FS, dir, below string, depth int, files *[]string) error {
	all, err := fsys.ReadDir(filepath.Join(dir, filepath.FromSlash(below)))
	if err != nil {
		return fmt.Errorf("files below %q: %w", below, err)
	}
	here := map[string]bool{}
	for _, e := range all {
		here[e.Name()] = true
	}
	for _, e := range all {
		if e.IsDir() {
			if depth == deepest {
				continue
			}
			if err := orphans(fsys, dir, path.Join(below, e.Name()), depth+1, files); err != nil {
				return err
			}
			continue
		}
		if id, _, ok := strings.Cut(e.Name(), ".skr."); ok && !here[id+".skr"] {
			*files = append(*files, path.Join(below, id+".skr"))
		}
	}
	return nil
}

// place is the path of a recording. A name that leads out of the directory is refused.
func place(dir, file string) (string, error) {
	if file == "" || !filepath.IsLocal(filepath.FromSlash(file)) || !strings.HasSuffix(file, ".skr") {
		return "", fmt.Errorf("%q names no recording", file)
	}
	return filepath.Join(dir, filepath.FromSlash(file)), nil
}

// Remove destroys the keys of a recording and removes it with everything derived from it, in the order that the package's comment gives. It
// returns the names that it removed; those that were gone already are no error. A success means that the directory was read back after its
// sync and holds none of them.
func Remove(fsys FS, dir, file string) (removed []string, err error) {
	names, err := Names(fsys, dir, file)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := destroy(fsys, filepath.Join(dir, filepath.FromSlash(name)), name == file); err != nil {
			return nil, fmt.Errorf("destroy the keys of %s: %w", name, err)
		}
	}
	// The recording goes last: a crash in between leaves the name by which the rest is found.
	slices.SortStableFunc(names, func(a, b string) int { return last(a == file) - last(b == file) })
	for _, name := range names {
		if err := fsys.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fmt.Errorf("remove %s: %w", name, err)
		}
		removed = append(removed, name)
	}
	at, err := place(dir, file)
	if err != nil {
		return removed, err
	}
	if err := fsys.SyncDir(filepath.Dir(at)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return removed, fmt.Errorf("sync the directory of %s: %w", file, err)
	}
	left, err := Names(fsys, dir, file)
	if err != nil {
		return removed, err
	}
	if len(left) > 0 {
		return removed, fmt.Errorf("%s: %w", left[0], ErrLeft)
	}
	return removed, nil
}

func last(is bool) int {
	if is {
		return 1
	}
	return 0
}

// destroy overwrites the keys of a recording, or all of a derived file. No link is followed, and nothing is waited for. A link is removed by
// its name; the file that it leads to is not touched.
func destroy(fsys FS, path string, recording bool) error {
	f, err := fsys.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errors.New("it is no regular file")
	case recording:
		err = recordings.DestroyKeys(f)
	default:
		err = recordings.Overwrite(f)
	}
	return errors.Join(err, f.Close())
}
