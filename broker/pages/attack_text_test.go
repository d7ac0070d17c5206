package pages

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// hostile is what a person of ill will, or an older version, may have put into a name or a text.
const hostile = `<b id=evil>"'><img src=x onerror=alert(1)><!--{{.}}--></title></textarea></script>` + steering

// steering turns the direction of writing, starts a sequence of a terminal, ends a string of C, and is a C1 control.
const steering = "\u202e\u2066\x1b[2J\x00\u009b\u200f\r"

// soil appends the hostile text to every text of a struct but those that name other things.
func soil(of any) {
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).Kind() == reflect.String && v.Field(i).CanSet() && !slices.Contains([]string{"ID", "Login", "Kind", "Vendor", "Section", "State", "Attendant", "Lang", "BackupAge", "Attendance"}, name) {
			v.Field(i).SetString(v.Field(i).String() + hostile)
		}
	}
}

// Markup in names and texts is text on every page, in both languages and on both sites, and no character of it steers the reader's screen.
func TestAttackMarkupOnEveryPage(t *testing.T) {
	w := found(t)
	w.planned(policy.ReportDue, policy.WindowClosed)
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		for _, id := range []string{"kato", "ito", "head", "E-0031"} {
			p, err := tx.Person(id)
			if err != nil {
				return err
			}
			soil(&p.Person)
			if err := tx.PutPerson(p); err != nil {
				return err
			}
		}
		v, err := tx.Vendor("V-012")
		if err != nil {
			return err
		}
		soil(&v)
		if err := tx.PutVendor(v); err != nil {
			return err
		}
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.Name = "S" + hostile
		if err := tx.PutSystem(s); err != nil {
			return err
		}
		r, err := tx.Request("R8-0001")
		if err != nil {
			return err
		}
		soil(&r.Body)
		if err := tx.UpdateRequest(r); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "test.hostile", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: map[string]any{"reason": hostile}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for _, who := range []string{"admin", "head", "kato", "ito", "mori", "sato"} {
		b := w.as(who)
		for _, r := range rows() {
			if r.method != http.MethodGet || (r.site == portal) != (b.base == w.portal.URL) {
				continue
			}
			for _, lang := range languages {
				w.Pass(time.Second)
				a := b.get(address(r) + "?lang=" + lang + "&q=%3Cb+id%3Devil%3E&subject=%3Cb+id%3Devil%3E&reason=%3Cb+id%3Devil%3E&back=%2F%22%3E%3Cb+id%3Devil%3E&system=%3Cb+id%3Devil%3E")
				if a.status >= 500 {
					t.Errorf("%s as %s: %d", r.path, who, a.status)
				}
				if strings.Contains(a.body, "<b id=evil>") || strings.Contains(a.body, "<img") {
					t.Errorf("%s as %s holds the markup", r.path, who)
				}
				if at := strings.IndexFunc(a.body, func(r rune) bool {
					return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
				}); at >= 0 && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
					t.Errorf("%s as %s lets a steering character through: %q", r.path, who, a.body[max(0, at-60):min(len(a.body), at+20)])
				}
				if strings.Contains(a.body, "&lt;b id=evil&gt;") {
					met++
				}
			}
		}
	}
	if met < 50 {
		t.Errorf("only %d pages show the text", met)
	}
}
