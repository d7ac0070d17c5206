package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/keys"
)

// place is a broker's address and the means to recognise the broker. On a socket the kernel names the answering account; over
// HTTPS it is the pinned key, the authority of a file, or the system's trust.
type place struct {
	Socket      string `json:"-"`
	Server      string `json:"server,omitempty"` // "https://gate.example.jp:8443"; empty: the socket
	Fingerprint string `json:"server_fingerprint,omitempty"`
	CA          string `json:"server_ca,omitempty"`
}

// String is how people are told where they are.
func (w place) String() string {
	if w.Server != "" {
		return w.Server
	}
	return w.Socket
}

// common is a common option wherever it stands: every command knows it, and one written before the command counts as
// well. The library looks only where the nearest command declares it.
func common(c *cli.Context, name string) string {
	for _, at := range c.Lineage() {
		if at.IsSet(name) {
			return at.String(name)
		}
	}
	return ""
}

// find finds the broker: option, environment, configuration, where the last sign-in was, the packaged socket.
func (p *program) find(c *cli.Context) (place, error) {
	server, socket := common(c, "server"), common(c, "socket")
	switch {
	case server != "" && socket != "":
		return place{}, &usageError{ja: "--server と --socket は同時に使えません", en: "--server and --socket exclude each other"}
	case socket != "":
		return place{Socket: socket}, nil
	}
	if server == "" {
		server = p.getenv("SEKIMORI_SERVER")
	}
	last, err := p.lastPlace()
	if err != nil {
		return place{}, err
	}
	switch {
	case server != "":
		return p.server(c, server, last)
	case common(c, "server-fingerprint") != "" || common(c, "server-ca") != "":
		if last.Server == "" {
			return place{}, &usageError{ja: "どのサーバかを --server で指定します", en: "name the server with --server"}
		}
		return p.server(c, last.Server, last)
	}
	socket, err = p.configuredSocket(c)
	switch {
	case err != nil:
		return place{}, err
	case socket != "":
		return place{Socket: socket}, nil
	case last.Server != "":
		return last, nil
	}
	return place{Socket: defaultSocket}, nil
}

// configuredSocket is the socket that the environment or a configuration names; empty where neither does.
func (p *program) configuredSocket(c *cli.Context) (string, error) {
	if s := p.getenv("SEKIMORI_SOCKET"); s != "" {
		return s, nil
	}
	file := common(c, "config")
	if file == "" {
		file = p.getenv("SEKIMORI_CONFIG")
	}
	if file == "" {
		if _, err := os.Stat("sekimori.yaml"); err == nil {
			file = "sekimori.yaml"
		}
	}
	if file == "" {
		return "", nil
	}
	cfg, err := broker.LoadConfig(file)
	if err != nil {
		return "", err
	}
	return cfg.Socket, nil
}

// server reads the address and the means of recognition. A pin from the last sign-in there counts where no other is
// given.
func (p *program) server(c *cli.Context, address string, last place) (place, error) {
	w := place{Fingerprint: common(c, "server-fingerprint"), CA: common(c, "server-ca")}
	if w.Fingerprint == "" && w.CA == "" {
		w.Fingerprint, w.CA = p.getenv("SEKIMORI_SERVER_FINGERPRINT"), p.getenv("SEKIMORI_SERVER_CA")
	}
	var err error
	if w.Server, err = serverAddress(address); err != nil {
		return place{}, err
	}
	if w.Fingerprint == "" && w.CA == "" && last.Server == w.Server {
		w.Fingerprint, w.CA = last.Fingerprint, last.CA
	}
	if b64, ok := strings.CutPrefix(w.Fingerprint, "SHA256:"); w.Fingerprint != "" {
		if sum, err := base64.RawStdEncoding.Strict().DecodeString(b64); !ok || err != nil || len(sum) != 32 {
			return place{}, &usageError{
				ja: fmt.Sprintf("指紋の形ではありません: %q", w.Fingerprint), en: fmt.Sprintf("not a fingerprint: %q", w.Fingerprint),
				hintJA: "関守の機械で `sekimori check` が示す SHA256:… です", hintEN: "it is the SHA256:… that `sekimori check` shows on the broker's machine",
			}
		}
	}
	if w.CA != "" {
		if w.CA, err = filepath.Abs(w.CA); err != nil {
			return place{}, fmt.Errorf("file of --server-ca: %w", err)
		}
	}
	return w, nil
}

// serverAddress gives the address one form, so that the same server is the same everywhere.
func serverAddress(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", &usageError{
			ja: fmt.Sprintf("サーバは https://ホスト:ポート の形で書きます: %q", text), en: fmt.Sprintf("a server is written https://HOST:PORT: %q", text),
			hintJA: "例 --server https://gate.example.jp:8443", hintEN: "such as --server https://gate.example.jp:8443",
		}
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || port == "443" {
		return "https://" + host, nil
	}
	return "https://" + host + ":" + port, nil
}

