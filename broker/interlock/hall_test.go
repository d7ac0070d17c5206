package interlock

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
)

// device is a switch in memory with the office network behind it. Its probe sees what it does, and what a hand does.
type device struct {
	mu          sync.Mutex // guards the following
	internal    policy.LineSide
	maintenance policy.LineSide
	hand        bool  // the office network is up by another way
	broken      error // the driver does not obey
	joined      bool  // both sides were up at once
	hangs       chan struct{}
	waiting     atomic.Int32 // steps that hang
}

func (d *device) Look(context.Context) (Reading, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return Reading{}, d.broken
	}
	return Reading{d.internal, d.maintenance}, nil
}

func (d *device) Do(ctx context.Context, step Step, _ time.Duration) error {
	d.mu.Lock()
	hangs := d.hangs
	d.mu.Unlock()
	if hangs != nil {
		d.waiting.Add(1)
		defer d.waiting.Add(-1)
		select {
		case <-hangs:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.broken != nil:
		return d.broken
	case step == Cut:
		d.internal = policy.SideDown
	case step == Restore:
		d.internal = policy.SideUp
	case step == On:
		d.maintenance = policy.SideUp
	case step == Off:
		d.maintenance = policy.SideDown
	}
	d.joined = d.joined || d.internal == policy.SideUp && d.maintenance == policy.SideUp
	return nil
}

func (d *device) probed(context.Context, rules.Probe) (policy.LineSide, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hand || d.internal == policy.SideUp {
		return policy.SideUp, nil
	}
	return policy.SideDown, nil
}

func (d *device) change(do func(d *device)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do(d)
}

func (d *device) is() Reading {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Reading{d.internal, d.maintenance}
}

func (d *device) wasJoined() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.joined
}

// hall is a townhall whose system hr has a line, with a window under way whose attendant is ito. abe attends in the same section, ueki in
// another one.
type hall struct {
	*townhall.Hall
	t   *testing.T
	dev *device
	s   *Switch
	end time.Time // of the window
}

const window1 = "R8-0001-1"

// lined founds a hall. change may alter the rules of hr.
func lined(t *testing.T, change ...func(*rules.System)) *hall {
	t.Helper()
	h := &hall{Hall: townhall.Found(t), t: t, dev: &device{internal: policy.SideUp, maintenance: policy.SideDown}}
	h.end = h.Now().Add(time.Hour)
	h.write(func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		if err != nil {
			return err
		}
		sys.Line, sys.LineDriver, sys.LineProbes = policy.LineInterlocked, "exec /usr/local/sbin/line", []string{"internal tcp 192.0.2.1:9"}
		for _, f := range change {
			f(&sys)
		}
		staff := func(id, section string) error {
			return tx.PutPerson(store.Person{Person: policy.Person{ID: id, Login: id, Kind: policy.Staff, Name: id, Section: section, Roles: []policy.Role{policy.Attendant}}})
		}
		return errors.Join(tx.PutSystem(sys), staff("abe", "personnel"), staff("ueki", "is"),
			tx.AddRequest(store.Request{No: "R8-0001", State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "kato",
				Start: h.Now(), End: h.end, Body: store.RequestBody{Purpose: "調査", Engineers: []string{"E-0031"}, Phone: "000-0000-0001"}}),
			tx.AddWindow(store.Window{Window: policy.Window{ID: window1, Request: "R8-0001", System: "hr", Start: h.Now(), End: h.end, State: policy.WindowAttended, Attendant: "ito"}, OpenedAt: h.Now()}))
	})
	h.s = h.watch()
	return h
}

// watch makes the watch anew, as a start of the broker does, without beginning it.
func (h *hall) watch() *Switch {
	return New(Options{DB: h.DB, Acts: h.Runner(), Clock: h.Now, Every: 10 * time.Millisecond, Stale: time.Minute, Settle: time.Second,
		Drive: func(*rules.System) (Driver, error) { return h.dev, nil }, Look: h.dev.probed})
}

// begin begins the watch.
func (h *hall) begin() {
	h.t.Helper()
	s := h.s
	s.Start()
	h.t.Cleanup(func() { _ = s.Close(context.Background()) }) // a driver that a test broke cannot be taken off
}

func (h *hall) write(do func(*store.Tx) error) {
	h.t.Helper()
	err := h.DB.Write(h.t.Context(), func(tx *store.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		_, err := tx.Append(townhall.Draft("test.prepared"))
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) row() (row store.WindowLine) {
	h.t.Helper()
	err := h.DB.Read(h.t.Context(), func(s *store.Snap) (err error) { row, err = s.WindowLine(window1); return err })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		h.t.Fatal(err)
	}
	return row
}

func (h *hall) alarms(what store.AlarmKind) (all []store.Alarm) {
	h.t.Helper()
	err := h.DB.Read(h.t.Context(), func(s *store.Snap) (err error) {
		all, err = s.Alarms(store.AlarmFilter{What: what, Limit: 1000})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// count is how many entries of a kind the window has.
func (h *hall) count(kind string) (n int) {
	h.t.Helper()
	for _, k := range h.Kinds(h.t, window1) {
		if k == kind {
			n++
		}
	}
	return n
}

// eventually waits for a condition.
func (h *hall) eventually(what string, holds func() bool) {
	h.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for tick := time.NewTicker(5 * time.Millisecond); !holds(); {
		select {
		case <-tick.C:
		case <-limit.C:
			h.t.Fatalf("not within a minute: %s; row %+v, device %+v", what, h.row(), h.dev.is())
		}
	}
}

// do does a step as the person; the error is its reason or text.
func (h *hall) do(what func(context.Context, string, act.Caller) error, by string) string {
	h.t.Helper()
	return townhall.Reason(what(h.t.Context(), window1, townhall.Caller(by)))
}

// must does a step that is done.
func (h *hall) must(what func(context.Context, string, act.Caller) error, by string) {
	h.t.Helper()
	if err := what(h.t.Context(), window1, townhall.Caller(by)); err != nil {
		h.t.Fatal(err)
	}
}

// opened tests the line, cuts the office network and puts the maintenance line on, as ito.
func (h *hall) opened() {
	h.t.Helper()
	if err := h.s.Test(h.t.Context(), "hr", townhall.Caller("ito")); err != nil {
		h.t.Fatal(err)
	}
	h.must(h.s.CutOff, "ito")
	h.must(h.s.PutOn, "ito")
}

// said is a member of the last entry of a kind about the window.
func (h *hall) said(kind, member string) (word string) {
	h.t.Helper()
	err := h.DB.Read(h.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Subject: window1, Kind: kind, Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			var all map[string]any
			if err := json.Unmarshal(e.Payload, &all); err != nil {
				return err
			}
			word, _ = all[member].(string)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return word
}
