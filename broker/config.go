package broker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/goccy/go-yaml"

	"sekimori/broker/forms"
	"sekimori/broker/wire"
	"sekimori/policy"
	"sekimori/recordings"
)

// FactorMemory says how long a second factor counts (decisions.md, "Login and waiting").
type FactorMemory string

// The ways to remember a second factor.
const (
	FactorWindow FactorMemory = "window" // once per window, person, key and source address
	FactorNever  FactorMemory = "never"  // asked at every login
)

// Config is the one configuration file. Every key has a default. It holds no secrets, only
// the names of the files that hold them. Relative paths start at the file's directory.
// The table that documents each key is in config_keys.go.
type Config struct {
	Institution string `yaml:"institution"` // its name in texts
	Zone        Zone   `yaml:"zone"`
	Language    string `yaml:"language"` // of texts for whom no language is known: "ja", "en", or "" for both

	DataDir       string       `yaml:"data_dir"`
	MasterKeyFile string       `yaml:"master_key_file"`
	Ledger        LedgerConfig `yaml:"ledger"`

	SSHListen   Address `yaml:"ssh_listen"`
	GateName    string  `yaml:"gate_name"` // the host that engineers type after the @
	Socket      string  `yaml:"socket"`
	SocketGroup string  `yaml:"socket_group"` // empty: only the owner of the socket

	TLS            TLSConfig `yaml:"tls"`
	APIListen      Address   `yaml:"api_listen"`    // of the API over HTTPS; empty: on the socket only
	PortalListen   Address   `yaml:"portal_listen"` // of the vendors' pages; empty: none
	PlainHTTP      bool      `yaml:"plain_http"`    // api_listen and portal_listen without TLS; on loopback addresses only
	TrustedProxies []Prefix  `yaml:"trusted_proxies"`

	Notice     NoticeConfig     `yaml:"notice"`
	Recordings RecordingsConfig `yaml:"recordings"`

	Recipients RecipientsConfig `yaml:"recipients"`
	Notify     NotifyConfig     `yaml:"notify"`

	Gate            GateConfig   `yaml:"gate"`
	SignIn          SignInConfig `yaml:"sign_in"`
	WaitingRoom     Duration     `yaml:"waiting_room"`
	RecheckInterval Duration     `yaml:"recheck_interval"`
	LogLevel        string       `yaml:"log_level"`

	file string // the file it was read from; empty for DefaultConfig
}

// TLSConfig is the group of keys about the certificate of the API and the pages.
type TLSConfig struct {
	CertificateFile string `yaml:"certificate_file"`
	KeyFile         string `yaml:"key_file"` // both empty: a certificate of the broker's own
}

// RecipientsConfig is the group of keys about the age recipients of recordings.
type RecipientsConfig struct {
	Auditors []Recipient `yaml:"auditors"` // of the output, beside the broker's own
	Input    []Recipient `yaml:"input"`    // offline, of the input; serve needs one
}

// RecordingsConfig is the group of keys about recordings and the space they need.
type RecordingsConfig struct {
	Retention    Duration `yaml:"retention"`
	MinFreeSpace Size     `yaml:"min_free_space"`
	Search       string   `yaml:"search"` // directory of the index for searches; SearchOff: none; empty: search, below the data directory
}

// NoticeConfig is the group of keys about the notice of what is recorded.
type NoticeConfig struct {
	Version int            `yaml:"version"`
	URL     string         `yaml:"url"`
	Contact string         `yaml:"contact"`       // telephone
	Night   string         `yaml:"night_contact"` // telephone at night and on days without office hours
	Changes []NoticeChange `yaml:"changes"`       // what versions changed; one whose day is still to come is an announcement
}

// NoticeChange tells what a version of the notice changed, or is going to change.
type NoticeChange struct {
	Version int    `yaml:"version"`
	From    Day    `yaml:"from"`
	JA      string `yaml:"ja"`
	EN      string `yaml:"en"`
}

