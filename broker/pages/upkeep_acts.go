package pages

import (
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/sealing"
	"sekimori/policy"
)

const (
	accessAskPath    = "/recording-access/ask"
	indexRebuildPath = "/recordings/search/rebuild"
	siemTestPath     = "/settings/siem-test"
)

// upkeepActs are acts on the broker's own stores: further keys to recordings, the index for searches, the sending to a collector of logs.
func upkeepActs() []ownAct {
	nothing := field.Table[struct{}]{}.Flags()
	return []ownAct{
		{path: accessAskPath, api: string(api.Accesses), title: text2("これまでの操作記録を開く鍵の申出", "Ask for a further key to earlier recordings"),
			callers: those(policy.Auditor, policy.Administrator, policy.InformationSystems), level: l0, flags: sealing.Asked.Flags(),
			about: text2("公開鍵だけを入力します。秘密の鍵(AGE-SECRET-KEY…)は入力しないでください。二人目が確かめてから有効になります。", "Enter the public key only, never a private one (AGE-SECRET-KEY…). It counts once a second person agrees."),
			thing: backTo("/recording-access"), adjust: noPrivateKey, do: askAccess},
		{path: indexRebuildPath, api: string(api.SearchIndexPath), title: text2("検索の索引を作り直す", "Build the index for searches anew"), callers: those(policy.Administrator), level: l0, flags: nothing,
			about: text2("いまの索引を消し、封印済みの操作記録から作り直します。終わるまで、検索は一部の接続だけを探します。", "The present index is removed and built again from the sealed recordings. Until that is done a search looks at some sessions only."),
			thing: backTo("/settings"), do: func(v *visit, _ url.Values, back string) (string, error) {
				_, err := v.p.o.Views.RebuildIndex(v.r.Context(), v.reader())
				return withDone(back, "index-rebuild"), err
			}},
		{path: siemTestPath, api: string(api.SIEMPath), title: text2("ログ収集先へ試しに送る", "Send a test to the collector of logs"), callers: those(policy.InformationSystems, policy.Administrator), level: l0, flags: nothing,
			about: text2("試験の文を一つ送ります。結果は運用の決まりの画面に出ます。", "One test message is sent. The page of the rules in force shows the result."),
			thing: backTo("/settings"), do: func(v *visit, _ url.Values, back string) (string, error) {
				_, err := v.p.o.Views.TestSIEM(v.r.Context(), v.reader())
				return withDone(back, "siem-test"), err
			}},
	}
}

// backTo is the thing of an act on the broker itself.
func backTo(page string) func(*visit) (ownThing, error) {
	return func(*visit) (ownThing, error) { return ownThing{back: page}, nil }
}

// noPrivateKey takes a private key, typed by mistake, out of the form that is shown again.
func noPrivateKey(_ *visit, _ ownThing, fields []Field) {
	for i := range fields {
		if strings.Contains(strings.ToUpper(fields[i].Value), "SECRET-KEY") {
			fields[i].Value = ""
		}
	}
}

func askAccess(v *visit, in url.Values, back string) (string, error) {
	body, err := sealing.Asked.Given(in, v.p.o.Zone)
	if err != nil {
		return "", err
	}
	_, err = v.p.o.Sealing.Ask(v.r.Context(), "", body, v.caller())
	return withDone(back, "access-ask"), err
}
