package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Tested is the outcome of a test of one way.
type Tested struct {
	Channel store.Channel `json:"channel"`
	To      string        `json:"-"` // an address is personal: it is in no entry
	OK      bool          `json:"ok"`
	Error   string        `json:"error,omitempty"`
}

// Test sends a notice that says nothing on each way at once, without the outbox, and tells what happened: a mail to the person who
// tests, and a call. The test has an entry. Errors: *policy.Denied; a failed way is no error but an outcome.
func (s *Service) Test(ctx context.Context, by ledger.Actor) ([]Tested, error) {
	var p store.Person
	var l Letter
	err := s.o.DB.Read(ctx, func(snap *store.Snap) error {
		acting, err := snap.ActingPerson(by)
		if err != nil {
			return err
		}
		if err := policy.SeeUndelivered(acting).Err(); err != nil {
			return err
		}
		l = Letter{
			ID: fmt.Sprintf("test.%d@%s", snap.Now.UnixMilli(), s.o.Domain), At: snap.Now, Link: s.link("/today"),
			Notice: store.Notice{Code: "notice.test", Count: 1},
			Words: Words{
				Subject: text.Of("通知の試験", "test of notices"), Lead: text.Of("これは試験です。何も起きていません。", "This is a test. Nothing has happened."),
				Next: text.Of("届いていれば、この経路は働いています。", "If you read this, the way works."),
			},
		}
		p, err = snap.Person(acting.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := []Tested{}
	for _, channel := range slices.Sorted(maps.Keys(s.o.Senders)) {
		t, to := Tested{Channel: channel, To: p.Email}, l
		if to.Lang = p.Lang; channel == store.ChannelWebhook {
			t.To = s.o.Webhook
		}
		to.To = t.To
		switch {
		case t.To == "":
			t.Error = "no address is registered for " + p.ID
		default:
			if err := s.o.Senders[channel].Send(ctx, to); err != nil {
				t.Error = text.OneLine(err.Error(), longestError)
			}
		}
		t.OK = t.Error == ""
		out = append(out, t)
	}
	err = s.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "notice.tested", Actor: by, Subjects: []string{p.ID}, Payload: map[string]any{"channels": out}})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger test: %w", err)
	}
	return out, nil
}
