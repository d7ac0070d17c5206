package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/store"
)

// aloneLength bounds how long an account is prepared without a session.
const aloneLength = 10 * time.Minute

// Keys of uses without a session: the reason, a colon and the account. A session's number has no colon.
func aloneUse(why, account string) string { return why + ":" + account }

func isAlone(u store.AccountUse) bool { return strings.Contains(u.Session, ":") }

// errInUse: a session uses the account.
var errInUse = errors.New("a session uses the account")

// alone prepares an account without a session, does something with it, and takes it away. Its use stands in the same table as those of
// sessions, so that a crash in between leaves nothing open. On a target without a steward it only does the thing. The target's turn is
// held meanwhile. Errors: errInUse, and those of do.
func (s *Steward) alone(ctx context.Context, account, why string, do func(context.Context, subject) error) error {
	v, err := s.subject(ctx, account)
	if err != nil {
		return err
	}
	done, err := s.turn(ctx, v.target.ID)
	if err != nil {
		return err
	}
	if v.target.Steward == "" {
		defer done()
		return do(ctx, v)
	}
	var until time.Time
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		open, err := tx.OpenUses(account)
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("account %s: %w", account, errInUse)
		}
		if err != nil {
			return err
		}
		until = tx.Now.Add(aloneLength)
		if err := tx.PutUse(store.AccountUse{Session: aloneUse(why, account), Account: account, Target: v.target.ID, State: store.UseFailed, Until: until, Since: tx.Now}); err != nil {
			return err
		}
		return s.entry(tx, "account.preparing", v, Use{}, map[string]any{"until": instant(until), "groups": v.account.Groups})
	})
	if err != nil {
		done()
		return err
	}
	if _, err = s.ask(ctx, v.target, Order{Verb: VerbPrepare, Account: v.account.Login, Until: until.Add(s.ahead()), Groups: v.account.Groups}); err == nil {
		err = do(ctx, v)
	}
	done()
	return errors.Join(err, s.takeAway(context.WithoutCancel(ctx), account, unproved))
}
