package broker

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"sekimori/broker/conformance"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/registry"
	"sekimori/broker/wire"
)

func TestTheWrittenDefaultIsTheDefault(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDefault(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ParseConfig("", b.Bytes())
	if err != nil {
		t.Fatalf("the default does not parse: %v\n%s", err, b.String())
	}
	empty, err := ParseConfig("", nil)
	if err != nil {
		t.Fatal(err)
	}
	// An empty list means the same as a missing one.
	got.Recipients.Auditors, got.Recipients.Input, got.TrustedProxies, got.Gate.Sources = nil, nil, nil, nil
	if !reflect.DeepEqual(got, empty) {
		t.Errorf("written default\n%+v\nempty file\n%+v", got, empty)
	}
}

func TestEveryKeyIsDocumentedAndThereAreFew(t *testing.T) {
	var level func(keys []configKey, of reflect.Type)
	level = func(keys []configKey, of reflect.Type) {
		documented := map[string]configKey{}
		for _, k := range keys {
			if k.ja == "" || k.en == "" {
				t.Errorf("%s has no comment in both languages", k.name)
			}
			documented[k.name] = k
		}
		fields := 0
		inline := func(of reflect.Type) {
			for f := range of.Fields() {
				fields++
				if _, ok := documented[f.Tag.Get("yaml")]; !ok {
					t.Errorf("key %s is not in the table", f.Tag.Get("yaml"))
				}
			}
		}
		for f := range of.Fields() {
			name := f.Tag.Get("yaml")
			if name == "" {
				continue
			}
			if name == ",inline" { // its keys stand beside the others
				inline(f.Type)
				continue
			}
			fields++
			k, ok := documented[name]
			if !ok {
				t.Errorf("key %s is not in the table", name)
			}
			if len(k.group) > 0 {
				level(k.group, f.Type)
			}
		}
		most := 30
		if of == reflect.TypeFor[Config]() {
			most = 25
		}
		if fields != len(documented) || fields > most {
			t.Errorf("%s: %d keys, %d documented; at most %d", of, fields, len(documented), most)
		}
	}
	level(configKeys(), reflect.TypeFor[Config]())
}

// The settings that the comparison with standards names are keys of the configuration, or of the institution in the registry's file.
func TestConformanceNamesSettingsThatExist(t *testing.T) {
	for _, f := range conformance.Findings(conformance.Facts{}) {
		for _, named := range f.Settings {
			group, key, grouped := strings.Cut(named, ": ")
			switch {
			case group == "rule" && grouped: // conformance tests them
			case group == "institution" && grouped: // of the registry's file
				if _, err := registry.Parse("", []byte("institution: {"+key+": \"\"}\n")); err != nil && strings.Contains(err.Error(), "unknown") {
					t.Errorf("%s: the institution has no %q", f.Check, key)
				}
			default:
				at := slices.IndexFunc(configKeys(), func(k configKey) bool { return k.name == group })
				if at < 0 || grouped && !slices.ContainsFunc(configKeys()[at].group, func(k configKey) bool { return k.name == key }) {
					t.Errorf("%s: there is no key %q", f.Check, named)
				}
			}
		}
	}
}

func TestConfigRefusesWithThePlace(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		line int
		col  int
		says string
		hint string
	}{
		"unknown key":         {"zone: Asia/Tokyo\nwaiting_rom: 5m\n", 2, 1, `unknown key "waiting_rom"`, `"waiting_room"`},
		"key twice":           {"zone: Asia/Tokyo\nzone: UTC\n", 2, 1, "already defined", ""},
		"duration":            {"\nwaiting_room: soon\n", 2, 15, `not a duration: "soon"`, ""},
		"size":                {"recordings:\n  min_free_space: 1 GB\n", 2, 19, "not a size", ""},
		"a ledger for a day":  {"ledger:\n  origin: a.example/l\n  retention: 1d\n", 3, 3, "retention is at least 365d, or 0s", ""},
		"looks for a month":   {"ledger:\n  looks_retention: 30d\n  origin: a.example/l\n", 2, 3, "looks_retention is at least 365d, or 0s", ""},
		"no retention":        {"recordings:\n  retention: 1h\n", 2, 3, "retention of recordings is at least 1d", ""},
		"address":             {"ssh_listen: gate\n", 1, 13, "not an address", ""},
		"port":                {"ssh_listen: 127.0.0.1:sshh\n", 1, 13, "not an address", ""},
		"zone":                {"zone: Asia/Edo\n", 1, 7, `unknown zone "Asia/Edo"`, ""},
		"recipient":           {"input_recipients:\n  - age1nonsense\n", 2, 5, "not an age recipient", ""},
		"value out of range":  {"zone: UTC\nrecheck_interval: 1h\n", 2, 1, "between 1s and 1m", ""},
		"no SSH door":         {"zone: UTC\nssh_listen: \"\"\n", 2, 1, "ssh_listen may not be empty", ""},
		"API address":         {"api_listen: 8443\n", 1, 13, "not an address", ""},
		"half a certificate":  {"api_listen: 127.0.0.1:0\napi_certificate_file: a.pem\n", 2, 1, "go together", ""},
		"choice":              {"gate:\n  factor_memory: day\n", 2, 3, "window or never", ""},
		"choice in a line":    {"gate: {factor_memory: day}\n", 1, 8, "window or never", ""},
		"login time":          {"zone: UTC\ngate:\n  # why\n  login_time: 1s\n", 4, 3, "between 10s and 10m", ""},
		"version":             {"gate:\n  version: ' OpenSSH'\n", 2, 3, "printable ASCII", ""},
		"broker's address":    {"gate:\n  source_addresses: [gate.example]\n", 2, 22, "address", ""},
		"unknown in a group":  {"gate:\n  login_tim: 1m\n", 2, 3, `unknown key "login_tim"`, `"login_time"`},
		"mail without sender": {"notify:\n  mail_server: smtp.city.example.jp:587\n", 0, 0, "mail needs mail_from", ""},
		"mail server":         {"notify: {mail_server: smtp, mail_from: a@b.example}\n", 1, 10, "mail_server is HOST:PORT", ""},
		"mail security":       {"notify:\n  mail_security: maybe\n", 2, 3, "starttls, tls or none", ""},
		"call without secret": {"notify:\n  webhook_url: https://a.example/\n", 2, 3, "go together", ""},
		"pages":               {"notify:\n  staff_pages: gate\n", 2, 3, "https://", ""},
		"older and new":       {"zone: UTC\nledger:\n  origin: a\nledger_origin: b\n", 4, 1, `"ledger_origin" is the same as "origin" below "ledger:"`, ""},
		"older and new size":  {"min_free_space: 1GiB\nrecordings: {min_free_space: 2GiB}\n", 1, 1, `"min_free_space" is the same as "min_free_space" below "recordings:"`, ""},
		"older, wrong":        {"zone: UTC\nnotice_version: 0\n", 2, 1, "version of notice starts at 1", ""},
		"not in its group":    {"factor_memory: never\n", 1, 1, `unknown key "factor_memory"`, `below "gate:"`},
		"a list for a word":   {"data_dir: [a, b]\n", 1, 11, "wrong type", ""},
		"not YAML":            {"zone: [\n", 1, 7, "not readable as YAML", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig("c.yaml", []byte(tc.text))
			var e *ConfigError
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.File != "c.yaml" || e.Line != tc.line || e.Column != tc.col {
				t.Errorf("place %s, want c.yaml:%d:%d (%v)", e.Place(), tc.line, tc.col, err)
			}
			if !strings.Contains(e.Error(), tc.says) || !strings.Contains(e.HintEN, tc.hint) {
				t.Errorf("said %q, hint %q", e.Error(), e.HintEN)
			}
			if e.JA == "" || e.In("ja") == e.In("en") {
				t.Errorf("no Japanese: %q", e.In("ja"))
			}
		})
	}
}

