package pages

import (
	"testing"

	"sekimori/broker/store"
)

// TestTheReceiptInABrowser opens the receipt of a disposal, and the page of a paper whose copy is gone, in Chromium, in both languages.
func TestTheReceiptInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	s := w.worked()
	w.disposedOf(s.ID)
	w.put(func(tx *store.Tx) error { return tx.DisposePaper("P-0001") })
	for _, l := range some(looks...) {
		b := w.tab("mori", l)
		for _, page := range []string{"/recordings/" + s.ID + "/receipt", "/papers/P-0001"} {
			b.open(page)
			b.checked(page+", "+l.String(), l)
		}
	}
}
