package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Release takes an account away after a session, has it proved gone, and writes how the end was verified. found holds what the caller
// verified itself. It does nothing for a target without a steward. The error is for the log: what failed is in the ledger, has raised an
// alarm, and is tried again.
func (s *Steward) Release(ctx context.Context, u Use, found ...store.Finding) error {
	v, err := s.subject(ctx, u.Account)
	if err != nil || v.target.Steward == "" {
		return err
	}
	done, err := s.turn(ctx, v.target.ID)
	if err != nil {
		return s.conclude(ctx, v, u, store.UseFailed, append(found, store.Finding{What: "account", State: store.ProofFailed, Detail: noteOf(err)}))
	}
	defer done()
	others, err := s.otherUses(ctx, u)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		names := make([]string, 0, len(others))
		for _, o := range others {
			names = append(names, o.Session)
		}
		goes := "another session still uses the account"
		return s.conclude(ctx, v, u, store.UseReleased, append(found, store.Finding{What: "account", State: store.ProofPartly, Detail: goes, Names: names},
			store.Finding{What: "leftovers", State: store.ProofPartly, Detail: goes}))
	}
	found = append(found, s.egress(ctx, v, u)) // before what the session left is ended
	gone, further := s.withdraw(ctx, v)
	state := store.UseGone
	if !gone {
		state = store.UseFailed
	}
	found = append(found, further...)
	if unused, err := s.unused(ctx, v.target.ID, u.Session); err == nil && unused {
		found = append(found, s.after(ctx, v, u))
	}
	return s.conclude(ctx, v, u, state, found)
}

// otherUses are the sessions that still use the account: prepared ones, and those that are being prepared.
func (s *Steward) otherUses(ctx context.Context, u Use) (others []store.AccountUse, err error) {
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := snap.OpenUses(u.Account)
		for _, o := range all {
			if o.Session != u.Session && (o.State == store.UsePrepared || o.State == store.UsePreparing) {
				others = append(others, o)
			}
		}
		return err
	})
	return others, err
}

// unused tells that no other session has an account of the target in use.
func (s *Steward) unused(ctx context.Context, target, but string) (unused bool, err error) {
	unused = true
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		all, err := snap.OpenUsesOf(target)
		for _, o := range all {
			if o.Session != but && (o.State == store.UsePrepared || o.State == store.UsePreparing) {
				unused = false
			}
		}
		return err
	})
	return unused, err
}

// withdraw closes an account, names and by rule ends what runs for it, and has it proved gone. Closing comes first, so that nothing new
// can begin. The proof comes last.
func (s *Steward) withdraw(ctx context.Context, v subject) (gone bool, found []store.Finding) {
	account := store.Finding{What: "account", State: store.ProofFailed}
	if _, err := s.ask(ctx, v.target, Order{Verb: VerbWithdraw, Account: v.account.Login}); err != nil {
		account.Detail = noteOf(err)
	}
	left := s.leftovers(ctx, v)
	lines, err := s.ask(ctx, v.target, Order{Verb: VerbProve, Account: v.account.Login})
	switch {
	case err != nil:
		account.Detail = strings.TrimPrefix(account.Detail+"; "+noteOf(err), "; ")
	case len(lines) != 1 || lines[0].Fields[0] != v.account.Login:
		account.Detail = noteOf(fmt.Errorf("%w: the proof is not about %s alone", ErrUnclear, v.account.Login))
	case lines[0].Word == "open":
		account.Detail = lines[0].Fields[1]
	default: // it is gone, whatever the order to withdraw it has said
		account.State, account.Detail, gone = store.ProofVerified, lines[0].Fields[1], true
	}
	return gone, []store.Finding{account, left}
}

// mostNames bounds the names of a finding.
const mostNames = 100

func (f *names) add(format string, args ...any) {
	if f.n++; f.n <= mostNames {
		f.all = append(f.all, noteOf(fmt.Errorf(format, args...)))
	}
}

func (f *names) list() []string {
	if f.n > mostNames {
		return append(f.all, fmt.Sprintf("… and %d more", f.n-mostNames))
	}
	return f.all
}

// names are the first names of a finding, and their number.
type names struct {
	all []string
	n   int
}

