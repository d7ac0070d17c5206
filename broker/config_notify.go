package broker

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/calendar"
	"sekimori/broker/keys"
	"sekimori/broker/notify"
	"sekimori/broker/store"
)

// NotifyConfig is the group of keys about telling people.
type NotifyConfig struct {
	MailServer       string          `yaml:"mail_server"` // host:port; empty: no mail
	MailSecurity     notify.Security `yaml:"mail_security"`
	MailCAFile       string          `yaml:"mail_ca_file"`
	MailUser         string          `yaml:"mail_user"`
	MailPasswordFile string          `yaml:"mail_password_file"`
	MailFrom         string          `yaml:"mail_from"`
	CentralMail      string          `yaml:"central_mail"`

	StaffPages  string `yaml:"staff_pages"`
	PortalPages string `yaml:"portal_pages"`

	WebhookURL        string `yaml:"webhook_url"` // empty: no calls
	WebhookSecretFile string `yaml:"webhook_secret_file"`

	GiveUp Duration `yaml:"give_up"`
}

func defaultNotify() NotifyConfig {
	return NotifyConfig{MailSecurity: notify.StartTLS, GiveUp: Duration(72 * time.Hour)}
}

// notifyKeys documents them.
func notifyKeys() []configKey {
	key := func(name, ja, en string, value func(NotifyConfig) any) configKey {
		return configKey{name: name, ja: ja, en: en, value: func(c Config) any { return value(c.Notify) }}
	}
	return []configKey{
		key("mail_server", "メールサーバ(例 smtp.city.example.jp:587)。空ならメールを送りません。", "Mail server (such as smtp.city.example.jp:587); empty: no mail.", func(n NotifyConfig) any { return n.MailServer }),
		key("mail_security", "通信の保護: starttls(なければ送らない)、tls、none(同じ機械や信頼する網のサーバだけ)。", "Protection: starttls (refused without it), tls, none (a server on this machine or a trusted network only).", func(n NotifyConfig) any { return string(n.MailSecurity) }),
		key("mail_ca_file", "その証明書を保証する認証局(PEM)。空なら OS のもの。", "Authorities that vouch for it (PEM); empty: the system's.", func(n NotifyConfig) any { return n.MailCAFile }),
		key("mail_user", "送るときの利用者名。空なら認証しません。", "User name for sending; empty: no authentication.", func(n NotifyConfig) any { return n.MailUser }),
		key("mail_password_file", "そのパスワードのファイル(0600)。", "File of its password (0600).", func(n NotifyConfig) any { return n.MailPasswordFile }),
		key("mail_from", "差出人(例 関守 <sekimori@city.example.jp>)。", "Sender (such as Sekimori <sekimori@city.example.jp>).", func(n NotifyConfig) any { return n.MailFrom }),
		key("central_mail", "情報システム課の窓口のアドレス。警報が届きます。空なら課の人へ。課の窓口は登録ファイルの sections に書きます。", "Mailbox of the central desk, which alarms go to; empty: its people. Those of sections stand in the registry file.", func(n NotifyConfig) any { return n.CentralMail }),
		key("staff_pages", "職員の画面のアドレス(https://…)。知らせのリンクに使います。空ならリンクなし。", "Address of the staff's pages (https://…), for links; empty: no links.", func(n NotifyConfig) any { return n.StaffPages }),
		key("portal_pages", "保守事業者ポータルのアドレス(https://…、/v/ は書きません)。空ならリンクなし。", "Address of the vendors' portal (https://…, without /v/); empty: no links.", func(n NotifyConfig) any { return n.PortalPages }),
		key("webhook_url", "知らせを受けるプログラムのアドレス(https://…)。空なら呼び出しません。", "Address of a program that is called (https://…); empty: none.", func(n NotifyConfig) any { return n.WebhookURL }),
		key("webhook_secret_file", "呼出しに署名する秘密のファイル(0600、32字以上)。", "File of the secret that signs calls (0600, 32 characters or more).", func(n NotifyConfig) any { return n.WebhookSecretFile }),
		key("give_up", "届かない知らせをあきらめるまで。", "How long a failing notice is tried.", func(n NotifyConfig) any { return n.GiveUp.String() }),
	}
}

// paths are the files of the group.
func (n *NotifyConfig) paths() []*string {
	return []*string{&n.MailCAFile, &n.MailPasswordFile, &n.WebhookSecretFile}
}

