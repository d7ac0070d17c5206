package policy

import "time"

// lookLine checks the line: its last test at all times, its state from the start on. Before the start the office network is still
// connected as usual.
func lookLine(a *Application, f *finding, now time.Time) {
	s := &a.Request.System
	if s.Line == LineNone {
		f.fine(Text{JA: "回線連動なし(このシステムの決まり)。庁内網との分離は確かめません", EN: "no interlock (this system's rule); separation from the office network is not verified"})
		return
	}
	line := a.Runtime.Lines[s.ID]
	begun := a.LineDue || a.started(now)
	lookLineTest(s, &line, f, now, begun, a.Calendar.Zone)
	ask := Text{JA: "庁内網の切断を立会者が確かめてください", EN: "have the attendant confirm that the office network is cut"}
	switch {
	case !begun:
		f.careful(Text{JA: "回線は開始のときに確かめます", EN: "the line is verified at the start"}, ask)
	case line.State == LineSeparated:
		how := line.How.Label()
		f.fine(Text{JA: "庁内網: 切断、" + how.JA, EN: "office network: cut, " + how.EN})
		if line.How == LineSimulated {
			f.careful(line.How.Limit(), Text{JA: "実際の作業では模擬でない切替器を使ってください", EN: "use a driver that is no simulation for real work"})
			return
		}
		f.fine(line.How.Limit())
	case line.State == LineJoined:
		f.bad(InterlockNotReady, nil, Text{JA: "庁内網: 接続", EN: "office network: connected"}, ask)
	default:
		f.bad(InterlockNotReady, nil, Text{JA: "庁内網: 不明(安全でない扱い)", EN: "office network: unknown (taken as unsafe)"}, ask)
	}
}

// lookLineTest checks the date and the result of the line's last test. A line without a probe cannot be tested.
func lookLineTest(s *System, line *Line, f *finding, now time.Time, begun bool, zone *time.Location) {
	test := Text{JA: "回線の試験(line test)をしてください", EN: "have the line tested (line test)"}
	switch {
	case s.Line == LineByHand && !line.Sensor:
		f.careful(Text{JA: "目視だけです(検査器なし)", EN: "by eye only (no sensor)"}, Text{JA: "立会者が線を目で確かめてください", EN: "have the attendant look at the cable"})
	case line.Tested.IsZero() && begun:
		f.bad(InterlockNotReady, nil, Text{JA: "検査器の試験の記録がありません", EN: "no test of a sensor is on file"}, test)
	case line.Tested.IsZero():
		f.careful(Text{JA: "検査器の試験の記録がまだありません", EN: "no test of a sensor is on file yet"}, test)
	case !line.TestOK:
		f.bad(InterlockNotReady, nil, say("最近の試験 %s は失敗です", "the last test, %s, failed", sayDate(line.Tested, zone)), test)
	case now.Sub(line.Tested) > LineTestAge:
		f.bad(InterlockNotReady, nil, say("最近の試験 %s から90日を過ぎています", "the last test, %s, is more than 90 days ago", sayDate(line.Tested, zone)), test)
	default:
		f.fine(say("最近の試験 %s 成功", "last test %s went well", sayDate(line.Tested, zone)))
	}
}
