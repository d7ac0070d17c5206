package registry_test

import (
	"errors"
	"strings"
	"testing"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
)

func problems(t *testing.T, err error) []forms.Problem {
	t.Helper()
	var bad *forms.Invalid
	if !errors.As(err, &bad) {
		t.Fatalf("error is %v, not *forms.Invalid", err)
	}
	return bad.Problems
}

func TestParseNamesEachProblem(t *testing.T) {
	whole := townhall.Registry(t)
	if _, err := registry.Parse("registry.yaml", []byte(whole)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, code, at string }{
		{"unknown key", "  - {login: head, name: 課長", "  - {login: head, nmae: 課長", "unknown-key", "nmae"},
		{"unknown section of the file", "targets:", "tragets:", "unknown-key", "tragets:"},
		{"duplicate id", "id: E-0040", "id: E-0031", "duplicate-id", "E-0031\n    login: kimura"},
		{"login taken", "login: kimura", "login: sato", "login-taken", "sato\n    name: 保守要員B"},
		{"login that is another's id", "login: kimura", "login: admin", "login-taken", "admin\n    name: 保守要員B"},
		{"bad login", "login: kimura", "login: Kimura+x", "bad-login", "Kimura+x"},
		{"legacy without a reason", "host_key: ssh-ed25519 AAAA", "legacy_algorithms: 'true', host_key: ssh-ed25519 AAAA", "reason-missing", "'true'"},
		{"encoding unknown", "host_key: ssh-ed25519 AAAA", "encoding: utf-16, host_key: ssh-ed25519 AAAA", "bad-encoding", "utf-16"},
		{"host key does not parse", "port: 2200, host_key: ssh-ed25519 AAAA", "port: 2200, host_key: ssh-ed25519 BBBB", "bad-host-key", "ssh-ed25519 BBBB"},
		{"bad date", "from: 2026-04-01, until: 2027-03-31}\n    qualified: true\n  - id: V-013", "from: 2026-04-31, until: 2027-03-31}\n    qualified: true\n  - id: V-013", "bad-date", "2026-04-31"},
		{"contract ends before it begins", "from: 2026-04-01, until: 2027-03-31}\n    qualified: true\n  - id: V-013", "from: 2026-04-01, until: 2026-03-31}\n    qualified: true\n  - id: V-013", "end-before-start", "2026-03-31"},
		{"unknown role", "roles: [requester]", "roles: [requestor]", "unknown-word", "requestor"},
		{"missing line", "line: none, second_stage", "second_stage", "missing", "{id: hr,"},
		{"anchor", "name: 別会社", "name: &x 別会社", "no-anchors", "&x"},
		{"key twice", "{login: head, name", "{login: head, login: head, name", "", ""},
		{"not a list", "roles: [approver]", "roles: approver", "wrong-kind", "approver}"},
		{"root undeclared", "login: root, root: true", "login: root", "root-undeclared", "root}"},
		{"bad duration", "max_window: 90m", "max_window: 90", "bad-duration", "90}"},
		{"control character", "name: 別会社", `name: "別\e[31m会社"`, "control-character", `"別`},
		{"no YAML", "sections:", "sections: [", "yaml-syntax", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(whole, c.old, c.new, 1)
			if text == whole {
				t.Fatal("the case changes nothing")
			}
			doc, err := registry.Parse("registry.yaml", []byte(text))
			if doc != nil {
				t.Error("a document came with the error")
			}
			p := problems(t, err)[0]
			if c.code != "" && p.Code != c.code {
				t.Fatalf("problem %+v, want %s", p, c.code)
			}
			if p.Line == 0 || p.Column == 0 || p.JA == "" || p.EN == "" {
				t.Errorf("problem lacks place or text: %+v", p)
			}
			if c.at != "" {
				line := strings.Split(text, "\n")[p.Line-1]
				rest := string([]rune(line)[p.Column-1:])
				if !strings.HasPrefix(rest, strings.SplitN(c.at, "\n", 2)[0]) {
					t.Errorf("line %d column %d is %q, want %q", p.Line, p.Column, rest, c.at)
				}
			}
		})
	}
}

func TestParseNamesTheNearestKey(t *testing.T) {
	text := strings.Replace(townhall.Registry(t), "qualified: true", "qualifed: true", 1)
	_, err := registry.Parse("registry.yaml", []byte(text))
	if !strings.Contains(err.Error(), `did you mean "qualified"?`) {
		t.Errorf("no suggestion in %q", err)
	}
}

func TestParseReportsEverythingAtOnce(t *testing.T) {
	text := strings.NewReplacer("qualified: true", "qualified: maybe", "roles: [auditor]", "roles: [x]", "id: E-0040", "id: E-0031").Replace(townhall.Registry(t))
	_, err := registry.Parse("registry.yaml", []byte(text))
	if got := len(problems(t, err)); got != 4 {
		t.Errorf("%d problems, want 4: %v", got, err)
	}
}

// FuzzParse: every file gives either a document or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte("sections:\n  - {id: a, name: b}\n"))
	f.Add([]byte("staff: [{login: x}]\n? a\n: b\n"))
	f.Add([]byte("a: &b [*b]\n"))
	f.Add([]byte("- - - -\n"))
	f.Add([]byte("vendors:\n  - !!binary x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := registry.Parse("f", text)
		if (doc == nil) == (err == nil) {
			t.Fatalf("document %v, error %v", doc, err)
		}
	})
}
