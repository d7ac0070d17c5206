package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// ReceiptForm is the key of the receipt of a disposal among the forms.
const ReceiptForm = "receipt"

// receipt has the values that the receipt of a recording's disposal shows. They come from entries of the ledger, not from rows.
type receipt struct {
	api.Session
	names          map[string]string
	ordered, ended ledger.Entry // recording.disposing and recording.disposed
	said           disposed
	reason         string
	covers         Covering
	zone           *time.Location
}

// disposed are the members of an entry recording.disposed.
type disposed struct {
	SHA256  string    `json:"sha256"`
	Size    int64     `json:"size"`
	Days    int       `json:"days"`
	Files   []string  `json:"files"`
	By      string    `json:"by"`
	Ordered time.Time `json:"ordered_at"`
	Checked time.Time `json:"checked_at"`
}

// receiptSheet is the receipt of a disposal, for those who may see the recording. Errors: those of the look; a fault where the recording is not
// disposed of.
func (v *Views) receiptSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	if _, err := v.Recording(ctx, by, a.ID); err != nil {
		return nil, err
	}
	x := receipt{zone: v.o.Zone}
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		one, err := s.Session(a.ID)
		if err != nil {
			return err
		}
		x.Session = Session(one, v.o.Zone)
		return x.read(v, s)
	})
	if err != nil {
		return nil, err
	}
	if x.names, err = v.Names(ctx, x.System, x.Target, x.Vendor, x.Engineer, x.said.By); err != nil {
		return nil, err
	}
	s := &sheet.Sheet{No: text.Same(x.ID), Parts: filled(receiptParts, receiptRows(), x), Code: x.code()}
	s.Notes = []text.Text{
		text.Of("この書面は台帳の記載 "+x.number()+" の写しです。確かめるには、点検担当が書き出す台帳を sekimori-verify で検証し、記載の検証値と確定点をこの書面と比べます。",
			"This paper is a copy of entry "+x.number()+" of the ledger. To check it, verify an export of the ledger with sekimori-verify, and compare the entry's hash and the checkpoint with this paper."),
		text.Of("台帳の記載は残ります。外部へ渡した写しと、廃棄の前にとったバックアップには及びません。", "The entries of the ledger stay. Copies that were handed out, and backups made before the disposal, are not covered."),
	}
	notes, err := v.requestNotes(ctx, a.ID)
	s.Notes = append(s.Notes, notes...)
	return s, err
}

// read reads the entries, each proved by its place in the ledger.
func (x *receipt) read(v *Views, s *store.Snap) (err error) {
	for kind, into := range map[string]*ledger.Entry{"recording.disposing": &x.ordered, "recording.disposed": &x.ended} {
		there := false
		for e, err := range s.Entries(store.EntryFilter{Kind: kind, Subject: x.ID, Newest: true, Limit: 1}) {
			if err == nil {
				err = s.Prove(e)
			}
			if err != nil {
				return fmt.Errorf("entry %s of %s: %w", kind, x.ID, err)
			}
			*into, there = e, true
		}
		if !there {
			return notDisposed(x.ID)
		}
	}
	var why struct {
		Reason string `json:"reason"`
	}
	if err := errors.Join(json.Unmarshal(x.ended.Payload, &x.said), json.Unmarshal(x.ordered.Payload, &why)); err != nil {
		return fmt.Errorf("receipt of %s: %w", x.ID, err)
	}
	x.reason = why.Reason
	x.covers, err = v.coveringOf(s, x.ended.Index)
	return err
}

func notDisposed(session string) *api.Fault {
	return &api.Fault{Status: http.StatusNotFound, Code: "recording-not-disposed", Exit: api.ExitError,
		JA: "操作記録 " + session + " は廃棄していません。廃棄の証明はありません", EN: "the recording " + session + " is not disposed of; there is no receipt",
		HintJA: "廃棄予定の日は「操作記録」の一覧(sekimori recording show)にあります", HintEN: "`sekimori recording show` tells when it is due"}
}

func (x receipt) number() string { return strconv.FormatInt(x.ended.Index, 10) }

// code is the text of the QR code, which a person compares with an export, in the words of FORMAT.md.
func (x receipt) code() string {
	return fmt.Sprintf("recording.disposed %s\nentry %d\nleaf %s\n%s", x.ID, x.ended.Index, x.ended.Leaf(), ledger.PaperText(x.covers.Checkpoint))
}

func (x receipt) name(id string) sheet.Cell {
	return spelled(nameAndID(Named{ID: id, Name: x.names[id]}))
}

