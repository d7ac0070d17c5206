package recordings_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"sekimori/recordings"
)

var golden = flag.Bool("golden", false, "make the golden files that do not exist yet; existing ones are never rewritten")

// "recording made by an older version … opens for ever (golden files)".
func TestRecordingsOfEveryVersionOpen(t *testing.T) {
	if *golden {
		makeGolden(t, "v1")
	}
	dirs, err := filepath.Glob("testdata/v*")
	must(t, err)
	if len(dirs) != recordings.Version {
		t.Fatalf("golden files of %d versions, want %d", len(dirs), recordings.Version)
	}
	for _, dir := range dirs {
		for _, name := range []string{"closed", "crashed"} {
			t.Run(filepath.Base(dir)+"/"+name, func(t *testing.T) {
				path := filepath.Join(dir, name+".skr")
				rep, err := recordings.Verify(path)
				must(t, err)
				if rep.End.Cause != theEnd.Cause || rep.Digest.Crashed != (name == "crashed") {
					t.Errorf("%+v", rep)
				}
				got, err := readAll(open(t, path, identity(t, dir, "viewing"), identity(t, dir, "offline")))
				if err != io.EOF {
					t.Fatal(err)
				}
				want, err := os.ReadFile(filepath.Join(dir, "frames.txt"))
				must(t, err)
				if strings.Join(got, "\n")+"\n" != string(want) {
					t.Errorf("other frames:\n%s", strings.Join(got, "\n"))
				}
			})
		}
	}
}

func identity(t *testing.T, dir, name string) age.Identity {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name+".key"))
	must(t, err)
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	must(t, err)
	return ids[0]
}

func makeGolden(t *testing.T, version string) {
	dir := filepath.Join("testdata", version)
	if _, err := os.Stat(dir); err == nil {
		return
	}
	must(t, os.MkdirAll(dir, 0o755))
	k := newKeys(t)
	must(t, os.WriteFile(filepath.Join(dir, "viewing.key"), []byte(k.viewing.String()+"\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "offline.key"), []byte(k.offline.String()+"\n"), 0o644))
	path, _, b := finished(t, k)
	must(t, os.WriteFile(filepath.Join(dir, "closed.skr"), b, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "crashed.skr"), sealedAfterCrash(t, k), 0o644))
	lines, err := readAll(open(t, path, k.viewing, k.offline))
	if err != io.EOF {
		t.Fatal(err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "frames.txt"), []byte(strings.Join(lines, "\n")+"\n"), 0o644))
}
