package policy

import (
	"slices"
	"strings"
	"time"
)

// decideGrant chooses among the person's grants and answers with the most useful one: a grant that allows; else the soonest that
// waiting helps; else the latest.
func decideGrant(f *Facts, a *Attempt, now time.Time) Decision {
	pinned, ok := sessionGrant(f, a)
	if !ok {
		return deny(Forbidden, nil)
	}
	c := choice{f: f, a: a, now: now, pinned: pinned}
	c.consider(false)
	if c.best == nil { // ended windows matter only if there is no other
		c.consider(true)
	}
	switch {
	case c.best == nil && c.named && a.Account != "":
		return deny(AccountNotGranted, map[string]string{"granted": accountsOn(f, a.Target, now)})
	case c.best == nil:
		if granted := targetsOf(f, now); a.Target != "" && granted != "" {
			return deny(TargetNotGranted, map[string]string{"granted": granted})
		}
		return deny(NoGrant, nil)
	case len(c.targets) > 1:
		return deny(NoGrant, map[string]string{"granted": c.targets.String()})
	case len(c.accounts) > 1:
		return deny(AccountNotGranted, map[string]string{"granted": c.accounts.String()})
	}
	return answer(f, a, c.best, c.ruling, now)
}

// choice walks through the person's grants and keeps the most useful.
type choice struct {
	f                 *Facts
	a                 *Attempt
	now               time.Time
	pinned            string // the only grant that counts; empty: all do
	best              *Grant
	ruling            ruling
	named             bool    // some grant is for the target as typed
	targets, accounts nameSet // in play now, where the attempt does not say which
}

// consider looks at the grants with an ended window, or at the others.
func (c *choice) consider(over bool) {
	now := c.now
	for i := range c.f.Grants {
		g := &c.f.Grants[i]
		past := !now.Before(g.Window.End) // most have ended, so the end of an emergency is computed later
		if !past && g.Window.Emergency {
			past = !now.Before(g.Window.end())
		}
		if past != over {
			continue
		}
		if c.a.Grant != "" && g.ID != c.a.Grant ||
			c.pinned != "" && g.ID != c.pinned ||
			c.a.Target != "" && g.Target != c.a.Target {
			continue
		}
		s, login, ok := placeOf(c.f, g)
		if !ok {
			continue
		}
		c.named = true
		if c.a.Account != "" && login != c.a.Account {
			continue
		}
		if inPlay(c.f, g, c.now) {
			c.targets.add(g.Target)
			c.accounts.add(login)
		}
		if r := judge(c.f, c.a, g, &s, c.now); c.best == nil || better(g, r, c.best, c.ruling) {
			c.best, c.ruling = g, r
		}
	}
}

// sessionGrant gives the grant on which the channel's connection was admitted, so that the ledger stays true about the session. Empty:
// not bound. Not ok: the session is not the person's.
func sessionGrant(f *Facts, a *Attempt) (string, bool) {
	if a.Session == "" {
		return "", true
	}
	for i := range f.Live {
		if f.Live[i].ID == a.Session {
			return f.Live[i].Grant, f.Live[i].Person == f.Person.ID && f.Live[i].Grant != ""
		}
	}
	return "", true
}

// placeOf follows a grant to its system and the account's login. Not ok: a part of the chain is unknown or does not fit, and the grant
// counts for nothing. It returns values, so that thousands of grants cost no allocation each.
func placeOf(f *Facts, g *Grant) (system System, login string, ok bool) {
	if g.ID == "" || g.Person != f.Person.ID || g.Vendor != f.Person.Vendor {
		return System{}, "", false
	}
	account := f.Accounts[g.Account]
	if account.Login == "" || account.Target != g.Target {
		return System{}, "", false
	}
	name := f.Targets[g.Target].System
	if name == "" || name != g.Window.System || g.Window.Drill && !f.Targets[g.Target].Drill {
		return System{}, "", false
	}
	system = f.Systems[name]
	return system, account.Login, system.ID == name
}

// inPlay tells whether a person who connects now may mean the grant: it is finally approved, and its window or waiting room is open.
func inPlay(f *Facts, g *Grant, now time.Time) bool {
	if approvalOf(g) != "" {
		return false
	}
	r := windowOf(f, g, now)
	return r.reason == "" || r.wait
}

// The classes of a ruling, most useful first.
const (
	rankAllows = iota
	rankWait   // the waiting room helps
	rankEarly  // coming back helps
	rankNotNow // coming back may help
	rankNever
)

func (r ruling) rank() int {
	switch {
	case r.reason == "":
		return rankAllows
	case r.wait:
		return rankWait
	case r.reason == TooEarly:
		return rankEarly
	}
	switch r.reason {
	case NotYetApproved, SystemInUse, ConcurrentLimit, FollowUpMissing, InterlockNotReady, RecordingUnavailable, FeatureNotGranted, ConsentRefused, Frozen:
		return rankNotNow
	}
	return rankNever
}