// leftovers names what outlives the session. What was ended does not count against the end; what still runs does.
func (s *Steward) leftovers(ctx context.Context, v subject) store.Finding {
	f := store.Finding{What: "leftovers", State: store.ProofVerified}
	lines, err := s.ask(ctx, v.target, Order{Verb: VerbLeftovers, Account: v.account.Login, End: endsLeftovers(v.system)})
	if err != nil {
		f.State, f.Detail = store.ProofFailed, noteOf(err)
		return f
	}
	var left names
	for _, l := range lines {
		switch l.Word {
		case "left":
			f.State = store.ProofFailed
			left.add("left: %s %s: %s", l.Fields[0], l.Fields[1], l.Fields[2])
		case "ended":
			left.add("ended: %s %s: %s", l.Fields[0], l.Fields[1], l.Fields[2])
		case "unknown":
			if f.State == store.ProofVerified {
				f.State = store.ProofPartly
			}
			left.add("unknown: %s: %s", l.Fields[0], l.Fields[1])
		}
	}
	f.Names = left.list()
	return f
}

// Sum is the state of a proof with these findings: the worst.
func Sum(found []store.Finding) store.ProofState {
	state := store.ProofVerified
	for _, f := range found {
		switch {
		case f.State == store.ProofFailed:
			return store.ProofFailed
		case f.State != store.ProofVerified:
			state = store.ProofPartly
		}
	}
	return state
}

// grave tells that a finding says the session is not over on the target. Changes of the target and unknown connections have alarms of
// their own.
func grave(found []store.Finding) bool {
	for _, f := range found {
		if f.State == store.ProofFailed && f.What != "target" && f.What != "egress" {
			return true
		}
	}
	return false
}

// conclude writes the use's state, the proof, its entry, and where it failed an alarm and the rule's freeze, in one transaction.
func (s *Steward) conclude(ctx context.Context, v subject, u Use, state store.UseState, found []store.Finding) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	sum := Sum(found)
	err := s.o.DB.Write(ctx, func(tx *store.Tx) error {
		use, err := useOf(tx, u)
		if err != nil {
			return err
		}
		if use != nil {
			use.State, use.Note = state, ""
			if state == store.UseFailed {
				use.Note = failures(found)
			}
			if err := tx.PutUse(*use); err != nil {
				return err
			}
			if state == store.UseGone {
				if err := closeReleased(tx, u.Account); err != nil {
					return err
				}
			}
		}
		if err := tx.PutEndProof(store.EndProof{Session: u.Session, State: sum, Findings: found}); err != nil {
			return err
		}
		if _, err := tx.Append(ledger.Draft{Kind: "session.end-verified", Actor: broker, Subjects: []string{u.Session, u.Person, u.Request, v.system.ID, v.target.ID},
			Payload: map[string]any{"session_id": u.Session, "window": u.Window, "target": v.target.ID, "account": v.account.ID, "state": sum, "findings": found}}); err != nil {
			return err
		}
		if !grave(found) {
			return nil
		}
		return s.alarm(tx, v, u, found)
	})
	if err != nil {
		return fmt.Errorf("verified end of %s: %w", u.Session, err)
	}
	if sum == store.ProofFailed {
		s.o.Log.Error("end_not_proved", "session", u.Session, "account", u.Account, "findings", failures(found))
	}
	return nil
}

// useOf reads a session's open use; nil: it has none.
func useOf(tx *store.Tx, u Use) (*store.AccountUse, error) {
	all, err := tx.OpenUses(u.Account)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Session == u.Session {
			return &o, nil
		}
	}
	return nil, nil
}

// closeReleased closes the uses of sessions that ended while another one used the account, now that it is gone.
func closeReleased(tx *store.Tx, account string) error {
	all, err := tx.OpenUses(account)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.State != store.UseReleased && o.State != store.UseFailed {
			continue
		}
		o.State, o.Note = store.UseGone, ""
		if err := tx.PutUse(o); err != nil {
			return err
		}
	}
	return nil
}

// failures are the findings that failed, for the log and the use's note.
func failures(found []store.Finding) string {
	var said []string
	for _, f := range found {
		if f.State == store.ProofFailed {
			said = append(said, f.What+": "+f.Detail+strings.Join(f.Names, "; "))
		}
	}
	return noteOf(errors.New(strings.Join(said, "; ")))
}

// alarm tells the section and the central desk that an end was not proved, and freezes by rule.
func (s *Steward) alarm(tx *store.Tx, v subject, u Use, found []store.Finding) error {
	why := failures(found)
	if _, err := tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmNotGone, About: v.target.ID, Detail: map[string]any{
		"session": u.Session, "account": v.account.ID, "reason": string(policy.AccountNotProvedGone), "number": policy.AccountNotProvedGone.Number(), "error": why,
	}}, alarmPause, []string{v.system.Section}, broker); err != nil {
		return err
	}
	if v.system.Unproved != rules.UnprovedFreeze || u.Vendor == "" || s.o.Freeze == nil {
		return nil
	}
	return s.o.Freeze(tx, u.Vendor, v.system.ID, why)
}

// alarmPause keeps a fault that is tried again every minute from raising an alarm each time.
const alarmPause = time.Hour
