package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

func (p *program) vendorCommand() *cli.Command {
	return p.group("vendor", "保守事業者", "vendors",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			v, err := fetchList(p, c, api.VendorsPath, nil)
			if err != nil {
				return err
			}
			return listWhy(p, v, "保守事業者はまだ登録されていません。", "No vendor is registered yet.", []column[api.VendorLine]{
				{"番号", "ID", func(v api.VendorLine) string { return v.ID }},
				{"名前", "NAME", func(v api.VendorLine) string { return v.Vendor.Name }},
				{"契約の終わり", "CONTRACT UNTIL", func(v api.VendorLine) string { return lastDay(v.ContractUntil) }},
				{"状態", "STATE", func(v api.VendorLine) string { return p.standing(v.Standing, v.Locked) }},
			})
		}),
		p.leaf("show", "ID", "一つを見る(見たことは記録されます)", "show one (the look is ledgered)", p.showVendor),
		p.leaf("lock", "ID", "保守事業者の全員の利用を停止し、接続中なら切る", "lock with all its people; live sessions are cut", func(c *cli.Context) error {
			return lockAct(p, c, api.Vendors, "lock", "利用を停止しました", "locked", func(v api.Vendor) string { return v.ID })
		}, p.reasonFlag()),
		p.leaf("unlock", "ID", "利用停止を解く", "unlock", func(c *cli.Context) error {
			return lockAct(p, c, api.Vendors, "unlock", "利用停止を解きました", "unlocked", func(v api.Vendor) string { return v.ID })
		}, p.reasonFlag(), p.authFlag()),
		lockNote(p, api.Vendors, func(v api.Vendor) string { return v.ID }),
		actLeaf(p, "vendor ask-renewal", func(v api.RenewalsAsked) error {
			var ja, en strings.Builder
			fmt.Fprintf(&ja, "窓口に更新を依頼しました: %s", v.Vendor)
			fmt.Fprintf(&en, "the contact was asked to renew papers: %s", v.Vendor)
			for _, e := range v.Items {
				fmt.Fprintf(&ja, "\n  %s", p.ending(e))
				fmt.Fprintf(&en, "\n  %s", p.ending(e))
			}
			return p.done(v, ja.String(), en.String())
		}),
		p.group("subcontract", "再委託の承認", "approval of subcontracts",
			p.leaf("approve", "ID", "再委託先を、ある日まで承認する", "approve a subcontractor until a day", p.approveSubcontract,
				&cli.StringFlag{Name: "until", Usage: p.say("承認の最後の日", "last day of the approval")}, p.reasonFlag(), p.authFlag()),
		),
	)
}

func (p *program) approveSubcontract(c *cli.Context) error {
	until, err := p.need(c, "until")
	if err != nil {
		return err
	}
	reason, err := p.reason(c)
	if err != nil {
		return err
	}
	v, err := actProved(p, c, api.ApproveSubcontract(c.Args().First()), func(f api.Fresh) any { return api.SubcontractBody{Until: until, Reason: reason, Fresh: f} })
	if err != nil {
		return err
	}
	return p.done(v, fmt.Sprintf("再委託先 %s を %s まで承認しました: %s", v.Vendor, lastDay(v.Until), v.ID),
		fmt.Sprintf("subcontractor %s approved until %s: %s", v.Vendor, lastDay(v.Until), v.ID))
}

// standing gives a state as screens §3.8 has it: the cause, and the days left.
func (p *program) standing(s api.Standing, lock *api.Lock) string {
	cause := strings.TrimSpace(word(p, store.PaperKind(s.Cause)) + " " + s.Name)
	switch s.State {
	case "locked":
		return p.lock(lock)
	case "expiring":
		return fmt.Sprintf(p.say("まもなく期限(%d日): %s", "expiring (%d days): %s"), s.Days, cause)
	case "expired":
		word := p.say("期限切れ", "expired")
		if s.Ends.IsZero() {
			word = p.say("不足", "missing")
		}
		if cause == "" {
			return p.say("条件を満たさない", "not qualified")
		}
		return word + ": " + cause
	}
	return p.say("利用可", "allowed")
}

// ending says one item of a page: its state first, in words, then until when.
func (p *program) ending(e api.Ending) string {
	what := strings.TrimSpace(word(p, store.PaperKind(e.Kind)) + " " + e.Name)
	if e.Paper != "" {
		what += " " + e.Paper
	}
	until := ""
	if !e.Until.IsZero() {
		until = fmt.Sprintf(p.say(" %sまで", " until %s"), lastDay(e.Until))
	}
	switch {
	case e.State == "expiring":
		return fmt.Sprintf(p.say("まもなく期限  %s%s(残り%d日)", "expiring  %s%s (%d days left)"), what, until, e.Days)
	case e.State == "expired" && until != "" && e.Days >= 0: // a declared date without the paper that was asked for
		return p.say("写しなし    ", "no copy   ") + what + until
	case e.State == "expired" && until == "":
		return p.say("不足        ", "missing   ") + what
	case e.State == "expired":
		return p.say("期限切れ    ", "expired   ") + what + until
	}
	return p.say("適合        ", "met       ") + what + until
}

