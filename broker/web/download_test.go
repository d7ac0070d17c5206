package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// recorded stores a session on hr with a recording that has the words, and gives the bytes of its file.
func (w *world) recorded(id, words string) []byte {
	w.t.Helper()
	var err error
	must := func(e error) { err = errors.Join(err, e) }
	offline, e := age.GenerateX25519Identity()
	must(e)
	started := w.clock()
	path := filepath.Join(w.data, id+".skr")
	r, e := recordings.Create(path, recordings.Header{Session: id, Started: started}, recordings.Options{OutputTo: []age.Recipient{w.server.o.Ring.ViewingRecipient()}, InputTo: []age.Recipient{offline.Recipient()},
		Elapsed: func() time.Duration { return time.Second }})
	if must(e); err != nil {
		w.t.Fatal(err)
	}
	must(r.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	must(r.Data(0, recordings.Stdout, []byte(words+"\r\n")))
	d, e := r.Close(recordings.End{Cause: string(policy.EndedByEngineer), At: started})
	must(e)
	d.File = id + ".skr"
	must(w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, e := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{id}, Payload: map[string]any{"session_id": id, "recording": d}})
		return errors.Join(e,
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-012", Login: "reiji", Name: "例示"}}),
			tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Line: policy.LineNone}}),
			tx.AddSession(store.Session{ID: id, State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: started, Started: started, Ended: started.Add(time.Second), Person: "E-0031", Vendor: "V-012",
				System: "hr", Target: "hr-db", Account: "hr-db/maint", Recording: d.File, RecordingSum: d.SHA256.String(), RecordingSize: d.Size}))
	}))
	file, e := os.ReadFile(path)
	if must(e); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// asked sends a request and gives headers and body, of a refusal too. Each answer comes, and has an end.
func (w *world) asked(method, path, token string, body io.Reader) (http.Header, []byte) {
	w.t.Helper()
	ctx, stop := context.WithTimeout(w.t.Context(), time.Minute)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, method, "http://sekimori"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s is not answered: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body) // what breaks off is judged as far as it came
	if ctx.Err() != nil {
		w.t.Errorf("%s %s: the answer has no end", method, path)
	}
	return resp.Header, b
}

// TestNoRouteGivesARecordingOut walks every route of the API as people without the right to take recordings out, with a purpose, and as an auditor without one: no
// answer has the sealed bytes or is a download, and what a look shows is not to be stored. With role, right and purpose the export and the sealed file have them.
func TestNoRouteGivesARecordingOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.found()
	const id, words = "S-20261124-01", "WORDS-OF-THE-RECORDING"
	file := w.recorded(id, words)
	c := testbed.Contents{Clear: []byte(words), Sealed: file[len(file)/2 : len(file)/2+48]}
	looks := map[string]bool{api.Recordings.Pattern("id", "play"): true, api.Sessions.Pattern("id", "summary"): true}
	gap := regexp.MustCompile(`\{[^}]*\}`)
	people := []string{"kacho", "tenken"}
	if testbed.Whole() {
		people = []string{"kacho", "tachiai", "joho1", "kanri", "tenken"}
	}
	shown := 0
	for _, who := range people {
		for _, r := range routes() {
			if strings.Contains(r.path, "sign") || strings.HasSuffix(r.path, "logout") {
				continue
			}
			at := gap.ReplaceAllStringFunc(r.path, func(string) string {
				if strings.HasPrefix(r.path, string(api.Recordings)) || strings.HasPrefix(r.path, string(api.Sessions)) {
					return id
				}
				return "1"
			})
			for _, format := range []string{"", "raw", "html"} {
				q := url.Values{"format": {format}, "channel": {"0"}}
				if who != "tenken" { // the auditor comes without a purpose
					q.Set("purpose", "periodic-review")
				}
				h, body := w.asked(r.method, at+"?"+q.Encode(), tokens[who], nil)
				look := looks[r.path] && who != "tenken"
				if why := c.Breach(h, body, look); why != "" {
					t.Errorf("%s, %s %s, format %q: %s", who, r.method, r.path, format, why)
				}
				if look && c.Shown(body) {
					shown++
				}
				if r.method != "GET" || !strings.HasPrefix(r.path, string(api.Recordings)) {
					break
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no look shows the words: the walk tries nothing")
	}
	for path, want := range map[string]string{"/file": "it has bytes of the sealed file", "/export?format=raw&channel=0": "words"} {
		mark := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
		h, body := w.asked("GET", string(api.Recordings.Of(id))+path+mark+"purpose=periodic-review", tokens["tenken"], nil)
		if why := c.Breach(h, body, false); !strings.Contains(why, want) {
			t.Errorf("an auditor's %s: %q", path, why)
		}
	}
}