var receiptParts = []formPart[receipt]{
	{key: "what", ja: "廃棄した操作記録", en: "What was disposed of"},
	{key: "rule", ja: "廃棄の根拠", en: "By which rule"},
	{key: "done", ja: "廃棄の結果", en: "How it ended"},
	{key: "proof", ja: "台帳による証明", en: "Proof by the ledger"},
}

func receiptRows() []formRow[receipt] {
	type f = receipt
	at := func(t time.Time, x f) sheet.Cell { return sheet.At(At(t, x.zone)) }
	return []formRow[f]{
		{"what", "session_id", "接続番号", "Session", sheet.Words, func(x f) sheet.Cell { return sheet.Text(x.ID) }},
		{"what", "request_no", "申請番号", "Request", sheet.Words, func(x f) sheet.Cell { return spelled(x.Request) }},
		{"what", "system", "対象システム", "System", sheet.Words, func(x f) sheet.Cell { return x.name(x.System) }},
		{"what", "target", "接続先", "Target", sheet.Words, func(x f) sheet.Cell { return x.name(x.Target) }},
		{"what", "vendor", "保守事業者", "Vendor", sheet.Words, func(x f) sheet.Cell { return x.name(x.Vendor) }},
		{"what", "engineer", "保守要員", "Engineer", sheet.Words, func(x f) sheet.Cell { return x.name(x.Engineer) }},
		{"what", "started_at", "接続開始", "Started", sheet.Time, func(x f) sheet.Cell { return at(x.Started, x) }},
		{"what", "ended_at", "接続終了", "Ended", sheet.Time, func(x f) sheet.Cell { return at(x.Ended, x) }},
		{"what", "size", "大きさ(バイト)", "Bytes", sheet.Number, func(x f) sheet.Cell { return sheet.Count(x.said.Size) }},
		{"what", "sha256", "操作記録の検証値", "SHA-256 of the recording", sheet.Words, func(x f) sheet.Cell { return spelled(x.said.SHA256) }},
		{"what", "files", "廃棄したファイル", "Files", sheet.Words, func(x f) sheet.Cell { return lines(x.said.Files) }},
		{"rule", "days", "保存期間(日)", "Kept for (days)", sheet.Number, func(x f) sheet.Cell { return sheet.Count(int64(x.said.Days)) }},
		{"rule", "ordered_by", "廃棄を決めた者", "Ordered by", sheet.Words, func(x f) sheet.Cell {
			if x.said.By == "" {
				return sheet.Said(text.Of("規則による(関守)", "the rule (Sekimori)"))
			}
			return x.name(x.said.By)
		}},
		{"rule", "reason", "理由", "Reason", sheet.Words, func(x f) sheet.Cell {
			if x.reason == "" {
				return sheet.Said(text.Of("保存期間の経過", "its time of keeping was over"))
			}
			return sheet.Text(x.reason)
		}},
		{"rule", "ordered_at", "廃棄を決めた日時", "Ordered", sheet.Time, func(x f) sheet.Cell { return at(x.said.Ordered, x) }},
		{"rule", "order_entry", "廃棄の開始の記載番号", "Entry of the order", sheet.Number, func(x f) sheet.Cell { return sheet.Count(x.ordered.Index) }},
		{"done", "how", "方法", "How", sheet.Words, func(f) sheet.Cell {
			return sheet.Said(text.Of("鍵を上書きして破棄し、ファイルを削除し、置き場所を読み返して残っていないことを確かめた", "its keys were overwritten, its files removed, and the directory was read back and holds none of their names"))
		}},
		{"done", "checked_at", "確認日時", "Checked", sheet.Time, func(x f) sheet.Cell { return at(x.said.Checked, x) }},
		{"proof", "entry_no", "記載番号", "Entry", sheet.Number, func(x f) sheet.Cell { return sheet.Count(x.ended.Index) }},
		{"proof", "entry_at", "記載日時", "Entered", sheet.Time, func(x f) sheet.Cell { return at(x.ended.Time, x) }},
		{"proof", "entry_hash", "記載の検証値", "Hash of the entry", sheet.Words, func(x f) sheet.Cell { return sheet.Text(x.ended.Leaf().String()) }},
		{"proof", "checkpoint", "確定点", "Checkpoint", sheet.Words, func(x f) sheet.Cell {
			groups := ledger.CheckpointText(x.covers.Root)
			return sheet.Text(fmt.Sprintf("%s\n%d\n%s\n%s", x.covers.Origin, x.covers.Size, strings.Join(groups[:len(groups)/2], " "), strings.Join(groups[len(groups)/2:], " ")))
		}},
		{"proof", "witnesses", "立会署名者", "Witnesses", sheet.Words, func(x f) sheet.Cell { return lines(x.covers.Witnesses) }},
	}
}
