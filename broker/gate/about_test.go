package gate

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// procedure gives the world's system a checklist of four steps before the start.
func (w *world) procedure(change func(*store.System)) {
	w.write(func(tx *store.Tx) error {
		s, err := tx.System("payroll")
		if err != nil {
			return err
		}
		s.Checklist = store.Checklist{Version: 2, Title: "立会い手順書", Steps: []store.Step{
			{ID: "lan", JA: "庁内網切断確認", EN: "office network cut", Mandatory: true, Phase: store.PhaseOpen},
			{ID: "line", JA: "回線接続", EN: "line connected", Mandatory: true, Phase: store.PhaseOpen},
			{ID: "notice", JA: "課内へ周知", EN: "section told", Phase: store.PhaseOpen},
			{ID: "ready", JA: "準備", EN: "ready", Mandatory: true, Phase: store.PhaseOpen},
			{ID: "back", JA: "庁内網復旧", EN: "network back", Mandatory: true, Phase: store.PhaseClose},
		}}
		if change != nil {
			change(&s)
		}
		return tx.PutSystem(s)
	})
}

func (w *world) tick(win store.Window, version int, step string) {
	w.write(func(tx *store.Tx) error {
		return tx.AddTick(store.Tick{Window: win.ID, Version: version, Step: step, Method: store.MethodSeen, By: "U-001"})
	})
}

func TestTheWaitingRoomNamesTheStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.procedure(nil)
	e := w.engineer("sato", "ja")
	win := w.window(e, "maint", noon.Add(-time.Minute), time.Hour, policy.WindowScheduled)
	x := openTerminal(t, e.mustDial("sato+hr-db", nil), "dumb")
	x.expect("[待合] 開始可能(立会者待ち)  手順1/4。12:15まで待ちます。")
	w.tick(win, 1, "lan") // of a version that is no longer in force
	w.tick(win, 2, "line")
	w.tick(win, 2, "lan")
	w.clock.set(noon.Add(plainEvery + time.Second)) // a plain terminal gets a line every five minutes
	x.expect("手順3/4。")
	w.tick(win, 2, "notice")
	w.tick(win, 2, "ready")
	w.clock.set(noon.Add(2*plainEvery + 2*time.Second))
	x.expect("手順4/4。")
	w.setState(win, policy.WindowPermitted)
	x.expect("shell ready")
}

func TestTheWaitingRoomAwaitsTheBackup(t *testing.T) {
	t.Parallel()
	for lang, say := range map[string]string{
		"ja": "[待合] バックアップ待ち  立会者がバックアップを確かめています。12:15まで待ちます。",
		"en": "[waiting] Waiting for a backup to be confirmed, until 12:15.",
	} {
		w := newWorld(t)
		w.procedure(func(s *store.System) { s.BackupAge = 24 * time.Hour })
		e := w.engineer("eng-"+lang, lang)
		win := w.window(e, "maint", noon, 2*time.Hour, policy.WindowAttended)
		w.setState(win, policy.WindowPermitted)
		x := openTerminal(t, e.mustDial("eng-"+lang+"+hr-db", nil), "xterm")
		x.expect(say)
		w.clock.set(noon.Add(20 * time.Minute))
		if exit := x.exit(); exit != policy.ExitNotNow || !strings.Contains(x.all.String(), "[123]") {
			t.Errorf("%s: exit %d\n%s", lang, exit, x.all.String())
		}
		if n := w.target.reached(); n != 0 {
			t.Errorf("target reached %d times", n)
		}
	}
}

func TestTheCardTellsWhatBinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "")
	win := w.window(e, "maint", noon.Add(10*time.Minute), time.Hour, policy.WindowScheduled, func(_ *store.Window, r *store.Request) {
		r.State = policy.RequestConditional
		r.Body.Attendant = "U-001"
		r.Body.ExtraRights = []string{"給与明細テーブルの更新", "監査表の参照", "\x1b[2J" + strings.Repeat("長", 60)}
	})
	w.write(func(tx *store.Tx) error {
		return tx.AddDecision(store.Decision{Request: win.Request, Version: 1, Stage: 1, By: "U-001", Verdict: store.VerdictApprove, At: noon,
			Conditions: store.Conditions{Rights: []string{"監査表の参照"}, NoFiles: true, Note: strings.Repeat("条件", 60)}})
	})
	a := &answers{consent: "no"}
	e.mustDial("sato+hr-db", a).Close()
	card := a.card()
	narrow(t, card)
	flat := strings.NewReplacer("\n       ", "", "\n          ", "").Replace(card)
	for _, want := range []string{
		"追加   給与明細テーブルの更新, ?[2J" + strings.Repeat("長", 60), "Extra     給与明細テーブルの更新, ?[2J",
		"条件   権限「監査表の参照」は除く / ファイル授受なし / " + strings.Repeat("条件", 60), "Provided  without the right 監査表の参照 / no file exchange / ",
		"立会者 人事課 職員B", "Attendant 人事課 職員B",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
	if strings.Contains(card, "訓練") || strings.Contains(card, "緊急利用") {
		t.Errorf("neither drill nor emergency:\n%s", card)
	}
}

func TestDrillAndEmergencyAreSaidEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "")
	w.write(func(tx *store.Tx) error { // a drill is for targets that are marked for it
		target, err := tx.Target("hr-db")
		target.Drill = true
		if err != nil {
			return err
		}
		return tx.PutTarget(target)
	})
	w.window(e, "maint", noon.Add(10*time.Minute), time.Hour, policy.WindowScheduled, func(v *store.Window, r *store.Request) {
		v.Drill, v.Emergency = true, true
		r.State = policy.EmergencyOpen
		r.Body.Drill = true
		r.Body.Emergency = &store.Emergency{Reason: "停止", Phoned: "課長", PhonedAt: noon, Length: time.Hour, First: "U-001", Second: "U-001",
			Due: time.Date(2026, 11, 26, 0, 0, 0, 0, w.zone)}
	})
	a := &answers{consent: "yes"}
	x := openTerminal(t, e.mustDial("sato+hr-db", a), "dumb")
	card := a.card()
	narrow(t, card)
	for _, want := range []string{
		"\n訓練 / DRILL  これは訓練です。", "\nDRILL / 訓練  This is a drill.", "事後承認と報告が必要です(期限 2026-11-26 00:00)。", "Later approval and a report are due (by 2026-11-26 00:00)",
	} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
	x.expect("[待合・訓練] 開始時刻前")
	x.expect("[waiting, DRILL] Too early.")
	out, _, _ := e.types("windows", "")
	if !strings.Contains(out, "緊急利用 / EMERGENCY  訓練 / DRILL  開始時刻前") {
		t.Errorf("the list: %s", out)
	}
	narrow(t, out)
}

// Every refusal over papers and procedure is said in words, with what it is about.
func TestRefusalsOfTheProcedureAreSaidInWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*store.Tx, *engineer) error
		says   []string
		exit   int
	}{
		"103 locked": {func(tx *store.Tx, _ *engineer) error { return tx.LockVendor("V-001", "U-001", "契約違反の調査") }, []string{"[103]", "契約違反の調査"}, 250},
		"103 contract": {func(tx *store.Tx, _ *engineer) error {
			v, err := tx.Vendor("V-001")
			v.ContractUntil = noon.Add(-time.Hour)
			if err != nil {
				return err
			}
			return tx.PutVendor(v)
		}, []string{"[103]", "契約期間外", "outside the contract period"}, 250},
		"104 lapsed": {nil, []string{"[104]", "誓約書の期限 2026-11-24", "pledge valid until: 2026-11-24"}, 250},
		"105 unqualified": {func(tx *store.Tx, _ *engineer) error {
			v, err := tx.Vendor("V-001")
			v.Qualified, v.Unmet = false, "ISMS"
			if err != nil {
				return err
			}
			return tx.PutVendor(v)
		}, []string{"[105]", "ISMS"}, 250},
		"122 follow-up": {func(tx *store.Tx, e *engineer) error {
			start := noon.Add(-48 * time.Hour)
			return tx.AddRequest(store.Request{No: "R8-0900", State: policy.FollowUpDue, Version: 1, ApprovedVersion: 1, System: "payroll", Vendor: "V-001",
				Requester: "U-001", Start: start, End: start.Add(time.Hour), Body: store.RequestBody{Engineers: []string{e.id}, Emergency: &store.Emergency{
					Reason: "停止", Phoned: "課長", PhonedAt: start, Length: time.Hour, First: "U-001", Second: "U-001", Due: noon.Add(-time.Hour)}}})
		}, []string{"[122]", "R8-0900"}, 251},
		"123 backup": {func(tx *store.Tx, _ *engineer) error {
			s, err := tx.System("payroll")
			s.BackupAge = time.Hour
			if err != nil {
				return err
			}
			return tx.PutSystem(s)
		}, []string{"[123]"}, 251},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.change == nil {
				w.pledge = noon.Add(-time.Hour)
			}
			e := w.engineer("sato", "")
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			if c.change != nil {
				w.write(func(tx *store.Tx) error { return c.change(tx, e) })
			}
			client := e.mustDial("sato+hr-db", nil)
			_, said, exit := run(t, client, "id")
			narrow(t, said)
			flat := strings.ReplaceAll(said, "\n", "")
			for _, want := range append(c.says, "次に: ", "Next: ") {
				if exit != c.exit || !strings.Contains(flat, want) {
					t.Errorf("exit %d, lacks %q:\n%s", exit, want, said)
				}
			}
			if strings.ContainsAny(said, "{}") || w.target.reached() != 0 {
				t.Errorf("placeholders, or the target was reached:\n%s", said)
			}
		})
	}
}
