package demo

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// engineerKey makes the engineer's key pair in DIR/engineer and DIR/engineer.pub.
func (d *demo) engineerKey() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(private, "sato@demo")
	if err != nil {
		return err
	}
	if d.key, err = ssh.NewSignerFromKey(private); err != nil {
		return err
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		return err
	}
	d.publicKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshPublic)))
	return errors.Join(
		os.WriteFile(filepath.Join(d.dir, "engineer"), pem.EncodeToMemory(block), 0o600),
		os.WriteFile(filepath.Join(d.dir, "engineer.pub"), []byte(d.publicKey+"\n"), 0o644))
}

// knownHosts writes what ssh needs to know the gate by.
func (d *demo) knownHosts() error {
	addr := d.broker.SSHAddr().(*net.TCPAddr)
	line := fmt.Sprintf("[127.0.0.1]:%d %s", addr.Port, ssh.MarshalAuthorizedKey(d.hostKey))
	return os.WriteFile(filepath.Join(d.dir, "known_hosts"), []byte(line), 0o644)
}

// connection is the engineer's SSH connection through the gate, as an ordinary client has it.
type connection struct {
	*ssh.Client
	card string // the text that consent was asked for
	said string // the banner that came last
	now  func() time.Time
}

// connect logs in as the engineer: key, one-time code, consent. user is the engineer's login, or login and target.
func (d *demo) connect(ctx context.Context, user string) (*connection, error) {
	c := &connection{now: d.now}
	config := &ssh.ClientConfig{
		User: user,
		Auth: []ssh.AuthMethod{
			ssh.PublicKeys(d.key),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range questions {
					if !echos[i] {
						var err error
						if answers[i], err = d.sato.code(ctx); err != nil {
							return nil, err
						}
						continue
					}
					c.card, answers[i] = c.said+questions[i], "yes"
				}
				return answers, nil
			}),
		},
		BannerCallback: func(text string) error {
			c.said = text
			return nil
		},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			d.hostKey = key
			return nil
		},
		Timeout: 10 * time.Second,
	}
	client, err := ssh.Dial("tcp", d.broker.SSHAddr().String(), config)
	if err != nil {
		return nil, fmt.Errorf("connect as the engineer: %w", err)
	}
	c.Client = client
	return c, nil
}

// once runs one command and gives its output, its standard error and its exit status.
func (c *connection) once(command string) (stdout, stderr string, status int, err error) {
	s, err := c.NewSession()
	if err != nil {
		return "", "", 0, err
	}
	defer s.Close()
	var out, problems bytes.Buffer
	s.Stdout, s.Stderr = &out, &problems
	err = s.Run(command)
	var exit *ssh.ExitError
	if errors.As(err, &exit) {
		status, err = exit.ExitStatus(), nil
	}
	return out.String(), problems.String(), status, err
}

// sftp asks for the SFTP subsystem and gives what the broker says to that.
func (c *connection) sftp() (stderr string, status int, err error) {
	channel, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		return "", 0, err
	}
	defer channel.Close()
	if _, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"})); err != nil {
		return "", 0, err
	}
	said, err := io.ReadAll(channel.Stderr())
	if err != nil {
		return "", 0, err
	}
	for r := range requests {
		var exit struct{ Status uint32 }
		if r.Type == "exit-status" && ssh.Unmarshal(r.Payload, &exit) == nil {
			status = int(exit.Status)
		}
	}
	return string(said), status, nil
}

// terminal is an open shell whose output is kept.
type terminal struct {
	transcript
	session *ssh.Session
	in      io.WriteCloser
}

// transcript keeps a person's screen, and the time of its newest text.
type transcript struct {
	now   func() time.Time
	mu    sync.Mutex // guards seen, last
	seen  strings.Builder
	last  time.Time
	grown chan struct{} // holds one: more was seen
}

// shell opens a shell on a terminal.
func (c *connection) shell() (*terminal, error) {
	s, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	t := &terminal{session: s, transcript: transcript{now: c.now, grown: make(chan struct{}, 1)}}
	if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{ssh.ECHO: 1}); err != nil {
		return nil, err
	}
	if t.in, err = s.StdinPipe(); err != nil {
		return nil, err
	}
	s.Stdout, s.Stderr = t, t
	return t, s.Shell()
}

// Write takes more of it.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.seen.Write(p)
	t.last = t.now()
	t.mu.Unlock()
	select {
	case t.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (t *transcript) text() (string, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen.String(), t.last
}

// await waits until the output holds what is looked for.
func (t *transcript) await(ctx context.Context, what string) error { return t.follows(ctx, 0, what) }

// follows waits until the output holds each of the words after the one before, behind its first bytes.
func (t *transcript) follows(ctx context.Context, from int, words ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		seen, _ := t.text()
		at, missing := from, ""
		for _, word := range words {
			i := strings.Index(seen[at:], word)
			if i < 0 {
				missing = word
				break
			}
			at += i + len(word)
		}
		if missing == "" {
			return nil
		}
		select {
		case <-t.grown:
		case <-ctx.Done():
			return fmt.Errorf("never seen: %q, but:\n%s", missing, seen[from:])
		}
	}
}

// prompt ends the target's prompt.
const prompt = "@hr-db$ "

// types types a line at the prompt and waits for its answer and the next prompt, as a person does.
func (t *terminal) types(ctx context.Context, line, answer string) error {
	seen, _ := t.text()
	if _, err := fmt.Fprintln(t.in, line); err != nil {
		return err
	}
	return t.follows(ctx, len(seen), answer, prompt)
}

// matching gives the lines of text that hold one of the words, without control characters.
func matching(text string, words ...string) []string {
	var out []string
	scan := bufio.NewScanner(strings.NewReader(strings.ReplaceAll(text, "\r", "")))
	for scan.Scan() {
		for _, w := range words {
			if strings.Contains(scan.Text(), w) {
				out = append(out, recordings.Visible(strings.TrimSpace(scan.Text())))
				break
			}
		}
	}
	return out
}
