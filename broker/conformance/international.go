package conformance

import "sekimori/policy/text"

var nist = Standard{ID: "nist-800-53", Name: text.Same("NIST SP 800-53 Rev. 5"), Clauses: []Clause{
	{
		text.Same("MA-4"), text.Of("遠隔の保守を承認し、監視し、強く認証し、記録し、終わりに接続を断つ", "remote maintenance is approved, watched, strongly authenticated, recorded, and its connections end with it"),
		text.Of("承認のない時間枠はなく、立会者が見守り、鍵とコードで入り、すべて記録され、終わりの時刻に両側の接続を切ります。", "There is no window without approval; an attendant watches; key and code are needed; everything is recorded; both connections are cut at the end."),
		[]string{"attended", "identity"}, []string{"sekimori request show", "sekimori session show", "/requests", "/sessions"},
		text.Of("許す道具と方法を計画に書くこと。", "Writing the permitted tools and methods into the plan."),
	},
	{
		text.Same("MA-4(1)"), text.Of("遠隔の保守の記録を取り、見直す", "remote maintenance is logged, and the logs are reviewed"),
		text.Of("時間枠の作業ごとに点検があり、期限と判定が残ります。", "Each window's work has a review with a due date and a judgement."),
		[]string{"reviews"}, []string{"sekimori review list", "/reviews"},
		text.Of("点検を行うこと。", "Doing the reviews."),
	},
	{
		text.Same("MA-4(4)"), text.Of("遠隔の保守を、再生の効かない認証と、ほかから分かれた経路で守る", "remote maintenance sessions are protected by replay-resistant authentication and separated from other sessions"),
		text.Of("使ったコードは二度と効かず、接続ごとの証明書は一つの時間枠だけに効きます。回線は庁内と同時につながりません。", "A used code never counts again; a session's certificate is good for one window. The maintenance line is never up together with the office network."),
		[]string{"line", "factor"}, []string{"sekimori line show", "/systems"},
		text.Of("物理の回線の工事。", "The physical lines."),
	},
	{
		text.Same("MA-4(5)"), text.Of("遠隔の保守は、決めた人が承認し、決めた人に知らせる", "named people approve remote maintenance, and named people are told"),
		text.Of("課長(と第二承認者)が承認し、立会者・所管課・事業者に知らせます。", "The head, and a second approver where asked for, approve; attendant, section and vendor are told."),
		[]string{"second-stage", "mail"}, []string{"sekimori request show", "/notifications"},
		text.Of("承認者と代決者を任じること。", "Appointing approvers and deputies."),
	},
	{
		text.Same("MA-4(6)"), text.Of("遠隔の保守の通信を暗号で守る", "remote maintenance communication is protected cryptographically"),
		text.Of("両側ともSSHで、弱い暗号は出しません。古い接続先には理由と二人目が要ります。", "SSH on both sides, without weak algorithms; an old target needs a reason and a second person."),
		[]string{"certificate"}, []string{"sekimori target show", "/systems"},
		text.Of("承認された暗号の要件に合うかの判断。", "Judging whether the algorithms meet the approved ones."),
	},
	{
		text.Same("MA-4(7)"), text.Of("終わった後、接続が切れたことを確かめる", "after the end, disconnection is verified"),
		text.Of("両方のTCP接続が消えたことをOSに問い、アカウントと残った処理を接続先で確かめ、「終了の検証」に残します。", "The kernel is asked whether both TCP connections are gone; account and leftovers are verified on the target; the result is in the ledger."),
		nil, []string{"sekimori session show", "/ledger"},
		text.Of("検証できない接続先に、確かめる仕組みを置くこと。", "Installing the steward on targets where the end cannot be verified yet."),
	},
	{
		text.Same("AC-17"), text.Of("遠隔のアクセスの種類ごとに制限を定め、許可してから使わせる", "remote access is restricted by kind and authorised before it is allowed"),
		text.Of("許可の単位は申請で、時間・人・接続先・アカウント・命令・ファイル・転送を個別に決めます。", "The request is the unit of permission: time, people, targets, accounts, commands, files and forwards, each on its own."),
		nil, []string{"sekimori request show", "/requests"},
		text.Of("関守を通らない経路を塞ぐこと。", "Closing ways around the broker."),
	},
	{
		text.Same("AC-17(1)"), text.Of("遠隔のアクセスを監視し、制御する", "remote access is monitored and controlled"),
		text.Of("立会者が画面を見て、止め、切れます。", "The attendant sees the screen, pauses and cuts."),
		[]string{"attended"}, []string{"sekimori session list", "/sessions"},
		text.Of("立会うこと。", "Attending."),
	},
	{
		text.Same("AC-17(3)"), text.Of("遠隔のアクセスを管理された入口に集める", "remote access goes through managed points"),
		text.Of("入口は関守一つです。接続先に残る、台帳にないログインは突合で見つけます。", "The broker is the one entrance. Logins that the ledger does not know are found by reconciliation."),
		[]string{"reconcile"}, []string{"sekimori reconcile", "/reconcile"},
		text.Of("接続先が関守からだけ受けるようにすること。", "Having targets accept the broker only."),
	},
	{
		text.Same("AC-17(9)"), text.Of("遠隔のアクセスを速やかに断つ", "remote access is disconnected or disabled quickly"),
		text.Of("凍結・利用停止は1秒以内に接続を切ります。", "A freeze or a lock cuts within a second."),
		nil, []string{"sekimori freeze status", "/incidents"},
		text.Of("止めてよい人を決めておくこと。", "Deciding who may stop."),
	},
	{
		text.Same("AU-9"), text.Of("監査の情報を、閲覧・改変・削除から守る", "audit information is protected from access, change and deletion"),
		text.Of("台帳はハッシュ木で、署名した確定点が外にあります。記録は封じられ、開くには役割と目的が要り、開いたことが台帳に残ります。", "The ledger is a hash tree with signed checkpoints outside. Recordings are sealed; opening one takes a role and a purpose and leaves an entry."),
		[]string{"outside", "sealed", "ledger"}, []string{"sekimori ledger verify", "/ledger"},
		text.Of("関守の機械の管理者を限ること。機械の管理者は、その時点から先を偽れます。", "Limiting who is root on the broker's machine: root can forge from then on, though not the past."),
	},
	{
		text.Same("AU-10"), text.Of("行った人が、行ったことを否認できないようにする", "a person cannot deny an act"),
		text.Of("承認や開始の許可には、そのつどの本人の証明が要り、状態と記載は一つの書込みで決まります。", "Approvals and permissions take the person's fresh proof; state and entry are one write."),
		nil, []string{"sekimori ledger show", "/ledger"},
		text.Of("個人のIDを貸し借りさせないこと。", "Keeping people from lending their accounts."),
	},
	{
		text.Same("AU-14"), text.Of("利用者の作業そのものを記録し、見られるようにする", "the work of users is recorded and can be watched"),
		text.Of("画面出力と操作は再生でき、入力は別に封じます。記録できなければ接続を終えます。", "Output and operations can be played; input is sealed apart. A session that cannot be recorded ends."),
		[]string{"sealed"}, []string{"sekimori recording list", "/sessions"},
		text.Of("記録することを知らせ、その根拠を定めること。", "Giving notice of the recording, and its legal ground."),
	},
}}

