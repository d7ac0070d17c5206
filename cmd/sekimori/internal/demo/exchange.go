package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"

	"sekimori/broker/api"
	"sekimori/policy"
)

// transfer is an SFTP client of the engineer's, with what the broker says beside it.
type transfer struct {
	*sftp.Client
	said *transcript
}

// transfer opens the SFTP subsystem as a client does.
func (c *connection) transfer() (*transfer, error) {
	s, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	t := &transfer{said: &transcript{now: c.now, grown: make(chan struct{}, 1)}}
	said, err := s.StderrPipe()
	if err != nil {
		return nil, err
	}
	go io.Copy(t.said, said) // until the channel ends
	in, err := s.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.RequestSubsystem("sftp"); err != nil {
		return nil, err
	}
	t.Client, err = sftp.NewClientPipe(out, in)
	return t, err
}

// waiting is the one file in the given state, as staff see it.
func (d *demo) waiting(ctx context.Context, a *actor, state policy.FileState) (api.File, error) {
	var all api.List[api.File]
	if err := a.ask(ctx, &all, "files", "list", "--state", string(state)); err != nil {
		return api.File{}, err
	}
	if len(all.Items) != 1 {
		return api.File{}, fmt.Errorf("%d files are %s, not 1", len(all.Items), state)
	}
	return all.Items[0], nil
}

// fileIn sends a file in: it is inspected, waits, and reaches the target once it is approved.
func (d *demo) fileIn(ctx context.Context) error {
	const name, content = "fix.sql", "update rounding set digits = 2;\n"
	t, err := d.conn.transfer()
	if err != nil {
		return err
	}
	defer t.Close()
	f, err := t.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, content)
	if err := errors.Join(err, f.Close()); err == nil {
		return errors.New("a file that has to wait was delivered")
	}
	at := filepath.Join(d.dir, "home", name)
	if _, err := os.Stat(at); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the file is on the target before it is approved: %v", err)
	}
	held, err := d.waiting(ctx, d.joho, policy.FileHeld)
	if err != nil {
		return err
	}
	if err := t.said.await(ctx, held.ID); err != nil {
		return err
	}
	said, _ := t.said.text()
	d.narrate("file-in", "保守要員が sftp で修正版を送ります。中身は検査され(この実演の検査器は模擬です)、承認まで留め置かれます。接続先にはまだありません。",
		"The engineer sends a fix with sftp. It is inspected (by a simulated scanner in this demonstration) and held until it is approved; the target does not have it yet.",
		map[string]any{"file": held.ID, "state": held.State}, append([]string{"sftp> put " + name}, linesOf(said)...)...)
	if err := d.joho.sign(ctx, &held, "files", "approve", held.ID); err != nil {
		return err
	}
	if err := d.terminal.await(ctx, held.ID+d.say(" を接続先に引き渡しました", " was delivered")); err != nil {
		return err
	}
	if got, err := os.ReadFile(at); err != nil || string(got) != content {
		return fmt.Errorf("the target has %q: %v", got, err)
	}
	seen, _ := d.terminal.text()
	d.narrate("file-released", "情報システム課長が承認すると、関守が接続先に引き渡し、保守要員の端末に知らせます。",
		"The head of information systems approves; the broker delivers the file to the target and tells the engineer's terminal.",
		map[string]any{"file": held.ID}, matching(seen, held.ID)...)
	return nil
}

// fileOut takes a file out: a copy goes into the outbox, two different people approve it, and the engineer fetches it once.
func (d *demo) fileOut(ctx context.Context) error {
	const name, content = "result.csv", "No,amount\n1,2\n"
	if err := os.WriteFile(filepath.Join(d.dir, "home", name), []byte(content), 0o600); err != nil { // the target's own work
		return err
	}
	t, err := d.conn.transfer()
	if err != nil {
		return err
	}
	defer t.Close()
	if got, err := t.read(name); err == nil {
		return fmt.Errorf("a file that has to wait was handed out: %q", got)
	}
	f, err := d.waiting(ctx, d.kacho, policy.FileWaitFirst)
	if err != nil {
		return err
	}
	if err := t.said.await(ctx, f.ID); err != nil {
		return err
	}
	said, _ := t.said.text()
	d.narrate("file-out", "結果の表を取ろうとすると、写しが持出し箱に入り、承認を待ちます。", "The engineer tries to take the result out: a copy goes into the outbox and waits.",
		map[string]any{"file": f.ID, "state": f.State}, append([]string{"sftp> get " + name}, linesOf(said)...)...)

	if err := d.kacho.sign(ctx, &f, "files", "approve", f.ID); err != nil {
		return err
	}
	if status, _, err := d.kacho.refusedSigned(ctx, "files", "approve", f.ID); err != nil || status != 3 {
		return fmt.Errorf("one person could approve twice: status %d, %v", status, err)
	}
	if err := d.joho.sign(ctx, &f, "files", "approve", f.ID); err != nil {
		return err
	}
	d.narrate("file-approved", "人事課長が承認し、別の一人(情報システム課長)も承認しました。同じ人の二度目は断られます。",
		"The head approves, and another person, the head of information systems; the same person a second time is refused.",
		map[string]any{"file": f.ID, "state": f.State}, f.ID+" "+policy.FileState(f.State).Label().In(d.Lang))

	asking, err := d.connect(ctx, "sato")
	if err != nil {
		return err
	}
	defer asking.Close()
	box, err := asking.transfer()
	if err != nil {
		return err
	}
	defer box.Close()
	there, err := box.ReadDir("/outbox")
	if err != nil || len(there) != 1 {
		return fmt.Errorf("the outbox holds %d files: %w", len(there), err)
	}
	path := "/outbox/" + there[0].Name()
	if got, err := box.read(path); err != nil || got != content {
		return fmt.Errorf("fetched %q: %w", got, err)
	}
	if _, err := box.read(path); err == nil {
		return errors.New("the file could be fetched twice")
	}
	if err := d.tenken.ask(ctx, &f, "files", "show", f.ID); err != nil {
		return err
	}
	if f.State != string(policy.FileFetched) {
		return fmt.Errorf("file %s is %s", f.ID, f.State)
	}
	d.narrate("file-fetched", "保守要員が持出し箱から受け取りました。受け取れるのは一度だけです。",
		"The engineer fetches it from the outbox. That works once.",
		map[string]any{"file": f.ID, "state": f.State}, "$ sftp sato@gate:/outbox", "sftp> get "+there[0].Name(), "  "+strings.Join(strings.Fields(content), " / "))
	rest := d.now().Add(demoRest)
	if err := d.skip(ctx, rest); err != nil {
		return err
	}
	d.skipped(rest, "一分後です", "by a minute")
	return nil
}

// read reads a whole file.
func (t *transfer) read(name string) (string, error) {
	f, err := t.Open(name)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	_, err = io.Copy(&b, f)
	return b.String(), errors.Join(err, f.Close())
}
