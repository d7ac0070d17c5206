package annual

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/figures"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// year is a yearly report with the facts for the acts on it.
type year struct {
	fiscal   int
	report   store.AnnualReport // zero: a draft
	errata   []store.Erratum
	opinions []store.Opinion
	ends     time.Time
}

// Rules are the facts that policy's rules look at.
func (y year) Rules() policy.YearFacts {
	return policy.YearFacts{Year: Name(y.fiscal), Ends: y.ends, Final: y.report.Final(), AgreedBy: y.report.AgreedBy, Office: y.report.Office}
}

// Name names a fiscal year: R8 for 2026.
func Name(fiscalYear int) string { return "R" + strconv.Itoa(fiscalYear-2018) }

// FiscalYear reads R8 as 2026. The first year is R1, fiscal 2019. Errors: store.ErrNotFound for anything else.
func FiscalYear(id string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "R"))
	if err != nil || n < 1 || n > 200 || id != "R"+strconv.Itoa(n) {
		return 0, fmt.Errorf("fiscal year %q: %w", id, store.ErrNotFound)
	}
	return 2018 + n, nil
}

func load(s *store.Snap, id string) (y year, err error) {
	if y.fiscal, err = FiscalYear(id); err != nil {
		return y, err
	}
	_, y.ends = figures.Year(y.fiscal, s.Zone())
	if y.report, err = s.AnnualReport(y.fiscal); err != nil && !errors.Is(err, store.ErrNotFound) {
		return y, fmt.Errorf("yearly report %s: %w", id, err)
	}
	if y.errata, err = s.Errata(y.fiscal); err != nil {
		return y, fmt.Errorf("corrections of %s: %w", id, err)
	}
	if y.opinions, err = s.Opinions(y.fiscal); err != nil {
		return y, fmt.Errorf("opinions about %s: %w", id, err)
	}
	return y, nil
}

// The tables of the bodies.
var (
	finalising = field.Table[api.FinaliseBody]{
		field.Text("figures", "検証値(先頭の8桁-8桁。省略可)", "Digest of the figures (first digits, 8-8; may be left out)", func(b *api.FinaliseBody) *string { return &b.Figures }).Most(80),
	}
	correcting = field.Table[api.ErratumBody]{
		field.Text("place", "箇所(表と項目)", "Place (table and figure)", func(b *api.ErratumBody) *string { return &b.Place }).Most(200).Need("place-needed", "どこを訂正するかを入力してください。", "Say where the error stands."),
		field.Text("wrong", "誤", "Wrong", func(b *api.ErratumBody) *string { return &b.Wrong }).Most(500).Need("wrong-needed", "誤りを入力してください。", "Say what stands there."),
		field.Text("correct", "正", "Correct", func(b *api.ErratumBody) *string { return &b.Correct }).Most(500).Need("correct-needed", "正しい内容を入力してください。", "Say what should stand there."),
		field.Text("reason", "理由(個人の氏名は書かない)", "Reason (without names of people)", func(b *api.ErratumBody) *string { return &b.Reason }).Most(1000).Need("reason-required", "理由を書いてください。", "A reason is needed."),
	}
	opining = field.Table[api.OpinionBody]{
		field.Text("said_on", "審議会の日", "Day of the meeting", func(b *api.OpinionBody) *string { return &b.SaidOn }).Day().
			Need("said-on-needed", "審議会の日を入力してください(2027-06-10 の形)。", "Enter the day of the meeting, like 2027-06-10.").
			Bound(func(b *api.OpinionBody) bool {
				_, err := time.Parse(time.DateOnly, b.SaidOn)
				return b.SaidOn != "" && err != nil
			}, "no-day", "日付は 2027-06-10 の形です。", "A day is like 2027-06-10."),
		field.Text("opinion", "意見(個人の氏名は書かない)", "Opinion (without names of people)", func(b *api.OpinionBody) *string { return &b.Opinion }).Most(2000).Need("opinion-needed", "意見を入力してください。", "Enter the opinion."),
		field.Text("response", "対応(後からでもよい)", "Response (may follow later)", func(b *api.OpinionBody) *string { return &b.Response }).Most(2000),
	}
	responding = field.Table[api.ResponseBody]{
		field.Int("no", "意見の番号", "Number of the opinion", 1, 1000, func(b *api.ResponseBody) *int { return &b.No }),
		field.Text("response", "対応", "Response", func(b *api.ResponseBody) *string { return &b.Response }).Most(2000).Need("response-needed", "対応を入力してください。", "Enter the response."),
	}
)

