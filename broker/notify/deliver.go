package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// Letter is a notice on its way to one addressee.
type Letter struct {
	ID      string // the same at each try, so that a repeated delivery can be told from a second notice
	To      string
	Lang    string // "ja", "en"; empty: both
	At      time.Time
	Notice  store.Notice
	Words   Words
	Link    string
	Ical    []byte // one calendar object; empty: none
	Asks    bool   // Ical is an invitation or its withdrawal, and no mere list of appointments
	Cancels bool
}

// Sender is a way to addressees. A failed Send gives a *Failure where it knows more than that it failed.
type Sender interface {
	Send(ctx context.Context, l Letter) error
}

// Failure says what kind of failure a try met.
type Failure struct {
	Err       error
	Down      bool // the server does not answer at all: nothing of the channel would get through now
	Permanent bool // no later try can succeed: the address is refused
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// The pauses between tries.
const (
	firstPause   = 30 * time.Second
	longestPause = 10 * time.Minute // of a channel whose server does not answer
	longestRetry = time.Hour        // of one delivery
)

// batch bounds how many deliveries one round takes.
const batch = 50

// longestError bounds the text of a server that is kept.
const longestError = 200

// Deliver sends what is due on a channel. The oldest come first. Where the server does not answer, the channel rests and nothing is
// counted as a try but the one that met it; so nothing is lost over a long failure, and the order stays.
func (s *Service) Deliver(ctx context.Context, channel store.Channel) error {
	sender := s.o.Senders[channel]
	if sender == nil {
		return nil
	}
	for {
		var due []store.Delivery
		var letters []Letter
		err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
			if s.rests(channel, snap.Now) {
				return nil
			}
			if due, err = snap.DueDeliveries(channel, batch); err != nil {
				return fmt.Errorf("read what is due: %w", err)
			}
			for _, d := range due {
				l, err := s.letter(snap, d)
				if err != nil {
					return err
				}
				letters = append(letters, l)
			}
			return nil
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for i, d := range due {
			down, err := s.deliver(ctx, sender, d, letters[i])
			if err != nil || down {
				return err
			}
		}
		if len(due) < batch {
			return nil
		}
	}
}

// deliver makes one try and notes its outcome. down tells that the channel rests now.
func (s *Service) deliver(ctx context.Context, sender Sender, d store.Delivery, l Letter) (down bool, err error) {
	sent := sender.Send(ctx, l)
	if ctx.Err() != nil {
		return false, ctx.Err() // the stop interrupted it; the delivery stays due
	}
	var f *Failure
	if sent != nil && !errors.As(sent, &f) {
		f = &Failure{Err: sent}
	}
	if sent == nil {
		s.wakes(d.Channel)
		return false, s.sent(ctx, d)
	}
	problem := text.OneLine(f.Err.Error(), longestError)
	now, err := s.now(ctx)
	switch {
	case err != nil:
		return false, err
	case f.Permanent || now.Sub(d.Created) >= s.o.GiveUp:
		s.o.Log.Error("notice_given_up", "channel", d.Channel, "notice", d.Notice.ID, "tries", d.Tries+1, "error", problem)
		return false, s.dead(ctx, d, problem)
	case f.Down:
		s.o.Log.Warn("channel_down", "channel", d.Channel, "error", problem)
		s.pause(d.Channel, now)
		return true, s.keep(ctx, func(k *store.KeepTx) error { return k.Tried(d.ID, problem, now) })
	}
	s.o.Log.Warn("notice_not_delivered", "channel", d.Channel, "notice", d.Notice.ID, "tries", d.Tries+1, "error", problem)
	return false, s.keep(ctx, func(k *store.KeepTx) error { return k.Tried(d.ID, problem, now.Add(retryAfter(d.Tries))) })
}

// now is the store's time.
func (s *Service) now(ctx context.Context) (t time.Time, err error) {
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		t = snap.Now
		return nil
	})
	return t, err
}

// retryAfter is the pause after a failed try: half a minute, doubled each time, an hour at most.
func retryAfter(tries int) time.Duration {
	if tries >= 7 {
		return longestRetry
	}
	return min(firstPause<<tries, longestRetry)
}

