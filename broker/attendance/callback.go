package attendance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The kinds of entry of an identity check. The gate writes the number that it shows to an engineer, sealed; the digits that the
// attendant heard are compared with it here. A check belongs to one session number: of two connections of one person, only the
// one whose digits were read back is identified, and a later connection needs a new call.
const (
	identityNumber  = "window.identity-number"
	identityMatched = "window.identity-matched"
	identityFailed  = "window.identity-failed"
	identityAgain   = "window.identity-again" // digits that did not match, and may be read once more
)

// readAgain is how often digits that do not match are asked for again: people misread and mishear. A guess has three tries in a thousand.
const readAgain = 2

// IdentityAnswer is the result of calling an engineer on the registered telephone.
type IdentityAnswer struct {
	Digits string `json:"digits,omitempty"` // as read back; empty: no one answered, or the wrong person did
	Person string `json:"person,omitempty"` // id or login; needed where more than one engineer waits
}

// IdentityCheck is the state of the check of one connection to a window. It does not hold the digits: the
// attendant must hear them.
type IdentityCheck struct {
	Session string
	Person  string
	Source  string // where the connection comes from; empty: not known
	Matched bool
	Failed  bool // neither: the engineer waits to be called
	By      string
	At      time.Time

	number NumberShown
	wrong  int // how often this number was read wrongly
}

// waits reports that the engineer has a number and was not called since.
func (c IdentityCheck) waits() bool { return !c.Matched && !c.Failed }

// IdentityChecks are the checks of a window since its attendant took the post, in the order of the last
// event of each. The ledger keeps them.
func (a *Service) IdentityChecks(ctx context.Context, window string) ([]IdentityCheck, error) {
	var list []IdentityCheck
	err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		list, err = IdentityChecks(s, window)
		return err
	})
	return list, err
}

// IdentityChecks is the same in the caller's snapshot: the gate admits no engineer whose number was
// not heard.
func IdentityChecks(s *store.Snap, window string) ([]IdentityCheck, error) {
	w, err := s.Window(window)
	if err != nil {
		return nil, fmt.Errorf("window %q: %w", window, err)
	}
	return checksOf(s, w)
}

func checksOf(s *store.Snap, w store.Window) ([]IdentityCheck, error) {
	if w.OpenedAt.IsZero() {
		return nil, nil
	}
	var list []IdentityCheck
	wrong := map[string]int{}
	// It reads all back to the taking of the post: further connections must not hide an engineer who was identified.
	for e, err := range s.Entries(store.EntryFilter{Kind: "window.identity-*", Subject: w.ID, Newest: true}) {
		if err != nil {
			return nil, fmt.Errorf("read identity check: %w", err)
		}
		if e.Time.Before(w.OpenedAt) {
			break
		}
		if e.Disposed() {
			continue
		}
		var n NumberShown // of the other kinds: the engineer who was called
		if err := json.Unmarshal(e.Payload, &n); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if at := slices.IndexFunc(list, func(c IdentityCheck) bool { return c.Session == n.Session && c.Person == n.Person }); at >= 0 {
			if list[at].Source == "" {
				list[at].Source = n.Source // the entry of the number has it
			}
			continue
		}
		if e.Kind == identityAgain {
			wrong[n.Session+" "+n.Person]++
			continue
		}
		c := IdentityCheck{Session: n.Session, Person: n.Person, Source: n.Source, wrong: wrong[n.Session+" "+n.Person], Matched: e.Kind == identityMatched,
			Failed: e.Kind == identityFailed, By: e.Actor.ID, At: e.Time, number: n}
		if c.waits() {
			// An engineer who left the waiting room no longer waits: a session has its row once it was refused or opened.
			if _, err := s.Session(c.Session); err == nil {
				continue
			} else if !errors.Is(err, store.ErrNotFound) {
				return nil, fmt.Errorf("session %s: %w", c.Session, err)
			}
		}
		list = append(list, c)
	}
	slices.Reverse(list)
	return list, nil
}

