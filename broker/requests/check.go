package requests

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// check resolves what a form names and finds everything wrong with it. own is the number of the request
// that is being edited: it does not overlap with itself. What comes back lacks number, version,
// state and owner; its occurrences are those of the form.
func (d *Desk) check(s *store.Snap, f Form, own string) (store.Request, store.System, error) {
	c, err := d.checking(s, f)
	if err != nil {
		return store.Request{}, store.System{}, err
	}
	r := store.Request{Body: store.RequestBody{
		Purpose: f.Purpose, WorkType: f.WorkType, Phone: f.Phone, FaultNo: f.FaultNo, LikelyCause: f.LikelyCause,
		PhoneTriage: f.PhoneTriage, Procedure: f.Procedure, Rollback: f.Rollback, Files: f.Files, FilesDetail: f.FilesDetail,
		RootReason: f.RootReason, PersonalData: f.PersonalData, PersonLimit: f.PersonLimit, Urgent: f.Urgent,
		ContractNo: f.ContractNo, ExtraRights: f.ExtraRights, ExtraReason: f.ExtraReason, IndividualNumber: f.IndividualNumber,
		IndividualReason: f.IndividualReason, FileDirection: f.FileDirection, ClausesTold: f.ClausesTold, RecordingTold: f.RecordingTold,
		Recurrence: strings.TrimSpace(f.Recurrence), Drill: f.Drill,
	}}
	sys, err := s.System(f.System)
	if errors.Is(err, store.ErrNotFound) {
		c.problem("system", "unknown-system", "対象システムが登録されていません: "+f.System, fmt.Sprintf("No system %q in the registry.", f.System))
	} else if err != nil {
		return r, sys, fmt.Errorf("read system: %w", err)
	}
	r.System = f.System
	spans := c.interval(sys)
	place(&r, spans)
	c.words(&r.Body)
	c.said(&r.Body)
	for _, step := range []func(*store.Request, store.System) error{c.accounts, c.people, c.responsible, c.attendant} {
		if err := step(&r, sys); err != nil {
			return r, sys, err
		}
	}
	if err := c.overlap(spans, sys, own); err != nil {
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

	institution policy.Institution
	holidays    []policy.Holiday
	nowork      []policy.NoWork
}

func (d *Desk) checking(s *store.Snap, f Form) (*checking, error) {
	c := &checking{snap: s, form: f, bad: &forms.Invalid{Name: f.name}, zone: d.o.Zone}
	var err error
	if c.institution, err = s.Institution(); err != nil {
		return nil, fmt.Errorf("read institution: %w", err)
	}
	if c.holidays, err = s.Holidays(); err != nil {
		return nil, fmt.Errorf("read holidays: %w", err)
	}
	if c.nowork, err = s.NoWork(); err != nil {
		return nil, fmt.Errorf("read no-work days: %w", err)
	}
	return c, nil
}

func (c *checking) problem(field, code, ja, en string) {
	c.bad.Problems = append(c.bad.Problems, c.form.problem(field, code, ja, en))
}

// words: nothing that cannot be shown, and words from the lists.
func (c *checking) words(b *store.RequestBody) {
	for _, said := range []struct {
		field string
		text  *string
	}{
		{"purpose", &b.Purpose}, {"contract_no", &b.ContractNo}, {"phone", &b.Phone}, {"fault_no", &b.FaultNo}, {"likely_cause", &b.LikelyCause},
		{"phone_triage", &b.PhoneTriage}, {"procedure", &b.Procedure}, {"rollback", &b.Rollback}, {"urgent", &b.Urgent},
		{"files_detail", &b.FilesDetail}, {"extra_reason", &b.ExtraReason}, {"root_reason", &b.RootReason}, {"individual_reason", &b.IndividualReason},
	} {
		*said.text = strings.TrimSpace(*said.text)
		c.showable(said.field, *said.text)
	}
	if len(b.ExtraRights) > mostRights {
		c.problem("extra_rights", "too-many", fmt.Sprintf("追加の権限は%d件までです。", mostRights), fmt.Sprintf("At most %d extra rights.", mostRights))
		b.ExtraRights = nil
	}
	var rights []string
	for _, right := range b.ExtraRights {
		right = strings.TrimSpace(right)
		c.showable("extra_rights", right)
		if right != "" && !slices.Contains(rights, right) {
			rights = append(rights, right)
		}
	}
	b.ExtraRights = rights
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
	if b.FileDirection != "" && !slices.Contains(fileDirections, b.FileDirection) {
		c.problem("file_direction", "unknown-word", "ファイルの向きは "+strings.Join(fileDirections, "、")+" のどれかです。",
			"file_direction is one of "+strings.Join(fileDirections, ", "))
	}
	if b.PersonLimit < 0 || b.PersonLimit > 20 {
		c.problem("person_limit", "bad-number", "1 から 20 までの数を書いてください。", "A number from 1 to 20 is wanted here.")
	}
}

// More than one maintenance asks for. Each account and engineer is looked up while the store's one writer waits, which a list of a
// hundred thousand names would hold up for everybody.
const (
	mostRights    = 20
	mostAccounts  = 50
	mostEngineers = 50
)

func (c *checking) showable(field, text string) {
	if forms.Printable(text) != text || utf8.RuneCountInString(text) > forms.MaxText {
		c.problem(field, "control-character", "表示できない文字があるか、長すぎます。", "Contains characters that cannot be shown, or is too long.")
	}
}

// said: what must not be left out, with the words of screens §3.2.
func (c *checking) said(b *store.RequestBody) {
	for _, miss := range []struct {
		missing             bool
		field, code, ja, en string
	}{
		{policy.Blank(b.Purpose), "purpose", "purpose-required", "目的を入力してください。例: 10月分給与計算の誤りの調査", "Enter the purpose."},
		{b.Phone == "", "phone", "phone-required", "作業中に出られる電話番号を入力してください。本人確認に使います。", "Enter a phone reachable during work."},
		{b.WorkType == "fault" && (b.LikelyCause == "" || b.PhoneTriage == ""), "phone_triage", "triage-required",
			"障害対応では、想定される原因と電話での切り分け結果を入力してください。", "Enter likely cause and phone triage for a fault."},
		{b.Files == policy.FilesAllowed && b.FilesDetail == "", "files_detail", "file-detail-required",
			"授受するファイルの名前と目的を入力してください。", "Name the file and purpose."},
		{len(b.ExtraRights) > 0 && b.ExtraReason == "", "extra_reason", "extra-reason-required", "追加の権限が必要な理由を入力してください。", "Say why the extra rights are needed."},
		{b.IndividualNumber && b.IndividualReason == "", "individual_reason", "individual-reason-required",
			"個人番号が見える作業には、特例の理由を入力してください。", "Work that shows individual numbers needs a special-case reason."},
		{c.institution.Declared && !b.ClausesTold, "clauses_told", "declaration-required",
			"特記事項(複写・複製・持出しの禁止など)を作業者に周知したうえで、clauses_told: true と申告してください。",
			"Tell the engineers the special clauses (no copies, nothing taken out), then declare clauses_told: true."},
		{c.institution.Declared && !b.RecordingTold, "recording_told", "declaration-required",
			"接続は記録され、立会者が見ることを作業者に伝えたうえで、recording_told: true と申告してください。",
			"Tell the engineers that sessions are recorded and watched, then declare recording_told: true."},
	} {
		if miss.missing {
			c.problem(miss.field, miss.code, miss.ja, miss.en)
		}
	}
}

// accounts: each registered, on a target of the system; a root-equivalent one with its reason.
func (c *checking) accounts(r *store.Request, sys store.System) error {
	if len(c.form.Accounts) == 0 {
		c.problem("accounts", "account-required", "接続先と作業用アカウントを選んでください。", "Choose target and account.")
	}
	if len(c.form.Accounts) > mostAccounts {
		c.problem("accounts", "too-many", fmt.Sprintf("作業用アカウントは%d件までです。", mostAccounts), fmt.Sprintf("At most %d accounts.", mostAccounts))
		return nil
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
				fmt.Sprintf("Account %q not registered for target.", id))
			continue
		}
		if r.Body.Drill && !t.Drill {
			c.problem("drill", "drill-target-required", t.ID+" は訓練用の接続先ではありません。", fmt.Sprintf("%s is no target for drills.", t.ID))
		}
		if a.Root && r.Body.RootReason == "" {
			c.problem("root_reason", "root-reason-required", id+" は管理者権限です。必要な理由を入力してください。", id+" is equivalent to root: say why it is needed.")
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
		c.problem("engineers", "engineer-required", "作業する人を選んでください。", "Choose who works.")
	}
	if len(c.form.Engineers) > mostEngineers {
		c.problem("engineers", "too-many", fmt.Sprintf("作業する人は%d人までです。", mostEngineers), fmt.Sprintf("At most %d engineers.", mostEngineers))
		return nil
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
		if ja, en := c.barred(p.Person, v.Vendor, r); en != "" {
			c.ineligible(name, ja, en)
		} else if !slices.Contains(r.Body.Engineers, p.ID) {
			r.Body.Engineers = append(r.Body.Engineers, p.ID)
		}
	}
	return nil
}

