package papers

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

const year = 365 * 24 * time.Hour

// keeps puts a time of keeping of the ledger in force, in days.
func (o *office) keeps(days int) {
	o.tb.Helper()
	o.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: timer, Payload: store.NoticeInForce{Version: 1, KeptDays: 365, LedgerDays: days}})
		return err
	})
}

func (o *office) write(fn func(tx *store.Tx) error) {
	o.tb.Helper()
	if err := o.DB.Write(o.tb.Context(), fn); err != nil {
		o.tb.Fatal(err)
	}
}

// dispose runs the chore and tells how many copies are left.
func (o *office) dispose() int {
	o.tb.Helper()
	if err := o.Dispose(o.tb.Context()); err != nil {
		o.tb.Fatal(err)
	}
	return len(o.files())
}

// TestACopyGoesWhenItsTimeIsOver: a pledge that ended, a paper that was withdrawn, and one that ends with the contract go when payloads of
// the ledger of their last day may; the rows stay and say so.
func TestACopyGoesWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ended := o.filed(o.pledge(), []byte("誓約"), "kato")
	f := o.pledge()
	f.Until = o.today(4000)
	taken := o.filed(f, []byte("誓約 2"), "kato")
	clauses := o.filed(Filing{Kind: store.PaperSpecialClauses, Vendor: "reiji", Name: "第3版", From: o.today(-1), Size: -1}, []byte("特記事項"), "kato")
	o.Pass(24 * time.Hour)
	if _, err := o.Withdraw(t.Context(), taken.ID, "書き直し", townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	o.Pass(20 * year)
	if left := o.dispose(); left != 3 {
		t.Fatalf("no time is in force, and %d copies of 3 are left", left)
	}
	o.Pass(-20 * year)
	o.keeps(365)
	o.Pass(year - time.Hour)
	if left := o.dispose(); left != 3 {
		t.Errorf("an hour before the first time is over %d copies are left", left)
	}
	o.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.frozen", Actor: timer, Payload: map[string]any{}})
		if err != nil {
			return err
		}
		return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeVendor, Subject: "V-012", By: "mori", Since: tx.Now, Reason: "調査"})
	})
	o.Pass(20 * year)
	if left := o.dispose(); left != 3 {
		t.Errorf("while the vendor is frozen %d copies are left", left)
	}
	o.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.lifted", Actor: timer, Payload: map[string]any{}})
		if err != nil {
			return err
		}
		return tx.EndFreeze("I-001")
	})
	if left := o.dispose(); left != 0 {
		t.Errorf("when all times are over %d copies are left", left)
	}
	if said := o.entries("paper.disposed"); len(said) != 3 || !strings.Contains(said[0], ended.SHA256) || !strings.Contains(said[0], `"days":365`) {
		t.Errorf("the ledger: %q", said)
	}
	for _, p := range []store.Paper{ended, taken, clauses} {
		_, err := o.Open(t.Context(), p.ID, "periodic-review", "", townhall.By("mori"))
		o.want(p.ID, err, string(policy.PaperDisposed))
	}
	if looks := o.entries("paper.viewed"); len(looks) != 0 {
		t.Errorf("looks: %q", looks)
	}
	o.keeper() // a start neither misses them nor fails
}

// A stop between the entry and the removal leaves a copy, which goes with the next run and with the next start.
func TestACopyThatAStopLeftGoes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.filed(o.pledge(), []byte("誓約"), "kato")
	o.keeps(365)
	o.Pass(3 * year)
	if left := o.dispose(); left != 0 {
		t.Fatalf("%d copies are left", left)
	}
	for _, again := range []func(){func() { o.dispose() }, func() { o.keeper() }} {
		if err := os.WriteFile(filepath.Join(o.dir, p.File), []byte("sealed"), 0o600); err != nil {
			t.Fatal(err)
		}
		if again(); len(o.files()) != 0 {
			t.Errorf("left: %v", o.files())
		}
	}
	if n := len(o.entries("paper.disposed")); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// TestAttackARowThatSaysDisposed: a row that was edited by hand excuses no missing copy.
func TestAttackARowThatSaysDisposed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.filed(o.pledge(), []byte("誓約"), "kato")
	o.write(func(tx *store.Tx) error {
		if err := tx.DisposePaper(p.ID); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.edited", Actor: timer, Payload: map[string]any{}})
		return err
	})
	if err := os.Remove(filepath.Join(o.dir, p.File)); err != nil {
		t.Fatal(err)
	}
	_, err := o.Verify(t.Context(), p.ID)
	var damaged *DamagedError
	if !errors.As(err, &damaged) || damaged.What != DamageMissing {
		t.Errorf("%v", err)
	}
}

// A longer time of keeping that comes into force while the disk is full, between the two runs of a disposal, keeps the copy.
func TestACopyThatMustStaySinceTheDiskWasFull(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.filed(o.pledge(), []byte("誓約"), "kato")
	o.keeps(365)
	o.Pass(3 * year)
	full := 0
	o.FillDisk(t, func() { full++; o.keeps(10000) })
	if left := o.dispose(); left != 1 || full != 1 || len(o.entries("paper.disposed")) != 0 {
		t.Errorf("%d copies are left; the disk was full %d times; entries: %q", left, full, o.entries("paper.disposed"))
	}
}
