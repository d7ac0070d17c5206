package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sekimori/broker/act"
	"sekimori/broker/field"
	"sekimori/policy/text"
)

// ownAct is an act that its package judges itself, such as those of the registry. The page of acts shows its form as it shows that of
// an act.Act.
type ownAct struct {
	path    string // address of the form
	api     string // the route of the API that does the same
	title   text.Text
	about   text.Text
	callers callers // the role is asked for before the form is read
	level   level   // of the look at the thing on the card
	flags   []field.Flag
	proof   bool   // password and code are asked for each time
	secret  string // key of an input that is never shown again; empty: there is none
	danger  bool
	// thing reads what the act is on, once for each request. Its error refuses the form.
	thing func(*visit) (ownThing, error)
	// adjust changes the inputs of the form, such as a choice among the keys that a person has; may be nil.
	adjust func(*visit, ownThing, []Field)
	// do does the act with the inputs and gives the address that tells of it.
	do func(v *visit, in url.Values, back string) (string, error)
}

// ownThing is what such an act is on.
type ownThing struct {
	card       Card
	back       string // the page to which the person goes back
	credential string // of an account
}

// ownActs are all such acts.
func ownActs() []ownAct { return slices.Concat(credentialActs(), upkeepActs()) }

func ownActRows() []row {
	var out []row
	for _, a := range ownActs() {
		form := func(_ *Pages, v *visit) error { return v.ownForm(a) }
		do := func(_ *Pages, v *visit) error { return v.ownDo(a) }
		out = append(out, get(a.path, staff, a.title, a.callers, a.level, form), post(a.path, staff, a.title, a.callers, a.level, do))
	}
	return out
}

func (v *visit) ownForm(a ownAct) error {
	on, err := a.thing(v)
	if err != nil {
		return err
	}
	return v.show(v.ownPage(a, on, nil, nil))
}

// ownPage makes the form, with the mistakes of an earlier try.
func (v *visit) ownPage(a ownAct, on ownThing, mistakes []Problem, wrong map[string]text.Text) *ActPage {
	page := &ActPage{Frame: v.frame(), Card: on.card, About: a.about, Action: v.r.URL.Path, Proof: a.proof, Danger: a.danger, Back: on.back}
	page.Errors = mistakes
	page.Fields = fieldsOf(a.flags, func(key string) []string {
		if key == a.secret {
			return nil
		}
		return v.given(key)
	}, wrong)
	if a.adjust != nil {
		a.adjust(v, on, page.Fields)
	}
	return page
}

// ownDo does the act. A mistake shows the form again with what was typed, except secrets.
func (v *visit) ownDo(a ownAct) error {
	if err := v.readForm(); err != nil {
		return err
	}
	on, err := a.thing(v)
	if err != nil {
		return err
	}
	at, err := v.ownDone(a, on.back)
	if err == nil {
		return v.to(at)
	}
	err = v.refused(err)
	f := v.mistakes(deed{Spec: act.Spec{Path: a.path}}, err)
	if f == nil {
		return err
	}
	mistakes, wrong := problemsIn(a.flags, f)
	return v.showAs(f.Status, v.ownPage(a, on, mistakes, wrong))
}

func (v *visit) ownDone(a ownAct, back string) (string, error) {
	if a.proof {
		if err := v.fresh(); err != nil {
			return "", err
		}
	}
	return a.do(v, url.Values(v.formValuesOf(a.flags)), back)
}

// ownOffers are the buttons of such acts on a thing, for those whom their rows name.
func (v *visit) ownOffers(base string, paths ...string) []Offer {
	var out []Offer
	for _, a := range ownActs() {
		if !slices.Contains(paths, a.path) {
			continue
		}
		if ok, err := v.allowed(row{method: http.MethodGet, path: a.path, site: staff, callers: a.callers}); err == nil && ok {
			name := a.path[strings.LastIndex(a.path, "/")+1:]
			out = append(out, Offer{ID: "offer-" + name, Text: a.title, Href: base + "/" + name, Open: true, Danger: a.danger})
		}
	}
	return out
}
