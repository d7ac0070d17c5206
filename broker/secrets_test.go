package broker_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// secrets are the secrets of a story by name. Some are bytes, most are text.
type secrets map[string][]byte

// in names the secrets that stand in a text: as they are, or as hexadecimal digits or base64. Two neighbours of a base64 text that begins
// in mid-word are left out, so that each of the three ways to begin is found.
func (s secrets) in(data []byte) (found []string) {
	for name, secret := range s {
		forms := [][]byte{secret, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret)))}
		for skip := range 3 {
			whole := (len(secret) - skip) / 3 * 3
			for _, way := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				forms = append(forms, []byte(way.EncodeToString(secret[skip:skip+whole])))
			}
		}
		if quoted, err := json.Marshal(string(secret)); err == nil {
			forms = append(forms, bytes.Trim(quoted, `"`))
		}
		if slices.ContainsFunc(forms, func(f []byte) bool { return len(f) >= 6 && bytes.Contains(data, f) }) {
			found = append(found, name)
		}
	}
	return found
}

// TestSecretsAreFound: the search of TestNoSecretIsWritten finds each form.
func TestSecretsAreFound(t *testing.T) {
	secret := []byte("correct horse\n電池")
	s := secrets{"password": secret}
	for _, text := range []string{
		"x" + string(secret) + "x", fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), base64.StdEncoding.EncodeToString(secret),
		base64.StdEncoding.EncodeToString(append([]byte("a"), secret...)), base64.URLEncoding.EncodeToString(append([]byte("ab"), secret...)), fmt.Sprintf("%q", secret)[1:14] + `\n電池`,
	} {
		if len(s.in([]byte(text))) != 1 {
			t.Errorf("not found in %q", text)
		}
	}
	if found := s.in([]byte("correct horses")); found != nil {
		t.Errorf("%v is found elsewhere", found)
	}
}

// lockedLog keeps a log.
type lockedLog struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text.Bytes())
}

// TestNoSecretIsWritten goes through enrolment, sign-ins that fail and succeed, the storing of a target's key and password, and a session with
// the stored key, while the password of a role is changed and programs of the administrator run. No file of the broker holds a secret in the
// clear, nor the log of everything, nor an answer, nor what the recording opens to, nor the arguments and the environment of a program.
func TestNoSecretIsWritten(t *testing.T) {
	t.Parallel()
	programs := newDumping(t)
	o := found(t, time.Hour, func(c *broker.Config) { c.APIListen, c.Gate.Inspector = "127.0.0.1:0", programs.path("inspector") })
	known := secrets{"attendant's token": []byte(token), "owner's password": []byte(ownersPassword), "wrong password": []byte("a password of elsewhere"), "stored password": []byte("Tsuzumi-4711!")}
	code := o.ownersCode()
	known["enrolment code"] = []byte(code)
	o.storesSecrets(t, known)
	line := programs.usedBy(o)
	processes := testbed.Processes(t)

	log := &lockedLog{}
	b, err := broker.Start(t.Context(), o.config, broker.Options{Clock: o.clock.Now, Hash: o.hash, FS: o.disk, Answer: o.answer,
		Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: log})})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Broker: b, o: o, addr: b.SSHAddr().String()}
	t.Cleanup(r.close)

	owner := newPoller(t, "https://"+b.APIAddr().String(), "127.0.0.1")
	var answers bytes.Buffer
	ask := func(path string, body any, want int) string {
		t.Helper()
		status, text, err := owner.post(path, body)
		if err != nil || status != want {
			t.Fatalf("%s: %d %s %v", path, status, text, err)
		}
		return text
	}
	var shown api.EnrollSecret
	if err := json.Unmarshal([]byte(ask(string(api.EnrollBeginPath), api.EnrollBegin{Code: code}, http.StatusOK)), &shown); err != nil {
		t.Fatal(err)
	}
	known["second factor"] = []byte(shown.Secret) // told once, in the answer before
	first, err := registry.CodeAt(shown.Secret, o.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	answers.WriteString(ask(string(api.EnrollFinishPath), api.EnrollFinish{Code: code, Password: ownersPassword, TOTP: first}, http.StatusOK))
	_, refused, err := owner.login("a password of elsewhere", "000000")
	if err != nil {
		t.Fatal(err)
	}
	answers.WriteString(refused)
	o.clock.Step(time.Minute)
	next, err := registry.CodeAt(shown.Secret, o.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	status, signed, err := owner.login(ownersPassword, next)
	if err != nil || status != http.StatusOK {
		t.Fatalf("sign-in: %d %s %v", status, signed, err)
	}
	var given struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(signed), &given); err != nil || given.Token == "" {
		t.Fatalf("sign-in: %s %v", signed, err)
	}
	known["owner's token"] = []byte(given.Token)

	line.open(o)
	e := o.engineers(1)[0]
	client := e.mustDial(r.addr)
	s := client.mustStream(t, "lines")
	s.await(1 << 16)
	programs.upload(client)
	eventually(t, "the role's password is changed", func() bool { return o.entries("secret.changed") == 1 })
	r.close()
	known["role's password"] = o.rolesPassword("hr-db/other")

	for name, data := range map[string][]byte{"the log": log.bytes(), "the answers": answers.Bytes(), "the recording": o.opened(t, e), "the arguments and environments of processes": processes(), "those of the programs": programs.said()} {
		if len(data) == 0 {
			t.Errorf("%s is empty", name)
		}
		if found := known.in(data); found != nil {
			t.Errorf("%s has the %s", name, strings.Join(found, ", "))
		}
	}
	o.filesHold(t, known)
}

// storesSecrets gives the account a stored key, and another one a stored password.
func (o *office) storesSecrets(t *testing.T, known secrets) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stored")
	testbed.WriteKey(t, file)
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(pem)), "\n")
	known["stored key"] = []byte(strings.Join(lines[1:len(lines)-1], "\n"))
	known["stored key's last line"] = []byte(lines[len(lines)-2])
	o.write(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "maint"}, Credential: store.CredentialKey, Secret: "hr-db/maint"}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-db/other", Target: "hr-db", Login: "other"}, Credential: store.CredentialPassword, Secret: "hr-db/other"}))
	})
	o.with(func(db *store.DB) error {
		by := ledger.Actor{Kind: "person", ID: "U-009", Via: "cli"}
		return errors.Join(o.registry(db).SetAccountSecret(context.Background(), "hr-db/maint", pem, by),
			o.registry(db).SetAccountSecret(context.Background(), "hr-db/other", known["stored password"], by))
	})
}

// opened is everything that the recording of the engineer's session opens to with both keys.
func (o *office) opened(t *testing.T, e *engineer) []byte {
	t.Helper()
	row := o.sessions(e.id)[0]
	r, err := recordings.Open(filepath.Join(o.config.RecordingsDir(), filepath.FromSlash(row.Recording)), o.ring.ViewingIdentity(), o.offline)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all bytes.Buffer
	for {
		f, err := r.Next()
		if err != nil {
			return all.Bytes()
		}
		all.Write(f.Data)
	}
}

// filesHold fails where a file of the office has a secret. The master key's file and the engineers' own keys are not the broker's to seal.
func (o *office) filesHold(t *testing.T, known secrets) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(o.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == o.config.MasterKeyFile {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if found := known.in(data); found != nil {
			t.Errorf("%s has the %s", strings.TrimPrefix(path, o.dir), strings.Join(found, ", "))
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Errorf("%d files were read: %v", files, err)
	}
}
