package conformance

import "sekimori/policy/text"

// The editions of the Japanese guidelines count their sections differently, so clauses have the names of their subjects. Chapters of the
// medical guideline are those of its edition 6.0.

var localGovernment = Standard{ID: "jp-local-government", Name: text.Of("地方公共団体における情報セキュリティポリシーに関するガイドライン(総務省)", "Guideline on information security policies of local governments (Ministry of Internal Affairs and Communications, Japan)"), Clauses: []Clause{
	{
		text.Of("業務委託", "Outsourcing"), text.Of("委託先に求める事項を契約に定め、守られているかを確かめる", "requirements on a contractor stand in the contract, and their observance is checked"),
		text.Of("契約・特記事項・再委託の承認・誓約書の写し・認証・監査報告書を期限つきで備え、切れた事業者は申請も接続もできません。", "Contracts, special clauses, approved subcontracts, pledge copies, certifications and audit reports are kept with their ends; a lapse refuses requests and connections."),
		[]string{"papers", "roster"}, []string{"sekimori vendor show", "/vendors"},
		text.Of("契約の内容を定め、委託先の実地の確認をすること。", "Writing the contracts and inspecting contractors on site."),
	},
	{
		text.Of("保守の作業", "Maintenance work"), text.Of("保守の作業は、許可・立会い・記録のもとで行う", "maintenance is permitted, attended and recorded"),
		text.Of("課長が事前に承認した時間枠の中だけ、名前のある保守要員が、承認された接続先へだけ入ります。立会者が開始を許可し、終わりに自動で切れます。", "Named engineers enter only in windows approved beforehand by the head, and only the approved targets. The attendant permits the start; the end cuts by itself."),
		[]string{"attended", "identity", "line"}, []string{"sekimori window show", "sekimori session show", "/requests", "/sessions"},
		text.Of("立会う職員を決め、手順書を整え、現地での作業を管理すること。", "Naming attendants, writing procedures, managing work on site."),
	},
	{
		text.Of("ログの取得等", "Taking of logs"), text.Of("ログを取り、改ざんから守り、定期に点検する", "logs are taken, protected from tampering and reviewed regularly"),
		text.Of("すべてを中継の前に記録し、台帳は書き換えれば分かる形で残ります。時間枠の作業ごとに点検担当と期限があります。", "Everything is recorded before it is relayed; a rewritten ledger shows. Each window's work has an auditor and a due date."),
		[]string{"outside", "ledger", "kept", "reviews"}, []string{"sekimori ledger verify", "sekimori review list", "/ledger", "/reviews"},
		text.Of("点検担当を置き、点検の結果に対応すること。接続先自身のログは別に管理すること。", "Naming auditors and acting on their findings; the logs of the targets themselves."),
	},
	{
		text.Of("アクセス制御", "Access control"), text.Of("利用者を識別し、外部からのアクセスを必要な範囲に絞る", "users are identified, and access from outside is limited to the necessary"),
		text.Of("共有のIDはなく、鍵と認証コードの両方を求めます。接続先・アカウント・命令・ファイルは申請ごとに決まり、それ以外は開きません。", "There are no shared IDs; a key and a one-time code are needed. Targets, accounts, commands and files are fixed by each request; nothing else opens."),
		[]string{"factor"}, []string{"sekimori person list", "/systems"},
		text.Of("人の登録と異動の届けを確かめること。", "Checking registrations and changes of staff."),
	},
	{
		text.Of("三層の対策と持込み・持出し", "Three-layer networks, files in and out"), text.Of("ファイルの持込みは無害化し、持出しは管理する", "files brought in are sanitised, files taken out are controlled"),
		text.Of("持込みは留置して検査・無害化し、持出しは別の二人が承認して一度だけ受け取れます。", "Files in are held, inspected and sanitised; files out need two different approvers and are fetched once."),
		[]string{"files", "inspector"}, []string{"sekimori files list", "/files"},
		text.Of("無害化の製品を選び、その設定と定義を保つこと。", "Choosing the sanitising product, and keeping its settings and definitions current."),
	},
	{
		text.Of("侵害時の対応", "Response to a breach"), text.Of("侵害の疑いがあるとき、止め、証拠を保ち、連絡する", "on suspicion of a breach: stop, keep the evidence, tell"),
		text.Of("一人で凍結でき、1秒以内に切断します。解くには二人が要り、操作記録の廃棄は止まります。訓練もできます。", "One person freezes, and all is cut within a second. Lifting takes two; recordings are kept from disposal. Drills are possible."),
		[]string{"mail"}, []string{"sekimori freeze status", "/incidents"},
		text.Of("連絡体制と、関係機関・住民への説明。", "The chain of contacts, and explaining to authorities and residents."),
	},
}}

