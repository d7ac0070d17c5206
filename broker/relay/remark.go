package relay

import (
	"sekimori/policy"
	"sekimori/recordings"
)

// A client that asks for X11, an agent or a forward from the target (-X, -A, -R) shows little or nothing after a refusal,
// because the answer has no place for a reason. So the engineer reads it on stderr of a shell or a command, once per feature
// and connection, and never in a channel that transfers files.

// remark writes to stderr of an open session, else of the next one, that a feature was refused.
func (r *Relay) remark(feature string) {
	args := map[string]string{"feature": feature}
	text := r.inLanguage(
		"関守: "+policy.Message(policy.FeatureNotGranted, args, "ja")+"\n",
		"Sekimori: "+policy.Message(policy.FeatureNotGranted, args, "en")+"\n")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.remarked[feature] {
		return
	}
	if r.remarked == nil {
		r.remarked = make(map[string]bool)
	}
	r.remarked[feature] = true
	for _, c := range r.channels {
		if c.heard.Load() {
			r.run(func() { c.remark(text) })
			return
		}
	}
	r.owed = append(r.owed, text)
}

// sayRemarks writes the outstanding remarks to a shell or a command that has just been started.
func (c *channel) sayRemarks(kind policy.ChannelKind) {
	if kind != policy.ChannelShell && kind != policy.ChannelExec {
		return
	}
	c.r.mu.Lock()
	texts := append(c.remarks, c.r.owed...)
	c.remarks, c.r.owed = nil, nil
	c.heard.Store(true)
	c.r.mu.Unlock()
	if len(texts) == 0 {
		return
	}
	c.r.run(func() { // the client may not be reading
		for _, text := range texts {
			c.remark(text)
		}
	})
}

// remark records text as a notice and writes it to the channel's stderr.
func (c *channel) remark(text string) {
	if !c.r.valve.open() {
		return
	}
	t := c.shown.Load()
	if t == nil {
		c.say(text)
		return
	}
	if c.event(recordings.EventNotice, recordings.Notice{Kind: "refused", Text: text}) {
		t.post(text)
	}
}

// inLanguage returns the text in the engineer's language, or in both.
func (r *Relay) inLanguage(ja, en string) string {
	switch r.cfg.Lang {
	case "ja":
		return ja
	case "en":
		return en
	}
	return ja + en
}
