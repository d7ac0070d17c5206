package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sekimori/broker/ledger"
)

// Outgoing is a row of the outbox: something of which someone is to be told.
type Outgoing struct {
	ID      int64
	Entry   int64  // index of the ledger entry; -1: the clock made it
	What    string // kind of the entry, or the word of a thing that the clock makes due
	Subject string // of a thing that the clock makes due: the id
	At      time.Time
	Tries   int // of finding the addressees
}

// Notice is a notice for one person or one desk.
type Notice struct {
	ID       int64
	Outgoing int64
	Code     string // what it says, a word that does not change
	Person   string // id; empty: for Desk
	Desk     string // CentralDesk, SectionDesk(id) or "vendor:" and an id: a mailbox; with a Person, the desk for which they are told
	About    string // what makes similar notices one; empty: it stands alone
	At       time.Time
	Count    int // similar ones that it stands for
	Latest   time.Time
	Seen     time.Time       // zero: not yet
	Words    json.RawMessage // of the package notify
}

// Channel is a way to addressees.
type Channel string

// The channels.
const (
	ChannelMail    Channel = "mail"
	ChannelWebhook Channel = "webhook"
)

// DeliveryState is the state of a delivery.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting DeliveryState = "waiting"
	DeliverySent    DeliveryState = "sent"
	DeliveryDead    DeliveryState = "dead" // given up; it is shown
)

// Delivery is one way of one notice.
type Delivery struct {
	ID      int64
	Channel Channel
	Address string // mail address or URL
	Lang    string // "ja", "en"; empty: both
	State   DeliveryState
	Created time.Time
	Tries   int
	Due     time.Time // of the next try
	Settled time.Time
	Error   string // of the last try
	Notice  Notice
}

// outgoing is the outbox's part of Append.
func (t *Tx) outgoing(e ledger.Entry) error {
	if t.db.opt.Told == nil || !t.db.opt.Told(e.Kind, e.Payload) {
		return nil
	}
	_, err := t.run(`INSERT INTO outbox (entry, what, subject, at) VALUES (?, ?, '', ?)`, e.Index, e.Kind, ms(e.Time))
	if err != nil {
		return fmt.Errorf("outbox of entry %d: %w", e.Index, err)
	}
	return nil
}

// ClockMade puts something that the clock alone makes due into the outbox, once for each subject. Kind: KeepNotices.
func (k *KeepTx) ClockMade(what, subject string) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO outbox (entry, what, subject, at) VALUES (-1, ?, ?, ?) ON CONFLICT DO NOTHING`, what, subject, ms(k.Now))
	return err
}

// MadeByClock tells whether it was put there before.
func (s *Snap) MadeByClock(what, subject string) (bool, error) {
	n, err := get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT count(*) FROM outbox WHERE entry < 0 AND what = ? AND subject = ?`, what, subject)
	return n > 0, err
}

// Outbox lists what has no addressees yet, the oldest first.
func (s *Snap) Outbox(most int) ([]Outgoing, error) {
	return list(s, func(r scanner) (o Outgoing, err error) {
		err = r.Scan(&o.ID, &o.Entry, &o.What, &o.Subject, at(&o.At), &o.Tries)
		return o, err
	}, `SELECT id, entry, what, subject, at, tries FROM outbox WHERE addressed = 0 ORDER BY id LIMIT ?`, most)
}

// Addressed notes that the addressees were found, with their notices. Kind: KeepNotices.
func (k *KeepTx) Addressed(outgoing int64) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	return k.runOne(`UPDATE outbox SET addressed = ? WHERE id = ? AND addressed = 0`, ms(k.Now), outgoing)
}

// AddressingFailed counts a failed search. Kind: KeepNotices.
func (k *KeepTx) AddressingFailed(outgoing int64) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	return k.runOne(`UPDATE outbox SET tries = tries + 1 WHERE id = ?`, outgoing)
}

