package broker

import (
	"cmp"
	"crypto/tls"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/ledger"
	"sekimori/broker/publish"
)

// LedgerConfig is the group of keys about the ledger.
type LedgerConfig struct {
	Origin         string          `yaml:"origin"`
	CheckpointDir  string          `yaml:"checkpoint_dir"` // empty: checkpoints stay in the database only
	Witnesses      []WitnessConfig `yaml:"witnesses"`
	Quorum         int             `yaml:"quorum"` // of the witnesses; 0: all of them
	WitnessSilence Duration        `yaml:"witness_silence"`
	CheckpointMail string          `yaml:"checkpoint_mail"` // empty: none
	Retention      Duration        `yaml:"retention"`       // of payloads; 0: for ever
	LooksRetention Duration        `yaml:"looks_retention"` // of payloads of entries about looks; 0: for ever
	Seals          bool            `yaml:"seals"`           // printed forms have frames to be stamped

	SIEM SIEMConfig `yaml:",inline"` // the collector of logs that gets every entry
}

// WitnessConfig is one witness: where it answers, and its keys.
type WitnessConfig struct {
	URL  string   `yaml:"url"`
	Keys []string `yaml:"keys"` // in the form of c2sp.org/signed-note, as `ledger witness init` prints them

	CAFile string `yaml:"ca_file"` // of authorities that vouch for its certificate; empty: the system's
}

// checkWitnesses says how many witnesses cosign the ledger, and looks at their files and addresses. It asks none of them: an alarm tells of one
// that does not answer.
func (c Config) checkWitnesses(out *findings, clock func() time.Time) {
	n := len(c.Ledger.Witnesses)
	if n == 0 {
		out.add(LevelOK, "witnesses", "立会署名者はいません。古い写しに戻されたことは、外に置いた確定点との照合で見つけます(`sekimori ledger witness`)",
			"none; that an older copy was restored is found by checkpoints kept outside (`sekimori ledger witness`)")
		return
	}
	need := cmp.Or(c.Ledger.Quorum, n)
	out.add(LevelOK, "witnesses", fmt.Sprintf("立会署名者 %d 人(必要 %d 人)", n, need), fmt.Sprintf("%d, of whom %d must cosign", n, need))
	for _, w := range c.Ledger.Witnesses {
		if _, err := w.secured(clock); err != nil {
			out.failed("ledger", err)
		} else if !strings.HasPrefix(w.URL, "https://") {
			out.add(LevelWarning, "witnesses", w.URL+" には TLS なしで尋ねます。署名は偽造できませんが、間にいる者は妨げられます", w.URL+" is asked without TLS: no one can forge a cosignature, but anyone in between can keep it away")
		}
	}
}

// mostWitnesses bounds the list: a checkpoint with the signatures of all must stay within its bound.
const mostWitnesses = 8

func defaultLedger() LedgerConfig {
	return LedgerConfig{Origin: "sekimori.example/ledger", CheckpointDir: "checkpoints", WitnessSilence: Duration(24 * time.Hour), Seals: true, SIEM: defaultSIEM()}
}

// empty tells whether nothing stands below the group's name.
func (l LedgerConfig) empty() bool {
	return l.Origin == "" && l.CheckpointDir == "" && len(l.Witnesses) == 0 && l.Quorum == 0 && l.WitnessSilence == 0 && l.CheckpointMail == "" && l.Retention == 0 && l.LooksRetention == 0 && !l.Seals
}

