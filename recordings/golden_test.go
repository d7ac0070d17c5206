package recordings_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"sekimori/recordings"
)

// everySegment records what makes a segment of each type: short and long output and input.
func everySegment(t testing.TB, w *recordings.Writer) {
	t.Helper()
	story(t, w)
	must(t, w.Data(1, recordings.Stdin, bytes.Repeat([]byte("UPDATE kyuyo SET kingaku = kingaku + 1;\n"), 60)))
}

// The golden recording of hybrid keys has every type of segment, and opens for ever by its header and by its keys file.
func TestHybridGoldenOpensForEver(t *testing.T) {
	dir := filepath.Join("testdata", "v1")
	path := filepath.Join(dir, "hybrid.skr")
	if _, err := os.Stat(path); *golden && err != nil {
		makeHybrid(t, dir, path)
	}
	b, err := os.ReadFile(path)
	must(t, err)
	if got := recordings.SegmentTypes(t, b); !slices.Equal(got, []byte{0x01, 0x02, 0x04, 0x81, 0x82}) {
		t.Errorf("types of segments %#x", got)
	}
	want, err := os.ReadFile(filepath.Join(dir, "hybrid.txt"))
	must(t, err)
	for _, names := range [][]string{{"hybrid", "hybrid-offline"}, {"further", "hybrid-offline"}} {
		var ids []age.Identity
		for _, name := range names {
			ids = append(ids, identity(t, dir, name))
		}
		got, err := readAll(open(t, path, ids...))
		if err != io.EOF || strings.Join(got, "\n")+"\n" != string(want) {
			t.Errorf("%v: %v, other frames:\n%s", names, err, strings.Join(got, "\n"))
		}
	}
}

func makeHybrid(t *testing.T, dir, path string) {
	t.Helper()
	keep := func(name string, id *age.HybridIdentity) {
		must(t, os.WriteFile(filepath.Join(dir, name+".key"), []byte(id.String()+"\n"), 0o644))
	}
	viewing, err := age.GenerateHybridIdentity()
	must(t, err)
	offline, err := age.GenerateHybridIdentity()
	must(t, err)
	further, err := age.GenerateHybridIdentity()
	must(t, err)
	keep("hybrid", viewing)
	keep("hybrid-offline", offline)
	keep("further", further)
	o := newKeys(t).options()
	o.OutputTo, o.InputTo = []age.Recipient{viewing.Recipient()}, []age.Recipient{offline.Recipient()}
	w, err := recordings.Create(path, header(), o)
	must(t, err)
	everySegment(t, w)
	_, err = w.Close(theEnd)
	must(t, err)
	_, err = recordings.Share(path, nil, header().Session, fmt.Sprint(further.Recipient()), viewing)
	must(t, err)
	lines, err := readAll(open(t, path, viewing, offline))
	if err != io.EOF {
		t.Fatal(err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "hybrid.txt"), []byte(strings.Join(lines, "\n")+"\n"), 0o644))
}
