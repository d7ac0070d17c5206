package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
)

// inputs are the small files, parsed before the long work begins.
type inputs struct {
	key       note.Verifier
	witnesses []note.Verifier
	policy    *ledger.Policy
	paper     *tlog.Hash
	since     []byte
	report    *figures.Report // nil: none was given
}

func (p *program) load(a arguments) (in inputs, failed *failure) {
	if a.key != "" {
		keys, failed := loadKeys(a.key, ledger.ParseKey)
		if failed != nil {
			return in, failed
		}
		if len(keys) > 1 {
			return in, &failure{
				code:    "key-unreadable",
				message: text{a.key + ": 公開鍵が二つ以上あります", a.key + ": holds more than one key"},
				hint:    text{"その台帳の鍵を一つだけ入れたファイルを渡してください", "give a file that holds the one key of this ledger"},
			}
		}
		in.key = keys[0]
	}
	for _, name := range a.witnesses {
		keys, failed := loadKeys(name, ledger.ParseWitnessKey)
		if failed != nil {
			return in, failed
		}
		in.witnesses = append(in.witnesses, keys...)
	}
	if a.policy != "" {
		b, err := readBounded(a.policy, 256<<10)
		if err != nil {
			return in, fileFailure(a.policy, err)
		}
		if in.policy, err = ledger.ParsePolicy(b); err != nil {
			return in, &failure{
				code:    "policy-unreadable",
				message: text{a.policy + ": 方針として読めません [" + err.Error() + "]", a.policy + ": not a trust policy: " + err.Error()},
				hint:    text{"sekimori ledger policy が出す形(c2sp.org/tlog-policy)のファイルを渡してください", "give a file as `sekimori ledger policy` prints it (c2sp.org/tlog-policy)"},
			}
		}
	}
	if a.paper != "" {
		root, err := ledger.ParseCheckpointText(a.paper)
		if err != nil {
			return in, &failure{
				code:    "text-unreadable",
				message: text{"紙の確定点が8文字の8組ではありません", err.Error()},
				hint:    text{"0-9 と a-f の8文字を8組、紙のとおりに打ってください(空白は自由です)", "type 8 groups of the digits 0-9 and a-f as they are on paper; spaces do not matter"},
			}
		}
		in.paper = &root
	}
	if a.since != "" {
		b, err := readSmall(a.since)
		if err != nil {
			return in, fileFailure(a.since, err)
		}
		if len(b) == 0 {
			// An empty file must not count as "no older checkpoint".
			return in, &failure{
				code:    string(ledger.SinceUnreadable),
				message: text{a.since + ": 以前の確定点が空です", a.since + ": the older checkpoint is empty"},
				hint:    hintFor(ledger.SinceUnreadable),
			}
		}
		in.since = b
	}
	if a.report != "" {
		return in, in.loadReport(a.report)
	}
	return in, nil
}

// loadKeys reads a file of public keys, one per line; empty lines and lines that begin with # are ignored.
func loadKeys(name string, parse func(string) (note.Verifier, error)) ([]note.Verifier, *failure) {
	b, err := readSmall(name)
	if err != nil {
		return nil, fileFailure(name, err)
	}
	hint := text{
		"公開鍵は「名前+検証値+base64」の一行です", "a public key is one line of the form name+hash+base64",
	}
	var keys []note.Verifier
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "PRIVATE+KEY+") {
			return nil, &failure{
				code:    "key-unreadable",
				message: text{name + ": これは署名用の秘密鍵です", name + ": this is a private key"},
				hint:    text{"検証に要るのは公開鍵だけです。秘密鍵は持ち出さないでください", "only the public key is needed to verify; a private key should not have left its place"},
			}
		}
		v, err := parse(line)
		if err != nil {
			return nil, &failure{
				code:    "key-unreadable",
				message: text{name + ": 公開鍵として読めません", name + ": not a public key"},
				hint:    hint,
			}
		}
		keys = append(keys, v)
	}
	if len(keys) == 0 {
		return nil, &failure{
			code:    "key-unreadable",
			message: text{name + ": 公開鍵がありません", name + ": holds no key"},
			hint:    hint,
		}
	}
	return keys, nil
}

// readSmall reads a small file: keys or a checkpoint.
func readSmall(name string) ([]byte, error) { return readBounded(name, 64<<10) }

// readBounded reads a file of at most so many bytes.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("larger than %d bytes", most)
	}
	return b, err
}
