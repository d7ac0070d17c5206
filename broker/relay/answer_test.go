package relay_test

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
)

// A client must answer a liveness question in any form; a client that does not is taken for lost. Debian's packages:
// openssh-client, putty-tools, dropbear-bin, python3-paramiko, python3-asyncssh.
func TestRealClientsAnswer(t *testing.T) {
	t.Parallel()
	python := func(script string) func(*rig, string, string) []string {
		return func(_ *rig, host, port string) []string { return []string{"-c", script, host, port} }
	}
	for name, c := range map[string]struct {
		program string
		needs   string // a module of Python; the program is its interpreter
		args    func(r *rig, host, port string) []string
	}{
		"ssh": {"ssh", "", func(_ *rig, host, port string) []string {
			return append(sshOptions(&door{host: host, port: port}), host, "wait")
		}},
		"plink": {"plink", "", func(r *rig, host, port string) []string {
			return []string{"-batch", "-ssh", "-P", port, "-l", "sato", "-hostkey", r.hostKey, host, "wait"}
		}},
		"dbclient": {"dbclient", "", func(_ *rig, host, port string) []string {
			return []string{"-y", "-y", "-p", port, "sato@" + host, "wait"}
		}},
		"paramiko": {"", "paramiko", python(`
import paramiko, sys
t = paramiko.Transport((sys.argv[1], int(sys.argv[2])))
t.start_client(timeout=20)
t.auth_none("sato")
c = t.open_session()
c.exec_command("wait")
sys.stdin.read()
c.shutdown_write()
sys.exit(c.recv_exit_status())
`)},
		"asyncssh": {"", "asyncssh", python(`
import asyncio, asyncssh, sys
async def main():
    async with asyncssh.connect(sys.argv[1], int(sys.argv[2]), username="sato", known_hosts=None, client_keys=[], config=[]) as c:
        p = await c.create_process("wait")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        p.stdin.write_eof()
        return (await p.wait()).exit_status
sys.exit(asyncio.run(main()))
`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := ""
			if c.needs != "" {
				program = testbed.NeedPython(t, c.needs)
			} else {
				program = testbed.Need(t, c.program)
			}
			r := newRig(t, rigOptions{})
			host, port, err := net.SplitHostPort(r.addr)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, c.args(r, host, port)...)
			in, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			within(t, "the command runs", func() {
				for len(r.events("exec")) == 0 {
					<-time.After(10 * time.Millisecond)
				}
			})
			<-time.After(200 * time.Millisecond) // until nothing else is in transit
			for range 3 {
				before := r.near.BytesRead()
				within(t, "the client answers", func() {
					for r.near.BytesRead() == before {
						r.relay.AskClient() // not a second time while an answer is owed, or was read and not yet taken
						<-time.After(10 * time.Millisecond)
					}
				})
			}
			in.Close()
			_ = cmd.Wait()
			if exit := cmd.ProcessState.ExitCode(); exit != 7 {
				t.Errorf("exit status %d", exit)
			}
		})
	}
}
