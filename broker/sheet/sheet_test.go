package sheet_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/sheet"
	"sekimori/policy/text"
)

var printed = time.Date(2026, 11, 24, 12, 0, 0, 0, time.FixedZone("JST", 9*3600))

// application is a form with a value of every kind, a table, a chart, and text of a stranger.
func application() *sheet.Sheet {
	label := func(ja, en string) text.Text { return text.Of(ja, en) }
	return &sheet.Sheet{
		Key: "hoshu-shinsei", Name: label("リモート保守作業申請書", "Remote maintenance request"), No: text.Request("R8-0124"), Scope: label("令和8年度", "fiscal 2026"),
		Addressed: "みほん市長", Printed: printed, Version: "1.0-test", Marks: []text.Text{label("訓練", "DRILL")},
		Notes: []text.Text{label("訂正 → 1285: 接続先は控えの機器", "correction → 1285: the target was the spare")}, Seals: []text.Text{label("所管課長", "Head"), label("情報システム課", "IS section")},
		Parts: []sheet.Part{
			{Key: "work", Title: label("1 作業", "1 Work"), Fields: []sheet.Field{
				sheet.NewField("purpose", label("目的", "Purpose"), sheet.Words, sheet.Text("給与明細の列を直す\n影響は1表だけ")),
				sheet.NewField("formula", label("手順概要", "Procedure"), sheet.Words, sheet.Text(`=HYPERLINK("http://evil","x")`)),
				sheet.NewField("start", label("開始", "Start"), sheet.Time, sheet.At(printed)),
				sheet.NewField("filed_on", label("申請日", "Filed"), sheet.Day, sheet.On(printed)),
				sheet.NewField("urgent", label("至急", "Urgent"), sheet.Flag, sheet.YesNo(true)),
				sheet.NewField("rare", label("氏名", "Name"), sheet.Words, sheet.Text("髙﨑〜−¥ 𠮷野 ☃\u03a9 e\u0301")),
			}},
			{Key: "checks", Title: label("6 確認事項", "6 Checks"), Bars: []string{"minutes"}, Table: &sheet.Table{
				Columns: []sheet.Column{{Key: "item", Label: label("事項", "Item"), Share: 3}, {Key: "state", Label: label("結果", "Result"), Kind: sheet.Code}, {Key: "minutes", Label: label("分", "min"), Kind: sheet.Number}},
				Rows:    sheet.Rows([]sheet.Cell{sheet.Said(label("誓約書の写し", "pledge")), sheet.Coded("met", label("適合", "met")), sheet.Count(81)}, []sheet.Cell{sheet.Text("@回線"), sheet.Coded("caution", label("注意", "caution")), sheet.Count(-3)}),
			}},
		},
	}
}

func archived(t *testing.T, s *sheet.Sheet, o sheet.Options) (files map[string]string, sum string, l sheet.Losses) {
	t.Helper()
	var b bytes.Buffer
	sum, l, err := sheet.Archive(&b, s, o, "R8-0124", sheet.Proof{By: "AU1", At: printed, Entries: 7, Entry: 6, Checkpoint: "sekimori\n7\nroot\n"})
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(all)
	}
	return files, sum, l
}

const fieldsUTF8, checksUTF8 = "hoshu-shinsei_R8-0124_20261124T1200JST_utf8.csv", "hoshu-shinsei-checks_R8-0124_20261124T1200JST_utf8.csv"

