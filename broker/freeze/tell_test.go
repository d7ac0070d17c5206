package freeze_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// listed declares the institution's list of those who must be told.
func listed(t *testing.T) (*townhall.Hall, *freeze.Freezer) {
	t.Helper()
	h, f := open(t)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		i, err := tx.Institution()
		if err != nil {
			return err
		}
		i.Tell = []policy.Tell{
			{Key: "privacy-first", Who: policy.Text{JA: "個人情報保護委員会(速報)", EN: "privacy commission, preliminary"}, Within: 72 * time.Hour, Note: "例"},
			{Key: "head", Who: policy.Text{JA: "所管課長", EN: "section head"}, Within: time.Hour},
		}
		if err := tx.PutInstitution(i); err != nil {
			return err
		}
		_, err = tx.Append(townhall.Draft("test.listed"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, f
}

func keys(st freeze.Status) (all []string) {
	for _, row := range st.Tells {
		all = append(all, row.Key)
	}
	return all
}

// untold are the alarms that somebody was not told.
func untold(t *testing.T, h *townhall.Hall) (all []store.Alarm) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		all, err = s.Alarms(store.AlarmFilter{What: store.AlarmUntold})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each incident has the list as it stood when it began. Any member of staff notes once, with words, who was told.
func TestWhoMustBeToldIsNotedOnce(t *testing.T) {
	h, f := listed(t)
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := f.One(t.Context(), id)
	if err != nil || !slices.Equal(keys(st), []string{"head", "privacy-first"}) || !st.Tells[0].Due.Equal(st.Since.Add(time.Hour)) || !st.Tells[1].Due.Equal(st.Since.Add(72*time.Hour)) {
		t.Fatalf("%+v, %v", st.Tells, err)
	}
	note := func(who, key, text string) error {
		_, err := f.Told(t.Context(), id, api.ToldBody{Key: key, Text: text}, townhall.Caller(who))
		return err
	}
	want(t, "without words", note("kato", "head", " \u200b"), "text: say whom you told, and how")
	want(t, "too many words", note("kato", "head", strings.Repeat("あ", 1001)), "text: at most 1000 characters")
	want(t, "one who is not on the list", note("kato", "mayor", "電話"), "key: it is not on this incident's list (head, privacy-first)")
	want(t, "an engineer", note("E-0031", "head", "電話"), "forbidden")
	h.Pass(90 * time.Second)
	want(t, "told", note("kato", "head", "課長へ電話、10時5分"), "")
	want(t, "told again", note("ito", "head", "電話"), "already-decided")
	_, err = f.Told(t.Context(), "I-999", api.ToldBody{Key: "head", Text: "電話"}, townhall.Caller("kato"))
	if err == nil {
		t.Error("an incident that is none")
	}
	st, err = f.One(t.Context(), id)
	if err != nil || !slices.Equal(keys(st), []string{"privacy-first", "head"}) || st.Tells[1].By != "kato" || st.Tells[1].Words != "課長へ電話、10時5分" || st.Tells[1].At.Sub(st.Since) != 90*time.Second {
		t.Errorf("%+v, %v", st.Tells, err)
	}
	if kinds := h.Kinds(t, id); !slices.Contains(kinds, "incident.told") {
		t.Error(kinds)
	}
	// The institution empties its list: the incident under way keeps what it began with.
	if err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(townhall.Draft("test.emptied"))
		if err != nil {
			return err
		}
		return tx.PutInstitution(policy.Institution{})
	}); err != nil {
		t.Fatal(err)
	}
	if st, err := f.One(t.Context(), id); err != nil || len(st.Tells) != 2 {
		t.Errorf("%+v, %v", st.Tells, err)
	}
	next, err := f.On(t.Context(), policy.FreezeAll, "", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := f.One(t.Context(), next); err != nil || len(st.Tells) != 0 {
		t.Errorf("%+v, %v", st.Tells, err)
	}
	_, err = f.Told(t.Context(), next, api.ToldBody{Key: "head", Text: "電話"}, townhall.Caller("kato"))
	want(t, "an incident without a list", err, "key: this incident has no list of whom to tell (in the registry: institution, tell)")
}

// A row that is late raises one alarm, at its time and not before; a drill's row raises none.
func TestALateRowRaisesOneAlarm(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Hour - time.Millisecond, 0}, {time.Hour, 0}, {time.Hour + time.Millisecond, 1}, {73 * time.Hour, 2}} {
		h, f := listed(t)
		if _, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito")); err != nil {
			t.Fatal(err)
		}
		drill, err := f.AskDrill(t.Context(), policy.FreezeSystem, "hr", "訓練", townhall.Caller("ito"))
		if err == nil {
			_, err = f.AgreeDrill(t.Context(), drill, townhall.Caller("kato"))
		}
		if err != nil {
			t.Fatal(err)
		}
		if st, err := f.One(t.Context(), drill); err != nil || len(st.Tells) != 2 {
			t.Errorf("the drill has %+v, %v", st.Tells, err)
		}
		h.Pass(c.after)
		for range 2 {
			if err := f.Due(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		raised := untold(t, h)
		if len(raised) != c.want {
			t.Errorf("after %s: %d alarms", c.after, len(raised))
		}
		for _, a := range raised {
			if a.About != "I-001" || len(a.Desks) != 2 {
				t.Errorf("%+v", a)
			}
		}
	}
}

// A row that was noted in time raises no alarm.
func TestNoAlarmForWhatWasNoted(t *testing.T) {
	h, f := listed(t)
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"head", "privacy-first"} {
		if _, err := f.Told(t.Context(), id, api.ToldBody{Key: key, Text: "電話"}, townhall.Caller("kato")); err != nil {
			t.Fatal(err)
		}
	}
	h.Pass(1000 * time.Hour)
	if err := f.Due(t.Context()); err != nil || len(untold(t, h)) != 0 {
		t.Errorf("%v %v", err, untold(t, h))
	}
}
