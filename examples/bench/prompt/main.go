package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	b := bench{}
	flag.StringVar(&b.sekimori, "sekimori", "sekimori", "the program")
	flag.StringVar(&b.socket, "socket", "", "the broker's socket")
	flag.StringVar(&b.gate, "gate", "", "host:port of the gate")
	flag.StringVar(&b.key, "key", "", "private key of the engineer; its public half beside it in .pub")
	flag.StringVar(&b.hostKey, "target-key", "", "public host key of the target")
	flag.StringVar(&b.forms, "forms", "", "directory of registry.yaml and request.yaml")
	flag.StringVar(&b.dir, "dir", "", "directory for what is written: the forms as filled in, tokens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	err := b.play(ctx)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prompt:", err)
		os.Exit(1)
	}
}

// bench is one broker that is being prepared.
type bench struct {
	sekimori, socket, gate, key, hostKey, forms, dir string
}

// play leads from an empty registry to an engineer whose second factor is remembered.
func (b *bench) play(ctx context.Context) error {
	registry, err := b.fill("registry.yaml")
	if err != nil {
		return err
	}
	admin := b.person("admin")
	var founded struct {
		Code string `json:"code"`
	}
	if err := admin.run(ctx, &founded, "apply", "-f", registry, "--as", admin.login); err != nil {
		return err
	}
	if founded.Code == "" {
		return errors.New("the registry was founded before; the bench wants a broker of its own")
	}
	if err := admin.enrol(ctx, founded.Code); err != nil {
		return err
	}
	clerk, head, engineer := b.person("tantou"), b.person("kacho"), b.person("bench")
	for _, p := range []*person{clerk, head, engineer} {
		var issued struct {
			Code string `json:"code"`
		}
		if err := admin.run(ctx, &issued, "person", "enroll-code", p.login); err != nil {
			return err
		}
		if err := p.enrol(ctx, issued.Code); err != nil {
			return err
		}
	}
	start, err := b.window(ctx, clerk, head)
	if err != nil {
		return err
	}
	select {
	case <-time.After(time.Until(start)):
	case <-ctx.Done():
		return ctx.Err()
	}
	return engineer.connect(ctx)
}

// window files the request, has it approved and opened, and says when it begins.
func (b *bench) window(ctx context.Context, clerk, head *person) (start time.Time, err error) {
	file, err := b.fill("request.yaml")
	if err != nil {
		return start, err
	}
	var r struct {
		No      string    `json:"request_no"`
		State   string    `json:"state"`
		Start   time.Time `json:"start"`
		End     time.Time `json:"end"`
		Windows []string  `json:"windows"`
	}
	if err := clerk.run(ctx, &r, "request", "submit", "-f", file); err != nil {
		return start, err
	}
	var check struct {
		Items []struct {
			Code  string `json:"item"`
			Needs bool   `json:"needs_reason"`
		} `json:"items"`
	}
	if err := head.run(ctx, &check, "request", "check", r.No); err != nil {
		return start, err
	}
	line := []string{"request", "approve", r.No}
	for _, item := range check.Items {
		if item.Needs {
			line = append(line, "--because", item.Code+"=計測")
		}
	}
	if err := head.sign(ctx, &r, line...); err != nil {
		return start, err
	}
	if len(r.Windows) != 1 {
		return start, fmt.Errorf("request %s is %s and has %d windows", r.No, r.State, len(r.Windows))
	}
	var w struct {
		State string `json:"state"`
	}
	if err := clerk.sign(ctx, &w, "window", "open", r.Windows[0]); err != nil {
		return start, err
	}
	if w.State != "permitted" {
		if err := clerk.sign(ctx, &w, "attend", "permit", r.Windows[0]); err != nil {
			return start, err
		}
	}
	fmt.Printf("window %s is open until %s\n", r.Windows[0], r.End.Format("2006-01-02 15:04:05 MST"))
	return r.Start, nil
}

// fill writes a form with the bench's keys and days in it, and returns where.
func (b *bench) fill(name string) (string, error) {
	form, err := os.ReadFile(filepath.Join(b.forms, name))
	if err != nil {
		return "", err
	}
	values := map[string]string{
		"FROM":  time.Now().AddDate(0, 0, -1).Format(time.DateOnly),
		"UNTIL": time.Now().AddDate(0, 1, 0).Format(time.DateOnly),
	}
	for key, file := range map[string]string{"ENGINEERKEY": b.key + ".pub", "HOSTKEY": b.hostKey} {
		line, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fields := strings.Fields(string(line))
		if len(fields) < 2 {
			return "", fmt.Errorf("%s holds no public key", file)
		}
		values[key] = fields[0] + " " + fields[1]
	}
	filled := filepath.Join(b.dir, name)
	text := os.Expand(string(form), func(v string) string {
		if value, ok := values[v]; ok {
			return value
		}
		return "${" + v + "}" // said by apply, with its line
	})
	return filled, os.WriteFile(filled, []byte(text), 0o600)
}

// decode reads a command's JSON.
func decode(out []byte, into any) error {
	if into == nil {
		return nil
	}
	return json.Unmarshal(out, into)
}
