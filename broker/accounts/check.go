package accounts

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/dial"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The parts of a check (check_words.go says them).
const (
	CheckHostKey   = "host-key"        // the target answers and shows the registered host key
	CheckNoProof   = "no-proof"        // nobody gets in without a proof
	CheckSteward   = "steward"         // the program that looks after accounts answers, and prepares the account
	CheckLogin     = "login"           // the account opens for its certificate or stored secret
	CheckPrincipal = "wrong-principal" // a certificate for another name is refused
	CheckSource    = "wrong-source"    // a certificate for another address is refused
)

// checkName is the principal that no account has.
const checkName = "sekimori-check-of-another-name"

// elsewhere is an address that the broker does not have (RFC 5737).
var elsewhere = []netip.Prefix{netip.MustParsePrefix("203.0.113.254/32")}

// check tries what is set up on a target, part by part. Where the target cannot be reached there is one line.
func (s *Steward) check(ctx context.Context, target string) (c store.TargetCheck, err error) {
	c.Target = target
	v, err := s.subjectOf(ctx, target)
	if err != nil {
		return c, err
	}
	var accounts []store.Account
	err = s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		accounts, err = snap.Accounts(target)
		return err
	})
	if err != nil {
		return c, err
	}
	login := v.target.Steward
	if len(accounts) > 0 {
		login = accounts[0].Login
	}
	c.Lines = s.reach(ctx, v.target, login, &c.Source)
	if c.Lines[0].Result != store.CheckOK {
		return c, nil
	}
	for _, a := range accounts {
		if v.target.Steward == "" {
			c.Lines = append(c.Lines, s.logins(ctx, v.target, a)...)
			continue
		}
		var lines []store.CheckLine
		err := s.alone(ctx, a.ID, "check", func(ctx context.Context, v subject) error {
			lines = s.logins(ctx, v.target, a)
			return nil
		})
		c.Lines = append(c.Lines, outcome(CheckSteward, a.ID, err))
		c.Lines = append(c.Lines, lines...)
	}
	return c, nil
}

// reach connects without a proof, which a target must refuse after it has shown its key.
func (s *Steward) reach(ctx context.Context, t store.Target, login string, source *string) []store.CheckLine {
	if login == "" {
		login = checkName
	}
	err := s.login(ctx, t, login, func(from netip.Addr) ([]ssh.AuthMethod, error) {
		if from.IsValid() {
			*source = from.String()
		}
		return nil, nil
	})
	switch {
	case err == nil:
		return []store.CheckLine{{What: CheckHostKey, Result: store.CheckOK}, {What: CheckNoProof, Result: store.CheckFailed}}
	case wasRefused(err):
		return []store.CheckLine{{What: CheckHostKey, Result: store.CheckOK}, {What: CheckNoProof, Result: store.CheckOK}}
	}
	return []store.CheckLine{{What: CheckHostKey, Result: store.CheckFailed, Detail: noteOf(err)}}
}

// logins tries the proof that opens an account, and the proofs that must not.
func (s *Steward) logins(ctx context.Context, t store.Target, a store.Account) []store.CheckLine {
	now, auth, err := s.proofOf(ctx, a)
	if err != nil {
		return []store.CheckLine{outcome(CheckLogin, a.ID, err)}
	}
	lines := []store.CheckLine{outcome(CheckLogin, a.ID, s.login(ctx, t, a.Login, auth))}
	if a.Credential != store.CredentialCertificate {
		return lines
	}
	id := "check of " + t.ID
	return append(lines,
		refused(CheckPrincipal, a.ID, s.login(ctx, t, a.Login, s.certified(now, id, checkName, nil))),
		refused(CheckSource, a.ID, s.login(ctx, t, a.Login, s.certified(now, id, a.Login, elsewhere))))
}

// proofOf gives the proof that opens an account, for one try.
func (s *Steward) proofOf(ctx context.Context, a store.Account) (now time.Time, auth dial.Auth, err error) {
	var sealed []byte
	err = s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		now = snap.Now
		if a.Credential != store.CredentialCertificate {
			sealed, err = snap.Secret(a.Secret)
		}
		return err
	})
	if err != nil {
		return now, nil, err
	}
	if a.Credential == store.CredentialCertificate {
		return now, s.certified(now, "check of "+a.ID, a.Login, nil), nil
	}
	plain, err := s.o.Ring.Unseal(a.Secret, sealed)
	if err != nil {
		return now, nil, err
	}
	auth, err = proof(a.Credential, plain)
	return now, auth, err
}

// proof is a stored secret as the dialer takes it.
func proof(kind store.CredentialKind, plain []byte) (dial.Auth, error) {
	if kind == store.CredentialPassword {
		return dial.Password(string(plain)), nil
	}
	return dial.Keys(plain)
}

// outcome is the line of something that must succeed. A part that a session under way keeps from being tried is left out.
func outcome(what, account string, err error) store.CheckLine {
	l := store.CheckLine{What: what, Account: account, Result: store.CheckOK}
	switch {
	case errors.Is(err, errInUse):
		l.Result, l.Detail = store.CheckSkipped, noteOf(err)
	case err != nil:
		l.Result, l.Detail = store.CheckFailed, noteOf(err)
	}
	return l
}

// refused is the line of a login that the target must refuse.
func refused(what, account string, err error) store.CheckLine {
	switch {
	case err == nil:
		return store.CheckLine{What: what, Account: account, Result: store.CheckFailed}
	case wasRefused(err):
		return store.CheckLine{What: what, Account: account, Result: store.CheckOK}
	}
	return store.CheckLine{What: what, Account: account, Result: store.CheckSkipped, Detail: noteOf(err)}
}

// wasRefused tells whether the target answered that it refuses a login. A connection that ended in the login proves nothing.
func wasRefused(err error) bool {
	var e *dial.Error
	return errors.As(err, &e) && e.Reason == policy.TargetRefusedLogin && e.Refused
}
