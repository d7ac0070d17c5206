package session

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/confirmation"
	"sekimori/broker/dial"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// lastWords is the time that an ended session has to tell the engineer why. After it both TCP
// connections are closed, whether the peers react or not.
const lastWords = 300 * time.Millisecond

// lateWords is how late the last words may begin and still have their time. Later ones have less: a cut is promised within a second of
// its cause.
const lateWords = 500 * time.Millisecond

// lostWords is lastWords where the target went away: no one is cut, nothing passes any more, and the client may not have opened
// its channel yet.
const lostWords = 2 * time.Second

// watchdogGrace is how much later the watchdog closes the engineer's connection, where close, which
// does it in order, is held up.
const watchdogGrace = 100 * time.Millisecond

// relayEnds is how long the goroutines of the relay may take to end once both connections are gone. They take no time; one
// that does not end at all must not keep the session's end from being sealed and ledgered.
const relayEnds = 3 * time.Second

// broker and timer are the actors when no person acts.
var (
	broker = ledger.Actor{Kind: "broker", ID: "broker"}
	timer  = ledger.Actor{Kind: "broker", ID: "broker", Via: "timer"}
)

// Cause is why a session ended, or why it never began.
type Cause struct {
	Reason policy.Reason
	Args   map[string]string // for the texts of the reason
	Actor  ledger.Actor      // the person who ended it, or the broker
	Note   string            // the person's note, or particulars; for readers of the ledger
	Alarm  map[string]any    // the target's act, for the section and the central desk; nil: no alarm
}

// Error lets a Cause be the cause of a context's end.
func (c *Cause) Error() string { return string(c.Reason) }

// words is the time to tell the engineer.
func (c Cause) words() time.Duration {
	if c.Reason == policy.TargetLost {
		return lostWords
	}
	return lastWords
}

// latest is how long after the cause the engineer's connection is closed at the latest.
func (c Cause) latest() time.Duration { return c.words() + lateWords }

// cause is why the session's context ended: the first Cause given, or the broker going down.
func (l *session) cause() Cause {
	var c *Cause
	if errors.As(context.Cause(l.ctx), &c) {
		return *c
	}
	return Cause{Reason: policy.BrokerStopped, Actor: broker}
}

// causeOfDial gives the reason why the target was not reached. The note is for readers of the ledger: the target did not
// answer, showed another key, or the broker's own credential failed. The engineer is told the reason only.
func causeOfDial(t policy.Target, err error) Cause {
	c := Cause{Reason: policy.TargetUnreachable, Args: map[string]string{"target": t.ID}, Actor: broker, Note: noteOf(err)}
	var d *dial.Error
	if errors.As(err, &d) {
		c.Reason = d.Reason
	}
	if c.Reason == policy.TargetUnreachable {
		return c // a target may be switched off; that is no alarm
	}
	c.Alarm = map[string]any{"reason": string(c.Reason), "number": c.Reason.Number(), "error": c.Note}
	if d != nil && d.Lists != nil {
		c.Alarm["what"] = d.Lists.What
		c.Alarm["broker_offers"], c.Alarm["target_offers"] = strings.Join(d.Lists.Broker, " "), strings.Join(d.Lists.Target, " ")
		delete(c.Alarm, "error")
	}
	return c
}

// raise tells the section and the central desk about a target's act. A repeated try raises no further
// alarm while the first is open.
func (c Cause) raise(tx *store.Tx, row store.Session) error {
	if c.Alarm == nil {
		return nil
	}
	open, err := tx.Alarms(store.AlarmFilter{What: store.AlarmTarget, About: row.Target, Open: true})
	if err != nil {
		return err
	}
	for _, a := range open {
		if a.Detail["reason"] == c.Alarm["reason"] {
			return nil
		}
	}
	system, err := tx.System(row.System)
	if err != nil {
		return err
	}
	detail := maps.Clone(c.Alarm)
	detail["session"] = row.ID
	_, err = tx.RaiseAlarm(store.Alarm{What: store.AlarmTarget, About: row.Target, Detail: detail}, []string{system.Section}, broker)
	return err
}