// Identity records the result of the call. It compares the digits that were read back with those that the
// engineer was shown. A match identifies the connection that shows them, not the person's others. Digits that do not match may be
// read again twice. After that, and where no one answers, all of the person's waiting connections are refused. A permission that was
// given for no other engineer is taken back. The check may be tried again with a new number. Errors: *policy.Denied, among
// them identity-failed for digits that did not match the last time; *forms.Invalid, among them read-again. The
// ledger has the wrong digits either way.
func (a *Service) Identity(ctx context.Context, window string, answer IdentityAnswer, by act.Caller) error {
	if answer.Digits != "" && !IsNumber(answer.Digits) {
		return forms.Wrong("identity", "three-digits", "照合番号は三桁の数字です。数えていません。", "the number is three digits; this is not counted as read")
	}
	mismatch, left := false, 0
	err := a.onWindow(ctx, identity, window, by, func(tx *store.Tx, p act.Person, on *store.OnWindow) error {
		mismatch, left = false, 0
		w := &on.Window
		waiting, others, err := a.called(tx.Snap, *w, answer)
		if err != nil {
			return err
		}
		about := func(c IdentityCheck) map[string]any {
			return map[string]any{"person": c.Person, "session_id": c.Session}
		}
		c, err := a.sessionOf(waiting, answer.Digits)
		if err != nil {
			return err
		}
		if c != nil {
			return a.windowEntry(tx, identityMatched, p.By, *w, about(*c))
		}
		if mismatch = answer.Digits != ""; mismatch {
			if left = readAgain - mostWrong(waiting); left > 0 {
				for _, c := range waiting {
					again := about(c)
					again["left"] = left
					if err := a.windowEntry(tx, identityAgain, p.By, *w, again); err != nil {
						return err
					}
				}
				return nil
			}
		}
		if !others {
			w.State, w.PermittedAt, w.PermittedBy = policy.WindowAttended, time.Time{}, ""
		}
		// Each connection in the waiting room is identified, or refused, by its own number.
		if err := tx.ForgetRemembered(store.FactorFilter{Window: w.ID}); err != nil {
			return fmt.Errorf("forget remembered factors: %w", err)
		}
		for _, c := range waiting {
			failed := about(c)
			failed["reason"], failed["number"] = policy.IdentityFailed, policy.IdentityFailed.Number()
			if err := a.windowEntry(tx, identityFailed, p.By, *w, failed); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && left > 0 {
		return forms.Wrong("identity", "read-again",
			fmt.Sprintf("照合番号が一致しません。画面の番号をもう一度、一桁ずつ読み上げてもらってください(あと%d回)。本人でなければ --failed。", left),
			fmt.Sprintf("the digits do not match: have the number on the screen read once more, digit by digit (%d left). Not the right person: --failed", left))
	}
	if err == nil && mismatch {
		return &policy.Denied{Reason: policy.IdentityFailed, Args: map[string]string{"window": window}}
	}
	return err
}

// mostWrong is the highest count of wrong readings of these connections' digits.
func mostWrong(waiting []IdentityCheck) (most int) {
	for _, c := range waiting {
		most = max(most, c.wrong)
	}
	return most
}

// called finds the connections of the engineer whom the answer is about, and reports whether others on the window were identified.
func (a *Service) called(s *store.Snap, w store.Window, answer IdentityAnswer) (waiting []IdentityCheck, others bool, err error) {
	checks, err := checksOf(s, w)
	if err != nil {
		return nil, false, err
	}
	others = slices.ContainsFunc(checks, func(c IdentityCheck) bool { return c.Matched })
	checks = slices.DeleteFunc(checks, func(c IdentityCheck) bool { return !c.waits() })
	if answer.Person != "" {
		p, err := s.Person(answer.Person)
		if err != nil {
			return nil, false, fmt.Errorf("person %q: %w", answer.Person, err)
		}
		checks = slices.DeleteFunc(checks, func(c IdentityCheck) bool { return c.Person != p.ID })
	}
	switch {
	case len(checks) == 0:
		return nil, false, forms.Wrong("identity", "nobody-waits", "照合番号を示された保守要員が待合にいません。",
			"no engineer with a number waits")
	case slices.ContainsFunc(checks, func(c IdentityCheck) bool { return c.Person != checks[0].Person }):
		return nil, false, forms.Wrong("identity", "name-engineer", "待合に複数の保守要員がいます。--person で指定してください。",
			"several engineers wait: name one with --person")
	}
	return checks, others, nil
}

// sessionOf finds the one connection that shows the digits; nil where none does, or more than one. A number that
// cannot be opened is an error only where no other matches.
func (a *Service) sessionOf(waiting []IdentityCheck, digits string) (found *IdentityCheck, err error) {
	for i := range waiting {
		if digits == "" {
			break
		}
		heard, unread := waiting[i].number.reads(a.o.Ring, digits)
		switch {
		case unread != nil:
			err = unread
		case heard && found != nil:
			return nil, nil
		case heard:
			found = &waiting[i]
		}
	}
	if found != nil {
		return found, nil
	}
	return nil, err
}

// identified gives the missing parts before a start may be permitted: the identity check, where the system asks for one, and the
// steps of the checklist.
func identified(s *store.Snap, p policy.Person, on store.OnWindow) error {
	if on.System.IdentityCheck {
		if err := identityDone(s, on.Window); err != nil {
			return err
		}
	}
	return ticked(s, p, on)
}

func identityDone(s *store.Snap, w store.Window) error {
	checks, err := checksOf(s, w)
	if err != nil {
		return err
	}
	matched, failed := false, false
	for _, c := range checks {
		if c.waits() {
			matched, failed = false, false
			break
		}
		matched, failed = matched || c.Matched, failed || c.Failed
	}
	switch {
	case matched:
		return nil
	case failed:
		return &policy.Denied{Reason: policy.IdentityFailed, Args: map[string]string{"request": w.Request}}
	}
	return forms.Wrong("identity", "identity-first", "先に本人確認をしてください(attend identity)。", "check the identity first (attend identity)")
}