// wrong is the first mistake of the group: its key and what is wrong; without a key there is none.
func (n NotifyConfig) wrong() (key, ja, en string) {
	if n.MailServer != "" {
		host, port, err := net.SplitHostPort(n.MailServer)
		if number, bad := strconv.Atoi(port); err != nil || bad != nil || number < 1 || number > 65535 || host == "" {
			return "notify.mail_server", "mail_server は ホスト:ポート です(例 smtp.city.example.jp:587)", "mail_server is HOST:PORT, such as smtp.city.example.jp:587"
		}
		if _, err := netmail.ParseAddress(n.MailFrom); err != nil {
			return "notify.mail_from", "メールを送るには mail_from(差出人)が要ります", "mail needs mail_from, the sender's address"
		}
	}
	switch n.MailSecurity {
	case notify.StartTLS, notify.TLS, notify.Plain:
	default:
		return "notify.mail_security", "mail_security は starttls、tls、none のどれかです", "mail_security is starttls, tls or none"
	}
	if n.CentralMail != "" {
		if _, err := netmail.ParseAddress(n.CentralMail); err != nil {
			return "notify.central_mail", "central_mail はメールアドレスです", "central_mail is a mail address"
		}
	}
	for name, address := range map[string]string{"staff_pages": n.StaffPages, "portal_pages": n.PortalPages, "webhook_url": n.WebhookURL} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
			return "notify." + name, name + " は https://… の形です", name + " is written https://…"
		}
	}
	switch {
	case (n.WebhookURL == "") != (n.WebhookSecretFile == ""):
		return "notify.webhook_url", "webhook_url と webhook_secret_file は両方書くか、両方空にします", "webhook_url and webhook_secret_file go together, or both are empty"
	case n.GiveUp < Duration(time.Hour) || n.GiveUp > Duration(30*24*time.Hour):
		return "notify.give_up", "give_up は 1h から 30d です", "give_up is between 1h and 30d"
	}
	return "", "", ""
}

// senders opens the ways to people. from is the mail address of the sender; empty: no mail.
func (c Config) senders(clock func() time.Time) (ways map[store.Channel]notify.Sender, from string, err error) {
	n := c.Notify
	ways = map[store.Channel]notify.Sender{}
	if n.MailServer != "" {
		host, port, err := net.SplitHostPort(n.MailServer)
		if err != nil {
			return nil, "", fmt.Errorf("mail server: %w", err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, "", fmt.Errorf("mail server: %w", err)
		}
		o := notify.MailOptions{Host: host, Port: number, Security: n.MailSecurity, User: n.MailUser, From: n.MailFrom, Institution: c.Institution, Contact: c.Notice.Contact}
		if o.Password, err = secretFile("notify.mail_password_file", n.MailPasswordFile, 0); err != nil {
			return nil, "", err
		}
		if o.TLS, err = mailTLS(host, n.MailCAFile, clock); err != nil {
			return nil, "", err
		}
		mail, err := notify.NewMail(o)
		if err != nil {
			return nil, "", err
		}
		ways[store.ChannelMail], from = mail, mail.From()
	}
	if n.WebhookURL != "" {
		secret, err := secretFile("notify.webhook_secret_file", n.WebhookSecretFile, 32)
		if err != nil {
			return nil, "", err
		}
		ways[store.ChannelWebhook] = notify.NewWebhook([]byte(secret), clock)
	}
	return ways, from, nil
}

// mailTLS gives the TLS settings by which the broker checks the mail server. Error: *ConfigError.
func mailTLS(host, ca string, clock func() time.Time) (*tls.Config, error) {
	pool, err := authorities("notify.mail_ca_file", "mail_ca_file", ca)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: pool, Time: clock}, nil
}

// secretFile reads a secret of at least so many characters. An empty path is no secret.
func secretFile(key, path string, least int) (string, error) {
	if path == "" {
		return "", nil
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("mode %04o: %w", info.Mode().Perm(), keys.ErrLooseMode)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	text = bytes.TrimSpace(text)
	if err == nil && (len(text) == 0 || len(text) < least) {
		err = fmt.Errorf("%d characters, at least %d", len(text), max(least, 1))
	}
	if err != nil {
		name := strings.TrimPrefix(key, "notify.")
		return "", &ConfigError{Key: key, JA: name + " を使えません", EN: "cannot use " + name, Err: err}
	}
	return string(text), nil
}

// teller makes the service that tells people.
func (b *Broker) teller(c Config, o Options, domain string, events func(s *store.Snap, request, lang string) ([]calendar.Event, error)) (*notify.Service, error) {
	ways, from, err := c.senders(o.Clock)
	if err != nil {
		return nil, err
	}
	return notify.New(notify.Options{
		DB: b.db, Senders: ways, Webhook: c.Notify.WebhookURL, CentralMail: c.Notify.CentralMail, CheckpointMail: c.Ledger.CheckpointMail, StaffPages: c.Notify.StaffPages, PortalPages: c.Notify.PortalPages,
		Institution: c.Institution, Contact: c.Notice.Contact, Language: c.Language, From: from, Domain: domain, GiveUp: time.Duration(c.Notify.GiveUp),
		Zone: c.Location(), Events: events, Log: o.Log.Named("notify"),
	}), nil
}

// checkNotify looks at the files of the group. It sends nothing: `sekimori notify test` does.
func (c Config) checkNotify(out *findings, clock func() time.Time) {
	ways, _, err := c.senders(clock)
	switch {
	case err != nil:
		out.failed("notify", err)
	case len(ways) == 0:
		out.add(LevelWarning, "notify", "メールも呼出しもありません。人は画面の一覧でだけ知らされます", "neither mail nor calls: people are told in the lists of the pages only")
	default:
		out.add(LevelOK, "notify", "経路 "+strconv.Itoa(len(ways))+"。`sekimori notify test` で試します", strconv.Itoa(len(ways))+" ways; `sekimori notify test` tries them")
	}
	if len(ways) > 0 && c.Notify.StaffPages == "" {
		out.add(LevelWarning, "notify", "staff_pages が空なので、知らせにリンクがありません", "staff_pages is empty: notices have no links")
	}
}
