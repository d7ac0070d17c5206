package notify_test

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// The checkpoint of each day goes to its mailbox once, and its eight groups give the root of the ledger at that moment: with them a ledger that
// was restored later does not agree (sekimori-verify --checkpoint-text).
func TestTheDaysCheckpointIsMailedOnce(t *testing.T) {
	w := found(t)
	var newest ledger.Checkpoint
	err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		note, err := s.LatestCheckpoint()
		if err == nil {
			newest, err = ledger.ReadCheckpoint(note)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "without a mailbox", w.told())
	w.serve(func(o *notifyOptions) { o.CheckpointMail = "keeper@archive.example.jp" })
	w.all()
	mails := w.mail.took()
	equal(t, "the first day", to(mails), "keeper")
	groups := strings.Join(ledger.CheckpointText(newest.Root), " ")
	if body := strings.Join(strings.Fields(mails[0].parts["text/plain"]), " "); !strings.Contains(body, groups) {
		t.Errorf("the mail does not hold %s\n%s", groups, body)
	}
	equal(t, "the same day", w.told())
	w.Pass(24 * time.Hour)
	equal(t, "the next day", w.told(), "keeper")
}
