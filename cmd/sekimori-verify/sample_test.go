package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
	"sekimori/broker/witness"
	"sekimori/recordings"
)

var (
	updateSample = flag.Bool("update", false, "make examples/audit anew")
	updateReport = flag.Bool("update-report", false, "count the yearly report of examples/audit anew; ledger, recording and keys stay")
)

// sample is the directory of the sample for auditors.
const sample = "../../examples/audit"

// sampleCase is a command of the sample's README with its status.
type sampleCase struct {
	command string
	status  int
	ja, en  string
}

var sampleCases = []sampleCase{
	{"--proof end.tlog-proof --policy trust.policy --recording S-20261124-01.skr", 0, "一つの接続を、操作記録と証明だけで確かめる", "One session, by its recording and its proof alone"},
	{"ledger.jsonl --policy trust.policy --recording S-20261124-01.skr", 0, "台帳全体と操作記録を確かめる", "The whole ledger and its recordings"},
	{"ledger.jsonl --policy trust.policy --checkpoint-text PAPER", 0, "紙に控えた確定点と照らす", "Against a checkpoint kept on paper"},
	{"ledger.jsonl --policy trust.policy --report annual.json", 0, "年次報告の数値を台帳から数え直す", "The figures of a yearly report, counted again"},
	{"ledger.jsonl --policy trust.policy --report annual-changed.json", 1, "改ざん: 数値を一つ変えた年次報告", "Tampered: one figure of the yearly report"},
	{"ledger-changed.jsonl --policy trust.policy", 1, "改ざん: 記載の内容を一文字変えた台帳", "Tampered: one character of an entry's payload"},
	{"ledger-cut.jsonl --policy trust.policy", 1, "改ざん: 終わりの記載を除いた台帳", "Tampered: the last entry removed"},
	{"--proof end.tlog-proof --policy trust.policy --recording S-20261124-01-changed.skr", 1, "改ざん: 一バイト変えた操作記録", "Tampered: one byte of the recording"},
	{"--proof end-changed.tlog-proof --policy trust.policy", 1, "改ざん: 経路の値を一つ変えた証明", "Tampered: one hash of the proof's path"},
	{"ledger.jsonl --policy changed.policy", 1, "別の立会署名者を求める方針", "A policy that asks for another witness"},
}

