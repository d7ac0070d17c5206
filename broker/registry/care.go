package registry

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"sekimori/broker/forms"
	"sekimori/broker/store"
)

// Forms of what broker/accounts hands to programs on targets.
var (
	stewardForm = regexp.MustCompile(`^(/[A-Za-z0-9._/-]{1,200}|[A-Za-z_][A-Za-z0-9._-]{0,63})$`)
	groupForm   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]{0,63}$`)
	probeForm   = regexp.MustCompile(`^[A-Za-z0-9/_][A-Za-z0-9._/-]{0,199}$`)
)

// named reads a list of words of a form, each once.
func named(v forms.Value, form *regexp.Regexp) []string {
	var all []string
	for _, m := range v.List() {
		if s := word(m, form); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// readEgress reads where a target may connect to: an address or prefix, a colon, and a port or *.
func readEgress(t *store.Target, v forms.Value) {
	t.Egress = nil
	for _, m := range v.List() {
		s := m.Text()
		i := strings.LastIndexByte(s, ':')
		if i < 0 || !addressOf(s[:i]) || !portOf(s[i+1:]) {
			m.Problem("bad-egress", "アドレスまたは範囲と、ポートまたは * を書いてください(例: 192.0.2.0/24:443、[2001:db8::1]:*)。", "write an address or a prefix and a port or * (such as 192.0.2.0/24:443 or [2001:db8::1]:*)")
			continue
		}
		t.Egress = append(t.Egress, s)
	}
}

func addressOf(s string) bool {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

func portOf(s string) bool {
	n, err := strconv.Atoi(s)
	return s == "*" || err == nil && n > 0 && n < 65536
}
