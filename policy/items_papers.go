package policy

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// A paper calls for attention this long before its end (screens §3.1).
const (
	pledgeSoon        = 30 * day
	certificationSoon = 60 * day
	day               = 24 * time.Hour
)

// needs gives the requirements that one check item shows. Without a person it leaves out those on persons.
func (a *Application) needs(code string, p *Person) []Requirement {
	return slices.DeleteFunc(Requirements(&a.Vendor, &a.Prime, p, &a.Institution), func(r Requirement) bool { return r.Paper.item() != code })
}

// ahead is the time that papers must cover: from now on if the work has begun, else the whole of it.
func (a *Application) ahead(now time.Time) (start, end time.Time) {
	start, end = a.hull()
	if start.Before(now) && now.Before(end) {
		start = now
	}
	return start, end
}

// lookPledge checks that every engineer's pledge holds until the end of the last occurrence.
func lookPledge(a *Application, f *finding, now time.Time) {
	if len(a.Engineers) == 0 {
		f.bad(PledgeMissing, nil, Text{JA: "保守要員が選ばれていません", EN: "no engineer is named"}, Text{JA: "保守要員を選んでください", EN: "name the engineers"})
	}
	zone := a.Calendar.Zone
	start, end := a.ahead(now)
	for i := range a.Engineers {
		p := &a.Engineers[i]
		who, until := whoIs(p), lastDay(p.Pledge.Until, zone)
		renew := say("%sの誓約書を出してもらってください", "ask for the pledge of %s", who)
		needs := a.needs(ItemPledge, p)
		unmet := slices.IndexFunc(needs, func(r Requirement) bool { return !r.Terms.Cover(start, end) })
		switch {
		case p.Locked != nil:
			f.bad(EngineerLocked, map[string]string{"reason": p.Locked.Reason, "date": sayDate(p.Locked.Since, zone)},
				say("%sは利用停止中です", "%s is locked", who), say("別の保守要員にしてください", "name another engineer"))
		case unmet < 0 && p.Pledge.Until.Sub(now) <= pledgeSoon:
			f.careful(say("%s %sまで(残り%s日)", "%s: until %s (%s days left)", who, until, daysLeft(p.Pledge.Until, now)), renew)
		case unmet < 0 && p.Pledge.Copy:
			f.fine(say("%s 写しあり、%sまで", "%s: copy on file, until %s", who, until))
		case unmet < 0:
			f.fine(say("%s %sまで(写しは届いていない)", "%s: until %s (no copy on file)", who, until))
		case needs[unmet].Paper == PaperPledgeCopy:
			f.bad(PledgeMissing, needs[unmet].args(zone), say("%sの誓約書の写しがありません", "no copy of the pledge of %s is on file", who), renew)
		case len(needs[unmet].Terms) == 0:
			f.bad(PledgeMissing, nil, say("%sの誓約書がありません", "%s has no pledge on file", who), renew)
		case p.Pledge.Signed.After(start):
			f.bad(PledgeMissing, map[string]string{"date": sayDate(p.Pledge.Signed, zone)},
				say("%sの誓約書は%sからで、作業時間枠に間に合いません", "the pledge of %s begins on %s, after the window", who, sayDate(p.Pledge.Signed, zone)), renew)
		default:
			f.bad(PledgeMissing, needs[unmet].args(zone),
				say("%sの誓約書は%sまでで、作業時間枠の途中か前に切れます", "the pledge of %s ends on %s, before the window does", who, until), renew)
		}
	}
}

// lookCertification checks that the certifications which the institution asks of every vendor hold until the end of the last
// occurrence, also those of the prime contractor.
func lookCertification(a *Application, f *finding, now time.Time) {
	ask := Text{JA: "保守事業者に新しい認証を出してもらってください", EN: "ask the vendor for a current certificate"}
	start, end := a.ahead(now)
	for _, r := range a.needs(ItemCertification, nil) {
		held := r.Terms.Cover(start, end)
		args, name := r.args(a.Calendar.Zone), wordOr("item", r.Name)
		until, current := r.Terms.At(now)
		if held {
			until, _ = r.Terms.At(start)
		}
		last := lastDay(until, a.Calendar.Zone)
		switch {
		case r.Paper == PaperQualified && !held:
			f.bad(r.Reason, args, r.of(say("認証の条件を満たしません: %s", "not met: %s", cmp.Or(r.Name, "certification"))), ask)
		case r.Paper == PaperQualified:
		case !held && !current:
			f.bad(r.Reason, args, r.of(with(name, "%sが期限切れか、届いていません", "%s has expired or is not on file")), ask)
		case !held:
			f.bad(r.Reason, args, r.of(with(name, "%s %sまでで、作業時間枠の途中か前に切れます", "%s: until %s, which is before the window ends", last)), ask)
		case until.Sub(now) <= certificationSoon:
			f.careful(r.of(with(name, "%s %sまで(残り%s日)", "%s: until %s (%s days left)", last, daysLeft(until, now))), ask)
		default:
			f.fine(r.of(with(name, "%s %sまで", "%s: until %s", last)))
		}
	}
	if len(a.Institution.required()) == 0 {
		f.fine(Text{JA: "求めている認証はありません", EN: "no certification is asked for"})
	}
}

// of names the owner of the paper in a sentence.
func (r *Requirement) of(t Text) Text {
	if r.Prime {
		return Text{JA: "元請: " + t.JA, EN: "prime contractor: " + t.EN}
	}
	return t
}