// TestSampleForAuditors: the committed sample holds, each tampered copy fails at its place, and the README shows what the program says.
func TestSampleForAuditors(t *testing.T) {
	if *updateSample {
		makeSample(t)
	}
	if *updateReport {
		makeReport(t)
	}
	var total int64
	files, err := os.ReadDir(sample)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 300<<10 {
		t.Errorf("the sample has %d bytes, at most %d", total, 300<<10)
	}
	for _, lang := range []string{"ja", "en"} {
		readme, err := os.ReadFile(filepath.Join(sample, readmeOf(lang)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range sampleCases {
			got, shown := runSample(t, lang, c)
			if got.status != c.status {
				t.Errorf("%s: status %d, want %d\n%s", c.command, got.status, c.status, shown)
			}
			if !strings.Contains(string(readme), shown) {
				t.Errorf("%s does not show\n%s", readmeOf(lang), shown)
			}
		}
	}
	// The identity opens the recording whole.
	key, err := os.Open(filepath.Join(sample, "identity.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	identities, err := age.ParseIdentities(key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := recordings.Open(filepath.Join(sample, "S-20261124-01.skr"), identities...)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var text bytes.Buffer
	if err := recordings.Text(t.Context(), &text, r, recordings.View{}); err != nil || !strings.Contains(text.String(), "給与計算") {
		t.Errorf("%q, %v", text.String(), err)
	}
}

func readmeOf(lang string) string {
	if lang == "ja" {
		return "README.ja.md"
	}
	return "README.md"
}

// runSample runs a command of the README in the sample's directory, and gives the text that the README shows for it.
func runSample(t *testing.T, lang string, c sampleCase) (outcome, string) {
	t.Helper()
	paper, err := os.ReadFile(filepath.Join(sample, "checkpoint.txt"))
	if err != nil {
		t.Fatal(err)
	}
	groups := strings.Split(string(paper), "\n")[2]
	args := []string{"--lang", lang}
	for _, a := range strings.Fields(c.command) {
		switch {
		case a == "PAPER":
			a = groups
		case !strings.HasPrefix(a, "--"):
			a = filepath.Join(sample, a)
		}
		args = append(args, a)
	}
	got := verify(args...)
	shown := "$ sekimori-verify " + strings.Replace(c.command, "PAPER", `"`+groups+`"`, 1) + "\n" + got.out + got.err
	return got, "```\n" + strings.ReplaceAll(shown, sample+"/", "") + "```\n"
}

// makeSample makes the sample anew, with keys made for it alone.
func makeSample(t *testing.T) {
	o := newOffice(t)
	o.dir = sample
	if err := os.MkdirAll(sample, 0o755); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 24, 10, 6, 31, 0, time.FixedZone("JST", 9*3600))
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	elapsed := time.Duration(0)
	file := o.path("S-20261124-01.skr")
	_ = os.Remove(file)
	w, err := recordings.Create(file, recordings.Header{Session: "S-20261124-01", Started: start, Zone: "Asia/Tokyo"}, recordings.Options{
		FS: recordings.OS(), OutputTo: []age.Recipient{id.Recipient()}, InputTo: []age.Recipient{id.Recipient()}, Elapsed: func() time.Duration { return elapsed },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"$ grep 端数 kyuyo.log\r\n", "10:02 給与計算 端数誤り 3件\r\n", "$ exit\r\n"} {
		elapsed += 3 * time.Second
		if err := w.Data(0, recordings.Stdout, []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	digest, err := w.Close(recordings.End{Cause: "ended-by-engineer", At: start.Add(elapsed)})
	if err != nil {
		t.Fatal(err)
	}
	digest.File = "2026/11/S-20261124-01.skr"
	signer, public := keyPair(t, origin)
	o.signer = signer
	for _, d := range []ledger.Draft{
		{Kind: "request.approved", Actor: ledger.Actor{Kind: "person", ID: "U-002", Via: "web"}, Subjects: []string{"R8-0124"}, Payload: map[string]any{"stage": 1}},
		{Kind: "window.opened", Actor: ledger.Actor{Kind: "person", ID: "U-005", Via: "web"}, Subjects: []string{"R8-0124-1"}},
		{Kind: "session.opening", Actor: ledger.Actor{Kind: "person", ID: "E-0031", Via: "ssh"}, Subjects: []string{"S-20261124-01", "R8-0124-1"}, Payload: map[string]any{"session_id": "S-20261124-01"}},
		{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", ID: "broker", Via: "timer"}, Subjects: []string{"S-20261124-01", "R8-0124-1"}, Payload: map[string]any{"session_id": "S-20261124-01", "end_cause": "ended-by-engineer", "recording": digest}},
		{Kind: "window.closed", Actor: ledger.Actor{Kind: "person", ID: "U-005", Via: "web"}, Subjects: []string{"R8-0124-1"}},
		{Kind: "ledger.exported", Actor: ledger.Actor{Kind: "person", ID: "U-030", Via: "cli"}, Subjects: []string{"U-030"}, Payload: map[string]any{"purpose": "periodic-review", "format": "jsonl"}},
	} {
		o.add(d)
	}
	cosigned, keys := sampleWitness(t, public, o.checkpoint())
	policy := fmt.Sprintf("# %s\nlog %s\nwitness w1.1 %s\nwitness w1.2 %s\ngroup w1 all w1.1 w1.2\nquorum w1\n", origin, public, keys[0], keys[1])
	_, strangers := sampleWitness(t, public, o.checkpoint())
	o.write("ledger.pub", []byte(public+"\n"))
	o.write("witness.pub", []byte(strings.Join(keys, "\n")+"\n"))
	o.write("trust.policy", []byte(policy))
	o.write("changed.policy", []byte(strings.NewReplacer(keys[0], strangers[0], keys[1], strangers[1]).Replace(policy)))
	o.write("identity.txt", []byte("# made for this sample alone\n"+id.String()+"\n"))
	c, err := ledger.ReadCheckpoint(cosigned)
	if err != nil {
		t.Fatal(err)
	}
	o.write("checkpoint.txt", []byte(ledger.PaperText(c)))
	o.export("ledger.jsonl", cosigned)
	export := o.read("ledger.jsonl")
	o.write("ledger-changed.jsonl", bytes.Replace(export, []byte("ended-by-engineer"), []byte("ended-by-enginees"), 1))
	lines := bytes.SplitAfter(export, []byte("\n"))
	o.write("ledger-cut.jsonl", bytes.Join(append(lines[:len(lines)-3:len(lines)-3], lines[len(lines)-2]), nil))
	o.proof("end.tlog-proof", 3, cosigned)
	proof := strings.Split(string(o.read("end.tlog-proof")), "\n")
	first := []byte(proof[3])
	first[0] = map[bool]byte{true: 'B', false: 'A'}[first[0] == 'A']
	proof[3] = string(first)
	o.write("end-changed.tlog-proof", []byte(strings.Join(proof, "\n")))
	changed := o.read("S-20261124-01.skr")
	changed[len(changed)/2] ^= 1
	o.write("S-20261124-01-changed.skr", changed)
	makeReport(t)
}

// makeReport counts the yearly report from the sample's ledger, and writes the README anew.
func makeReport(t *testing.T) {
	t.Helper()
	report := figures.Report{FiscalYear: 2026}
	report.From, report.To = figures.Year(2026, time.FixedZone("JST", 9*3600))
	counted := figures.New(report.From, report.To)
	export, err := os.ReadFile(filepath.Join(sample, "ledger.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Verify(bytes.NewReader(export), ledger.VerifyOptions{Entry: func(e ledger.Entry) error { report.Entries++; counted.Add(e); return nil }}); err != nil {
		t.Fatal(err)
	}
	report.Figures = counted.Figures()
	var stated bytes.Buffer
	if err := report.Write(&stated); err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(sample, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("annual.json", stated.Bytes())
	write("annual-changed.json", bytes.Replace(stated.Bytes(), []byte(`"table":"sessions","key":"count","value":1`), []byte(`"table":"sessions","key":"count","value":0`), 1))
	for _, lang := range []string{"ja", "en"} {
		write(readmeOf(lang), []byte(sampleReadme(t, lang)))
	}
}

// sampleWitness cosigns the checkpoint with the keys of a new witness.
func sampleWitness(t *testing.T, ledgerKey string, checkpoint []byte) (cosigned []byte, keys []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "witness")
	keys, err := witness.Init(dir, "witness.example/1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := witness.Add(dir, ledgerKey); err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(dir, func() time.Time { return time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	lines, err := w.Cosign(append([]byte("old 0\n\n"), checkpoint...))
	if err != nil {
		t.Fatal(err)
	}
	return append(checkpoint, lines...), keys
}

func sampleReadme(t *testing.T, lang string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(sampleIntro[lang])
	for _, c := range sampleCases {
		title := c.en
		if lang == "ja" {
			title = c.ja
		}
		_, shown := runSample(t, lang, c)
		fmt.Fprintf(&b, "\n## %s\n%s", title, regexp.MustCompile(`[ \t]+\n`).ReplaceAllString(shown, "\n"))
	}
	return b.String()
}

var sampleIntro = map[string]string{
	"ja": `# 監査の見本

監査人が受け取るものと、その改ざんされた写しの見本です。鍵はすべてこの見本のためだけに作りました。検証には ` + "`sekimori-verify`" + ` だけを使い、関守にもネットワークにもつなぎません(時刻は ` + "`TZ=UTC`" + ` での表示)。

| ファイル | 中身 |
|---|---|
| ` + "`ledger.jsonl`" + ` | 台帳の書き出し |
| ` + "`S-20261124-01.skr`" + ` | 操作記録。` + "`sekimori recording play S-20261124-01.skr --identity identity.txt`" + ` で再生 |
| ` + "`end.tlog-proof`" + ` | その接続の終了の証明(c2sp.org/tlog-proof) |
| ` + "`trust.policy`" + ` | 信じるもの: 台帳の公開鍵、立会署名者、必要な署名(c2sp.org/tlog-policy) |
| ` + "`annual.json`" + ` | 年次報告(案)の検証ファイル |
| ` + "`ledger.pub` `witness.pub`" + ` | 公開鍵 |
| ` + "`checkpoint.txt`" + ` | 紙に控えた確定点 |
| ` + "`*-changed.*` `*-cut.*`" + ` | 改ざんされた写し |
`,
	"en": `# A sample for auditors

What an auditor receives, and tampered copies of it. All keys were made for this sample alone. Only ` + "`sekimori-verify`" + ` is used; it needs neither the broker nor a network (times as with ` + "`TZ=UTC`" + `).

| file | contents |
|---|---|
| ` + "`ledger.jsonl`" + ` | an export of the ledger |
| ` + "`S-20261124-01.skr`" + ` | a recording; ` + "`sekimori recording play S-20261124-01.skr --identity identity.txt`" + ` plays it |
| ` + "`end.tlog-proof`" + ` | the proof of the end of that session (c2sp.org/tlog-proof) |
| ` + "`trust.policy`" + ` | what is trusted: the ledger's key, the witnesses, their quorum (c2sp.org/tlog-policy) |
| ` + "`annual.json`" + ` | the verification file of a yearly report (a draft) |
| ` + "`ledger.pub` `witness.pub`" + ` | public keys |
| ` + "`checkpoint.txt`" + ` | a checkpoint kept on paper |
| ` + "`*-changed.*` `*-cut.*`" + ` | tampered copies |
`,
}
