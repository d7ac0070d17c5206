package pages

import (
	"errors"
	"html"
	"net/http"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// disposedOf writes the traces of a disposal by rule: its row, and the two entries.
func (w *world) disposedOf(session string) (receipt ledger.Entry) {
	w.t.Helper()
	timer := ledger.Actor{Kind: "broker", Via: "timer"}
	names := []string{"2026/11/" + session + ".skr", "2026/11/" + session + ".skr.keys"}
	for _, write := range []func(tx *store.Tx) error{
		func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "recording.disposing", Actor: timer, Subjects: []string{session, "R8-0001", "hr"},
				Payload: map[string]any{"session_id": session, "sha256": "00ff", "size": 4096, "days": 365, "files": names}})
			return errors.Join(err, tx.OrderDisposal(store.Disposal{Session: session, Days: 365, Names: names}))
		},
		func(tx *store.Tx) (err error) {
			receipt, err = tx.Append(ledger.Draft{Kind: "recording.disposed", Actor: timer, Subjects: []string{session, "R8-0001", "hr"},
				Payload: map[string]any{"session_id": session, "sha256": "00ff", "size": 4096, "days": 365, "files": names, "by": "", "ordered_at": tx.Now, "checked_at": tx.Now}})
			return errors.Join(err, tx.EndDisposal(session))
		},
	} {
		if err := w.DB.Write(w.t.Context(), write); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.DB.Read(w.t.Context(), func(s *store.Snap) (err error) { receipt, err = s.Entry(receipt.Index); return err }); err != nil {
		w.t.Fatal(err) // with the rows that the commit bound to it
	}
	return receipt
}

// TestTheReceiptOfADisposal: there is none before; afterwards the page says what was disposed of, by which rule, and the entry that proves it, in
// both languages, for those who may see the recording.
func TestTheReceiptOfADisposal(t *testing.T) {
	t.Parallel()
	w := found(t)
	s := w.worked()
	b := w.as("mori")
	if a := b.get("/recordings/" + s.ID + "/receipt?lang=ja"); a.status != http.StatusNotFound || !a.holds("廃棄していません") || a.holds("確定点") {
		t.Errorf("before: %d %.300s", a.status, a.body)
	}
	e := w.disposedOf(s.ID)
	c, err := w.pages.o.Views.CheckpointOf(t.Context(), e.Index)
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string][]string{
		"ja": {"操作記録廃棄証明書", "保存期間(日)", "規則による(関守)", "保存期間の経過", "鍵を上書きして破棄し", "記載の検証値", "の写しです"},
		"en": {"Receipt of a recording&#39;s disposal", "Kept for (days)", "the rule (Sekimori)", "its time of keeping was over", "its keys were overwritten", "Hash of the entry", "is a copy of entry"},
	} {
		a := b.get("/recordings/" + s.ID + "/receipt?lang=" + lang)
		a.has(t, append(want, s.ID, "2026/11/"+s.ID+".skr.keys", "00ff", "365", ">"+itoa(int(e.Index))+"<", strings.Join(ledger.CheckpointText(c.Root)[:4], " "), `<svg class="qr"`, "/forms/receipt/form.pdf?id="+s.ID)...)
		if !strings.Contains(html.UnescapeString(a.body), e.Leaf().String()) {
			t.Errorf("%s: the hash of the entry is missing", lang)
		}
	}
	b.get("/sessions/"+s.ID+"?lang=ja").has(t, "操作記録廃棄証明書", "/recordings/"+s.ID+"/receipt")
	b.get("/forms?lang=ja").lacks(t, "操作記録廃棄証明書を印刷")
	if a := w.as("mori").get("/recordings/S-20261124-99/receipt"); a.status != http.StatusNotFound {
		t.Errorf("no such session: %d", a.status)
	}
}