// mostNote bounds the part of a note that comes from an error, which a hostile target may have written.
const mostNote = 400

func noteOf(err error) string {
	said := forms.Printable(strings.ToValidUTF8(err.Error(), "\uFFFD"))
	if len(said) > mostNote {
		said = strings.ToValidUTF8(said[:mostNote], "") + "…"
	}
	return said
}

// recordingFailed ends the session because its evidence cannot be kept. On a full disk the
// reserve is given up, so that the ledger can say so.
func (l *session) recordingFailed(err error) Cause {
	l.log.Error("recording_failed", "error", err)
	l.sup.notKept(err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		l.sup.space.release()
	}
	return Cause{Reason: policy.RecordingFailed, Actor: broker}
}

// text is the engineer's text for an end or a refusal.
func (l *session) text(c Cause) string {
	return policy.Words(c.Reason, c.Args).Block(l.a.Lang, l.section.Name, l.phone(), l.a.ID)
}

// refusal is the engineer's text for a channel that was not permitted.
func (l *session) refusal(d policy.Decision) (string, int) {
	return l.text(Cause{Reason: d.Reason, Args: d.Args}), d.Reason.Exit()
}

// hangUp closes both legs by force, after a word to the engineer.
func (l *session) hangUp(c Cause) {
	r := l.relay.Load()
	l.now.at("tell the engineer")
	if r == nil { // it never reached the target
		if l.conn != nil {
			l.conn.Abort()
		}
		l.sayOnFirstChannel(c)
		l.a.Wire.Abort()
		return
	}
	r.Stop()
	l.conn.Abort() // the target is told nothing, so it need not wait for the engineer's last words
	if exit := c.Reason.Exit(); exit != policy.ExitNone {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), c.words())
		over := make(chan struct{})
		go func() { l.a.Conn.Wait(); close(over) }()
		told, text := make(chan bool, 1), l.text(c)
		go func() {
			some := r.Finish(ctx, text, exit)
			l.a.Wire.Drain(ctx)
			told <- some
		}()
		select {
		case some := <-told:
			// A client that was told hangs up by itself; aborting first could overtake, on a
			// slow line, what it has not received yet. One without a channel may be about to open it.
			if some {
				bye, cancel := context.WithTimeout(ctx, lastWords)
				until(bye, over)
				cancel()
			} else {
				until(ctx, over)
			}
		case <-ctx.Done():
		}
		cancel()
	}
	l.a.Wire.Abort()
	l.now.at("end the relay")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), relayEnds)
	defer cancel()
	if err := r.Wait(ctx); err != nil { // a fault of ours; the recording is sealed and the end ledgered all the same
		l.log.Error("relay_goes_on", "error", err)
	}
}

// file is the recording's path below the recordings directory, as the ledger and lists name it.
func (l *session) file() string {
	rel, err := filepath.Rel(l.sup.o.Dir, l.path)
	if err != nil {
		return l.path
	}
	return filepath.ToSlash(rel)
}

// refuse ends an attempt that was never opened.
func (l *session) refuse(c Cause) error {
	l.sayOnFirstChannel(c)
	l.a.Wire.Abort()
	return nil
}

// turnAway refuses an attempt before the store was asked, and ledgers that.
func (l *session) turnAway(c Cause) error {
	l.now.at("write the refusal's entry")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), endStep)
	defer cancel()
	err := within(ctx, func() error {
		return l.sup.o.DB.Write(ctx, func(tx *store.Tx) error { return l.ledgerRefusal(tx, c) })
	})
	return errors.Join(err, l.refuse(c))
}

