package web

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// grow makes the ledger larger than a socket's buffers.
func (w *world) grow(entries int) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		for range entries {
			if _, err := tx.Append(ledger.Draft{Kind: "test.entry", Actor: ledger.Actor{Kind: "broker", Via: "timer"},
				Payload: map[string]string{"text": strings.Repeat("x", 300<<10)}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestStalledExportsStopNobody: a reader of an export who stops reading must not hold the snapshots that the gate
// needs for its decisions.
func TestStalledExportsStopNobody(t *testing.T) {
	w := newWorld(t)
	auditor := w.found()["tenken"]
	w.grow(10)
	export := func() *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://sekimori/v1/ledger/export?purpose=periodic-review", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+auditor)
		resp, err := w.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	for range 8 {
		if resp := export(); resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.db.Read(ctx, func(*store.Snap) error { return nil }); err != nil {
		t.Fatalf("nothing can be read while exports stall: %v", err)
	}
	// The pages together still are one ledger.
	text, err := io.ReadAll(export().Body)
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledger.Verify(bytes.NewReader(text), ledger.VerifyOptions{Key: w.server.o.Ring.LedgerVerifier()})
	if err != nil || report.Entries < 10 {
		t.Errorf("%d entries, %v", report.Entries, err)
	}
}

// The place of a damage is named in both languages.
func TestVerifyNamesThePlaceInBothLanguages(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	if v := ok[api.LedgerCheck](w, "GET", "/v1/ledger/verify", tokens["tachiai"], nil); !v.OK || v.Place != "" || v.PlaceJA != "" || v.Entries == 0 {
		t.Fatalf("%+v", v)
	}
	byHand, err := sql.Open("sqlite", filepath.Join(w.data, "sekimori.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer byHand.Close()
	if _, err := byHand.Exec(`UPDATE ledger_entries SET payload = CAST('{"kind":"x"}' AS BLOB) WHERE idx = 3`); err != nil {
		t.Fatal(err)
	}
	v := ok[api.LedgerCheck](w, "GET", "/v1/ledger/verify", tokens["tachiai"], nil)
	if v.OK || !strings.HasPrefix(v.Place, "entry 3: ") || v.PlaceJA != "記載3: 内容が、見出しにある検証値と合いません" {
		t.Errorf("%+v", v)
	}
}

// TestTheSealedFileOfALiveSessionIsNotHandedOut: the file would not be sealed yet, and would lack the
// digest that the ledger gets at the end.
func TestTheSealedFileOfALiveSessionIsNotHandedOut(t *testing.T) {
	w := newWorld(t)
	auditor := w.found()["tenken"]
	row := store.Session{ID: "S-20261124-01", State: store.SessionActive, Person: "E-0031", Vendor: "V-012", Grant: "R8-0001-1-1", Window: "R8-0001-1",
		Request: "R8-0001", System: "hr", Target: "hr-db", Account: "hr-db/maint", Created: w.clock(), Recording: "live.skr"}
	if err := os.WriteFile(filepath.Join(w.data, row.Recording), []byte("half a recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(fn func(*store.Tx) error) {
		t.Helper()
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return errors.Join(err, fn(tx))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	window := policy.Window{ID: row.Window, Request: row.Request, System: row.System, Start: w.clock(), End: w.clock().Add(time.Hour), State: policy.WindowScheduled}
	write(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutVendor(store.Vendor{Vendor: policy.Vendor{ID: "V-012", Login: "reiji", Name: "例示"}}),
			tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Line: policy.LineNone}}),
			tx.AddRequest(store.Request{No: row.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012",
				Requester: "U-002", Start: window.Start, End: window.End}),
			tx.AddWindow(store.Window{Window: window}), tx.AddSession(row))
	})
	path := "/v1/recordings/" + row.ID + "/file?purpose=" + "periodic-review"
	_, from := w.kinds(0)
	if a := w.call("GET", path, auditor, nil); a.status != http.StatusConflict || a.fault.Code != "not-sealed" {
		t.Errorf("live: %d %s", a.status, a.body)
	}
	if kinds, _ := w.kinds(from); len(kinds) != 0 {
		t.Errorf("the ledger says that something was seen: %v", kinds)
	}
	row.State, row.Reason, row.Ended, row.RecordingSum = store.SessionEnded, policy.EndedByEngineer, w.clock(), "00ff"
	write(func(tx *store.Tx) error { return tx.UpdateSession(row) })
	if a := w.call("GET", path, auditor, nil); a.fault == nil || a.fault.Code != "recording-unledgered" {
		t.Errorf("over by its row alone: %d %s", a.status, a.body)
	}
}
