package requests

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// defaultWindow is the longest window of a system that sets none.
const defaultWindow = 4 * time.Hour

// check resolves what a form names and finds everything wrong with it. own is the number of the request
// that is being edited: it does not overlap with itself. What comes back lacks number, version,
// state and owner.
func (d *Desk) check(s *store.Snap, f Form, own string) (store.Request, store.System, error) {
	c := &checking{snap: s, form: f, bad: &forms.Invalid{Name: f.name}, zone: d.o.Zone}
	r := store.Request{Body: store.RequestBody{
		Purpose: f.Purpose, WorkType: f.WorkType, Phone: f.Phone, FaultNo: f.FaultNo, FaultCause: f.FaultCause,
		FaultTriage: f.FaultTriage, Procedure: f.Procedure, Rollback: f.Rollback, Files: f.Files, FilesDetail: f.FilesDetail,
		RootReason: f.RootReason, PersonalData: f.PersonalData, PersonLimit: f.PersonLimit,
	}}
	sys, err := s.System(f.System)
	if errors.Is(err, store.ErrNotFound) {
		c.problem("system", "unknown-system", "対象システムが登録されていません: "+f.System, fmt.Sprintf("no system %q in the registry", f.System))
	} else if err != nil {
		return r, sys, fmt.Errorf("read system: %w", err)
	}
	r.System = f.System
	r.Start, r.End = c.interval(sys)
	for _, step := range []func(*store.Request, store.System) error{c.words, c.accounts, c.people, c.responsible, c.attendant} {
		if err := step(&r, sys); err != nil {
			return r, sys, err
		}
	}
	if err := c.overlap(r, sys, own); err != nil {
		return r, sys, err
	}
	return r, sys, c.bad.OrNil()
}

// checking is one check of one form.
type checking struct {
	snap *store.Snap
	form Form
	bad  *forms.Invalid
	zone *time.Location
}

func (c *checking) problem(field, code, ja, en string) {
	c.bad.Problems = append(c.bad.Problems, c.form.problem(field, code, ja, en))
}

// interval: the start ahead, the end after it, no longer than the system allows.
func (c *checking) interval(sys store.System) (start, end time.Time) {
	start, end = c.form.Start, c.form.End
	if c.form.StartIn > 0 {
		start = c.snap.Now.Add(c.form.StartIn)
	}
	if c.form.Length > 0 {
		end = start.Add(c.form.Length)
	}
	start, end = start.UTC().Truncate(time.Millisecond), end.UTC().Truncate(time.Millisecond)
	longest := sys.MaxWindow
	if longest == 0 {
		longest = defaultWindow
	}
	switch {
	case start.IsZero() || end.IsZero():
		c.problem("start", "time-required", "開始と終了の日時を入力してください。", "enter start and end")
	case !start.Before(end):
		c.problem("end", "end-before-start", "終了は開始より後にしてください。", "the end must be after the start")
	case !c.snap.Now.Before(end):
		c.problem("end", "in-the-past", "この時間枠はもう過ぎています。", "the window lies in the past")
	case !c.snap.Now.Before(start):
		c.problem("start", "too-soon", "開始時刻を過ぎています。承認に要る時間をみて、先の時刻にしてください。",
			"the start has passed: leave time for the approval, which must come before the start")
	case end.Sub(start) > longest:
		c.problem("end", "too-long", fmt.Sprintf("1回の時間枠は%sまでです。分けて申請してください。", longest), fmt.Sprintf("a window is at most %s; split it", longest))
	}
	return start, end
}

