package accounts

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// egress lists the target's outgoing connections and names those that the target's list does not have.
func (s *Steward) egress(ctx context.Context, v subject, u Use) store.Finding {
	f := store.Finding{What: "egress", State: store.ProofVerified}
	lines, err := s.ask(ctx, v.target, Order{Verb: VerbConnections})
	if err != nil {
		f.State, f.Detail = store.ProofPartly, noteOf(err)
		return f
	}
	var unknown names
	for _, l := range lines {
		if !listed(v.target.Egress, l.Fields[1]) {
			unknown.add("%s %s %s", l.Fields[0], l.Fields[1], l.Fields[2])
		}
	}
	if unknown.n == 0 {
		return f
	}
	f.State, f.Names = store.ProofFailed, unknown.list()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		pay := map[string]any{"target": v.target.ID, "connections": len(lines), "unknown": f.Names}
		subjects := []string{v.target.ID, v.system.ID}
		if u.Window != "" {
			pay["window"] = u.Window
			subjects = append(subjects, u.Window)
		}
		if _, err := tx.Append(ledger.Draft{Kind: "target.connections", Actor: broker, Subjects: subjects, Payload: pay}); err != nil {
			return err
		}
		_, err := tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmEgress, About: v.target.ID, Detail: map[string]any{
			"window": u.Window, "unknown": unknown.n, "names": strings.Join(firstOf(f.Names, 5), "; "),
		}}, alarmPause, []string{v.system.Section}, broker)
		return err
	})
	if err != nil {
		f.Detail = noteOf(err)
	}
	return f
}

// listed tells whether a remote address and port is one of a target's list. An address that cannot be read is not.
func listed(egress []string, remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, e := range egress {
		i := strings.LastIndexByte(e, ':')
		if i < 0 {
			continue
		}
		if port := e[i+1:]; port != "*" && port != portText(at) {
			continue
		}
		host := strings.TrimSuffix(strings.TrimPrefix(e[:i], "["), "]")
		if a, err := netip.ParseAddr(host); err == nil && a.Unmap() == at.Addr().Unmap() {
			return true
		}
		if p, err := netip.ParsePrefix(host); err == nil && p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

func portText(at netip.AddrPort) string {
	_, port, _ := strings.Cut(at.String()[strings.LastIndexByte(at.String(), ':'):], ":")
	return port
}

// Watch lists the outgoing connections of every target with a session under way. It is a chore. A list that cannot be had is tried at
// the next look; the session's end says that it could not be had.
func (s *Steward) Watch(ctx context.Context) error {
	var uses []store.AccountUse
	err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		uses, err = snap.OpenUses("")
		return err
	})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, u := range uses {
		if u.State != store.UsePrepared || seen[u.Target] {
			continue
		}
		seen[u.Target] = true
		v, err := s.subject(ctx, u.Account)
		if err != nil {
			return err
		}
		done, err := s.turn(ctx, u.Target)
		if err != nil {
			return err
		}
		if f := s.egress(ctx, v, Use{Window: u.Window}); f.State == store.ProofPartly {
			s.o.Log.Warn("connections_not_listed", "target", u.Target, "error", f.Detail)
		}
		done()
	}
	return nil
}
