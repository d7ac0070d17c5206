package permits

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// longestPermit bounds the period of a permit, in years: the office decides anew after that.
const longestPermit = 3

// Ask hands in a section's application and gives the permit's number. Errors: *policy.Denied, *forms.Invalid.
func (o *Office) Ask(ctx context.Context, in api.PermitApplication, by act.Caller) (store.Permit, error) {
	return act.Run(ctx, o.o.Acts, OnNone, ask, "", by, func(tx *store.Tx, p act.Person, _ struct{}) (store.Permit, error) {
		wrong := &forms.Invalid{}
		out, sys, err := read(tx, o.o.Zone, in, wrong)
		if err != nil {
			return out, err
		}
		if sys.ID != "" {
			if err := policy.MayAskPermit(p.Person, sys.System).Err(); err != nil {
				return out, err
			}
		}
		if err := wrong.OrNil(); err != nil {
			return out, err
		}
		if out.ID, err = tx.NextPermitID(); err != nil {
			return out, fmt.Errorf("number the permit: %w", err)
		}
		out.AskedBy = p.ID
		if err := tx.AddPermit(out); err != nil {
			return out, fmt.Errorf("store permit: %w", err)
		}
		if out, err = tx.Permit(out.ID); err != nil {
			return out, err
		}
		return out, entry(tx, "permit.asked", p.By, out, nil)
	})
}

// Grant grants a permit that is asked for. The reason may be empty. Errors: *policy.Denied, store.ErrNotFound.
func (o *Office) Grant(ctx context.Context, id, reason string, by act.Caller) error {
	return o.decide(ctx, grant, id, policy.PermitGranted, reason, by)
}

// Refuse refuses one, with a reason.
func (o *Office) Refuse(ctx context.Context, id, reason string, by act.Caller) error {
	return o.decide(ctx, refuse, id, policy.PermitRefused, reason, by)
}

func (o *Office) decide(ctx context.Context, a permitAct, id string, state policy.PermitState, reason string, by act.Caller) error {
	return act.Do(ctx, o.o.Acts, OnPermit, a, id, by, func(tx *store.Tx, p act.Person, on store.OnPermit) error {
		if err := forms.Reason(reason, state == policy.PermitRefused); err != nil {
			return err
		}
		if err := tx.DecidePermit(on.Permit.ID, state, p.ID, reason); err != nil {
			return fmt.Errorf("decide permit %s: %w", id, err)
		}
		return entry(tx, "permit."+string(state), p.By, on.Permit, map[string]any{"reason": reason})
	})
}

// Withdraw takes a permit, or the application for one, back. It is a stop: what can be shown of the reason is kept, and it may be empty.
func (o *Office) Withdraw(ctx context.Context, id, reason string, by act.Caller) error {
	return act.Do(ctx, o.o.Acts, OnPermit, withdraw, id, by, func(tx *store.Tx, p act.Person, on store.OnPermit) error {
		why := forms.Kept(reason)
		if err := tx.WithdrawPermit(on.Permit.ID, p.ID, why); err != nil {
			return fmt.Errorf("withdraw permit %s: %w", id, err)
		}
		return entry(tx, "permit.withdrawn", p.By, on.Permit, map[string]any{"reason": why, "before": string(on.Permit.State)})
	})
}

