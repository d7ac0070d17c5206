package accounts

import (
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// checkWords are the texts of a part: what was tried, and for a failure its meaning and the next step.
type checkWords struct{ tried, failed, next text.Text }

var checksSaid = map[string]checkWords{
	CheckHostKey: {text.Of("接続し、登録したホスト鍵が示される", "It can be reached and shows the registered host key"),
		text.Of("届かないか、登録と違うホスト鍵が示された", "It cannot be reached, or shows another host key"),
		text.Of("アドレス、経路、ファイアウォールを確かめる。鍵が違うときは、接続先の画面で ssh-keygen -lf の値と登録を見比べるまで使わない", "Check address, route and firewall. If the key differs, do not use the target before its ssh-keygen -lf, read at its own console, agrees with the registry")},
	CheckNoProof: {text.Of("証明なしでは入れない", "No one gets in without a proof"),
		text.Of("証明なしで入れてしまう", "It lets in without a proof"),
		text.Of("接続先の sshd_config で PermitEmptyPasswords no とし、パスワードのないアカウントをなくす", "Set PermitEmptyPasswords no in its sshd_config, and give no account an empty password")},
	CheckSteward: {text.Of("アカウントの世話をする仕組みが応答し、アカウントを準備した", "The program that looks after accounts answers and prepared the account"),
		text.Of("アカウントの世話をする仕組みが応答しない", "The program that looks after accounts does not answer"),
		text.Of("管理用アカウントの authorized_keys の行と、/etc/sekimori/accounts と groups の名前を確かめる", "Check the line in the administrative account's authorized_keys, and the names in /etc/sekimori/accounts and groups")},
	CheckLogin: {text.Of("作業用アカウントに入れる", "The account opens"),
		text.Of("作業用アカウントに入れない", "The account does not open"),
		text.Of("証明書なら TrustedUserCAKeys と AuthorizedPrincipalsFile、保管した鍵・パスワードなら預けた内容を確かめ、sshd を読み直す。接続先の時計も確かめる", "For a certificate check TrustedUserCAKeys and AuthorizedPrincipalsFile, for a stored key or password what was handed in; reload sshd. Check the target's clock too")},
	CheckPrincipal: {text.Of("ほかの名前の証明書では入れない", "A certificate for another name is refused"),
		text.Of("ほかの名前の証明書でも入れてしまう", "A certificate for another name is accepted"),
		text.Of("AuthorizedPrincipalsFile(または AuthorizedPrincipalsCommand)に、そのアカウントの名前だけを書く", "Let AuthorizedPrincipalsFile (or AuthorizedPrincipalsCommand) name that account only")},
	CheckSource: {text.Of("ほかのアドレス用の証明書では入れない", "A certificate for another address is refused"),
		text.Of("ほかのアドレス用の証明書でも入れてしまう", "A certificate for another address is accepted"),
		text.Of("OpenSSH 以外の SSH サーバーなら source-address を守る版にする。守らないあいだは、接続先のファイアウォールで関守からだけ通す", "Use an SSH server that honours source-address, as OpenSSH does. Until then let the target's firewall admit the broker only")},
}

var skippedNext = text.Of("接続が終わってから、もう一度確かめる", "Check again when no session uses it")

// SayCheck is a line in words, and the next step where there is one.
func SayCheck(l store.CheckLine) (said, next text.Text) {
	w, known := checksSaid[l.What]
	switch {
	case !known:
		return text.Same(l.What), text.Text{}
	case l.Result == store.CheckFailed:
		return w.failed, w.next
	case l.Result == store.CheckSkipped:
		return w.tried, skippedNext
	}
	return w.tried, text.Text{}
}
