package gate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ownGrant is one of the person's grants with the list's further facts about it.
type ownGrant struct {
	policy.Grant
	system    string
	login     string // on the target
	attendant string // name; empty: not yet known
	live      bool   // the person has an open session on it
}

// windows lists the person's own windows.
func (s *selfService) windows() error {
	if _, err := s.options(0, nil); err != nil {
		return err
	}
	if err := s.viewed("window.listed"); err != nil {
		return err
	}
	list, err := s.c.owned(s.ctx, s.auth.facts)
	if err != nil {
		return err
	}
	s.out.WriteString(s.c.listText(list, s.lang))
	return nil
}

// usable are the person's own grants that are not over, soonest first. It leaves out those that no approval can
// revive.
func (c *caller) usable(f policy.Facts) []policy.Grant {
	now := c.s.o.Clock()
	var out []policy.Grant
	for _, g := range f.Grants {
		w := g.Window
		switch {
		case g.State != policy.GrantActive || !now.Before(w.End):
		case w.State == policy.WindowClosed || w.State == policy.WindowCut || w.State == policy.WindowCancelled:
		case !g.RequestState.Final():
		default:
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b policy.Grant) int {
		return cmp.Or(a.Window.Start.Compare(b.Window.Start), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// listed is how many windows a list shows: more than a person chooses from.
const listed = 50

// owned are the windows of the list, with the names that it needs.
func (c *caller) owned(ctx context.Context, f policy.Facts) ([]ownGrant, error) {
	grants := c.usable(f)
	if len(grants) > listed {
		grants = grants[:listed]
	}
	var out []ownGrant
	err := c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		out = nil
		for _, g := range grants {
			o := ownGrant{Grant: g, system: f.Systems[f.Targets[g.Target].System].Name, login: f.Accounts[g.Account].Login}
			attendant := g.Window.Attendant
			if attendant == "" { // no one has taken the post: the request's attendant
				r, err := snap.Request(g.Request)
				if err != nil {
					return fmt.Errorf("request %s: %w", g.Request, err)
				}
				attendant = r.Body.Attendant
			}
			if attendant != "" {
				p, err := snap.Person(attendant)
				if err != nil {
					return fmt.Errorf("attendant of %s: %w", g.Window.ID, err)
				}
				o.attendant = p.Name
			}
			o.live = slices.ContainsFunc(f.Live, func(l policy.LiveSession) bool { return l.Grant == g.ID && l.Person == f.Person.ID })
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

// listText is the numbered list: two lines a window, none wider than a screen.
func (c *caller) listText(list []ownGrant, lang string) string {
	if len(list) == 0 {
		return text.Of("使える作業時間枠はありません。", "You have no window.").Lines(lang) + "\n"
	}
	var b strings.Builder
	now := c.s.o.Clock()
	for i, o := range list {
		from, to := o.Window.Start.In(c.s.o.Zone), o.Window.End.In(c.s.o.Zone)
		first := fmt.Sprintf("%3d) %s  %s / %s / %s", i+1, o.Window.ID, o.system, o.Target, o.login)
		second := "     " + from.Format("2006-01-02 15:04") + "-" + text.SpanEnd(from, to) + "  " + strings.Join(o.said(now, lang), "  ")
		b.WriteString(text.Cut(text.OneLine(first, 200), text.Screen) + "\n" + text.Cut(text.OneLine(second, 200), text.Screen) + "\n")
	}
	return b.String()
}

// said gives state, time left, attendant, and the marks of the window.
func (o ownGrant) said(now time.Time, lang string) []string {
	w := o.Window
	state, wait := text.Of("立会者待ち", "attendant awaited").Slashed(lang), w.End.Sub(now)
	left := text.Of("残り"+text.Left(wait).JA, text.Left(wait).EN+" left").Slashed(lang)
	switch {
	case now.Before(w.Start):
		until := untilThen(w.Start.Sub(now))
		state = text.Of("開始時刻前", "too early").Slashed(lang)
		left = text.Of("開始まで"+text.Left(until).JA, "opens in "+text.Left(until).EN).Slashed(lang)
	case o.live:
		state = text.Of("接続中", "connected").Slashed(lang)
	case w.State == policy.WindowPermitted:
		state = text.Of("開始可能", "open").Slashed(lang)
	}
	said := []string{state, left}
	if w.Drill {
		said = append([]string{text.Of("訓練", "DRILL").Slashed(lang)}, said...)
	}
	if w.Emergency {
		said = append([]string{text.Of("緊急利用", "EMERGENCY").Slashed(lang)}, said...)
	}
	attendant := text.Of("立会 未定", "no attendant yet").Slashed(lang)
	if o.attendant != "" {
		attendant = text.Of("立会 "+o.attendant, "attendant "+o.attendant).Slashed(lang)
	}
	return append(said, attendant)
}

// extend asks for the window in use to end later. The institution decides who answers, and that no answer means no.
func (s *selfService) extend() error {
	var reason, window string
	operands, err := s.options(1, map[string]*string{"reason": &reason, "window": &window}, "reason")
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return &usageError{"延長の長さが要ります(例 extend 15m --reason \"理由\")", "how long? (such as extend 15m --reason \"why\")"}
	}
	by, err := time.ParseDuration(operands[0])
	if err != nil {
		return &usageError{"延長の長さではありません: " + text.OneLine(operands[0], 20) + "(例 15m、1h)", "not a length of time: " + text.OneLine(operands[0], 20) + " (such as 15m, 1h)"}
	}
	g, err := s.inUse(window)
	if err != nil {
		return err
	}
	s.auth.decision.Grant = g // its section is named where this is refused
	x, err := s.desk().AskExtension(s.ctx, g.Window.ID, by, reason, act.Caller{Actor: s.actor()})
	if err != nil {
		return err
	}
	end := x.Ends.In(s.c.s.o.Zone).Format("15:04")
	s.out.WriteString(text.Of("[関守] "+text.Left(by).JA+"の延長を申請しました。答えがなければ"+end+"に終わります。("+x.ID+")",
		"[sekimori] Asked for "+text.Left(by).EN+". No answer means "+end+" stands. ("+x.ID+")").Lines(s.lang) + "\n")
	return nil
}

// inUse is the grant whose window is to be extended: of the named window, else of the only one in use. A window on which
// the person has no grant is reported as not found.
func (s *selfService) inUse(window string) (policy.Grant, error) {
	now := s.c.s.o.Clock()
	var running, live []policy.Grant
	add := func(list []policy.Grant, g policy.Grant) []policy.Grant {
		if slices.ContainsFunc(list, func(h policy.Grant) bool { return h.Window.ID == g.Window.ID }) {
			return list
		}
		return append(list, g)
	}
	for _, g := range s.c.usable(s.auth.facts) {
		switch {
		case window != "":
			if g.Window.ID == window {
				return g, nil
			}
			continue
		case now.Before(g.Window.Start):
			continue
		}
		running = add(running, g)
		if slices.ContainsFunc(s.auth.facts.Live, func(l policy.LiveSession) bool { return l.Grant == g.ID && l.Person == s.auth.person.ID }) {
			live = add(live, g)
		}
	}
	if len(live) > 0 {
		running = live
	}
	switch {
	case len(running) == 0:
		return policy.Grant{}, s.noneInUse(window, now)
	case len(running) > 1:
		var ids []string
		for _, g := range running {
			ids = append(ids, g.Window.ID)
		}
		list := strings.Join(ids, ", ")
		return policy.Grant{}, &usageError{"時間枠が複数あります。--window で指定します: " + list, "there are several windows; name one with --window: " + list}
	}
	return running[0], nil
}

// noneInUse gives the reason why none of the person's own windows, or not the named one, can end later: the nearest is over or not begun.
func (s *selfService) noneInUse(window string, now time.Time) error {
	var nearest policy.Denied
	var away time.Duration
	consider := func(d time.Duration, r policy.Reason, g policy.Grant, when string) {
		if nearest.Reason == "" || d < away {
			nearest, away = policy.Denied{Reason: r, Args: map[string]string{"request": g.Request, "time": when}}, d
			if room := s.auth.facts.WaitingRoom; room > 0 {
				nearest.Args["minutes"] = strconv.Itoa(int(room.Minutes()))
			}
		}
	}
	said := func(t time.Time) string { return t.In(s.c.s.o.Zone).Format("2006-01-02 15:04") }
	for _, g := range s.auth.facts.Grants {
		w := g.Window
		switch {
		case window != "" && w.ID != window || !g.RequestState.Final():
		case w.State == policy.WindowClosed || w.State == policy.WindowCut:
			consider(max(now.Sub(w.End), 0), policy.WindowOver, g, "closed")
		case g.State != policy.GrantActive || w.State == policy.WindowCancelled:
		case !now.Before(w.End):
			consider(now.Sub(w.End), policy.WindowOver, g, said(w.End))
		case now.Before(w.Start):
			consider(w.Start.Sub(now), policy.TooEarly, g, said(w.Start))
		}
	}
	if nearest.Reason == "" {
		return &policy.Denied{Reason: policy.NoGrant}
	}
	return &nearest
}
