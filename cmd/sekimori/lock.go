package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
)

// lock gives the persons who locked and are locked, the reason, and the state of the release.
func (p *program) lock(l *api.Lock) string {
	if l == nil {
		return ""
	}
	what := p.say("利用停止", "locked")
	if l.State == "lift-one" {
		what += p.say(" 解除同意 1/2", ", lift-one")
	}
	return fmt.Sprintf("%s: %s (%s, %s)", what, l.Reason, l.By, stamp(l.Since))
}

// lockAct locks or unlocks a person or a vendor. Locking needs no word: the reason may follow. Unlocking takes two
// people, and asks each for password and code.
func lockAct[T any](p *program, c *cli.Context, kind api.Kind[T], what, ja, en string, id func(T) string) error {
	body := api.LockBody{Reason: c.String("reason")}
	do := func(f api.Fresh) (T, error) {
		body.Fresh = f
		return act(p, c, kind.Act(c.Args().First(), what), body)
	}
	var v T
	var err error
	if what == "unlock" {
		if body.Reason, err = p.reason(c); err != nil {
			return err
		}
		v, err = proved(p, c, do)
	} else {
		v, err = do(api.Fresh{})
	}
	if err != nil {
		return err
	}
	if what == "unlock" && lockOf(v) != nil {
		return p.done(v, fmt.Sprintf("解除同意 1/2: %s(もう一人の同意が要ります)", id(v)),
			fmt.Sprintf("lift-one: %s (one of two agreed; another person must agree too)", id(v)))
	}
	return p.done(v, fmt.Sprintf("%s: %s", ja, id(v)), fmt.Sprintf("%s: %s", en, id(v)))
}

func lockOf(v any) *api.Lock {
	switch v := v.(type) {
	case api.Person:
		return v.Locked
	case api.Vendor:
		return v.Locked
	}
	return nil
}

// lockNote is the command that adds the reason of a lock, for people and for vendors.
func lockNote[T any](p *program, kind api.Kind[T], id func(T) string) *cli.Command {
	return p.leaf("note", "ID", "利用停止の理由を書き足す", "add the reason of a lock", func(c *cli.Context) error {
		reason, err := p.reason(c)
		if err != nil {
			return err
		}
		v, err := act(p, c, kind.Act(c.Args().First(), "lock-note"), api.LockBody{Reason: reason})
		if err != nil {
			return err
		}
		return p.done(v, fmt.Sprintf("書き足しました: %s", id(v)), fmt.Sprintf("noted: %s", id(v)))
	}, p.reasonFlag())
}
