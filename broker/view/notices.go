package view

import (
	"context"
	"encoding/json"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/notify"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Notifications lists the person's own notices: those not seen yet first, then the newest.
func (v *Views) Notifications(ctx context.Context, by Reader, p Page) (out api.List[api.Notification], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.Notices(by.ID, p)
		out = listed(page, func(n store.Notice) api.Notification { return Notification(n, v.o.Zone) })
		return err
	})
	return out, err
}

// Unseen counts the person's notices that they have not seen.
func (v *Views) Unseen(ctx context.Context, by Reader) (n int, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		n, err = s.UnseenNotices(by.ID)
		return err
	})
	return n, err
}

// Undelivered lists the notices that were given up first, then those that wait after a failed try. Error: *policy.Denied.
func (v *Views) Undelivered(ctx context.Context, by Reader, p Page) (out api.List[api.Undelivered], err error) {
	if err := policy.SeeUndelivered(by.Person).Err(); err != nil {
		return out, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.Undelivered(p)
		out = listed(page, func(d store.Delivery) api.Undelivered { return undelivered(d, v.o.Zone) })
		return err
	})
	return out, err
}

// Notification is a notice as its reader sees it.
func Notification(n store.Notice, z *time.Location) api.Notification {
	w := words(n)
	out := api.Notification{
		ID: n.ID, Code: n.Code, At: At(n.At, z), Count: n.Count, Latest: At(n.Latest, z), Seen: At(n.Seen, z), Drill: w.Drill,
		Subject: inBoth(w.Subject), Lead: inBoth(w.Lead), Next: inBoth(w.Next), Page: w.Page,
	}
	for _, f := range w.Facts {
		out.Facts = append(out.Facts, api.NotificationFact{Label: inBoth(f.Label), Value: inBoth(f.Value)})
	}
	return out
}

func undelivered(d store.Delivery, z *time.Location) api.Undelivered {
	out := api.Undelivered{
		ID: d.ID, State: string(d.State), Channel: string(d.Channel), Code: d.Notice.Code, Subject: inBoth(words(d.Notice).Subject), Person: d.Notice.Person, Desk: d.Notice.Desk,
		Created: At(d.Created, z), Tries: d.Tries, Settled: At(d.Settled, z), Error: d.Error,
	}
	if d.State == store.DeliveryWaiting {
		out.Due = At(d.Due, z)
	}
	return out
}

// words are a notice's words. Words that cannot be read leave the notice's code, so that the list stays whole.
func words(n store.Notice) notify.Words {
	var w notify.Words
	if json.Unmarshal(n.Words, &w) != nil || w.Subject.IsZero() {
		w.Subject = text.Same(n.Code)
	}
	return w
}

func inBoth(t text.Text) api.BothLanguages { return api.BothLanguages{JA: t.JA, EN: t.EN} }
