package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/witness"
)

// witnessCommand is the witness of a ledger. It runs on another machine than the broker, with a directory of its own, and never opens
// the broker's data.
func (p *program) witnessCommand() *cli.Command {
	return p.group("witness", "立会署名者(別の機械で動かし、確定点に立ち会って署名する)", "a witness that cosigns checkpoints; runs on another machine",
		p.leaf("init", "DIR", "立会署名者の場所と鍵を作り、公開鍵を示す", "make a witness's directory and keys, and print the public keys", p.witnessInit,
			&cli.StringFlag{Name: "name", Usage: p.say("立会署名者の名前(例 witness.city.example.jp/1)", "name of the witness, such as witness.city.example.jp/1")}),
		p.leaf("add", "DIR KEYFILE", "台帳を加える(その公開鍵のファイル)", "follow a ledger, whose public key is in the file", p.witnessAdd),
		p.leaf("serve", "DIR", "立会署名者を動かす(前面で)", "run the witness (in the foreground)", p.witnessServe,
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:7380", Usage: p.say("待ち受けるアドレス", "address to listen on")},
			&cli.StringFlag{Name: "certificate", Usage: p.say("TLS の証明書のファイル(PEM)。--key とともに。替わると読み直します。なければ TLS なし(同じ機械か、TLS を担う proxy の後ろで)", "file of the TLS certificate (PEM), with --key; read again when it changes. Without it no TLS: on this machine, or behind a proxy that does TLS")},
			&cli.StringFlag{Name: "key", Usage: p.say("証明書の鍵のファイル(PEM、0600 か 0640)", "file of the certificate's key (PEM, 0600 or 0640)")}),
	)
}

// witnessMade is what `ledger witness init` made.
type witnessMade struct {
	Dir  string   `json:"dir"`
	Keys []string `json:"verifier_keys"`
}

func (p *program) witnessInit(c *cli.Context) error {
	dir, name := c.Args().First(), c.String("name")
	if dir == "" || name == "" {
		return &usageError{ja: "場所と --name が要ります", en: "a directory and --name are needed",
			hintJA: "sekimori ledger witness init DIR --name witness.city.example.jp/1", hintEN: "sekimori ledger witness init DIR --name witness.city.example.jp/1"}
	}
	keys, err := witness.Init(dir, name)
	if err != nil {
		return p.witnessFailed(err)
	}
	if p.json {
		return p.writeJSON(witnessMade{dir, keys})
	}
	_, err = fmt.Fprintf(p.out, "%s\n%s\n", p.say("# 公開鍵(Ed25519、ML-DSA-44)。関守の設定の ledger.witnesses と、検証の方針に書きます", "# Public keys (Ed25519, ML-DSA-44), for ledger.witnesses in the broker's configuration and for trust policies"), strings.Join(keys, "\n"))
	return err
}

func (p *program) witnessAdd(c *cli.Context) error {
	dir, file := c.Args().Get(0), c.Args().Get(1)
	if dir == "" || file == "" {
		return &usageError{ja: "場所と、台帳の公開鍵のファイルが要ります", en: "a directory and a file of the ledger's public key are needed",
			hintJA: "公開鍵は sekimori init が作った ledger.pub です", hintEN: "the public key is ledger.pub, which sekimori init made"}
	}
	key, err := os.ReadFile(file)
	if err == nil {
		_, err = ledger.ParseKey(string(key))
	}
	if err != nil {
		return &failure{ja: "台帳の公開鍵を読めません", en: "the ledger's public key cannot be read", cause: err,
			hintJA: "sekimori init が作った ledger.pub のファイルを渡してください", hintEN: "give the file ledger.pub, which sekimori init made"}
	}
	origin, err := witness.Add(dir, string(key))
	if err != nil {
		return p.witnessFailed(err)
	}
	return p.done(map[string]string{"origin": origin}, "台帳を加えました: "+origin, "the witness follows the ledger "+origin)
}

func (p *program) witnessServe(c *cli.Context) (err error) {
	dir := c.Args().First()
	if dir == "" {
		return &usageError{ja: "場所が要ります", en: "a directory is needed", hintJA: "sekimori ledger witness init が作った場所です", hintEN: "it is the one that sekimori ledger witness init made"}
	}
	scheme := "http"
	var secure *tls.Config
	switch certificate, key := c.String("certificate"), c.String("key"); {
	case (certificate == "") != (key == ""):
		return &usageError{ja: "--certificate と --key は両方書きます", en: "--certificate and --key go together",
			hintJA: "--certificate cert.pem --key key.pem", hintEN: "--certificate cert.pem --key key.pem"}
	case certificate != "":
		given, err := keys.NewGiven(certificate, key, p.now)
		if err != nil {
			return p.witnessFailed(err)
		}
		scheme, secure = "https", &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: given.Get}
	}
	w, err := witness.Open(dir, p.now)
	if err != nil {
		return p.witnessFailed(err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	door, err := net.Listen("tcp", c.String("listen"))
	if err != nil {
		return p.witnessFailed(err)
	}
	server := &http.Server{
		Handler: w.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10, TLSConfig: secure,
	}
	ended := make(chan error, 1)
	go func() {
		if secure != nil {
			ended <- server.ServeTLS(door, "", "")
			return
		}
		ended <- server.Serve(door)
	}()
	if p.json {
		err = p.writeJSON(map[string]any{"listen": door.Addr().String(), "url": scheme + "://" + door.Addr().String(), "ledgers": w.Origins()})
	} else {
		_, err = fmt.Fprintf(p.out, "%s %s://%s %s\n", p.say("立会署名者が受付中:", "witness serving:"), scheme, door.Addr(), strings.Join(w.Origins(), " "))
	}
	if err == nil {
		select {
		case <-c.Context.Done():
		case err = <-ended:
		}
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(c.Context), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(bounded))
}

// witnessFailed says what is wrong with a witness's directory and the next step.
func (p *program) witnessFailed(err error) error {
	f := &failure{ja: "立会署名者を始められません", en: "the witness cannot be set up or run", cause: err,
		hintJA: "場所のファイルを消さず、名前と権限を確かめます。分からなければ情報システム課へ", hintEN: "remove no file of its directory; check names and modes, and ask the information-systems section if in doubt"}
	switch {
	case errors.Is(err, keys.ErrLooseMode):
		f.ja, f.en = "証明書の鍵を他の人も読めます", "others can read the certificate's key"
		f.hintJA, f.hintEN = "chmod 600 で狭めます", "chmod 600 it"
	case errors.Is(err, witness.ErrInUse):
		f.ja, f.en = "この場所はもう別の立会署名者が使っています", "another process uses this witness's directory"
		f.hintJA, f.hintEN = "動いているほうを止めてから始めます", "stop the one that runs first"
	case errors.Is(err, fs.ErrExist):
		f.ja, f.en, f.cause = "もうあります。何も変えていません", "it is there already; nothing was changed", nil
		f.hintJA, f.hintEN = "新しい場所にするか、そのまま使います", "use it as it is, or name a new directory"
	}
	return f
}
