package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/testrun"
)

// town is the institution of testdata/town.yaml. It is founded once, by the commands that anybody
// uses; each story that needs it gets a copy, because enrolling fifteen people takes a while.
type town struct {
	t     *testing.T
	once  sync.Once // guards what follows
	dir   string    // people/ and b/, the broker's directory
	at    time.Time // when its stories begin; it was founded the hour before
	names map[string]string
	sshd  *sshd
	skip  string // why there is none
}

// found founds the town. It skips, by name, where OpenSSH is missing.
func (t *town) found() {
	if t.skip = missing(t.t, "sshd", "ssh", "scp", "sftp"); t.skip != "" {
		return
	}
	dir, err := os.MkdirTemp("", "skm") // short: a socket's path is limited
	if err == nil {
		t.dir = dir
		t.t.Cleanup(func() { os.RemoveAll(dir) })
		err = t.build()
	}
	if err != nil {
		t.t.Errorf("the town of the stories: %v", err)
		t.skip = "it could not be founded"
	}
}

func (t *town) build() error {
	home, people := filepath.Join(t.dir, "b"), filepath.Join(t.dir, "people")
	if err := os.Mkdir(people, 0o700); err != nil {
		return err
	}
	now := clockFrom(t.at.Add(-time.Hour))
	nobody := person{dir: people, login: "nobody", now: now}
	if _, err := nobody.do("init", home, "--listen", "127.0.0.1:0"); err != nil {
		return err
	}
	if err := changeSettings(filepath.Join(home, "sekimori.yaml"), "min_free_space: 16MiB\nrecheck_interval: 1s\n"); err != nil {
		return err
	}
	var err error
	if t.sshd, err = startSSHD(t.t, filepath.Join(home, "ca.pub")); err != nil {
		return err
	}
	if t.names, err = townNames(t.sshd); err != nil {
		return err
	}
	broker, err := serveFor(nobody, filepath.Join(home, "sekimori.yaml"))
	if err != nil {
		return err
	}
	if err := t.settle(people, broker.socket, now); err != nil {
		return err
	}
	return broker.stop()
}

// settle applies the registry and enrols everybody.
func (t *town) settle(people, socket string, now func() time.Time) error {
	text, err := os.ReadFile(filepath.Join("testdata", "town.yaml"))
	if err != nil {
		return err
	}
	registry := os.Expand(string(text), func(name string) string {
		who, ok := strings.CutPrefix(name, "KEY_")
		if !ok {
			if date, ok := dates(t.at)[name]; ok {
				return date
			}
			return t.names[name]
		}
		public, keyErr := makeKey(filepath.Join(people, "key-"+who))
		if keyErr != nil {
			err = keyErr
		}
		return public
	})
	if err != nil {
		return err
	}
	file := filepath.Join(people, "town.yaml")
	if err := os.WriteFile(file, []byte(registry), 0o600); err != nil {
		return err
	}
	kanri := person{people, socket, "kanri", now}
	code, err := kanri.code("apply", "-f", file)
	if err == nil {
		err = kanri.enrol(code)
	}
	if err != nil {
		return err
	}
	for _, found := range regexp.MustCompile(`login: ([a-z0-9]+), name: [^,]+, (?:section|lang)`).FindAllStringSubmatch(registry, -1) {
		if found[1] == kanri.login {
			continue
		}
		if code, err = kanri.code("person", "enroll-code", found[1]); err == nil {
			err = person{people, socket, found[1], now}.enrol(code)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// do runs a command that must go well.
func (p person) do(line ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	if status := p.program(strings.NewReader(""), &out, &errs).run(context.Background(), line); status != 0 {
		return nil, fmt.Errorf("%s: sekimori %s: exit %d\n%s", p.login, strings.Join(line, " "), status, errs.String())
	}
	return out.Bytes(), nil
}

// code runs a command that hands out an enrolment code.
func (p person) code(line ...string) (string, error) {
	out, err := p.do(append(line, "--json")...)
	if err != nil {
		return "", err
	}
	var said struct{ Code string }
	if err := json.Unmarshal(out, &said); err != nil || said.Code == "" {
		return "", fmt.Errorf("no enrolment code in %s (%v)", out, err)
	}
	return said.Code, nil
}

// townNames are the variables that the registry, the stories and their files use.
func townNames(s *sshd) (map[string]string, error) {
	greeting, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { greeting.Close() })
	go greet(greeting)
	return map[string]string{
		"PORT": strconv.Itoa(s.port), "HOSTKEY": s.hostKey, "LOGIN": s.login,
		"GREETPORT":  strconv.Itoa(greeting.Addr().(*net.TCPAddr).Port),
		"CLOSEDPORT": strconv.Itoa(testrun.ClosedPort(s.t)),
	}, nil
}

// greet answers each connection with a line and with its input: a destination of forwards.
func greet(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_, _ = io.WriteString(c, "greetings\n")
			_, _ = io.Copy(c, c)
		}()
	}
}

// makeKey writes a key for a real ssh client and returns its public half.
func makeKey(path string) (string, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return "", err
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return "", err
	}
	public := ssh.MarshalAuthorizedKey(signer.PublicKey())
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return "", err
	}
	return strings.TrimSpace(string(public)), os.WriteFile(path+".pub", public, 0o600)
}

// changeSettings replaces settings of a configuration, a line each.
func changeSettings(file, settings string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(settings) {
		key, _, _ := strings.Cut(line, ":")
		text = regexp.MustCompile("(?m)^( *)"+key+":.*").ReplaceAll(text, []byte("${1}"+strings.TrimSpace(line)))
	}
	return os.WriteFile(file, text, 0o640)
}

// copyPrivate copies a tree with its modes, which the broker looks at.
func copyPrivate(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), info.Mode().Perm())
		case !info.Mode().IsRegular():
			return nil // a socket
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, info.Mode().Perm())
	})
}
