package correction_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/correction"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// A correction is an entry of its own; both entries name each other, and the corrected one stays as it is.
func TestACorrectionIsAppended(t *testing.T) {
	h := townhall.Found(t)
	var first ledger.Entry
	if err := h.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		first, err = tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{"hr"}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	book := correction.New(h.Runner())
	no := strconv.FormatInt(first.Index, 10)
	say := func(no, by, what string) error {
		return book.Correct(t.Context(), no, api.CorrectBody{Text: what}, townhall.Caller(by))
	}
	for _, who := range []string{"ito", "kato", "E-0031"} {
		if got := townhall.Reason(say(no, who, "x")); got != "forbidden" {
			t.Errorf("%s: %q", who, got)
		}
	}
	if err := say(no, "head", "回線を外した時刻は 11:21 ではなく 11:24"); err != nil {
		t.Fatal(err)
	}
	var invalid *forms.Invalid
	for _, mount := range correction.Acts() {
		_, err := mount.Call(t.Context(), book, no, &api.CorrectBody{}, townhall.Caller("head"))
		if !errors.As(err, &invalid) || !invalid.Has("text-needed") {
			t.Errorf("without a text: %v", err)
		}
	}
	for _, none := range []string{"99999", "-1", "x", ""} {
		if err := say(none, "head", "x"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("entry %q: %v", none, err)
		}
	}
	read := func(no int64) (e ledger.Entry, by []int64) {
		t.Helper()
		if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
			if e, err = s.Entry(no); err == nil {
				by, err = correction.Of(s, no)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return e, by
	}
	same, by := read(first.Index)
	if len(by) != 1 || first.Index != same.Index || string(same.Header) != string(first.Header) {
		t.Fatalf("the entry changed, or has the corrections %v", by)
	}
	made, _ := read(by[0])
	if of, ok := correction.Corrected(made); !ok || of != first.Index || !slices.Contains(made.Subjects, "hr") || made.Actor.ID != "head" {
		t.Errorf("%+v", made)
	}
	// The correction of a correction names the correction alone.
	if err := say(strconv.FormatInt(made.Index, 10), "head", "11:25"); err != nil {
		t.Fatal(err)
	}
	if _, again := read(made.Index); len(again) != 1 {
		t.Errorf("the correction has the corrections %v", again)
	}
	if _, by := read(first.Index); len(by) != 1 {
		t.Errorf("the entry has the corrections %v", by)
	}
	if _, ok := correction.Corrected(first); ok {
		t.Error("an entry of another kind corrects something")
	}
}
