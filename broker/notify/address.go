package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Words are what a notice says, in both languages. They are made when the addressees are found, and do not change afterwards.
type Words struct {
	Subject  text.Text `json:"subject"`
	Lead     text.Text `json:"lead"`
	Next     text.Text `json:"next,omitzero"`
	Facts    []Fact    `json:"facts,omitempty"`
	Page     string    `json:"page,omitempty"` // address below that of the staff's pages, or of the portal's
	Drill    bool      `json:"drill,omitempty"`
	Alarm    string    `json:"alarm,omitempty"`
	Calendar string    `json:"calendar,omitempty"` // number of the request whose appointments go with it
}

// Fact is a line of the card.
type Fact struct {
	Label text.Text `json:"label"`
	Value text.Text `json:"value"`
}

// similarFor is how long similar notices are one.
const similarFor = time.Hour

// mostTries is how often the addressees of a thing are searched for. After that the information-systems section is told that there is
// something that it must look up in the ledger.
const mostTries = 5

// deskWebhook is the addressee of calls to another program.
const deskWebhook = "webhook"

// together is how many things share a transaction at most. A longer transaction would let a cut wait for the database's one writer.
const together = 16

// addressing is a transaction that finds addressees, with what it has read: it changes no people, requests or windows.
type addressing struct {
	*store.KeepTx
	known  map[string]any // things read, by kind and id
	people []store.Person // all; nil: not read yet
}

func (a *addressing) everyone() ([]store.Person, error) {
	if a.people == nil {
		people, err := a.Persons(store.PersonFilter{})
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
		a.people = people
	}
	return a.people, nil
}

// Address finds the addressees of what is in the outbox. A few things share a transaction. Where one of them fails, each has a transaction of its
// own: one that fails keeps no other back.
func (s *Service) Address(ctx context.Context) error {
	for {
		var waiting []store.Outgoing
		err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
			waiting, err = snap.Outbox(100)
			return err
		})
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if err := s.addressAll(ctx, waiting); err != nil || len(waiting) < 100 {
			return err
		}
	}
}

func (s *Service) addressAll(ctx context.Context, waiting []store.Outgoing) (failed error) {
	for some := range slices.Chunk(waiting, together) {
		if s.addressing(ctx, some...) == nil {
			continue
		}
		for _, o := range some {
			if err := ctx.Err(); err != nil {
				return err
			}
			failed = errors.Join(failed, s.addressOne(ctx, o))
		}
	}
	return failed
}

