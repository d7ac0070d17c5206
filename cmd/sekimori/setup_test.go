package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sekimori/broker"
	"sekimori/broker/registry"
)

// init --page: the printed address, the form filled in, and files that serve and apply read. The page is gone afterwards.
func TestInitOffersAFirstSetUpPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "b")
	read, write := io.Pipe()
	var problems strings.Builder
	p := &program{in: strings.NewReader(""), out: write, err: &problems, now: clockFrom(storyAt()), getenv: func(string) string { return "" }, terminal: func(any) (int, bool) { return 0, false }}
	status := make(chan int, 1)
	go func() {
		status <- p.run(context.WithoutCancel(t.Context()), []string{"init", dir, "--page", "--listen", "127.0.0.1:0"})
		write.Close()
	}()
	address := ""
	lines := bufio.NewScanner(read)
	for address == "" && lines.Scan() {
		address = regexp.MustCompile(`http://127\.0\.0\.1:\d+/setup\?key=[0-9a-f]{32}`).FindString(lines.Text())
	}
	if address == "" {
		t.Fatalf("no address: %s", problems.String())
	}
	go io.Copy(io.Discard, read)
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"key": {at.Query().Get("key")}, "institution": {"例示市 \"本庁\": #1"}, "gate_name": {"gate.city.example"}, "contact": {"0000-00-0000"}, "central_name": {"情報システム課"},
		"central_phone": {"0000-00-9999"}, "section": {"jinji"}, "section_name": {"- 人事課: {x}"}, "section_phone": {"0000-00-1234"},
		"first_name": {"管理者"}, "first_login": {"Bad Login"}, "second_name": {"第二承認者"}, "second_login": {"joho"},
	}
	post := func() string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+at.Host+"/setup?lang=ja", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		body, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if body := post(); !strings.Contains(body, `href="#first_login"`) {
		t.Errorf("a login that apply would refuse:\n%s", body)
	}
	if _, err := os.Stat(filepath.Join(dir, registryFile)); err == nil {
		t.Error("a refused form was written")
	}
	form.Set("first_login", "kanri")
	if body := post(); !strings.Contains(body, "sekimori apply -f ") {
		t.Errorf("written, and not said what comes next:\n%s", body)
	}
	if got := <-status; got != 0 {
		t.Errorf("exit %d: %s", got, problems.String())
	}
	if _, err := http.Get(address); err == nil {
		t.Error("the page is still served")
	}
	text, err := os.ReadFile(filepath.Join(dir, registryFile))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := registry.Parse(registryFile, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(doc.People) != 2 || len(doc.Sections) != 2 || doc.Sections[1].Name != "- 人事課: {x}" {
		t.Errorf("%+v", doc)
	}
	cfg, err := broker.LoadConfig(filepath.Join(dir, "sekimori.yaml"))
	if err != nil || cfg.Institution != form.Get("institution") || cfg.GateName != "gate.city.example" || cfg.SSHListen != "127.0.0.1:0" {
		t.Errorf("%+v, %v", cfg, err)
	}
}
