package agenda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (b *Book) view(f store.Feed) api.Feed {
	v := api.Feed{ID: feedName(f.ID), Kind: string(f.Kind), Subject: f.Subject, Lang: f.Lang, By: f.By, Created: f.Created.In(b.o.Zone), RevokedBy: f.RevokedBy}
	if !f.Revoked.IsZero() {
		v.Revoked = f.Revoked.In(b.o.Zone)
	}
	return v
}

// Path is the address of a feed below the API's.
func Path(secret string) string { return "/calendar/" + secret + ".ics" }

// maxFeeds bounds the addresses of one section or person in force at a time.
const maxFeeds = 20

// CreateSection makes a feed of a section's windows and pending requests. Staff of the section may, and the information-systems
// section for any. Errors: *policy.Denied, *forms.Invalid, store.ErrNotFound.
func (b *Book) CreateSection(ctx context.Context, section, lang string, by ledger.Actor) (api.Feed, error) {
	return b.create(ctx, store.FeedSection, section, lang, by)
}

// CreateOwn makes a feed of the windows of an engineer, for that engineer. Errors: *policy.Denied, *forms.Invalid.
func (b *Book) CreateOwn(ctx context.Context, lang string, by ledger.Actor) (api.Feed, error) {
	return b.create(ctx, store.FeedEngineer, by.ID, lang, by)
}

func (b *Book) create(ctx context.Context, kind store.FeedKind, subject, lang string, by ledger.Actor) (api.Feed, error) {
	if lang != "ja" && lang != "en" {
		return api.Feed{}, forms.Wrong("lang", "unknown-word", "言語は ja か en です。", "the language is ja or en")
	}
	secret := strings.ToLower(rand.Text()) // 128 bits and more
	var made api.Feed
	err := b.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		if err := may(tx.Snap, p, kind, subject); err != nil {
			return err
		}
		have, err := tx.Feeds(store.FeedFilter{Kind: kind, Subject: subject, InForce: true})
		if err != nil {
			return fmt.Errorf("read feeds: %w", err)
		}
		if len(have) >= maxFeeds {
			return forms.Wrong("", "too-many", fmt.Sprintf("使える宛先は%dまでです。使わないものを取り消してください。", maxFeeds), fmt.Sprintf("at most %d addresses in force; revoke one that nobody uses", maxFeeds))
		}
		f := store.Feed{Kind: kind, Subject: subject, Lang: lang, By: by.ID}
		if f.ID, err = tx.AddFeed(f, store.HashToken(secret)); err != nil {
			return fmt.Errorf("store feed: %w", err)
		}
		f.Created = tx.Now
		made = b.view(f)
		_, err = tx.Append(ledger.Draft{Kind: "feed.created", Actor: by, Subjects: []string{made.ID, subject},
			Payload: map[string]any{"feed": made.ID, "kind": kind, "subject": subject, "lang": lang}})
		return err
	})
	if err != nil {
		return api.Feed{}, err
	}
	made.Path = Path(secret)
	return made, nil
}

// may rules who makes feeds of a section or an engineer.
func may(s *store.Snap, p policy.Person, kind store.FeedKind, subject string) error {
	if kind == store.FeedEngineer {
		return policy.MayFeedOwn(p, subject).Err()
	}
	if err := policy.MayFeedSection(p, subject).Err(); err != nil {
		return err
	}
	if _, err := s.Section(subject); err != nil {
		return fmt.Errorf("section %q: %w", subject, err)
	}
	return nil
}

// Feeds lists the feeds that a person may close, oldest first, including closed ones.
func (b *Book) Feeds(ctx context.Context, by ledger.Actor) ([]api.Feed, error) {
	var list []api.Feed
	err := b.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := s.ActingPerson(by)
		if err != nil {
			return err
		}
		all, err := s.Feeds(store.FeedFilter{})
		if err != nil {
			return fmt.Errorf("read feeds: %w", err)
		}
		for _, f := range all {
			if closes(p, f) {
				list = append(list, b.view(f))
			}
		}
		return nil
	})
	return list, err
}

// closes tells whether a person may close a feed: its maker, its section, its engineer, and the information-systems section. More
// people may close than make, because closing gives no one a right.
func closes(p policy.Person, f store.Feed) bool {
	section := ""
	if f.Kind == store.FeedSection {
		section = f.Subject
	}
	return policy.MayCloseFeed(p, f.By, section)
}