// endings are the payloads of the entries of this package; field names are part of the ledger's
// format (screens §5.2).
type (
	openingPayload struct {
		Session string `json:"session_id"`
		Request string `json:"request_no"`
		Grant   string `json:"grant"`
		Window  string `json:"window"`
		System  string `json:"system"`
		Target  string `json:"target"`
		Account string `json:"account"`
		Vendor  string `json:"vendor"`
		Person  string `json:"engineer"`
		Key     string `json:"key"`
		Source  string `json:"source"`
		Factor  string `json:"factor"`
		Notice  string `json:"notice_version"`
		Client  string `json:"client"`
		Attends string `json:"attendant"`
		Until   string `json:"until"`
		Line    string `json:"line"`                 // what stood behind the separation from the office network
		Limit   string `json:"line_limit,omitempty"` // how far that goes, in Japanese
	}
	endedPayload struct {
		Session   string             `json:"session_id"`
		Request   string             `json:"request_no"`
		Started   string             `json:"started_at,omitempty"` // the session's session.started; absent: the target was never reached
		Ended     string             `json:"ended_at"`
		Seconds   json.Number        `json:"seconds"` // connected to the target; 0 where it was never reached
		Cause     string             `json:"end_cause"`
		Number    int                `json:"number"`
		Note      string             `json:"note,omitempty"`
		Refused   []refusedFeature   `json:"refused,omitempty"` // within the session, each kind with its count
		Masked    int64              `json:"masked,omitempty"`
		Findings  []store.Finding    `json:"findings,omitempty"`
		Recording *recordings.Digest `json:"recording,omitempty"`
	}
	refusedPayload struct {
		Session string `json:"session_id"`
		Reason  string `json:"reason"`
		Number  int    `json:"number"`
		Target  string `json:"target,omitempty"`
		Account string `json:"account,omitempty"`
		Source  string `json:"source"`
	}
)

func (l *session) subjects() []string {
	return []string{l.a.ID, l.a.Person.ID, l.grant.Request, l.system.ID}
}

// lineWords says what protects the session: none, simulated, attested, probed or driven, and how far that goes.
func (l *session) lineWords() (how, limit string) {
	if l.system.Line == policy.LineNone {
		return string(policy.LineNone), ""
	}
	h := l.sup.lines()[l.system.ID].How
	return string(h), h.Limit().JA
}

// ledgerOpening inserts the session and its entry.
func (l *session) ledgerOpening(tx *store.Tx) error {
	if err := tx.AddSession(l.row(tx, store.SessionOpening)); err != nil {
		return err
	}
	how, limit := l.lineWords()
	_, err := tx.Append(ledger.Draft{
		Kind: "session.opening", Actor: l.engineer(), Subjects: l.subjects(),
		Payload: openingPayload{
			Session: l.a.ID, Request: l.grant.Request, Grant: l.grant.ID, Window: l.grant.Window.ID,
			System: l.system.ID, Target: l.target.ID, Account: l.login, Vendor: l.grant.Vendor,
			Person: l.a.Person.ID, Key: l.a.Fingerprint, Source: l.a.Source.String(), Factor: l.a.Factor,
			Notice: l.a.Notice, Client: l.a.ClientVersion, Attends: l.grant.Window.Attendant,
			Until: l.deadline().UTC().Format(time.RFC3339Nano), Line: how, Limit: limit,
		},
	})
	return err
}

// ledgerStarted notes that the target was reached. It runs beside the relay, which need not wait
// for it: that the session was opened is in the ledger already.
func (l *session) ledgerStarted(ctx context.Context) error {
	return l.sup.o.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Session(l.a.ID)
		if err != nil {
			return err
		}
		if row.State != store.SessionOpening {
			return nil // the end was written first, and says when the target was reached
		}
		row.State, row.Started = store.SessionActive, l.reachedAt().Truncate(time.Millisecond) // as it is stored
		if err := tx.UpdateSession(row); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{
			Kind: "session.started", Actor: broker, Subjects: l.subjects(),
			Payload: map[string]string{"session_id": l.a.ID, "target": l.target.ID, "started_at": row.Started.UTC().Format(time.RFC3339Nano)},
		})
		return err
	})
}

