package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// connect logs in at the gate as the engineer, answers code and consent, and runs a command on
// the target. Then it does so again with the key alone, as every client of the bench will.
func (p *person) connect(ctx context.Context) error {
	text, err := os.ReadFile(p.b.key)
	if err != nil {
		return err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return err
	}
	prompts := ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if echos[i] { // the card; everything else that is asked for is a code
				answers[i] = "yes"
				continue
			}
			if answers[i], err = p.code(ctx); err != nil {
				return nil, err
			}
		}
		return answers, nil
	})
	if err := p.works(ssh.PublicKeys(key), prompts); err != nil {
		return fmt.Errorf("log in with key and code: %w", err)
	}
	if err := p.works(ssh.PublicKeys(key)); err != nil {
		return fmt.Errorf("log in with the key alone: %w", err)
	}
	return nil
}

// works runs a command on the target through the gate.
func (p *person) works(auth ...ssh.AuthMethod) error {
	c, err := ssh.Dial("tcp", p.b.gate, &ssh.ClientConfig{
		User: p.login + "+target", Auth: auth, Timeout: 30 * time.Second,
		HostKeyCallback: loopbackOnly,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	var said strings.Builder
	s.Stderr = &said
	out, err := s.Output("echo through")
	if err == nil && string(out) != "through\n" {
		err = fmt.Errorf("the target said %q", out)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, said.String())
	}
	return nil
}

// loopbackOnly takes any host key, but only from this machine: the broker was made a moment ago.
func loopbackOnly(_ string, remote net.Addr, _ ssh.PublicKey) error {
	if a, ok := remote.(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return errors.New("the bench's gate is on loopback only")
	}
	return nil
}
