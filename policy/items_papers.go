package policy

import (
	"strconv"
	"time"
)

// How long before its end a paper calls for attention (screens §3.1).
const (
	pledgeSoon        = 30 * day
	certificationSoon = 60 * day
	day               = 24 * time.Hour
)

// lookPledge: every engineer's pledge holds until the end of the last occurrence.
func lookPledge(a *Application, f *finding, now time.Time) {
	if len(a.Engineers) == 0 {
		f.bad(PledgeMissing, nil, Text{"保守要員が選ばれていません", "no engineer is named"}, Text{"保守要員を選んでください", "name the engineers"})
	}
	zone := a.Calendar.Zone
	start, end := a.hull()
	for i := range a.Engineers {
		p := &a.Engineers[i]
		who, until := whoIs(p), lastDay(p.Pledge.Until, zone)
		renew := say("%sの誓約書を出してもらってください", "ask for the pledge of %s", who)
		switch {
		case p.Locked != nil:
			f.bad(EngineerLocked, map[string]string{"reason": p.Locked.Reason, "date": sayDate(p.Locked.Since, zone)},
				say("%sは利用停止中です", "%s is locked", who), say("別の保守要員にしてください", "name another engineer"))
		case p.Pledge.Signed.IsZero() || p.Pledge.Until.IsZero():
			f.bad(PledgeMissing, nil, say("%sの誓約書がありません", "%s has no pledge on file", who), renew)
		case a.Institution.copyMissing(&p.Pledge):
			f.bad(PledgeMissing, map[string]string{"date": "no-copy"}, say("%sの誓約書の写しがありません", "no copy of the pledge of %s is on file", who), renew)
		case p.Pledge.Signed.After(start):
			f.bad(PledgeMissing, map[string]string{"date": sayDate(p.Pledge.Signed, zone)},
				say("%sの誓約書は%sからで、作業時間枠に間に合いません", "the pledge of %s begins on %s, after the window", who, sayDate(p.Pledge.Signed, zone)), renew)
		case p.Pledge.Until.Before(end):
			f.bad(PledgeMissing, map[string]string{"date": sayDate(p.Pledge.Until, zone)},
				say("%sの誓約書は%sまでで、作業時間枠の途中か前に切れます", "the pledge of %s ends on %s, before the window does", who, until), renew)
		case p.Pledge.Until.Sub(now) <= pledgeSoon:
			f.careful(say("%s %sまで(残り%s日)", "%s: until %s (%s days left)", who, until, daysLeft(p.Pledge.Until, now)), renew)
		case p.Pledge.Copy:
			f.fine(say("%s 写しあり、%sまで", "%s: copy on file, until %s", who, until))
		default:
			f.fine(say("%s %sまで(写しは届いていない)", "%s: until %s (no copy on file)", who, until))
		}
	}
}

// lookCertification: what the institution asks of every vendor is current, also with the prime contractor.
func lookCertification(a *Application, f *finding, now time.Time) {
	lookCertificates(a, &a.Vendor, f, now)
	if a.Vendor.Prime != "" {
		var prime finding
		lookCertificates(a, &a.Prime, &prime, now)
		f.ofPrime(&prime)
	}
	if len(a.Institution.required()) == 0 {
		f.fine(Text{"求めている認証はありません", "no certification is asked for"})
	}
}

// ofPrime takes over what was found about the prime contractor, said as being its.
func (f *finding) ofPrime(of *finding) {
	own := func(t Text) Text {
		if t.JA == "" {
			return t
		}
		return Text{"元請: " + t.JA, "prime contractor: " + t.EN}
	}
	if of.met.JA != "" {
		f.fine(own(of.met))
	}
	if of.caution.JA != "" {
		f.careful(own(of.caution), of.fix)
	}
	if of.unmet.JA != "" {
		f.bad(QualificationUnmet, map[string]string{"item": "prime-certification"}, own(of.unmet), of.fix)
	}
}

// lookCertificates looks at one vendor's.
func lookCertificates(a *Application, v *Vendor, f *finding, now time.Time) {
	ask := Text{"保守事業者に新しい認証を出してもらってください", "ask the vendor for a current certificate"}
	if !v.Qualified {
		item := v.Unmet
		if item == "" {
			item = "certification"
		}
		f.bad(QualificationUnmet, map[string]string{"item": item}, say("認証の条件を満たしません: %s", "not met: %s", item), ask)
	}
	_, end := a.hull()
	for _, name := range a.Institution.required() {
		until, ok := v.certified(name, now)
		said := wordOr("item", name)
		last := lastDay(until, a.Calendar.Zone)
		switch {
		case !ok:
			f.bad(QualificationUnmet, map[string]string{"item": name}, with(said, "%sが期限切れか、届いていません", "%s has expired or is not on file"), ask)
		case until.Sub(now) <= certificationSoon:
			f.careful(with(said, "%s %sまで(残り%s日)", "%s: until %s (%s days left)", last, daysLeft(until, now)), ask)
		case until.Before(end):
			f.careful(with(said, "%s %sまでで、作業時間枠の前に切れます", "%s: until %s, which is before the window ends", last), ask)
		default:
			f.fine(with(said, "%s %sまで", "%s: until %s", last))
		}
	}
}

