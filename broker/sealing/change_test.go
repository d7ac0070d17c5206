package sealing

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/keys"
	"sekimori/policy"
)

var because = act.Said{Reason: "年に一度の交代"}

func TestTheViewingKeyChangesInTwoPhases(t *testing.T) {
	v := newVault(t)
	v.record("S-20261124-01")
	v.want("begun by staff of no such role", v.begin("VK-1", because, townhall.Caller("kato")), "forbidden")
	v.want("begun without a proof", v.begin("VK-1", because, townhall.Unproven("admin")), act.ErrProofNeeded.Error())
	v.want("a key that is not there", v.begin("VK-2", because, townhall.Caller("admin")), `viewing key "VK-2": not found`)
	if err := v.begin("VK-1", act.Said{}, townhall.Caller("admin")); err == nil {
		t.Error("begun without a reason")
	}
	if got := v.h.Keys.ViewingKeys(); len(got) != 1 {
		t.Errorf("refused acts made keys: %+v", got)
	}
	v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
	v.want("begun twice", v.begin("VK-1", because, townhall.Caller("admin")), "already-decided")
	v.record("S-20261124-02")
	v.want("confirmed by the same person", v.k.Confirm(t.Context(), "VK-2", townhall.Caller("admin")), "self-approval")
	v.want("confirmed by the section", v.k.Confirm(t.Context(), "VK-2", townhall.Caller("head")), "forbidden")
	v.want("the key in use confirmed", v.k.Confirm(t.Context(), "VK-1", townhall.Caller("deputy")), "already-decided")
	v.want("confirm", v.k.Confirm(t.Context(), "VK-2", townhall.Caller("deputy")), "")
	v.want("taken back too late", v.k.RollBack(t.Context(), "VK-2", because, townhall.Caller("admin")), "already-decided")
	v.record("S-20261124-03")

	old, fresh := v.with("viewing.sealed").ViewingIdentity(), v.with("viewing-2.sealed").ViewingIdentity()
	for session, want := range map[string][2]bool{"S-20261124-01": {true, false}, "S-20261124-02": {true, true}, "S-20261124-03": {false, true}} {
		if got := [2]bool{v.opens(session, old), v.opens(session, fresh)}; got != want {
			t.Errorf("%s: the old and the new key open %v, want %v", session, got, want)
		}
		if !v.opens(session, v.h.Keys.ViewingIdentity()) {
			t.Errorf("%s: the broker does not open it", session)
		}
	}
	if got := v.states(); !slices.Equal(got, []policy.ViewingKeyState{policy.ViewingKeyFormer, policy.ViewingKeyCurrent}) {
		t.Errorf("states %v", got)
	}
	if got := v.h.Kinds(t, "VK-2"); !slices.Equal(slices.DeleteFunc(got, func(k string) bool { return k == "access.refused" }), []string{"keys.viewing-begun", "keys.viewing-confirmed"}) {
		t.Errorf("entries %v", got)
	}
	v.start() // the next run seals to the new key only
	v.record("S-20261124-04")
	if v.opens("S-20261124-04", old) || !v.opens("S-20261124-04", fresh) {
		t.Error("after a start recordings are sealed to another key")
	}
}

func TestAChangeOfTheViewingKeyIsTakenBack(t *testing.T) {
	v := newVault(t)
	v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
	v.record("S-20261124-01")
	v.want("taken back by an auditor's section", v.k.RollBack(t.Context(), "VK-2", because, townhall.Caller("kato")), "forbidden")
	v.want("roll back", v.k.RollBack(t.Context(), "VK-2", because, townhall.Caller("admin")), "")
	v.record("S-20261124-02")
	old := v.with("viewing.sealed").ViewingIdentity()
	for _, session := range []string{"S-20261124-01", "S-20261124-02"} {
		if !v.opens(session, old) {
			t.Errorf("%s does not open with the key that stayed", session)
		}
	}
	if _, err := os.Stat(filepath.Join(v.h.KeysDir, "viewing-2.sealed")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the withdrawn key: %v", err)
	}
	if got := v.h.Kinds(t, "VK-2"); !slices.Contains(got, "keys.viewing-rolled-back") || got[len(got)-1] != "keys.viewing-destroyed" {
		t.Errorf("entries %v", got)
	}
	v.want("begin anew", v.begin("VK-1", because, townhall.Caller("admin")), "")
	if got := v.h.Keys.ViewingKeys(); got[len(got)-1].Number != 3 {
		t.Errorf("a number was used twice: %+v", got)
	}
}