func (p *program) showVendor(c *cli.Context) error {
	v, err := fetch(p, c, api.VendorPageOf(c.Args().First()), nil)
	if err != nil {
		return err
	}
	if err := page(p, v, p.vendorFields()); err != nil || p.json {
		return err
	}
	fmt.Fprintf(p.out, "\n%s\n", p.say("保守要員", "Engineers"))
	if err := listWhole(p, v.Engineers, "保守要員はまだ登録されていません。", "No engineer is registered yet.", p.engineerColumns()); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\n%s\n", p.say("書類", "Papers"))
	return listWhole(p, v.Papers, "書類はまだありません。", "No paper is on file yet.", p.paperColumns())
}

func (p *program) vendorFields() []column[api.VendorPage] {
	joined := func(kinds ...string) func(api.VendorPage) string {
		return func(v api.VendorPage) string {
			var lines []string
			for _, e := range v.Items {
				for _, kind := range kinds {
					if e.Kind == kind {
						lines = append(lines, p.ending(e))
					}
				}
			}
			return strings.Join(lines, "\n")
		}
	}
	return []column[api.VendorPage]{
		{"番号", "ID", func(v api.VendorPage) string { return v.ID }},
		{"名前", "NAME", func(v api.VendorPage) string { return v.Vendor.Name }},
		{"状態", "STATE", func(v api.VendorPage) string { return p.standing(v.Standing, v.Locked) }},
		{"契約の始まり", "CONTRACT FROM", func(v api.VendorPage) string { return stamp(v.ContractFrom) }},
		{"契約", "CONTRACT", joined("contract")},
		{"特記事項", "SPECIAL CLAUSES", joined("special-clauses")},
		{"認証", "CERTIFICATIONS", joined("certification")},
		{"監査報告書", "AUDIT REPORTS", p.reports},
		{"元請", "PRIME", func(v api.VendorPage) string { return strings.TrimSpace(v.Prime + " " + v.PrimeName) }},
		{"再委託", "SUBCONTRACT", joined("subcontract")},
		{"再委託先", "SUBCONTRACTORS", func(v api.VendorPage) string { return strings.Join(v.Subcontractors, ", ") }},
		{"条件を満たす", "QUALIFIED", func(v api.VendorPage) string { return p.yes(v.Qualified) }},
		{"満たさない項目", "UNMET", func(v api.VendorPage) string { return v.Unmet }},
		{"電話", "PHONE", func(v api.VendorPage) string { return v.Phone }},
		{"停止・凍結の履歴", "SUSPENSIONS", p.suspensions},
	}
}

func (p *program) reports(v api.VendorPage) string {
	var lines []string
	for _, r := range v.Papers {
		if r.Kind == "audit-report" && r.State == "accepted" {
			lines = append(lines, fmt.Sprintf(p.say("%d年度分 受領 %s %s", "fiscal year %d, received %s %s"), r.FiscalYear, r.From.Format(time.DateOnly), r.ID))
		}
	}
	return strings.Join(lines, "\n")
}

func (p *program) suspensions(v api.VendorPage) string {
	var lines []string
	for _, s := range v.Suspensions {
		word := p.say("利用停止", "lock")
		if s.Kind == "freeze" {
			word = p.say("緊急凍結", "freeze")
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %s %s–%s %s", word, s.Subject, stamp(s.Since), stamp(s.Lifted), s.Reason), " "))
	}
	return strings.Join(lines, "\n")
}

func (p *program) engineerColumns() []column[api.Engineer] {
	return []column[api.Engineer]{
		{"番号", "ID", func(e api.Engineer) string { return e.ID }},
		{"氏名", "NAME", func(e api.Engineer) string { return e.Person.Name }},
		{"誓約書", "PLEDGE", func(e api.Engineer) string {
			switch {
			case e.PledgeUntil.IsZero():
				return p.say("なし", "none")
			case !e.PledgeCopy:
				return lastDay(e.PledgeUntil) + p.say(" 写しなし", " no copy")
			}
			return lastDay(e.PledgeUntil) + p.say(" 写しあり", " copy on file")
		}},
		{"SSH鍵", "KEYS", func(e api.Engineer) string { return strconv.Itoa(e.KeysActive) }},
		{"教育", "TRAINED", func(e api.Engineer) string {
			if e.Trained.IsZero() {
				return ""
			}
			return e.Trained.Format(time.DateOnly)
		}},
		{"直近の接続", "LAST SESSION", func(e api.Engineer) string { return stamp(e.LastSession) }},
		{"状態", "STATE", func(e api.Engineer) string { return p.standing(e.Standing, e.Locked) }},
	}
}
