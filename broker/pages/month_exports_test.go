package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// monthly is a form's query.
func monthly(pairs ...string) url.Values {
	v := url.Values{"month": {monthName}, "header": {"keys"}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// exports takes the month out in every form and by both doors, reads each back and compares it with the works.
func (o *office) exports(incident string) {
	o.t.Helper()
	o.reviewReports()
	o.ledgers()
	export := o.jsonl()
	o.recounts(export)
	o.recordings()
	o.incidents(incident)
	o.proofs(export)
}

// reviewReports are the month's report as CSV in both encodings, as workbook, as PDF and as print page.
func (o *office) reviewReports() {
	o.t.Helper()
	command := func(name string, more ...string) []byte {
		return o.commands(name, append([]string{"review", "report", "--month", monthName, "--header", "keys"}, more...)...)
	}
	o.holdsReviews("CSV, page", o.csvs(o.posts("reviews-utf8.zip", "/forms/reviews/export", monthly("format", "csv")), o.utf8))
	o.holdsReviews("CSV, command", o.csvs(command("reviews-utf8.zip", "--format", "csv"), o.utf8))
	o.holdsReviews("CP932, page", o.csvs(o.posts("reviews-cp932.zip", "/forms/reviews/export", monthly("format", "csv", "encoding", "cp932", "replace", "true")), o.cp932))
	o.holdsReviews("CP932, command", o.csvs(command("reviews-cp932.zip", "--format", "csv", "--encoding", "cp932", "--replace"), o.cp932))
	for name, b := range map[string][]byte{"page": o.posts("reviews.xlsx", "/forms/reviews/export", monthly("format", "xlsx")), "command": command("reviews.xlsx", "--format", "xlsx")} {
		tables := map[string]table{}
		for sheet, rows := range o.sheets(b) {
			_, part, numbered := strings.Cut(sheet, " ")
			if !numbered { // the form's own rows: part, key, value
				part, rows = "hokoku", append([][]string{{"part", "key", "value", "words"}}, rows...)
			}
			tables[part] = tableOf(rows)
		}
		o.holdsReviews("XLSX, "+name, tables)
	}
	print := o.page.get("/forms/reviews/print?month=" + monthName)
	pdfs := map[string]string{"print page": squeezed(print.body)}
	for name, b := range map[string][]byte{"page": o.posts("reviews.pdf", "/forms/reviews/export", monthly("format", "pdf")), "command": command("reviews.pdf", "--format", "pdf")} {
		pdfs["PDF, "+name] = paperText(o.t, "month-reviews-"+name, string(b))
	}
	for name, text := range pdfs {
		for _, w := range o.all {
			if !strings.Contains(text, w.session) { // each number stands whole, on one line
				o.t.Errorf("%s lacks %s", name, w.session)
			}
		}
	}
}

// holdsReviews compares the tables of a month's report with the works.
func (o *office) holdsReviews(name string, tables map[string]table) {
	o.t.Helper()
	reviewed := tables["reviewed"]
	if len(reviewed) != len(o.all) {
		o.t.Errorf("%s: %d rows of reviews, want %d", name, len(reviewed), len(o.all))
	}
	judged := map[string]int{}
	for _, w := range o.all {
		row, stored := reviewed.of("session_id", w.session), o.stored(w)
		judgement := stored.Verdict
		if !stored.Answered.IsZero() {
			judgement = string(api.ReviewAnswered)
		}
		judged[judgement]++
		if row == nil || row["judgement"] != judgement || row["grounds"] != stored.Note && stored.Note != "" || row["purpose"] != "periodic-review" || !strings.Contains(row["auditor"], "mori") {
			o.t.Errorf("%s: %s is %v, want %s %q", name, w.session, row, judgement, stored.Note)
		}
		if w.cut != strings.Contains(row["reason"], api.PickCut.Label().JA) || w.masked != strings.Contains(row["reason"], api.PickMasked.Label().JA) {
			o.t.Errorf("%s: %s has the reasons %q", name, w.session, row["reason"])
		}
		if stored.Verdict == string(api.ReviewFix) {
			if f := tables["findings"].of("finding", stored.Note); f == nil || f["due_on"] != stored.AnswerBy.In(townhall.Zone).AddDate(0, 0, -1).Format(time.DateOnly) {
				o.t.Errorf("%s: the finding of %s is %v", name, w.session, f)
			}
		}
	}
	for judgement, n := range judged {
		by := tables["by_judgement"]
		if row := by.of("judgement", judgement); row["count"] != strconv.Itoa(n) {
			o.t.Errorf("%s: %d judged as %s, the table has %v", name, n, judgement, row)
		}
	}
	if row := tables["hokoku"].of("key", "in_scope"); row["value"] != strconv.Itoa(len(o.all)) {
		o.t.Errorf("%s: in scope %v", name, row)
	}
}

// stored is the review of a work.
func (m *month) stored(w *monthWork) (r store.Review) {
	m.t.Helper()
	m.ok("read", m.DB.Read(m.t.Context(), func(s *store.Snap) (err error) { r, err = s.Review(w.window); return err }))
	return r
}

// ledgers are the month's connections as CSV, workbook and PDF.
func (o *office) ledgers() {
	o.t.Helper()
	export := func(name string, more ...string) []byte {
		return o.commands(name, append([]string{"ledger", "export", "--month", monthName, "--header", "keys"}, more...)...)
	}
	tables := map[string]table{
		"CSV, page":      o.csvs(o.posts("ledger-utf8.zip", "/ledger/export", monthly("format", "csv")), o.utf8)["daicho"],
		"CP932, page":    o.csvs(o.posts("ledger-cp932.zip", "/ledger/export", monthly("format", "csv", "encoding", "cp932", "replace", "true")), o.cp932)["daicho"],
		"CSV, command":   o.csvs(export("ledger-utf8.zip", "--format", "csv"), o.utf8)["daicho"],
		"CP932, command": o.csvs(export("ledger-cp932.zip", "--format", "csv", "--encoding", "cp932", "--replace"), o.cp932)["daicho"],
	}
	for name, b := range map[string][]byte{"page": o.posts("ledger.xlsx", "/ledger/export", monthly("format", "xlsx")), "command": export("ledger.xlsx", "--format", "xlsx")} {
		for sheet, rows := range o.sheets(b) {
			if strings.Contains(sheet, " ") {
				tables["XLSX, "+name] = tableOf(rows)
			}
		}
	}
	for name, t := range tables {
		if len(t) != len(o.all) {
			o.t.Errorf("%s: %d connections, want %d", name, len(t), len(o.all))
		}
		for _, w := range o.all {
			row, v := t.of("session_id", w.session), o.sessionOf(w)
			minutes := strconv.Itoa(int(math.Ceil(v.Ended.Sub(v.Started).Minutes())))
			masked := map[bool]string{true: "2", false: "0"}[w.masked]
			if row["end_cause"] != string(w.cause) || row["minutes"] != minutes || row["masked"] != masked || row["request_no"] != w.no || !strings.Contains(row["engineer"], w.person) || row["target"] != v.Target {
				o.t.Errorf("%s: %s is %v, want %s, %s minutes, %s masked, by %s", name, w.session, row, w.cause, minutes, masked, w.person)
			}
		}
	}
	for name, b := range map[string][]byte{"page": o.posts("ledger.pdf", "/ledger/export", monthly("format", "pdf")), "command": export("ledger.pdf", "--format", "pdf")} {
		text := paperText(o.t, "month-ledger-"+name, string(b))
		for _, w := range o.all {
			if !strings.Contains(text, w.session) {
				o.t.Errorf("PDF, %s: the ledger lacks %s", name, w.session)
			}
		}
	}
}

func (m *month) sessionOf(w *monthWork) (v store.Session) {
	m.t.Helper()
	m.ok("read", m.DB.Read(m.t.Context(), func(s *store.Snap) (err error) { v, err = s.Session(w.session); return err }))
	return v
}

// jsonl is the whole ledger by both doors; each verifies.
func (o *office) jsonl() []byte {
	o.t.Helper()
	page, command := o.posts("ledger.jsonl", "/ledger/export", url.Values{}), o.commands("ledger.jsonl", "ledger", "export")
	for name, b := range map[string][]byte{"page": page, "command": command} {
		r, err := ledger.Verify(bytes.NewReader(b), ledger.VerifyOptions{Key: o.Keys.LedgerVerifier()})
		if err != nil || !r.SignerVerified {
			o.t.Errorf("%s: %+v %v", name, r, err)
		}
		ended := 0
		for _, l := range entryLines(o.t, b) {
			if l.Header.Kind == "session.ended" {
				ended++
			}
		}
		if ended != len(o.all) {
			o.t.Errorf("%s: %d sessions, want %d", name, ended, len(o.all))
		}
	}
	return command
}

// recounts counts the figures again from the export alone: they are those of the pages, of the forms and of the verifier.
func (o *office) recounts(export []byte) {
	o.t.Helper()
	from := time.Date(o.began.Year(), o.began.Month(), 1, 0, 0, 0, 0, townhall.Zone)
	own := recountMonth(entryLines(o.t, export), from, from.AddDate(0, 1, 0))
	shown := map[string]int64{}
	tables := o.csvs(o.posts("reviews-figures.zip", "/forms/reviews/export", monthly("format", "csv")), o.utf8)
	for _, row := range tables["hokoku"] {
		if n, err := strconv.ParseInt(row["value"], 10, 64); err == nil {
			shown[row["key"]] = n
		}
	}
	for _, row := range tables["by_judgement"] {
		n, err := strconv.ParseInt(row["count"], 10, 64)
		o.ok("count", err)
		shown["judged."+row["judgement"]] = n
	}
	shown["findings"] = int64(len(tables["findings"]))
	for key, n := range own {
		if shown[key] != n {
			o.t.Errorf("%s: counted %d from the export, the month's report has %d", key, n, shown[key])
		}
	}
	if own["sent_seconds"] == 0 || own["coverage"] == 0 || own["coverage"] == 100 || own["findings"] == 0 {
		o.t.Errorf("these figures say nothing: %v", own)
	}
	o.t.Logf("figures of the month: %v", own)
	o.page.get("/reviews?lang=ja").has(o.t, fmt.Sprintf("期限超過 %d件", shown["overdue"]))

	file := o.commands("annual.json", "annual", "export", "R8", "--format", "json")
	var report struct {
		Figures []struct {
			Table string `json:"table"`
			Key   string `json:"key"`
			Part  string `json:"part"`
			Value int64  `json:"value"`
		} `json:"figures"`
	}
	o.ok("annual report", json.Unmarshal(file, &report))
	year := map[string]int64{}
	for _, f := range report.Figures {
		year[strings.TrimSuffix(f.Table+"."+f.Key+"."+f.Part, ".")] = f.Value
	}
	for key, n := range map[string]int64{"reviews.due": own["in_scope"], "reviews.reviewed": own["reviewed"], "reviews.rate": own["rate"], "reviews.findings": own["findings"],
		"reviews.by_judgement.ok": own["judged.ok"], "reviews.by_judgement.fix": own["judged.fix"], "sessions.count": int64(len(o.all)), "reviews.freezes": 1} {
		if year[key] != n {
			o.t.Errorf("%s: counted %d from the export, the yearly report has %d; it has %v", key, n, year[key], slices.Sorted(maps.Keys(year)))
		}
	}
	o.commands("newer.jsonl", "ledger", "export")
	wrong := filepath.Join(o.dir, "wrong.json")
	o.ok("keep", os.WriteFile(wrong, bytes.Replace(file, []byte(`"key":"reviewed","value":`+strconv.Itoa(len(o.all))), []byte(`"key":"reviewed","value":`+strconv.Itoa(len(o.all)-1)), 1), 0o600))
	if err := run(o.program("sekimori-verify", "--partial", "--report", wrong, filepath.Join(o.dir, "command-newer.jsonl"))); err == nil || !strings.Contains(err.Error(), "reviewed") {
		o.t.Errorf("a report with one review less: %v", err)
	}
	o.verifies("report", "--partial", "--report", filepath.Join(o.dir, "command-annual.json"), filepath.Join(o.dir, "command-newer.jsonl"))
}

// verifies runs the offline verifier, which gets the ledger's public key alone.
func (o *office) verifies(what string, line ...string) {
	o.t.Helper()
	key := filepath.Join(o.dir, "ledger.pub")
	o.ok("key", os.WriteFile(key, []byte(o.Keys.LedgerVerifierKey()+"\n"), 0o600))
	o.ok(what, run(o.program("sekimori-verify", append(line, "--key", key)...)))
}

// recordings are the files of one recording, each of which has what its screen showed; the disposed one gives nothing.
func (o *office) recordings() {
	o.t.Helper()
	w := o.all[1]
	text := o.commands("recording.txt", "recording", "export", w.session, "--format", "text")
	raw := o.commands("recording.raw", "recording", "export", w.session, "--format", "raw")
	cast := o.commands("recording.cast", "recording", "export", w.session, "--format", "asciicast")
	html := o.commands("recording.html", "recording", "export", w.session, "--format", "html")
	page := o.posts("recording.html", "/recordings/"+w.session+"/offline", url.Values{})
	prompt := "[maint@host ~]$ exit"
	shown := ""
	for i, l := range bytes.Split(bytes.TrimSpace(cast), []byte("\n")) {
		var event []any
		if i == 0 {
			var header struct{ Version int }
			o.ok("header", json.Unmarshal(l, &header))
			if header.Version != 3 {
				o.t.Errorf("asciicast %d", header.Version)
			}
			continue
		}
		o.ok("event", json.Unmarshal(l, &event))
		if event[1] == "o" {
			shown += event[2].(string)
		}
	}
	if !strings.Contains(string(raw), prompt) {
		o.t.Errorf("the output of %s lacks its last prompt", w.session)
	}
	for l := range strings.Lines(string(raw)) {
		if !strings.Contains(shown, l) { // beside the output the picture shows what happened
			o.t.Errorf("the picture of %s lacks %q", w.session, l)
		}
	}
	if !strings.Contains(string(text), prompt) {
		o.t.Errorf("the text of %s lacks its last prompt", w.session)
	}
	for name, b := range map[string][]byte{"page": page, "command": html} {
		if !strings.HasPrefix(string(b), "<!") || !strings.Contains(string(b), w.session) || !strings.Contains(string(b), o.sessionOf(w).RecordingSum) {
			o.t.Errorf("HTML, %s: %.80q", name, b)
		}
	}
	for _, gone := range o.all[:1] {
		err := run(o.program("sekimori", "recording", "export", gone.session, "--format", "text", "--purpose", "periodic-review"))
		if err == nil || !strings.Contains(err.Error(), "廃棄") {
			o.t.Errorf("the disposed recording of %s: %v", gone.session, err)
		}
	}
	bad := o.all[7]
	if err := run(o.program("sekimori", "recording", "export", bad.session, "--format", "text", "--purpose", "periodic-review")); err == nil || !strings.Contains(err.Error(), "壊れて") {
		o.t.Errorf("the damaged recording of %s: %v", bad.session, err)
	}
}

// incidents is the evidence bundle of the freeze, by both doors; the verifier checks it.
func (o *office) incidents(incident string) {
	o.t.Helper()
	page := o.posts("incident.zip", "/incidents/"+incident+"/export", url.Values{})
	file := filepath.Join(o.dir, "command-incident.zip")
	o.ok("incident", run(o.program("sekimori", "incident", "export", incident, "--purpose", "periodic-review", "--out", file)))
	at := filepath.Join(o.dir, "page-incident.zip")
	o.ok("keep", os.WriteFile(at, page, 0o600))
	for _, f := range []string{at, file} {
		o.verifies("the bundle", "--incident", f)
	}
}

// proofs are the proof of a session's end, by both doors.
func (o *office) proofs(export []byte) {
	o.t.Helper()
	w := o.all[1]
	no := -1
	for _, l := range entryLines(o.t, export) {
		if l.Header.Kind == "session.ended" && l.text("session_id") == w.session {
			no = l.Header.Index
		}
	}
	page := o.posts("end.tlog-proof", fmt.Sprintf("/ledger/%d/proof", no), url.Values{})
	command := o.commands("end.tlog-proof", "session", "proof", w.session)
	for name, b := range map[string][]byte{"page": page, "command": command} {
		if !bytes.HasPrefix(b, []byte("c2sp.org/tlog-proof@v1\n")) || !bytes.Contains(b, []byte("index "+strconv.Itoa(no)+"\n")) {
			o.t.Errorf("proof, %s: %.200q", name, b)
		}
	}
	policy := filepath.Join(o.dir, "trust.policy")
	o.ok("policy", os.WriteFile(policy, []byte("log "+o.Keys.LedgerVerifierKey()+"\nquorum none\n"), 0o600)) // the ledger of this world has no witnesses
	for _, name := range []string{"command-end.tlog-proof", "page-end.tlog-proof"} {
		file := filepath.Join(o.dir, name)
		if strings.HasPrefix(name, "page") {
			o.ok("keep", os.WriteFile(file, page, 0o600))
		}
		o.ok(name, run(o.program("sekimori-verify", "--proof", file, "--policy", policy)))
	}
}

var rankedRow = regexp.MustCompile(`(?s)<th scope="row"><a href="/reviews/([^"]+)">.*?</tr>`)

// ranks compares the ranked queue of the page with the one counted from an export.
func (m *month) ranks() {
	m.t.Helper()
	b := m.as("mori")
	export := b.post("/ledger/export", url.Values{"purpose": {"periodic-review"}})
	if export.status != http.StatusOK {
		m.t.Fatalf("export: %d", export.status)
	}
	var shown []string
	for path := "/reviews?order=rank&lang=ja"; path != ""; {
		a := b.get(path)
		for _, row := range rankedRow.FindAllStringSubmatch(a.body, -1) {
			score := "0"
			if n := regexp.MustCompile(`\(計 (\d+)\)`).FindStringSubmatch(row[0]); n != nil {
				score = n[1]
			}
			shown = append(shown, row[1]+" "+score)
		}
		path = ""
		if next := regexp.MustCompile(`<a href="([^"]+)">続きを見る`).FindStringSubmatch(a.body); next != nil {
			path = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	var own []string
	for _, r := range recountRanking(m.t, entryLines(m.t, []byte(export.body))) {
		own = append(own, r.id+" "+strconv.Itoa(r.score))
	}
	if !slices.Equal(own, shown) {
		m.t.Errorf("the ranking counted from the export:\n%v\nof the page:\n%v", own, shown)
	}
}