// words: what must be said, and nothing that cannot be shown.
func (c *checking) words(r *store.Request, _ store.System) error {
	b := &r.Body
	for _, said := range []struct {
		field string
		text  *string
	}{
		{"purpose", &b.Purpose}, {"phone", &b.Phone}, {"fault_no", &b.FaultNo}, {"fault_cause", &b.FaultCause}, {"fault_triage", &b.FaultTriage},
		{"procedure", &b.Procedure}, {"rollback", &b.Rollback}, {"files_detail", &b.FilesDetail}, {"root_reason", &b.RootReason},
	} {
		*said.text = strings.TrimSpace(*said.text)
		if forms.Printable(*said.text) != *said.text || len(*said.text) > 4*forms.MaxText {
			c.problem(said.field, "control-character", "表示できない文字があるか、長すぎます。", "contains characters that cannot be shown, or is too long")
		}
	}
	if b.WorkType == "" {
		b.WorkType = "other"
	}
	if b.Files == "" {
		b.Files = policy.FilesNone
	}
	if !slices.Contains(workTypes, b.WorkType) {
		c.problem("work_type", "unknown-word", "作業の種類は "+strings.Join(workTypes, "、")+" のどれかです。", "work_type is one of "+strings.Join(workTypes, ", "))
	}
	if b.Files != policy.FilesNone && b.Files != policy.FilesAllowed {
		c.problem("files", "unknown-word", "ファイル授受は none か allowed です。", "files is none or allowed")
	}
	if b.Purpose == "" {
		c.problem("purpose", "purpose-required", "目的を入力してください。例: 10月分給与計算の誤りの調査", "enter the purpose")
	}
	if b.Phone == "" {
		c.problem("phone", "phone-required", "作業中に出られる電話番号を入力してください。本人確認に使います。", "enter a phone reachable during work")
	}
	if b.WorkType == "fault" && (b.FaultCause == "" || b.FaultTriage == "") {
		c.problem("fault_triage", "triage-required", "障害対応では、想定される原因と電話での切り分け結果を入力してください。", "enter likely cause and phone triage for a fault")
	}
	if b.Files == policy.FilesAllowed && b.FilesDetail == "" {
		c.problem("files_detail", "file-detail-required", "授受するファイルの名前と目的を入力してください。", "name the files and their purpose")
	}
	if b.PersonLimit < 0 || b.PersonLimit > 20 {
		c.problem("person_limit", "bad-number", "1 から 20 までの数を書いてください。", "a number from 1 to 20 is wanted here")
	}
	return nil
}

// accounts: each registered, on a target of the system; a root-equivalent one with its reason.
func (c *checking) accounts(r *store.Request, sys store.System) error {
	if len(c.form.Accounts) == 0 {
		c.problem("accounts", "account-required", "接続先と作業用アカウントを選んでください。", "choose target and account")
	}
	for _, id := range c.form.Accounts {
		a, err := c.snap.Account(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read account: %w", err)
		}
		var t store.Target
		if err == nil {
			if t, err = c.snap.Target(a.Target); err != nil {
				return fmt.Errorf("read target: %w", err)
			}
		}
		if err != nil || t.System != sys.ID {
			target, login, _ := strings.Cut(id, "/")
			c.problem("accounts", "account-not-for-target", fmt.Sprintf("%sは%sで使えません。情報システム課へ。", login, target),
				fmt.Sprintf("account %q is not registered for a target of this system", id))
			continue
		}
		if a.Root && r.Body.RootReason == "" {
			c.problem("root_reason", "root-reason-required", id+" は管理者権限です。必要な理由を入力してください。", id+" is equivalent to root: say why it is needed")
		}
		if !slices.Contains(r.Body.Accounts, a.ID) {
			r.Body.Accounts = append(r.Body.Accounts, a.ID)
		}
	}
	return nil
}

// people: engineers of one vendor, each of whom could be admitted throughout the window.
func (c *checking) people(r *store.Request, _ store.System) error {
	if len(c.form.Engineers) == 0 {
		c.problem("engineers", "engineer-required", "作業する人を選んでください。", "choose who works")
	}
	for _, name := range c.form.Engineers {
		p, err := c.snap.Person(name)
		if errors.Is(err, store.ErrNotFound) || err == nil && p.Kind != policy.Engineer {
			c.ineligible(name, "登録された保守要員ではない", "not a registered engineer")
			continue
		}
		if err != nil {
			return fmt.Errorf("read engineer: %w", err)
		}
		v, err := c.snap.Vendor(p.Vendor)
		if err != nil {
			return fmt.Errorf("read vendor: %w", err)
		}
		if r.Vendor == "" {
			r.Vendor = v.ID
		}
		switch {
		case v.ID != r.Vendor:
			c.ineligible(name, "別の保守事業者に所属", "of another vendor; file a request for each")
		case p.Locked != nil:
			c.ineligible(name, "利用停止中", "locked")
		case v.Locked != nil:
			c.ineligible(name, "保守事業者が利用停止中", "the vendor is locked")
		case p.Pledge.Until.Before(r.End) || r.Start.Before(p.Pledge.Signed):
			c.ineligible(name, "誓約書がないか期限切れ", "pledge missing, or it ends before the window")
		case v.ContractUntil.Before(r.End) || r.Start.Before(v.ContractFrom):
			c.ineligible(name, "契約期間外", "outside the vendor's contract")
		case !v.Qualified:
			c.ineligible(name, "認証の条件を満たさない "+v.Unmet, "the vendor's certification is not current "+v.Unmet)
		case v.Prime != "" && !v.PrimeApproved:
			c.ineligible(name, "再委託が未承認", "the subcontract is not approved")
		case !slices.Contains(r.Body.Engineers, p.ID):
			r.Body.Engineers = append(r.Body.Engineers, p.ID)
		}
	}
	return nil
}

