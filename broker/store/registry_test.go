package store

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekimori/policy"
)

func same[T any](t *testing.T, what string, got, want T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestObjectsComeBackAsTheyWentIn(t *testing.T) {
	o := open(t)
	sec := Section{ID: "jinji", Name: "人事課", Phone: "0123", Head: "U-001", Email: "jinji@city.example.jp"}
	prime := Vendor{Vendor: policy.Vendor{ID: "V-012", Login: "reiji", Name: "例示", ContractFrom: noon.UTC(), ContractUntil: noon.AddDate(1, 0, 0).UTC(), Qualified: true}, Phone: "1", Email: "a@example"}
	sub := Vendor{Vendor: policy.Vendor{ID: "V-013", Login: "saitaku", Name: "再委託", Prime: "V-012", PrimeApproved: true, Unmet: "ISMS"}, PrimeDeclared: true}
	p := Person{Person: policy.Person{ID: "E-0031", Login: "sato", Kind: policy.Engineer, Name: "佐藤", Vendor: "V-012", Lang: "ja", Phone: "090", Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, Title: "主任", Email: "b@example"}
	head := staff("U-001", "kacho", policy.Approver, policy.InformationSystems)
	sys := System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Phone: "2", SecondStage: true, Attendance: policy.AttendanceOnCall, IdentityCheck: true, Line: policy.LineInterlocked, Exclusive: true, MaxWindow: 90 * time.Minute, Idle: time.Minute, ApproverMayAttend: true}, Note: "n"}
	tgt := Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "h", Port: 2222, HostKey: "ssh-ed25519 AAAA", Drill: true}, Note: "n"}
	acc := Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "hrmnt01", Root: true, Note: "個人番号"}, Credential: CredentialPassword, Secret: "hr-db/maint"}
	// Any order works: references are checked when the transaction commits.
	o.write(func(tx *Tx) error {
		return all(tx.PutAccount(acc), tx.PutTarget(tgt), tx.PutSystem(sys), tx.PutPerson(p), tx.PutPerson(head), tx.PutVendor(sub), tx.PutVendor(prime), tx.PutSection(sec))
	})
	o.read(func(s *Snap) error {
		a, err := s.Section("jinji")
		same(t, "section", a, sec, err)
		b, err := s.Vendor("saitaku")
		same(t, "vendor by login", b, sub, err)
		b, err = s.Vendor("V-012")
		same(t, "vendor by id", b, prime, err)
		c, err := s.Person("sato")
		same(t, "person by login", c, p, err)
		c, err = s.Person("E-0031")
		same(t, "person by id", c, p, err)
		d, err := s.System("hr")
		same(t, "system", d, sys, err)
		e, err := s.Target("hr-db")
		same(t, "target", e, tgt, err)
		f, err := s.Account("hr-db/maint")
		same(t, "account", f, acc, err)
		g, err := s.Persons(PersonFilter{Role: policy.InformationSystems})
		same(t, "by role", g, []Person{head}, err)
		g, err = s.Persons(PersonFilter{Kind: policy.Engineer, Vendor: "V-012"})
		same(t, "by vendor", g, []Person{p}, err)
		if _, err := s.Person("nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		return nil
	})
}

