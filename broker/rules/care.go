package rules

import "sekimori/broker/field"

// Leftovers says what becomes of processes and timed jobs that outlive the last session of an account.
type Leftovers string

// The rules about leftovers. Both name them.
const (
	LeftoversEnd  Leftovers = ""     // they are ended
	LeftoversName Leftovers = "name" // they go on
)

// Unproved says what happens where an end cannot be proved. Both raise an alarm.
type Unproved string

// The rules about an unproved end.
const (
	UnprovedAlarm  Unproved = ""
	UnprovedFreeze Unproved = "freeze" // the vendor is frozen on this system
)

// careFields are the rules about the care of accounts on targets.
var careFields = field.Table[System]{
	field.Choice("leftovers", "終了後に残った処理", "Leftovers", func(s *System) *Leftovers { return &s.Leftovers }, LeftoversEnd,
		field.Name(LeftoversName, "記録だけして止めない", "name")).Late(),
	field.Choice("unproved", "終了を検証できないとき", "Unproved end", func(s *System) *Unproved { return &s.Unproved }, UnprovedAlarm,
		field.Name(UnprovedFreeze, "事業者を凍結", "freeze")).Late(),
	field.Bool("inventory_monthly", "毎月の棚卸し", "Monthly inventory", func(s *System) *bool { return &s.InventoryMonthly }).YesNo().Late(),
	field.Bool("change_secrets", "保管した鍵・パスワードを時間枠のあとに替える", "Change stored secrets after each window", func(s *System) *bool { return &s.ChangeSecrets }).YesNo().Late(),
	field.Bool("reconcile_hourly", "毎時のログインの突合", "Logins compared hourly", func(s *System) *bool { return &s.ReconcileHourly }).YesNo().Late(),
}
