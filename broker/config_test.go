package broker

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
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
	// An empty list and none mean the same.
	got.AuditorRecipients, got.InputRecipients = nil, nil
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
		for f := range of.Fields() {
			name := f.Tag.Get("yaml")
			if name == "" {
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
		if fields != len(documented) || fields > 25 {
			t.Errorf("%s: %d keys, %d documented; at most 25", of, fields, len(documented))
		}
	}
	level(configKeys(), reflect.TypeFor[Config]())
}

func TestConfigRefusesWithThePlace(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		line int
		col  int
		says string
		hint string
	}{
		"unknown key":        {"zone: Asia/Tokyo\nwaiting_rom: 5m\n", 2, 1, `unknown key "waiting_rom"`, `"waiting_room"`},
		"key twice":          {"zone: Asia/Tokyo\nzone: UTC\n", 2, 1, "already defined", ""},
		"duration":           {"\nwaiting_room: soon\n", 2, 15, `not a duration: "soon"`, ""},
		"size":               {"min_free_space: 1 GB\n", 1, 17, "not a size", ""},
		"address":            {"ssh_listen: gate\n", 1, 13, "not an address", ""},
		"port":               {"ssh_listen: 127.0.0.1:sshh\n", 1, 13, "not an address", ""},
		"zone":               {"zone: Asia/Edo\n", 1, 7, `unknown zone "Asia/Edo"`, ""},
		"recipient":          {"input_recipients:\n  - age1nonsense\n", 2, 5, "not an age recipient", ""},
		"value out of range": {"zone: UTC\nrecheck_interval: 1h\n", 2, 1, "between 1s and 1m", ""},
		"no SSH door":        {"zone: UTC\nssh_listen: \"\"\n", 2, 1, "ssh_listen may not be empty", ""},
		"API address":        {"api_listen: 8443\n", 1, 13, "not an address", ""},
		"half a certificate": {"api_listen: 127.0.0.1:0\napi_certificate_file: a.pem\n", 2, 1, "go together", ""},
		"choice":             {"gate:\n  factor_memory: day\n", 2, 3, "window or never", ""},
		"choice in a line":   {"gate: {factor_memory: day}\n", 1, 8, "window or never", ""},
		"login time":         {"zone: UTC\ngate:\n  # why\n  login_time: 1s\n", 4, 3, "between 10s and 10m", ""},
		"version":            {"gate:\n  version: ' OpenSSH'\n", 2, 3, "printable ASCII", ""},
		"unknown in a group": {"gate:\n  login_tim: 1m\n", 2, 3, `unknown key "login_tim"`, `"login_time"`},
		"not in its group":   {"factor_memory: never\n", 1, 1, `unknown key "factor_memory"`, `below "gate:"`},
		"a list for a word":  {"data_dir: [a, b]\n", 1, 11, "wrong type", ""},
		"not YAML":           {"zone: [\n", 1, 7, "not readable as YAML", ""},
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
		"gate:\n":                                  {FactorWindow, Duration(2 * time.Minute), false, wire.Version, 64},
		"gate:\n  chacha20_poly1305: true\n":       {FactorWindow, Duration(2 * time.Minute), true, wire.Version, 64},
		"gate: {login_time: 5m}\n":                 {FactorWindow, Duration(5 * time.Minute), false, wire.Version, 64},
		"gate:\n  factor_memory: never\nzone: UTC": {FactorNever, Duration(2 * time.Minute), false, wire.Version, 64},
	} {
		if c, err := ParseConfig("", []byte(text)); err != nil || c.Gate != want {
			t.Errorf("%q: %+v, %v", text, c.Gate, err)
		}
	}
}

func TestConfigPathsStartAtTheFile(t *testing.T) {
	c, err := ParseConfig("/etc/sekimori/sekimori.yaml", []byte("data_dir: /srv/data\nsocket: s.sock\ncheckpoint_dir: ''\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/srv/data" || c.Socket != "/etc/sekimori/s.sock" || c.CheckpointDir != "" || c.MasterKeyFile != "/etc/sekimori/secret/master.key" {
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
	for _, f := range c.Check(testbed.At) {
		if f.Level != LevelOK {
			found[f.Item] = f.Level
		}
		if f.JA == "" || f.EN == "" {
			t.Errorf("finding without text: %+v", f)
		}
	}
	want := map[string]Level{
		"data_dir": LevelError, "master_key_file": LevelError, "input_recipients": LevelError,
		"checkpoint_dir": LevelWarning, "notice_contact": LevelWarning,
	}
	delete(found, "min_free_space") // depends on the machine
	if !reflect.DeepEqual(found, want) {
		t.Errorf("found %v, want %v", found, want)
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
		if len(c.AuditorRecipients) == 0 {
			c.AuditorRecipients, back.AuditorRecipients = nil, nil
		}
		if len(c.InputRecipients) == 0 {
			c.InputRecipients, back.InputRecipients = nil, nil
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

// A file that an editor saved in another encoding is refused with its place, not with a riddle; a byte order mark changes nothing.
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