// ledgerKeys documents them.
func ledgerKeys() []configKey {
	key := func(name, ja, en string, value func(LedgerConfig) any) configKey {
		return configKey{name: name, ja: ja, en: en, value: func(c Config) any { return value(c.Ledger) }}
	}
	return []configKey{
		key("origin", "確定点に署名する台帳の名前。最初の起動の後は変えられません。", "Name of the ledger in its checkpoints. Fixed once the ledger exists.", func(l LedgerConfig) any { return l.Origin }),
		key("checkpoint_dir", "確定点を書き出す場所。データの外に置くほど、過去の書換えが見つかります。", "Where checkpoints are also written. Outside the data, or rewriting the past goes unseen.", func(l LedgerConfig) any { return l.CheckpointDir }),
		key("witnesses", "立会署名者: url(アドレス)、keys(`sekimori ledger witness init` が示す公開鍵)、https なら ca_file(その証明書を保証する認証局。なければ OS のもの)の行。別の機械の立会署名者が、台帳が前の続きであることを確かめて署名します。",
			"Witnesses: rows of url, keys (as `sekimori ledger witness init` prints them) and, with https, ca_file (authorities that vouch for its certificate; else the system's). On another machine a witness checks that the ledger continues, and cosigns.", func(l LedgerConfig) any { return witnessRows(l.Witnesses) }),
		key("quorum", "立会署名がそろったとみなす人数。0 なら全員。", "How many witnesses must have cosigned; 0: all of them.", func(l LedgerConfig) any { return l.Quorum }),
		key("witness_silence", "立会署名者が応じないまま警報を上げるまで。", "How long a witness may stay silent before an alarm is raised.", func(l LedgerConfig) any { return l.WitnessSilence.String() }),
		key("checkpoint_mail", "毎日の確定点を送るメールのアドレス。空なら送りません。関守の管理者が消せないところに置きます。", "Mailbox that gets each day's checkpoint; empty: none. Best where the broker's administrators cannot delete it.", func(l LedgerConfig) any { return l.CheckpointMail }),
		key("retention", "記載の内容と、終わった書類の写しを保存する期間(365d 以上)。0s なら廃棄しません。見出しと検証値は残ります。変えるときは二人の同意が要り、延ばすなら14日の予告も要ります。",
			"How long payloads of entries, and copies of papers that have ended, are kept (365d at least). 0s: for ever. Their headers and hashes stay. A change takes two people, and a longer time fourteen days.", func(l LedgerConfig) any { return l.Retention.String() }),
		key("looks_retention", "閲覧の記録の内容を保存する期間(365d 以上)。0s なら廃棄しません。", "The same for the record of looks.", func(l LedgerConfig) any { return l.LooksRetention.String() }),
		key("seals", "印刷する台帳と点検報告書に押印欄を置くか(true か false)。決裁は電子承認として印刷されます。", "Whether the printed ledger and review report have frames to be stamped (true or false). Decisions print as electronic approvals.", func(l LedgerConfig) any { return l.Seals }),
	}
}

// witnessRows gives the rows as the file has them.
func witnessRows(list []WitnessConfig) []map[string]any {
	out := make([]map[string]any, 0, len(list))
	for _, w := range list {
		row := map[string]any{"url": w.URL, "keys": w.Keys}
		if w.CAFile != "" {
			row["ca_file"] = w.CAFile
		}
		out = append(out, row)
	}
	return out
}

// wrong is the first mistake of the group: its key and what is wrong; without a key there is none.
func (l LedgerConfig) wrong() (key, ja, en string) {
	if strings.TrimSpace(l.Origin) == "" || strings.ContainsAny(l.Origin, " +\t\r\n") {
		return "ledger.origin", "ledger の origin に空白や + は使えません", "origin of ledger is a name without space or +"
	}
	if len(l.Witnesses) > mostWitnesses {
		return "ledger.witnesses", fmt.Sprintf("witnesses は %d 人までです", mostWitnesses), fmt.Sprintf("there are at most %d witnesses", mostWitnesses)
	}
	names := map[string]bool{}
	for i, w := range l.Witnesses {
		parsed, err := w.witness()
		if err != nil {
			return "ledger.witnesses", fmt.Sprintf("%d 人目の立会署名者: url は http(s)://…、keys は同じ名前の公開鍵を一つか二つ、ca_file は https のときだけです", i+1),
				fmt.Sprintf("witness %d: url is http(s)://…, keys are one or two public keys of one name, ca_file goes with https only: %v", i+1, err)
		}
		if names[parsed.Name()] || parsed.Name() == l.Origin {
			return "ledger.witnesses", "立会署名者の名前が重なっています: " + parsed.Name(), "two keys are called " + parsed.Name()
		}
		names[parsed.Name()] = true
	}
	if l.Quorum < 0 || l.Quorum > len(l.Witnesses) {
		return "ledger.quorum", "quorum は 0 から立会署名者の数までです", "quorum is between 0 and the number of witnesses"
	}
	if len(l.Witnesses) > 0 && l.WitnessSilence < Duration(10*time.Minute) {
		return "ledger.witness_silence", "witness_silence は 10m 以上です", "witness_silence is at least 10m"
	}
	if _, err := netmail.ParseAddress(l.CheckpointMail); l.CheckpointMail != "" && err != nil {
		return "ledger.checkpoint_mail", "checkpoint_mail はメールのアドレスです", "checkpoint_mail is a mail address"
	}
	for name, d := range map[string]Duration{"retention": l.Retention, "looks_retention": l.LooksRetention} {
		if d != 0 && d < shortestKept {
			return "ledger." + name, name + " は 365d 以上、または 0s です", name + " is at least 365d, or 0s"
		}
	}
	return "", "", ""
}

