package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/urfave/cli/v2"
	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/keys"
	"sekimori/recordings"
)

// offlineIdentity is the name of the identity that init makes when no recipient is given.
const offlineIdentity = "offline-input-identity.txt"

func (p *program) initCommand() *cli.Command {
	return p.leaf("init", "[DIR]", "新しい関守の設定、鍵、データの場所を作る", "make configuration, keys and data directory of a new broker", p.init,
		&cli.StringSliceFlag{Name: "input-recipient", Usage: p.say("入力を封じる age 公開鍵(点検担当が別の機械で作ったもの)", "age recipient of the input (made by an auditor on another machine)")},
		&cli.StringSliceFlag{Name: "auditor-recipient", Usage: p.say("画面出力も開ける点検担当の age 公開鍵", "age recipient of an auditor who may open the output too")},
		&cli.StringFlag{Name: "listen", Usage: p.say("SSH を待ち受けるアドレス", "address where SSH is accepted")},
		&cli.StringFlag{Name: "institution", Usage: p.say("機関の名前", "name of the institution")},
		&cli.StringFlag{Name: "origin", Usage: p.say("台帳の名前", "name of the ledger")},
		&cli.BoolFlag{Name: "page", Usage: p.say("最初の設定を尋ねる画面を、この機械だけに開く", "open a page, on this machine alone, that asks for the first set-up")},
	)
}

// initResult is what init made.
type initResult struct {
	Dir             string `json:"dir"`
	Config          string `json:"config"`
	MasterKey       string `json:"master_key_file"`
	LedgerKey       string `json:"ledger_key_file"`
	CAKey           string `json:"ca_key_file"`
	GateKey         string `json:"gate_key_file"`
	OfflineIdentity string `json:"offline_identity_file,omitempty"`
}

// init builds everything beside the place and moves it there in one step, so that a failure
// leaves nothing half made. Only an empty directory, or none, is taken.
func (p *program) init(c *cli.Context) (err error) {
	dir := c.Args().First()
	if dir == "" {
		dir = "sekimori"
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	existed, err := vacant(dir)
	if err != nil {
		return err
	}
	cfg, identity, err := p.firstConfig(c)
	if err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), ".sekimori-init-")
	if err != nil {
		return &failure{ja: "場所を作れません", en: "cannot make the place", cause: err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(building))
		}
	}()
	result, err := p.furnish(building, cfg, identity)
	if err != nil {
		return err
	}
	if existed {
		// rename(2) replaces an empty directory, and refuses one that is no longer empty.
		if err := os.Rename(building, dir); err != nil {
			return &failure{ja: "場所が空ではなくなりました", en: "the directory is no longer empty", cause: err}
		}
	} else if err := os.Rename(building, dir); err != nil {
		return &failure{ja: "場所を作れません", en: "cannot make the place", cause: err}
	}
	if err := p.saidInit(dir, result); err != nil || !c.Bool("page") {
		return err
	}
	return p.setUpPage(c.Context, dir, cfg)
}

// vacant refuses a directory in which something lies.
func vacant(dir string) (existed bool, err error) {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, os.MkdirAll(filepath.Dir(dir), 0o755)
	case err != nil:
		return false, &failure{ja: "場所を読めません", en: "cannot read the directory", cause: err}
	case len(list) > 0:
		return true, &failure{
			ja: fmt.Sprintf("%s は空ではありません。何も変えていません", dir), en: fmt.Sprintf("%s is not empty; nothing was changed", dir),
			hintJA: "新しい場所の名前を指定します", hintEN: "name a new directory",
		}
	}
	return true, nil
}

// firstConfig is the configuration of a new broker, and the identity of the input where the
// caller brought no recipient.
func (p *program) firstConfig(c *cli.Context) (broker.Config, *age.HybridIdentity, error) {
	cfg := broker.DefaultConfig()
	for flag, key := range map[string]*string{"institution": &cfg.Institution, "origin": &cfg.Ledger.Origin} {
		if v := c.String(flag); v != "" {
			*key = v
		}
	}
	if v := c.String("listen"); v != "" {
		cfg.SSHListen = broker.Address(v)
	}
	for flag, key := range map[string]*[]broker.Recipient{"input-recipient": &cfg.Recipients.Input, "auditor-recipient": &cfg.Recipients.Auditors} {
		for _, v := range c.StringSlice(flag) {
			if _, err := recordings.ParseRecipient(v); err != nil {
				return cfg, nil, &usageError{
					ja: fmt.Sprintf("--%s: age の公開鍵(age1pq1… または age1…)ではありません", flag), en: fmt.Sprintf("--%s: not an age recipient (age1pq1… or age1…)", flag),
				}
			}
			*key = append(*key, broker.Recipient(v))
		}
	}
	if err := readable(cfg); err != nil {
		return cfg, nil, err
	}
	if len(cfg.Recipients.Input) > 0 {
		return cfg, nil, nil
	}
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return cfg, nil, fmt.Errorf("make an age identity: %w", err)
	}
	cfg.Recipients.Input = []broker.Recipient{broker.Recipient(identity.Recipient().String())}
	return cfg, identity, nil
}

// readable holds what was asked for against what serve will read: init writes nothing that serve then refuses.
func readable(cfg broker.Config) error {
	var text bytes.Buffer
	if err := cfg.Write(&text); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err := broker.ParseConfig("", text.Bytes())
	var bad *broker.ConfigError
	if errors.As(err, &bad) {
		return &usageError{ja: bad.JA, en: bad.EN, hintJA: "init に渡した値を直します", hintEN: "correct what was given to init"}
	}
	return err
}