// trust is how the server is known, for the handshake. Nothing of a call, and so no token, is sent before it holds.
func (w place) trust(now func() time.Time) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS13, Time: now}
	if w.CA != "" {
		text, err := os.ReadFile(w.CA)
		if err != nil {
			return nil, &failure{ja: "サーバの証明書を確かめるファイルが読めません", en: "cannot read the file of --server-ca", cause: err}
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, &failure{
				ja: fmt.Sprintf("%s に証明書(PEM)がありません", w.CA), en: fmt.Sprintf("there is no certificate (PEM) in %s", w.CA),
				hintJA: "認証局かサーバの証明書を渡します", hintEN: "it is the authority's certificate, or the server's own",
			}
		}
	}
	if w.Fingerprint != "" {
		// The pinned key says more than any name or authority; a name would only fail where there is none.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(s tls.ConnectionState) error {
			shown := "-"
			if len(s.PeerCertificates) > 0 {
				shown = keys.CertificateFingerprint(s.PeerCertificates[0])
			}
			if shown == w.Fingerprint {
				return nil
			}
			return &failure{
				ja: fmt.Sprintf("%s の鍵が控えと違います(%s)", w.Server, shown), en: fmt.Sprintf("%s shows another key than the one pinned (%s)", w.Server, shown),
				hintJA: "何も送っていません。情報システム課に電話で指紋を確かめてください", hintEN: "nothing was sent. Ask the information-systems section by telephone which fingerprint is right",
			}
		}
	}
	return t, nil
}

// unknownServer says that the server could not be known; nil when the error is another.
func (w place) unknownServer(err error) error {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &verification):
		return &failure{
			ja: fmt.Sprintf("%s の証明書を確かめられません", w.Server), en: fmt.Sprintf("the certificate of %s cannot be verified", w.Server),
			hintJA: "何も送っていません。--server-fingerprint SHA256:…(関守の `sekimori check` が示す)か --server-ca FILE を付けます",
			hintEN: "nothing was sent. Add --server-fingerprint SHA256:… (`sekimori check` on the broker shows it) or --server-ca FILE",
			cause:  verification.Err,
		}
	case errors.As(err, &record):
		return &failure{
			ja: fmt.Sprintf("%s は HTTPS で答えません", w.Server), en: fmt.Sprintf("%s does not answer with HTTPS", w.Server),
			hintJA: "ホストとポートをお確かめください", hintEN: "check host and port",
		}
	}
	return nil
}

// stateDir is where the client keeps what it must remember.
func (p *program) stateDir() (string, error) {
	state := p.getenv("XDG_STATE_HOME")
	if state == "" {
		home := p.getenv("HOME")
		if home == "" {
			return "", &failure{
				ja: "トークンの置き場所が決まりません", en: "there is no place for the token",
				hintJA: "SEKIMORI_TOKEN_FILE を指定します", hintEN: "set SEKIMORI_TOKEN_FILE",
			}
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "sekimori"), nil
}

// lastPlaceFile is where the server of the last sign-in is remembered: beside the tokens, or in the token's own file
// where that is named.
func (p *program) lastPlaceFile() (string, error) {
	if f := p.getenv("SEKIMORI_TOKEN_FILE"); f != "" {
		return f, nil
	}
	dir, err := p.stateDir()
	return filepath.Join(dir, "server.json"), err
}

// lastPlace is the server of the last sign-in; the zero place where it was on a socket, or there was none.
func (p *program) lastPlace() (place, error) {
	file, err := p.lastPlaceFile()
	if err != nil {
		return place{}, nil //nolint:nilerr // without a place to remember in nothing is remembered
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return place{}, nil
	}
	var w place
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err == nil && w.Server != "" {
		_, err = serverAddress(w.Server)
	}
	if err != nil {
		return place{}, &failure{
			ja: fmt.Sprintf("%s が読めません", file), en: fmt.Sprintf("%s cannot be read", file),
			hintJA: "消して、サインインし直します", hintEN: "remove it and sign in anew", cause: err,
		}
	}
	return w, nil
}

// keepPlace remembers the server of a sign-in, or that it was on a socket.
func (p *program) keepPlace(w place) error {
	if p.getenv("SEKIMORI_TOKEN_FILE") != "" {
		return nil // it is in the token's file
	}
	file, err := p.lastPlaceFile()
	if err != nil {
		return err
	}
	if w.Server == "" {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the server: %w", err)
		}
		return nil
	}
	return writePrivate(file, w)
}

// tokenName is the file of a server's token: one each, so that signing in at one does not sign out at another.
func (w place) tokenName() string {
	if w.Server == "" {
		return "token.json"
	}
	host := strings.TrimPrefix(w.Server, "https://")
	if h, port, err := net.SplitHostPort(host); err == nil {
		host = h + "_" + port
	}
	safe := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, host)
	return "token-" + safe + ".json"
}

// pageWithPlace prints the signed-in person, and the broker.
func (p *program) pageWithPlace(person api.Person) error {
	type signedIn struct {
		api.Person
		Broker string `json:"broker"`
	}
	fields := []column[signedIn]{{"関守", "BROKER", func(v signedIn) string { return v.Broker }}}
	for _, f := range p.personFields() {
		fields = append(fields, column[signedIn]{f.ja, f.en, func(v signedIn) string { return f.value(v.Person) }})
	}
	return page(p, signedIn{person, p.place.String()}, fields)
}