func (c *checking) ineligible(name, ja, en string) {
	c.problem("engineers", "engineer-not-eligible", fmt.Sprintf("%sは選べません(%s)。保守事業者窓口に更新を依頼してください。", name, strings.TrimSpace(ja)),
		fmt.Sprintf("engineer %q is not eligible (%s)", name, strings.TrimSpace(en)))
}

// responsible: the vendor that answers for the work (R11).
func (c *checking) responsible(r *store.Request, _ store.System) error {
	if c.form.Responsible == "" {
		c.problem("responsible", "responsible-required", "責任を負う事業者を選んでください。", "choose the responsible company")
		return nil
	}
	v, err := c.snap.Vendor(c.form.Responsible)
	if errors.Is(err, store.ErrNotFound) {
		c.problem("responsible", "responsible-required", "登録された保守事業者ではありません: "+c.form.Responsible, fmt.Sprintf("no vendor %q in the registry", c.form.Responsible))
		return nil
	}
	if err != nil {
		return fmt.Errorf("read responsible vendor: %w", err)
	}
	r.Body.Responsible = v.ID
	return nil
}

// attendant: when one is named, somebody of the owning section with the role.
func (c *checking) attendant(r *store.Request, sys store.System) error {
	if c.form.Attendant == "" {
		return nil
	}
	p, err := c.snap.Person(c.form.Attendant)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read attendant: %w", err)
	}
	if err != nil || !p.Has(policy.Attendant) || !ofSection(p.Person, sys) {
		c.problem("attendant", "attendant-not-eligible", c.form.Attendant+" は所管課の立会者ではありません。", fmt.Sprintf("%q is no attendant of the section that owns the system", c.form.Attendant))
		return nil
	}
	r.Body.Attendant = p.ID
	return nil
}

// overlap: an exclusive system has no two windows at a time, approved or awaiting approval.
func (c *checking) overlap(r store.Request, sys store.System, own string) error {
	other, err := clash(c.snap, sys, own, r.Start, r.End, true)
	if err == nil && other != nil {
		c.problem("start", codeOverlap, other.ja(c.zone), other.en(c.zone))
	}
	return err
}

const codeOverlap = "overlap"

// taken is what stands in the way of a window on an exclusive system.
type taken struct {
	no         string // of the request
	start, end time.Time
}

func (o *taken) when(zone *time.Location) string {
	return o.start.In(zone).Format("2006-01-02 15:04") + "–" + o.end.In(zone).Format("15:04")
}

func (o *taken) ja(zone *time.Location) string {
	return fmt.Sprintf("同じシステムに %s の予定があります(%s)。", o.no, o.when(zone))
}

func (o *taken) en(zone *time.Location) string {
	return fmt.Sprintf("overlaps %s (%s)", o.no, o.when(zone))
}

// clash finds a window of another request than own on an exclusive system between start and end; with pending, also
// a request that awaits approval. Nil: none.
func clash(s *store.Snap, sys store.System, own string, start, end time.Time, pending bool) (*taken, error) {
	if !sys.Exclusive || !start.Before(end) {
		return nil, nil
	}
	windows, err := s.Windows(store.WindowFilter{System: sys.ID, EndAfter: start, StartBefore: end, Limit: 1000})
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	for _, w := range windows {
		if w.Request != own && usable(w.State) {
			return &taken{w.Request, w.Start, w.End}, nil
		}
	}
	if !pending {
		return nil, nil
	}
	open, err := s.Requests(store.RequestFilter{System: sys.ID, States: []policy.RequestState{policy.PendingFirst, policy.PendingSecond}, Limit: 1000})
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	for _, o := range open {
		if o.No != own && o.Start.Before(end) && start.Before(o.End) && s.Now.Before(o.Start) {
			return &taken{o.No, o.Start, o.End}, nil
		}
	}
	return nil, nil
}

// mustBeFree refuses what would put a second window beside one on an exclusive system.
func (d *Desk) mustBeFree(s *store.Snap, r store.Request, sys store.System, pending bool) error {
	other, err := clash(s, sys, r.No, r.Start, r.End, pending)
	if err != nil || other == nil {
		return err
	}
	return &forms.Invalid{Problems: []forms.Problem{{Field: "start", Code: codeOverlap, JA: other.ja(d.o.Zone), EN: other.en(d.o.Zone)}}}
}

// usable: a window that may still be used.
func usable(s policy.WindowState) bool {
	return s == policy.WindowScheduled || s == policy.WindowAttended || s == policy.WindowPermitted
}
