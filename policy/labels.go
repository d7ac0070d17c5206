package policy

import "sekimori/policy/text"

// The names of the vocabulary's values, each once, for every door. Codes stay in files, JSON and the ledger.

var requestStates = map[RequestState]Text{
	RequestProposed:    text.Of("提案(職員の引受け待ち)", "Proposed"),
	RequestDraft:       text.Of("下書き", "Draft"),
	PendingFirst:       text.Of("課長承認待ち", "Awaiting head"),
	PendingSecond:      text.Of("第二承認待ち", "Awaiting second approval"),
	RequestReturned:    text.Of("差戻し", "Returned"),
	RequestApproved:    text.Of("承認済み", "Approved"),
	RequestConditional: text.Of("条件付き承認", "Approved with conditions"),
	RequestRejected:    text.Of("却下", "Rejected"),
	RequestWithdrawn:   text.Of("取下げ", "Withdrawn"),
	RequestLapsed:      text.Of("失効(未決のまま時刻経過)", "Lapsed undecided"),
	RequestRevoked:     text.Of("取消し", "Revoked"),
	EmergencyAsked:     text.Of("緊急利用(二人目の同意待ち)", "Emergency, awaiting second"),
	EmergencyOpen:      text.Of("緊急利用中", "Emergency in use"),
	FollowUpDue:        text.Of("事後承認待ち", "Follow-up due"),
	ReportDue:          text.Of("作業報告待ち", "Report due"),
	RequestClosed:      text.Of("完了", "Closed"),
}

// Label is the state as people read it.
func (s RequestState) Label() Text { return text.Label(requestStates, s) }

var windowStates = map[WindowState]Text{
	WindowScheduled: text.Of("予定", "Scheduled"),
	WindowReady:     text.Of("開始可能(立会者待ち)", "Ready, attendant awaited"),
	WindowAttended:  text.Of("立会者あり(開始許可待ち)", "Attended, permission awaited"),
	WindowPermitted: text.Of("開始許可済み", "Permitted"),
	WindowInUse:     text.Of("接続中", "In use"),
	WindowExtended:  text.Of("延長中", "Extended"),
	WindowClosing:   text.Of("終了間際", "Closing"),
	WindowFrozen:    text.Of("凍結中", "Frozen"),
	WindowFinished:  text.Of("終了", "Ended"),
	WindowUnused:    text.Of("未使用で終了", "Ended unused"),
	WindowClosed:    text.Of("終了(立会者が閉じた)", "Closed by the attendant"),
	WindowCut:       text.Of("強制切断", "Cut"),
	WindowCancelled: text.Of("取消し", "Cancelled"),
}

// Label is the state as people read it.
func (s WindowState) Label() Text { return text.Label(windowStates, s) }

var personKinds = map[PersonKind]Text{
	Engineer: text.Of("保守要員", "engineer"),
	Contact:  text.Of("保守事業者窓口", "vendor contact"),
	Staff:    text.Of("職員", "staff"),
}

// Label is the kind as people read it.
func (k PersonKind) Label() Text { return text.Label(personKinds, k) }

var roles = map[Role]Text{
	Requester:          text.Of("担当職員", "requester"),
	Approver:           text.Of("承認者", "approver"),
	SecondApprover:     text.Of("第二承認者", "second approver"),
	Attendant:          text.Of("立会者", "attendant"),
	Auditor:            text.Of("点検担当", "auditor"),
	Administrator:      text.Of("管理者", "administrator"),
	InformationSystems: text.Of("情報システム課", "IS section"),
	PermitOfficer:      text.Of("包括許可者(副CISOなど)", "permit officer"),
}

// Label is the role as people read it.
func (r Role) Label() Text { return text.Label(roles, r) }

var permitStates = map[PermitState]Text{
	PermitAsked:     text.Of("許可待ち", "Awaiting decision"),
	PermitGranted:   text.Of("許可済み", "Granted"),
	PermitRefused:   text.Of("不許可", "Refused"),
	PermitWithdrawn: text.Of("取消し", "Withdrawn"),
}

// Label is the state as people read it.
func (s PermitState) Label() Text { return text.Label(permitStates, s) }

var rosterStates = map[RosterState]Text{
	RosterInTime: text.Of("期限内", "In time"),
	RosterLate:   text.Of("期限超過", "Overdue"),
	RosterStops:  text.Of("期限超過(新しい利用を停止)", "Overdue, new use is stopped"),
}

// Label is the state as people read it.
func (s RosterState) Label() Text { return text.Label(rosterStates, s) }

var attendanceModes = map[AttendanceMode]Text{
	AttendanceRequired: text.Of("必須", "required"),
	AttendanceOnCall:   text.Of("呼出し", "on call"),
	AttendanceNone:     text.Of("不要", "none"),
}

