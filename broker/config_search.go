package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sekimori/broker/keys"
	"sekimori/recordings/search"
)

// SearchOff is the value of recordings.search that switches searches off: no text of recordings is indexed.
const SearchOff = "off"

// SearchDir is where the index for searches lies; empty: searches are off.
func (c Config) SearchDir() string {
	switch c.Recordings.Search {
	case SearchOff:
		return ""
	case "":
		return c.defaultSearchDir()
	}
	return c.Recordings.Search
}

// defaultSearchDir is where the index lies unless the file names another place.
func (c Config) defaultSearchDir() string { return filepath.Join(c.DataDir, "search") }

// openSearch opens the index for searches. nil: searches are off. What they left below the data directory is removed then, because no
// disposal would reach it; an index that lay elsewhere is the operator's to remove.
func (c Config) openSearch(ring *keys.Ring) (*search.Index, error) {
	if dir := c.SearchDir(); dir != "" {
		return search.Open(search.Options{Dir: dir, Seal: ring.Seal, Unseal: ring.Unseal})
	}
	dir := c.defaultSearchDir()
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	left, err := search.Open(search.Options{Dir: dir, Seal: ring.Seal, Unseal: ring.Unseal})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(left.Clear(), left.Close()); err != nil {
		return nil, fmt.Errorf("remove the index of searches that are off: %w", err)
	}
	return nil, nil
}

// paths are the files and directories of the group.
func (r *RecordingsConfig) paths() []*string {
	if r.Search == SearchOff {
		return nil
	}
	return []*string{&r.Search}
}