var nercLow = Standard{ID: "nerc-cip-003-9", Name: text.Same("NERC CIP-003-9, Attachment 1, Section 6"), Clauses: []Clause{
	{
		text.Same("6.1"), text.Of("事業者の遠隔アクセスを把握する手段", "a method to determine vendor electronic remote access"),
		text.Of("接続中と予定の作業が一覧にあり、台帳にすべての接続があります。", "Lists show the present and the planned work; the ledger has every connection."),
		[]string{"reconcile"}, []string{"sekimori session list", "/sessions", "/today"},
		text.Of("関守を通らない事業者の経路がないか確かめること。", "Making sure that no vendor has another way in."),
	},
	{
		text.Same("6.2"), text.Of("事業者の遠隔アクセスを止める手段", "a method to disable vendor electronic remote access"),
		text.Of("事業者・システム・全体の凍結、人の利用停止、立会者の切断。", "Freezes of a vendor, a system or everything; locks of people; the attendant's cut."),
		nil, []string{"sekimori freeze status", "/incidents"},
		text.Of("止める判断の手順。", "The procedure for deciding it."),
	},
	{
		text.Same("6.3"), text.Of("事業者の遠隔アクセスの中の悪意の通信を見つける手段", "a method to detect malicious communications in vendor electronic remote access"),
		text.Of("持込みファイルの検査、命令の決まり、接続先からの外向き接続の見張りがあります。通信の中身の検知製品の代わりにはなりません。", "Inspection of files, live rules on commands, and a watch over the target's outgoing connections. It does not replace a network detection product."),
		[]string{"files", "inspector"}, []string{"sekimori files list", "/files", "/alarms"},
		text.Of("回線上の検知。", "Detection on the network."),
	},
}}

