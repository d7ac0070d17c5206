package attendance_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// roles gives a person further roles, with an entry.
func roles(t *testing.T, h *townhall.Hall, person string, more ...policy.Role) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		p, err := tx.Person(person)
		p.Roles = append(p.Roles, more...)
		_, written := tx.Append(townhall.Draft("test.changed"))
		return errors.Join(err, tx.PutPerson(p), written)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// One person lets the work start without a backup, another attends it: a person with both roles is not both.
func TestAttackOverridingWhatOneAttends(t *testing.T) {
	o := newOffice(t, false)
	roles(t, o.Hall, "ito", policy.Approver)
	roles(t, o.Hall, "abe", policy.Approver)
	override := func(by string) error {
		return o.post.Override(t.Context(), o.window, policy.OverrideBackup, "急ぐ", townhall.Caller(by))
	}
	want(t, "by who is named to attend, before the post is taken", override("ito"), "forbidden")
	want(t, "by another of the section", override("abe"), "")
	want(t, "tick", o.tick("lan", "ito"), "")
	want(t, "tick", o.tick("line", "ito"), "")
	want(t, "open", o.open(), "")
	has(t, "handed to who overrode", o.post.Handover(t.Context(), o.window, "abe", townhall.Caller("ito")), "attendant-not-eligible")
}

// The applicant cannot let the work start without a backup, with any roles.
func TestAttackOverridingOnesOwnRequest(t *testing.T) {
	o := newOffice(t, false)
	roles(t, o.Hall, "kato", policy.Approver) // the applicant
	roles(t, o.Hall, "abe", policy.Approver)
	override := func(by string) error {
		return o.post.Override(t.Context(), o.window, policy.OverrideBackup, "急ぐ", townhall.Caller(by))
	}
	want(t, "by who asked", override("kato"), "forbidden")
	want(t, "by another of the section", override("abe"), "")
}

// approvedByDeputy makes ito the head's deputy, in the name of the appointing person, and has ito approve a request that names no attendant.
func approvedByDeputy(t *testing.T, h *townhall.Hall, d *requests.Desk, appoints string) (window string) {
	t.Helper()
	if _, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", Until: h.Now().Add(time.Hour), Reason: "出張"}, townhall.Caller(appoints)); err != nil {
		t.Fatal(err)
	}
	f := simple()
	f.Attendant = ""
	no := submit(t, d, f, "kato")
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	return out.Windows[0]
}

// A deputy's approval counts as that of the person they stand for, who may then not attend.
func TestAttackAttendingWhatOnesDeputyApproved(t *testing.T) {
	h, d, post := desk(t)
	roles(t, h, "head", policy.Attendant)
	window := approvedByDeputy(t, h, d, "head")
	want(t, "the head opens", post.Open(t.Context(), window, townhall.Caller("head")), "forbidden")
}

// The window's row and the ledger hold the reason of a cut: its length is bounded, and it writes nothing to its reader's terminal.
func TestAttackAReasonWithoutEnd(t *testing.T) {
	o := newOffice(t, false)
	long := "\u001b]0;x\u0007急ぐ" + strings.Repeat("x", 4*forms.MaxText+1)
	want(t, "cut with what cannot be shown", o.post.Cut(t.Context(), o.window, long, townhall.Caller("head")), "")
	err := o.DB.Read(t.Context(), func(s *store.Snap) error {
		w, err := s.Window(o.window)
		if !strings.Contains(w.Reason, "急ぐx") || strings.ContainsAny(w.Reason, "\u001b\u0007") || utf8.RuneCountInString(w.Reason) > forms.MaxText+1 {
			t.Errorf("the window says %q", w.Reason)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The person who appointed the approving deputy counts as an approver, and may not attend either.
func TestAttackAttendingWhatOnesAppointeeApproved(t *testing.T) {
	h, d, post := desk(t)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		p, err := tx.Person("head")
		p.ID, p.Login, p.Roles = "abe", "abe", []policy.Role{policy.Attendant, policy.Approver}
		_, written := tx.Append(townhall.Draft("test.changed"))
		return errors.Join(err, tx.PutPerson(p), written)
	})
	if err != nil {
		t.Fatal(err)
	}
	window := approvedByDeputy(t, h, d, "abe")
	want(t, "who appointed the deputy opens", post.Open(t.Context(), window, townhall.Caller("abe")), "forbidden")
}

// A reason that cannot be shown, or has no end, holds no stop up: neither a cut nor taking the permission back.
func TestAttackAReasonThatHoldsAStopUp(t *testing.T) {
	for name, reason := range map[string]string{"escape": "\x1b[2J", "zero width": "\u200b", "no UTF-8": "\xff\xfe", "NUL": "\x00", "long": strings.Repeat("あ", 2*forms.MaxText)} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, false)
			o.prepare()
			o.Pass(time.Hour)
			want(t, "open", o.open(), "")
			want(t, "unpermit", o.post.Unpermit(t.Context(), o.window, reason, townhall.Caller("ito")), "")
			want(t, "close", o.post.Close(t.Context(), o.window, reason, townhall.Caller("ito")), "")
		})
	}
}

// A window that ended stays as it was: its permission is not taken back, and it is not closed, cut or cancelled.
func TestAttackRewritingAWindowLongOver(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	w := o.row()
	o.Pass(w.End.Sub(o.Now()))
	for name, act := range map[string]func() error{
		"unpermit": func() error { return o.post.Unpermit(t.Context(), o.window, "x", townhall.Caller("ito")) },
		"close":    func() error { return o.post.Close(t.Context(), o.window, "x", townhall.Caller("ito")) },
		"cut":      func() error { return o.post.Cut(t.Context(), o.window, "x", townhall.Caller("head")) },
		"cancel":   func() error { return o.desk.Cancel(t.Context(), o.window, "x", townhall.Caller("head")) },
	} {
		want(t, name, act(), "window-over")
		if now := o.row(); now.State != w.State || !now.PermittedAt.Equal(w.PermittedAt) || now.ClosedBy != w.ClosedBy || now.Reason != w.Reason {
			t.Errorf("%s rewrote the window: %+v", name, now)
		}
	}
}