// Label is the rule as people read it.
func (m AttendanceMode) Label() Text { return text.Label(attendanceModes, m) }

var lineModes = map[LineMode]Text{
	LineNone:        text.Of("なし", "none"),
	LineByHand:      text.Of("目視", "by eye"),
	LineInterlocked: text.Of("回線連動", "interlocked"),
}

// Label is the rule as people read it.
func (m LineMode) Label() Text { return text.Label(lineModes, m) }

var filesRules = map[FilesRule]Text{
	FilesNone:    text.Of("なし", "none"),
	FilesAllowed: text.Of("あり", "allowed"),
}

// Label is the rule as people read it.
func (r FilesRule) Label() Text { return text.Label(filesRules, r) }

var fileRoutes = map[FileRoute]Text{
	FileClosed:  text.Of("なし", "none"),
	FilePass:    text.Of("検査せずに通す", "pass"),
	FileInspect: text.Of("検査し、問題がなければすぐ引き渡す", "inspect"),
	FileApprove: text.Of("承認されるまで留め置く", "approve"),
}

// Label is the rule as people read it.
func (r FileRoute) Label() Text { return text.Label(fileRoutes, r) }

var grantStates = map[GrantState]Text{
	GrantActive:  text.Of("有効", "Active"),
	GrantRevoked: text.Of("取消し", "Revoked"),
	GrantVoid:    text.Of("無効(申請の変更)", "Void"),
}

// Label is the state as people read it.
func (s GrantState) Label() Text { return text.Label(grantStates, s) }

var freezeScopes = map[FreezeScope]Text{
	FreezeAll:    text.Of("すべて", "everything"),
	FreezeVendor: text.Of("保守事業者", "vendor"),
	FreezeSystem: text.Of("対象システム", "system"),
}

// Label is the scope as people read it.
func (s FreezeScope) Label() Text { return text.Label(freezeScopes, s) }

var recurringRules = map[RecurringRule]Text{
	RecurringOnce: text.Of("まとめて一度", "once for all"),
	RecurringEach: text.Of("一回ごと", "each on its own"),
}

// Label is the rule as people read it.
func (r RecurringRule) Label() Text { return text.Label(recurringRules, r) }

var backupWays = map[BackupHow]Text{
	BackupByHand:    text.Of("手入力", "by hand"),
	BackupAutomatic: text.Of("連動", "automatic"),
}

// Label is the way as people read it.
func (h BackupHow) Label() Text { return text.Label(backupWays, h) }

var itemStates = map[ItemState]Text{
	ItemMet:     text.Of("適合", "Met"),
	ItemCaution: text.Of("注意", "Caution"),
	ItemUnmet:   text.Of("不適合", "Not met"),
}

// Label is the state as people read it.
func (s ItemState) Label() Text { return text.Label(itemStates, s) }

var diffKinds = map[DiffKind]Text{
	DiffAdded:   text.Of("追加", "Added"),
	DiffRemoved: text.Of("削減", "Removed"),
	DiffChanged: text.Of("変更", "Changed"),
	DiffSame:    text.Of("同じ", "Same"),
}

// Label is the kind as people read it.
func (k DiffKind) Label() Text { return text.Label(diffKinds, k) }

var secondRules = map[SecondRule]Text{
	SecondAlways:           text.Of("このシステムの決まり", "this system's rule"),
	SecondPersonalData:     text.Of("個人情報を扱うため", "personal data is handled"),
	SecondIndividualNumber: text.Of("個人番号が見えるため", "individual numbers are visible"),
	SecondRoot:             text.Of("管理者相当のアカウントのため", "a root-equivalent account"),
	SecondFiles:            text.Of("ファイルを授受するため", "files move"),
	SecondOutsideHours:     text.Of("開庁時間の外のため", "outside office hours"),
	SecondUrgent:           text.Of("至急のため", "urgent"),
	SecondRecurring:        text.Of("繰り返しの時間枠のため", "a recurring window"),
}

// Label is the rule as the reason why a second approver is needed.
func (r SecondRule) Label() Text { return text.Label(secondRules, r) }

var purposes = map[Purpose]Text{
	PeriodicReview:    text.Of("定期の点検", "periodic review"),
	FindingFollowUp:   text.Of("指摘事項の確認", "finding follow-up"),
	IncidentInquiry:   text.Of("事故の調査", "incident"),
	DisclosureRequest: text.Of("開示請求への対応", "disclosure request"),
	Attendance:        text.Of("立会い", "attendance"),
}

// Label is the purpose as people read it.
func (p Purpose) Label() Text { return text.Label(purposes, p) }

// Label is the reason's short name. An unknown code stands for itself.
func (r Reason) Label() Text {
	if row, ok := Lookup(r); ok {
		return filled(row.Headline, nil)
	}
	return text.Same(string(r))
}