var nercMedium = Standard{ID: "nerc-cip-005", Name: text.Same("NERC CIP-005, R2"), Clauses: []Clause{
	{
		text.Same("2.4"), text.Of("いま働いている事業者の遠隔アクセスを把握する", "active vendor remote access sessions are determined"),
		text.Of("「今日の予定」と接続一覧に、接続中の作業が人と接続先つきで出ます。", "\"Today\" and the list of sessions show live work with person and target."),
		nil, []string{"sekimori session list", "/today"},
		text.Of("画面を見る当番を置くこと。", "Having someone look."),
	},
	{
		text.Same("2.5"), text.Of("働いている事業者の遠隔アクセスを止める", "active vendor remote access is disabled"),
		text.Of("一つの接続から全体まで、1秒以内に切れます。", "From one session to all of them, cut within a second."),
		nil, []string{"sekimori freeze status", "/incidents"},
		text.Of("止める判断の手順。", "The procedure for deciding it."),
	},
}}

var pci = Standard{ID: "pci-dss-4", Name: text.Same("PCI DSS v4"), Clauses: []Clause{
	{
		text.Same("8.2.7"), text.Of("第三者の遠隔アクセスのアカウントは、必要な時間だけ有効にし、使われ方を見張る", "third parties' remote access accounts are enabled only while needed, and their use is watched"),
		text.Of("アカウントは時間枠の前に用意し、後に取り上げ、なくなったことを確かめます。使われている間は立会者が見ます。", "Accounts are prepared before a window, taken away after it, and proved gone; an attendant watches their use."),
		[]string{"attended", "secrets", "inventory"}, []string{"sekimori account show", "sekimori session show", "/systems"},
		text.Of("接続先にアカウントの世話をする仕組みを置くこと。", "Installing the steward on the targets."),
	},
	{
		text.Same("10.2"), text.Of("監査の記録を取る", "audit logs are recorded"),
		text.Of("人・時刻・種類・結果・接続元・対象が記載ごとにあります。", "Each entry has person, time, kind, result, origin and object."),
		nil, []string{"sekimori ledger list", "/ledger"},
		text.Of("接続先とほかの機器の記録。", "The logs of targets and other devices."),
	},
	{
		text.Same("10.3"), text.Of("監査の記録を壊し・書換えから守る", "audit logs are protected from destruction and change"),
		text.Of("台帳の書換えは検証で分かり、確定点が外にあります。", "Verification finds a rewritten ledger, and checkpoints lie outside."),
		[]string{"outside", "ledger"}, []string{"sekimori ledger verify", "/ledger"},
		text.Of("控えを別の機械に保つこと。", "Keeping copies on another machine."),
	},
	{
		text.Same("10.4"), text.Of("監査の記録を点検する", "audit logs are reviewed"),
		text.Of("点検は作業ごとに期限があり、その日の接続は所管課が確かめます。", "Reviews have due dates, and each day's sessions are confirmed by the section."),
		[]string{"reviews"}, []string{"sekimori review list", "sekimori day list", "/reviews", "/days"},
		text.Of("点検を行うこと。", "Doing the reviews."),
	},
	{
		text.Same("10.5"), text.Of("監査の履歴を保存し、調べられるようにする", "audit history is retained and available for analysis"),
		text.Of("操作記録の保存期間は設定で、台帳は消えません。", "The retention of recordings is a setting; the ledger stays."),
		[]string{"kept"}, []string{"sekimori notice", "/notice"},
		text.Of("保存期間を定めること。", "Deciding the retention."),
	},
	{
		text.Same("10.7"), text.Of("大事な守りの不調を見つけ、知らせ、対応する", "failures of critical controls are detected, reported and answered"),
		text.Of("記録できない、確定点を置けない、検査が動かない、回線が分からない — いずれも警報になり、接続は拒まれます。", "Recording, checkpoints, inspectors or lines that fail raise alarms, and connections are refused."),
		[]string{"mail"}, []string{"sekimori alarm list", "/alarms"},
		text.Of("警報に応じること。", "Answering the alarms."),
	},
}}