var (
	offices = act.Those(policy.SecondApprover, policy.InformationSystems, policy.Auditor)
	section = act.Those(policy.SecondApprover, policy.InformationSystems)
)

// The acts of this package.
var (
	finalise = act.Act[year]{Spec: spec("finalise", "FY", "年次報告の数値に同意する(情報システム課と点検担当の二人で確定)", "agree to the figures (final with the information-systems section's and an auditor's agreement)", offices, act.EachTime, finalising),
		May: act.Rule[year](policy.MayFinaliseYear)}
	withdraw = act.Act[year]{Spec: spec("withdraw", "FY", "一人目の同意を取り下げる", "take the first agreement back", offices, act.EachTime, act.Why), May: act.Rule[year](policy.MayWithdrawYear)}
	correct  = act.Act[year]{Spec: spec("correct", "FY", "確定した年次報告に正誤を追記する", "append a correction to a final report", offices, act.EachTime, correcting),
		May: act.Rule[year](policy.MayCorrectYear), Ready: isFinal}
	opinion = act.Act[year]{Spec: spec("opinion", "FY", "審議会の意見を記す", "enter an opinion of the council", section, act.NoProof, opining), May: act.Rule[year](policy.MayNoteOpinion), Ready: hasRoom}
	respond = act.Act[year]{Spec: spec("respond", "FY NO", "審議会の意見への対応を記す", "enter the response to an opinion", section, act.NoProof, responding), May: act.Rule[year](policy.MayNoteOpinion), Ready: hasOpinion}
)

// OnYear is a yearly report with the acts on it.
var OnYear = act.Subject[year]{Load: load, Acts: []act.Act[year]{finalise, withdraw, correct, opinion, respond}}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Book] {
	return []act.Mount[*Book]{act.With(finalise.Spec, (*Book).Finalise), act.Saying(withdraw.Spec, (*Book).Withdraw), act.With(correct.Spec, (*Book).Correct), act.With(opinion.Spec, (*Book).Opinion),
		act.With(respond.Spec, (*Book).Respond)}
}

func spec(name, operands, ja, en string, callers act.Callers, proof act.Proof, fields field.Asks) act.Spec {
	return act.Spec{Name: name, Path: api.Years.Pattern("fy", name), Command: "annual " + name, Operands: operands, JA: ja, EN: en, Fields: fields, Callers: callers, Proof: proof, Shows: act.ShowsYear}
}

func isFinal(_ *store.Snap, _ policy.Person, y year) error {
	if !y.report.Final() {
		return forms.Wrong("annual", "year-not-final", "年次報告はまだ確定していません。正誤は確定した後に追記します。", "the report is not final; corrections are appended to a final one")
	}
	if len(y.errata) >= most {
		return full()
	}
	return nil
}

// most bounds the corrections of a report, its opinions, and the responses to each.
const most = 200

func full() error {
	return forms.Wrong("annual", "too-many", "件数が上限に達しています。", "no more can be entered")
}

func hasRoom(_ *store.Snap, _ policy.Person, y year) error {
	if len(y.opinions) >= most {
		return full()
	}
	return nil
}

func hasOpinion(_ *store.Snap, _ policy.Person, y year) error {
	if len(y.opinions) == 0 {
		return forms.Wrong("annual", "no-opinion", "この年度の審議会の意見はまだ記されていません。", "no opinion of the council is entered for this year")
	}
	return nil
}
