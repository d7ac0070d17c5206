package papers

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Staff ask the vendor to renew what ends soon; the entry names the papers. The same paper is not asked for twice on a day.
func TestAskRenewal(t *testing.T) {
	o := newOffice(t)
	o.worked()
	ask := func(by, engineer string) ([]Renewal, error) {
		return o.AskRenewal(t.Context(), "reiji", RenewalBody{Engineer: engineer, Note: "監査の前に"}, townhall.Caller(by))
	}
	_, err := ask("kato", "")
	o.want("nothing ends soon", err, "nothing-ends")
	f := o.pledge()
	f.Until = o.today(300)
	o.filed(f, []byte("x"), "kato")
	c := Filing{Kind: store.PaperOther, Vendor: "V-012", Name: "保険", From: o.today(-1), Until: o.today(30), Size: -1}
	o.filed(c, []byte("y"), "kato")
	for by, want := range map[string]string{"head": "forbidden", "ito": "forbidden", "E-0090": "forbidden", "E-0031": "forbidden"} {
		_, err := ask(by, "")
		o.want("asked by "+by, err, want)
	}
	_, err = ask("kato", "E-0041")
	o.want("another vendor's engineer", err, "unknown-engineer")
	_, err = ask("kato", "no-one")
	o.want("no engineer", err, "unknown-engineer")
	_, err = ask("kato", "E-0031")
	o.want("of an engineer whose papers are in order", err, "nothing-ends")
	_, err = o.AskRenewal(t.Context(), "reiji", RenewalBody{Note: "\x1b[2J"}, townhall.Caller("kato"))
	o.want("words that cannot be shown", err, "control-character")
	_, err = o.AskRenewal(t.Context(), "V-999", RenewalBody{}, townhall.Caller("kato"))
	if err == nil {
		t.Error("a vendor that does not exist was asked")
	}
	got, err := ask("kato", "")
	if err != nil || len(got) != 1 || got[0].Kind != store.PaperOther || got[0].Days != 30 || got[0].Wanted.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	entries := o.entries("renewal.asked")
	if len(entries) != 1 || !strings.Contains(entries[0], `"name":"保険"`) || !strings.Contains(entries[0], "監査の前に") || !strings.Contains(entries[0], "V-012 kato "+got[0].Paper) {
		t.Errorf("the ledger has %q", entries)
	}
	_, err = ask("mori", "")
	o.want("again on that day, by another person", err, "asked-today")
	// A paper that was not asked for goes out alone.
	c.Name, c.Until = "再保険", o.today(20)
	o.filed(c, []byte("z"), "kato")
	if got, err = ask("mori", ""); err != nil || len(got) != 1 || got[0].Name != "再保険" {
		t.Errorf("%+v, %v", got, err)
	}
	// The next day begins at midnight of the institution.
	o.passTo(o.today(0).After(townhall.Zone))
	if got, err = ask("deputy", ""); err != nil || len(got) != 2 {
		t.Errorf("the next day: %+v, %v", got, err)
	}
}

// Requesters ask only vendors that work for their section; a missing paper without which no one gets in is asked for too.
func TestAskRenewalOfAMissingPaper(t *testing.T) {
	o := newOffice(t)
	o.ask(policy.Institution{PledgeCopy: true})
	_, err := o.AskRenewal(t.Context(), "reiji", RenewalBody{}, townhall.Caller("kato"))
	o.want("of a vendor that never worked for the section", err, "forbidden")
	got, err := o.AskRenewal(t.Context(), "reiji", RenewalBody{Engineer: "sato"}, townhall.Caller("mori"))
	if err != nil || len(got) != 1 || got[0].Kind != store.PaperPledge || got[0].Person != "E-0031" || got[0].State != Expired {
		t.Fatalf("%+v, %v", got, err)
	}
	if n := o.offer("mori"); n != "asked-today" {
		t.Errorf("the offer says %q", n)
	}
}

// offer is the code by which the act is closed to a person; empty: it is open.
func (o *office) offer(by string) (code string) {
	o.tb.Helper()
	err := o.DB.Read(o.tb.Context(), func(s *store.Snap) error {
		p, err := s.Person(by)
		for _, offer := range OnVendor.Offers(s, p.Person, "V-012") {
			if offer.Act == askRenewal.Name {
				code = offer.Reason
			}
		}
		return err
	})
	if err != nil {
		o.tb.Fatal(err)
	}
	return code
}

// worked makes the vendor work for the section of kato.
func (o *office) worked() {
	o.tb.Helper()
	err := o.DB.Write(o.tb.Context(), func(tx *store.Tx) error {
		if err := tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestClosed, Version: 1, System: "hr", Vendor: "V-012", Requester: "kato", Start: tx.Now, End: tx.Now.Add(time.Hour)}); err != nil {
			return err
		}
		return o.entry(tx, "test.request", store.Paper{ID: "test", Vendor: "V-012"}, townhall.By("kato"), nil)
	})
	if err != nil {
		o.tb.Fatal(err)
	}
}
