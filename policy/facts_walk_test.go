package policy_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// recheckedFact is one fact that Decide may know. Either change makes Decide deny, and then Recheck must end or hold the session too.
// If a session under way goes on instead, or nothing depends on the fact, why gives the reason.
type recheckedFact struct {
	change func(f *Facts, r *Running)
	why    string
}

const (
	words    = "for the texts; nothing is decided by it"
	choosing = "tells grants apart where the attempt does not say which; a session has its grant"
	starting = "stops a start only, never work under way"
	filesNow = "ends no session: FilesNow judges each operation on a file by it"
	pace     = "says when Recheck acts, not whether"
)

// factsOfDecide has every field of Decide's arguments, by its path.
var factsOfDecide = map[string]recheckedFact{
	"Facts.Zone":               {why: words},
	"Facts.Keys":               {change: func(f *Facts, r *Running) { f.Keys = nil }},
	"Facts.LockedStaff":        {change: func(f *Facts, r *Running) { f.LockedStaff = []string{f.Grants[0].Window.Attendant} }},
	"Facts.Subject":            {why: "of acts of staff"},
	"Facts.StandsInFor":        {why: "of acts of staff"},
	"Facts.WaitingRoom":        {why: "who is in the room has no session"},
	"Facts.Connections":        {why: "bounds those who come; who is in keeps a place"},
	"Facts.FollowUps":          {why: starting},
	"Facts.Permits":            {change: func(f *Facts, r *Running) { f.Institution = Institution{Declared: true, StandingPermits: true} }},
	"Facts.Live":               {why: "limits and exclusivity count those who come; who is in keeps a place"},
	"Facts.Freezes":            {change: func(f *Facts, r *Running) { f.Freezes = []Freeze{{Scope: FreezeAll}} }},
	"Facts.Systems":            {change: func(f *Facts, r *Running) { f.Systems = nil }},
	"Facts.Targets":            {change: func(f *Facts, r *Running) { f.Targets = nil }},
	"Facts.Accounts":           {change: func(f *Facts, r *Running) { f.Accounts = nil }},
	"Facts.Grants":             {change: func(f *Facts, r *Running) { f.Grants = nil }},
	"Facts.Prime":              {change: func(f *Facts, r *Running) { f.Vendor.Prime = "V-099" }},
	"Runtime.Clock":            {change: func(f *Facts, r *Running) { f.Runtime.Clock = ClockUntrusted }},
	"Runtime.Recorder":         {change: func(f *Facts, r *Running) { f.Runtime.Recorder = RecorderFailed }},
	"Runtime.Doors":            {why: "of a channel, before it starts; fixed while the broker runs"},
	"Runtime.Lines":            {change: func(f *Facts, r *Running) { system(f, func(s *System) { s.Line = LineInterlocked }) }},
	"Runtime.MaintenanceUntil": {why: starting},

	"Person.ID":      {change: func(f *Facts, r *Running) { f.Person.ID = "E-0032" }},
	"Person.Login":   {why: words},
	"Person.Kind":    {change: func(f *Facts, r *Running) { f.Person.Kind = Staff }},
	"Person.Name":    {why: words},
	"Person.Section": {why: "of staff"},
	"Person.Vendor":  {change: func(f *Facts, r *Running) { f.Person.Vendor = "V-099" }},
	"Person.Roles":   {why: "of staff"},
	"Person.Lang":    {why: words},
	"Person.Phone":   {why: words},
	"Person.Sources": {change: func(f *Facts, r *Running) {
		f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	}},
	"Person.Locked": {change: func(f *Facts, r *Running) { f.Person.Locked = &Lock{} }},
	"Pledge.Signed": {change: func(f *Facts, r *Running) { f.Person.Pledge.Signed = time.Time{} }},
	"Pledge.Until":  {change: func(f *Facts, r *Running) { f.Person.Pledge.Until = mid }},
	"Pledge.Copy":   {change: func(f *Facts, r *Running) { f.Institution.Declared, f.Institution.PledgeCopy = true, true }},

	"Vendor.ID":            {change: func(f *Facts, r *Running) { f.Vendor.ID = "V-099" }},
	"Vendor.Login":         {why: words},
	"Vendor.Name":          {why: words},
	"Vendor.ContractFrom":  {change: func(f *Facts, r *Running) { f.Vendor.ContractFrom = mid.Add(time.Hour) }},
	"Vendor.ContractUntil": {change: func(f *Facts, r *Running) { f.Vendor.ContractUntil = mid }},
	"Vendor.Prime":         {change: func(f *Facts, r *Running) { f.Vendor.Prime = "V-099" }},
	"Vendor.PrimeApproved": {change: func(f *Facts, r *Running) { subcontracted(f); f.Vendor.PrimeApproved = false }},
	"Vendor.Qualified":     {change: func(f *Facts, r *Running) { f.Vendor.Qualified = false }},
	"Vendor.Unmet":         {why: words},
	"Vendor.Locked":        {change: func(f *Facts, r *Running) { f.Vendor.Locked = &Lock{} }},
	"Vendor.Certifications": {change: func(f *Facts, r *Running) {
		f.Institution = Institution{Declared: true, Certifications: []string{"isms"}}
	}},
	"Vendor.AuditReports":   {why: "of an application; nothing of a connection is decided by it"},
	"Vendor.SpecialClauses": {change: func(f *Facts, r *Running) { f.Institution = Institution{Declared: true, SpecialClauses: true} }},
	"Vendor.Roster":         {why: starting},
	"Vendor.Subcontract": {change: func(f *Facts, r *Running) {
		subcontracted(f)
		f.Vendor.Subcontract = []Span{{End: mid}}
	}},

	"System.ID":                {change: func(f *Facts, r *Running) { system(f, func(s *System) { s.ID = "other" }) }},
	"System.Name":              {why: words},
	"System.Section":           {why: "of acts of staff"},
	"System.Phone":             {why: words},
	"System.SecondStage":       {why: "of an application"},
	"System.Attendance":        {change: func(f *Facts, r *Running) { f.Grants[0].Window.Attendant = "" }},
	"System.IdentityCheck":     {why: "asked of each session number before it is admitted, and an entry of the ledger from then on"},
	"System.Line":              {change: func(f *Facts, r *Running) { system(f, func(s *System) { s.Line = LineInterlocked }) }},
	"System.Exclusive":         {why: starting},
	"System.MaxWindow":         {why: "of an application"},
	"System.Idle":              {why: pace},
	"System.ApproverMayAttend": {why: "of an application and of who takes the post"},
	"System.PersonalData": {change: func(f *Facts, r *Running) {
		system(f, func(s *System) { s.PersonalData, s.Attendance = true, AttendanceNone })
		f.Grants[0].Window.Attendant = ""
	}},
	"System.SecondWhen":       {why: "of an application"},
	"System.Lead":             {why: "of an application"},
	"System.Delegated":        {why: "of an extension"},
	"System.BackupAge":        {why: starting},
	"System.Recurring":        {why: "of an application"},
	"System.PauseAfter":       {change: func(f *Facts, r *Running) { system(f, func(s *System) { s.PauseAfter = time.Second }) }},
	"System.CutAfter":         {change: func(f *Facts, r *Running) { system(f, func(s *System) { s.CutAfter = time.Second }) }},
	"System.ReportWithin":     {why: "of a report"},
	"System.BookmarkRequired": {why: "of the attendance record"},
	"System.ConfirmWithin":    {why: "of the day's confirmation"},

	"System.FilesIn":            {why: filesNow},
	"System.FilesOut":           {why: filesNow},
	"System.ReviewSample":       {why: "it chooses what is reviewed after the work, and bounds no session"},
	"System.RemindReviewDays":   {why: "it says when an auditor is reminded after the work, and bounds no session"},
	"System.KeepFilesDays":      {why: "it bounds how long contents are kept, and no session"},
	"System.KeepRecordingsDays": {why: "it bounds how long recordings are kept, and no session"},
	"System.FilePaths":          {why: filesNow},
	"System.FileLimitMiB":       {why: filesNow},
	"System.Commands":           {why: "asked again for each channel"},
	"System.LiveRules":          {why: "what the relay judges; asked when the session begins"},
	"System.MaskNumbers":        {why: "what the relay shows; asked when the session begins"},
	"System.DenyShell":          {why: "fixed when the channel opens; asked again for each channel"},

	"Grant.ID":              {change: func(f *Facts, r *Running) { f.Grants[0].ID = "" }},
	"Grant.Person":          {change: func(f *Facts, r *Running) { f.Grants[0].Person = "E-0032" }},
	"Grant.Vendor":          {change: func(f *Facts, r *Running) { f.Grants[0].Vendor = "V-099" }},
	"Grant.Target":          {change: func(f *Facts, r *Running) { f.Grants[0].Target = "hr-web" }},
	"Grant.Account":         {change: func(f *Facts, r *Running) { f.Grants[0].Account = "hr-db/ro" }},
	"Grant.Request":         {why: words},
	"Grant.RequestState":    {change: func(f *Facts, r *Running) { f.Grants[0].RequestState = RequestRevoked }},
	"Grant.RequestVersion":  {change: func(f *Facts, r *Running) { f.Grants[0].RequestVersion++ }},
	"Grant.ApprovedVersion": {change: func(f *Facts, r *Running) { f.Grants[0].ApprovedVersion = 0 }},
	"Grant.DecidedBy":       {why: words},
	"Grant.DecidedReason":   {why: words},
	"Grant.RevokedReason":   {why: words},
	"Grant.Files":           {why: "fixed when the grant is issued; asked again for each channel"},
	"Grant.State":           {change: func(f *Facts, r *Running) { f.Grants[0].State = GrantRevoked }},
	"Grant.Sanitised":       {why: words},
	"Grant.FileDirection":   {why: filesNow},
	"Grant.FilePathsIn":     {why: filesNow},
	"Grant.FilePathsOut":    {why: filesNow},
	"Grant.FileLimitMiB":    {why: filesNow},
	"Grant.Commands":        {why: "fixed when the grant is issued; asked again for each channel"},
	"Grant.Forced":          {why: "fixed when the grant is issued; asked again for each channel"},
	"Grant.Forwards":        {why: "fixed when the grant is issued; asked again for each channel"},
	"Grant.RevokedBy":       {why: words},
	"Grant.PersonLimit":     {why: starting},

	"Window.ID":        {change: func(f *Facts, r *Running) { f.Grants[0].Window.ID = "" }},
	"Window.Request":   {why: words},
	"Window.System":    {change: func(f *Facts, r *Running) { f.Grants[0].Window.System = "tax" }},
	"Window.Start":     {change: func(f *Facts, r *Running) { f.Grants[0].Window.Start = mid.Add(time.Minute) }},
	"Window.End":       {change: func(f *Facts, r *Running) { f.Grants[0].Window.End = mid }},
	"Window.State":     {change: func(f *Facts, r *Running) { f.Grants[0].Window.State = WindowClosed }},
	"Window.Attendant": {change: func(f *Facts, r *Running) { f.Grants[0].Window.Attendant = "" }},
	"Window.Present":   {change: func(f *Facts, r *Running) { f.Grants[0].Window.Present = time.Time{} }},
	"Window.Emergency": {change: func(f *Facts, r *Running) {
		g := &f.Grants[0]
		g.Window.Emergency, g.RequestState, g.Window.Start = true, EmergencyOpen, mid.Add(-2*time.Hour)
	}},
	"Window.Drill":     {change: func(f *Facts, r *Running) { f.Grants[0].Window.Drill = true }},
	"Window.BackupAt":  {why: starting},
	"Window.Overrides": {why: starting},
	"Window.ClosedBy":  {why: words},
	"Window.Reason":    {why: words},

	"Target.ID":               {why: "the key of Facts.Targets"},
	"Target.System":           {change: func(f *Facts, r *Running) { f.Targets["hr-db"] = Target{ID: "hr-db", System: "tax"} }},
	"Target.Drill":            {change: func(f *Facts, r *Running) { f.Grants[0].Window.Drill = true }},
	"Target.Host":             {why: "the connection is made; what is dialled next goes by the new one"},
	"Target.Port":             {why: "the connection is made; what is dialled next goes by the new one"},
	"Target.HostKey":          {why: "the target proved the key that was registered when it was dialled"},
	"Target.LegacyAlgorithms": {why: "the connection is made; what is dialled next goes by the new list"},
	"Account.Root":            {why: "asks for a reason and a second approver in the application"},
	"Account.Note":            {why: words},
	"Account.ID":              {why: "the key of Facts.Accounts"},
	"Account.Target": {change: func(f *Facts, r *Running) {
		f.Accounts["hr-db/maint"] = Account{ID: "hr-db/maint", Target: "hr-web", Login: "maint"}
	}},
	"Account.Login": {change: func(f *Facts, r *Running) {
		f.Accounts["hr-db/maint"] = Account{ID: "hr-db/maint", Target: "hr-db", Login: "root"}
	}},

	"Attempt.Act":     {why: "a session is one connection"},
	"Attempt.Person":  {change: func(f *Facts, r *Running) { r.Person = "E-0032" }},
	"Attempt.Key":     {why: "proven in this connection; that it still is the person's key is Facts.Keys"},
	"Attempt.Print":   {change: func(f *Facts, r *Running) { r.Print = "SHA256:another" }},
	"Attempt.Factor":  {why: "given in this connection; what takes a factor away suspends all keys with it (Facts.Keys)"},
	"Attempt.Dropped": {why: "asked until the session opens; a forced end ends the sessions it is about by itself"},
	"Attempt.Consent": {why: "given in this connection for the version of the notice it was shown"},
	"Attempt.Source": {change: func(f *Facts, r *Running) {
		f.Person.Sources = []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}
		r.Source = netip.MustParseAddr("203.0.113.9")
	}},
	"Attempt.Target":  {change: func(f *Facts, r *Running) { r.Target = "hr-web" }},
	"Attempt.Account": {change: func(f *Facts, r *Running) { r.Account = "ro" }},
	"Attempt.Command": {why: "of one channel, before it starts"},
	"Attempt.To":      {why: "of one channel, before it starts"},
	"Attempt.Channel": {why: "each channel has a decision of its own"},
	"Attempt.Session": {why: "the session itself"},
	"Attempt.Purpose": {why: "of acts of staff"},
	"Attempt.Grant":   {why: choosing},
	"Attempt.Beside":  {why: starting},
}