// GateConfig is the group of keys about logging in over SSH.
type GateConfig struct {
	FactorMemory FactorMemory `yaml:"factor_memory"`
	LoginTime    Duration     `yaml:"login_time"`             // from the key exchange to the proof of a key
	ChaCha20     bool         `yaml:"chacha20_poly1305"`      // offer this cipher too
	Version      string       `yaml:"version"`                // software version shown to clients and targets
	Connections  int          `yaml:"connections_per_person"` // at a time, including waiting ones
	Sources      []Prefix     `yaml:"source_addresses"`       // of the broker, as targets see it

	// Inspectors of files that are held. None: no such file is clean.
	Clamd         string `yaml:"clamd"`          // path of its socket, or host:port
	ClamdMost     Size   `yaml:"clamd_most"`     // the least of its StreamMaxLength, MaxFileSize and MaxScanSize
	ICAP          string `yaml:"icap"`           // icap://host:port/service
	ICAPSanitises bool   `yaml:"icap_sanitises"` // a changed body is a sanitised copy
	Inspector     string `yaml:"inspector"`      // a program
}

// DefaultConfig is the meaning of an empty file. Paths are relative to the file's directory.
func DefaultConfig() Config {
	return Config{
		Institution:     "例示市",
		Zone:            mustZone("Asia/Tokyo"),
		Language:        "",
		DataDir:         "data",
		MasterKeyFile:   filepath.Join("secret", "master.key"),
		Ledger:          defaultLedger(),
		SSHListen:       "127.0.0.1:2222",
		GateName:        "gate",
		Socket:          filepath.Join("run", "sekimori.sock"),
		Notice:          NoticeConfig{Version: 1},
		Recordings:      RecordingsConfig{Retention: Duration(365 * 24 * time.Hour), MinFreeSpace: Size(1 << 30)},
		Gate:            GateConfig{FactorMemory: FactorWindow, LoginTime: Duration(2 * time.Minute), Connections: policy.DefaultConnections, Version: wire.Version, ClamdMost: 25 << 20},
		SignIn:          defaultSignIn(),
		Notify:          defaultNotify(),
		WaitingRoom:     Duration(15 * time.Minute),
		RecheckInterval: Duration(5 * time.Second),
		LogLevel:        "info",
	}
}

// File is the path the configuration was read from, or empty.
func (c Config) File() string { return c.file }

// Location is the zone of the institution.
func (c Config) Location() *time.Location { return c.Zone.Location }

// LoadConfig reads the file at path. Every error is a *ConfigError with the place in it.
func LoadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		e := &ConfigError{
			File: path,
			JA:   "設定ファイルを読めません", EN: "cannot read the configuration file",
			HintJA: "`sekimori init DIR` が設定ファイルを作ります", HintEN: "`sekimori init DIR` writes one",
			Err: err,
		}
		return Config{}, e
	}
	return ParseConfig(path, text)
}

// ParseConfig reads text; path names it in errors and is the start of relative paths.
func ParseConfig(path string, text []byte) (Config, error) {
	c := DefaultConfig()
	text, err := forms.Plain(path, text)
	if err != nil {
		return Config{}, unreadable(path, err)
	}
	read := struct {
		Config Config    `yaml:",inline"`
		Older  olderKeys `yaml:",inline"`
	}{Config: c}
	if err := yaml.UnmarshalWithOptions(text, &read, yaml.Strict()); err != nil {
		return Config{}, configError(path, err)
	}
	c = read.Config
	if c.Zone.Location == nil {
		// An empty document would clear the struct; it means the defaults.
		c = DefaultConfig()
	}
	c.fillEmptyGroups()
	if err := c.takeOlder(read.Older, path, text); err != nil {
		return Config{}, err
	}
	if err := c.validate(path, text); err != nil {
		return Config{}, err
	}
	c.file = path
	base, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("directory of %s: %w", path, err)
	}
	if rest, ok := strings.CutPrefix(c.MasterKeyFile, "${CREDENTIALS_DIRECTORY}"); ok {
		c.MasterKeyFile = os.Getenv("CREDENTIALS_DIRECTORY") + rest
	}
	for _, p := range append(append(append(c.SignIn.paths(), c.Notify.paths()...), append(c.Recordings.paths(), c.Ledger.paths()...)...), &c.DataDir, &c.MasterKeyFile, &c.Socket, &c.TLS.CertificateFile, &c.TLS.KeyFile) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	return c, nil
}

