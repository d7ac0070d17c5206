package broker

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"sekimori/policy"
	"sekimori/recordings"
)

// The types of this file read one YAML scalar each and keep its position, so that an error about a
// duration or address names line and column and not only the key.

// Duration is a time.Duration written like 15m, 5s, 1h30m or 365d.
type Duration time.Duration

// Size is a number of bytes written like 512MiB or 1GiB.
type Size int64

// Address is host:port to listen on.
type Address string

// Recipient is an age recipient: a hybrid one (age1pq1…) or a classic one (age1…).
type Recipient string

// Prefix is an address, or a range of addresses in CIDR form.
type Prefix struct{ netip.Prefix }

// Day is a day written like 2026-10-01.
type Day struct{ policy.Date }

// Zone is a time zone by its IANA name.
type Zone struct{ *time.Location }

func scalar(node ast.Node) (string, error) {
	s, ok := node.(ast.ScalarNode)
	if !ok {
		return "", valueError(node, "一つの値が要ります", "a single value is needed", nil)
	}
	if _, null := node.(*ast.NullNode); null {
		return "", nil
	}
	return fmt.Sprint(s.GetValue()), nil
}

func valueError(node ast.Node, ja, en string, err error) error {
	e := &ConfigError{JA: ja, EN: en, Err: err}
	if tk := node.GetToken(); tk != nil && tk.Position != nil {
		e.Line, e.Column = tk.Position.Line, tk.Position.Column
	}
	return e
}

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	v, err := ParseDuration(s)
	if err != nil {
		return valueError(node, fmt.Sprintf("時間の長さではありません: %q(例 15m、1h30m、365d)", s),
			fmt.Sprintf("not a duration: %q (such as 15m, 1h30m, 365d)", s), nil)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML reads a day.
func (d *Day) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return valueError(node, fmt.Sprintf("日ではありません: %q(例 2026-10-01)", s), fmt.Sprintf("not a day: %q (such as 2026-10-01)", s), nil)
	}
	d.Date = policy.Date(s)
	return nil
}

// ParseDuration is time.ParseDuration with days.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("days %q", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(s)
}

func (d Duration) String() string {
	v := time.Duration(d)
	if v >= 24*time.Hour && v%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", v/(24*time.Hour))
	}
	s := v.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// UnmarshalYAML reads a size.
func (b *Size) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	v, ok := parseSize(s)
	if !ok {
		return valueError(node, fmt.Sprintf("大きさではありません: %q(例 512MiB、1GiB)", s),
			fmt.Sprintf("not a size: %q (such as 512MiB, 1GiB)", s), nil)
	}
	*b = Size(v)
	return nil
}

func parseSize(s string) (int64, bool) {
	shift := 0
	for suffix, by := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, shift = strings.TrimSpace(rest), by
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<(62-shift) {
		return 0, false
	}
	return n << shift, true
}

func (b Size) String() string {
	for _, u := range []struct {
		name string
		by   int
	}{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if b != 0 && b%(1<<u.by) == 0 {
			return fmt.Sprintf("%d%s", b>>u.by, u.name)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// UnmarshalYAML reads an address to listen on.
func (a *Address) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	if s == "" { // validate checks whether it may be empty
		*a = ""
		return nil
	}
	if err := splitListen(s); err != nil {
		return valueError(node, fmt.Sprintf("待ち受けるアドレスではありません: %q(例 127.0.0.1:2222)", s),
			fmt.Sprintf("not an address to listen on: %q (such as 127.0.0.1:2222)", s), err)
	}
	*a = Address(s)
	return nil
}

// UnmarshalYAML reads an age recipient.
func (r *Recipient) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	if _, err := recordings.ParseRecipient(s); err != nil {
		return valueError(node, "age の公開鍵(age1pq1… または age1…)ではありません", "not an age recipient (age1pq1… or age1…)", nil)
	}
	*r = Recipient(s)
	return nil
}

// UnmarshalYAML reads a zone.
func (z *Zone) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	l, err := loadZone(s)
	if err != nil {
		return valueError(node, fmt.Sprintf("知らない時間帯 %q(例 Asia/Tokyo)", s),
			fmt.Sprintf("unknown zone %q (such as Asia/Tokyo)", s), nil)
	}
	z.Location = l
	return nil
}

// UnmarshalYAML reads an address or a range.
func (p *Prefix) UnmarshalYAML(node ast.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		p.Prefix = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		return nil
	}
	if p.Prefix, err = netip.ParsePrefix(s); err != nil {
		return valueError(node, fmt.Sprintf("アドレスではありません: %q(例 127.0.0.1、192.0.2.0/24)", s), fmt.Sprintf("not an address: %q (such as 127.0.0.1, 192.0.2.0/24)", s), nil)
	}
	return nil
}
