package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekimori/broker/ledger"
)

// TestDisposedPayloadsLeaveTheFile: the words of a payload that is disposed of stay neither in free pages of the database nor in its journal.
func TestDisposedPayloadsLeaveTheFile(t *testing.T) {
	t.Parallel()
	o := open(t)
	secret := "WORDS-THAT-MUST-GO "
	var first int64
	o.read(func(s *Snap) (err error) { first, err = s.LedgerSize(); return err })
	o.write(func(tx *Tx) error {
		for _, n := range []int{1, 400, 2000} { // within a page, and over many
			d := ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: map[string]string{"said": strings.Repeat(secret, n)}}
			if _, err := tx.Append(d); err != nil {
				return err
			}
		}
		return nil
	})
	left := func() (names []string) {
		files, err := filepath.Glob(o.path + "*")
		for _, f := range files {
			var b []byte
			if b, err = os.ReadFile(f); err == nil && bytes.Contains(b, []byte(secret)) {
				names = append(names, filepath.Base(f))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if len(left()) == 0 {
		t.Fatal("the words are not found while they are kept")
	}
	o.write(func(tx *Tx) error { return tx.disposeOf("retention of 1825 days", "U-001", first, first+1, first+2) })
	if err := o.EmptyJournal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := left(); len(names) > 0 {
		t.Errorf("the words are still in %v", names)
	}
}
