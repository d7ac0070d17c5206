package store

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"sekimori/broker/ledger"
)

// toldOf opens a store that tells of one kind of entry.
func toldOf(t *testing.T, kind string) *office {
	t.Helper()
	return open(t, func(opt *Options) { opt.Told = func(k string, _ []byte) bool { return k == kind } })
}

// The outbox has a row where the entry was committed, and none where the act failed.
func TestTheOutboxIsWrittenWithTheEntry(t *testing.T) {
	o := toldOf(t, "test.told")
	o.write(func(tx *Tx) error { _, err := tx.Append(act("test.other", "R8-0001")); return err })
	o.write(func(tx *Tx) error { _, err := tx.Append(act("test.told", "R8-0001")); return err })
	failed := errors.New("failed")
	err := o.Write(t.Context(), func(tx *Tx) error {
		if _, err := tx.Append(act("test.told", "R8-0002")); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	o.read(func(s *Snap) error {
		rows, err := s.Outbox(10)
		if err != nil || len(rows) != 1 || rows[0].Entry != 2 || rows[0].What != "test.told" {
			t.Errorf("%+v, %v", rows, err)
		}
		return s.VerifyLedger(nil, nil)
	})
}

// Similar notices within a while are one; a delivery is settled once; what is old and settled is forgotten.
func TestTheLifeOfANotice(t *testing.T) {
	o := toldOf(t, "test.told")
	o.write(func(tx *Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.told", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	keep := func(fn func(*KeepTx) error) {
		t.Helper()
		if err := o.keep(KeepNotices, fn); err != nil {
			t.Fatal(err)
		}
	}
	var first int64
	keep(func(k *KeepTx) error {
		rows, err := k.Outbox(10)
		if err != nil {
			return err
		}
		for i, about := range []string{"a", "a", "", ""} {
			id, isNew, err := k.PutNotice(Notice{Outgoing: rows[0].ID, Code: "c", Person: "U-001", About: about, At: k.Now, Words: json.RawMessage(`{}`)}, time.Hour)
			if err != nil || isNew != (i != 1) {
				t.Errorf("notice %d: new %v, %v", i, isNew, err)
			}
			if i == 0 {
				first = id
				if err := k.AddDelivery(id, ChannelMail, "a@example.jp", "ja"); err != nil {
					return err
				}
			}
		}
		return k.Addressed(rows[0].ID)
	})
	o.read(func(s *Snap) error {
		page, err := s.Notices("U-001", Page{})
		if err != nil || page.Total != 3 {
			t.Errorf("%+v, %v", page, err)
		}
		n, err := s.UnseenNotices("U-001")
		if err != nil || n != 3 {
			t.Errorf("%d unseen, %v", n, err)
		}
		due, err := s.DueDeliveries(ChannelMail, 10)
		if err != nil || len(due) != 1 || due[0].Notice.ID != first || due[0].Notice.Count != 2 {
			t.Errorf("%+v, %v", due, err)
		}
		return nil
	})
	keep(func(k *KeepTx) error { return k.Tried(1, "refused", k.Now.Add(time.Minute)) })
	o.read(func(s *Snap) error {
		due, err := s.DueDeliveries(ChannelMail, 10)
		if err != nil || len(due) != 0 {
			t.Errorf("due before its time: %+v, %v", due, err)
		}
		failing, err := s.Undelivered(Page{})
		if err != nil || failing.Total != 1 || failing.Rows[0].Error != "refused" || failing.Rows[0].Tries != 1 {
			t.Errorf("%+v, %v", failing, err)
		}
		return nil
	})
	keep(func(k *KeepTx) error { return k.SeeNotice("U-001", first) })
	if err := o.keep(KeepNotices, func(k *KeepTx) error { return k.SeeNotice("U-002", first) }); !errors.Is(err, ErrNotFound) {
		t.Errorf("another's notice was seen: %v", err)
	}
	keep(func(k *KeepTx) error {
		n, err := k.ForgetNotices(k.Now.Add(time.Hour), 100)
		if n != 2 {
			t.Errorf("%d forgotten, %v: one is on its way", n, err)
		}
		return err
	})
	keep(func(k *KeepTx) error { return k.Settled(1, DeliverySent, "") })
	if err := o.keep(KeepNotices, func(k *KeepTx) error { return k.Settled(1, DeliveryDead, "late") }); !errors.Is(err, ErrNotFound) {
		t.Errorf("settled twice: %v", err)
	}
	keep(func(k *KeepTx) error {
		n, err := k.ForgetNotices(k.Now.Add(time.Hour), 100)
		if n != 1 {
			t.Errorf("%d forgotten, %v", n, err)
		}
		return err
	})
	keep(func(k *KeepTx) error { return k.ClockMade("waits", "R8-0001-1") })
	keep(func(k *KeepTx) error { return k.ClockMade("waits", "R8-0001-1") })
	o.read(func(s *Snap) error {
		rows, err := s.Outbox(10)
		if err != nil || len(rows) != 1 || rows[0].Entry != -1 {
			t.Errorf("%+v, %v", rows, err)
		}
		return err
	})
}