// rests tells whether the channel pauses.
func (s *Service) rests(c store.Channel, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rest[c]
	return r != nil && now.Before(r.until) && r.until.Sub(now) <= longestPause // a clock that stepped back rests no longer than that
}

func (s *Service) pause(c store.Channel, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rest[c]
	if r == nil {
		r = &resting{length: firstPause / 2}
		s.rest[c] = r
	}
	r.length = min(2*r.length, longestPause)
	r.until = now.Add(r.length)
}

func (s *Service) wakes(c store.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rest, c)
}

// broker is the actor of the entries about deliveries.
var broker = ledger.Actor{Kind: "broker", Via: "timer"}

// sent notes a success. The first mail or call of an alarm to a desk has an entry (R16: both deliveries are in the ledger).
func (s *Service) sent(ctx context.Context, d store.Delivery) error {
	alarm := alarmOf(d)
	if alarm == "" || d.Notice.Desk == "" || d.Notice.Desk == deskWebhook {
		return s.keep(ctx, func(k *store.KeepTx) error { return k.Settled(d.ID, store.DeliverySent, "") })
	}
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		told, err := tx.DeskTold(d.Notice.Outgoing, d.Notice.Desk)
		if err != nil {
			return fmt.Errorf("read deliveries to %s: %w", d.Notice.Desk, err)
		}
		if err := tx.SettledWithEntry(d.ID, store.DeliverySent, ""); err != nil || told {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "alarm.delivered", Actor: broker, Subjects: []string{alarm},
			Payload: map[string]any{"alarm": alarm, "desk": d.Notice.Desk, "channel": d.Channel}})
		return err
	})
}

// dead notes that a delivery is given up. It has an entry, and the desks are alarmed once a day.
func (s *Service) dead(ctx context.Context, d store.Delivery, problem string) error {
	return s.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SettledWithEntry(d.ID, store.DeliveryDead, problem); err != nil {
			return fmt.Errorf("settle delivery: %w", err)
		}
		payload := map[string]any{"code": d.Notice.Code, "channel": d.Channel, "tries": d.Tries + 1, "error": problem}
		subjects := []string{}
		if d.Notice.Person != "" {
			payload["person"], subjects = d.Notice.Person, []string{d.Notice.Person}
		}
		if d.Notice.Desk != "" {
			payload["desk"] = d.Notice.Desk
		}
		if _, err := tx.Append(ledger.Draft{Kind: "notice.undelivered", Actor: broker, Subjects: subjects, Payload: payload}); err != nil {
			return err
		}
		_, err := tx.RaiseAlarmOnce(store.Alarm{What: store.AlarmUndelivered, Detail: map[string]any{"channel": d.Channel, "error": problem}}, 24*time.Hour, nil, broker)
		return err
	})
}

// alarmOf is the number of the alarm that a delivery tells; empty: it tells none.
func alarmOf(d store.Delivery) string {
	if d.Notice.Code != "alarm.raised" {
		return ""
	}
	var w Words
	if json.Unmarshal(d.Notice.Words, &w) != nil {
		return ""
	}
	return w.Alarm
}

// letter makes the letter of a delivery.
func (s *Service) letter(snap *store.Snap, d store.Delivery) (Letter, error) {
	l := Letter{ID: fmt.Sprintf("notice.%d.%d@%s", d.Notice.ID, d.ID, s.o.Domain), To: d.Address, Lang: d.Lang, At: d.Notice.At, Notice: d.Notice}
	if err := json.Unmarshal(d.Notice.Words, &l.Words); err != nil {
		return l, fmt.Errorf("words of notice %d: %w", d.Notice.ID, err)
	}
	l.Link = s.link(l.Words.Page)
	if l.Words.Calendar == "" || s.o.Events == nil || d.Channel != store.ChannelMail {
		return l, nil
	}
	if err := s.appointments(snap, &l); err != nil {
		// The appointment is an extra: the news goes out without it.
		s.o.Log.Error("appointment_left_out", "notice", d.Notice.ID, "error", err)
		l.Ical = nil
	}
	return l, nil
}
