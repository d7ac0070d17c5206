package gate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/files"
	"sekimori/policy"
	"sekimori/policy/text"
	"sekimori/recordings"
)

// outboxIdle is how long a client of the outbox may neither ask nor take anything.
const outboxIdle = 5 * time.Minute

// outbox serves the person's own files of the outbox to an SFTP client that named no target. The conditions are those of self-service.
func (c *caller) outbox(ctx context.Context, auth *authResult, f *front, d *drain, lang string) {
	s := &selfService{c: c, ctx: ctx, auth: auth, f: f, d: d, lang: lang, word: "files"}
	err := s.fresh()
	if err == nil {
		err = s.standing()
	}
	if err == nil {
		err = s.viewed("files.listed")
	}
	if err != nil {
		c.watchdog.Reset(lastWords)
		f.finish(s.said(err))
		return
	}
	done := make(chan struct{})
	defer close(done)
	ch, reqs, err := f.handOver(done).Accept()
	if err != nil {
		c.fault(f, err)
		return
	}
	go func() {
		for r := range reqs {
			if r.WantReply {
				_ = r.Reply(false, nil)
			}
		}
	}()
	stop := context.AfterFunc(c.s.accepting, func() { _ = ch.Close() }) // ended by Stop
	defer stop()
	early, whole := f.collected()
	if !whole {
		f.close(policy.ExitNotPermitted)
		return
	}
	near := &outboxChannel{c: c, ch: ch, in: io.MultiReader(bytes.NewReader(early), ch)}
	near.alive()
	err = c.s.o.Files.Outbox(ctx, near, s.actor(), func(t policy.Text) { _ = f.print(ch.Stderr(), t.Lines(lang)+"\n") })
	c.watchdog.Reset(lastWords)
	if err != nil {
		c.log.Debug("outbox_ended", "error", err)
	}
	f.close(0)
}

// outboxChannel cuts the connection of a client that is silent.
type outboxChannel struct {
	c  *caller
	ch ssh.Channel
	in io.Reader
}

func (o *outboxChannel) alive() { o.c.watchdog.Reset(outboxIdle) }

// Read implements io.Reader.
func (o *outboxChannel) Read(p []byte) (int, error) {
	n, err := o.in.Read(p)
	o.alive()
	return n, err
}

// Write implements io.Writer.
func (o *outboxChannel) Write(p []byte) (int, error) {
	n, err := o.ch.Write(p)
	o.alive()
	return n, err
}

// Close ends the output; the exit status and the close follow.
func (o *outboxChannel) Close() error { return nil }

// files lists the person's files in the broker's keeping.
func (s *selfService) files() error {
	operands, err := s.options(1, nil)
	if err != nil {
		return err
	}
	if len(operands) == 1 && operands[0] != "list" {
		return &usageError{"files は一覧だけです", "files only lists"}
	}
	if err := s.viewed("files.listed"); err != nil {
		return err
	}
	const most = 50
	shown, fetchable := 0, false
	if s.c.s.o.Files != nil {
		all, err := s.c.s.o.Files.Own(s.ctx, s.auth.person.ID)
		if err != nil {
			return err
		}
		for _, f := range all {
			if shown == most {
				s.out.WriteString(text.Of("(古いものは省きました)", "(older ones are left out)").Lines(s.lang) + "\n")
				break
			}
			shown++
			fetchable = fetchable || f.Direction == policy.FilesOut && f.State == policy.FileApproved
			path, _ := recordings.Legible(f.Path)
			state := f.State.Label().Slashed(s.lang)
			if f.State.Open() {
				state += "  " + text.Of("期限 ", "until ").Slashed(s.lang) + f.Until.In(s.c.s.o.Zone).Format("2006-01-02 15:04")
			}
			s.out.WriteString(text.Cut(text.OneLine(fmt.Sprintf("%s  %s", f.ID, state), 200), text.Screen) + "\n" +
				text.Cut(text.OneLine(fmt.Sprintf("     %s  %d B  %s", f.Target, f.Size, path), 400), text.Screen) + "\n")
		}
	}
	if shown == 0 {
		s.out.WriteString(text.Of("預かっているファイルはありません。", "No file of yours is in the gate's keeping.").Lines(s.lang) + "\n")
	}
	if fetchable {
		at := s.auth.person.Login + "@" + s.c.s.o.GateName + ":" + files.OutboxDir
		s.out.WriteString(text.Of("受取り(一度だけ): sftp "+at, "To fetch (once): sftp "+at).Lines(s.lang) + "\n")
	}
	return nil
}
