package wire

import (
	"regexp"
	"strings"
)

// Version is the software version that the broker says to engineers and to targets (RFC 4253 section
// 4.2), after "SSH-2.0-".
//
// It begins with OpenSSH because peers go by it. OpenSSH's client and server send
// eow@openssh.com and no-more-sessions@openssh.com only to OpenSSH: without them `ssh host yes | head -1`
// never ends. libssh and AsyncSSH turn the arguments of an SFTP symlink round for OpenSSH; libssh
// needs a number to recognise it. No release has this number, so no list of weaknesses of OpenSSH
// fits it. The comment tells the product.
const Version = "OpenSSH_9.99 Sekimori"

// VersionLine is the identification line for a version; empty: Version.
func VersionLine(version string) string {
	if version == "" {
		version = Version
	}
	return "SSH-2.0-" + version
}

// openSSH is the form in which every peer recognises OpenSSH. libssh 0.10 takes
// neither OpenSSH_10.0 nor a word in place of the number for it, others do: with such a version a
// symlink would point one way or the other.
var openSSH = regexp.MustCompile(`OpenSSH_[1-9]\.[0-9]`)

// ValidVersion reports whether a version may stand in an identification line, and means the same to
// every peer. With its prefix and its end such a line has 255 bytes at most.
func ValidVersion(v string) bool {
	if v == "" || len(v) > 128 || v[0] == ' ' || v[0] == '-' {
		return false
	}
	for i := range len(v) {
		if v[i] < ' ' || v[i] > '~' {
			return false
		}
	}
	// AsyncSSH takes a server of paramiko's for one with OpenSSH's order, too.
	return strings.Contains(v, "OpenSSH") == openSSH.MatchString(v) && !strings.Contains(v, "paramiko")
}