// The broker is killed between each file operation and its commit. It starts again, every recording opens, and the change goes on.
func TestKilledWhileTheViewingKeyChanges(t *testing.T) {
	t.Run("the key's file was written, its row was not", func(t *testing.T) {
		v := newVault(t)
		v.record("S-20261124-01")
		if _, err := v.h.Keys.NewViewingKey(v.h.KeysDir, 0); err != nil {
			t.Fatal(err)
		}
		v.start()
		v.record("S-20261124-02")
		if v.opens("S-20261124-02", v.with("viewing-2.sealed").ViewingIdentity()) {
			t.Error("a key that no entry names opens a recording")
		}
		v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
		v.want("confirm", v.k.Confirm(t.Context(), "VK-3", townhall.Caller("deputy")), "")
	})
	t.Run("half of the key's file was written", func(t *testing.T) {
		v := newVault(t)
		if err := os.WriteFile(filepath.Join(v.h.KeysDir, "viewing-2.sealed.new"), []byte{1}, 0o600); err != nil {
			t.Fatal(err)
		}
		v.start()
		v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
	})
	t.Run("the row was written, the running sessions did not see it", func(t *testing.T) {
		v := newVault(t)
		v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
		if err := v.h.Keys.UseViewing(1); err != nil { // as if the broker had died before it followed
			t.Fatal(err)
		}
		v.start()
		v.record("S-20261124-01")
		if !v.opens("S-20261124-01", v.with("viewing.sealed").ViewingIdentity()) || !v.opens("S-20261124-01", v.with("viewing-2.sealed").ViewingIdentity()) {
			t.Error("not sealed to both")
		}
	})
	t.Run("the destroyed key's file was removed, its entry was not written", func(t *testing.T) {
		v := newVault(t)
		v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
		v.want("confirm", v.k.Confirm(t.Context(), "VK-2", townhall.Caller("deputy")), "")
		if err := os.Remove(filepath.Join(v.h.KeysDir, "viewing.sealed")); err != nil {
			t.Fatal(err)
		}
		v.start()
		if err := v.k.DestroyUnused(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := v.states(); got[0] != policy.ViewingKeyDestroyed {
			t.Errorf("states %v", got)
		}
	})
	t.Run("the key in use is missing", func(t *testing.T) {
		v := newVault(t)
		v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
		v.want("confirm", v.k.Confirm(t.Context(), "VK-2", townhall.Caller("deputy")), "")
		r := v.with("viewing.sealed")
		if _, err := New(t.Context(), Options{DB: v.h.DB, Ring: r}); !errors.Is(err, keys.ErrNoViewing) {
			t.Errorf("the broker starts: %v", err)
		}
	})
}

func TestAFormerKeyGoesWithItsLastRecording(t *testing.T) {
	v := newVault(t)
	v.record("S-20261124-01")
	v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
	v.record("S-20261124-02")
	v.want("confirm", v.k.Confirm(t.Context(), "VK-2", townhall.Caller("deputy")), "")
	v.record("S-20261124-03")
	destroyed := func() bool {
		t.Helper()
		if err := v.k.DestroyUnused(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(v.h.KeysDir, "viewing.sealed"))
		return errors.Is(err, fs.ErrNotExist)
	}
	if err := os.Remove(v.path("S-20261124-01")); err != nil { // a disk that is not mounted proves no disposal
		t.Fatal(err)
	}
	v.disposed["S-20261124-02"] = true
	if destroyed() {
		t.Fatal("destroyed while a recording under it may exist")
	}
	careful := v.k.o
	careful.Disposed = nil
	if k, err := New(t.Context(), careful); err != nil || k.DestroyUnused(t.Context()) != nil || v.states()[0] == policy.ViewingKeyDestroyed {
		t.Fatal("destroyed by a broker that knows of no disposal")
	}
	v.disposed["S-20261124-01"] = true
	if !destroyed() || v.states()[0] != policy.ViewingKeyDestroyed {
		t.Fatal("not destroyed with its last recording")
	}
	if got := v.h.Kinds(t, "VK-1"); got[len(got)-1] != "keys.viewing-destroyed" {
		t.Errorf("entries %v", got)
	}
	n := len(v.h.Kinds(t, ""))
	if !destroyed() || len(v.h.Kinds(t, "")) != n {
		t.Error("destroyed a second time")
	}
	v.start()
	if !v.opens("S-20261124-03", v.h.Keys.ViewingIdentity()) {
		t.Error("the recordings under the key in use do not open")
	}
}

// An act that ran twice, because the disk was full, has made one key.
func TestAViewingKeyBegunOnAFullDiskIsMadeOnce(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	full := 0
	v.h.FillDisk(t, func() { full++ })
	v.want("begin", v.begin("VK-1", because, townhall.Caller("admin")), "")
	if got := v.h.Keys.ViewingKeys(); len(got) != 2 || full != 1 {
		t.Errorf("the disk was full %d times; keys: %+v", full, got)
	}
}