// PutNotice adds a notice and gives its number. Where a notice of the same addressee about the same is younger than within, that one
// counts it, and new is false. Kind: KeepNotices.
func (k *KeepTx) PutNotice(n Notice, within time.Duration) (id int64, isNew bool, err error) {
	if err := k.allow(KeepNotices); err != nil {
		return 0, false, err
	}
	if n.About != "" {
		id, err = get(k.Snap, func(r scanner) (id int64, err error) { return id, r.Scan(&id) },
			`SELECT id FROM notices WHERE about = ? AND at > ? AND person = ? AND desk = ? AND code = ? ORDER BY id DESC LIMIT 1`,
			n.About, ms(n.At.Add(-within)), n.Person, n.Desk, n.Code)
		switch {
		case err == nil:
			return id, false, k.runOne(`UPDATE notices SET count = count + 1, latest = ? WHERE id = ?`, ms(n.At), id)
		case !errors.Is(err, ErrNotFound):
			return 0, false, err
		}
	}
	done, err := k.run(`INSERT INTO notices (outbox, code, person, desk, about, at, latest, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		n.Outgoing, n.Code, n.Person, n.Desk, n.About, ms(n.At), ms(n.At), string(n.Words))
	if err != nil {
		return 0, false, err
	}
	id, err = done.LastInsertId()
	return id, true, err
}

// AddDelivery puts a notice on its way. Kind: KeepNotices.
func (k *KeepTx) AddDelivery(notice int64, channel Channel, address, lang string) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	_, err := k.run(`INSERT INTO deliveries (notice, channel, address, lang, state, created, due) VALUES (?, ?, ?, ?, 'waiting', ?, ?)`,
		notice, string(channel), address, lang, ms(k.Now), ms(k.Now))
	return err
}

const noticeColumns = `n.id, n.outbox, n.code, n.person, n.desk, n.about, n.at, n.count, n.latest, n.seen, n.words`

func (n *Notice) columns(words *string) []any {
	return []any{&n.ID, &n.Outgoing, &n.Code, &n.Person, &n.Desk, &n.About, at(&n.At), &n.Count, at(&n.Latest), at(&n.Seen), words}
}

func scanNotice(r scanner) (n Notice, err error) {
	var words string
	err = r.Scan(n.columns(&words)...)
	n.Words = json.RawMessage(words)
	return n, err
}

const deliveryColumns = `SELECT d.id, d.channel, d.address, d.lang, d.state, d.created, d.tries, d.due, d.settled, d.error, ` + noticeColumns +
	` FROM deliveries d JOIN notices n ON n.id = d.notice`

func scanDelivery(r scanner) (d Delivery, err error) {
	var words string
	err = r.Scan(append([]any{&d.ID, &d.Channel, &d.Address, &d.Lang, &d.State, at(&d.Created), &d.Tries, at(&d.Due), at(&d.Settled), &d.Error}, d.Notice.columns(&words)...)...)
	d.Notice.Words = json.RawMessage(words)
	return d, err
}

// DueDeliveries lists deliveries of a channel whose time has come, the oldest first.
func (s *Snap) DueDeliveries(c Channel, most int) ([]Delivery, error) {
	return list(s, scanDelivery, deliveryColumns+` WHERE d.state = 'waiting' AND d.channel = ? AND d.due <= ? ORDER BY d.id LIMIT ?`, string(c), ms(s.Now), most)
}

// Tried notes a failed try and when the next one is due. Kind: KeepNotices.
func (k *KeepTx) Tried(delivery int64, problem string, next time.Time) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	return k.runOne(`UPDATE deliveries SET tries = tries + 1, error = ?, due = ? WHERE id = ? AND state = 'waiting'`, problem, ms(next), delivery)
}

// Settled notes the end of a delivery: sent, or given up. Kind: KeepNotices.
func (k *KeepTx) Settled(delivery int64, state DeliveryState, problem string) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	return settle(k.Snap, k.Now, delivery, state, problem)
}

// SettledWithEntry is KeepTx.Settled in a transaction that writes an entry about it.
func (t *Tx) SettledWithEntry(delivery int64, state DeliveryState, problem string) error {
	return settle(t.Snap, t.Now, delivery, state, problem)
}

func settle(s *Snap, now time.Time, delivery int64, state DeliveryState, problem string) error {
	return s.runOne(`UPDATE deliveries SET tries = tries + 1, state = ?, settled = ?, error = ? WHERE id = ? AND state = 'waiting'`,
		string(state), ms(now), problem, delivery)
}

// Notices reads a page of a person's notices: those not seen yet first, then the newest.
func (s *Snap) Notices(person string, p Page) (Paged[Notice], error) {
	newest := order{keys: []string{"n.latest", "n.id"}, desc: true}
	var w where
	w.and("n.person = ?", person)
	return listing[Notice]{table: "notices n", query: `SELECT ` + noticeColumns + ` FROM notices n`, scan: scanNotice, where: w,
		first: "(n.seen = 0 OR n.seen > ?)", orders: [2]order{newest, newest}, column: "n.id", name: func(n Notice) string { return strconv.FormatInt(n.ID, 10) }}.page(s, p)
}

// UnseenNotices counts a person's notices that they have not seen.
func (s *Snap) UnseenNotices(person string) (int, error) {
	return get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM notices WHERE person = ? AND seen = 0`, person)
}

