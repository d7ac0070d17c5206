package recordings_test

import (
	"errors"
	"os"
	"testing"

	"sekimori/recordings"
)

func TestSpace(t *testing.T) {
	dir := t.TempDir()
	if free, err := recordings.Space(dir); err != nil || free == 0 {
		t.Errorf("%d %v", free, err)
	}
	if _, err := recordings.Space(dir + "/none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
