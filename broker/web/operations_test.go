package web

import (
	"net/http/httptest"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/recordings"
)

// Recordings are read in the target's registered encoding, unless the caller asks for another.
func TestARecordingIsReadInTheTargetsEncoding(t *testing.T) {
	w := newWorld(t)
	w.neighbours(w.found())
	register := func(encoding string) {
		t.Helper()
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			target, err := tx.Target("hr-db")
			if err != nil {
				return err
			}
			target.Encoding = encoding
			if err := tx.PutTarget(target); err != nil {
				return err
			}
			_, err = tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		registered, asked string
		want              recordings.Encoding
	}{
		{"", "", recordings.UTF8},
		{"euc-jp", "", recordings.EUCJP},
		{"euc-jp", "cp932", recordings.CP932},
		{"euc-jp", "utf-8", recordings.UTF8},
		{"", "Shift_JIS", recordings.CP932},
		{"", "utf-16", ""},
	} {
		register(tc.registered)
		c := &call{r: httptest.NewRequest("GET", "/?encoding="+tc.asked, nil)}
		if got, err := w.server.encoding(c, "S-20261124-01"); got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("registered %q, asked %q: %q %v", tc.registered, tc.asked, got, err)
		}
	}
}

// Only the attendant at the post sees the operations of a window: not another attendant of the section, and
// not a person who may look at the request.
func TestWhatIsDoneIsToldToWhoeverIsAtThePostOnly(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	for login := range tokens {
		if login == "tachiai" {
			continue
		}
		if a := w.call("GET", "/v1/windows/R8-0001-1/operations", tokens[login], nil); a.status/100 == 2 || a.fault == nil {
			t.Errorf("%s: %d", login, a.status)
		}
	}
	if a := w.call("GET", "/v1/windows/R8-0001-1/operations?after=x", tokens["tachiai"], nil); a.fault == nil || a.fault.Code != "bad-request" {
		t.Errorf("%+v", a.fault)
	}
}
