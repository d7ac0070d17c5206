package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/accounts"
	acts "sekimori/broker/act"
	"sekimori/broker/announcement"
	"sekimori/broker/annual"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/correction"
	"sekimori/broker/field"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/lateentry"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
)

// specs are the acts by their commands.
var specs = sync.OnceValue(func() map[string]acts.Spec {
	all := map[string]acts.Spec{}
	for _, s := range slices.Concat(acts.Specs(attendance.Acts()), acts.Specs(requests.Acts()), acts.Specs(review.Acts()), acts.Specs(confirmation.Acts()), acts.Specs(correction.Acts()), acts.Specs(announcement.Acts()), acts.Specs(permits.Acts()), acts.Specs(roster.Acts()), acts.Specs(papers.Acts()), acts.Specs(interlock.Acts()), acts.Specs(accounts.Acts()), acts.Specs(reconcile.Acts()), acts.Specs(files.Acts()), acts.Specs(sealing.Acts()), acts.Specs(lateentry.Acts()), acts.Specs(annual.Acts()), acts.Specs(freeze.Acts())) {
		if s.Command != "" {
			all[s.Command] = s
		}
	}
	return all
})

// specOf finds the act that a command does. The tree of commands is built at each start, so a command without an act shows at once.
func specOf(command string) acts.Spec {
	s, ok := specs()[command]
	if !ok {
		panic("no act has the command " + command)
	}
	return s
}

// actLeaf is the command of an act: its operands, options and help come from the act, and the proof is asked for where the act wants
// one. done prints what the broker answered.
func actLeaf[T any](p *program, command string, done func(T) error) *cli.Command {
	s := specOf(command)
	name := command[strings.LastIndex(command, " ")+1:]
	return p.leaf(name, s.Operands, s.JA, s.EN, func(c *cli.Context) error {
		body, err := bodyOf(s, c)
		if err != nil {
			return err
		}
		path := api.Path[T](strings.Replace(s.Path, "{"+s.Parameter()+"}", url.PathEscape(c.Args().First()), 1))
		var v T
		switch s.Proof {
		case acts.NoProof:
			v, err = act(p, c, path, body(api.Fresh{}))
		case acts.EachTime:
			v, err = actProved(p, c, path, body)
		default:
			v, err = actAnew(p, c, path, body)
		}
		if err != nil {
			return err
		}
		return done(v)
	}, p.actFlags(s)...)
}

// actFlags are the options of an act: its fields that are no operands, and the proof's.
func (p *program) actFlags(s acts.Spec) (flags []cli.Flag) {
	for _, f := range fieldsOf(s) {
		usage := p.usageOf(f)
		switch {
		case slices.Contains(s.OperandFields(), f.Key):
		case f.Kind == field.Switch:
			flags = append(flags, &cli.BoolFlag{Name: f.Name, Usage: usage})
		case f.Kind == field.Words:
			flags = append(flags, &cli.StringSliceFlag{Name: f.Name, Usage: usage})
		default:
			flags = append(flags, &cli.StringFlag{Name: f.Name, Usage: usage})
		}
	}
	if s.Proof != acts.NoProof {
		flags = append(flags, p.authFlag())
	}
	return flags
}

// usageOf is the help of an option: its label, the words that may be given, the form of a date, and whether it must be given.
func (p *program) usageOf(f field.Flag) string {
	usage := p.say(f.Label.JA, f.Label.EN)
	var words []string
	for _, o := range f.Options {
		if o.Word != "" {
			words = append(words, p.say(o.Word+"("+o.Text.JA+")", o.Word))
		}
	}
	switch {
	case len(words) > 0:
		usage += ": " + strings.Join(words, p.say("、", ", "))
	case f.Day:
		usage += p.say("(例 2026-11-24)", " (as 2026-11-24)")
	}
	if f.Instant {
		usage += p.say("(例 2026-11-24T10:00、この機関の時刻)", " (as 2026-11-24T10:00, in the institution's zone)")
	}
	if f.Needed {
		usage += p.say("。必須", "; required")
	}
	return usage
}

func fieldsOf(s acts.Spec) []field.Flag {
	if s.Fields == nil {
		return nil
	}
	return s.Fields.Flags()
}

// bodyOf makes the body of an act of what was given, to which the proof is added.
func bodyOf(s acts.Spec, c *cli.Context) (func(api.Fresh) any, error) {
	members := map[string]json.RawMessage{}
	if s.Fields != nil {
		given := map[string][]string{}
		for _, f := range fieldsOf(s) {
			switch at := slices.Index(s.OperandFields(), f.Key); {
			case at >= 0 && at+1 < c.NArg():
				given[f.Key] = []string{c.Args().Get(at + 1)}
			case f.Kind == field.Words:
				given[f.Key] = c.StringSlice(f.Name)
			case c.IsSet(f.Name):
				given[f.Key] = []string{fmt.Sprint(c.Value(f.Name))}
			}
		}
		body, err := s.Fields.Body(given, time.UTC) // a moment goes as it was typed: the broker knows the institution's zone
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &members); err != nil {
			return nil, fmt.Errorf("body of %s: %w", s.Command, err)
		}
	}
	return func(f api.Fresh) any {
		if f == (api.Fresh{}) {
			return members
		}
		with := map[string]any{"password": f.Password, "code": f.Code}
		for k, v := range members {
			with[k] = v
		}
		return with
	}, nil
}
