package pages

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// looking are the addresses that show a recording's words to people who have begun a look with a purpose. No other does.
var looking = map[string]bool{"/recordings/{id}/cast": true, "/recordings/{id}/parts/{no}": true, "/recordings/{id}/text": true, "/recordings/{id}/summary": true, searchPath: true}

// TestNoPageGivesARecordingOut walks every address of the staff's pages, as people without the right to take recordings out and as an auditor without a purpose:
// no answer has the sealed bytes or is a download of the words, and what a look shows is not to be stored. With role, right and purpose the export has them.
func TestNoPageGivesARecordingOut(t *testing.T) {
	t.Parallel()
	const id, sought, words = "S-20261124-01", "SOUGHT", "WORDS-OF-THE-RECORDING"
	whole := func() (*world, testbed.Contents) {
		w := found(t)
		w.recordedAs(id, func(r *recordings.Writer, pass func(time.Duration)) error {
			pass(time.Second)
			return r.Data(0, recordings.Stdout, []byte(sought+" "+words+"\r\n"))
		})
		w.indexed(id, sought+" "+words)
		sealed, err := os.ReadFile(w.dir + "/" + id + ".skr")
		if err != nil {
			t.Fatal(err)
		}
		return w, testbed.Contents{Clear: []byte(words), Sealed: sealed[len(sealed)/2 : len(sealed)/2+48]}
	}
	shown := map[string]int{}
	walked := []string{"/recordings", "/sessions/{id}", "/ledger", "/forms/{form}", "/incidents", "/reviews/{id}", "/files", "/vendors/{id}/files"}
	people := []string{"head", "mori"}
	if testbed.Whole() {
		people = []string{"head", "ito", "kato", "admin", "deputy", "mori"}
		walked = []string{"/"}
	}
	for _, person := range people {
		w, c := whole() // anew: on the way a person acts, and may lock the next one
		var b *browser
		look, form := "", url.Values{"words": {sought}, "format": {"html"}, "explanation": {"x"}, "damaged": {"true"}, "id": {id}}
		enters := func() {
			b, look = w.as(person), ""
			if person == "mori" { // the auditor comes without a purpose
				return
			}
			form.Set("purpose", "periodic-review")
			if a := b.post("/recordings/"+id, url.Values{"purpose": {"periodic-review"}}); a.status == http.StatusSeeOther {
				_, look, _ = strings.Cut(a.header.Get("Location"), "?")
			}
		}
		enters()
		for _, r := range rows() {
			if r.site != staff || strings.HasPrefix(r.path, "/sign") || strings.HasSuffix(r.path, "/stream") || strings.HasSuffix(r.path, "/picture") {
				continue
			}
			if !slices.ContainsFunc(walked, func(path string) bool { return strings.HasPrefix(r.path, path) }) {
				continue
			}
			at := strings.ReplaceAll(address(r), "/none", "/0")
			asked := []string{"", "?" + form.Encode()}
			if look != "" && strings.HasPrefix(r.path, "/recordings/") {
				asked = append(asked, "?"+look)
			}
			for _, q := range asked {
				var a answer
				if r.method == "POST" {
					if q != "" {
						continue
					}
					a = b.post(at, form)
				} else {
					a = b.get(at + q)
				}
				if a.status == http.StatusUnauthorized {
					enters()
				}
				began := looking[r.path] && look != "" && (q == "?"+look || r.method == "POST" && r.path == searchPath)
				if why := c.Breach(a.header, []byte(a.body), began); why != "" {
					t.Errorf("%s, %s %s%s (%d): %s", person, r.method, r.path, q, a.status, why)
				}
				if began && c.Shown([]byte(a.body)) {
					shown[r.path]++
				}
			}
		}
	}
	if len(shown) < 3 {
		t.Errorf("looks that have begun show the words at %v only: the walk tries nothing", shown)
	}
	w, c := whole()
	a := w.as("mori").post("/recordings/"+id+"/offline", url.Values{"purpose": {"periodic-review"}})
	if why := c.Breach(a.header, []byte(a.body), false); why != "it is a download of the recording's words" {
		t.Errorf("an auditor's export: %d %q", a.status, why)
	}
}
