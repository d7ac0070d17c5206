package pages

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/api"
	"sekimori/broker/web"
)

// office are the doors by which the auditor takes the month out: the pages, and the commands at a broker's socket.
type office struct {
	*month
	page *browser
	dir  string // of the commands' files; SEKIMORI_PDF_DIR keeps what both gave, to be looked at
	bin  string
	env  []string // of the commands
}

// program is a command of ours.
func (o *office) program(name string, line ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(o.bin, name), line...)
	c.Env = append(os.Environ(), o.env...)
	return c
}

// opens signs in at both doors: the pages for an auditor who is signed in, and the API for the program, which signs in as people do.
func (m *month) opens(t *testing.T) *office {
	t.Helper()
	o := &office{month: m, page: m.as("mori"), dir: t.TempDir(), bin: t.TempDir()}
	m.ok("build", run(exec.Command("go", "build", "-o", o.bin, "sekimori/cmd/sekimori", "sekimori/cmd/sekimori-verify")))
	s := web.New(web.Options{DB: m.DB, Ring: m.Keys, Registry: m.o.Registry, Desk: m.o.Desk, Attendance: m.o.Attendance, Freezer: m.o.Freezer, Reviews: m.o.Reviews, Days: m.o.Days, Papers: m.o.Papers, Teller: m.o.Teller,
		Permits: m.o.Permits, Sealing: m.o.Sealing, Reconcile: m.o.Reconcile, Files: m.o.Files, Roster: m.o.Roster, Lines: m.o.Lines, Targets: m.o.Targets, Reports: m.o.Reports, Agenda: m.o.Agenda, Sessions: m.o.Sessions,
		Views: m.o.Views, Acts: m.o.Acts, Evidence: m.o.Evidence, Clock: m.Now, Zone: m.o.Zone, Status: func() api.Status { return api.Status{} }, Owner: uint32(os.Getuid()), Log: hclog.NewNullLogger(), Player: Player()})
	short, err := os.MkdirTemp("", "skm") // a socket's path is limited
	m.ok("directory", err)
	t.Cleanup(func() { os.RemoveAll(short) })
	l, err := web.Listen(filepath.Join(short, "s"), 0o600, "")
	m.ok("listen", err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	o.env = []string{"SEKIMORI_SOCKET=" + filepath.Join(short, "s"), "SEKIMORI_TOKEN_FILE=" + filepath.Join(short, "token"), "LANG=ja_JP.UTF-8"}
	sign := o.program("sekimori", "login", "mori", "--auth-stdin")
	sign.Stdin = strings.NewReader(password + "\n" + m.code("mori") + "\n")
	m.ok("sign in", run(sign))
	return o
}

// run runs a program; its error has the program's output.
func run(c *exec.Cmd) error {
	out, err := c.CombinedOutput()
	if err != nil {
		return &said{err, string(out)}
	}
	return nil
}

type said struct {
	error
	out string
}

func (s *said) Error() string { return s.error.Error() + "\n" + s.out }

// commands runs a command of the auditor that writes a file, and reads it.
func (o *office) commands(name string, line ...string) []byte {
	o.t.Helper()
	file := filepath.Join(o.dir, "command-"+name)
	o.ok(strings.Join(line, " "), run(o.program("sekimori", append(line, "--purpose", "periodic-review", "-o", file)...)))
	b, err := os.ReadFile(file)
	o.ok("read "+name, err)
	return o.keep("command-"+name, b)
}

// posts takes the same from its page.
func (o *office) posts(name, path string, form url.Values) []byte {
	o.t.Helper()
	form.Set("purpose", "periodic-review")
	a := o.page.post(path, form)
	if a.status != http.StatusOK {
		o.t.Fatalf("%s: %d\n%.600s", path, a.status, a.body)
	}
	return o.keep("page-"+name, []byte(a.body))
}

func (o *office) keep(name string, b []byte) []byte {
	o.t.Helper()
	if dir := os.Getenv("SEKIMORI_PDF_DIR"); dir != "" {
		o.ok("keep "+name, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	return b
}

// table is rows by the keys of their columns.
type table []map[string]string

func tableOf(rows [][]string) (t table) {
	for _, row := range rows[1:] {
		one := map[string]string{}
		for i, key := range rows[0] {
			if i < len(row) {
				one[key] = row[i]
			}
		}
		t = append(t, one)
	}
	return t
}

// of finds a row by the value of a column.
func (t table) of(key, value string) map[string]string {
	for _, row := range t {
		if row[key] == value {
			return row
		}
	}
	return nil
}

// files are the files of a ZIP.
func (o *office) files(b []byte) map[string][]byte {
	o.t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	o.ok("open the archive", err)
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		o.ok(f.Name, err)
		out[f.Name], err = io.ReadAll(r)
		o.ok(f.Name, err)
	}
	return out
}

// csvs are the tables of an export as CSV, by the name of their part. decode turns a file into UTF-8.
func (o *office) csvs(b []byte, decode func([]byte) []byte) map[string]table {
	o.t.Helper()
	out := map[string]table{}
	for name, file := range o.files(b) {
		if !strings.HasSuffix(name, ".csv") {
			continue
		}
		r := csv.NewReader(bytes.NewReader(decode(file)))
		r.FieldsPerRecord = -1
		rows, err := r.ReadAll()
		o.ok(name, err)
		title, _, _ := strings.Cut(name, "_R8_")
		out[title[strings.LastIndex(title, "-")+1:]] = tableOf(rows)
	}
	return out
}

func (o *office) utf8(b []byte) []byte {
	o.t.Helper()
	rest, ok := bytes.CutPrefix(b, []byte("\xef\xbb\xbf"))
	if !ok {
		o.t.Errorf("a CSV in UTF-8 begins with %x and not with its mark", b[:min(len(b), 3)])
	}
	return rest
}

// cp932 is read by iconv, which knows it.
func (o *office) cp932(b []byte) []byte {
	o.t.Helper()
	c := exec.Command("iconv", "-f", "CP932", "-t", "UTF-8")
	c.Stdin = bytes.NewReader(b)
	out, err := c.Output()
	o.ok("iconv", err)
	return out
}

// sheets are the tables of a workbook by the names of its sheets, read as plain XML.
func (o *office) sheets(b []byte) map[string][][]string {
	o.t.Helper()
	type cell struct {
		Type   string   `xml:"t,attr"`
		Value  string   `xml:"v"`
		Inline []string `xml:"is>t"`
		Runs   []string `xml:"is>r>t"`
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	var shared struct {
		Items []struct {
			Text []string `xml:"t"`
			Runs []string `xml:"r>t"`
		} `xml:"si"`
	}
	files := o.files(b)
	o.ok("workbook", xml.Unmarshal(files["xl/workbook.xml"], &book))
	o.ok("relations", xml.Unmarshal(files["xl/_rels/workbook.xml.rels"], &links))
	if s := files["xl/sharedStrings.xml"]; s != nil {
		o.ok("strings", xml.Unmarshal(s, &shared))
	}
	out := map[string][][]string{}
	for _, s := range book.Sheets {
		for _, l := range links.All {
			if l.ID != s.ID {
				continue
			}
			var sheet struct {
				Rows []struct {
					Cells []cell `xml:"c"`
				} `xml:"sheetData>row"`
			}
			o.ok(s.Name, xml.Unmarshal(files["xl/"+strings.TrimPrefix(l.Target, "/xl/")], &sheet))
			for _, r := range sheet.Rows {
				var row []string
				for _, c := range r.Cells {
					text := c.Value + strings.Join(c.Inline, "") + strings.Join(c.Runs, "")
					if c.Type == "s" {
						n := 0
						for _, d := range c.Value {
							n = 10*n + int(d-'0')
						}
						text = strings.Join(shared.Items[n].Text, "") + strings.Join(shared.Items[n].Runs, "")
					}
					row = append(row, text)
				}
				out[s.Name] = append(out[s.Name], row)
			}
		}
	}
	if len(out) == 0 {
		o.t.Fatalf("no sheet in %v", slices.Sorted(maps.Keys(files)))
	}
	return out
}
