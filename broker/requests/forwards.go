package requests

import (
	"errors"
	"fmt"
	"slices"

	"sekimori/broker/store"
	"sekimori/policy"
)

// forwards checks that each destination is one that the system's rules permit, and is not the SSH server of a target that the
// request names.
func (c *checking) forwards(r *store.Request, sys store.System) error {
	r.Body.Forwards = nil
	if c.wrong["forwards"] {
		return nil
	}
	for _, asked := range c.form.Forwards {
		d, err := policy.ParseDestination(asked)
		if err != nil {
			c.problem("forwards", "bad-destination", asked+" は転送先として読めません。db:5432 のように、名前かアドレスとポートで書いてください。",
				fmt.Sprintf("Write destination %q as a name or an address with a port: db:5432.", asked))
			continue
		}
		to := d.String()
		if !slices.Contains(sys.Forwards, to) {
			c.problem("forwards", "forward-not-listed", to+" への転送は、このシステムの決まりにありません。情報システム課へ。",
				fmt.Sprintf("The system's rules permit no forward to %s. Ask the IS section.", to))
			continue
		}
		own, err := c.reachesTarget(r, d)
		if err != nil {
			return err
		}
		if own {
			c.problem("forwards", "forward-to-target", to+" は接続先自身の SSH です。記録されない接続になるため、転送できません。",
				fmt.Sprintf("%s is the target's own SSH server: a connection through it would not be recorded.", to))
			continue
		}
		if !slices.Contains(r.Body.Forwards, to) {
			r.Body.Forwards = append(r.Body.Forwards, to)
		}
	}
	return nil
}

// reachesTarget reports that a destination is the SSH server of one of the request's targets.
func (c *checking) reachesTarget(r *store.Request, d policy.Destination) (bool, error) {
	for _, id := range r.Body.Accounts {
		a, err := c.snap.Account(id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("read account: %w", err)
		}
		t, err := c.snap.Target(a.Target)
		if err != nil {
			return false, fmt.Errorf("read target: %w", err)
		}
		if policy.ReachesTarget(d, t.Target) {
			return true, nil
		}
	}
	return false, nil
}
