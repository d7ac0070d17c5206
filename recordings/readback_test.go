package recordings_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekimori/recordings"
)

// TestAttackALiveRecordingIsChanged: the newest segment is read back under the recording's name, as it was written, and every change of it is
// noticed.
func TestAttackALiveRecordingIsChanged(t *testing.T) {
	k := newKeys(t)
	for name, c := range map[string]struct {
		change func(path string) error
		want   error // nil: it holds
	}{
		"nothing":       {func(string) error { return nil }, nil},
		"cut by a byte": {func(path string) error { return cut(path, 1) }, recordings.ErrNotAsWritten},
		"one byte": {func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[len(b)-20]++
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		}, recordings.ErrNotAsWritten},
		"a byte of the check": {func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[len(b)-1]++
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		}, recordings.ErrNotAsWritten},
		"emptied": {func(path string) error { return os.Truncate(path, 0) }, recordings.ErrNotAsWritten},
		"removed": {os.Remove, fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "one.skr")
			w, err := recordings.Create(path, header(), k.options())
			must(t, err)
			must(t, w.ReadBack())
			for _, s := range []recordings.Stream{recordings.Stdout, recordings.Stdin, recordings.Stdout} {
				must(t, w.Data(0, s, []byte(strings.Repeat("some text ", 40))))
				must(t, w.ReadBack())
			}
			must(t, c.change(path))
			if err := w.ReadBack(); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			_, _ = w.Close(theEnd)
			must(t, w.ReadBack())
		})
	}
}

// cut shortens a file.
func cut(path string, by int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()-by)
}
