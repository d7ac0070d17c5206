package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"sekimori/policy/text"
)

// Bounds of a run.
const (
	MostOutput = 1 << 20          // bytes of standard output
	MostErrors = 64 << 10         // bytes of standard error
	Usually    = 30 * time.Second // the time limit where Hook.Within is 0
	heldOpen   = time.Second      // for outputs to end after the program and its group have ended
)

// Hook is a program of an administrator and its fixed arguments.
type Hook struct {
	Path   string        // absolute
	Args   []string      // without the program's name; never secret
	Within time.Duration // time limit of a run; 0 means Usually

	owner uint32 // the account that the file and its directories must belong to; 0, root, outside this package's tests
}

// Result is what a program said before it ended by itself.
type Result struct {
	Exit   int // its status; 128 + the signal where one ended it
	Stdout []byte
	Stderr []byte
}

// The causes that a caller may tell apart; each Error wraps one.
var (
	ErrUnfit = errors.New("the program does not meet the conditions") // it was not started
	ErrStart = errors.New("the program could not be started")
	ErrTime  = errors.New("the program exceeded its time limit") // it was killed
	ErrFlood = errors.New("the program printed too much")        // it was killed
	ErrHeld  = errors.New("a process that the program left behind holds its output open")
)

// Error says why a program was not run, or not to its end.
type Error struct {
	Kind  error // one of the causes above, or the context's
	Path  string
	Cause text.Text
	Next  text.Text // the administrator's next step
}

// Error returns both lines in English.
func (e *Error) Error() string {
	return fmt.Sprintf("program %s: %s; %s", e.Path, e.Cause.EN, e.Next.EN)
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// fail makes an Error of this hook.
func (h Hook) fail(kind error, cause, next text.Text) *Error {
	return &Error{Kind: kind, Path: h.Path, Cause: cause, Next: next}
}

// prefix begins the name of each variable that a caller may set, so that no value of a request can change how the program is loaded.
const prefix = "SEKIMORI_"

// environment returns the fixed variables and the caller's.
func environment(env []string) ([]string, error) {
	out := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME=/"}
	for _, v := range env {
		name, _, found := strings.Cut(v, "=")
		if !found || !strings.HasPrefix(name, prefix) || strings.ContainsRune(v, 0) {
			return nil, fmt.Errorf("variable %q is not of the form %sNAME=value", text.OneLine(name, 80), prefix)
		}
		out = append(out, v)
	}
	return out, nil
}

// Run checks the program and runs it once, with stdin as its standard input. A returned error is an *Error; the Result then holds what
// was printed until then, for the log, and says nothing else.
func (h Hook) Run(ctx context.Context, env []string, stdin []byte) (Result, error) {
	path, err := h.resolve()
	if err != nil {
		return Result{}, err
	}
	vars, err := environment(env)
	if err != nil {
		return Result{}, h.fail(ErrStart, text.Of("環境変数を渡せません: "+err.Error(), err.Error()), text.Of("管理者に連絡してください。", "tell the administrator"))
	}
	within := h.Within
	if within <= 0 {
		within = Usually
	}

	flood := make(chan struct{}, 2)
	out, errs := &bounded{most: MostOutput, flood: flood}, &bounded{most: MostErrors, flood: flood}
	cmd := exec.Command(path, h.Args...)
	cmd.Env, cmd.Dir = vars, "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), out, errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = heldOpen
	limit := time.NewTimer(within)
	defer limit.Stop()
	if err := cmd.Start(); err != nil {
		return Result{}, h.fail(ErrStart, text.Of("起動できません: "+err.Error(), "it could not be started: "+err.Error()),
			text.Of("ファイルの形式と1行目(#!)を確かめてください。", "check the file's format and its first line (#!)"))
	}

	var stopped *Error
	select {
	case <-exited(cmd.Process.Pid):
	case <-ctx.Done():
		stopped = h.fail(context.Cause(ctx), text.Of("中止しました。", "the run was called off"), text.Of("必要ならもう一度行ってください。", "do it again if it is still wanted"))
	case <-limit.C:
		stopped = h.fail(ErrTime, text.Of(fmt.Sprintf("%s以内に終わらないため停止しました。", text.Length(within).JA), fmt.Sprintf("it did not end within %s and was killed", text.Length(within).EN)),
			text.Of("プログラムを単独で実行し、待たずに終わることを確かめてください。", "run the program by hand and make sure that it ends without waiting"))
	case <-flood:
		stopped = h.tooMuch()
	}
	// The group still has its leader, running or not yet reaped, so the number is no other group's.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	err = cmd.Wait()
	result := Result{Exit: status(cmd.ProcessState), Stdout: out.taken(), Stderr: errs.taken()}
	switch {
	case stopped != nil:
		return result, stopped
	case out.overrun() || errs.overrun():
		return result, h.tooMuch()
	case errors.Is(err, exec.ErrWaitDelay):
		return result, h.fail(ErrHeld, text.Of("終わった後も子プロセスが出力を開いたままにしています。", "a process that it left behind holds its output open"),
			text.Of("残すプロセスは setsid で起動し、出力を閉じてください。", "start such a process with setsid and close its outputs"))
	}
	return result, nil
}

// tooMuch is the error of a program that prints more than its bound.
func (h Hook) tooMuch() *Error {
	return h.fail(ErrFlood, text.Of(fmt.Sprintf("出力が上限(標準出力 %d KiB、標準エラー %d KiB)を超えたため停止しました。", MostOutput>>10, MostErrors>>10),
		fmt.Sprintf("it printed more than its bound (%d KiB of standard output, %d KiB of standard error) and was killed", MostOutput>>10, MostErrors>>10)),
		text.Of("出力を減らしてください。", "make it print less"))
}

// status returns the exit status as a shell would tell it.
func status(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

// bounded keeps the first bytes of an output and tells when more come.
type bounded struct {
	most  int
	flood chan<- struct{} // with room for a message of each output

	mu   sync.Mutex // guards the following
	kept []byte
	over bool
}

// Write takes all bytes, so that the program never waits for its reader, and keeps those within the bound.
func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := b.most - len(b.kept)
	b.kept = append(b.kept, p[:min(room, len(p))]...)
	if len(p) > room && !b.over {
		b.over = true
		b.flood <- struct{}{}
	}
	return len(p), nil
}

// taken returns what was kept.
func (b *bounded) taken() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept
}

// overrun tells that more came than was kept.
func (b *bounded) overrun() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over
}
