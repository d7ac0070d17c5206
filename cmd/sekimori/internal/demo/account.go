package demo

import (
	"context"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

// account shows how the end was verified on the target: the account was opened for the session, probed, and is closed again. The target of
// the demonstration plays its part, which is said. Then the target's own record of logins is compared with the ledger.
func (d *demo) account(ctx context.Context) error {
	var v api.Session
	err := d.until(ctx, func() (bool, error) { // the target is asked beside the session's end
		v = api.Session{}
		err := d.tenken.ask(ctx, &v, "session", "show", d.session)
		return gone(v), err
	})
	if err != nil {
		return fmt.Errorf("the account was not proved gone: %+v: %w", v.Findings, err)
	}
	var lines []string
	for _, f := range v.Findings {
		state := store.ProofState(f.State).Label()
		line := api.FindingName(f.What).In(d.Lang) + ": " + state.In(d.Lang)
		if f.Detail != "" {
			line += ": " + f.Detail
		}
		lines = append(lines, line)
	}
	d.narrate("account", "作業用アカウントは接続の前に開かれ、番号の列が読めないことを検査され、終わりに閉じられました。終了の検証は台帳に残ります。この接続先は模擬で、検査も模擬です。",
		"The account was opened before the session, probed for the number column, and closed at its end. The ledger keeps how the end was verified. This target is a simulation, and so is its probe.",
		map[string]any{"end_verified": v.EndVerified}, lines...)

	var r api.Reconciliation
	if err := d.tenken.ask(ctx, &r, "reconcile", "--target", "hr-db"); err != nil {
		return err
	}
	if r.State != "agrees" || r.Logins == 0 || len(r.Missing) > 0 {
		return fmt.Errorf("the comparison of logins is %+v", r)
	}
	d.narrate("reconcile", "点検担当が接続先のログインの記録を台帳と突き合わせました。関守を通らないログインはありません。",
		"The auditor compares the target's record of logins with the ledger: no login went round the gate.",
		map[string]any{"logins": r.Logins, "known": r.Known}, d.say(fmt.Sprintf("ログイン %d 件、台帳にあるもの %d 件", r.Logins, r.Known), fmt.Sprintf("%d logins, %d known", r.Logins, r.Known)))
	return nil
}

// gone tells whether the account was proved gone.
func gone(v api.Session) bool {
	for _, f := range v.Findings {
		if f.What == "account" && f.State == "verified" {
			return true
		}
	}
	return false
}
