package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"sekimori/broker"
	"sekimori/broker/forms"
	"sekimori/broker/pages"
	"sekimori/broker/registry"
)

// registryFile is the first registry file, which the set-up page writes beside the configuration.
const registryFile = "registry.yaml"

// setUpPage serves the first set-up page on this machine until it was filled in, or the command is interrupted: then what init made
// stands, and the YAML is written by hand.
func (p *program) setUpPage(ctx context.Context, dir string, cfg broker.Config) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return &failure{ja: "この機械で待ち受けられません", en: "cannot listen on this machine", cause: err}
	}
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	key := hex.EncodeToString(b)
	written := make(chan struct{})
	handler, err := pages.NewSetUp(key, func(s pages.SetUp) (pages.SetUpDone, error) {
		done, err := writeSetUp(dir, cfg, s)
		if err == nil {
			close(written)
		}
		return done, err
	})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintf(p.out, "%s\n  http://%s/setup?key=%s\n", p.say("最初の設定は、この機械のブラウザで(Ctrl-C でやめると、YAML を手で書けます):",
		"first set-up in a browser on this machine (Ctrl-C leaves it, and you write the YAML by hand):"), l.Addr(), key)
	select {
	case <-written:
	case <-ctx.Done():
	case err := <-ended:
		return fmt.Errorf("set-up page: %w", err)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // the answer that says what comes next still goes out
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("set-up page: %w", err)
	}
	if ctx.Err() == nil {
		fmt.Fprintln(p.out, p.say("最初の登録簿を書きました: ", "wrote the first registry: ")+filepath.Join(dir, registryFile))
	}
	return nil
}

// The registry file as the page writes it.
type (
	setUpFile struct {
		Sections []setUpSection `yaml:"sections"`
		Staff    []setUpStaff   `yaml:"staff"`
	}
	setUpSection struct {
		ID                 string `yaml:"id"`
		Name               string `yaml:"name"`
		Phone              string `yaml:"phone"`
		InformationSystems bool   `yaml:"information_systems,omitempty"`
	}
	setUpStaff struct {
		ID      string   `yaml:"id"`
		Login   string   `yaml:"login"`
		Name    string   `yaml:"name"`
		Section string   `yaml:"section"`
		Roles   []string `yaml:"roles"`
	}
)

// centralSection is the id of the information-systems section.
const centralSection = "is"

// writeSetUp checks everything as serve and apply will, and then writes both files.
func writeSetUp(dir string, cfg broker.Config, s pages.SetUp) (pages.SetUpDone, error) {
	file, err := yaml.MarshalWithOptions(setUpFile{
		Sections: []setUpSection{{centralSection, s.CentralName, s.CentralPhone, true}, {s.Section, s.SectionName, s.SectionPhone, false}},
		Staff: []setUpStaff{
			{"U-001", s.First.Login, s.First.Name, centralSection, []string{"administrator"}},
			{"U-002", s.Second.Login, s.Second.Name, centralSection, []string{"second-approver"}},
		},
	}, yaml.IndentSequence(true))
	if err != nil {
		return pages.SetUpDone{}, fmt.Errorf("write the registry: %w", err)
	}
	if _, err := registry.Parse(registryFile, file); err != nil {
		return pages.SetUpDone{}, atInputs(err)
	}
	cfg.Institution, cfg.GateName, cfg.Notice.Contact = s.Institution, s.GateName, s.Contact
	var text strings.Builder
	if err := cfg.Write(&text); err != nil {
		return pages.SetUpDone{}, fmt.Errorf("write the configuration: %w", err)
	}
	if _, err := broker.ParseConfig("", []byte(text.String())); err != nil {
		var bad *broker.ConfigError
		if errors.As(err, &bad) {
			return pages.SetUpDone{}, &forms.Invalid{Problems: []forms.Problem{{Field: bad.Key, Code: "config", JA: bad.JA + "。", EN: bad.EN}}}
		}
		return pages.SetUpDone{}, err
	}
	at, config := filepath.Join(dir, registryFile), filepath.Join(dir, "sekimori.yaml")
	header := "# 最初の登録簿 / the first registry. `sekimori apply -f " + registryFile + "` が関守に入れます / puts it into the broker.\n"
	if err := os.WriteFile(at, append([]byte(header), file...), 0o640); err != nil {
		return pages.SetUpDone{}, fmt.Errorf("write the registry: %w", err)
	}
	if err := os.WriteFile(config, []byte(text.String()), 0o640); err != nil {
		return pages.SetUpDone{}, fmt.Errorf("write the configuration: %w", err)
	}
	return pages.SetUpDone{Files: []string{config, at}, Next: []string{"sekimori serve --config " + config, "sekimori apply -f " + at}}, nil
}

// atInputs brings the problems of the file to the inputs of the page.
func atInputs(err error) error {
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		return err
	}
	inputs := map[string]string{
		"sections[1].id": "section", "sections[1].name": "section_name", "sections[1].phone": "section_phone", "sections[0].name": "central_name", "sections[0].phone": "central_phone",
		"staff[0].login": "first_login", "staff[0].name": "first_name", "staff[1].login": "second_login", "staff[1].name": "second_name",
	}
	out := &forms.Invalid{}
	for _, p := range bad.Problems {
		if at, ok := inputs[p.Field]; ok {
			p.Field = at
		}
		p.Line, p.Column = 0, 0
		out.Problems = append(out.Problems, p)
	}
	return out
}
