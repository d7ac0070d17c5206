package pages

import (
	"strconv"
	"strings"
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// look is the shape and colour of a state (screens §6).
type look struct{ shape, kind string }

var requestLooks = map[policy.RequestState]look{
	"draft": {"circle", "waiting"}, "emergency-asked": {"bolt", "warning"}, "proposed": {"clock", "waiting"}, "pending-first": {"clock", "waiting"}, "pending-second": {"clock", "waiting"}, "returned": {"back", "attention"},
	"approved": {"check", "ok"}, "approved-conditional": {"check", "ok"}, "rejected": {"octagon", "stop"}, "withdrawn": {"dash", "waiting"},
	"lapsed": {"dash", "attention"}, "emergency-open": {"bolt", "warning"}, "follow-up-due": {"bolt", "warning"}, "revoked": {"octagon", "stop"},
	"report-due": {"clock", "attention"}, "closed": {"check", "ok"},
}

var windowLooks = map[policy.WindowState]look{
	"scheduled": {"clock", "waiting"}, "ready-wait-attendant": {"clock", "attention"}, "in-use": {"run", "info"}, "extended": {"run", "info"},
	"closing": {"triangle", "attention"}, "ended": {"dash", "waiting"}, "unused": {"dash", "waiting"}, "frozen": {"hexagon", "frozen"},
	"cancelled": {"dash", "waiting"}, "attended": {"person", "info"}, "permitted": {"check", "info"}, "closed": {"dash", "waiting"}, "cut": {"octagon", "stop"},
}

// requestChip is the chip of a request's state.
func requestChip(state string) Chip {
	s := policy.RequestState(state)
	return chip(s.Label(), requestLooks[s])
}

// windowChip is the chip of a window's state.
func windowChip(state string) Chip {
	s := policy.WindowState(state)
	return chip(s.Label(), windowLooks[s])
}

func chip(label text.Text, l look) Chip {
	if l.shape == "" {
		l = look{"info", "info"}
	}
	return Chip{Text: label, Shape: l.shape, Kind: l.kind}
}

func itoa(n int) string { return strconv.Itoa(n) }

func lines(all []string) string { return strings.Join(all, "\n") }

func joined(all []string) string { return strings.Join(all, ", ") }

// days is a period of whole days; its end is exclusive.
func days(from, until time.Time, z *time.Location) Span {
	if from.IsZero() || until.IsZero() {
		return Span{}
	}
	from, last := from.In(z), until.In(z).Add(-1)
	a, b := text.Day(from), text.Day(last)
	return Span{Text: text2(a.JA+"〜"+b.JA, a.EN+" to "+b.EN), From: from.Format(time.DateOnly), To: last.Format(time.DateOnly), Near: from.Format(time.DateOnly) + "–" + last.Format(time.DateOnly)}
}