// addressing finds the addressees of some things in one transaction.
func (s *Service) addressing(ctx context.Context, some ...store.Outgoing) error {
	return s.keep(ctx, func(k *store.KeepTx) error {
		a := &addressing{KeepTx: k, known: map[string]any{}}
		for _, o := range some {
			if err := s.address(a, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) address(a *addressing, o store.Outgoing) error {
	if o.Tries >= mostTries {
		return s.bare(a, o)
	}
	m, err := read(a, o, s.o.Zone)
	switch {
	case errors.Is(err, errGone):
		return a.Addressed(o.ID)
	case err != nil:
		return err
	}
	for _, t := range byKind[o.What] {
		if t.when == nil || t.when(m) {
			if err := s.tell(a, m, t); err != nil {
				return fmt.Errorf("tell %s: %w", t.code, err)
			}
		}
	}
	return a.Addressed(o.ID)
}

func (s *Service) addressOne(ctx context.Context, o store.Outgoing) error {
	err := s.addressing(ctx, o)
	if err == nil || o.Tries >= mostTries {
		return err
	}
	err = fmt.Errorf("find whom to tell of %s (entry %d %s): %w", o.What, o.Entry, o.Subject, err)
	return errors.Join(err, s.keep(ctx, func(k *store.KeepTx) error { return k.AddressingFailed(o.ID) }))
}

func (s *Service) keep(ctx context.Context, fn func(*store.KeepTx) error) error {
	return s.o.DB.Keep(ctx, store.KeepNotices, fn)
}

// bare tells the information-systems section that something could not be read. Nothing is lost in silence.
func (s *Service) bare(k *addressing, o store.Outgoing) error {
	m := &matter{out: o, circles: []policy.Circle{{}}, zone: s.o.Zone}
	entry := text.Of(fmt.Sprintf("台帳の記載 %d(%s)", o.Entry, o.What), fmt.Sprintf("entry %d of the ledger (%s)", o.Entry, o.What))
	t := telling{
		code: "notice.unreadable", told: "SM", page: func(*matter) (string, string) { return fmt.Sprintf("/ledger/%d", o.Entry), "" },
		subject: text.Of("知らせる相手を決められない出来事", "An event whose addressees cannot be found"),
		lead:    text.Of(entry.JA+"を読めず、知らせる相手を決められません。", "The addressees of "+entry.EN+" cannot be found."),
		next:    text.Of("台帳を見て、関係する人に電話で知らせてください。", "Look it up in the ledger and phone the people concerned."),
	}
	if err := s.tell(k, m, t); err != nil {
		return err
	}
	return k.Addressed(o.ID)
}

// addressee is a person, a mailbox, or both a person and the desk for which they are told.
type addressee struct {
	person string
	desk   string
	email  string // empty: in the list only
	lang   string
	vendor bool // a person or mailbox of a vendor: links lead to the portal
}

// tell writes the notices of one row of the table.
func (s *Service) tell(k *addressing, m *matter, t telling) error {
	people, err := k.everyone()
	if err != nil {
		return err
	}
	to, err := s.addressees(k.Snap, m, t, people)
	if err != nil {
		return err
	}
	args := m.args()
	w := Words{Subject: filled(t.subject, args), Lead: filled(t.lead, args), Next: filled(t.next, args), Facts: m.facts(), Drill: m.drill()}
	w.Alarm = m.text("alarm")
	if t.calendar {
		w.Calendar = m.request.No
	}
	staff, portal := "", ""
	if t.page != nil {
		staff, portal = t.page(m)
	}
	quiet := t.quiet != nil && t.quiet(m)
	similar := ""
	if t.similar != nil {
		similar = t.similar(m)
	}
	if s.o.Senders[store.ChannelWebhook] != nil && len(to) > 0 {
		to = append(to, addressee{desk: deskWebhook})
	}
	for _, a := range to {
		if w.Page = staff; a.vendor {
			w.Page = portal
		}
		words, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("write words: %w", err)
		}
		id, isNew, err := k.PutNotice(store.Notice{Outgoing: m.out.ID, Code: t.code, Person: a.person, Desk: a.desk, About: similar, At: k.Now, Words: words}, similarFor)
		if err != nil {
			return fmt.Errorf("store notice: %w", err)
		}
		if !isNew {
			continue
		}
		switch {
		case a.desk == deskWebhook:
			err = k.AddDelivery(id, store.ChannelWebhook, s.o.Webhook, "")
		case !quiet && a.email != "" && s.o.Senders[store.ChannelMail] != nil:
			err = k.AddDelivery(id, store.ChannelMail, a.email, a.lang)
		}
		if err != nil {
			return fmt.Errorf("store delivery: %w", err)
		}
	}
	return nil
}

// addressees finds the people behind the letters of a row. Where a letter has no one, the mailbox of their desk stands in.
func (s *Service) addressees(snap *store.Snap, m *matter, t telling, people []store.Person) ([]addressee, error) {
	if t.told == "*" {
		return s.desks(snap, m, people)
	}
	letters := t.told
	if t.also != nil {
		letters += t.also(m)
	}
	_, byID := plainly(people)
	var to []addressee
	has := func(a addressee) bool {
		return slices.ContainsFunc(to, func(b addressee) bool {
			return a.person != "" && a.person == b.person || a.person == "" && a.email == b.email
		})
	}
	add := func(a addressee) {
		if !has(a) {
			to = append(to, a)
		}
	}
	for _, letter := range letters {
		switch letter {
		case 'K':
			add(addressee{desk: checkpointDesk, email: s.o.CheckpointMail, lang: s.o.Language})
			continue
		case 'P':
			if p, ok := byID[m.self]; ok {
				add(ofPerson(p, ""))
			}
			continue
		case 'B':
			for _, id := range m.named {
				if p, ok := byID[id]; ok && p.Locked == nil && p.ID != m.entry.Actor.ID {
					add(ofPerson(p, ""))
				}
			}
			continue
		}
		var behind []addressee
		var err error
		if letter == 'F' {
			behind, err = s.answerers(snap, m, people)
		}
		for _, c := range m.circles {
			if letter != 'F' && err == nil {
				var more []addressee
				more, err = s.ofLetters(snap, string(letter), c, people)
				behind = append(behind, more...)
			}
		}
		if err != nil {
			return nil, err
		}
		for _, a := range behind {
			if a.person == "" || a.person != m.entry.Actor.ID { // no one is told of their own act
				add(a)
			}
		}
	}
	return to, nil
}

// plainly gives the people as policy knows them, and by id.
func plainly(people []store.Person) ([]policy.Person, map[string]store.Person) {
	plain, byID := make([]policy.Person, 0, len(people)), map[string]store.Person{}
	for _, p := range people {
		plain = append(plain, p.Person)
		byID[p.ID] = p
	}
	return plain, byID
}

func ofPerson(p store.Person, desk string) addressee {
	return addressee{person: p.ID, desk: desk, email: p.Email, lang: p.Lang, vendor: p.Vendor != ""}
}

// mailbox is the mailbox of the desk behind a letter.
func (s *Service) mailbox(snap *store.Snap, letter rune, c policy.Circle) (addressee, error) {
	switch letter {
	case policy.ToldContact, policy.ToldEngineer:
		var v store.Vendor
		err := found(&v, c.Vendor, snap.Vendor)
		return addressee{desk: "vendor:" + c.Vendor, email: v.Email, vendor: true}, err
	case policy.ToldSection, policy.ToldAuditor, policy.ToldAdministrator:
		return addressee{desk: store.CentralDesk, email: s.o.CentralMail, lang: s.o.Language}, nil
	case policy.ToldDeputy:
		return addressee{}, nil
	}
	var section store.Section
	err := found(&section, c.Section, snap.Section)
	return addressee{desk: store.SectionDesk(c.Section), email: section.Email, lang: s.o.Language}, err
}

// desks are the addressees of an alarm: each desk's people in their list, and its mailbox by mail, or its people where it has none. One
// desk's addressees never stand in for another's (R16).
func (s *Service) desks(snap *store.Snap, m *matter, people []store.Person) ([]addressee, error) {
	plain := make([]policy.Person, 0, len(people))
	for _, p := range people {
		plain = append(plain, p.Person)
	}
	var to []addressee
	for _, desk := range m.list("to") {
		id, isSection := strings.CutPrefix(desk, store.SectionDesk(""))
		if !isSection {
			id = ""
		}
		box := addressee{desk: desk, email: s.o.CentralMail, lang: s.o.Language}
		if isSection {
			var section store.Section
			if err := found(&section, id, snap.Section); err != nil {
				return nil, fmt.Errorf("read section %s: %w", id, err)
			}
			box.email = section.Email
		}
		if box.email != "" {
			to = append(to, box)
		}
		for _, of := range policy.OfDesk(id, plain) {
			p := people[slices.IndexFunc(people, func(p store.Person) bool { return p.ID == of })]
			a := ofPerson(p, desk)
			if box.email != "" {
				a.email = ""
			}
			to = append(to, a)
		}
	}
	return to, nil
}