// SeeNotices marks a person's notices up to a number as seen; 0: all. Kind: KeepNotices.
func (k *KeepTx) SeeNotices(person string, upTo int64) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	_, err := k.run(`UPDATE notices SET seen = ? WHERE person = ? AND seen = 0 AND (? = 0 OR id <= ?)`, ms(k.Now), person, upTo, upTo)
	return err
}

// SeeNotice marks one notice of a person as seen. Errors: ErrNotFound, also for one that is another's. Kind: KeepNotices.
func (k *KeepTx) SeeNotice(person string, id int64) error {
	if err := k.allow(KeepNotices); err != nil {
		return err
	}
	return k.runOne(`UPDATE notices SET seen = CASE WHEN seen = 0 THEN ? ELSE seen END WHERE person = ? AND id = ?`, ms(k.Now), person, id)
}

// Undelivered reads a page of the deliveries that were given up, and of those that wait after a failed try: the newest first.
func (s *Snap) Undelivered(p Page) (Paged[Delivery], error) {
	newest := order{keys: []string{"d.id"}, desc: true}
	var w where
	w.and("(d.state = 'dead' OR d.state = 'waiting' AND d.tries > 0)")
	return listing[Delivery]{table: "deliveries d", query: deliveryColumns, scan: scanDelivery, where: w,
		first: "(d.state = 'dead' AND d.settled <= ?)", orders: [2]order{newest, newest}, column: "d.id", name: func(d Delivery) string { return strconv.FormatInt(d.ID, 10) }}.page(s, p)
}

// Waiting tells how many deliveries of a channel wait, and since when the oldest does; zero: none waits.
func (s *Snap) Waiting(c Channel) (n int, since time.Time, err error) {
	var oldest sql.NullInt64
	err = s.tx.QueryRow(`SELECT count(*), min(created) FROM deliveries WHERE state = 'waiting' AND channel = ?`, string(c)).Scan(&n, &oldest)
	return n, fromMS(oldest.Int64), err
}

// DeskTold tells whether a delivery of that outgoing thing to that desk was sent.
func (s *Snap) DeskTold(outgoing int64, desk string) (bool, error) {
	n, err := get(s, func(r scanner) (n int, err error) { return n, r.Scan(&n) },
		`SELECT count(*) FROM deliveries d JOIN notices n ON n.id = d.notice WHERE n.outbox = ? AND n.desk = ? AND d.state = 'sent'`, outgoing, desk)
	return n > 0, err
}

// ForgetNotices removes notices that are older than an instant and have no delivery on its way, at most so many. Kind: KeepNotices.
func (k *KeepTx) ForgetNotices(before time.Time, most int) (int64, error) {
	if err := k.allow(KeepNotices); err != nil {
		return 0, err
	}
	old := `SELECT n.id FROM notices n WHERE n.latest < ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.notice = n.id AND d.state = 'waiting') ORDER BY n.id LIMIT ?`
	if _, err := k.run(`DELETE FROM deliveries WHERE notice IN (`+old+`)`, ms(before), most); err != nil {
		return 0, err
	}
	done, err := k.run(`DELETE FROM notices WHERE id IN (`+old+`)`, ms(before), most)
	if err != nil {
		return 0, err
	}
	// An outbox row of the clock stays: it says that the thing was told.
	_, err = k.run(`DELETE FROM outbox WHERE entry >= 0 AND addressed > 0 AND at < ? AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.outbox = outbox.id)`, ms(before))
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
