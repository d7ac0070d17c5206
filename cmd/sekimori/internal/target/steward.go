package target

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Steward is the login of the administrative connection.
const Steward = "steward"

// mostOrder bounds one order.
const mostOrder = 64 << 10

// login is one that the target let in.
type login struct {
	at         time.Time
	user       string
	host, port string
}

// serveSteward answers one order of the broker (broker/accounts/PROTOCOL.md). It is a simulation and says so: the account is opened and
// closed for logins to this server only, a probe reads nothing, and there is no host whose accounts could be listed.
func (t *Target) serveSteward(ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	for r := range reqs {
		exec := r.Type == "exec"
		if r.WantReply {
			r.Reply(exec, nil)
		}
		if exec {
			go ssh.DiscardRequests(reqs)
			io.WriteString(ch, t.order(io.LimitReader(ch, mostOrder)))
			ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			return
		}
	}
}

// order carries one order out and gives the answer.
func (t *Target) order(in io.Reader) string {
	var verb, account string
	var whats []string
	for lines := bufio.NewScanner(in); lines.Scan() && lines.Text() != "end"; {
		switch word, value, _ := strings.Cut(lines.Text(), " "); word {
		case "verb":
			verb = value
		case "account":
			account = value
		case "what":
			whats = append(whats, value)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := "sekimori-target 1\n"
	line := func(fields ...string) { out += strings.Join(fields, "\t") + "\n" }
	switch verb {
	case "prepare", "withdraw":
		if _, known := t.open[account]; !known {
			return out + "failed\tthere is no such account\n"
		}
		t.open[account] = verb == "prepare"
	case "prove":
		if t.open[account] {
			line("open", account, "open; 模擬 (simulated)")
		} else {
			line("gone", account, "模擬 (simulated)")
		}
	case "probe":
		for _, w := range whats {
			line("cannot-read", w, "simulated: the demonstration has no such column")
		}
	case "inventory":
		for a := range t.open {
			line("account", a, "simulated")
		}
	case "logins":
		line("clock", t.now().UTC().Format(time.RFC3339))
		line("record", "accepted", t.started.UTC().Format(time.RFC3339))
		for _, l := range t.logins {
			line("login", l.at.UTC().Format(time.RFC3339), l.user, l.host, l.port, "accepted")
		}
	case "leftovers", "connections":
	default:
		return out + fmt.Sprintf("failed\tunknown verb %q\n", verb)
	}
	return out + "done\n"
}
