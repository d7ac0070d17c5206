package attendance_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// shown writes what the gate does when it shows an engineer a number.
func shown(t *testing.T, h *townhall.Hall, window, person, digits string) {
	t.Helper()
	number, err := attendance.ShowNumber(h.Keys, window, "S-of-"+person, person, digits)
	if err != nil {
		t.Fatal(err)
	}
	noted(t, h, number)
}

// noted writes the entry of a number.
func noted(t *testing.T, h *townhall.Hall, number attendance.NumberShown) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "window.identity-number", Actor: ledger.Actor{Kind: "broker", Via: "ssh"},
			Subjects: []string{number.Window, number.Person}, Payload: number})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Second)
}

// called is a window of which ito has the post.
func called(t *testing.T) (h *townhall.Hall, post *attendance.Service, window string) {
	t.Helper()
	h, d, post := desk(t)
	no := submit(t, d, hr(), "kato")
	approve(t, d, no, "head")
	w := approve(t, d, no, "deputy").Windows[0]
	h.Pass(time.Hour)
	want(t, "open", post.Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Second)
	return h, post, w
}

// The ledger's entry of a number does not give the answer: it is sealed for this engineer on this window at this visit.
func TestAttackReadTheNumberInTheLedger(t *testing.T) {
	h, post, w := called(t)
	said := func(digits string) error {
		return post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: digits}, townhall.Caller("ito"))
	}
	number, err := attendance.ShowNumber(h.Keys, w, "S-1", "E-0031", "317")
	if err != nil {
		t.Fatal(err)
	}
	again, err := attendance.ShowNumber(h.Keys, w, "S-1", "E-0031", "317")
	if err != nil || bytes.Equal(number.Sealed, again.Sealed) || bytes.Contains(number.Sealed, []byte("317")) || number.Clear != "" {
		t.Errorf("%v %q %q: who knows one number knows it again", err, number.Sealed, again.Sealed)
	}
	// A number shown to one engineer does not match for another, nor in another visit.
	for _, moved := range []attendance.NumberShown{
		{Session: "S-1", Person: "E-0032", Window: w, Sealed: number.Sealed}, {Session: "S-2", Person: "E-0031", Window: w, Sealed: number.Sealed},
		{Session: "S-1", Person: "E-0031", Window: w, Sealed: number.Sealed[:len(number.Sealed)-1]},
	} {
		noted(t, h, moved)
		if err := said("317"); !errors.Is(err, keys.ErrUnseal) {
			t.Errorf("%+v: %v", moved, err)
		}
		want(t, "nobody answers", said(""), "")
	}
	noted(t, h, attendance.NumberShown{Session: "S-1", Person: "E-0031", Window: w})
	for range 2 {
		readOnceMore(t, "an entry without a number", said("317"))
	}
	want(t, "an entry without a number", said("317"), "identity-failed")
	noted(t, h, number)
	want(t, "the digits", said("317"), "")
}

// An entry of the version before has the number in clear, and still counts after the upgrade.
func TestIdentityNumberOfTheVersionBefore(t *testing.T) {
	h, post, w := called(t)
	noted(t, h, attendance.NumberShown{Session: "S-1", Person: "E-0031", Window: w, Clear: "317"})
	want(t, "the digits", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "317"}, townhall.Caller("ito")), "")
}

// readOnceMore holds that the digits may be read once more.
func readOnceMore(t *testing.T, what string, err error) {
	t.Helper()
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has("read-again") {
		t.Errorf("%s: %v, want read-again", what, err)
	}
}