// ledgerRefusal ledgers that an attempt admitted by the gate was refused at the opening.
func (l *session) ledgerRefusal(tx *store.Tx, c Cause) error {
	row := l.row(tx, store.SessionRefused)
	row.Reason, row.Ended = c.Reason, tx.Now
	if err := tx.AddSession(row); err != nil {
		return err
	}
	_, err := tx.Append(ledger.Draft{
		Kind: "session.refused", Actor: l.engineer(), Subjects: []string{l.a.ID, l.a.Person.ID},
		Payload: refusedPayload{
			Session: l.a.ID, Reason: string(c.Reason), Number: c.Reason.Number(),
			Target: l.a.Attempt.Target, Account: l.a.Attempt.Account, Source: l.a.Source.String(),
		},
	})
	return err
}

// seconds writes a length of time to the millisecond. Its readers round it.
func seconds(d time.Duration) json.Number {
	return json.Number(strconv.FormatFloat(d.Truncate(time.Millisecond).Seconds(), 'f', -1, 64))
}

// ending is what was counted and found in a session. The zero value is that of a crash.
type ending struct {
	refused []refusedFeature
	masked  int64
	found   []store.Finding
}

// endSession is the only writer of a session's end; reconciliation after a crash
// uses it too, without the list of refusals in the session. reached is when the target was reached, for a session whose
// session.started could not be written; zero: as the row has it.
func endSession(tx *store.Tx, zone *time.Location, id string, c Cause, reached, ended time.Time, digest recordings.Digest, counts ending) error {
	row, err := tx.Session(id)
	if err != nil {
		return err
	}
	if !row.State.Live() {
		return nil // written already
	}
	if c.Reason == policy.CutByAuthority && c.Note == "" {
		c.Note = c.Args["reason"]
	}
	if c.Reason == policy.Lapsed && c.Note == "" {
		c.Note = c.Args["what"] // which paper: the ledger must say as much as the engineer was told
	}
	row.State, row.Reason, row.Detail, row.Ended = store.SessionEnded, c.Reason, c.Note, ended
	if c.Actor.Kind == "person" {
		row.By = c.Actor.ID
	}
	if row.Started.IsZero() {
		row.Started = reached.Truncate(time.Millisecond)
	}
	payload := endedPayload{
		Session: id, Request: row.Request, Ended: ended.UTC().Format(time.RFC3339Nano), Seconds: seconds(row.Connected()),
		Cause: string(c.Reason), Number: c.Reason.Number(), Note: c.Note, Refused: counts.refused, Masked: counts.masked, Findings: counts.found,
	}
	if !row.Started.IsZero() {
		payload.Started = row.Started.UTC().Format(time.RFC3339Nano)
	}
	row.MaskedCount = counts.masked
	if digest.Size > 0 {
		row.Recording, row.RecordingSum, row.RecordingSize = digest.File, digest.SHA256.String(), digest.Size
		payload.Recording = &digest
	}
	if err := tx.UpdateSession(row); err != nil {
		return err
	}
	if forgets(c.Reason) {
		// A factor remembered for the window does not outlive a forced end (decisions, Login).
		if err := tx.ForgetFactors(store.FactorFilter{Person: row.Person}); err != nil {
			return err
		}
	}
	if found := counts.found; len(found) > 0 {
		if _, err := tx.EndProof(id); errors.Is(err, store.ErrNotFound) { // the target may have answered before
			err = tx.PutEndProof(store.EndProof{Session: id, State: accounts.Sum(found), Findings: found})
			if err != nil {
				return err
			}
		}
	}
	if err := c.raise(tx, row); err != nil {
		return err
	}
	// Every session needs a review (R12).
	if err := review.Owe(tx, id); err != nil {
		return err
	}
	if err := confirmation.Owe(tx, id, zone); err != nil { // the owning section's look at the day (R27)
		return err
	}
	_, err = tx.Append(ledger.Draft{
		Kind: "session.ended", Actor: c.Actor, Subjects: []string{id, row.Person, row.Request, row.System},
		Payload: payload,
	})
	return err
}

// forgets reports the ends that drop the remembered factor.
func forgets(r policy.Reason) bool {
	switch r {
	case policy.CutByAttendant, policy.CutByAuthority, policy.CutByFreeze, policy.Locked,
		policy.GrantRevokedLive, policy.Lapsed:
		return true
	}
	return false
}
