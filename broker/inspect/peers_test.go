package inspect_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/hook"
	"sekimori/broker/inspect"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/testrun"
)

const eicar = testbed.EICAR

func startClamd(t *testing.T) inspect.Clamd {
	t.Helper()
	return inspect.Clamd{Address: testbed.StartClamd(t)}
}

func TestAttackEICARPastClamd(t *testing.T) {
	clamd := startClamd(t)
	chain := inspect.Chain{Engines: []inspect.Engine{clamd, inspect.Archives{Each: []inspect.Engine{clamd}}}}
	for name, c := range map[string]struct {
		data []byte
		want inspect.Verdict
		said string
	}{
		"fine":                  {[]byte("fine"), inspect.Clean, ""},
		"empty":                 {nil, inspect.Clean, ""},
		"EICAR":                 {[]byte(eicar), inspect.NotClean, "Test.EICAR"},
		"EICAR in a zip":        {zipped(t, map[string][]byte{"a.com": []byte(eicar)}), inspect.NotClean, "Test.EICAR"},
		"EICAR in a tar.gz":     {gzipped(t, tarred(t, "a.com", []byte(eicar))), inspect.NotClean, "Test.EICAR"},
		"beyond clamd's stream": {bytes.Repeat([]byte("x"), 2<<20), inspect.NotClean, "limit"},
		"beyond the limit":      {bytes.Repeat([]byte("x"), 26<<20), inspect.NotClean, "limit"},
	} {
		r, err := chain.Inspect(t.Context(), subject(name, c.data))
		if err != nil {
			t.Fatal(err)
		}
		last := r.Findings[len(r.Findings)-1]
		if r.Verdict != c.want || !strings.Contains(last.Detail, c.said) || !strings.HasPrefix(r.Findings[0].Version, "ClamAV ") && name != "beyond the limit" {
			t.Errorf("%s: %s, %+v", name, r.Verdict, r.Findings)
		}
		if r.Verdict == inspect.Clean && (r.Before != r.After || len(r.Before) != 64) {
			t.Errorf("%s: hashes %q, %q", name, r.Before, r.After)
		}
	}
}

// TestAttackInspectorDiesInMidFile: half an answer, none, a server that is gone or never answers release nothing.
func TestAttackInspectorDiesInMidFile(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"closes at once":     func(c net.Conn) {},
		"closes in mid-file": func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 4<<10)) },
		"says OK in mid-file": func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, 4<<10))
			_, _ = io.WriteString(c, "stream: OK\x00")
		},
		"half an answer":        func(c net.Conn) { _, _ = io.WriteString(c, "stream: O") },
		"floods":                func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte("x"), 1<<20)) },
		"never answers":         func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"clean icap, no ISTag":  func(c net.Conn) { _, _ = io.WriteString(c, "ICAP/1.0 204 No\r\n\r\n") },
		"icap options and dies": func(c net.Conn) { _, _ = io.WriteString(c, "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\n\r\n") },
		"icap answers early": func(c net.Conn) {
			b := make([]byte, 7)
			_, _ = io.ReadFull(c, b)
			if string(b) == "OPTIONS" {
				_, _ = io.WriteString(c, "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nAllow: 204\r\n\r\n")
				return
			}
			_, _ = io.WriteString(c, "ICAP/1.0 204 Unmodified\r\n\r\n")
		},
		"icap header without end": func(c net.Conn) {
			for range 1 << 12 {
				if _, err := io.WriteString(c, "ICAP/1.0 200 OK\r\n"+strings.Repeat("A: b\r\n", 1000)); err != nil {
					return
				}
			}
		},
		"icap body too long": func(c net.Conn) {
			_, _ = io.WriteString(c, "ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n7fffffffffffffff\r\nx")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					serve(c)
					_ = c.Close()
				}
			}()
			defer func() { _ = l.Close(); <-served }()
			data := bytes.Repeat([]byte("x"), 8<<20)
			for _, e := range []inspect.Engine{inspect.Clamd{Address: l.Addr().String()}, inspect.ICAP{Service: "icap://" + l.Addr().String() + "/av", Sanitises: true}} {
				r, err := inspect.Chain{Engines: []inspect.Engine{e}, Within: time.Second}.Inspect(t.Context(), subject("f", data))
				if err != nil || r.Verdict != inspect.NotClean || r.Content != nil || r.Findings[0].Detail == "" {
					t.Errorf("%s: %+v, %v", e.Name(), r, err)
				}
			}
		})
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(testrun.ClosedPort(t)))
	r, err := inspect.Chain{Engines: []inspect.Engine{inspect.Clamd{Address: addr}}}.Inspect(t.Context(), subject("f", []byte("x")))
	if err != nil || r.Verdict != inspect.NotClean {
		t.Errorf("clamd is down: %+v, %v", r, err)
	}
}

