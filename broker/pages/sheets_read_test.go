package pages

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/sheet"
	"sekimori/broker/view"
)

// TestAnotherProgramReadsTheForms exports the seven forms as workbook and as CSV in both encodings and reads them with Python's libraries:
// they hold the values of the page, and CP932 differs only in the characters that Python cannot encode.
func TestAnotherProgramReadsTheForms(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	testbed.Need(t, "python3")
	w := found(t)
	w.handedIn(w.worked())
	w.renames("V-012", "\U00020BB7野家システム☃〜有限責任事業組合 とても長い名前の保守事業部門")
	w.Pass(3 * time.Hour)
	b := w.as("mori")
	b.get("/forms?lang=ja")
	lost := 0
	for form, of := range map[string]url.Values{"request": {"id": {"R8-0001"}}, "ledger": {"month": {"all"}}, "work-report": {"id": {"WR-1"}}, "attendance": {"id": {"R8-0001-1"}}, "reviews": {"month": {"all"}}, "vendor": {"id": {"V-012"}}, "annual": {"id": {"R8"}}} {
		dir := t.TempDir()
		var files []string
		for _, as := range [][2]string{{"xlsx", "utf8"}, {"csv", "utf8"}, {"csv", "cp932"}} {
			in := url.Values{"purpose": {"periodic-review"}, "format": {as[0]}, "encoding": {as[1]}, "replace": {"true"}}
			for k, v := range of {
				in[k] = v
			}
			a := b.post("/forms/"+form+"/export", in)
			file := filepath.Join(dir, as[0]+as[1])
			if a.status != http.StatusOK || os.WriteFile(file, []byte(a.body), 0o600) != nil {
				t.Fatalf("%s as %v: %d %.200s", form, as, a.status, a.body)
			}
			files = append(files, file)
		}
		said, err := exec.Command("python3", append([]string{"testdata/read_forms.py"}, append(files, map[string][]string{"annual": {"counts"}}[form]...)...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", form, err, said)
			continue
		}
		var got struct {
			Workbook map[string][][]string
			CSV      map[string][][]string
			Lost     int
		}
		if err := json.Unmarshal(said, &got); err != nil {
			t.Fatal(err)
		}
		lost += got.Lost
		s, err := w.pages.o.Views.Form(t.Context(), view.Reader{Person: w.known("mori"), Via: "web"}, formOfQuery(form, "?"+of.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, form, s, got.Workbook, got.CSV)
	}
	if lost == 0 {
		t.Error("no character was lost: the vendor's name has two that CP932 lacks")
	}
}

var numbers = regexp.MustCompile("[0-9]+")

// agrees compares the rows of both formats with the sheet, value by value.
func agrees(t *testing.T, form string, s *sheet.Sheet, workbook, files map[string][][]string) {
	t.Helper()
	bare := func(v string) string {
		if v = strings.TrimPrefix(strings.ReplaceAll(v, "\r\n", "\n"), "'"); form == "annual" { // each export is a further entry, which the figures count
			v = numbers.ReplaceAllString(v, "0")
		}
		return v
	}
	csvOf := func(part string) [][]string {
		for name, rows := range files {
			if strings.HasPrefix(name, s.Key+part+"_") {
				return rows
			}
		}
		return nil
	}
	plain := !slices.ContainsFunc(s.Parts, func(p sheet.Part) bool { return len(p.Fields) > 0 })
	for i, p := range s.Parts {
		for _, f := range p.Fields {
			in := slices.ContainsFunc(csvOf(""), func(r []string) bool {
				return len(r) == 5 && r[1] == f.Key && bare(r[4]) == bare(f.Text.JA)
			})
			book := slices.ContainsFunc(workbook["書類"], func(r []string) bool {
				return len(r) > 1 && r[1] == f.Label.JA && (f.Text.JA == "" || len(r) > 2 && bare(r[2]) == bare(f.Text.JA))
			})
			if !in || !book {
				t.Errorf("%s, %s: %q is in the CSV: %v, in the workbook: %v", form, f.Key, f.Text.JA, in, book)
			}
		}
		if p.Table == nil {
			continue
		}
		part := "-" + p.Key
		if plain && i == 0 {
			part = ""
		}
		book, file, at := workbook[itoa(i+1)+" "+p.Key], csvOf(part), 0
		for cells, err := range p.Table.Rows {
			if at++; err != nil || len(book) <= at || len(file) <= at {
				t.Fatalf("%s, %s: %d rows in the workbook, %d in the CSV: row %d is missing, %v", form, p.Key, len(book), len(file), at, err)
			}
			for k, v := range file[at] {
				if other := append(book[at], make([]string, len(file[at]))...)[k]; bare(v) != bare(other) {
					t.Errorf("%s, %s, row %d: %q in the CSV, %q in the workbook", form, p.Key, at, v, other)
				}
			}
			for k, c := range cells {
				want := c.Text.JA
				if kind := p.Table.Columns[k].Kind; kind == sheet.Time || kind == sheet.Day || kind == sheet.Number {
					want = c.Code
				}
				if want != "" && !slices.ContainsFunc(file[at], func(v string) bool { return bare(v) == bare(want) }) {
					t.Errorf("%s, %s, row %d lacks %q", form, p.Key, at, want)
				}
			}
		}
		if len(book) != at+1 || len(file) != at+1 {
			t.Errorf("%s, %s: %d rows, %d in the workbook and %d in the CSV with their heads", form, p.Key, at, len(book), len(file))
		}
	}
}
