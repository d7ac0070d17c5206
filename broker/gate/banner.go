package gate

import (
	"strings"

	"sekimori/policy/text"
)

// The gate sends a banner only before it asks a question: automation whose factor is remembered sees none, and a client that proved
// no key gets no banner.

// bannerText introduces the gate, once the key is proven and a code is needed. Two lines in ASCII come first: clients escape
// characters that their locale cannot print.
func bannerText(url string) string {
	return "Sekimori remote maintenance gate - authorised maintenance only.\n" +
		strings.TrimRight("Connections are recorded and attended. "+text.ASCII(url), " ") + "\n" +
		"許可された保守作業専用です。接続は記録され、立会者が確認します。\n"
}

// helpLine follows it, in the person's language: the next step, and why a script without a prompt reads "Permission denied".
func helpLine(l login, memory FactorMemory, gate, lang string) string {
	ja := "このあと認証コードと同意を求めます。\n" +
		"自動処理(BatchMode)は、先に一度、手でログインしてください。\n" +
		"その後は時間枠の終わりまで、同じアドレスからは鍵だけで入れます。\n"
	en := "A one-time code and your consent are asked for next.\n" +
		"Scripts (BatchMode): log in once by hand, with code and consent. The key alone\n" +
		"then suffices from the same address until the window ends.\n"
	switch {
	case l.Choose || l.Unknown:
		to := text.Cut("ssh "+l.Engineer+"@"+gate+" help", text.Screen-8) + "\n"
		ja = "このあと認証コードを求めます。自動処理(BatchMode)では入れません。\n使い方: " + to
		en = "A one-time code is asked for next; scripts (BatchMode) cannot give one.\nHelp: " + to
	case memory != FactorWindow:
		ja = "このあと認証コードと同意を、毎回求めます。自動処理(BatchMode)では入れません。\n"
		en = "A one-time code and your consent are asked for at each login.\nScripts (BatchMode) cannot give them.\n"
	}
	switch lang {
	case "ja":
		return ja
	case "en":
		return en
	}
	return en + ja // first the text that every client can print
}