// unreadable is the error of a file that is not text.
func unreadable(path string, err error) error {
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		return err
	}
	p := bad.Problems[0]
	return &ConfigError{File: path, Line: p.Line, Column: p.Column, JA: p.JA, EN: p.EN, Err: err}
}

// validate checks the rules that a type alone cannot express.
func (c Config) validate(path string, text []byte) error {
	refuse := func(key, ja, en string) error {
		line, column := keyPosition(text, key)
		return &ConfigError{File: path, Line: line, Column: column, Key: key, JA: ja, EN: en}
	}
	if key, ja, en := c.Notify.wrong(); key != "" {
		return refuse(key, ja, en)
	}
	if key, ja, en := c.Ledger.wrong(); key != "" {
		return refuse(key, ja, en)
	}
	if key, ja, en := c.Ledger.SIEM.wrong(); key != "" {
		return refuse(key, ja, en)
	}
	switch {
	case strings.TrimSpace(c.DataDir) == "":
		return refuse("data_dir", "data_dir は空にできません", "data_dir may not be empty")
	case strings.TrimSpace(c.MasterKeyFile) == "":
		return refuse("master_key_file", "master_key_file は空にできません", "master_key_file may not be empty")
	case strings.TrimSpace(c.Socket) == "":
		return refuse("socket", "socket は空にできません", "socket may not be empty")
	case c.SSHListen == "":
		return refuse("ssh_listen", "ssh_listen は空にできません", "ssh_listen may not be empty")
	case (c.TLS.CertificateFile == "") != (c.TLS.KeyFile == ""):
		return refuse("tls.certificate_file", "tls の certificate_file と key_file は両方書くか、両方空にします",
			"certificate_file and key_file of tls go together, or both are empty")
	case c.PlainHTTP && !loopback(c.APIListen):
		return refuse("api_listen", "plain_http のときは、この機械だけのアドレス(127.0.0.1 など)です", "with plain_http this is an address of this machine alone, such as 127.0.0.1")
	case c.PlainHTTP && !loopback(c.PortalListen):
		return refuse("portal_listen", "plain_http のときは、この機械だけのアドレス(127.0.0.1 など)です", "with plain_http this is an address of this machine alone, such as 127.0.0.1")
	case c.GateName == "" || strings.ContainsAny(c.GateName, " \t\r\n@"):
		return refuse("gate_name", "gate_name はホスト名です", "gate_name is a host name")
	case c.Notice.Version < 1:
		return refuse("notice.version", "notice の version は 1 以上です", "version of notice starts at 1")
	case slices.ContainsFunc(c.Notice.Changes, NoticeChange.wrong) || len(c.Notice.Changes) > mostNoticeChanges:
		return refuse("notice.changes", "notice の changes は、version(1 以上)、from(2026-10-01)、ja、en のそろった行です",
			"each of changes of notice has a version from 1 on, from (such as 2026-10-01), ja and en")
	case c.Recordings.Retention < Duration(24*time.Hour):
		return refuse("recordings.retention", "recordings の retention は 1d 以上です", "retention of recordings is at least 1d")
	case c.Recordings.MinFreeSpace < 0:
		return refuse("recordings.min_free_space", "recordings の min_free_space は 0 以上です", "min_free_space of recordings may not be negative")
	case c.Gate.FactorMemory != FactorWindow && c.Gate.FactorMemory != FactorNever:
		return refuse("gate.factor_memory", "factor_memory は window か never です", "factor_memory is window or never")
	case c.Gate.Connections < 1 || c.Gate.Connections > 100_000:
		return refuse("gate.connections_per_person", "connections_per_person は 1 から 100000 です", "connections_per_person is between 1 and 100000")
	case c.Gate.LoginTime < Duration(10*time.Second) || c.Gate.LoginTime > Duration(10*time.Minute):
		return refuse("gate.login_time", "login_time は 10s から 10m です", "login_time is between 10s and 10m")
	case !wire.ValidVersion(c.Gate.Version):
		return refuse("gate.version", "version は印字できる ASCII で 1〜128 文字、空白と - で始めず、OpenSSH と名乗るなら OpenSSH_9.9 の形です(例 "+wire.Version+")",
			"version is 1 to 128 printable ASCII characters, begins with neither a space nor -, and says OpenSSH only as in OpenSSH_9.9 (such as "+wire.Version+")")
	case c.WaitingRoom < 0 || c.WaitingRoom > Duration(4*time.Hour):
		return refuse("waiting_room", "waiting_room は 0s から 4h です", "waiting_room is between 0s and 4h")
	case c.RecheckInterval < Duration(time.Second) || c.RecheckInterval > Duration(time.Minute):
		return refuse("recheck_interval", "recheck_interval は 1s から 1m です", "recheck_interval is between 1s and 1m")
	case c.Language != "" && c.Language != "ja" && c.Language != "en":
		return refuse("language", "language は ja、en、または空です", "language is ja, en or empty")
	case !knownLogLevel(c.LogLevel):
		return refuse("log_level", "log_level は trace、debug、info、warn、error です", "log_level is trace, debug, info, warn or error")
	}
	if key, ja, en := c.SignIn.wrong(); key != "" {
		return refuse(key, ja, en)
	}
	return nil
}

