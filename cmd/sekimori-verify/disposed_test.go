package main

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/recordings"
)

// receipt writes the receipt of a disposal as the broker does.
func (o *office) receipt(session string, d recordings.Digest, actor string) {
	o.later += 365 * 24 * time.Hour
	o.add(ledger.Draft{Kind: "recording.disposed", Actor: ledger.Actor{Kind: actor, ID: map[string]string{"person": "U-001"}[actor], Via: map[string]string{"person": "cli", "broker": "timer"}[actor]}, Subjects: []string{session},
		Payload: map[string]any{"session_id": session, "sha256": d.SHA256.String(), "size": d.Size, "days": 365}})
}

// A recording with a receipt is named apart from missing ones; its copy may still be shown.
func TestDisposedRecordingsAreNoMissingOnes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	shown, d1 := o.record("S-20261124-01")
	copied, d2 := o.record("S-20261124-02")
	o.ended("S-20261124-01", d1)
	o.ended("S-20261124-02", d2)
	o.receipt("S-20261124-02", d2, "broker")
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")

	got := verify(export, "--key", key, "--recording", shown)
	got.wantHolds(t)
	if !strings.Contains(got.out, "disposed of") || !strings.Contains(got.out, "session S-20261124-02 (entry 1): kept for 365 days, disposed of by entry 2") || strings.Contains(got.out, "not shown") {
		t.Error(got.out)
	}
	if got := verify(export, "--key", key, "--recording", shown, copied); !strings.Contains(got.out, "all 2 recordings were shown") {
		t.Error(got.out)
	}
	if got := verify(export, "--key", key, "--recording", shown, "--json"); !strings.Contains(got.out, `"disposed":[{"session":"S-20261124-02","entry":1,"receipt":2,"days":365`) {
		t.Error(got.out)
	}
}

// A receipt excuses only the recording that it names, with its digest, and only if the broker wrote it after the session's end.
func TestAttackReceiptOfAnotherRecording(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(o *office, d recordings.Digest){
		"of another digest": func(o *office, d recordings.Digest) {
			o.ended("S-20261124-02", d)
			d.SHA256[0] ^= 1
			o.receipt("S-20261124-02", d, "broker")
		},
		"before the end": func(o *office, d recordings.Digest) {
			o.receipt("S-20261124-02", d, "broker")
			o.ended("S-20261124-02", d)
		},
		"written by hand": func(o *office, d recordings.Digest) {
			o.ended("S-20261124-02", d)
			o.receipt("S-20261124-02", d, "person")
		},
		"of another session": func(o *office, d recordings.Digest) {
			o.ended("S-20261124-02", d)
			o.receipt("S-20261124-03", d, "broker")
		},
		"disposed of": func(o *office, d recordings.Digest) {
			o.ended("S-20261124-02", d)
			o.receipt("S-20261124-02", d, "broker")
			o.dispose(len(o.entries) - 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			shown, d1 := o.record("S-20261124-01")
			_, d2 := o.record("S-20261124-02")
			o.ended("S-20261124-01", d1)
			write(o, d2)
			got := verify(o.export("ledger.jsonl", o.checkpoint()), "--key", o.path("ledger.key"), "--recording", shown)
			if name == "disposed of" { // nothing authorises that
				got.wantError(t, 1, "ledger.jsonl: line 4")
				return
			}
			if strings.Contains(got.out, "disposed of by") || !strings.Contains(got.out, "NOT COMPLETE") {
				t.Error(got.out)
			}
		})
	}
}

// TestAttackDisposedBeforeItsTime: a receipt whose own time of keeping was not over is a failure, and excuses no missing recording.
func TestAttackDisposedBeforeItsTime(t *testing.T) {
	t.Parallel()
	for _, early := range []time.Duration{time.Minute, 300 * 24 * time.Hour, 2 * time.Minute} {
		o := newOffice(t)
		_, d := o.record("S-20261124-01")
		o.ended("S-20261124-01", d)
		o.later = -early
		o.receipt("S-20261124-01", d, "broker")
		got := verify(o.export("ledger.jsonl", o.checkpoint()), "--key", o.path("ledger.key"))
		if early == time.Minute { // the receipt is the next entry, a minute later: to the minute in time
			got.wantHolds(t)
			continue
		}
		got.wantError(t, 1, "was disposed of before its 365 days were over")
	}
}