// startICAP runs a real c-icap with its echo service, which changes nothing.
func startICAP(t *testing.T) (addr string) {
	t.Helper()
	server := testbed.Need(t, "c-icap")
	modules, _ := filepath.Glob("/usr/lib/*/c_icap/srv_echo.so")
	if len(modules) == 0 {
		t.Fatal("c-icap has no echo service")
	}
	addr = testrun.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lib := filepath.Dir(modules[0])
	conf := filepath.Join(dir, "c")
	text := fmt.Sprintf("PidFile %[1]s/pid\nCommandsSocket %[1]s/ctl\nPort 127.0.0.1:%[2]s\nTmpDir %[1]s\nServerLog %[1]s/log\nAccessLog %[1]s/access\n"+
		"ModulesDir %[3]s\nServicesDir %[3]s\nLoadMagicFile /etc/c-icap/c-icap.magic\nStartServers 1\nMaxServers 2\nThreadsPerChild 5\nService echo srv_echo.so\n", dir, port, lib)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	testbed.Started(t, "tcp", addr, exec.Command(server, "-N", "-f", conf))
	return addr
}

func TestICAPAgainstCICAP(t *testing.T) {
	addr := startICAP(t)
	for _, size := range []int{0, 1, 1023, 1024, 1025, 3 << 20} {
		for _, request := range []bool{false, true} {
			e := inspect.ICAP{Service: "icap://" + addr + "/echo", Request: request}
			r, err := inspect.Chain{Engines: []inspect.Engine{e}, Within: time.Minute}.Inspect(t.Context(), subject("明細 1.csv", bytes.Repeat([]byte("x"), size)))
			if err != nil || r.Verdict != inspect.Clean || r.Before != r.After || !strings.Contains(r.Findings[0].Version, "cho") {
				t.Errorf("%d bytes, request %t: %+v, %v", size, request, r, err)
			}
		}
	}
	r, err := inspect.Chain{Engines: []inspect.Engine{inspect.ICAP{Service: "icap://" + addr + "/nothing"}}}.Inspect(t.Context(), subject("f", []byte("x")))
	if err != nil || r.Verdict != inspect.NotClean {
		t.Errorf("a service that is not there: %+v, %v", r, err)
	}
}