var iec = Standard{ID: "iec-62443-3-3", Name: text.Same("IEC 62443-3-3"), Clauses: []Clause{
	{
		text.Same("SR 1.13"), text.Of("信頼できない網からのアクセスを監視し、制御する", "access via untrusted networks is monitored and controlled"),
		text.Of("外からの入口は関守だけで、接続ごとに承認があり、拒否も台帳に残ります。", "The broker is the entrance from outside; each connection rests on an approval; refusals are ledgered too."),
		[]string{"line"}, []string{"sekimori session list", "/sessions"},
		text.Of("網の区画と関守の置き場所。", "Zones of the network, and where the broker stands."),
	},
	{
		text.Same("SR 2.6"), text.Of("遠隔の接続を、無操作や人の判断で終える", "remote sessions end after inactivity or by a person's decision"),
		text.Of("無操作・時間枠の終わり・立会者の切断で終わります。", "Idleness, the window's end and the attendant's cut end a session."),
		[]string{"idle"}, []string{"sekimori system show", "/systems"},
		text.Of("無操作の限度を決めること。", "Deciding the idle limit."),
	},
}}

var iso = Standard{ID: "iso-27002-2022", Name: text.Same("ISO/IEC 27002:2022"), Clauses: []Clause{
	{
		text.Same("5.19"), text.Of("供給者との関係の危険を管理する", "risks of supplier relationships are managed"),
		text.Of("事業者ごとに、契約・認証・人・接続の履歴・停止が一枚にあります。", "Each vendor's contracts, certifications, people, sessions and stops stand on one page."),
		[]string{"papers"}, []string{"sekimori vendor show", "/vendors"},
		text.Of("危険の評価と方針。", "Risk assessment and policy."),
	},
	{
		text.Same("5.20"), text.Of("供給者との合意に情報セキュリティの要件を入れる", "agreements with suppliers contain security requirements"),
		text.Of("契約と特記事項の期限が切れると、申請も接続もできません。", "Without a valid contract and its special clauses, neither a request nor a connection is possible."),
		[]string{"papers"}, []string{"sekimori vendor show", "/vendors"},
		text.Of("合意の中身。", "The contents of agreements."),
	},
	{
		text.Same("5.21"), text.Of("供給の連なりの危険を管理する", "risks of the supply chain are managed"),
		text.Of("再委託先は承認されたものだけが働き、申請に責任を負う事業者が書かれます。", "Only approved subcontractors work, and each request names the responsible party."),
		nil, []string{"sekimori vendor show", "/vendors"},
		text.Of("再委託を承認するか判断すること。", "Deciding on subcontractors."),
	},
	{
		text.Same("5.22"), text.Of("供給者のサービスを見守り、見直し、変更を管理する", "suppliers' services are monitored, reviewed and their changes managed"),
		text.Of("作業ごとの報告・確認・点検と、申請と実際の比べ合わせがあります。", "Each work has a report, a confirmation and a review, and approved is compared with actual."),
		[]string{"reviews"}, []string{"sekimori review list", "/reviews"},
		text.Of("見直しの結果を契約に返すこと。", "Feeding the results back into contracts."),
	},
	{
		text.Same("8.15"), text.Of("記録を取り、守り、分析する", "logs are produced, protected and analysed"),
		text.Of("中継の前に記録し、改ざんは検証で分かり、点検は理由の順に並びます。", "Records come before the relay, tampering shows in verification, and reviews carry their reasons."),
		[]string{"outside", "ledger", "sealed"}, []string{"sekimori ledger verify", "/ledger"},
		text.Of("ほかの記録との突合。", "Correlating with other logs."),
	},
}}