// Revoke closes a feed's address for good. Errors: *policy.Denied; store.ErrNotFound if there is none in force that the person may
// close.
func (b *Book) Revoke(ctx context.Context, name string, by ledger.Actor) (api.Feed, error) {
	id, err := feedNumber(name)
	if err != nil {
		return api.Feed{}, err
	}
	var closed api.Feed
	err = b.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		f, err := tx.Feed(id)
		if err == nil && !closes(p, f) {
			err = store.ErrNotFound
		}
		if err == nil {
			err = tx.RevokeFeed(id, by.ID)
		}
		if err != nil {
			return fmt.Errorf("feed %q: %w", name, err)
		}
		f.Revoked, f.RevokedBy = tx.Now, by.ID
		closed = b.view(f)
		_, err = tx.Append(ledger.Draft{Kind: "feed.revoked", Actor: by, Subjects: []string{closed.ID, f.Subject},
			Payload: map[string]any{"feed": closed.ID, "kind": f.Kind, "subject": f.Subject, "made_by": f.By}})
		return err
	})
	return closed, err
}

// feedName is a feed's name for people: "K-0003" (暦).
func feedName(id int64) string { return fmt.Sprintf("K-%04d", id) }

func feedNumber(name string) (int64, error) {
	digits, ok := strings.CutPrefix(strings.ToUpper(name), "K-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("feed %q: %w", name, store.ErrNotFound)
	}
	return id, nil
}

// Wrong addresses are counted by source. An office behind one address has old feeds in its calendars, so the limit is higher than for
// signing in; 128 bits cannot be found by trying.
const (
	countFor  = 10 * time.Minute
	mostWrong = 30
)

// ErrNoFeed is the one answer to every address that opens nothing: wrong, closed, of a locked person, or asked too often.
var ErrNoFeed = errors.New("no such feed")

// Open writes the feed of a secret address. source names the address of the call. Error: ErrNoFeed.
func (b *Book) Open(ctx context.Context, secret, source string) ([]byte, error) {
	var text []byte
	err := b.o.DB.Read(ctx, func(s *store.Snap) error {
		t, err := s.Throttle(throttleKey(source))
		if err != nil {
			return fmt.Errorf("read failures: %w", err)
		}
		if s.Now.Before(t.LockedUntil) {
			return ErrNoFeed
		}
		// Found by its hash, so the time of the search reveals nothing of the secret.
		f, err := s.FeedByHash(store.HashToken(secret))
		if errors.Is(err, store.ErrNotFound) {
			return errWrong
		}
		if err != nil {
			return fmt.Errorf("read feed: %w", err)
		}
		if err := stands(s, f); err != nil {
			return err
		}
		text, err = b.write(s, f)
		return err
	})
	if errors.Is(err, errWrong) {
		// A caller who hangs up at once is counted too.
		return nil, errors.Join(ErrNoFeed, b.wrong(context.WithoutCancel(ctx), source))
	}
	return text, err
}

// errWrong is a secret that was never given out, or is no longer valid.
var errWrong = errors.New("wrong secret")

// stands closes a feed while its maker is locked: a lock stops everything that the person holds.
func stands(s *store.Snap, f store.Feed) error {
	p, err := s.Person(f.By)
	if err != nil {
		return fmt.Errorf("read who made the feed: %w", err)
	}
	if p.Locked != nil {
		return ErrNoFeed
	}
	if p.Vendor != "" {
		v, err := s.Vendor(p.Vendor)
		if err != nil {
			return fmt.Errorf("read vendor of the feed: %w", err)
		}
		if v.Locked != nil {
			return ErrNoFeed
		}
	}
	if f.Kind == store.FeedSection && !policy.MayFeedSection(p.Person, f.Subject).Allow {
		return ErrNoFeed // moved to another section; the colleagues make their own
	}
	return nil
}

func throttleKey(source string) string { return "feed:" + source }

// wrong counts a wrong address, and ledgers the source once after many.
func (b *Book) wrong(ctx context.Context, source string) error {
	locked := false
	err := b.o.DB.Keep(ctx, store.KeepThrottle, func(k *store.KeepTx) error {
		locked = false
		if err := k.DropThrottles(k.Now.Add(-countFor)); err != nil {
			return err
		}
		t, err := k.Throttle(throttleKey(source))
		if err != nil {
			return err
		}
		if t.Count == 0 || k.Now.Sub(t.Since) >= countFor {
			t = store.Throttle{Since: k.Now}
		}
		t.Key, t.Count = throttleKey(source), t.Count+1
		if t.Count >= mostWrong && !k.Now.Before(t.LockedUntil) {
			t.LockedUntil, locked = k.Now.Add(countFor), true
		}
		return k.PutThrottle(t)
	})
	if err != nil {
		return fmt.Errorf("count a wrong address: %w", err)
	}
	if !locked {
		return nil
	}
	b.o.Log.Warn("feed_locked", "source", source)
	err = b.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "feed.locked", Actor: ledger.Actor{Kind: "broker", Via: "web"},
			Payload: map[string]any{"source": source, "failures": mostWrong, "minutes": int(countFor / time.Minute)}})
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger wrong addresses: %w", err)
	}
	return nil
}