// barred says why an engineer may not work throughout the request; empty: they may.
func (c *checking) barred(p policy.Person, v policy.Vendor, r *store.Request) (ja, en string) {
	i, start, end := c.institution, r.Start, r.End
	if start.IsZero() { // the times make no sense, which is said already: papers are looked at as of now
		start, end = c.snap.Now, c.snap.Now
	}
	switch {
	case v.ID != r.Vendor:
		return "別の保守事業者に所属", "of another vendor; file a request for each"
	case p.Locked != nil:
		return "利用停止中", "locked"
	case v.Locked != nil:
		return "保守事業者が利用停止中", "the vendor is locked"
	case p.Pledge.Until.IsZero():
		return "誓約書がない", "no pledge on file"
	case p.Pledge.Until.Before(end) || start.Before(p.Pledge.Signed):
		return "誓約書の期限切れ", "the pledge ends before the window"
	case i.PledgeCopy && !p.Pledge.Copy:
		return "誓約書の写しがない", "no copy of the pledge on file"
	case v.ContractUntil.Before(end) || start.Before(v.ContractFrom):
		return "契約期間外", "outside the vendor's contract"
	case i.SpecialClauses && !v.SpecialClauses:
		return "契約に特記事項の添付がない", "the contract lacks the special clauses"
	case !v.Qualified:
		return strings.TrimSpace("認証の条件を満たさない " + v.Unmet), strings.TrimSpace("the vendor's certification is not current " + v.Unmet)
	case v.Prime != "" && (!v.PrimeApproved || !v.SubcontractUntil.IsZero() && v.SubcontractUntil.Before(end)):
		return "再委託が未承認", "the subcontract is not approved"
	}
	for _, name := range i.Certifications {
		if !v.CertifiedThroughout(name, start, end) {
			return "認証の期限切れ " + name, "certification not current: " + name
		}
	}
	return "", ""
}