func TestAGroupKeepsItsOtherDefaults(t *testing.T) {
	for text, want := range map[string]GateConfig{
		"gate:\n":                                  {FactorWindow, Duration(2 * time.Minute), false, wire.Version, 64, nil, "", 25 << 20, "", false, ""},
		"gate:\n  chacha20_poly1305: true\n":       {FactorWindow, Duration(2 * time.Minute), true, wire.Version, 64, nil, "", 25 << 20, "", false, ""},
		"gate: {login_time: 5m}\n":                 {FactorWindow, Duration(5 * time.Minute), false, wire.Version, 64, nil, "", 25 << 20, "", false, ""},
		"gate:\n  factor_memory: never\nzone: UTC": {FactorNever, Duration(2 * time.Minute), false, wire.Version, 64, nil, "", 25 << 20, "", false, ""},
	} {
		if c, err := ParseConfig("", []byte(text)); err != nil || !reflect.DeepEqual(c.Gate, want) {
			t.Errorf("%q: %+v, %v", text, c.Gate, err)
		}
	}
}

// Files of earlier versions have keys of the first level that stand in a group now.
func TestAConfigurationOfAnEarlierVersionIsRead(t *testing.T) {
	c, err := ParseConfig("", []byte("ledger_origin: city.example/ledger\ncheckpoint_dir: /srv/out\nnotice_version: 3\nnotice_url: https://a.example/\nnotice_contact: 0000-00-0000\nrecording_retention: 90d\nmin_free_space: 5GiB\nledger:\nnotice: {}\nrecordings:\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Ledger, LedgerConfig{Origin: "city.example/ledger", CheckpointDir: "/srv/out", WitnessSilence: Duration(24 * time.Hour), Seals: true, SIEM: defaultSIEM()}) || !reflect.DeepEqual(c.Notice, NoticeConfig{Version: 3, URL: "https://a.example/", Contact: "0000-00-0000"}) {
		t.Errorf("read %+v, %+v", c.Ledger, c.Notice)
	}
	if c.Recordings != (RecordingsConfig{Retention: Duration(90 * 24 * time.Hour), MinFreeSpace: 5 << 30}) {
		t.Errorf("read %+v", c.Recordings)
	}
}

func TestConfigPathsStartAtTheFile(t *testing.T) {
	c, err := ParseConfig("/etc/sekimori/sekimori.yaml", []byte("data_dir: /srv/data\nsocket: s.sock\ncheckpoint_dir: ''\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/srv/data" || c.Socket != "/etc/sekimori/s.sock" || c.Ledger.CheckpointDir != "" || c.MasterKeyFile != "/etc/sekimori/secret/master.key" {
		t.Errorf("%+v", c)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "/run/credentials/sekimori")
	c, err = ParseConfig("/etc/sekimori/sekimori.yaml", []byte("master_key_file: ${CREDENTIALS_DIRECTORY}/master\n"))
	if err != nil || c.MasterKeyFile != "/run/credentials/sekimori/master" {
		t.Errorf("%q, %v", c.MasterKeyFile, err)
	}
}

func TestValuesWriteAsTheyRead(t *testing.T) {
	for text, want := range map[string]time.Duration{"15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "365d": 365 * 24 * time.Hour, "5s": 5 * time.Second, "0s": 0, "2h": 2 * time.Hour} {
		got, err := ParseDuration(text)
		if err != nil || got != want || Duration(got).String() != text {
			t.Errorf("%s: %v, %v, written %s", text, got, err, Duration(got))
		}
	}
	for text, want := range map[string]int64{"1GiB": 1 << 30, "512MiB": 512 << 20, "1000": 1000, "0": 0} {
		got, ok := parseSize(text)
		if !ok || got != want || Size(got).String() != text {
			t.Errorf("%s: %d, %v, written %s", text, got, ok, Size(got))
		}
	}
	for _, text := range []string{"9999999999GiB", "-1", "1 GB", "1e9"} {
		if n, ok := parseSize(text); ok {
			t.Errorf("%s was taken as %d", text, n)
		}
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sekimori.yaml")
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig(file, []byte("checkpoint_dir: data/checkpoints\nssh_listen: 127.0.0.1:0\n"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Level{}
	said := map[string]string{}
	for _, f := range c.Check(testbed.At) {
		said[f.Item] = f.EN
		if f.Level != LevelOK {
			found[f.Item] = f.Level
		}
		if f.JA == "" || f.EN == "" {
			t.Errorf("finding without text: %+v", f)
		}
	}
	want := map[string]Level{
		"data_dir": LevelError, "master_key_file": LevelError, "input_recipients": LevelError,
		"checkpoint_dir": LevelWarning, "notice_contact": LevelWarning, "notify": LevelWarning,
	}
	delete(found, "min_free_space") // depends on the machine
	if !reflect.DeepEqual(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	if !strings.HasPrefix(said["witnesses"], "none; ") {
		t.Errorf("witnesses: %q", said["witnesses"])
	}
	for range 3 {
		c.Ledger.Witnesses = append(c.Ledger.Witnesses, WitnessConfig{URL: "https://witness.example"})
	}
	c.Ledger.Quorum = 2
	for _, f := range c.Check(testbed.At) {
		if f.Item == "witnesses" && f.EN != "3, of whom 2 must cosign" {
			t.Errorf("%+v", f)
		}
	}
}

func TestCheckWarnsOfClassicRecipients(t *testing.T) {
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	pq, old := hybrid.Recipient().String(), classic.Recipient().String()
	for _, tc := range []struct {
		input, auditors []string
		want            map[string]string // item: part of the warning
	}{
		{[]string{pq}, []string{pq}, nil},
		{[]string{old}, nil, map[string]string{"input_recipients": "1 of 1 are classic"}},
		{[]string{pq}, []string{pq, old, old}, map[string]string{"auditor_recipients": "2 of 3 are classic"}},
	} {
		text := "recipients:\n  input: [" + strings.Join(tc.input, ", ") + "]\n  auditors: [" + strings.Join(tc.auditors, ", ") + "]\n"
		c, err := ParseConfig("", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var found findings
		c.checkRecipients(&found)
		warned := map[string]string{}
		for _, f := range found {
			if f.Level == LevelWarning {
				warned[f.Item] = f.EN
			}
		}
		if len(warned) != len(tc.want) {
			t.Errorf("%d and %d keys: warned of %v", len(tc.input), len(tc.auditors), warned)
		}
		for item, said := range tc.want {
			if !strings.Contains(warned[item], said) {
				t.Errorf("%s: %q, want %q", item, warned[item], said)
			}
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	var b bytes.Buffer
	if err := WriteDefault(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("waiting_room: 1d\ninput_recipients: [age1]\n"))
	f.Add([]byte("a: &x [*x]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig("", text)
		if err != nil {
			var e *ConfigError
			if !errors.As(err, &e) {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		var again bytes.Buffer
		if err := c.Write(&again); err != nil {
			t.Fatal(err)
		}
		back, err := ParseConfig("", again.Bytes())
		if err != nil {
			t.Fatalf("what was written does not read: %v\n%s", err, again.String())
		}
		if len(c.Recipients.Auditors) == 0 {
			c.Recipients.Auditors, back.Recipients.Auditors = nil, nil
		}
		if len(c.Recipients.Input) == 0 {
			c.Recipients.Input, back.Recipients.Input = nil, nil
		}
		if c.Zone.String() != back.Zone.String() {
			t.Fatalf("zone %s became %s", c.Zone, back.Zone)
		}
		c.Zone, back.Zone = Zone{}, Zone{}
		if !reflect.DeepEqual(c, back) {
			t.Fatalf("%+v\nbecame\n%+v", c, back)
		}
	})
}

// A file in another encoding is refused with its place and a clear message; a byte order mark changes nothing.
func TestAConfigurationInAnotherEncoding(t *testing.T) {
	good := "institution: 例示市\nssh_listen: 127.0.0.1:0\n"
	if c, err := ParseConfig("c.yaml", []byte("\ufeff"+good)); err != nil || c.Institution != "例示市" {
		t.Errorf("with a byte order mark: %q, %v", c.Institution, err)
	}
	for name, text := range map[string]string{"Shift_JIS": "ssh_listen: 127.0.0.1:0\ninstitution: \x97\xe1\x8e\xa6\x8es\n", "UTF-16": "\xff\xfei\x00"} {
		_, err := ParseConfig("c.yaml", []byte(text))
		var bad *ConfigError
		if !errors.As(err, &bad) || bad.Line == 0 || !strings.Contains(bad.EN, "UTF-") || !strings.Contains(bad.JA, "UTF-8") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignInConfiguration(t *testing.T) {
	for name, tc := range map[string]struct{ text, key string }{
		"an unknown use":             {"sign_in: {passkeys: always}\n", "sign_in.passkeys"},
		"an address for passkeys":    {"sign_in: {passkey_domain: 192.0.2.1}\n", "sign_in.passkey_domain"},
		"a port for passkeys":        {"sign_in: {passkey_domain: 'gate.city.example:8443'}\n", "sign_in.passkey_domain"},
		"passwords in the clear":     {"sign_in: {ldap_url: ldap://ad.city.example, ldap_user: '{name}@city.example'}\n", "sign_in.ldap_url"},
		"no way to find people":      {"sign_in: {ldap_url: ldaps://ad.city.example}\n", "sign_in.ldap_url"},
		"a provider without TLS":     {"sign_in: {oidc_issuer: http://id.city.example, oidc_client_id: sekimori}\n", "sign_in.oidc_issuer"},
		"a provider without client":  {"sign_in: {oidc_issuer: https://id.city.example}\n", "sign_in.oidc_issuer"},
		"two ways to find people":    {"sign_in: {ldap_url: ldaps://ad, ldap_user: '{name}', ldap_base: dc=city}\n", "sign_in.ldap_url"},
		"a filter that is no filter": {"sign_in: {ldap_url: ldaps://ad, ldap_base: dc=city, ldap_filter: '(uid={name}'}\n", "sign_in.ldap_url"},
	} {
		var e *ConfigError
		if _, err := ParseConfig("c.yaml", []byte(tc.text)); !errors.As(err, &e) || e.Key != tc.key || e.Line != 1 || e.JA == e.EN {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	good := "sign_in:\n  ldap_url: ldaps://ad.city.example\n  ldap_base: dc=city\n  ldap_bind_dn: cn=gate\n  ldap_bind_password_file: bind\n  oidc_issuer: https://id.city.example\n  oidc_client_id: sekimori\n  oidc_factor_values: [mfa]\n"
	c, err := ParseConfig(file, []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.SignIn.LDAPBindPasswordFile != filepath.Join(dir, "bind") || c.passkeys().Domain != "gate" {
		t.Errorf("%+v", c.SignIn)
	}
	if _, _, err := c.directories(testbed.At); err == nil {
		t.Error("a missing file of a password was taken")
	}
	if err := os.WriteFile(filepath.Join(dir, "bind"), []byte("secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.directories(testbed.At); !errors.Is(err, keys.ErrLooseMode) {
		t.Errorf("a password that everyone can read: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "bind"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, d, err := c.directories(testbed.At); err != nil || l == nil || d == nil {
		t.Errorf("%v, %v, %v", l, d, err)
	}
	var said findings
	c.checkSignIn(&said, testbed.At)
	if len(said) != 1 || said[0].Level != LevelWarning {
		t.Errorf("the second factor is left to the provider, and `check` says %+v", said)
	}
}

// Changes of the notice are rows with a day; one that lacks something is refused with its place.
func TestChangesOfTheNotice(t *testing.T) {
	c, err := ParseConfig("c.yaml", []byte("notice:\n  version: 3\n  changes:\n  - {version: 3, from: 2026-10-01, ja: 短く, en: shorter}\n"))
	if err != nil || len(c.Notice.Changes) != 1 || c.Notice.Changes[0] != (NoticeChange{Version: 3, From: Day{"2026-10-01"}, JA: "短く", EN: "shorter"}) {
		t.Fatalf("%+v, %v", c.Notice, err)
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	if again, err := ParseConfig("", b.Bytes()); err != nil || !reflect.DeepEqual(again.Notice, c.Notice) {
		t.Errorf("written and read again: %+v, %v", again.Notice, err)
	}
	for _, row := range []string{"{version: 0, from: 2026-10-01, ja: a, en: b}", "{version: 1, ja: a, en: b}", "{version: 1, from: 2026-10-01, ja: a}", "{version: 1, from: 2026-13-01, ja: a, en: b}", "{version: 1, from: 2026-10-01, ja: a, en: b, why: c}"} {
		var e *ConfigError
		if _, err := ParseConfig("c.yaml", []byte("notice:\n  changes:\n  - "+row+"\n")); !errors.As(err, &e) || e.Line == 0 {
			t.Errorf("%s: %v", row, err)
		}
	}
}

// The index for searches lies below the data unless the file says where, or that there is none.
func TestWhereTheSearchIndexLies(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "/etc/sekimori/data/search",
		"recordings:\n  retention: 90d\n":       "/etc/sekimori/data/search",
		"recordings:\n  search: off\n":          "",
		"recordings:\n  search: \"off\"\n":      "",
		"recordings:\n  search: /srv/index\n":   "/srv/index",
		"recordings:\n  search: ../index\n":     "/etc/index",
		"recordings:\n  search: off # no one\n": "",
	} {
		c, err := ParseConfig("/etc/sekimori/sekimori.yaml", []byte(text))
		if err != nil || c.SearchDir() != want {
			t.Errorf("%q: %q, %v", text, c.SearchDir(), err)
		}
		var b bytes.Buffer
		if err := c.Write(&b); err != nil {
			t.Fatal(err)
		}
		if again, err := ParseConfig("/etc/sekimori/sekimori.yaml", b.Bytes()); err != nil || again.SearchDir() != want {
			t.Errorf("%q written and read: %q, %v", text, again.SearchDir(), err)
		}
	}
}
