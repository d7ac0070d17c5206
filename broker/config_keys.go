package broker

import (
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"

	"sekimori/broker/forms"
)

// configKey documents one key of the file. `init` writes the table, an unknown key is compared
// with it, and a test compares it with the fields of Config.
type configKey struct {
	name   string
	ja, en string
	value  func(Config) any
	group  []configKey // keys below this one; value is nil then
}

func configKeys() []configKey {
	return []configKey{
		{name: "institution", ja: "機関の名前。告知と画面に出ます。", en: "Name of the institution, as texts show it.", value: func(c Config) any { return c.Institution }},
		{name: "zone", ja: "時刻を言うときの時間帯。", en: "Zone in which times are said.", value: func(c Config) any { return c.Zone.String() }},
		{name: "language", ja: "相手の言語が分からないときの言語: ja、en、空なら両方。", en: "Language for whom none is known: ja, en, or empty for both.", value: func(c Config) any { return c.Language }},
		{name: "data_dir", ja: "データの場所(権限 0700)。相対パスはこのファイルから。", en: "Where data lies (mode 0700). Relative paths start at this file.", value: func(c Config) any { return c.DataDir }},
		{name: "master_key_file", ja: "秘密を封じる鍵のファイル(0600)。データの外、できれば別の媒体か systemd の credential(${CREDENTIALS_DIRECTORY}/…)に置きます。", en: "File of the key that seals secrets (0600). Outside the data, better on another medium or a systemd credential (${CREDENTIALS_DIRECTORY}/…).", value: func(c Config) any { return c.MasterKeyFile }},
		{name: "ledger", ja: "台帳。", en: "The ledger.", group: append(ledgerKeys(), siemKeys()...)},
		{name: "ssh_listen", ja: "保守要員の SSH を待ち受けるアドレス。", en: "Address where engineers' SSH is accepted.", value: func(c Config) any { return string(c.SSHListen) }},
		{name: "gate_name", ja: "保守要員が @ の後に打つホスト名。案内の文に出ます。", en: "Host that engineers type after the @; shown in texts.", value: func(c Config) any { return c.GateName }},
		{name: "socket", ja: "コマンドが話す Unix ソケット。", en: "Unix socket that the commands speak to.", value: func(c Config) any { return c.Socket }},
		{name: "socket_group", ja: "ソケットを開けるグループ。空なら所有者だけ。", en: "Group that may open the socket; empty: its owner only.", value: func(c Config) any { return c.SocketGroup }},
		{name: "tls", ja: "画面と API の証明書。", en: "Certificate of the pages and the API.", group: []configKey{
			{name: "certificate_file", ja: "証明書(PEM)。空なら自己署名のものを作り、期限前に更新します。指紋は `sekimori check` が示します。", en: "Certificate (PEM). Empty: one signed by itself is made, and renewed in time; `sekimori check` shows its fingerprint.", value: func(c Config) any { return c.TLS.CertificateFile }},
			{name: "key_file", ja: "その鍵(PEM、ほかの人が読めないこと)。", en: "Its key (PEM, readable by nobody else).", value: func(c Config) any { return c.TLS.KeyFile }},
		}},
		{name: "api_listen", ja: "HTTPS で API を待ち受けるアドレス(例 192.0.2.10:8443)。空ならソケットだけ。", en: "Address where the API is served over HTTPS (such as 192.0.2.10:8443); empty: on the socket only.", value: func(c Config) any { return string(c.APIListen) }},
		{name: "portal_listen", ja: "保守事業者ポータル(/v/)を待ち受けるアドレス。空なら開きません。職員の画面は api_listen にあります。", en: "Address of the vendor portal (/v/); empty: not served. The staff's pages are at api_listen.", value: func(c Config) any { return string(c.PortalListen) }},
		{name: "plain_http", ja: "api_listen と portal_listen を TLS なしで開くか。この機械のアドレスに限り、逆プロキシの後ろか試用のときだけです。", en: "Serve api_listen and portal_listen without TLS: only on addresses of this machine, behind a reverse proxy or for a trial.", value: func(c Config) any { return c.PlainHTTP }},
		{name: "trusted_proxies", ja: "X-Forwarded-For と X-Forwarded-Proto を信じる逆プロキシのアドレス。書かなければ誰も信じません。", en: "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. None unless named.", value: func(c Config) any { return prefixNames(c.TrustedProxies) }},
		{name: "notice", ja: "監視の告知。", en: "The notice of what is recorded.", group: []configKey{
			{name: "version", ja: "告知の版。文を変えたら上げると、全員に同意を求め直します。", en: "Version of the notice. Raise it when the text changes: everyone is asked again.", value: func(c Config) any { return c.Notice.Version }},
			{name: "url", ja: "告知の全文の場所(あれば)。", en: "Where the full notice stands, if anywhere.", value: func(c Config) any { return c.Notice.URL }},
			{name: "contact", ja: "問合せ先の電話。拒否の文にも出ます。", en: "Telephone for questions; refusals name it too.", value: func(c Config) any { return c.Notice.Contact }},
			{name: "night_contact", ja: "夜間・休日の電話。どの画面の下にも出ます。", en: "Telephone at night and on holidays; it stands below each page.", value: func(c Config) any { return c.Notice.Night }},
			{name: "changes", ja: "版ごとの変更の内容: version、from(効力の日)、ja、en の行。先の日付のものは「変更の予告」になります。", en: "What each version changed: rows of version, from (its day), ja and en. One whose day is still to come is announced.", value: func(c Config) any { return noticeChanges(c.Notice.Changes) }},
		}},
		{name: "recordings", ja: "操作記録。", en: "Recordings.", group: []configKey{
			{name: "retention", ja: "保存する期間。", en: "How long they are kept.", value: func(c Config) any { return c.Recordings.Retention.String() }},
			{name: "min_free_space", ja: "空きがこれを下回ると、新しい接続を断ります。", en: "With less free space than this no session is admitted.", value: func(c Config) any { return c.Recordings.MinFreeSpace.String() }},
			{name: "search", ja: "操作記録の検索の索引を置く場所(権限 0700)。空ならデータの場所の search。off なら索引を作らず、検索もしません。中身は封印されます。", en: "Where the index for searches of recordings lies (mode 0700). Empty: search, where data lies. off: no index and no search. Its contents are sealed.", value: func(c Config) any { return c.Recordings.Search }},
		}},
		{name: "recipients", ja: "操作記録を封じる age 公開鍵(age1pq1…。従来の age1… も使えます)。", en: "age recipients of recordings (age1pq1…; classic ones, age1…, work too).", group: []configKey{
			{name: "auditors", ja: "画面出力を封じる点検担当の公開鍵(関守の閲覧用の鍵のほかに)。", en: "Auditors, for the output, beside the broker's viewing key.", value: func(c Config) any { return recipientNames(c.Recipients.Auditors) }},
			{name: "input", ja: "入力を封じる公開鍵。秘密の側はこの機械に置きません。serve には一つ以上が要ります。", en: "For the input. Their private halves never come to this machine. serve needs at least one.", value: func(c Config) any { return recipientNames(c.Recipients.Input) }},
		}},
		{name: "notify", ja: "人への知らせ: メールと、ほかのプログラムへの署名付きの呼出し。書かなければ画面の一覧だけです。", en: "Telling people: mail, and signed calls to another program. Without it they are told in the lists of the pages only.", group: notifyKeys()},
		{name: "gate", ja: "SSH でのログイン。", en: "Logging in over SSH.", group: []configKey{
			{name: "factor_memory", ja: "認証コードの効く範囲: window(時間枠ごとに一度)か never(毎回)。", en: "How far a one-time code counts: window (once per window) or never (every login).", value: func(c Config) any { return string(c.Gate.FactorMemory) }},
			{name: "login_time", ja: "鍵交換から鍵の証明まで(パスフレーズを打ち、ホスト鍵を見比べる時間)。", en: "From the key exchange to the proof of a key: time to type a passphrase and to compare the host key.", value: func(c Config) any { return c.Gate.LoginTime.String() }},
			{name: "chacha20_poly1305", ja: "暗号 chacha20-poly1305 も出すか。OpenSSH は AES-GCM よりこれを選び、CPU を2.5倍使います。", en: "Also offer chacha20-poly1305. OpenSSH prefers it to AES-GCM, at 2.5 times the CPU.", value: func(c Config) any { return c.Gate.ChaCha20 }},
			{name: "connections_per_person", ja: "一人が同時に持てる接続の数(待合を含む)。", en: "How many connections one person may have at a time, those in the waiting room included.", value: func(c Config) any { return c.Gate.Connections }},
			{name: "source_addresses", ja: "接続先から見た関守のアドレス(アドレス変換の後ろにあるとき。例 192.0.2.10/32)。接続のたびの証明書は、関守自身のアドレスとこれだけから使えます。", en: "Addresses of the broker as targets see it, where it is behind an address translation (such as 192.0.2.10/32). A session's certificate works from the broker's own address and from these only.", value: func(c Config) any { return prefixNames(c.Gate.Sources) }},
			{name: "version", ja: "SSH で名乗る版。OpenSSH で始まらないと、`ssh host yes | head -1` が終わりません。", en: "Version said over SSH. Unless it begins with OpenSSH, `ssh host yes | head -1` does not end.", value: func(c Config) any { return c.Gate.Version }},
			{name: "clamd", ja: "留置したファイルを検査する clamd のソケット(パスか host:port)。検査の手段が一つもなければ、留置したファイルは引き渡しません。", en: "Socket of the clamd that looks at held files (a path or host:port). Without any inspector no held file is delivered.", value: func(c Config) any { return c.Gate.Clamd }},
			{name: "clamd_most", ja: "clamd が全部を調べる大きさの限度(StreamMaxLength、MaxFileSize、MaxScanSize の最小)。超えるファイルは引き渡しません。", en: "Largest file that clamd looks at whole (the least of StreamMaxLength, MaxFileSize and MaxScanSize). A larger one is not delivered.", value: func(c Config) any { return c.Gate.ClamdMost.String() }},
			{name: "icap", ja: "検査・無害化の ICAP サービス(icap://host:port/名前)。", en: "ICAP service that inspects or sanitises (icap://host:port/name).", value: func(c Config) any { return c.Gate.ICAP }},
			{name: "icap_sanitises", ja: "ICAP が返す変わった中身を無害化済みの写しとして引き渡すか。否なら、変わった中身は問題ありと扱います。", en: "Deliver contents that the ICAP service changed, as a sanitised copy. Otherwise changed contents count as not clean.", value: func(c Config) any { return c.Gate.ICAPSanitises }},
			{name: "inspector", ja: "検査するプログラム(絶対パス、root のもの)。中身は標準入力、終了状態 0 は問題なし、3 は標準出力が無害化済みの写し、ほかは問題あり。", en: "Program that inspects (absolute path, root's own). Contents on standard input; status 0 is clean, 3 a sanitised copy on standard output, any other not clean.", value: func(c Config) any { return c.Gate.Inspector }},
		}},
		{name: "sign_in", ja: "職員のサインイン: パスキーと、機関の認証基盤(LDAP・Active Directory、OpenID Connect)。だれが使うかは登録簿の sign_in: directory です。", en: "Sign-in of staff: passkeys, and the institution's directory (LDAP or Active Directory, OpenID Connect). The registry says who uses it: sign_in: directory.", group: signInKeys()},
		{name: "waiting_room", ja: "開始の何分前から待合に入れるか。", en: "How long before the start the waiting room opens.", value: func(c Config) any { return c.WaitingRoom.String() }},
		{name: "recheck_interval", ja: "接続中の許可を確かめ直す間隔(変更があれば直ちに)。", en: "How often a live session is rechecked (at once on every change).", value: func(c Config) any { return c.RecheckInterval.String() }},
		{name: "log_level", ja: "動作の記録の細かさ: trace debug info warn error。", en: "Detail of the log: trace debug info warn error.", value: func(c Config) any { return c.LogLevel }},
	}
}

