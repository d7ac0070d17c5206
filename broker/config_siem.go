package broker

import (
	"crypto/tls"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"sekimori/broker/siem"
)

// SIEMConfig is the part of the group ledger about the collector of logs.
type SIEMConfig struct {
	Address     string      `yaml:"siem_address"`  // host:port; empty: none
	Security    string      `yaml:"siem_security"` // tls or none
	Format      siem.Format `yaml:"siem_format"`
	Payload     string      `yaml:"siem_payload"` // header or whole
	Confirm     string      `yaml:"siem_confirm"` // close or end
	CAFile      string      `yaml:"siem_ca_file"`
	Certificate string      `yaml:"siem_certificate_file"`
	Key         string      `yaml:"siem_key_file"`
	Late        Duration    `yaml:"siem_late"`
}

func defaultSIEM() SIEMConfig {
	return SIEMConfig{Security: "tls", Format: siem.SyslogJSON, Payload: "header", Confirm: "close", Late: Duration(15 * time.Minute)}
}

// siemKeys documents them.
func siemKeys() []configKey {
	key := func(name, ja, en string, value func(SIEMConfig) any) configKey {
		return configKey{name: name, ja: ja, en: en, value: func(c Config) any { return value(c.Ledger.SIEM) }}
	}
	return []configKey{
		key("siem_address", "台帳の記載をすべて送るログ基盤(SIEM)の host:port(例 siem.city.example.jp:6514)。空なら送りません。", "Collector of logs (SIEM) that gets every entry (such as siem.city.example.jp:6514); empty: none.", func(s SIEMConfig) any { return s.Address }),
		key("siem_security", "通信の保護: tls か none(同じ機械や信頼する網だけ。none では相手の受け取りを確かめられないので、相手が落ちると直前30秒の記載を送り直します)。", "Protection: tls, or none (on this machine or a trusted network only; with none the collector confirms nothing itself, so entries of the last 30 s are sent again when it dies).", func(s SIEMConfig) any { return s.Security }),
		key("siem_format", "形式: syslog-json、syslog-cef(RFC 5424、長さを前に置く)、json-lines。", "Format: syslog-json, syslog-cef (RFC 5424, octet counting) or json-lines.", func(s SIEMConfig) any { return string(s.Format) }),
		key("siem_payload", "header は番号・日時・種類・だれが・対象だけ、whole は個人情報を含む内容も送ります。", "header: number, time, kind, actor and subjects only. whole: the contents too, which hold personal data.", func(s SIEMConfig) any { return s.Payload }),
		key("siem_confirm", "受け取りの確認: close は相手の close_notify(TLS)、end は接続の終わりで足ります(rsyslog の gtls は close_notify を送りません。none と同じく、相手が落ちると送り直します)。", "Confirmation: close is the collector's close_notify (TLS); end takes the end of the connection (rsyslog's gtls sends no close_notify; entries are sent again as with none).", func(s SIEMConfig) any { return s.Confirm }),
		key("siem_ca_file", "その証明書を保証する認証局(PEM)。空なら OS のもの。", "Authorities that vouch for its certificate (PEM); empty: the system's.", func(s SIEMConfig) any { return s.CAFile }),
		key("siem_certificate_file", "関守が示す証明書(PEM)。空なら示しません。", "Certificate that the broker shows (PEM); empty: none.", func(s SIEMConfig) any { return s.Certificate }),
		key("siem_key_file", "その鍵(PEM、0600)。", "Its key (PEM, 0600).", func(s SIEMConfig) any { return s.Key }),
		key("siem_late", "送れない記載がこれより古くなると警報を出します。", "An entry that waits longer than this raises an alarm.", func(s SIEMConfig) any { return s.Late.String() }),
	}
}

func (s *SIEMConfig) paths() []*string { return []*string{&s.CAFile, &s.Certificate, &s.Key} }

