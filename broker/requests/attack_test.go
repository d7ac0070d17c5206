package requests_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// anotherHead enrols a second approver of the section, who is also a requester.
func anotherHead(t *testing.T, h *townhall.Hall) {
	t.Helper()
	change(t, h, func(tx *store.Tx) error {
		p, err := tx.Person("head")
		p.ID, p.Login, p.Name, p.Roles = "head2", "head2", "課長補佐", []policy.Role{policy.Approver, policy.Requester}
		return errors.Join(err, tx.PutPerson(p))
	})
}

// A section has two approvers. One asks, and makes a colleague the other's deputy, who would then approve in the other's name without
// the other's knowledge.
func TestAttackTheRequesterAppointsTheApprover(t *testing.T) {
	h, d := desk(t)
	anotherHead(t, h)
	appoint := func(by string) store.Deputation {
		dep, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "kato", Until: h.Now().Add(time.Hour), Reason: "課長不在"}, townhall.Caller(by))
		if err != nil {
			t.Fatal(err)
		}
		return dep
	}
	theirs := appoint("head2")
	no := submit(t, d, simple(), "head2")
	_, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("kato"))
	want(t, "approved by whom the requester appointed", err, "self-approval")
	want(t, "sent back by whom the requester appointed", d.Return(t.Context(), no, "直してください", townhall.Caller("kato")), "self-approval")
	_, err = d.ClearDeputy(t.Context(), theirs.ID, townhall.Caller("head2"))
	want(t, "cleared", err, "")
	appoint("head")
	_, err = d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("kato"))
	want(t, "approved by whom the head appointed", err, "")
}

// A deputy opens an emergency in the head's stead, and the head agrees to it: one voice twice, also after the deputation was cleared
// or ended.
func TestAttackOneVoiceOpensAnEmergencyTwice(t *testing.T) {
	for name, end := range map[string]func(h *townhall.Hall, d *requests.Desk, deputation int64) error{
		"it holds": func(*townhall.Hall, *requests.Desk, int64) error { return nil },
		"cleared": func(_ *townhall.Hall, d *requests.Desk, deputation int64) error {
			return second(d.ClearDeputy(t.Context(), deputation, townhall.Caller("head")))
		},
		"over": func(h *townhall.Hall, _ *requests.Desk, _ int64) error { h.Pass(2 * time.Minute); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			h, d := desk(t)
			anotherHead(t, h)
			dep, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "kato", Until: h.Now().Add(2 * time.Minute), Reason: "出張"}, townhall.Caller("head2"))
			if err != nil {
				t.Fatal(err)
			}
			no, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("kato"))
			if err != nil {
				t.Fatal(err)
			}
			if err := end(h, d, dep.ID); err != nil {
				t.Fatal(err)
			}
			for _, who := range []string{"head", "head2"} { // the approver who was stood for, and the appointer of the deputy
				_, err = d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller(who))
				want(t, who, err, "same-second-approver")
			}
			_, err = d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
			want(t, "the second approver, for the deputation held when the first spoke", err, "")
		})
	}
}

// The first opening counts while its giver could still give it. Otherwise two others need not wait until it lapses.
func TestAttackTheFirstOfTwoApprovesNothingAnyMore(t *testing.T) {
	h, d := desk(t)
	no := asked(t, h, d, simple())
	anotherHead(t, h)
	_, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("head2"))
	wantProblem(t, "another beside it", err, "emergency-open")
	change(t, h, func(tx *store.Tx) error {
		p, err := tx.Person("head")
		p.Roles = nil
		return errors.Join(err, tx.PutPerson(p))
	})
	_, err = d.AgreeEmergency(t.Context(), no, "確かめた", townhall.Caller("deputy"))
	want(t, "agreed to a word that counts no more", err, "forbidden")
	var denied *policy.Denied
	if errors.As(err, &denied) && denied.Args["role"] != "emergency-again" {
		t.Errorf("it does not say what to do: %v", denied.Args)
	}
	if s := state(t, d, no); s != policy.EmergencyAsked {
		t.Errorf("it is %s", s)
	}
	anew, err := d.Emergency(t.Context(), simple(), outage(h), townhall.Caller("head2"))
	want(t, "a new one", err, "")
	_, err = d.AgreeEmergency(t.Context(), anew, "確かめた", townhall.Caller("deputy"))
	want(t, "and agreed to", err, "")
}