func recipientNames(list []Recipient) []string {
	out := make([]string, 0, len(list))
	for _, r := range list {
		out = append(out, string(r))
	}
	return out
}

func prefixNames(list []Prefix) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

// WriteDefault writes the default configuration with its comments.
func WriteDefault(w io.Writer) error { return DefaultConfig().Write(w) }

// Write writes the configuration with its comments; reading it back gives the same values.
func (c Config) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# 関守の設定 / configuration of Sekimori. 知らない項目は拒否されます / unknown keys are refused.\n")
	for _, k := range configKeys() {
		b.WriteString("\n")
		if err := k.write(&b, c, ""); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// write writes a key, or a group, with its comments.
func (k configKey) write(b *strings.Builder, c Config, indent string) error {
	fmt.Fprintf(b, "%s# %s\n%s# %s\n", indent, k.ja, indent, k.en)
	if len(k.group) > 0 {
		fmt.Fprintf(b, "%s%s:\n", indent, k.name)
		for _, inner := range k.group {
			if err := inner.write(b, c, indent+"  "); err != nil {
				return err
			}
		}
		return nil
	}
	value, err := yaml.MarshalWithOptions(map[string]any{k.name: k.value(c)}, yaml.Flow(false))
	if err != nil {
		return fmt.Errorf("write key %s: %w", k.name, err)
	}
	for line := range strings.Lines(string(value)) {
		b.WriteString(indent + line)
	}
	return nil
}

// groupOf gives the group of a key; empty for a key of the first level and for an unknown one.
func groupOf(name string) string {
	for _, k := range configKeys() {
		for _, inner := range k.group {
			if inner.name == name {
				return k.name
			}
		}
	}
	return ""
}

// nearestKey gives the known key that is most like an unknown one; empty when none is near.
func nearestKey(typed string) string {
	var names []string
	for _, k := range configKeys() {
		names = append(names, k.name)
		for _, inner := range k.group {
			names = append(names, inner.name)
		}
	}
	return forms.Nearest(typed, names)
}