func TestAnArchiveHoldsTheValuesOnce(t *testing.T) {
	t.Parallel()
	files, sum, l := archived(t, application(), sheet.Options{Lang: "ja"})
	if !strings.HasPrefix(files[fieldsUTF8], "\ufeff") {
		t.Error("no mark of UTF-8 at the beginning")
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(files[fieldsUTF8], "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[3], "|"); got != "1 作業|start|開始|2026-11-24T12:00:00+09:00|令和8年11月24日(火)12:00(2026-11-24)" {
		t.Errorf("row of an instant: %s", got)
	}
	if got := rows[2][4]; got != `'=HYPERLINK("http://evil","x")` || l.Guarded != 2 { // and @回線
		t.Errorf("a formula became %q; %d values guarded", got, l.Guarded)
	}
	want := "\ufeff\"事項\",\"結果(符号)\",\"結果\",\"分\"\r\n\"誓約書の写し\",\"met\",\"適合\",81\r\n\"'@回線\",\"caution\",\"注意\",-3\r\n"
	if files[checksUTF8] != want {
		t.Errorf("table:\n%q\nwant\n%q", files[checksUTF8], want)
	}
	keys, sumKeys, _ := archived(t, application(), sheet.Options{Lang: "en", Keys: true})
	if got := keys[checksUTF8]; !strings.HasPrefix(got, "\ufeff\"item\",\"state\",\"state_label\",\"minutes\"\r\n\"pledge\"") {
		t.Errorf("stable keys: %q", got)
	}
	if sum != sumKeys {
		t.Error("the digest depends on language or heads")
	}
	for _, want := range []string{sum, "by: AU1", "entries of the ledger: 7", "entry about this export: 6", fieldsUTF8, checksUTF8, "sekimori\r\n7\r\nroot"} {
		if !strings.Contains(files["verify.txt"], want) {
			t.Errorf("verify.txt lacks %q", want)
		}
	}
	for name := range files {
		if strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
			t.Errorf("name %q is not ASCII", name)
		}
	}
}