// system changes the fixture's system.
func system(f *Facts, change func(*System)) {
	s := f.Systems["hr"]
	change(&s)
	f.Systems["hr"] = s
}

// Recheck asks about every fact that Decide asks about, or the table above says why not. A new field fails this test until the table
// has it.
func TestWhateverAdmissionAsksIsRechecked(t *testing.T) {
	var paths []string
	for _, v := range []any{Facts{}, Runtime{}, Person{}, Pledge{}, Vendor{}, System{}, Grant{}, Window{}, Target{}, Account{}, Attempt{}} {
		kind := reflect.TypeOf(v)
		for i := range kind.NumField() {
			field := kind.Field(i)
			if field.Type.Kind() == reflect.Struct && field.Type.PkgPath() == kind.PkgPath() {
				continue // walked through separately; or the institution's rules, which show in the papers they need
			}
			paths = append(paths, kind.Name()+"."+field.Name)
		}
	}
	for _, path := range paths {
		fact, ok := factsOfDecide[path]
		switch {
		case !ok:
			t.Errorf("%s is not in the table: is it rechecked, and if not, why not?", path)
			continue
		case fact.change == nil && fact.why == "":
			t.Errorf("%s says neither", path)
			continue
		case fact.change == nil:
			continue
		}
		f, a := admitted()
		r := sessionOf(f, a)
		if d := Decide(f, a, mid); !d.Allow {
			t.Fatalf("the fixture is denied: %+v", d)
		}
		if v := Recheck(f, r, mid); !v.Keep || v.Pause != "" {
			t.Fatalf("the fixture ends: %+v", v)
		}
		fact.change(&f, &r)
		a.Person, a.Print, a.Source, a.Target, a.Account = r.Person, r.Print, r.Source, r.Target, r.Account
		if d := Decide(f, a, mid); d.Allow {
			t.Errorf("%s: the change does not matter to Decide, so the row proves nothing", path)
		}
		if v := Recheck(f, r, mid); v.Keep && v.Pause == "" {
			t.Errorf("%s: Decide denies, and the session goes on", path)
		}
	}
	for path := range factsOfDecide {
		if !slices.Contains(paths, path) {
			t.Errorf("the table names %s, which is no field", path)
		}
	}
}

// sessionOf is the session that follows from such facts and such an attempt.
func sessionOf(f Facts, a Attempt) Running {
	return Running{Session: "S-20261124-01", Person: a.Person, Print: a.Print, Grant: f.Grants[0].ID, Source: a.Source,
		Target: a.Target, Account: a.Account, LastInput: mid.Add(-time.Minute)}
}
