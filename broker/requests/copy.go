package requests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Copy is a form filled in from an earlier request: everything except times, reasons and declarations, and what was of that one
// fault. What is known need not be typed again; a reason is never used again. Who may own a request on the system may copy
// it, and the vendor. Errors: *policy.Denied; store.ErrNotFound.
func (d *Desk) Copy(ctx context.Context, no string, by ledger.Actor) (Form, error) {
	var f Form
	err := d.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := s.Person(by.ID)
		if err != nil {
			return fmt.Errorf("person %q: %w", by.ID, err)
		}
		r, sys, err := load(s, no)
		if err != nil {
			return err
		}
		if p.Kind == policy.Staff {
			if err := mayRequest(p.Person, sys); err != nil {
				return err
			}
		} else if p.Vendor != r.Vendor {
			return forbidden(policy.Requester)
		}
		b := r.Body
		f = Form{
			System: r.System, Accounts: b.Accounts, Engineers: b.Engineers, WorkType: b.WorkType, ContractNo: b.ContractNo,
			ResponsibleParty: b.ResponsibleParty, Phone: b.Phone, Procedure: b.Procedure, Rollback: b.Rollback, Attendant: b.Attendant,
			Files: b.Files, FileDirection: b.FileDirection, FilesDetail: b.FilesDetail, ExtraRights: b.ExtraRights,
			PersonalData: b.PersonalData, IndividualNumber: b.IndividualNumber, PersonLimit: b.PersonLimit, Drill: b.Drill,
		}
		return nil
	})
	return f, err
}

// WriteYAML writes a form as a request file that ParseForm reads. What is empty and must be said is left to fill in, with a word
// on what is wanted.
func (f Form) WriteYAML(to io.Writer) error {
	w := bufio.NewWriter(to)
	text := func(field, value, wanted string) {
		switch {
		case value != "":
			fmt.Fprintf(w, "%s: %s\n", field, scalar(value))
		case wanted != "":
			fmt.Fprintf(w, "%s: # %s\n", field, wanted)
		}
	}
	list := func(field string, values []string) {
		if len(values) == 0 {
			return
		}
		said := make([]string, 0, len(values))
		for _, v := range values {
			said = append(said, scalar(v))
		}
		fmt.Fprintf(w, "%s: [%s]\n", field, strings.Join(said, ", "))
	}
	yes := func(field string, value bool) {
		if value {
			fmt.Fprintf(w, "%s: true\n", field)
		}
	}
	missing := func(needed bool, wanted string) string {
		if needed {
			return wanted
		}
		return ""
	}
	text("system", f.System, "")
	list("accounts", f.Accounts)
	list("engineers", f.Engineers)
	text("start", instant(f.Start, f.StartIn), "2026-11-24T10:00")
	text("end", instant(f.End, f.Length), "2026-11-24T11:30")
	text("recurrence", f.Recurrence, "")
	text("purpose", f.Purpose, "目的 / purpose")
	text("work_type", f.WorkType, "")
	text("contract_no", f.ContractNo, "")
	text("responsible_party", f.ResponsibleParty, "責任を負う事業者 / responsible company")
	text("phone", f.Phone, "作業中に出られる電話 / a phone reachable during work")
	fault := f.WorkType == "fault"
	text("fault_no", f.FaultNo, missing(fault, "障害番号 / number of the fault"))
	text("likely_cause", f.LikelyCause, missing(fault, "想定される原因 / likely cause"))
	text("phone_triage", f.PhoneTriage, missing(fault, "電話での切り分け結果 / result of phone triage"))
	text("procedure", f.Procedure, "")
	text("rollback", f.Rollback, "")
	text("urgent", f.Urgent, "")
	text("attendant", f.Attendant, "")
	text("files", string(f.Files), "")
	text("file_direction", f.FileDirection, "")
	text("files_detail", f.FilesDetail, "")
	list("extra_rights", f.ExtraRights)
	text("extra_reason", f.ExtraReason, missing(len(f.ExtraRights) > 0, "追加の権限が要る理由 / why the extra rights"))
	text("root_reason", f.RootReason, "")
	yes("personal_data", f.PersonalData)
	yes("individual_number", f.IndividualNumber)
	text("individual_reason", f.IndividualReason, missing(f.IndividualNumber, "特例の理由 / special-case reason"))
	if f.PersonLimit > 0 {
		text("person_limit", strconv.Itoa(f.PersonLimit), "")
	}
	yes("drill", f.Drill)
	yes("clauses_told", f.ClausesTold)
	yes("recording_told", f.RecordingTold)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the form: %w", err)
	}
	return nil
}

func instant(at time.Time, in time.Duration) string {
	switch {
	case in > 0:
		return "+" + in.String()
	case at.IsZero():
		return ""
	}
	return at.Format(time.RFC3339)
}

// bare is what stands in YAML without quotes and is not mistaken for something else.
var bare = regexp.MustCompile(`^[a-z][a-z0-9]*([-_/][a-z0-9]+)+$|^\+?[0-9]+[hms0-9]*$|^[0-9-]+T[0-9:+Z-]+$`)

// scalar writes a text as YAML: JSON's form of a string is YAML's too.
func scalar(text string) string {
	if bare.MatchString(text) {
		return text
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