// furnish writes everything below dir.
func (p *program) furnish(dir string, cfg broker.Config, identity *age.HybridIdentity) (initResult, error) {
	out := initResult{Config: "sekimori.yaml", MasterKey: cfg.MasterKeyFile, LedgerKey: "ledger.pub", CAKey: "ca.pub", GateKey: "gate.pub"}
	if err := os.Chmod(dir, 0o700); err != nil {
		return out, fmt.Errorf("mode of the directory: %w", err)
	}
	for _, d := range []string{cfg.DataDir, filepath.Dir(cfg.MasterKeyFile), cfg.Ledger.CheckpointDir, filepath.Dir(cfg.Socket)} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return out, &failure{ja: "場所を作れません", en: "cannot make the place", cause: err}
		}
	}
	master, err := keys.CreateMaster(filepath.Join(dir, cfg.MasterKeyFile))
	if err != nil {
		return out, &failure{ja: "秘密を封じる鍵を作れません", en: "cannot make the master key", cause: err}
	}
	ring, err := keys.Create(filepath.Join(dir, cfg.DataDir, "keys"), master, cfg.Ledger.Origin)
	if err != nil {
		return out, &failure{ja: "鍵束を作れません", en: "cannot make the keys", cause: err}
	}
	if err := os.WriteFile(filepath.Join(dir, out.LedgerKey), []byte(ring.LedgerVerifierKey()+"\n"), 0o644); err != nil {
		return out, &failure{ja: "台帳の検証鍵を書けません", en: "cannot write the ledger's verifier key", cause: err}
	}
	// The key that a target trusts (TrustedUserCAKeys of sshd) where its account's credential is a certificate.
	ca := bytes.TrimSuffix(ssh.MarshalAuthorizedKey(ring.CAPublic()), []byte("\n"))
	if err := os.WriteFile(filepath.Join(dir, out.CAKey), fmt.Appendf(ca, " CA of %s\n", cfg.Ledger.Origin), 0o644); err != nil {
		return out, &failure{ja: "CA の公開鍵を書けません", en: "cannot write the CA's public key", cause: err}
	}
	// The key by which engineers know the gate before their first login.
	gate := bytes.TrimSuffix(ssh.MarshalAuthorizedKey(ring.HostSigner().PublicKey()), []byte("\n"))
	if err := os.WriteFile(filepath.Join(dir, out.GateKey), fmt.Appendf(gate, " gate of %s\n", cfg.Ledger.Origin), 0o644); err != nil {
		return out, &failure{ja: "受付の公開鍵を書けません", en: "cannot write the gate's host key", cause: err}
	}
	if identity != nil {
		out.OfflineIdentity = offlineIdentity
		text := fmt.Sprintf("# 入力を開く鍵。点検担当だけが、この機械の外に保管します。\n# Opens the recorded input. Auditors keep it, away from this machine.\n# public key: %s\n%s\n", identity.Recipient(), identity)
		if err := os.WriteFile(filepath.Join(dir, offlineIdentity), []byte(text), 0o600); err != nil {
			return out, &failure{ja: "入力の鍵を書けません", en: "cannot write the input identity", cause: err}
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, out.Config), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return out, &failure{ja: "設定を書けません", en: "cannot write the configuration", cause: err}
	}
	if err := errors.Join(cfg.Write(f), f.Close()); err != nil {
		return out, &failure{ja: "設定を書けません", en: "cannot write the configuration", cause: err}
	}
	return out, nil
}

func (p *program) saidInit(dir string, r initResult) error {
	r.Dir = dir
	for _, f := range []*string{&r.Config, &r.MasterKey, &r.LedgerKey, &r.CAKey, &r.GateKey, &r.OfflineIdentity} {
		if *f != "" {
			*f = filepath.Join(dir, *f)
		}
	}
	if r.OfflineIdentity != "" {
		fmt.Fprintln(p.err, p.say(
			"!! 警告: 入力を開く秘密鍵をこの機械に作りました: "+r.OfflineIdentity+"\n!! いますぐ別の媒体に移し、ここから消してください。ある限り、入力は関守の機械の上で開けてしまいます。",
			"!! WARNING: the identity that opens recorded input was made on this machine: "+r.OfflineIdentity+"\n!! Move it to another medium now and delete it here. While it is here, input can be opened on the broker's own host."))
	}
	if p.json {
		return p.writeJSON(r)
	}
	fmt.Fprintln(p.out, p.say("作りました:", "made:"))
	if err := page(p, r, []column[initResult]{
		{"設定", "configuration", func(r initResult) string { return r.Config }},
		{"秘密を封じる鍵(データとは別に保管)", "master key (keep it apart from the data)", func(r initResult) string { return r.MasterKey }},
		{"台帳の検証鍵(点検担当へ)", "ledger's verifier key (for auditors)", func(r initResult) string { return r.LedgerKey }},
		{"CA の公開鍵(接続先の sshd の TrustedUserCAKeys へ)", "CA's public key (for TrustedUserCAKeys of the targets' sshd)", func(r initResult) string { return r.CAKey }},
		{"受付の公開鍵(保守要員の known_hosts へ)", "gate's host key (for the engineers' known_hosts)", func(r initResult) string { return r.GateKey }},
	}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.out, "%s\n  sekimori check --config %s\n  sekimori serve --config %s\n", p.say("次に:", "next:"), r.Config, r.Config)
	return err
}