func knownLogLevel(s string) bool {
	switch s {
	case "trace", "debug", "info", "warn", "error":
		return true
	}
	return false
}

// Recipients turns the listed recipients into age's.
func recipients(list []Recipient) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, r := range list {
		parsed, err := recordings.ParseRecipient(string(r))
		if err != nil {
			return nil, fmt.Errorf("recipient %s: %w", r, err)
		}
		out = append(out, parsed)
	}
	return out, nil
}

// OutputRecipients are the auditors' keys for the output, beside the broker's viewing key.
func (c Config) OutputRecipients() ([]age.Recipient, error) { return recipients(c.Recipients.Auditors) }

// OfflineRecipients are the keys for the input. An empty list is an error: the broker must not be able
// to read the input, and the input must not be left out.
func (c Config) OfflineRecipients() ([]age.Recipient, error) {
	out, err := recipients(c.Recipients.Input)
	if err == nil && len(out) == 0 {
		err = &ConfigError{
			File: c.file, Key: "input_recipients",
			JA: "input_recipients が空です", EN: "input_recipients is empty",
			HintJA: "点検担当が別の機械で age の鍵を作り、公開鍵(age1…)をここに書きます",
			HintEN: "an auditor makes an age key on another machine; its public half (age1…) goes here",
		}
	}
	return out, err
}

// SocketMode is the mode of the API's socket.
func (c Config) SocketMode() os.FileMode {
	if c.SocketGroup == "" {
		return 0o600
	}
	return 0o660
}

// DatabaseFile, KeysDir and RecordingsDir are the fixed places in the data directory (contract.md, "Files").
func (c Config) DatabaseFile() string { return filepath.Join(c.DataDir, "sekimori.db") }

// KeysDir is where the key ring lies.
func (c Config) KeysDir() string { return filepath.Join(c.DataDir, "keys") }

// RecordingsDir is the root of the recordings.
func (c Config) RecordingsDir() string { return filepath.Join(c.DataDir, "recordings") }

// ConfigError is a mistake in the configuration, with its place and both languages.
type ConfigError struct {
	File           string
	Line, Column   int // 1-based; 0 where there is no place
	Key            string
	JA, EN         string
	HintJA, HintEN string
	Err            error
}

