package relay

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/recordings"
)

// prepareEnv keeps a variable for the target, or records why it is dropped.
func (c *channel) prepareEnv(req *ssh.Request) {
	e, err := readEnv(req.Payload, c.r.cfg.Env)
	if err == nil && len(c.env) >= maxEnv {
		err = errEnvMany
	}
	if err == nil {
		c.env = append(c.env, e)
		_ = req.Reply(true, nil)
		return
	}
	if !errors.Is(err, errMalformed) && !errors.Is(err, errEnvName) && len(c.lost) < maxEnv {
		c.lost = append(c.lost, e.Name)
	}
	name, _ := recordings.Legible([]byte(e.Name))
	c.r.refuseRequest(c, clientSide, req, clip(name)+": "+err.Error())
}

// mostNamed bounds the variables named to the engineer.
const mostNamed = 5

// sayLostEnv tells a terminal, once per session, the listed variables that were dropped: otherwise a program would use
// another language or garble text without explanation. Unlisted names are dropped silently, as every server does.
func (c *channel) sayLostEnv() {
	if len(c.lost) == 0 {
		return
	}
	c.r.mu.Lock()
	said := c.r.toldOfLostEnv
	c.r.toldOfLostEnv = true
	c.r.mu.Unlock()
	if said {
		return
	}
	names, more := c.lost, ""
	if len(names) > mostNamed {
		names, more = names[:mostNamed], fmt.Sprintf(" +%d", len(c.lost)-mostNamed)
	}
	list := strings.Join(names, " ") + more
	ja := fmt.Sprintf("関守: 接続先へ渡さなかった環境変数: %s (UTF-8 で %d バイトまで、%d 個までです)\n", list, maxEnvValue, maxEnv)
	en := fmt.Sprintf("Sekimori: variables not passed on: %s (UTF-8 up to %d bytes, %d of them)\n", list, maxEnvValue, maxEnv)
	text := ja + en
	switch c.r.cfg.Lang {
	case "ja":
		text = ja
	case "en":
		text = en
	}
	if c.event(recordings.EventNotice, recordings.Notice{Kind: "env", Text: text}) {
		c.term.post(text)
	}
}
