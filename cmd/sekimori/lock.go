package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"sekimori/broker/web"
)

// lock says who stopped whom, why, and how far the release has come.
func (p *program) lock(l *web.Lock) string {
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
func lockAct[T any](p *program, c *cli.Context, path, what, ja, en string, id func(T) string) error {
	body := web.LockBody{Reason: c.String("reason")}
	if what == "unlock" {
		var err error
		if body.Reason, err = p.need(c, "reason"); err != nil {
			return err
		}
		if body.Fresh, err = p.fresh(c); err != nil {
			return err
		}
	}
	v, err := act[T](p, c, path+part(c.Args().First())+"/"+what, body)
	if err != nil {
		return err
	}
	if what == "unlock" && lockOf(v) != nil {
		return p.done(v, fmt.Sprintf("解除同意 1/2: %s(もう一人の同意が要ります)", id(v)),
			fmt.Sprintf("lift-one: %s (one of two agreed; another person must agree too)", id(v)))
	}
	return p.done(v, fmt.Sprintf("%s: %s", ja, id(v)), fmt.Sprintf("%s: %s", en, id(v)))
}

func lockOf(v any) *web.Lock {
	switch v := v.(type) {
	case web.Person:
		return v.Locked
	case web.Vendor:
		return v.Locked
	}
	return nil
}

// lockNote is the command that adds the reason of a lock, for people and for vendors.
func lockNote[T any](p *program, path string, id func(T) string) *cli.Command {
	return p.leaf("note", "ID", "利用停止の理由を書き足す", "add the reason of a lock", func(c *cli.Context) error {
		reason, err := p.need(c, "reason")
		if err != nil {
			return err
		}
		v, err := act[T](p, c, path+part(c.Args().First())+"/lock-note", web.LockBody{Reason: reason})
		if err != nil {
			return err
		}
		return p.done(v, fmt.Sprintf("書き足しました: %s", id(v)), fmt.Sprintf("noted: %s", id(v)))
	}, p.reasonFlag())
}
