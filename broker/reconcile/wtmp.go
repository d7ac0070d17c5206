package reconcile

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"time"

	"sekimori/broker/accounts"
	"sekimori/policy/text"
)

// utmp is the layout of glibc's records in wtmp (utmp(5)), little-endian. The 64-bit one is that of arm64.
type utmp struct{ size, seconds, address int }

var utmps = []utmp{{384, 340, 348}, {400, 344, 360}}

// Places that both layouts share.
const (
	utmpUser, utmpUserSize = 44, 32
	utmpHost, utmpHostSize = 76, 256
	userProcess            = 7
	lastType               = 9
)

// readWtmp reads the binary file. Errors: *forms.Invalid, with the number of the record as its line.
func readWtmp(whole []byte, out *accounts.Record) error {
	layout := utmps[0]
	if len(whole)%layout.size != 0 && len(whole)%utmps[1].size == 0 {
		layout = utmps[1]
	}
	out.Begins[accounts.Terminal] = time.Time{}
	for n := 1; len(whole) > 0; n++ {
		if len(whole) < layout.size {
			return wrongLine(n, "", "wtmp の記録が途中で切れています", "the record of wtmp breaks off")
		}
		rec := whole[:layout.size]
		whole = whole[layout.size:]
		kind := binary.LittleEndian.Uint16(rec)
		at, err := inRange(time.Unix(int64(binary.LittleEndian.Uint32(rec[layout.seconds:])), 0).UTC())
		switch {
		case kind > lastType:
			return wrongLine(n, strconv.Itoa(int(kind)), "wtmp の記録ではありません", "this is no record of wtmp")
		case kind == 0: // an empty record
			continue
		case err != nil:
			return wrongLine(n, at.Format(time.RFC3339), "wtmp の記録の日時がおかしいです", "the time of this record of wtmp cannot be")
		}
		if first := out.Begins[accounts.Terminal]; first.IsZero() || at.Before(first) {
			out.Begins[accounts.Terminal] = at
		}
		if kind != userProcess {
			continue
		}
		if len(out.Logins) == mostLogins {
			return wrongLine(n, "", "ログインが多すぎます(10万件まで)", "there are too many logins (at most 100,000)")
		}
		one := accounts.Login{At: at, Login: cString(rec[utmpUser : utmpUser+utmpUserSize]), Record: accounts.Terminal}
		source := cString(rec[utmpHost : utmpHost+utmpHostSize])
		if a := utmpAddress(rec[layout.address : layout.address+16]); a.IsValid() {
			source = a.String()
		}
		one.From(source, "")
		out.Logins = append(out.Logins, one)
	}
	return nil
}

// cString is the text up to the first NUL, safe to show.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return text.OneLine(string(b), 256)
}

// utmpAddress is the address of a record; not valid: it has none. IPv4 stands in the first four bytes.
func utmpAddress(b []byte) netip.Addr {
	a := netip.AddrFrom16([16]byte(b)).Unmap()
	if bytes.Equal(b[4:], make([]byte, 12)) {
		a = netip.AddrFrom4([4]byte(b[:4]))
	}
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
