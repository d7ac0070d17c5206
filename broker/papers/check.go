package papers

import (
	"fmt"
	"regexp"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
)

// need lists the statements that a kind of paper must have. Other statements are optional.
type need struct {
	person, name, from, until, year, copy bool
}

var needs = map[store.PaperKind]need{
	store.PaperContract:       {copy: true},
	store.PaperSpecialClauses: {copy: true},
	store.PaperCertification:  {name: true, from: true, until: true},
	store.PaperAuditReport:    {year: true},
	store.PaperPledge:         {person: true, from: true, until: true, copy: true},
	store.PaperTraining:       {person: true, from: true},
	store.PaperOther:          {name: true, copy: true},
}

// the name of a certification is the word by which the institution asks for it
var certificationName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

const (
	longestName = 100
	longestNote = 1000
	longestTerm = 20 // years: catches a slip of the pen in the year
)

// check finds every problem of a paper's statements, and fills in the obvious ones.
func (k *Keeper) check(s *store.Snap, p *store.Paper, v store.Vendor, withCopy bool) error {
	bad := &forms.Invalid{}
	problem := func(field, code, ja, en string) {
		bad.Problems = append(bad.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
	}
	n, known := needs[p.Kind]
	switch {
	case p.Kind == store.PaperSubcontract:
		problem("kind", "approval-needed", "再委託は `sekimori vendor subcontract approve` で承認します。", "a subcontract is approved with `sekimori vendor subcontract approve`")
		return bad
	case !known:
		problem("kind", "unknown-word", "書類の種類が違います: "+string(p.Kind), fmt.Sprintf("%q is no kind of paper", p.Kind))
		return bad
	}
	missing := func(when bool, field, ja, en string) {
		if when {
			problem(field, field+"-required", ja+"を入力してください。", "enter "+en)
		}
	}
	missing(n.person && p.Person == "", "person", "保守要員", "the engineer")
	missing(n.name && p.Name == "", "name", "名前(isms など)", "its name, such as isms")
	missing(n.from && p.From.IsZero(), "from", "始まりの日", "the day it begins")
	missing(n.until && p.Until.IsZero(), "until", "終わりの日", "its last day")
	missing(n.year && p.FiscalYear == 0, "fiscal_year", "年度", "the fiscal year")
	missing(n.copy && !withCopy, "file", "写しのファイル", "the file of the copy")
	if p.Kind == store.PaperCertification && p.Name != "" && !certificationName.MatchString(p.Name) {
		problem("name", "bad-name", "認証の名前は isms や privacy-mark のように書いてください。", "name a certification like isms or privacy-mark")
	}
	for _, text := range []struct {
		field, value string
		most         int
	}{{"name", p.Name, longestName}, {"note", p.Note, longestNote}, {"file_name", p.FileName, 2 * longestName}} {
		if err, _ := textFrom(text.field, text.value, text.most, false).(*forms.Invalid); err != nil {
			bad.Problems = append(bad.Problems, err.Problems...)
		}
	}
	k.checkDays(s, p, problem)
	k.fillIn(s, p, v)
	return bad.OrNil()
}

func (k *Keeper) checkDays(s *store.Snap, p *store.Paper, problem func(field, code, ja, en string)) {
	switch {
	case !p.From.IsZero() && !p.Until.IsZero() && !p.From.Before(p.Until):
		problem("until", "end-before-start", "終わりが始まりより前です。", "it ends before it begins")
	case !p.Until.IsZero() && !s.Now.Before(p.Until):
		problem("until", "already-over", "期限が過ぎています。", "it has ended already")
	case !p.Until.IsZero() && p.Until.After(s.Now.AddDate(longestTerm, 0, 0)):
		problem("until", "too-long", fmt.Sprintf("期限は%d年先までです。年をお確かめください。", longestTerm), fmt.Sprintf("it ends in more than %d years: check the year", longestTerm))
	case p.From.After(s.Now) && (p.Kind == store.PaperPledge || p.Kind == store.PaperAuditReport || p.Kind == store.PaperTraining):
		problem("from", "in-the-future", "まだ来ていない日です。", "that day has not come yet")
	}
	if last := store.FiscalYear(s.Now, k.o.Zone); p.FiscalYear != 0 && (p.FiscalYear < last-longestTerm || p.FiscalYear > last) {
		problem("fiscal_year", "bad-year", fmt.Sprintf("年度は西暦で %d までです。", last), fmt.Sprintf("the fiscal year is a Gregorian year up to %d", last))
	}
}

// fillIn gives clauses the end of the contract in force, and a report today as its date.
func (k *Keeper) fillIn(s *store.Snap, p *store.Paper, v store.Vendor) {
	switch p.Kind {
	case store.PaperSpecialClauses, store.PaperContract:
		p.From, p.Until = or(p.From, v.ContractFrom), or(p.Until, v.ContractUntil)
	default:
		local := s.Now.In(k.o.Zone)
		p.From = or(p.From, time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, k.o.Zone).UTC())
	}
}

func or(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
