package broker

import "path/filepath"

// SearchOff is the value of recordings.search that switches searches off: no text of recordings is indexed.
const SearchOff = "off"

// SearchDir is where the index for searches lies; empty: searches are off.
func (c Config) SearchDir() string {
	switch c.Recordings.Search {
	case SearchOff:
		return ""
	case "":
		return filepath.Join(c.DataDir, "search")
	}
	return c.Recordings.Search
}

// paths are the files and directories of the group.
func (r *RecordingsConfig) paths() []*string {
	if r.Search == SearchOff {
		return nil
	}
	return []*string{&r.Search}
}
