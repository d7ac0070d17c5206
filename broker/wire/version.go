package wire

import (
	"regexp"
	"strings"
)

// Version is the software version that the broker sends to engineers and targets (RFC 4253 section 4.2), after "SSH-2.0-".
//
// It begins with OpenSSH because peers depend on it. OpenSSH's client and server send eow@openssh.com and
// no-more-sessions@openssh.com only to OpenSSH; without them `ssh host yes | head -1` never ends. libssh and AsyncSSH swap
// the arguments of an SFTP symlink for OpenSSH; libssh needs a number to recognise it. No release has this number, so no list
// of weaknesses of OpenSSH matches it. The comment names the product.
const Version = "OpenSSH_9.99 Sekimori"

// VersionLine is the identification line for a version; empty: Version.
func VersionLine(version string) string {
	if version == "" {
		version = Version
	}
	return "SSH-2.0-" + version
}

// openSSH is the form in which every peer recognises OpenSSH. libssh 0.10 does not recognise OpenSSH_10.0, nor a word in
// place of the number, but others do. With such a version the direction of a symlink would depend on the peer.
var openSSH = regexp.MustCompile(`OpenSSH_[1-9]\.[0-9]`)

// ValidVersion reports whether a version may appear in an identification line and means the same to every peer. The whole
// line has at most 255 bytes.
func ValidVersion(v string) bool {
	if v == "" || len(v) > 128 || v[0] == ' ' || v[0] == '-' {
		return false
	}
	for i := range len(v) {
		if v[i] < ' ' || v[i] > '~' {
			return false
		}
	}
	// AsyncSSH assumes OpenSSH's order for a server of paramiko, too.
	return strings.Contains(v, "OpenSSH") == openSSH.MatchString(v) && !strings.Contains(v, "paramiko")
}