var personalNumbers = Standard{ID: "jp-personal-numbers", Name: text.Of("特定個人情報の適正な取扱いに関するガイドライン(個人情報保護委員会)", "Guideline on the proper handling of specific personal information (Personal Information Protection Commission, Japan)"), Clauses: []Clause{
	{
		text.Of("委託の取扱い", "Contracting out"), text.Of("委託先と再委託先を監督する", "contractors and subcontractors are supervised"),
		text.Of("再委託は承認されたものだけが働き、申請には責任を負う事業者が書かれます。毎月、従事者の届けを求められます。", "Only approved subcontracts count; each request names the responsible party. A monthly statement of who works can be asked for."),
		[]string{"papers", "roster"}, []string{"sekimori vendor show", "/vendors"},
		text.Of("再委託の許諾の判断と、委託先の選定。", "Deciding on subcontracts, and choosing contractors."),
	},
	{
		text.Of("組織的安全管理措置", "Organisational measures"), text.Of("取扱いの状況を記録し、把握し、見直す", "handling is recorded, known and reviewed"),
		text.Of("接続ごとに、誰が・いつ・何に・誰の承認と立会いで入ったかを台帳に残し、点検と年度の数字の元にします。", "For each session the ledger says who entered what, when, with whose approval and attendance; reviews and yearly figures come from it."),
		[]string{"reviews", "ledger"}, []string{"sekimori ledger list", "/ledger", "/reviews"},
		text.Of("取扱規程と責任者を定め、見直すこと。", "Rules and responsible persons, and reviewing them."),
	},
	{
		text.Of("技術的安全管理措置", "Technical measures"), text.Of("アクセスを制御し、利用者を確かめ、外からの不正を防ぎ、漏えいを防ぐ", "access is controlled, users are verified, intrusion and leaks are prevented"),
		text.Of("個人番号が読めないアカウントであることを検査で確かめ、読めるアカウントは時間枠を拒みます。画面に出た番号は伏せ、伏せたことを記録します。文字を伏せることはアクセス制御ではありません。", "A probe verifies that the account cannot read individual numbers; one that can is refused a window. Numbers that still appear are masked, and that is recorded. Masking text is no access control."),
		[]string{"numbers", "second-stage", "files"}, []string{"sekimori account show", "/systems"},
		text.Of("番号を読めないアカウントを接続先に用意すること。", "Providing accounts on the target that cannot read the numbers."),
	},
}}

var medical = Standard{ID: "jp-medical-6.0", Name: text.Of("医療情報システムの安全管理に関するガイドライン 第6.0版(厚生労働省)", "Guideline on the safety management of medical information systems, edition 6.0 (Ministry of Health, Labour and Welfare, Japan)"), Clauses: []Clause{
	{
		text.Of("企画管理編 5", "Planning and management, 5"), text.Of("安全管理の証跡を整え、守り、見直す", "evidence of safety management is prepared, protected and reviewed"),
		text.Of("記録と台帳は外の確定点に照らして検証でき、点検には担当と期限があります。", "Recordings and ledger are verified against checkpoints kept outside; reviews have an auditor and a due date."),
		[]string{"outside", "ledger", "reviews"}, []string{"sekimori ledger verify", "/reviews"},
		text.Of("見直しの対象と周期を決めること。", "Deciding what is reviewed and how often."),
	},
	{
		text.Of("企画管理編 7", "Planning and management, 7"), text.Of("職員と事業者の人的な管理", "management of staff and of vendors' people"),
		text.Of("保守要員ごとに誓約書・教育・鍵を管理し、切れた人は入れません。", "Pledge, training and keys are kept per engineer; an engineer whose papers lapsed does not get in."),
		[]string{"papers", "roster"}, []string{"sekimori vendor show", "/vendors"},
		text.Of("守秘の契約と教育そのもの。", "The confidentiality agreements and the training itself."),
	},
	{
		text.Of("システム運用編 10", "System operation, 10"), text.Of("事業者の保守は、事前の申請と承認、立会い、操作の記録のもとで行い、遠隔の保守には別に備える", "vendors' maintenance takes place with request and approval beforehand, attendance and records of what was done; remote maintenance has safeguards of its own"),
		text.Of("申請・承認・立会い・記録・作業報告・点検が一つの流れで、欠けると始められません。回線の分離は検査し、終わりを接続先で確かめます。", "Request, approval, attendance, recording, work report and review are one procedure; nothing starts without them. Separated lines are probed, and the end is verified on the target."),
		[]string{"attended", "identity", "line", "reconcile"}, []string{"sekimori session show", "sekimori reconcile", "/sessions", "/reconcile"},
		text.Of("診療録のどれを開いたかは接続先の記録で確かめること。", "Which medical records were opened shows only in the target's own records."),
	},
}}