func TestLoginsAreUniqueAndReferencesHold(t *testing.T) {
	o := open(t)
	o.declare()
	for _, c := range []struct {
		name string
		do   func(*Tx) error
		want error
		says string
	}{
		{"login twice", func(tx *Tx) error { return tx.PutPerson(engineer("E-0099", "sato", "V-012")) }, ErrExists, "persons.login"},
		{"vendor's login twice", func(tx *Tx) error { return tx.PutVendor(Vendor{Vendor: policy.Vendor{ID: "V-9", Login: "reiji"}}) }, ErrExists, "vendors.login"},
		{"unknown section", func(tx *Tx) error {
			return tx.PutSystem(System{System: policy.System{ID: "x", Section: "nowhere"}})
		}, nil, "FOREIGN KEY"},
		{"port", func(tx *Tx) error {
			return tx.PutTarget(Target{Target: policy.Target{ID: "x", System: "hr", Port: 70000}})
		}, nil, "targets_port"},
		{"kind", func(tx *Tx) error {
			return tx.PutPerson(Person{Person: policy.Person{ID: "x", Login: "x", Kind: "robot"}})
		}, nil, "persons_kind"},
	} {
		err := o.Write(context.Background(), func(tx *Tx) error { _, err := tx.Append(act("test.act")); return all(err, c.do(tx)) })
		if err == nil || (c.want != nil && !errors.Is(err, c.want)) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestLocksAndPledges(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		return all(tx.LockPerson("E-0031", "U-001", "鍵の紛失"), tx.LockVendor("V-012", "U-001", "契約違反"),
			tx.AddPledge(Pledge{Person: "E-0031", FiledBy: "U-002", Pledge: policy.Pledge{Signed: noon, Until: noon.AddDate(1, 0, 0)}}),
			tx.AddPledge(Pledge{Person: "E-0031", FiledBy: "U-002", Pledge: policy.Pledge{Signed: noon, Until: noon.AddDate(0, 1, 0)}}))
	})
	o.read(func(s *Snap) error {
		f, err := s.Facts("sato")
		if err != nil {
			return err
		}
		same(t, "lock", f.Person.Locked, &policy.Lock{By: "U-001", Reason: "鍵の紛失", Since: noon.UTC()}, nil)
		same(t, "vendor's lock", f.Vendor.Locked, &policy.Lock{By: "U-001", Reason: "契約違反", Since: noon.UTC()}, nil)
		same(t, "the pledge that holds longest", f.Person.Pledge.Until, noon.AddDate(1, 0, 0).UTC(), nil)
		return nil
	})
	o.write(func(tx *Tx) error {
		if err := tx.LockPerson("E-0031", "U-001", "again"); !errors.Is(err, ErrExists) {
			t.Errorf("second lock: %v", err)
		}
		return all(tx.UnlockPerson("E-0031", "U-001"), tx.UnlockVendor("V-012", "U-001"))
	})
	o.write(func(tx *Tx) error {
		if err := tx.UnlockPerson("E-0031", "U-001"); !errors.Is(err, ErrNotFound) {
			t.Errorf("second unlock: %v", err)
		}
		p, err := tx.Person("E-0031")
		if p.Locked != nil {
			t.Error("still locked")
		}
		return err
	})
}

func TestAKeyIsActiveForOnePerson(t *testing.T) {
	o := open(t)
	o.declare()
	key := func(person string) Key {
		return Key{Person: person, Fingerprint: "SHA256:abc", Public: "ssh-ed25519 AAAA", Label: "laptop"}
	}
	var id int64
	o.write(func(tx *Tx) (err error) { id, err = tx.AddKey(key("E-0031")); return err })
	o.write(func(tx *Tx) error {
		if _, err := tx.AddKey(key("E-0032")); !errors.Is(err, ErrExists) {
			t.Errorf("another's active key: %v", err)
		}
		p, k, err := tx.PersonByKey("SHA256:abc")
		if p.ID != "E-0031" || k.ID != id || k.State != KeyActive {
			t.Errorf("person %s, key %+v", p.ID, k)
		}
		return all(err, tx.SuspendKeys("E-0031"))
	})
	o.write(func(tx *Tx) error {
		if _, _, err := tx.PersonByKey("SHA256:abc"); !errors.Is(err, ErrNotFound) {
			t.Errorf("suspended key: %v", err)
		}
		if err := tx.SetKeyState(id, KeyRevoked); err != nil {
			return err
		}
		if err := tx.SetKeyState(id, KeyActive); !errors.Is(err, ErrNotFound) {
			t.Errorf("revoked key came back: %v", err)
		}
		_, err := tx.AddKey(key("E-0032"))
		return err
	})
}

func TestACodeStepIsUsedOnce(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error { return tx.PutTOTP(TOTP{Person: "E-0031", Sealed: []byte("x"), LastStep: 100}) })
	for _, c := range []struct {
		step int64
		want error
	}{{100, ErrCodeUsed}, {101, nil}, {101, ErrCodeUsed}, {99, ErrCodeUsed}, {103, nil}, {102, ErrCodeUsed}} {
		if err := o.keep(KeepCodeStep, func(k *KeepTx) error { return k.UseCodeStep("E-0031", c.step) }); !errors.Is(err, c.want) {
			t.Errorf("step %d: %v, want %v", c.step, err, c.want)
		}
	}
}

