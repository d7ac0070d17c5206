package wire

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

// ValidVersion reports whether a version may stand in an identification line: with its prefix and its
// end such a line has 255 bytes at most. Some peers read "SSH-2.0--" as another protocol.
func ValidVersion(v string) bool {
	if v == "" || len(v) > 128 || v[0] == ' ' || v[0] == '-' {
		return false
	}
	for i := range len(v) {
		if v[i] < ' ' || v[i] > '~' {
			return false
		}
	}
	return true
}