// shortestKept is the shortest time for which payloads are kept: the reviews of a year's work need them.
const shortestKept = Duration(365 * 24 * time.Hour)

func (w WitnessConfig) witness() (publish.Witness, error) {
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return publish.Witness{}, fmt.Errorf("url %q", w.URL)
	}
	if w.CAFile != "" && u.Scheme != "https" {
		return publish.Witness{}, fmt.Errorf("ca_file with %q", w.URL)
	}
	out := publish.Witness{Address: w.URL}
	for _, k := range w.Keys {
		v, err := ledger.ParseWitnessKey(k)
		if err != nil {
			return publish.Witness{}, err
		}
		if _, err := note.NewVerifier(strings.TrimSpace(k)); err == nil {
			return publish.Witness{}, fmt.Errorf("the key %s is not of a cosignature type", v.Name())
		}
		out.Keys = append(out.Keys, v)
	}
	if len(out.Keys) == 0 || len(out.Keys) > 2 || out.Keys[0].Name() != out.Keys[len(out.Keys)-1].Name() || len(out.Keys) == 2 && out.Keys[0].KeyHash() == out.Keys[1].KeyHash() {
		return publish.Witness{}, fmt.Errorf("%d keys", len(out.Keys))
	}
	return out, nil
}

// witnesses are the witnesses as the asker takes them. Their rows were checked when the file was read.
func (l LedgerConfig) witnesses(clock func() time.Time) ([]publish.Witness, error) {
	var out []publish.Witness
	for _, w := range l.Witnesses {
		one, err := w.witness()
		if err != nil {
			return nil, fmt.Errorf("witness: %w", err)
		}
		if one.TLS, err = w.secured(clock); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// secured gives the TLS settings by which the broker checks the witness's certificate: with the authorities of ca_file, else the
// system's. Error: *ConfigError for a file that cannot be used.
func (w WitnessConfig) secured(clock func() time.Time) (*tls.Config, error) {
	pool, err := authorities("ledger.witnesses", "ca_file", w.CAFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Time: clock}, nil
}

// paths are the files of the group.
func (l *LedgerConfig) paths() []*string {
	out := append(l.SIEM.paths(), &l.CheckpointDir)
	for i := range l.Witnesses {
		out = append(out, &l.Witnesses[i].CAFile)
	}
	return out
}

// keysOf are the keys of all witnesses.
func keysOf(list []publish.Witness) (keys []note.Verifier) {
	for _, w := range list {
		keys = append(keys, w.Keys...)
	}
	return keys
}

// needed is how many witnesses make the quorum.
func (l LedgerConfig) needed() int {
	if l.Quorum > 0 {
		return l.Quorum
	}
	return len(l.Witnesses)
}

// Policy is the trust policy (c2sp.org/tlog-policy) that an auditor's verifier takes: the ledger's key, the witnesses, the quorum. A
// witness with two keys counts where both have signed.
func (l LedgerConfig) Policy(key string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nlog %s\n", l.Origin, key)
	if len(l.Witnesses) == 0 {
		b.WriteString("quorum none\n")
		return b.String()
	}
	var names []string
	for i, w := range l.Witnesses {
		name := fmt.Sprintf("w%d", i+1)
		names = append(names, name)
		if len(w.Keys) == 1 {
			fmt.Fprintf(&b, "witness %s %s %s\n", name, strings.TrimSpace(w.Keys[0]), w.URL)
			continue
		}
		for j, k := range w.Keys {
			fmt.Fprintf(&b, "witness %s.%d %s %s\n", name, j+1, strings.TrimSpace(k), w.URL)
		}
		fmt.Fprintf(&b, "group %s all %s.1 %s.2\n", name, name, name)
	}
	fmt.Fprintf(&b, "group witnesses %d %s\nquorum witnesses\n", l.needed(), strings.Join(names, " "))
	return b.String()
}