func entry(tx *store.Tx, kind string, by ledger.Actor, p store.Permit, more map[string]any) error {
	payload := map[string]any{"permit": p.ID, "vendor": p.Vendor, "system": p.System, "from": p.From, "until": p.Until, "purpose": p.Purpose,
		"accounts": append([]string{}, p.Accounts...), "root": p.Root, "files": p.Files, "hours": Hours(p.Hours), "office_hours": p.Office, "longest_ms": p.Longest.Milliseconds(),
		"asked_by": p.AskedBy}
	for name, value := range more {
		payload[name] = value
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{p.ID, p.Vendor, p.System, p.AskedBy}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// read turns an application into a permit. Its mistakes go to wrong; the system comes back even then, if there is one.
func read(tx *store.Tx, zone *time.Location, in api.PermitApplication, wrong *forms.Invalid) (p store.Permit, sys store.System, err error) {
	problem := func(field, code, ja, en string) {
		wrong.Problems = append(wrong.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
	}
	p = store.Permit{Purpose: strings.TrimSpace(in.Purpose)}
	p.Root, p.Files, p.Office = in.Root, in.Files, in.OfficeHours
	v, err := tx.Vendor(in.Vendor)
	if errors.Is(err, store.ErrNotFound) {
		problem("vendor", "unknown-vendor", "保守事業者が登録されていません: "+in.Vendor, fmt.Sprintf("No vendor %q in the registry.", in.Vendor))
	} else if err != nil {
		return p, sys, fmt.Errorf("read vendor: %w", err)
	}
	if sys, err = tx.System(in.System); errors.Is(err, store.ErrNotFound) {
		problem("system", "unknown-system", "対象システムが登録されていません: "+in.System, fmt.Sprintf("No system %q in the registry.", in.System))
	} else if err != nil {
		return p, sys, fmt.Errorf("read system: %w", err)
	}
	p.Vendor, p.System = v.ID, sys.ID
	period(tx, zone, &p, in, problem)
	var ok bool
	if p.Hours, ok = hoursOf(in.Hours); !ok {
		problem("hours", "bad-hours", "時間帯は 09:00-17:00 のように、早い方から書いてください。", "Write hours like 09:00-17:00, the earlier first.")
	}
	if in.Longest != "" {
		if p.Longest, err = time.ParseDuration(in.Longest); err != nil || p.Longest <= 0 {
			problem("longest", "bad-length", "長さは 4h や 90m のように書いてください。", "Write a length like 4h or 90m.")
		}
	}
	for _, id := range in.Accounts {
		a, err := tx.Account(id)
		var t store.Target
		if err == nil {
			t, err = tx.Target(a.Target)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return p, sys, fmt.Errorf("read account: %w", err)
		}
		if err != nil || t.System != sys.ID {
			problem("accounts", "account-not-for-target", id+" はこのシステムのアカウントではありません。", fmt.Sprintf("%q is no account of the system.", id))
			continue
		}
		if a.Root && !p.Root {
			problem("root", "root-not-asked", id+" は管理者権限のアカウントです。「管理者権限のアカウントも」を選んでください。", fmt.Sprintf("%q is root-equivalent: choose root-equivalent accounts too.", id))
		}
		p.Accounts = append(p.Accounts, a.ID)
	}
	return p, sys, nil
}

// period reads the days. The permit begins and ends with its days in the institution's zone.
func period(tx *store.Tx, zone *time.Location, p *store.Permit, in api.PermitApplication, problem func(field, code, ja, en string)) {
	good := true
	for _, d := range []struct {
		name, text string
		into       *time.Time
	}{{"from", in.From, &p.From}, {"until", in.Until, &p.Until}} {
		var err error
		if *d.into, err = time.ParseInLocation(time.DateOnly, strings.TrimSpace(d.text), zone); err != nil {
			good = false
			problem(d.name, "bad-day", "日付は 2026-04-01 のように書いてください。", "Write a day like 2026-04-01.")
		}
	}
	if !good {
		return
	}
	p.Until = p.Until.AddDate(0, 0, 1)
	switch {
	case !p.From.Before(p.Until):
		problem("until", "end-before-start", "最後の日は最初の日より後にしてください。", "The last day must not lie before the first.")
	case !tx.Now.Before(p.Until):
		problem("until", "in-the-past", "この期間はもう過ぎています。", "The period lies in the past.")
	case p.Until.After(p.From.AddDate(longestPermit, 0, 0)):
		problem("until", "too-long", fmt.Sprintf("期間は%d年までです。", longestPermit), fmt.Sprintf("The period is at most %d years.", longestPermit))
	}
	p.From, p.Until = p.From.UTC(), p.Until.UTC()
}

// hoursOf reads 09:00-17:00; empty is no limit.
func hoursOf(s string) (policy.Hours, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return policy.Hours{}, true
	}
	from, until, _ := strings.Cut(s, "-")
	h := policy.Hours{From: clock(from), Until: clock(until)}
	return h, h.From >= 0 && h.From < h.Until
}

func clock(s string) time.Duration {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * time.Hour
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return -1
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// Hours writes a part of a day as it is read; empty: no limit.
func Hours(h policy.Hours) string {
	if h == (policy.Hours{}) {
		return ""
	}
	say := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	return say(h.From) + "-" + say(h.Until)
}