// CP932 has 髙 and 﨑, and twins for 〜 − ¥. What it lacks becomes 〓, is counted before and listed. A program that knows CP932 reads the file.
func TestCP932ReplacesOnlyWhatItLacks(t *testing.T) {
	t.Parallel()
	o := sheet.Options{Lang: "ja", CP932: true}
	before, err := sheet.Lost(application(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, _, l := archived(t, application(), o)
	if l.Replaced != 3 || before != l { // 𠮷, ☃ and the accent
		t.Errorf("%d replaced, announced %d, want 3", l.Replaced, before.Replaced)
	}
	raw := files[strings.Replace(fieldsUTF8, "utf8", "cp932", 1)]
	decoded, err := japanese.ShiftJIS.NewDecoder().String(raw)
	if err != nil {
		t.Fatal(err)
	}
	const want = "髙﨑\uff5e\uff0d\uffe5 〓野 〓Ω e〓"
	if !strings.Contains(decoded, want) {
		t.Errorf("CP932 lacks %q:\n%s", want, decoded)
	}
	for _, want := range []string{"U+20BB7\t𠮷\t×1", "U+2603\t☃\t×1", "U+0301", "_cp932.csv\t7"} {
		if !strings.Contains(files["replaced.txt"], want) {
			t.Errorf("replaced.txt lacks %q:\n%s", want, files["replaced.txt"])
		}
	}
	t.Run("python", func(t *testing.T) {
		testbed.Need(t, "python3")
		cmd := exec.Command("python3", "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read().decode('cp932').encode())")
		cmd.Stdin = strings.NewReader(raw)
		out, err := cmd.Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("python's cp932: %v %s", err, out)
		}
	})
}

func TestAWorkbookHoldsTheValues(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	dir := t.TempDir()
	sum, err := sheet.Workbook(&b, application(), sheet.Options{Lang: "ja"}, sheet.Proof{By: "AU1", At: printed, Entry: -1}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, csvSum, _ := archived(t, application(), sheet.Options{}); sum != csvSum {
		t.Error("workbook and CSV have different digests")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("files left behind: %v", left)
	}
	x, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	rows, err := x.GetRows("2 checks")
	if err != nil || fmt.Sprint(rows) != "[[事項 結果(符号) 結果 分] [誓約書の写し met 適合 81] [@回線 caution 注意 -3]]" {
		t.Errorf("table: %v %v", rows, err)
	}
	form, err := x.GetRows("書類")
	if all := fmt.Sprint(form); err != nil || !strings.Contains(all, "給与明細の列を直す") || !strings.Contains(all, "訂正 → 1285") || !strings.Contains(all, sum) {
		t.Errorf("form: %v %v", form, err)
	}
	for cell := range 20 {
		if f, _ := x.GetCellFormula("書類", fmt.Sprintf("C%d", cell+1)); f != "" {
			t.Errorf("a stranger's text became the formula %q", f)
		}
	}
}

// The text in a PDF is that of the values, in both languages; characters that the font lacks are 〓 and listed; each page has its number.
func TestAPDFHoldsTheValues(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "pdftotext")
	for _, lang := range []string{"ja", "en"} {
		s := application()
		s.Parts[0].Fields = append(s.Parts[0].Fields, sheet.NewField("long", text.Of("長文", "Long"), sheet.Words, sheet.Text(strings.Repeat("これは長い説明です。", 400))))
		sum, lost, got := read(t, s, lang)
		if want := 1; lost['☃'] > want || lost[0x301] > want || got == "" {
			t.Errorf("lost: %v", lost)
		}
		flat := strings.Join(strings.Fields(got), "")
		for _, p := range s.Parts {
			for _, f := range p.Fields[:min(len(p.Fields), 5)] {
				for _, want := range []string{f.Label.In(lang), f.Text.In(lang)} {
					if !strings.Contains(flat, strings.Join(strings.Fields(want), "")) {
						t.Errorf("%s: the PDF lacks %q", lang, want)
					}
				}
			}
		}
		if n := strings.Count(flat, "これは長い説明です。"); n < 380 { // lines of two pages may part some
			t.Errorf("a long value lost lines: %d", n)
		}
		short := strings.ToUpper(sum[:8] + "-" + sum[8:16])
		if !strings.Contains(flat, short) || !strings.Contains(flat, "1/") || !strings.Contains(flat, "1.0-test") {
			t.Errorf("%s: foot is missing (%s)", lang, short)
		}
	}
	s := application()
	s.Parts[0].Fields[0].Cell = sheet.Text("A\U00020BB7\u0b85B")
	if _, lost, got := read(t, s, "ja"); lost[0xb85] != 1 || !strings.Contains(got, "U+0B85 ×1") || !strings.Contains(got, "〓") {
		t.Errorf("a missing glyph: %v\n%s", lost, got)
	}
}

// read makes a PDF, and gives the text that a reader finds in it.
func read(t *testing.T, s *sheet.Sheet, lang string) (string, map[rune]int, string) {
	t.Helper()
	var b bytes.Buffer
	sum, lost, err := sheet.PDF(&b, s, lang)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "form.pdf")
	if keep := os.Getenv("SEKIMORI_PICTURES"); keep != "" {
		name = filepath.Join(keep, s.Key+"_"+lang+".pdf")
	}
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return sum, lost, string(out)
}

// endless is a table of so many rows, made while it is read.
func endless(n int) *sheet.Sheet {
	return &sheet.Sheet{Key: "many", Printed: printed, Parts: []sheet.Part{{Key: "rows", Table: &sheet.Table{Columns: []sheet.Column{{Key: "no", Kind: sheet.Number}, {Key: "words"}}, Rows: func(yield func([]sheet.Cell, error) bool) {
		for i := range n {
			if !yield([]sheet.Cell{sheet.Count(int64(i)), sheet.Text("第" + fmt.Sprint(i) + "件の記載")}, nil) {
				return
			}
		}
	}}}}}
}

func TestManyRowsTakeLittleMemory(t *testing.T) {
	n := 30_000
	if testbed.Whole() {
		n = 1_000_000
	}
	for name, write := range map[string]func(io.Writer) error{
		"csv": func(w io.Writer) error {
			_, _, err := sheet.Archive(w, endless(n), sheet.Options{}, "", sheet.Proof{})
			return err
		},
		"xlsx": func(w io.Writer) error {
			_, err := sheet.Workbook(w, endless(n), sheet.Options{}, sheet.Proof{}, t.TempDir())
			return err
		},
	} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := write(io.Discard); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 160<<20 { // 100 MiB under the race detector
			t.Errorf("%s: %d rows took %d MiB", name, n, grown>>20)
		}
	}
	if _, _, err := sheet.PDF(io.Discard, endless(sheet.MostOnPaper+1), "ja"); !errors.Is(err, sheet.ErrTooLong) {
		t.Errorf("PDF of too many rows: %v", err)
	}
}