// For any file that a vendor writes and staff hand in, the answer has no control character and is shorter than the file.
func TestAttackEscapeSequencesInAForm(t *testing.T) {
	_, d := desk(t)
	const escape = "\x1b]0;owned\x07\x1b[2J\u202e\u2028\x9b31m"
	fields := map[string]func(*request.Form, string){
		"system": func(f *request.Form, v string) { f.System = v }, "accounts": func(f *request.Form, v string) { f.Accounts = []string{v} },
		"engineers": func(f *request.Form, v string) { f.Engineers = []string{v} }, "attendant": func(f *request.Form, v string) { f.Attendant = v },
		"responsible_party": func(f *request.Form, v string) { f.ResponsibleParty = v }, "purpose": func(f *request.Form, v string) { f.Purpose = v },
		"phone": func(f *request.Form, v string) { f.Phone = v }, "contract_no": func(f *request.Form, v string) { f.ContractNo = v },
		"recurrence": func(f *request.Form, v string) { f.Recurrence = v }, "work_type": func(f *request.Form, v string) { f.WorkType = v },
		"fault_no": func(f *request.Form, v string) { f.FaultNo = v }, "likely_cause": func(f *request.Form, v string) { f.LikelyCause = v },
		"phone_triage": func(f *request.Form, v string) { f.PhoneTriage = v }, "procedure": func(f *request.Form, v string) { f.Procedure = v },
		"rollback": func(f *request.Form, v string) { f.Rollback = v }, "urgent": func(f *request.Form, v string) { f.Urgent = v },
		"files": func(f *request.Form, v string) { f.Files = policy.FilesRule(v) }, "file_direction": func(f *request.Form, v string) { f.FileDirection = v },
		"files_detail": func(f *request.Form, v string) { f.FilesDetail = v }, "extra_rights": func(f *request.Form, v string) { f.ExtraRights = []string{v} },
		"extra_reason": func(f *request.Form, v string) { f.ExtraReason = v }, "root_reason": func(f *request.Form, v string) { f.RootReason = v },
		"individual_reason": func(f *request.Form, v string) { f.IndividualReason = v },
	}
	for name, set := range fields {
		for what, text := range map[string]string{"escapes": escape, "a mebibyte": strings.Repeat("あ", 1<<20/3), "not UTF-8": "\xff\xfe", "nothing but spaces and a NUL": " \x00 "} {
			f := simple()
			set(&f, text)
			no, err := d.Submit(t.Context(), f, townhall.Caller("kato"))
			var bad *forms.Invalid
			if !errors.As(err, &bad) {
				t.Errorf("%s: %s: %q, %v", name, what, no, err)
				continue
			}
			for _, lang := range []string{"ja", "en"} {
				said := bad.Text(lang)
				if forms.Printable(strings.ReplaceAll(said, "\n", "")) != strings.ReplaceAll(said, "\n", "") {
					t.Errorf("%s: %s: the answer shows %q", name, what, said)
				}
				if len(said) > 16<<10 {
					t.Errorf("%s: %s: the answer has %d bytes", name, what, len(said))
				}
			}
		}
	}
}

// The same for the texts of acts.
func TestAttackEscapeSequencesInReasons(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, simple(), "kato")
	_, w := granted(t, d)
	want(t, "post", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	for what, text := range map[string]string{"escapes": "x\x1b[2J", "a mebibyte": strings.Repeat("x", 1<<20), "not UTF-8": "x\xff", "a line break": "x\ry", "bidi": "x\u202ey"} {
		acts := map[string]func() error{
			"approve": func() error {
				return second(d.Approve(t.Context(), no, requests.Approval{Reason: text, Because: townhall.Because()}, townhall.Caller("head")))
			},
			"because": func() error {
				return second(d.Approve(t.Context(), no, requests.Approval{Because: map[string]string{"schedule": text}}, townhall.Caller("head")))
			},
			"because key": func() error {
				return second(d.Approve(t.Context(), no, requests.Approval{Because: map[string]string{text: "x"}}, townhall.Caller("head")))
			},
			"note": func() error {
				return second(d.Approve(t.Context(), no, requests.Approval{Conditions: store.Conditions{Note: text}, Because: townhall.Because()}, townhall.Caller("head")))
			},
			"without account": func() error {
				return second(d.Approve(t.Context(), no, requests.Approval{Conditions: store.Conditions{Accounts: []string{text}}, Because: townhall.Because()}, townhall.Caller("head")))
			},
			"without right": func() error {
				return second(d.Approve(t.Context(), no, requests.Approval{Conditions: store.Conditions{Rights: []string{text}}, Because: townhall.Because()}, townhall.Caller("head")))
			},
			"return":   func() error { return d.Return(t.Context(), no, text, townhall.Caller("head")) },
			"reject":   func() error { return d.Reject(t.Context(), no, text, townhall.Caller("head")) },
			"withdraw": func() error { return d.Withdraw(t.Context(), no, text, townhall.Caller("kato")) },
			"deputy": func() error {
				return second(d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", Until: h.Now().Add(time.Hour), Reason: text}, townhall.Caller("head")))
			},
			"deputy's name": func() error {
				return second(d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: text, Until: h.Now().Add(time.Hour), Reason: "出張"}, townhall.Caller("head")))
			},
			"extension": func() error {
				return second(d.AskExtension(t.Context(), w, time.Hour, text, townhall.Caller("E-0031")))
			},
			"override": func() error { return post(h).Override(t.Context(), w, "backup", text, townhall.Caller("head")) },
			"backup": func() error {
				return post(h).Backup(t.Context(), w, policy.Backup{At: h.Now(), How: "by-hand", OK: true}, text, townhall.Caller("ito"))
			},
			"emergency": func() error {
				return second(d.Emergency(t.Context(), simple(), requests.EmergencyForm{Reason: text, Phoned: text, PhonedAt: h.Now()}, townhall.Caller("head")))
			},
			"agree": func() error { return second(d.AgreeEmergency(t.Context(), no, text, townhall.Caller("deputy"))) },
			"after": func() error { return second(d.ApproveAfter(t.Context(), no, text, townhall.Caller("deputy"))) },
			"seen": func() error {
				return d.Seen(t.Context(), no, requests.SeenBody{Object: true, Reason: text}, townhall.Caller("head"))
			},
		}
		for name, act := range acts {
			err := act()
			var bad *forms.Invalid
			var denied *policy.Denied
			switch {
			case errors.As(err, &bad):
				if len(err.Error()) > 16<<10 || forms.Printable(strings.ReplaceAll(err.Error(), "\n", "")) != strings.ReplaceAll(err.Error(), "\n", "") {
					t.Errorf("%s: %s: the answer is %.200q", name, what, err.Error())
				}
			case errors.As(err, &denied):
			default:
				t.Errorf("%s: %s: %.200v", name, what, err)
			}
		}
	}
	if state(t, d, no) != policy.PendingFirst {
		t.Errorf("it is %s", state(t, d, no))
	}
}

