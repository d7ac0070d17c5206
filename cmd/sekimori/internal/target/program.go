package target

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// program is what runs in one session channel.
type program struct {
	home, user string
	channel    ssh.Channel
	env        []string
	term       string
	size       *pty.Winsize // nil: no terminal was asked for
	tty        *os.File
	cmd        *exec.Cmd
	done       sync.WaitGroup

	output *os.File      // the program's output, without a terminal
	unread chan struct{} // closed when the output has no reader any more
}

type ptyRequest struct {
	Term          string
	Cols, Rows    uint32
	Width, Height uint32
	Modes         string
}

type windowChange struct{ Cols, Rows, Width, Height uint32 }

func (p *program) serve(reqs <-chan *ssh.Request) {
	for r := range reqs {
		ok := p.handle(r)
		if r.WantReply {
			r.Reply(ok, nil)
		}
	}
	// The channel is closed: nothing it started stays behind.
	if p.cmd != nil && p.cmd.Process != nil {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	if p.tty != nil {
		p.tty.Close()
	}
	p.done.Wait()
}

func (p *program) handle(r *ssh.Request) bool {
	switch r.Type {
	case "pty-req":
		var q ptyRequest
		if ssh.Unmarshal(r.Payload, &q) != nil {
			return false
		}
		p.term, p.size = q.Term, &pty.Winsize{Cols: uint16(q.Cols), Rows: uint16(q.Rows)}
		return true
	case "window-change":
		var w windowChange
		if ssh.Unmarshal(r.Payload, &w) != nil || p.tty == nil {
			return false
		}
		return pty.Setsize(p.tty, &pty.Winsize{Cols: uint16(w.Cols), Rows: uint16(w.Rows)}) == nil
	case "env":
		var e struct{ Name, Value string }
		if ssh.Unmarshal(r.Payload, &e) != nil {
			return false
		}
		p.env = append(p.env, e.Name+"="+e.Value)
		return true
	case "shell":
		return p.start(exec.Command(shell()))
	case "exec":
		var e struct{ Command string }
		return ssh.Unmarshal(r.Payload, &e) == nil && p.start(exec.Command(shell(), "-c", e.Command))
	case "eow@openssh.com": // as sshd: the program's next write fails, and it ends
		if p.output == nil {
			return false
		}
		close(p.unread)
		p.output.Close()
		p.output = nil
		return true
	case "subsystem":
		var s struct{ Name string }
		return ssh.Unmarshal(r.Payload, &s) == nil && s.Name == "sftp" && p.startSFTP()
	}
	return false
}

func (p *program) start(cmd *exec.Cmd) bool {
	if p.cmd != nil {
		return false
	}
	p.cmd = cmd
	cmd.Dir = p.home
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "USER=" + p.user,
		"LOGNAME=" + p.user, "SHELL=" + shell(), "PS1=" + p.user + "@hr-db$ "}, p.env...)
	if p.size != nil {
		cmd.Env = append(cmd.Env, "TERM="+p.term)
		tty, err := pty.StartWithSize(cmd, p.size)
		if err != nil {
			return false
		}
		p.tty = tty
		go io.Copy(tty, p.channel)
		p.finish(func() { io.Copy(p.channel, tty) })
		return true
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return false
	}
	output, printed, err := os.Pipe()
	if err != nil {
		return false
	}
	cmd.Stdout, cmd.Stderr = printed, p.channel.Stderr()
	err = cmd.Start()
	printed.Close()
	if err != nil {
		output.Close()
		return false
	}
	p.output, p.unread = output, make(chan struct{})
	go func() { io.Copy(stdin, p.channel); stdin.Close() }()
	copied, unread := make(chan struct{}), p.unread
	go func() { defer close(copied); io.Copy(p.channel, output) }()
	p.finish(func() {
		select {
		case <-copied:
			output.Close()
		case <-unread: // closed by handle
		}
	})
	return true
}

// finish waits for the program and hands its status on.
func (p *program) finish(drain func()) {
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		drain()
		err := p.cmd.Wait()
		status := uint32(0)
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit) && exit.ExitCode() >= 0:
			status = uint32(exit.ExitCode())
		case err != nil:
			status = 255
		}
		p.channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
		p.channel.Close()
	}()
}

func (p *program) startSFTP() bool {
	server, err := sftp.NewServer(p.channel, sftp.WithServerWorkingDirectory(p.home))
	if err != nil {
		return false
	}
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		server.Serve()
		server.Close()
		p.channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		p.channel.Close()
	}()
	return true
}
