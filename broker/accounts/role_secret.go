package accounts

import (
	"context"
	"errors"
	"fmt"
)

// The password of an account's database role is set and tried by the target's program, because the broker itself speaks no database's
// protocol. The program needs no earlier password to set a new one. A role has one password, so the old one is gone with the new one.

// roleSecret is the name under which the password of an account's role is stored.
func roleSecret(account string) string { return "account:" + account + "/role" }

// errRoleRefused: the database refused the role with the password.
var errRoleRefused = errors.New("the database refuses the role with this password")

// errAnyPassword: the database asks for no password, so a change of it protects nothing.
var errAnyPassword = errors.New("the database lets the role in with any password; its rules for clients (pg_hba.conf) must ask for one (scram-sha-256) where the program connects from")

// setRole sets the password of the account's role.
func (s *Steward) setRole(ctx context.Context, v subject, fresh []byte) error {
	_, err := s.ask(ctx, v.target, Order{Verb: VerbSetRolePassword, Account: v.account.Login, Password: string(fresh)})
	return err
}

// roleOpens has the program log in to the database as the role. Errors: errRoleRefused, and those of an order.
func (s *Steward) roleOpens(ctx context.Context, v subject, plain []byte) error {
	lines, err := s.ask(ctx, v.target, Order{Verb: VerbTryRolePassword, Account: v.account.Login, Password: string(plain)})
	switch {
	case err != nil:
		return err
	case len(lines) != 1 || lines[0].Fields[0] != v.account.Login:
		return fmt.Errorf("%w: the trial is not about %s alone", ErrUnclear, v.account.Login)
	case lines[0].Word == "opens":
		return nil
	}
	return errRoleRefused // the program's words are left out, because they may repeat the password
}

// roleRefuses tries that the old password is refused while the new one opens, so that no other cause passes for a refusal. Before the
// first change the broker knows no old one.
func (s *Steward) roleRefuses(ctx context.Context, v subject, now, old []byte) error {
	if err := s.roleOpens(ctx, v, now); err != nil {
		return err
	}
	if len(old) == 0 {
		old = newPassword() // no one knows it: it must not open either
	}
	err := refusal(s.roleOpens(ctx, v, old))
	if errors.Is(err, errOldOpens) {
		return errAnyPassword
	}
	return err
}
