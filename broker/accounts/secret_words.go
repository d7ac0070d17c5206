package accounts

import (
	"strings"

	"sekimori/broker/store"
	"sekimori/policy/text"
)

var changesSaid = map[store.SecretState]text.Text{
	store.SecretMade:   text.Of("新しいものを作りました。接続先が持つのは古いものか新しいもので、両方を保管しています。", "a new one was made; the target has the old one or the new one, and both are kept"),
	store.SecretPlaced: text.Of("接続先に置きました。新しいもので入れるか、これから確かめます。両方を保管しています。", "the target has the new one, which has not opened the account yet; both are kept"),
	store.SecretProved: text.Of("新しいもので入れました。古いものが使えなくなったか、これから確かめます。", "the new one opened the account; the old one is not yet proved gone"),
}

var failuresSaid = map[string]text.Text{
	stepPlace:  text.Of("接続先に置けませんでした。", "it could not be placed on the target"),
	stepTry:    text.Of("新しいもので入れませんでした。", "the new one did not open the account"),
	stepRemove: text.Of("古いものが使えなくなったことを確かめられませんでした。", "the old one was not proved gone"),
}

var nextAfter = map[string]text.Text{
	stepPlace:  text.Of("接続先に届くか、アカウントの世話をする仕組みが動くかを、接続先の管理者と確かめてください。", "check with the target's administrator that it can be reached and that its program for accounts works"),
	stepTry:    text.Of("接続先の管理者に、いまのパスワードか鍵を確かめてください。分からなければ新しく設定し、sekimori target secret set で預け直してください。", "ask the target's administrator for the present password or key; if no one knows it, have a new one set and hand it in with: sekimori target secret set"),
	stepRemove: text.Of("古い鍵・パスワードで入れないことを、接続先の管理者と確かめてください。", "check with the target's administrator that the old key or password is refused"),
}

// SayChange says how far a change is that is not over, whether it failed, and then what people do.
func SayChange(c store.SecretChange, kind store.CredentialKind) (said, next text.Text) {
	said = changesSaid[c.State]
	if c.Tries == 0 {
		return said, next
	}
	step, _, _ := strings.Cut(c.Note, ": ")
	if failed, known := failuresSaid[step]; known {
		said = text.Of(failed.JA+said.JA, failed.EN+"; "+said.EN)
	}
	next = nextAfter[step]
	if kind == store.CredentialRole && step == stepTry {
		next = text.Of("データベースがロールをパスワードで入れるか(pg_hba.conf)、データベースの管理者と確かめてください。", "check with the database's administrator that it lets the role in by password (pg_hba.conf)")
	}
	return said, next
}

// ChangedKind is the kind of secret that a change is about.
func ChangedKind(c store.SecretChange, a store.Account) store.CredentialKind {
	return changing(c, a).kind
}