// TestICAPAnswers: finds, pages in place of the file, and sanitised copies.
func TestICAPAnswers(t *testing.T) {
	page := "HTTP/1.1 403 Forbidden\r\n\r\n"
	ok := "HTTP/1.1 200 OK\r\n\r\n"
	body := "4\r\ngood\r\n0\r\n\r\n"
	for name, c := range map[string]struct {
		answer string
		plain  bool // the service does not sanitise
		want   inspect.Verdict
		copied string
	}{
		"infection":           {"ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Test;\r\nEncapsulated: res-hdr=0, res-body=20\r\n\r\n" + ok + body, false, inspect.NotClean, ""},
		"page":                {"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=26\r\n\r\n" + page + body, false, inspect.NotClean, ""},
		"sanitised":           {"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\n" + ok + body, false, inspect.Sanitised, "good"},
		"changed, not wanted": {"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\n" + ok + body, true, inspect.NotClean, ""},
		"cut short":           {"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\n" + ok + "4\r\ngo", false, inspect.NotClean, ""},
		"no body":             {"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=19\r\n\r\n" + ok, false, inspect.NotClean, ""},
		"error":               {"ICAP/1.0 500 Error\r\n\r\n", false, inspect.NotClean, ""},
		"unmodified":          {"ICAP/1.0 204 No\r\n\r\n", false, inspect.Clean, "evil"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				for _, answer := range []string{"ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: \"defs-20261124\"\r\nAllow: 204\r\nPreview: 1024\r\n\r\n", c.answer} {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					end := "\r\n\r\n"
					if strings.HasPrefix(answer, c.answer) {
						end = "0; ieof\r\n\r\n"
					}
					var got []byte
					for b := make([]byte, 1); !bytes.HasSuffix(got, []byte(end)); got = append(got, b...) {
						if _, err := io.ReadFull(conn, b); err != nil {
							break
						}
					}
					_, _ = io.WriteString(conn, answer)
					_ = conn.Close()
				}
			}()
			defer func() { _ = l.Close(); <-served }()
			e := inspect.ICAP{Service: "icap://" + l.Addr().String() + "/av", Sanitises: !c.plain}
			r, err := inspect.Chain{Engines: []inspect.Engine{e}}.Inspect(t.Context(), subject("f", []byte("evil")))
			if err != nil || r.Verdict != c.want || r.Findings[0].Version != "defs-20261124" {
				t.Fatalf("%+v, %v", r, err)
			}
			if c.copied != "" {
				if got := read(t, r.Content); got != c.copied {
					t.Errorf("released %q", got)
				}
			}
		})
	}
}

func TestProgramInspects(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   inspect.Verdict
		detail string
	}{
		"clean":                        {"echo engine 1.2 >&2; exit 0", inspect.Clean, ""},
		"found":                        {"echo engine 1.2 >&2; echo macro >&2; exit 1", inspect.NotClean, "macro"},
		"sanitised":                    {"echo engine 1.2 >&2; tr a b; exit 3", inspect.Sanitised, ""},
		"dies":                         {"echo engine 1.2 >&2; kill -9 $$", inspect.NotClean, "status"},
		"hangs":                        {"sleep 600", inspect.NotClean, "killed"},
		"floods":                       {"echo engine 1.2 >&2; cat /dev/zero", inspect.NotClean, "killed"},
		"flood of complaints":          {"cat /dev/zero >&2", inspect.NotClean, "killed"},
		"promises a copy, prints none": {"echo engine 1.2 >&2; exit 3", inspect.NotClean, "no copy"},
		"others can write to it":       {"exit 0", inspect.NotClean, "write"},
		"another account's":            {"exit 0", inspect.NotClean, "root"},
	} {
		path := testbed.Hook(t, "#!/bin/sh\n"+c.script+"\n")
		switch name {
		case "others can write to it":
			if err := os.Chmod(path, 0o757); err != nil {
				t.Fatal(err)
			}
		case "another account's":
			if err := os.Chown(path, 65534, -1); err != nil {
				t.Fatal(err)
			}
		}
		within := time.Minute // a shell takes its time to start on a busy machine
		if name == "hangs" {
			within = time.Second
		}
		r, err := inspect.Chain{Engines: []inspect.Engine{inspect.Program{Hook: hook.Hook{Path: path, Within: within}}}}.Inspect(t.Context(), subject("f", []byte("aaa")))
		if err != nil || r.Verdict != c.want || !strings.Contains(r.Findings[0].Detail, c.detail) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if r.Verdict == inspect.Sanitised && read(t, r.Content) != "bbb" {
			t.Errorf("released %q", read(t, r.Content))
		}
	}
}
