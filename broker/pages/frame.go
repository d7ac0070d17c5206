package pages

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/freeze"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Frame is the part that all pages share. A page's struct embeds it.
type Frame struct {
	Lang        string // "ja" or "en"
	Title       text.Text
	State       text.Text // what stands before the title, such as 接続中
	Portal      bool
	Institution string
	Contact     string
	Helpline    Help    // whom to call
	Person      *Signed // nil: not signed in
	Nav         []NavItem
	More        []NavItem // the second part of the menu: registers and settings
	MoreHere    bool      // the present page is in it
	Crumbs      []Link
	Notices     int // notices that the person has not seen
	Frozen      *Frozen
	Drill       bool
	Done        text.Text // what the last act did; empty: none
	Errors      []Problem
	Here        string // this page's address, for the language links and for coming back
	Other       string // the same page in the other language
	Scripts     []string
	Passkey     *Passkey // passkeys work on this page; nil: they do not
	Vouched     bool     // the provider has just asked the person again: no password is needed
	Provider    string   // address at which the provider asks a person who has no password; empty: they have one
	Foot        *Foot    // what stands under each printed sheet; nil: nothing, the page is for strangers
	Idle        int      // seconds without a request until the sign-in ends; 0: no limit on this page
}

func (f *Frame) frame() *Frame { return f }

// Foot is what stands under each printed sheet (screens §5): when it was printed, at which entry the ledger stood, and by which version.
type Foot struct {
	Printed Moment
	Digest  string // the first 16 digits of the hash of the ledger's newest entry, in two groups
	Version string
}

// foot names the newest entry. Where opening the page is ledgered, that is the entry of this look.
func (v *visit) foot() *Foot {
	f := &Foot{Printed: moment(v.p.o.Clock(), v.p.o.Zone), Version: v.p.o.House.Version}
	err := v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) error {
		n, err := s.LedgerSize()
		if err != nil || n == 0 {
			return err
		}
		e, err := s.Entry(n - 1)
		if err != nil {
			return fmt.Errorf("read entry %d: %w", n-1, err)
		}
		leaf := e.Leaf()
		f.Digest = hex.EncodeToString(leaf[:4]) + "-" + hex.EncodeToString(leaf[4:8])
		return nil
	})
	if err != nil {
		v.p.o.Log.Warn("foot_failed", "error", err) // the sheet says that it has no digest; the page itself does not fail
		f.Digest = "—"
	}
	return f
}

// Mistaken tells whether a mistake is about an input, for aria-invalid.
func (f Frame) Mistaken(field string) bool {
	return slices.ContainsFunc(f.Errors, func(p Problem) bool { return p.Field == field })
}

// Signed is the person who is signed in.
type Signed struct {
	ID, Name string
	Roles    text.Text
}

// Link leads to a page.
type Link struct {
	Text text.Text
	Href string
}

// NavItem is a place in the menu.
type NavItem struct {
	Link
	Current bool
}

// Problem is one mistake in a form; it links to its field.
type Problem struct {
	Field string // id of the field; empty: of the whole form
	Text  text.Text
}

// Frozen is the banner of a freeze.
type Frozen struct {
	Text   text.Text
	Href   string
	Reason string
}

// frame makes the frame of the row's page for this visit.
func (v *visit) frame() Frame {
	f := Frame{
		Lang: v.lang, Title: v.row.title, Portal: v.site == portal, Institution: v.p.o.House.Institution, Contact: v.p.o.House.Contact,
		Here: v.r.URL.RequestURI(), Other: otherLanguage(v.r.URL, v.lang), Done: doneText(v.r.URL.Query().Get("done")),
	}
	if v.r.Method != "GET" {
		f.Here, f.Other = "", ""
	}
	f.Passkey = v.passkey()
	f.Helpline = v.help()
	if v.person.ID == "" {
		return f
	}
	f.Person = &Signed{ID: v.person.ID, Name: v.person.Name, Roles: roleNames(v.person)}
	v.menu(&f)
	f.Foot = v.foot()
	f.Idle = int(idleLimit / time.Second)
	f.Frozen = v.frozen()
	if n, err := v.p.o.Views.Unseen(v.r.Context(), v.reader()); err == nil { // the number is an extra: its failure does not fail the page
		f.Notices = n
	}
	v.proofs(&f)
	return f
}

// menu lists the pages that the person may open, in the table's order of places, in two parts.
func (v *visit) menu(f *Frame) {
	var items []row
	deputy := sync.OnceValue(func() bool { // read once, and only where a row asks for it
		ok, err := v.allowed(row{callers: callers{Callers: act.Callers{Deputies: true}}})
		return err == nil && ok
	})
	for _, r := range v.p.rows {
		if r.nav > 0 && r.site&v.site != 0 && (r.callers.Allow(v.person) || r.callers.Deputies && deputy()) {
			items = append(items, r)
		}
	}
	slices.SortStableFunc(items, func(a, b row) int { return a.nav - b.nav })
	for _, r := range items {
		name := r.title
		if !r.short.IsZero() {
			name = r.short
		}
		one := NavItem{Link{name, r.path}, r.path == v.row.path}
		if r.nav < secondMenu || v.site == portal {
			f.Nav = append(f.Nav, one)
			continue
		}
		f.More, f.MoreHere = append(f.More, one), f.MoreHere || one.Current
	}
}

// frozen tells of a freeze that stands.
func (v *visit) frozen() *Frozen {
	if v.p.o.Freezer == nil {
		return nil
	}
	list, err := v.p.o.Views.Freezes(v.r.Context(), v.reader(), view.Page{Limit: 1})
	if err != nil || len(list.Items) == 0 || list.Items[0].State == "lifted" {
		return nil
	}
	one := list.Items[0]
	if one.State != freeze.Frozen && one.State != freeze.LiftOne { // a drill that is asked for, or was
		return nil
	}
	names, err := v.names(one.Subject, one.System)
	if err != nil {
		return nil
	}
	scope, when := frozenScope(one, names), text.Moment(one.Since.In(v.p.o.Zone))
	said := &Frozen{Text: text2("緊急凍結中: "+scope.JA+"。"+when.JA, "Emergency freeze: "+scope.EN+". "+when.EN), Reason: one.Reason, Href: "/incidents/" + url.PathEscape(one.ID)}
	if call := v.p.o.House.Contact; call != "" {
		said.Text = text2(said.Text.JA+"。問合せ "+call, said.Text.EN+". Questions: "+call)
	}
	if one.Drill {
		said.Text = text2("訓練 "+said.Text.JA, "DRILL "+said.Text.EN)
	}
	if v.site == portal {
		said.Reason, said.Href = "", ""
	}
	return said
}

// otherLanguage is the same address in the other language.
func otherLanguage(u *url.URL, lang string) string {
	q := u.Query()
	q.Set("lang", map[string]string{"ja": "en", "en": "ja"}[lang])
	return u.Path + "?" + q.Encode()
}

func roleNames(p policy.Person) text.Text {
	if ofVendor(p) {
		return p.Kind.Label()
	}
	var ja, en []string
	for _, r := range p.Roles {
		ja, en = append(ja, r.Label().JA), append(en, r.Label().EN)
	}
	return text2(strings.Join(ja, "・"), strings.Join(en, ", "))
}
