package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// NoticeSettings are the settings that the notice states.
type NoticeSettings struct {
	Institution string
	Version     int
	URL         string
	Contact     string
	Retention   time.Duration // of recordings
	LedgerDays  int           // payloads of the ledger; 0: for ever
	LooksDays   int           // of its entries about looks; 0: for ever
	Changes     []NoticeChange
	Zone        *time.Location
}

// noticeText tells what is recorded, who sees it and how long it is kept.
func noticeText(n NoticeSettings) api.Notice {
	return api.Notice{
		Institution: n.Institution, Version: n.Version, Contact: n.Contact, URL: n.URL, KeptDays: int(n.Retention / (24 * time.Hour)), LedgerDays: n.LedgerDays, LooksDays: n.LooksDays,
		PurposeJA: "承認された範囲の作業であることの確認。評価など他の目的に使いません。",
		PurposeEN: "To confirm that work stays within what was approved. Never used for appraisal or anything else.",
		RecordedJA: []string{
			"承認された時間枠の中で保守要員が接続している間の、画面出力と、何をしたか(実行したコマンド、呼び出した機能、ファイル操作の名前・大きさ・向き、拒まれたもの)。見る人は読めます",
			"同じ間に打ち込んだ文字、コマンドに流し込んだデータ、送り込んだファイルの中身、環境変数の値(封印し、関守の機械では開けません)",
			"接続の日時、接続元、接続先、作業用アカウント、終了理由", "だれが申請、承認、立会い、点検、閲覧をしたか"},
		RecordedEN: []string{
			"while an engineer is connected inside an approved window: everything shown, and what was done (commands run, subsystems, file operations with name, size and direction, refusals); readable by those named below",
			"in the same time: everything typed, data fed to commands, contents of files sent in, values of environment variables (sealed; the broker's host cannot open them)",
			"times, source, target, account and end cause of connections", "who requested, approved, attended, reviewed and viewed"},
		NotJA:    []string{"時間枠の外の通信", "職員の端末の操作"},
		NotEN:    []string{"anything outside a window", "what staff do on their own machines"},
		SeenByJA: []string{"立会者(その接続)", "所管課長", "情報システム課", "点検担当(入力と書き出しは点検担当だけ)"},
		SeenByEN: []string{"the attendant of that session", "the head of the owning section", "the information-systems section", "auditors (input and exports: auditors alone)"},
	}
}

// Viewing is one look at a recording, without a name.
type Viewing struct {
	At      time.Time
	Session string
	Person  string // id of the viewer; empty in the list without names
	Roles   []policy.Role
	Purpose policy.Purpose
	What    string // kind of the entry
}

// viewings are the kinds of entries about looks at recordings and at live work.
var viewings = []string{"recording.viewed", "recording.exported", "recording.searched", "session.watched"}

// mostViewings bounds the list and the count of one page.
const mostViewings = 5000

// Viewings lists the looks at recordings since an instant, newest first, with roles and purposes. names adds who looked: the caller has
// asked policy, and has ledgered the look.
func (v *Views) Viewings(ctx context.Context, since time.Time, names bool) (out []Viewing, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		roles := map[string][]policy.Role{}
		for _, kind := range viewings {
			for e, err := range s.Entries(store.EntryFilter{Kind: kind, Newest: true, Limit: mostViewings}) {
				if err != nil {
					return err
				}
				if e.Time.Before(since) {
					break
				}
				one := Viewing{At: At(e.Time, v.o.Zone), Person: e.Actor.ID, What: e.Kind}
				var said struct {
					Purpose policy.Purpose `json:"purpose"`
				}
				if json.Unmarshal(e.Payload, &said) == nil { // a payload that was disposed of tells no purpose
					one.Purpose = said.Purpose
				}
				if len(e.Subjects) > 0 {
					one.Session = e.Subjects[0]
				}
				held, known := roles[one.Person]
				if !known {
					p, err := s.Person(one.Person)
					if err != nil && !errors.Is(err, store.ErrNotFound) {
						return fmt.Errorf("person %s: %w", one.Person, err)
					}
					held, roles[one.Person] = p.Roles, p.Roles
				}
				if one.Roles = held; !names {
					one.Person, one.Session = "", ""
				}
				out = append(out, one)
			}
		}
		return nil
	})
	return out, err
}