// Place is "file:line:column", shortened where a part is unknown.
func (e *ConfigError) Place() string {
	switch {
	case e.File == "":
		return ""
	case e.Line == 0:
		return e.File
	}
	return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
}

func (e *ConfigError) Error() string { return e.In("en") }

// In is the message in a language, with its place.
func (e *ConfigError) In(lang string) string {
	text := e.EN
	if lang == "ja" {
		text = e.JA
	}
	if p := e.Place(); p != "" {
		text = p + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ConfigError) Unwrap() error { return e.Err }

// configError gives an error of the YAML reader its place, and the nearest key when the key is unknown.
func configError(path string, err error) error {
	var mine *ConfigError
	if errors.As(err, &mine) {
		placed := *mine
		placed.File = path
		return &placed
	}
	out := &ConfigError{File: path, JA: "YAML として読めません", EN: "not readable as YAML"}
	var y yaml.Error
	if !errors.As(err, &y) {
		out.Err = err
		return out
	}
	if tk := y.GetToken(); tk != nil && tk.Position != nil {
		out.Line, out.Column = tk.Position.Line, tk.Position.Column
	}
	var unknown *yaml.UnknownFieldError
	var twice *yaml.DuplicateKeyError
	var shape *yaml.TypeError
	switch {
	case errors.As(err, &unknown):
		out.Key = unknown.Token.Value
		out.JA = fmt.Sprintf("知らない項目 %q", out.Key)
		out.EN = fmt.Sprintf("unknown key %q", out.Key)
		if group := groupOf(out.Key); group != "" {
			out.HintJA = fmt.Sprintf("%q は %q の下に書きます", out.Key, group+":")
			out.HintEN = fmt.Sprintf("%q goes below %q", out.Key, group+":")
		} else if near := nearestKey(out.Key); near != "" {
			out.HintJA = fmt.Sprintf("近いのは %q です", near)
			out.HintEN = fmt.Sprintf("did you mean %q?", near)
		}
	case errors.As(err, &twice):
		out.Key = twice.Token.Value
		out.JA, out.EN = fmt.Sprintf("項目 %q が二度あります", out.Key), fmt.Sprintf("key %q stands twice", out.Key)
	case errors.As(err, &shape):
		out.JA, out.EN = "値の型が違います", "a value of the wrong type"
		out.Err = errors.New(y.GetMessage())
	default:
		out.Err = errors.New(y.GetMessage())
	}
	return out
}

// keyPosition finds a key, "group.key" for one in a group; 0, 0 when the default is at fault.
func keyPosition(text []byte, key string) (line, column int) {
	line, column = keyPlace(text, key)
	if line == 0 && formerly(key) != "" {
		return keyPlace(text, formerly(key))
	}
	return line, column
}

func keyPlace(text []byte, key string) (line, column int) {
	group, inner, nested := strings.Cut(key, ".")
	inside := false
	for i, l := range strings.Split(string(text), "\n") {
		bare := strings.TrimLeft(l, " ")
		indent := len(l) - len(bare)
		switch {
		case indent == 0 && strings.HasPrefix(l, group+":"):
			if !nested {
				return i + 1, 1
			}
			if at := strings.Index(l, inner+":"); at > 0 { // gate: {login_time: 1s}
				return i + 1, at + 1
			}
			inside = true
		case inside && indent > 0 && strings.HasPrefix(bare, inner+":"):
			return i + 1, indent + 1
		case indent == 0 && bare != "" && !strings.HasPrefix(bare, "#"):
			inside = false
		}
	}
	return 0, 0
}

func splitListen(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return err
	}
	if host != "" && net.ParseIP(host) == nil && host != "localhost" {
		return fmt.Errorf("%q is not an address", host)
	}
	n, err := net.LookupPort("tcp", port)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

// loopback tells whether only this machine reaches the address. An empty address is not listened on.
func loopback(a Address) bool {
	host, _, err := net.SplitHostPort(string(a))
	if a == "" || host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