func TestTokensEnrolmentsThrottles(t *testing.T) {
	o := open(t)
	o.declare()
	h, e := HashToken("token"), HashToken("code")
	o.write(func(tx *Tx) error {
		return all(tx.AddToken(Token{Hash: h, Person: "U-001", Created: tx.Now, Expires: tx.Now.Add(8 * time.Hour)}),
			tx.AddEnrolment(Enrolment{Hash: HashToken("older"), Person: "U-001", By: "U-002", Created: tx.Now, Expires: tx.Now.Add(time.Hour), Tries: 5}),
			tx.AddEnrolment(Enrolment{Hash: e, Person: "U-001", By: "U-002", Created: tx.Now, Expires: tx.Now.Add(time.Hour), Tries: 2}),
			tx.PutPassword("U-001", "$argon2id$x"), tx.PutSecret("hr-db/maint", []byte{1, 2}))
	})
	err := all(
		o.keep(KeepTokenUse, func(k *KeepTx) error { return k.TouchToken(h) }),
		o.keep(KeepEnrolmentTry, func(k *KeepTx) error { return k.SpendEnrolmentTry(e) }),
		o.keep(KeepThrottle, func(k *KeepTx) error {
			return k.PutThrottle(Throttle{Key: "addr:192.0.2.7", Count: 3, Since: k.Now, LockedUntil: k.Now.Add(time.Minute)})
		}))
	if err != nil {
		t.Fatal(err)
	}
	o.read(func(s *Snap) error {
		tok, err := s.Token(h)
		if err != nil || !tok.LastUsed.Equal(noon) || !tok.Valid(noon) || tok.Valid(noon.Add(8*time.Hour)) {
			t.Errorf("token %+v, %v", tok, err)
		}
		old, err := s.Enrolment(HashToken("older"))
		if err != nil || old.Valid(noon) {
			t.Errorf("the older code still holds: %+v, %v", old, err)
		}
		en, err := s.Enrolment(e)
		if err != nil || en.Tries != 1 || !en.Valid(noon) || en.Valid(noon.Add(time.Hour)) {
			t.Errorf("code %+v, %v", en, err)
		}
		th, err := s.Throttle("addr:192.0.2.7")
		if err != nil || th.Count != 3 {
			t.Errorf("throttle %+v, %v", th, err)
		}
		if th, err := s.Throttle("addr:192.0.2.8"); err != nil || th.Count != 0 {
			t.Errorf("no throttle: %+v, %v", th, err)
		}
		pw, err := s.Password("U-001")
		same(t, "password", pw, "$argon2id$x", err)
		sec, err := s.Secret("hr-db/maint")
		same(t, "secret", sec, []byte{1, 2}, err)
		return nil
	})
	o.write(func(tx *Tx) error { return all(tx.UseEnrolment(e), tx.RevokeToken(h)) })
	o.write(func(tx *Tx) error {
		if err := tx.UseEnrolment(e); !errors.Is(err, ErrNotFound) {
			t.Errorf("code used twice: %v", err)
		}
		tok, err := tx.Token(h)
		if tok.Valid(noon) {
			t.Error("revoked token is valid")
		}
		return err
	})
}

func TestPendingChangeIsSettledOnce(t *testing.T) {
	o := open(t)
	var no int64
	o.write(func(tx *Tx) (err error) {
		no, err = tx.AddPendingChange("roles", []byte(`{"person":"U-001"}`), "U-002")
		return err
	})
	o.write(func(tx *Tx) error { return tx.SettleChange(no, ChangeConfirmed, "U-003") })
	o.write(func(tx *Tx) error {
		if err := tx.SettleChange(no, ChangeDropped, "U-003"); !errors.Is(err, ErrNotFound) {
			t.Errorf("settled twice: %v", err)
		}
		c, err := tx.PendingChange(no)
		if c.State != ChangeConfirmed || c.SettledBy != "U-003" || string(c.Body) != `{"person":"U-001"}` {
			t.Errorf("%+v", c)
		}
		left, err2 := tx.PendingChanges(ChangePending)
		if len(left) != 0 {
			t.Errorf("pending: %v", left)
		}
		return all(err, err2)
	})
}
