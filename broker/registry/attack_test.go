package registry_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// stands is the hall four days after its founding, with admin and deputy of the information-systems section enrolled.
func stands(t *testing.T) (h *townhall.Hall, admin, deputy pass) {
	t.Helper()
	h = townhall.Found(t)
	admin, _ = enrol(t, h, h.Plan.Code)
	deputy, _ = enrol(t, h, issue(t, h, "deputy", "admin").Text)
	h.Pass(96 * time.Hour)
	return h, admin, deputy
}

// put changes the store beside the acts.
func put(t *testing.T, h *townhall.Hall, change func(*store.Tx) error) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, written := tx.Append(townhall.Draft("test.written"))
		return errors.Join(change(tx), written)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func invalidCode(err error, code string) bool {
	var bad *forms.Invalid
	return errors.As(err, &bad) && bad.Has(code)
}

// A locked administrator knows the code that they proposed for an approver; no one can confirm it after the lock.
func TestAttackAChangeOfAProposerWhoMayNoMore(t *testing.T) {
	for name, gone := range map[string]func(*store.Tx) error{
		"locked": func(tx *store.Tx) error { return tx.LockPerson("admin", "deputy", "不正の疑い") },
		"without the role": func(tx *store.Tx) error {
			p, err := tx.Person("admin")
			if err != nil {
				return err
			}
			p.Roles = nil
			return tx.PutPerson(p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, _, _ := stands(t)
			code := issue(t, h, "head", "admin")
			_, key, err := h.Registry.AddKey(t.Context(), "E-0031", townhall.Key(t), townhall.By("admin"))
			if err != nil {
				t.Fatal(err)
			}
			rule := h.Apply(t, "systems:\n  - {id: map, name: 地図, section: personnel, line: none, attendance: on-call, max_window: 2h}\n", "admin")
			put(t, h, gone)
			for what, no := range map[string]string{"a code": code.Pending, "a key": key, "a rule": rule.Pending} {
				if no == "" {
					t.Fatalf("%s waits for nobody", what)
				}
				if err := confirm(t, h, no, "deputy"); !invalidCode(err, "proposer-may-not") {
					t.Errorf("%s: %v", what, err)
				}
				if err := h.Registry.Discard(t.Context(), no, "提案者の停止", townhall.By("deputy")); err != nil {
					t.Errorf("%s cannot be dropped: %v", what, err)
				}
			}
			if _, err := h.Registry.BeginEnrol(t.Context(), code.Text, ""); townhall.Reason(err) != "auth-failed" {
				t.Errorf("the code works: %v", err)
			}
		})
	}
}

// A thief of a person's credentials leaves nothing behind that comes into force after the recovery.
func TestAttackWhatAThiefProposedOutlivesTheRecovery(t *testing.T) {
	h, _, _ := stands(t)
	enrol(t, h, issue(t, h, "E-0031", "admin").Text)
	_, key, err := h.Registry.AddKey(t.Context(), "E-0031", townhall.Key(t), townhall.By("E-0031"))
	if err != nil || key == "" {
		t.Fatal(key, err)
	}
	code := issue(t, h, "head", "admin")
	enrol(t, h, issue(t, h, "E-0031", "admin").Text)
	again := issue(t, h, "admin", "deputy")
	put(t, h, func(tx *store.Tx) error { return tx.PutPerson(colleague(t, tx)) })
	if err := confirm(t, h, again.Pending, "tanaka"); err != nil {
		t.Fatal(err)
	}
	for what, no := range map[string]string{"the key": key, "the code": code.Pending} {
		if got := townhall.Reason(confirm(t, h, no, "deputy")); got != "already-decided" {
			t.Errorf("%s: %q", what, got)
		}
		if kinds := h.Kinds(t, no); !slices.Contains(kinds, "registry.dropped") {
			t.Errorf("%s: the ledger says %v", what, kinds)
		}
	}
}

// colleague is a third person of the information-systems section.
func colleague(t *testing.T, tx *store.Tx) store.Person {
	t.Helper()
	p, err := tx.Person("deputy")
	if err != nil {
		t.Fatal(err)
	}
	p.ID, p.Login = "tanaka", "tanaka"
	return p
}

const (
	yamada         = "staff:\n  - {login: yamada, name: 山田, section: personnel, roles: []}\n"
	yamadaApproves = "staff:\n  - {login: yamada, name: 山田, section: personnel, roles: [approver]}\n"
	katoApproves   = "staff:\n  - {login: kato, name: 担当, section: personnel, roles: [requester, approver]}\n"
)