// TestAttackFormulasInACSV: every value that a spreadsheet may take for a formula has an apostrophe before it, also where what stands before the first character is
// dropped, not seen, or skipped. Other values stay as they are.
func TestAttackFormulasInACSV(t *testing.T) {
	t.Parallel()
	for value, guarded := range map[string]bool{
		"=cmd|' /C calc'!A0": true, "+1": true, "-1": true, "@SUM(A1)": true, "\t=1": true, "\tx": true, "\r=1": true, "\x00=1": true, "\x01\x1f@x": true, "\u009b=1": true, "\u007f=1": true,
		" =1": true, "\n=1": true, "\n\n +1": true, "\u3000=1": true, "\u00a0=1": true, "＝1": true, "＋1": true, "－1": true, "＠x": true, "−1": true, "\ufeff=1": true, "\u200b=1": true, "\u202e=1": true,
		"\ufe0f=1": true, "\U000e0100=1": true,
		"": false, " ": false, "a=1": false, "1-2": false, "'=1": false, "\n": false, "・": false, "ー": false,
	} {
		for _, wide := range []bool{false, true} {
			s := application()
			s.Parts = s.Parts[:1]
			s.Parts[0].Fields = []sheet.Field{sheet.NewField("x", text.Of("値", "Value"), sheet.Words, sheet.Text(value))}
			s.Notes = nil
			files, _, l := archived(t, s, sheet.Options{Lang: "ja", CP932: sheet.CP932(wide)})
			var row []string
			for name, body := range files {
				if strings.HasSuffix(name, ".csv") {
					if wide {
						body, _ = japanese.ShiftJIS.NewDecoder().String(body)
					}
					rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
					if err != nil {
						t.Fatal(err)
					}
					row = rows[1]
				}
			}
			if got := row[4]; strings.HasPrefix(got, "'") != (guarded || value == "'=1") || (l.Guarded > 0) != guarded {
				t.Errorf("%q (CP932 %v) became %q, %d guarded", value, wide, got, l.Guarded)
			}
		}
	}
}

// TestAttackAValueThatACellDoesNotHold: a workbook says where it cut a value, and shortens none that fits.
func TestAttackAValueThatACellDoesNotHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value string
		cut   bool
	}{"fits": {strings.Repeat("あ", excelize.TotalCellChars), false}, "one more": {strings.Repeat("あ", excelize.TotalCellChars+1), true}, "pairs": {strings.Repeat("𠮷", excelize.TotalCellChars), true}} {
		s := application()
		s.Parts = s.Parts[:1]
		s.Parts[0].Fields[0] = sheet.NewField("purpose", text.Of("目的", "Purpose"), sheet.Words, sheet.Text(c.value))
		s.Parts[0].Table = &sheet.Table{Columns: []sheet.Column{{Key: "item", Label: text.Of("事項", "Item")}}, Rows: sheet.Rows([]sheet.Cell{sheet.Text(c.value)})}
		var b bytes.Buffer
		if _, err := sheet.Workbook(&b, s, sheet.Options{Lang: "ja"}, sheet.Proof{By: "AU1", At: printed, Entry: -1}, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		var long []string
		for _, name := range f.GetSheetList() {
			rows, err := f.GetRows(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, v := range row {
					if len(v) > 10_000 {
						long = append(long, v)
					}
				}
			}
		}
		if len(long) != 2 {
			t.Fatalf("%s: %d long values", name, len(long))
		}
		for _, v := range long {
			if strings.HasSuffix(v, "the CSV has all of it】") != c.cut || !c.cut && v != c.value {
				t.Errorf("%s: %d bytes, ends %q", name, len(v), v[len(v)-40:])
			}
		}
	}
}