// lookContract: the contract covers every occurrence, that of the prime contractor too, and somebody answers for the work.
func lookContract(a *Application, f *finding, now time.Time) {
	lookContractOf(a, &a.Vendor, "", f)
	if a.Vendor.Prime != "" {
		prime := a.Prime
		if prime.ID != a.Vendor.Prime { // another than the one that answers
			prime = Vendor{}
		}
		lookContractOf(a, &prime, "prime-", f)
	}
	if a.ResponsibleParty == "" {
		f.bad(VendorLocked, map[string]string{"reason": "responsible"}, Text{"責任を負う事業者が決まっていません", "no responsible company is named"},
			Text{"責任を負う事業者を選んでください", "choose the responsible company"})
	} else {
		f.fine(say("責任を負う事業者 %s", "responsible company: %s", a.ResponsibleParty))
	}
	last := fiscalYear(now, a.Calendar.Zone) - 1
	if a.Institution.Declared && a.Institution.AuditReport && !a.Vendor.reported(last) {
		f.careful(say("%s年度の監査報告書が届いていません", "the audit report of fiscal year %s has not come in", strconv.Itoa(last)),
			Text{"監査報告書を出してもらってください", "ask for the audit report"})
	}
}

// lookContractOf looks at one vendor's: the words of the reason begin with "prime-" where it is the prime contractor's.
func lookContractOf(a *Application, v *Vendor, prime string, f *finding) {
	zone := a.Calendar.Zone
	start, end := a.hull()
	call := Text{"契約を確かめ、所管課の台帳を直してください", "check the contract and correct the register"}
	why := func(word string) map[string]string { return map[string]string{"reason": prime + word} }
	name := v.Name
	if name == "" {
		name = v.ID
	}
	switch {
	case v.ID == "" && prime != "":
		f.bad(VendorLocked, why("unknown"), Text{"元請が登録されていません", "the prime contractor is not registered"}, call)
	case v.ID == "":
		f.bad(VendorLocked, why("unknown"), Text{"保守事業者が登録されていません", "the vendor is not registered"}, call)
	case v.Locked != nil:
		args := why("locked")
		if prime == "" {
			args["reason"] = v.Locked.Reason
		}
		f.bad(VendorLocked, args, say("%sは利用停止中です", "%s is locked", name), Text{"停止が解かれるまで待ってください", "wait until the lock is lifted"})
	case v.ContractFrom.IsZero() || v.ContractUntil.IsZero() || start.Before(v.ContractFrom) || end.After(v.ContractUntil):
		f.bad(VendorLocked, why("contract"), say("作業時間枠が%sの契約期間(%sから%sまで)に収まりません",
			"the window lies outside the contract of %s (%s to %s)", name, sayDate(v.ContractFrom, zone), lastDay(v.ContractUntil, zone)), call)
	default:
		f.fine(say("%sの契約 %sまで", "contract of %s: until %s", name, lastDay(v.ContractUntil, zone)))
	}
	if v.ID == "" || !a.Institution.clausesMissing(v) {
		return
	}
	what := Text{"契約に特記事項の添付がありません", "the contract's special clauses are not on file"}
	if prime != "" {
		what = say("%s(元請)の契約に特記事項の添付がありません", "the special clauses of the contract of %s (prime contractor) are not on file", name)
	}
	f.bad(VendorLocked, why("special-clauses"), what, Text{"特記事項を登録してください", "file the special clauses"})
}

// lookSubcontract: the institution approved it, for as long as the work lasts.
func lookSubcontract(a *Application, f *finding, now time.Time) {
	v := &a.Vendor
	_, end := a.hull()
	if v.Prime == "" {
		f.fine(Text{"なし", "none"})
		return
	}
	prime := a.Prime.Name
	if prime == "" {
		prime = v.Prime
	}
	ask := Text{"再委託の承認を得てください", "obtain the approval of the subcontract"}
	args := map[string]string{"item": "subcontract"}
	switch {
	case !v.PrimeApproved:
		f.bad(QualificationUnmet, args, say("%sからの再委託が承認されていません", "the subcontract under %s is not approved", prime), ask)
	case !v.SubcontractUntil.IsZero() && (end.After(v.SubcontractUntil) || !now.Before(v.SubcontractUntil)):
		f.bad(QualificationUnmet, args, say("%sからの再委託の承認は%sまでです", "the approval of the subcontract under %s ends on %s", prime, lastDay(v.SubcontractUntil, a.Calendar.Zone)), ask)
	default:
		f.careful(say("保守要員は再委託先の人です(元請 %s、承認あり)", "the engineer belongs to a subcontractor (of %s, approved)", prime),
			Text{"再委託先が作業する理由を確かめてください", "confirm why the subcontractor does the work"})
	}
}

// hull is from the start of the first occurrence to the end of the last.
func (a *Application) hull() (start, end time.Time) {
	for i, s := range a.spans() {
		if i == 0 || s.Start.Before(start) {
			start = s.Start
		}
		if s.End.After(end) {
			end = s.End
		}
	}
	return start, end
}

// daysLeft counts whole days.
func daysLeft(until, now time.Time) string {
	return strconv.Itoa(max(int(until.Sub(now)/day), 0))
}

// lastDay is the last day of what ends at an instant, which itself no longer belongs to it.
func lastDay(until time.Time, zone *time.Location) string {
	if until.IsZero() {
		return ""
	}
	return sayDate(until.Add(-1), zone)
}

// fiscalYear is the Gregorian year in which the fiscal year of an instant began, in April.
func fiscalYear(t time.Time, zone *time.Location) int {
	if zone == nil {
		zone = defaultZone()
	}
	local := t.In(zone)
	if local.Month() < time.April {
		return local.Year() - 1
	}
	return local.Year()
}

func whoIs(p *Person) string {
	if p.Name == "" {
		return p.ID
	}
	return p.Name + "(" + p.ID + ")"
}