// wrong is the first mistake: its key and what is wrong; without a key there is none.
func (s SIEMConfig) wrong() (key, ja, en string) {
	if s.Address != "" {
		host, port, err := net.SplitHostPort(s.Address)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 1 || n > 65535 || host == "" {
			return "ledger.siem_address", "siem_address は ホスト:ポート です(例 siem.city.example.jp:6514)", "siem_address is HOST:PORT, such as siem.city.example.jp:6514"
		}
	}
	switch {
	case s.Security != "tls" && s.Security != "none":
		return "ledger.siem_security", "siem_security は tls か none です", "siem_security is tls or none"
	case !slices.Contains(siem.Formats(), s.Format):
		return "ledger.siem_format", "siem_format は syslog-json、syslog-cef、json-lines のどれかです", "siem_format is syslog-json, syslog-cef or json-lines"
	case s.Payload != "header" && s.Payload != "whole":
		return "ledger.siem_payload", "siem_payload は header か whole です", "siem_payload is header or whole"
	case s.Confirm != "close" && s.Confirm != "end":
		return "ledger.siem_confirm", "siem_confirm は close か end です", "siem_confirm is close or end"
	case (s.Certificate == "") != (s.Key == ""):
		return "ledger.siem_certificate_file", "siem_certificate_file と siem_key_file は両方書くか、両方空にします", "siem_certificate_file and siem_key_file go together, or both are empty"
	case s.Late < Duration(time.Minute) || s.Late > Duration(7*24*time.Hour):
		return "ledger.siem_late", "siem_late は 1m から 7d です", "siem_late is between 1m and 7d"
	}
	return "", "", ""
}

// secured gives the TLS settings by which the two sides know each other; nil: without TLS. Error: *ConfigError.
func (s SIEMConfig) secured(clock func() time.Time) (*tls.Config, error) {
	if s.Security != "tls" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, &ConfigError{Key: "ledger.siem_address", JA: "siem_address を使えません", EN: "cannot use siem_address", Err: err}
	}
	pool, err := authorities("ledger.siem_ca_file", "siem_ca_file", s.CAFile)
	if err != nil {
		return nil, err
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: pool, Time: clock}
	if s.Certificate != "" {
		key, err := secretFile("ledger.siem_key_file", s.Key, 0)
		if err != nil {
			return nil, err
		}
		shown, err := os.ReadFile(s.Certificate)
		var pair tls.Certificate
		if err == nil {
			pair, err = tls.X509KeyPair(shown, []byte(key))
		}
		if err != nil {
			return nil, &ConfigError{Key: "ledger.siem_certificate_file", JA: "siem_certificate_file と siem_key_file を使えません", EN: "cannot use siem_certificate_file and siem_key_file", Err: err}
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// forwarder sends the ledger to the collector; nil: there is none.
func (b *Broker) forwarder(c Config, o Options) (*siem.Forwarder, error) {
	s := c.Ledger.SIEM
	if s.Address == "" {
		return nil, nil
	}
	secure, err := s.secured(o.Clock)
	if err != nil {
		return nil, err
	}
	return siem.New(siem.Options{DB: b.db, Address: s.Address, TLS: secure, Format: s.Format, Whole: s.Payload == "whole", EndIsEnough: s.Confirm == "end", Host: c.GateName, Origin: c.Ledger.Origin,
		Version: programVersion(debug.ReadBuildInfo()), Late: time.Duration(s.Late), Log: o.Log.Named("siem")}), nil
}

// checkSIEM looks at the files. It sends nothing: `sekimori ledger siem test` does.
func (c Config) checkSIEM(out *findings, clock func() time.Time) {
	s := c.Ledger.SIEM
	if s.Address == "" {
		return
	}
	if _, err := s.secured(clock); err != nil {
		out.failed("ledger", err)
		return
	}
	if s.Security == "none" {
		out.add(LevelWarning, "siem_security", "台帳の記載を TLS なしで送ります。途中の網で読め、相手の受け取りは接続の終わりでしか分かりません(重複して届くことがあります)", "entries of the ledger go out without TLS: they can be read on the way, and only the end of a connection confirms them (some arrive twice)")
	} else if s.Confirm == "end" {
		out.add(LevelWarning, "siem_confirm", "相手の受け取りを接続の終わりで確かめます。相手が落ちると、直前30秒の記載が重複して届きます", "only the end of a connection confirms what the collector got: entries of the last 30 s arrive twice when it dies")
	}
	out.add(LevelOK, "siem_address", s.Address+"。`sekimori ledger siem test` で試します", s.Address+"; `sekimori ledger siem test` tries it")
}