// People misread and mishear: wrong digits may be read again twice, the right ones then count; the third time refuses, and a new number
// begins anew.
func TestDigitsAreReadAgain(t *testing.T) {
	h, post, w := called(t)
	said := func(digits string) error {
		return post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: digits}, townhall.Caller("ito"))
	}
	shown(t, h, w, "E-0031", "317")
	readOnceMore(t, "once", said("371"))
	readOnceMore(t, "twice", said("713"))
	if all, err := post.IdentityChecks(t.Context(), w); err != nil || len(all) != 1 || all[0].Matched || all[0].Failed {
		t.Errorf("the engineer waits: %+v, %v", all, err)
	}
	want(t, "the right digits at last", said("317"), "")

	h, post, w = called(t)
	shown(t, h, w, "E-0031", "317")
	readOnceMore(t, "once", said("000"))
	readOnceMore(t, "twice", said("001"))
	want(t, "three times", said("002"), "identity-failed")
	if kinds := h.Kinds(t, w); !slices.Contains(kinds, "window.identity-again") || kinds[len(kinds)-1] != "window.identity-failed" {
		t.Errorf("entries: %v", kinds)
	}
	shown(t, h, w, "E-0031", "042")
	readOnceMore(t, "a new number", said("317"))
	want(t, "its digits", said("042"), "")
}

// An identified engineer stays identified, however often a colleague comes to the waiting room.
func TestAttackPushAnIdentityCheckOut(t *testing.T) {
	h, post, w := called(t)
	shown(t, h, w, "E-0031", "317")
	want(t, "the digits", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "317"}, townhall.Caller("ito")), "")
	number, err := attendance.ShowNumber(h.Keys, w, "S-2", "E-0032", "042")
	if err == nil {
		err = h.DB.Write(t.Context(), func(tx *store.Tx) error {
			for range 1000 {
				if _, err := tx.Append(ledger.Draft{Kind: "window.identity-number", Actor: ledger.Actor{Kind: "broker", Via: "ssh"}, Subjects: []string{w, "E-0032"}, Payload: number}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := post.IdentityChecks(t.Context(), w)
	if err != nil || len(all) != 2 || all[0].Person != "E-0031" || !all[0].Matched || all[1].Matched {
		t.Errorf("%+v, %v", all, err)
	}
}

// A number shown to an engineer before the attendant took the post does not count for the
// check. With several engineers, the attendant names the one whom the answer is about.
func TestIdentityChecksSinceThePostWasTaken(t *testing.T) {
	h, d, post := desk(t)
	no := submit(t, d, hr(), "kato")
	approve(t, d, no, "head")
	w := approve(t, d, no, "deputy").Windows[0]
	h.Pass(time.Hour)
	identity := func(digits, person string) error {
		return post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: digits, Person: person}, townhall.Caller("ito"))
	}
	problem := func(err error, code string) {
		t.Helper()
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has(code) {
			t.Errorf("%v, want %s", err, code)
		}
	}
	shown(t, h, w, "E-0031", "111")
	want(t, "open", post.Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Second)
	problem(identity("111", ""), "nobody-waits")
	shown(t, h, w, "E-0031", "222")
	shown(t, h, w, "E-0032", "333")
	shown(t, h, w, "E-0031", "444")
	problem(identity("444", ""), "name-engineer")
	readOnceMore(t, "another's digits", identity("333", "sato"))
	readOnceMore(t, "another's digits, once more", identity("333", "sato"))
	want(t, "another's digits, three times", identity("333", "sato"), "identity-failed")
	shown(t, h, w, "E-0031", "555")
	readOnceMore(t, "an older number", identity("444", "sato"))
	shown(t, h, w, "E-0031", "666")
	want(t, "the digits", identity("666", "sato"), "")
	problem(post.Permit(t.Context(), w, townhall.Caller("ito")), "identity-first") // the other waits still
	want(t, "nobody answers", identity("", ""), "")
	want(t, "permit", post.Permit(t.Context(), w, townhall.Caller("ito")), "")
	all, err := post.IdentityChecks(t.Context(), w)
	if err != nil || len(all) != 2 || all[0].Person != "E-0031" || !all[0].Matched || all[1].Person != "E-0032" || !all[1].Failed {
		t.Errorf("%+v, %v", all, err)
	}
}

// Of two connections of one person only the one whose digits were read back is identified. One that has left the waiting room is no
// longer asked about.
func TestIdentityBelongsToTheSession(t *testing.T) {
	h, post, w := called(t)
	show := func(session, digits, source string) {
		t.Helper()
		number, err := attendance.ShowNumber(h.Keys, w, session, "E-0031", digits)
		if err != nil {
			t.Fatal(err)
		}
		number.Source = source
		noted(t, h, number)
	}
	states := func() (out []string) {
		t.Helper()
		all, err := post.IdentityChecks(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			state := "waits"
			if c.Matched {
				state = "matched"
			} else if c.Failed {
				state = "failed"
			}
			out = append(out, c.Session+" "+c.Source+" "+state)
		}
		return out
	}
	show("S-1", "111", "198.51.100.9")
	show("S-2", "222", "203.0.113.5")
	if got := states(); !slices.Equal(got, []string{"S-1 198.51.100.9 waits", "S-2 203.0.113.5 waits"}) {
		t.Errorf("%q", got)
	}
	want(t, "the digits of the second", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "222"}, townhall.Caller("ito")), "")
	if got := states(); !slices.Equal(got, []string{"S-1 198.51.100.9 waits", "S-2 203.0.113.5 matched"}) {
		t.Errorf("%q", got)
	}
	// Digits that fit none refuse all that wait, and not the one that was identified.
	for range 2 {
		readOnceMore(t, "digits of nobody", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "999"}, townhall.Caller("ito")))
	}
	want(t, "digits of nobody", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "999"}, townhall.Caller("ito")), "identity-failed")
	if got := states(); !slices.Equal(got, []string{"S-2 203.0.113.5 matched", "S-1 198.51.100.9 failed"}) {
		t.Errorf("%q", got)
	}
	show("S-3", "333", "203.0.113.5")
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.AddSession(store.Session{ID: "S-3", State: store.SessionRefused, Person: "E-0031", Window: w, Created: tx.Now, Ended: tx.Now}); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "session.refused", Actor: ledger.Actor{Kind: "broker", Via: "ssh"}, Subjects: []string{"S-3"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := states(); len(got) != 2 {
		t.Errorf("one that has left is still waited for: %q", got)
	}
}