// The check items know an attendant who approved through another: the deputy whom they appointed for another approver.
func TestAttackAnAttendantWhoseAppointeeApproved(t *testing.T) {
	h, d := desk(t)
	rule := func(mayAttend bool) {
		change(t, h, func(tx *store.Tx) error {
			s, err := tx.System("map")
			s.ApproverMayAttend = mayAttend
			return errors.Join(err, tx.PutSystem(s))
		})
	}
	rule(true)
	change(t, h, func(tx *store.Tx) error {
		ito, err := tx.Person("ito")
		abe := ito
		abe.ID, abe.Login, abe.Roles = "abe", "abe", nil
		ito.Roles = append(ito.Roles, policy.Approver)
		return errors.Join(err, tx.PutPerson(ito), tx.PutPerson(abe))
	})
	if _, err := d.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "abe", Until: h.Now().Add(time.Hour), Reason: "出張"}, townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	no := submit(t, d, simple(), "kato")
	if _, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("abe")); err != nil {
		t.Fatal(err)
	}
	rule(false)
	seen, err := d.Check(t.Context(), no)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(seen.Items, func(i policy.CheckItem) bool { return i.Code == policy.ItemAttendant })
	if at < 0 || seen.Items[at].State != policy.ItemUnmet {
		t.Errorf("the attendant who appointed the approver: %+v", seen.Items)
	}
}

// An engineer of one vendor types ids and logins of others into a draft: the draft's answer told whether the person exists, of which vendor,
// whether they are locked, whose pledge has ended; and its page showed their names.
func TestAttackADraftTellsOfAnotherVendor(t *testing.T) {
	t.Parallel()
	h, d := desk(t)
	judge := func(by string, years int, f request.Form) requests.Judged {
		t.Helper()
		f.Start, f.End = f.Start.AddDate(years, 0, 0), f.End.AddDate(years, 0, 0)
		one := draft(t, d, typed(t, f), by)
		var out requests.Judged
		if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
			out, err = d.Judge(s, one)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	said := func(out requests.Judged, field, name string) string {
		var all []string
		for _, p := range out.Bad {
			if p.Field == field || strings.HasPrefix(p.Field, field+"[") {
				all = append(all, strings.ReplaceAll(p.Code+" "+p.JA+" "+p.EN, name, "…"))
			}
		}
		return strings.Join(all, "\n")
	}
	named := func(by, engineer, responsible string, years int) requests.Judged { // in a year the pledges have ended
		f := simple()
		f.Engineers, f.ResponsibleParty = []string{engineer}, responsible
		return judge(by, years, f)
	}
	nobody := named("E-0040", "nobody", "no-one", 1)
	for _, name := range []string{"sato", "E-0031", "head"} {
		out := named("E-0040", name, "V-013", 1)
		if got, want := said(out, "engineers", name), said(nobody, "engineers", "nobody"); got != want || want == "" {
			t.Errorf("%s told from nobody:\n%s\n%s", name, got, want)
		}
		if out.Request.Vendor != "" || len(out.Request.Body.Engineers) > 0 {
			t.Errorf("%s is resolved for another vendor: %+v", name, out.Request)
		}
	}
	for _, name := range []string{"reiji", "V-012"} {
		if got, want := said(named("E-0040", "kimura", name, 0), "responsible_party", name), said(nobody, "responsible_party", "no-one"); got != want || want == "" {
			t.Errorf("the vendor %s told from none:\n%s\n%s", name, got, want)
		}
	}
	_, err := d.Submit(t.Context(), simple(), townhall.Caller("E-0040")) // names sato
	wantProblem(t, "handed in without a draft", err, "engineer-not-eligible")
	if out := named("E-0040", "kimura", "V-013", 0); out.Request.Vendor != "V-013" || len(out.Bad) > 0 {
		t.Errorf("the own vendor: %+v", out.Bad)
	}
	if got := said(named("kato", "sato", "reiji", 1), "engineers", "sato"); !strings.Contains(got, "pledge") {
		t.Errorf("the section no longer learns why: %q", got)
	}
}
