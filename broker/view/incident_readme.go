package view

import (
	"strings"
	"time"

	"sekimori/broker/freeze"
)

// bundleReadme is README.txt of a bundle: for a person who has nothing but the bundle.
func bundleReadme(z freeze.Status, at time.Time) string {
	word := incidentWord(z.Drill)
	return strings.NewReplacer("{id}", z.ID, "{ja}", word.JA, "{en}", word.EN, "{at}", at.Format("2006-01-02 15:04:05 MST")).Replace(bundleWords)
}

const bundleWords = `関守 証拠一式 {ja} {id} / Sekimori evidence bundle, {en} {id}
{at}

== 日本語 ==
確かめ方(関守も通信も要りません):

    sekimori-verify --incident このファイル.zip --key 台帳の公開鍵

公開鍵は、この一式とは別の経路(書面、電話での読み合わせなど)で受け取ってください。
ledger-key.txt は照らし合わせるための写しで、これだけでは何の証明にもなりません。

ledger.jsonl           台帳の書き出し。署名された確定点があり、これが証拠です
recordings/*.skr       この{ja}が保全した接続の操作記録。封印されたままです
timeline.*.txt         台帳から作った経過。読むための写しで、署名はありません
MANIFEST.json          一覧と各ファイルの検証値、欠けたり壊れたりしている操作記録、留置したファイルの検証値
                       留置したファイルの中身は入っていません

操作記録の再生には、点検担当の鍵か、関守の閲覧の鍵が要ります。zip は作り直さず、この形のまま保管してください。

== English ==
How to check it, without Sekimori and offline:

    sekimori-verify --incident THIS-FILE.zip --key THE-LEDGERS-PUBLIC-KEY

Get the public key by another way than this bundle: on paper, or read out on the telephone.
ledger-key.txt is a copy to compare with; by itself it proves nothing.

ledger.jsonl           export of the ledger, with its signed checkpoint. This is the evidence
recordings/*.skr       recordings of the sessions that this {en} holds, still sealed
timeline.*.txt         a timeline made from the ledger. For reading; it is not signed
MANIFEST.json          what is here with the digest of each file, recordings that are missing or damaged,
                       digests of files that the file gate took; their contents are not here

Playing a recording takes an auditor's key or the broker's viewing key. Keep the zip as it is; do not pack it anew.
`
