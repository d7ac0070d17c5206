package broker

import (
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"

	"sekimori/broker/forms"
)

// configKey documents one key of the file. The table is what `init` writes, what an unknown
// key is compared with, and what the test holds against the fields of Config.
type configKey struct {
	name   string
	ja, en string
	value  func(Config) any
}

func configKeys() []configKey {
	return []configKey{
		{"institution", "機関の名前。告知と画面に出ます。", "Name of the institution, as texts show it.", func(c Config) any { return c.Institution }},
		{"zone", "時刻を言うときの時間帯。", "Zone in which times are said.", func(c Config) any { return c.Zone.String() }},
		{"language", "相手の言語が分からないときの言語: ja、en、空なら両方。", "Language for whom none is known: ja, en, or empty for both.", func(c Config) any { return c.Language }},
		{"data_dir", "データの場所(権限 0700)。相対パスはこのファイルから。", "Where data lies (mode 0700). Relative paths start at this file.", func(c Config) any { return c.DataDir }},
		{"master_key_file", "秘密を封じる鍵のファイル(0600)。データの外、できれば別の媒体か systemd の credential(${CREDENTIALS_DIRECTORY}/…)に置きます。", "File of the key that seals secrets (0600). Outside the data, better on another medium or a systemd credential (${CREDENTIALS_DIRECTORY}/…).", func(c Config) any { return c.MasterKeyFile }},
		{"checkpoint_dir", "台帳の確定点を書き出す場所。データの外に置くほど、過去の書換えが見つかります。", "Where checkpoints of the ledger are also written. Outside the data, or rewriting the past goes unseen.", func(c Config) any { return c.CheckpointDir }},
		{"ledger_origin", "確定点に署名する台帳の名前。最初の起動の後は変えられません。", "Name of the ledger in its checkpoints. Fixed once the ledger exists.", func(c Config) any { return c.LedgerOrigin }},
		{"ssh_listen", "保守要員の SSH を待ち受けるアドレス。", "Address where engineers' SSH is accepted.", func(c Config) any { return string(c.SSHListen) }},
		{"gate_name", "保守要員が @ の後に打つホスト名。案内の文に出ます。", "Host that engineers type after the @; shown in texts.", func(c Config) any { return c.GateName }},
		{"socket", "コマンドが話す Unix ソケット。", "Unix socket that the commands speak to.", func(c Config) any { return c.Socket }},
		{"socket_group", "ソケットを開けるグループ。空なら所有者だけ。", "Group that may open the socket; empty: its owner only.", func(c Config) any { return c.SocketGroup }},
		{"api_listen", "HTTPS で API を待ち受けるアドレス(例 192.0.2.10:8443)。空ならソケットだけ。", "Address where the API is served over HTTPS (such as 192.0.2.10:8443); empty: on the socket only.", func(c Config) any { return string(c.APIListen) }},
		{"api_certificate_file", "API の証明書(PEM)。空なら自己署名のものを作り、期限前に更新します。指紋は `sekimori check` が示します。", "Certificate of the API (PEM). Empty: one signed by itself is made, and renewed in time; `sekimori check` shows its fingerprint.", func(c Config) any { return c.APICertificateFile }},
		{"api_key_file", "その鍵(PEM、ほかの人が読めないこと)。", "Its key (PEM, readable by nobody else).", func(c Config) any { return c.APIKeyFile }},
		{"notice_version", "告知の版。文を変えたら上げると、全員に同意を求め直します。", "Version of the notice. Raise it when the text changes: everyone is asked again.", func(c Config) any { return c.NoticeVersion }},
		{"notice_url", "告知の全文の場所(あれば)。", "Where the full notice stands, if anywhere.", func(c Config) any { return c.NoticeURL }},
		{"notice_contact", "問合せ先の電話。拒否の文にも出ます。", "Telephone for questions; refusals name it too.", func(c Config) any { return c.NoticeContact }},
		{"recording_retention", "操作記録を保存する期間。", "How long recordings are kept.", func(c Config) any { return c.RecordingRetention.String() }},
		{"auditor_recipients", "画面出力を封じる点検担当の age 公開鍵(関守の閲覧用の鍵のほかに)。", "Auditors' age recipients for the output, beside the broker's viewing key.", func(c Config) any { return recipientNames(c.AuditorRecipients) }},
		{"input_recipients", "入力を封じる age 公開鍵。秘密の側はこの機械に置きません。serve には一つ以上が要ります。", "age recipients for the input. Their private halves never come to this machine. serve needs at least one.", func(c Config) any { return recipientNames(c.InputRecipients) }},
		{"factor_memory", "認証コードの効く範囲: window(時間枠ごとに一度)か never(毎回)。", "How far a one-time code counts: window (once per window) or never (every login).", func(c Config) any { return string(c.FactorMemory) }},
		{"waiting_room", "開始の何分前から待合に入れるか。", "How long before the start the waiting room opens.", func(c Config) any { return c.WaitingRoom.String() }},
		{"min_free_space", "空きがこれを下回ると、新しい接続を断ります。", "With less free space than this no session is admitted.", func(c Config) any { return c.MinFreeSpace.String() }},
		{"recheck_interval", "接続中の許可を確かめ直す間隔(変更があれば直ちに)。", "How often a live session is rechecked (at once on every change).", func(c Config) any { return c.RecheckInterval.String() }},
		{"log_level", "動作の記録の細かさ: trace debug info warn error。", "Detail of the log: trace debug info warn error.", func(c Config) any { return c.LogLevel }},
	}
}

func recipientNames(list []Recipient) []string {
	out := make([]string, 0, len(list))
	for _, r := range list {
		out = append(out, string(r))
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
		value, err := yaml.MarshalWithOptions(map[string]any{k.name: k.value(c)}, yaml.Flow(false))
		if err != nil {
			return fmt.Errorf("write key %s: %w", k.name, err)
		}
		fmt.Fprintf(&b, "\n# %s\n# %s\n%s", k.ja, k.en, value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nearestKey is the known key that was most likely meant; empty when none is near.
func nearestKey(typed string) string {
	var names []string
	for _, k := range configKeys() {
		names = append(names, k.name)
	}
	return forms.Nearest(typed, names)
}