// better orders two grants with their rulings. The order is strict, so the answer does not depend on the order in which the facts were
// read.
func better(g *Grant, r ruling, than *Grant, thanRuling ruling) bool {
	rank, other := r.rank(), thanRuling.rank()
	if rank != other {
		return rank < other
	}
	switch rank {
	case rankAllows: // the one that lasts longest
		if c := g.Window.end().Compare(than.Window.end()); c != 0 {
			return c > 0
		}
	case rankWait, rankEarly: // the one that starts soonest
		if c := g.Window.Start.Compare(than.Window.Start); c != 0 {
			return c < 0
		}
	default: // the latest
		if c := g.Window.end().Compare(than.Window.end()); c != 0 {
			return c > 0
		}
	}
	return g.ID < than.ID
}

// answer turns the ruling of the chosen grant into a decision with its words.
func answer(f *Facts, a *Attempt, g *Grant, r ruling, now time.Time) Decision {
	if r.reason == "" {
		d := Decision{Allow: true, Grant: *g, Until: deadline(f, g, now)}
		if a.Consent == ConsentGiven {
			if s, _, ok := placeOf(f, g); ok {
				d.Channels = channelsOf(g, &s)
				if a.Channel == ChannelShell || a.Channel == ChannelExec {
					d.Instead = g.Forced
				}
			}
		}
		return d
	}
	d := Decision{Reason: r.reason, Args: grantArgs(f, a, g, r), Grant: *g, Wait: r.wait, From: r.from}
	return d
}

// grantArgs are the words of a denial by one grant.
func grantArgs(f *Facts, a *Attempt, g *Grant, r ruling) map[string]string {
	args := map[string]string{"request": g.Request}
	switch r.reason {
	case Frozen:
		return freezeArgs(f, r.freeze)
	case NotYetApproved:
		args["role"] = nextDecider(g.RequestState)
	case RequestWasRejected:
		args["reason"] = g.DecidedReason
	case GrantWasRevoked:
		args["role"] = "section"
		args["reason"] = revokedWhy(g)
	case TooEarly:
		args["time"] = sayTime(g.Window.Start, f.Zone)
		args["minutes"] = minutes(waitingRoom(f))
	case WindowOver:
		args["time"] = overWhen(f, g)
	case SystemInUse:
		args["n"] = r.live.Request
		args["time"] = sayTime(r.live.Until, f.Zone)
	case ConcurrentLimit:
		args["limit"] = count(max(g.PersonLimit, 1))
	case FollowUpMissing:
		args["n"] = r.follow.Request
	case OutsidePermit:
		args["item"] = r.word
	case RosterOverdue:
		args["date"] = r.word
	case AttendantAbsent:
		args["time"] = sayTime(g.Window.end(), f.Zone)
	case BackupTooOld:
		args["time"] = sayTime(g.Window.BackupAt, f.Zone)
	case FeatureNotGranted:
		args["feature"] = string(a.Channel)
		if a.Channel == ChannelExec {
			if s, _, ok := placeOf(f, g); ok && bounded(g, &s) && shellPermitted(g, &s) {
				args["feature"] = featureCommand
			}
		}
	}
	return args
}

func nextDecider(s RequestState) string {
	switch s {
	case PendingFirst:
		return string(Approver)
	case PendingSecond:
		return string(SecondApprover)
	case EmergencyAsked:
		return "emergency-second"
	}
	return string(Requester)
}

func revokedWhy(g *Grant) string {
	switch {
	case g.State == GrantVoid:
		return "void"
	case g.State == GrantRevoked && g.RevokedReason != "":
		return g.RevokedReason
	case g.RequestState == RequestWithdrawn:
		return "withdrew"
	case g.Window.Reason != "":
		return g.Window.Reason
	case g.Window.State == WindowCut:
		return "cut"
	case g.Window.State == WindowCancelled:
		return "cancel"
	}
	return g.DecidedReason
}

func overWhen(f *Facts, g *Grant) string {
	switch {
	case g.RequestState == RequestLapsed:
		return "lapsed"
	case g.Window.State == WindowClosed:
		return "closed"
	}
	return sayTime(g.Window.end(), f.Zone)
}

// targetsOf and accountsOn list what the person could use, for the text "the granted one is …": approved and not yet over.
func targetsOf(f *Facts, now time.Time) string {
	var names nameSet
	for i := range f.Grants {
		if _, _, ok := placeOf(f, &f.Grants[i]); ok && usable(&f.Grants[i], now) {
			names.add(f.Grants[i].Target)
		}
	}
	return names.String()
}

func accountsOn(f *Facts, target string, now time.Time) string {
	var names nameSet
	for i := range f.Grants {
		g := &f.Grants[i]
		if _, login, ok := placeOf(f, g); ok && (target == "" || g.Target == target) && usable(g, now) {
			names.add(login)
		}
	}
	return names.String()
}

func usable(g *Grant, now time.Time) bool {
	return approvalOf(g) == "" && now.Before(g.Window.end())
}

// nameSet is a small set of names, in order of appearance.
type nameSet []string

func (n *nameSet) add(name string) {
	if !slices.Contains(*n, name) {
		*n = append(*n, name)
	}
}

// String lists the names in a fixed order; a list too long to read is cut.
func (n nameSet) String() string {
	sorted := slices.Sorted(slices.Values(n))
	if len(sorted) > 8 {
		sorted = append(sorted[:8], "…")
	}
	return strings.Join(sorted, ", ")
}
