package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"sekimori/broker/ledger"
)

func TestDirtyWithoutEntryIsRolledBack(t *testing.T) {
	o := open(t)
	err := o.Write(context.Background(), func(tx *Tx) error { return tx.PutSection(Section{ID: "jinji", Name: "人事課"}) })
	if !errors.Is(err, ErrNoEntry) {
		t.Fatalf("got %v", err)
	}
	o.read(func(s *Snap) error {
		if _, err := s.Section("jinji"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the section is there: %v", err)
		}
		return nil
	})
}

// The broker has one id in the ledger, whether or not the acting package gives it; people keep theirs.
func TestTheBrokerHasOneName(t *testing.T) {
	o := open(t)
	var got []ledger.Actor
	for _, a := range []ledger.Actor{{Kind: "broker", Via: "timer"}, {Kind: "broker", ID: "broker", Via: "ssh"}, {Kind: "person", ID: "U-001", Via: "cli"}} {
		if err := o.Write(context.Background(), func(tx *Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: a})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	o.read(func(s *Snap) error {
		for e, err := range s.Entries(EntryFilter{}) {
			if err != nil {
				return err
			}
			got = append(got, e.Actor)
		}
		return nil
	})
	if want := []ledger.Actor{{Kind: "broker", ID: "broker", Via: "timer"}, {Kind: "broker", ID: "broker", Via: "ssh"}, {Kind: "person", ID: "U-001", Via: "cli"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestANumberAloneIsDirty(t *testing.T) {
	o := open(t)
	err := o.Write(context.Background(), func(tx *Tx) error { _, err := tx.NextIncidentNo(); return err })
	if !errors.Is(err, ErrNoEntry) {
		t.Fatalf("got %v", err)
	}
}

func TestErrorAndPanicRollBack(t *testing.T) {
	o := open(t)
	boom := errors.New("boom")
	spoil := func(tx *Tx) error {
		_, err := tx.Append(act("test.act"))
		return all(err, tx.PutSection(Section{ID: "x", Name: "x"}))
	}
	if err := o.Write(context.Background(), func(tx *Tx) error { return all(spoil(tx), boom) }); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if recover() != boom {
				t.Error("the panic did not go on")
			}
		}()
		o.Write(context.Background(), func(tx *Tx) error {
			if err := spoil(tx); err != nil {
				t.Error(err)
			}
			panic(boom)
		})
	}()
	o.read(func(s *Snap) error {
		n, err := s.LedgerSize()
		if n != 0 {
			t.Errorf("%d entries", n)
		}
		all, _ := s.Sections()
		if len(all) != 0 {
			t.Errorf("sections %v", all)
		}
		return err
	})
	o.write(func(*Tx) error { return nil }) // the connection still works
}

func TestCancelledContextRollsBack(t *testing.T) {
	o := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := o.Write(ctx, func(tx *Tx) error {
		_, err := tx.Append(act("test.act"))
		cancel()
		return err
	})
	if err == nil {
		t.Fatal("committed")
	}
	o.read(func(s *Snap) error {
		n, err := s.LedgerSize()
		if n != 0 {
			t.Errorf("%d entries", n)
		}
		return err
	})
}

// The list is closed: an addition needs a reason why it is no business act.
func TestKeepIsAClosedList(t *testing.T) {
	want := []KeepKind{"code-step", "throttle", "token-use", "enrolment-try", "heartbeat", "presence", "recording-check", "notices", "passkey-use", "line-probe", "own-login", "cosignatures", "forwarded"}
	if got := KeepKinds(); !reflect.DeepEqual(got, want) {
		t.Errorf("kinds %v", got)
	}
	// A KeepTx offers reading and these mutators only.
	mutators := map[string]bool{"UseCodeStep": true, "PutThrottle": true, "DropThrottles": true, "NoteProved": true, "TouchToken": true, "SpendEnrolmentTry": true, "Beat": true, "NotePresent": true, "NoteRecordingCheck": true,
		"ClockMade": true, "Addressed": true, "AddressingFailed": true, "PutNotice": true, "AddDelivery": true, "Tried": true, "Settled": true, "SeeNotices": true, "SeeNotice": true, "NoteLineProbe": true, "ForgetNotices": true, "UsePasskey": true, "NoteOwnLogin": true, "NoteWitness": true, "AddCosignatures": true, "NoteForwarded": true, "NoteNotForwarded": true}
	reads := reflect.TypeOf(&Snap{})
	k := reflect.TypeOf(&KeepTx{})
	for i := range k.NumMethod() {
		name := k.Method(i).Name
		if _, read := reads.MethodByName(name); !read && !mutators[name] {
			t.Errorf("KeepTx offers %s", name)
		}
		delete(mutators, name)
	}
	if len(mutators) != 0 {
		t.Errorf("missing %v", mutators)
	}
	o := open(t)
	if err := o.keep("registry", func(*KeepTx) error { return nil }); err == nil {
		t.Error("an unknown kind was kept")
	}
	for _, kind := range KeepKinds() {
		calls := map[KeepKind]func(*KeepTx) error{
			KeepCodeStep:     func(k *KeepTx) error { return k.UseCodeStep("nobody", 1) },
			KeepThrottle:     func(k *KeepTx) error { return k.PutThrottle(Throttle{Key: "addr:192.0.2.7", Count: 1}) },
			KeepTokenUse:     func(k *KeepTx) error { return k.TouchToken([32]byte{}) },
			KeepEnrolmentTry: func(k *KeepTx) error { return k.SpendEnrolmentTry([32]byte{}) },
			KeepHeartbeat:    func(k *KeepTx) error { return k.Beat("serve") },
			KeepPresence:     func(k *KeepTx) error { return k.NotePresent("R8-0001-1", "U-001") },

			KeepNotices:    func(k *KeepTx) error { return k.ClockMade("window.unattended", "R8-0001-1") },
			KeepPasskeyUse: func(k *KeepTx) error { return k.UsePasskey("none", 1) },
			KeepLineProbe: func(k *KeepTx) error {
				return k.NoteLineProbe(LineProbe{System: "hr", Probe: "internal icmp 192.0.2.1", Up: k.Now})
			},
			KeepForwarded:      func(k *KeepTx) error { return k.NoteForwarded("192.0.2.9:6514", 1) },
			KeepOwnLogin:       func(k *KeepTx) error { return k.NoteOwnLogin(OwnLogin{Target: "hr-db", Login: "maint"}) },
			KeepCosignatures:   func(k *KeepTx) error { return k.NoteWitness(WitnessState{Name: "w.example"}, true) },
			KeepRecordingCheck: func(k *KeepTx) error { return k.NoteRecordingCheck("S-20261124-01", "") },
		}
		for other, call := range calls {
			err := o.keep(kind, call)
			if refused := err != nil && !errors.Is(err, ErrCodeUsed) && !errors.Is(err, ErrNotFound); refused != (other != kind) {
				t.Errorf("Keep of %s, mutator of %s: %v", kind, other, err)
			}
		}
	}
}

func TestConcurrentWritersAllCommit(t *testing.T) {
	o := open(t)
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := o.Write(context.Background(), func(tx *Tx) error {
					_, err := tx.NextIncidentNo()
					_, err2 := tx.Append(act("test.act", fmt.Sprintf("W-%d-%d", w, i)))
					return all(err, err2)
				})
				if err != nil {
					t.Error(err)
				}
				if err := o.Read(context.Background(), func(s *Snap) error { _, err := s.LatestCheckpoint(); return err }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	o.write(func(tx *Tx) error {
		if no, _ := tx.NextIncidentNo(); no != fmt.Sprintf("I-%03d", writers*each+1) {
			t.Errorf("next incident %s", no)
		}
		return nil
	})
}

func TestSnapshotDoesNotSeeLaterCommits(t *testing.T) {
	o := open(t)
	o.write(func(*Tx) error { return nil })
	o.read(func(s *Snap) error {
		before, err := s.LedgerSize()
		if err != nil {
			return err
		}
		o.write(func(*Tx) error { return nil })
		after, err := s.LedgerSize()
		if before != 1 || after != 1 {
			t.Errorf("%d, then %d entries in one snapshot", before, after)
		}
		return err
	})
}

func TestTimeNeverRunsBack(t *testing.T) {
	o := open(t)
	o.write(func(*Tx) error { return nil })
	o.clock.set(noon.Add(-time.Hour))
	o.write(func(tx *Tx) error {
		if !tx.Now.Equal(noon) || !tx.Clock.Equal(noon.Add(-time.Hour)) {
			t.Errorf("now %v, clock %v", tx.Now, tx.Clock)
		}
		return nil
	})
	o.read(func(s *Snap) error {
		e, err := s.Entry(1)
		if err == nil && (!e.Time.Equal(noon) || !e.Clock.Equal(noon.Add(-time.Hour))) {
			t.Errorf("entry: time %v, clock %v", e.Time, e.Clock)
		}
		return err
	})
}

func TestChangedCoalesces(t *testing.T) {
	o := open(t)
	changes := o.Changed()
	ch, cancel := changes.C, changes.Stop
	for range 3 {
		o.write(func(*Tx) error { return nil })
	}
	<-ch
	select {
	case <-ch:
		t.Error("three commits gave two signals to one who had not read")
	default:
	}
	if err := o.keep(KeepHeartbeat, func(k *KeepTx) error { return k.Beat("serve") }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ch:
		t.Error("Keep woke somebody")
	default:
	}
	cancel()
	o.write(func(*Tx) error { return nil })
	select {
	case <-ch:
		t.Error("signal after cancel")
	default:
	}
}

// Take gives all commits since the last Take together; a reader that is far behind is told that everything changed.
func TestChangesAddUpUntilTheyAreTaken(t *testing.T) {
	o := open(t)
	o.declare()
	changes := o.Changed()
	defer changes.Stop()
	name := func(id string) { o.write(func(tx *Tx) error { return tx.PutPassword(id, "x") }) }
	name("E-0031")
	name("E-0032")
	o.write(func(tx *Tx) error { _, err := tx.Append(act("test.act", "S-1")); return err })
	c := changes.Take()
	if !c.Names("E-0031") || !c.Names("nobody", "E-0032") || c.Names("U-001") || c.Names("S-1") || !c.Entry("S-1") || c.Entry("E-0031") || c.All() {
		t.Errorf("%+v", c)
	}
	if c := changes.Take(); c.All() || c.Names("E-0031") {
		t.Errorf("taken twice: %+v", c)
	}
	for range mostPending {
		name("E-0031")
	}
	if c := changes.Take(); c.All() || !c.Names("E-0031") {
		t.Errorf("as many as are kept: %+v", c)
	}
	for range mostPending + 1 {
		name("E-0031")
	}
	name("E-0032")
	if c := changes.Take(); !c.All() {
		t.Errorf("more than are kept: %+v", c)
	}
	o.write(func(tx *Tx) error { return tx.ForgetFactors(FactorFilter{Person: "E-0031"}) })
	if c := changes.Take(); !c.All() {
		t.Error("factors that are dropped leave no row, and concern everybody")
	}
	if err := o.Write(t.Context(), func(tx *Tx) error { return errors.Join(tx.PutPassword("E-0031", "y"), errors.New("no")) }); err == nil {
		t.Fatal("committed")
	}
	if c := changes.Take(); c.Names("E-0031") {
		t.Error("what was rolled back was told")
	}
}

func TestPublishAfterCommitAndFailureIsShown(t *testing.T) {
	var fail = errors.New("no such directory")
	got := make(chan []byte)
	answer := make(chan error)
	o := open(t, func(p *Options) {
		p.Publish = func(_ context.Context, c []byte) error { got <- c; return <-answer }
	})
	o.write(func(*Tx) error { return nil })
	first := <-got
	// While the destination stalls, work goes on.
	o.write(func(*Tx) error { return nil })
	o.write(func(*Tx) error { return nil })
	answer <- fail
	second := <-got
	if p := o.Published(); !errors.Is(p.Err, fail) || !p.Waiting || !p.Configured {
		t.Errorf("after a failure: %+v", p)
	}
	for i, want := range []int64{1, 3} {
		c, err := ledger.OpenCheckpoint([][]byte{first, second}[i], o.opt.Verifier)
		if err != nil || c.Size != want {
			t.Errorf("published %d: size %d, %v", i, c.Size, err)
		}
	}
	close(answer) // from here every publication succeeds
	if err := o.Republish(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-got
	if p := o.Published(); !p.At.Equal(noon) {
		t.Errorf("after a success: %+v", p)
	}
}