// lookContract checks that the contract covers every occurrence, the prime contractor's too, and that a company answers for the work.
func lookContract(a *Application, f *finding, now time.Time) {
	start, end := a.ahead(now)
	for _, r := range a.needs(ItemContract, nil) {
		held := r.Terms.Cover(start, end)
		if r.Paper == PaperContract {
			lookContractOf(a, &r, held, f)
		} else if v := a.vendorOf(&r); v.ID != "" && !held {
			lookClausesOf(a, &r, v, f)
		}
	}
	if a.ResponsibleParty == "" {
		f.bad(VendorLocked, map[string]string{"reason": "responsible"}, Text{JA: "責任を負う事業者が決まっていません", EN: "no responsible company is named"},
			Text{JA: "責任を負う事業者を選んでください", EN: "choose the responsible company"})
	} else {
		f.fine(say("責任を負う事業者 %s", "responsible company: %s", a.ResponsibleParty))
	}
	last := fiscalYear(now, a.Calendar.Zone) - 1
	if a.Institution.Declared && a.Institution.AuditReport && !a.Vendor.reported(last) {
		f.careful(say("%s年度の監査報告書が届いていません", "the audit report of fiscal year %s has not come in", strconv.Itoa(last)),
			Text{JA: "監査報告書を出してもらってください", EN: "ask for the audit report"})
	}
	lookPermit(a, f)
	lookRoster(a, f, now)
}

// vendorOf is the vendor that must have the paper; zero if the prime contractor is unknown.
func (a *Application) vendorOf(r *Requirement) *Vendor {
	switch {
	case !r.Prime:
		return &a.Vendor
	case a.Prime.ID != a.Vendor.Prime:
		return &Vendor{}
	}
	return &a.Prime
}

// lookContractOf checks the contract of one vendor, and its lock.
func lookContractOf(a *Application, r *Requirement, held bool, f *finding) {
	v, zone := a.vendorOf(r), a.Calendar.Zone
	call := Text{JA: "契約を確かめ、所管課の台帳を直してください", EN: "check the contract and correct the register"}
	name := cmp.Or(v.Name, v.ID)
	switch {
	case v.ID == "" && r.Prime:
		f.bad(VendorLocked, r.args(zone), Text{JA: "元請が登録されていません", EN: "the prime contractor is not registered"}, call)
	case v.ID == "":
		f.bad(VendorLocked, r.args(zone), Text{JA: "保守事業者が登録されていません", EN: "the vendor is not registered"}, call)
	case v.Locked != nil:
		why := v.Locked.Reason
		if r.Prime { // its subcontractor is not told why
			why = "prime-locked"
		}
		f.bad(VendorLocked, map[string]string{"reason": why}, say("%sは利用停止中です", "%s is locked", name), Text{JA: "停止が解かれるまで待ってください", EN: "wait until the lock is lifted"})
	case !held:
		f.bad(VendorLocked, r.args(zone), say("作業時間枠が%sの契約期間(%sから%sまで)に収まりません",
			"the window lies outside the contract of %s (%s to %s)", name, sayDate(v.ContractFrom, zone), lastDay(v.ContractUntil, zone)), call)
	default:
		f.fine(say("%sの契約 %sまで", "contract of %s: until %s", name, lastDay(v.ContractUntil, zone)))
	}
}

// lookClausesOf reports special clauses that are missing or end too early.
func lookClausesOf(a *Application, r *Requirement, v *Vendor, f *finding) {
	name := cmp.Or(v.Name, v.ID)
	what := Text{JA: "契約に特記事項の添付がありません", EN: "the contract's special clauses are not on file"}
	switch last := lastDay(r.Terms.last(), a.Calendar.Zone); {
	case last != "":
		what = r.of(say("%sの契約の特記事項は%sまでで、作業時間枠に足りません", "the special clauses of the contract of %s hold until %s and do not cover the window", name, last))
	case r.Prime:
		what = say("%s(元請)の契約に特記事項の添付がありません", "the special clauses of the contract of %s (prime contractor) are not on file", name)
	}
	f.bad(VendorLocked, r.args(a.Calendar.Zone), what, Text{JA: "特記事項を登録してください", EN: "file the special clauses"})
}

// lookSubcontract checks that the institution approved the subcontract for the time of the work.
func lookSubcontract(a *Application, f *finding, now time.Time) {
	prime := cmp.Or(a.Prime.Name, a.Vendor.Prime)
	ask := Text{JA: "再委託の承認を得てください", EN: "obtain the approval of the subcontract"}
	needs := a.needs(ItemSubcontract, nil) // one at most
	if len(needs) == 0 {
		f.fine(Text{JA: "なし", EN: "none"})
		return
	}
	r, args := needs[0], needs[0].args(a.Calendar.Zone)
	start, end := a.ahead(now)
	switch {
	case r.Terms.Cover(start, end):
		f.careful(say("保守要員は再委託先の人です(元請 %s、承認あり)", "the engineer belongs to a subcontractor (of %s, approved)", prime),
			Text{JA: "再委託先が作業する理由を確かめてください", EN: "confirm why the subcontractor does the work"})
	case len(r.Terms) == 0:
		f.bad(r.Reason, args, say("%sからの再委託が承認されていません", "the subcontract under %s is not approved", prime), ask)
	default:
		f.bad(r.Reason, args, say("%sからの再委託の承認は%sまでです", "the approval of the subcontract under %s ends on %s", prime, lastDay(r.Terms.last(), a.Calendar.Zone)), ask)
	}
}

// hull runs from the start of the first occurrence to the end of the last.
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

// lastDay is the last day before an exclusive end.
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