func (c *checking) ineligible(name, ja, en string) {
	c.problem("engineers", "engineer-not-eligible", fmt.Sprintf("%sは選べません(%s)。保守事業者窓口に更新を依頼してください。", name, strings.TrimSpace(ja)),
		fmt.Sprintf("Engineer %s not eligible (%s).", name, strings.TrimSpace(en)))
}

// responsible: the vendor that answers for the work (R11).
func (c *checking) responsible(r *store.Request, _ store.System) error {
	if c.form.ResponsibleParty == "" {
		c.problem("responsible_party", "responsible-required", "責任を負う事業者を選んでください。", "Choose the responsible company.")
		return nil
	}
	v, err := c.snap.Vendor(c.form.ResponsibleParty)
	if errors.Is(err, store.ErrNotFound) {
		c.problem("responsible_party", "responsible-required", "登録された保守事業者ではありません: "+c.form.ResponsibleParty, fmt.Sprintf("Choose the responsible company: no vendor %q in the registry.", c.form.ResponsibleParty))
		return nil
	}
	if err != nil {
		return fmt.Errorf("read responsible vendor: %w", err)
	}
	r.Body.ResponsibleParty = v.ID
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
		c.problem("attendant", "attendant-not-eligible", c.form.Attendant+" は所管課の立会者ではありません。", fmt.Sprintf("%s is no attendant of the section that owns the system.", c.form.Attendant))
		return nil
	}
	r.Body.Attendant = p.ID
	return nil
}