// becomes confirms a file that gives people more rights, and gives the people whose credentials that suspended.
func becomes(t *testing.T, h *townhall.Hall, text string) []string {
	t.Helper()
	plan := h.Apply(t, text, "admin")
	waits, err := h.Registry.Pending(t.Context())
	if err != nil || len(waits) != 1 {
		t.Fatalf("%+v, %v", waits, err)
	}
	done, err := h.Registry.Confirm(t.Context(), plan.Pending, townhall.By("deputy"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(done.Suspended, waits[0].Suspends) {
		t.Errorf("told before: %v, done: %v", waits[0].Suspends, done.Suspended)
	}
	return done.Suspended
}

// The administrator enrols a person without roles alone and keeps the credentials; the role of an approver comes afterwards.
func TestAttackEnrolledAloneThenMadeAnApprover(t *testing.T) {
	h, _, _ := stands(t)
	h.Apply(t, yamada, "admin")
	p, in := enrol(t, h, issue(t, h, "yamada", "admin").Text)
	if got := becomes(t, h, yamadaApproves); !slices.Equal(got, []string{"yamada"}) {
		t.Errorf("the confirmation tells of %v", got)
	}
	if _, err := h.Registry.Authenticate(t.Context(), in.Token); townhall.Reason(err) != "auth-failed" {
		t.Errorf("the token: %v", err)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "auth-failed" {
		t.Errorf("a sign-in: %q", reason)
	}
	if kinds := h.Kinds(t, "yamada"); !slices.Contains(kinds, "enrolment.suspended") || !slices.Contains(kinds, "alarm.raised") {
		t.Errorf("the ledger says %v", kinds)
	}

	again := issue(t, h, "yamada", "admin")
	if again.Pending == "" {
		t.Fatal("the new code waits for nobody")
	}
	if err := confirm(t, h, again.Pending, "deputy"); err != nil {
		t.Fatal(err)
	}
	p, _ = enrol(t, h, again.Text)
	becomes(t, h, yamada) // and back: nothing is new about the enrolment, which two people made
	if got := becomes(t, h, yamadaApproves); len(got) != 0 {
		t.Errorf("suspended although two people enrolled: %v", got)
	}
	if _, reason := login(t, h, p, password, p.code(t, h)); reason != "" {
		t.Errorf("after the enrolment by two: %q", reason)
	}
}

// The code that the administrator issued alone is used after the role came.
func TestAttackACodeKeptUntilTheRoleCame(t *testing.T) {
	h, _, _ := stands(t)
	h.Apply(t, yamada, "admin")
	code := issue(t, h, "yamada", "admin")
	e, err := h.Registry.BeginEnrol(t.Context(), code.Text, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := becomes(t, h, yamadaApproves); !slices.Equal(got, []string{"yamada"}) {
		t.Errorf("the confirmation tells of %v", got)
	}
	p := pass{person: "yamada", secret: e.Secret}
	_, err = h.Registry.FinishEnrol(t.Context(), code.Text, registry.EnrolInput{Password: password, Code: p.code(t, h), Via: "cli"})
	if townhall.Reason(err) != "auth-failed" {
		t.Errorf("the enrolment that was begun before: %v", err)
	}
	if again := issue(t, h, "yamada", "admin"); again.Pending == "" {
		t.Error("the next code waits for nobody")
	}
}

// A person enrolled while the institution was founded keeps the enrolment; one enrolled anew in those days, by one person, does not.
func TestARoleForWhoWasEnrolledAtTheFounding(t *testing.T) {
	for name, anew := range map[string]bool{"once": false, "anew": true} {
		t.Run(name, func(t *testing.T) {
			h := townhall.Found(t)
			enrol(t, h, h.Plan.Code)
			enrol(t, h, issue(t, h, "deputy", "admin").Text)
			p, _ := enrol(t, h, issue(t, h, "kato", "admin").Text)
			if anew {
				p, _ = enrol(t, h, issue(t, h, "kato", "admin").Text)
			}
			h.Pass(96 * time.Hour)
			want, reason := []string(nil), ""
			if anew {
				want, reason = []string{"kato"}, "auth-failed"
			}
			if got := becomes(t, h, katoApproves); !slices.Equal(got, want) {
				t.Errorf("suspended: %v", got)
			}
			if _, got := login(t, h, p, password, p.code(t, h)); got != reason {
				t.Errorf("a sign-in: %q", got)
			}
		})
	}
}
