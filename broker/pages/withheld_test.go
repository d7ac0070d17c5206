package pages

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A head reads the entries about the systems of the own section, and of others only number, time and kind: payloads hold whole requests, which
// other sections' heads do not see. The auditor reads all.
func TestAttackAHeadReadsOtherSectionsThroughTheLedger(t *testing.T) {
	w := found(t)
	w.worked()
	var other, own int64
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutSystem(store.System{System: policy.System{ID: "tax", Name: "税", Section: "is", Line: policy.LineNone}}); err != nil {
			return err
		}
		add := func(system, said string) (int64, error) {
			e, err := tx.Append(ledger.Draft{Kind: "test.away", Actor: ledger.Actor{Kind: "person", ID: "mori", Via: "web"}, Subjects: []string{"X-1", system}, Payload: json.RawMessage(`{"reason":"` + said + `"}`)})
			return e.Index, err
		}
		var err error
		if other, err = add("tax", "滞納者の一覧"); err != nil {
			return err
		}
		own, err = add("hr", "給与の一覧")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	entry := func(no int64) string { return "/ledger/" + strconv.FormatInt(no, 10) }
	head := w.as("head")
	head.get(entry(own)).has(t, "給与の一覧", "X-1")
	head.get("/ledger/entries").has(t, "ほかの課のシステムの記載です。内容は示しません")
	head.get(entry(other)+"?lang=en").has(t, "another section&#39;s system; its contents are not shown")
	for _, path := range []string{entry(other), "/ledger/entries", "/ledger/entries?subject=tax"} {
		if a := head.get(path); a.status != http.StatusOK || strings.Contains(a.body, "滞納者") || strings.Contains(a.body, "X-1 tax") {
			t.Errorf("%s: %d, or it shows the other section's words", path, a.status)
		}
	}
	if a := head.get("/ledger/entries?subject=tax"); strings.Contains(a.body, `href="`+entry(other)+`"`) {
		t.Error("a search by the other section's system finds its entries")
	}
	w.as("mori").get(entry(other)).has(t, "滞納者の一覧", "X-1")
	w.as("mori").get("/ledger/entries?subject=tax").has(t, "X-1")
}

// An entry that names a thing of the other section's system, and not the system, is withheld as well; and no search by one of its subjects
// tells that the subject stands in an entry whose words are not shown.
func TestAttackAHeadFindsOtherSectionsBySubjects(t *testing.T) {
	w := found(t)
	entries := map[string]int64{}
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		for _, err := range []error{
			tx.PutSystem(store.System{System: policy.System{ID: "tax", Name: "税", Section: "is", Line: policy.LineNone}}),
			tx.PutTarget(store.Target{Target: policy.Target{ID: "tax-db", System: "tax", Host: "192.0.2.7", Port: 22}}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "tax-db/maint", Target: "tax-db", Login: "maint"}, Credential: store.CredentialCertificate}),
			tx.AddFile(store.File{ID: "S-20261124-07-1", Direction: policy.FilesIn, State: policy.FileHeld, Session: "S-20261124-07", System: "tax", Target: "tax-db", Path: []byte("/srv/x"), Kept: []string{"x"}, Findings: json.RawMessage("[]")}),
			tx.AddReview(store.Review{ID: "R8-0900-1", Session: "R8-0900-1", System: "tax"}),
		} {
			if err != nil {
				return err
			}
		}
		for name, subjects := range map[string][]string{"target": {"tax-db"}, "account": {"tax-db/maint"}, "file": {"S-20261124-07-1", "mori"}, "review": {"R8-0900-1"}, "person": {"sato", "tax"}} {
			e, err := tx.Append(ledger.Draft{Kind: "test.away", Actor: ledger.Actor{Kind: "person", ID: "mori", Via: "web"}, Subjects: subjects, Payload: json.RawMessage(`{"reason":"滞納者の一覧"}`)})
			if err != nil {
				return err
			}
			entries[name] = e.Index
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	head, auditor := w.as("head"), w.as("mori")
	for name, no := range entries {
		path := "/ledger/" + strconv.FormatInt(no, 10)
		if a := head.get(path); a.status != http.StatusOK || strings.Contains(a.body, "滞納者") {
			t.Errorf("%s: %d, or the head reads it", name, a.status)
		}
		auditor.get(path).has(t, "滞納者の一覧")
	}
	for subject, name := range map[string]string{"sato": "person", "mori": "file", "tax-db": "target"} {
		href := `href="/ledger/` + strconv.FormatInt(entries[name], 10) + `"`
		if a := head.get("/ledger/entries?subject=" + subject); a.status != http.StatusOK || strings.Contains(a.body, href) {
			t.Errorf("%s: %d, or a search tells the head that the entry is about it", subject, a.status)
		}
		auditor.get("/ledger/entries?subject="+subject).has(t, href)
	}
}

// A head's search for a person looks at a bounded number of entries at a time, and the list says where it goes on: the entry that the head may
// read, behind two thousand of another section, is found on the next page.
func TestASearchOfTheLedgerIsBoundedAndGoesOn(t *testing.T) {
	w := found(t)
	var own int64
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		err := tx.PutSystem(store.System{System: policy.System{ID: "tax", Name: "税", Section: "is", Line: policy.LineNone}})
		for i := range 2001 {
			about := "tax"
			if i == 0 {
				about = "hr"
			}
			e, written := tx.Append(ledger.Draft{Kind: "test.away", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{"sato", about}})
			if err = errors.Join(err, written); i == 0 {
				own = e.Index
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	head, href := w.as("head"), `href="/ledger/`+strconv.FormatInt(own, 10)+`"`
	first := head.get("/ledger/entries?subject=sato")
	next := regexp.MustCompile(`/ledger/entries\?next=\d+&amp;subject=sato`).FindString(first.body)
	if first.holds(href) || next == "" {
		t.Fatalf("the first page has the entry, or does not say where it goes on:\n%s", first.body)
	}
	head.get(strings.ReplaceAll(next, "&amp;", "&")).has(t, href)
}