// No two that wait are shown the same number.
func TestNumbersOfAWaitingRoomDiffer(t *testing.T) {
	h, _, w := called(t)
	taken := map[string]bool{}
	for i := range 120 {
		var digits string
		err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
			digits, err = attendance.DrawNumber(h.Keys, s, w)
			return err
		})
		if err != nil || taken[digits] || len(digits) != 3 {
			t.Fatalf("%q, %v, taken %v", digits, err, taken[digits])
		}
		taken[digits] = true
		number, err := attendance.ShowNumber(h.Keys, w, fmt.Sprintf("S-%d", i), "E-0031", digits)
		if err != nil {
			t.Fatal(err)
		}
		noted(t, h, number)
	}
}

// An answer that is not three digits was mistyped: it costs no try, however often, and no entry.
func TestWhatIsNotThreeDigitsCostsNoTry(t *testing.T) {
	h, post, w := called(t)
	shown(t, h, w, "E-0031", "317")
	before := len(h.Kinds(t, w))
	for _, digits := range []string{"12", "0000", "3l7", "３１７", " 317", "-17", "317\n", strings.Repeat("3", 1<<16)} {
		err := post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: digits}, townhall.Caller("ito"))
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has("three-digits") {
			t.Errorf("%.10q: %v", digits, err)
		}
	}
	if after := len(h.Kinds(t, w)); after != before {
		t.Errorf("%d entries were written", after-before)
	}
	readOnceMore(t, "once", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "371"}, townhall.Caller("ito")))
	readOnceMore(t, "twice", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "371"}, townhall.Caller("ito")))
	want(t, "the digits", post.Identity(t.Context(), w, attendance.IdentityAnswer{Digits: "317"}, townhall.Caller("ito")), "")
}
