package policy

import (
	"time"

	"sekimori/policy/text"
)

// LineState is the interlock's verdict on a system: whether it is apart from the office network (R5).
type LineState string

// The states of the line.
const (
	LineUnknown   LineState = ""
	LineSeparated LineState = "separated"
	LineJoined    LineState = "joined"
)

// LineSide is the state of one side of a line: of the internal side, which leads to the office network, or of the maintenance side.
type LineSide string

// The states of a side.
const (
	SideUnknown LineSide = ""
	SideUp      LineSide = "up"
	SideDown    LineSide = "down"
)

// LineHow is what stands behind a verdict on a line.
type LineHow string

// The protections that may stand behind a verdict, the weakest first. A simulated and a driven line are probed too.
const (
	LineSimulated LineHow = "simulated" // nothing is moved: the demonstration's line
	LineAttested  LineHow = "attested"  // a person pulled the cable and said so
	LineProbed    LineHow = "probed"    // and probes that were seen to fail and to succeed agree
	LineDriven    LineHow = "driven"    // a switch, a firewall or the broker's own rules were set and read back, and probes agree
)

// Line is what is known of a system's line now. The zero value is unknown, and unknown denies.
type Line struct {
	State       LineState
	Internal    LineSide
	Maintenance LineSide
	How         LineHow
	Sensor      bool      // there are probes
	Tested      time.Time // the last test of the line; zero: never
	TestOK      bool      // it went well
}

// Bounds of what may be relied on.
const (
	// LineTestAge is how long a test of a line counts.
	LineTestAge = 90 * 24 * time.Hour
	// ProbeProofAge is how long ago a probe must have been seen to fail, and to succeed, at most. Else its word is unknown.
	ProbeProofAge = 30 * 24 * time.Hour
	// LineLeftAfter is how long after its window a maintenance line may still be on before an alarm is raised.
	LineLeftAfter = 15 * time.Minute
)

// Proven tells whether a probe may be relied on: within the last thirty days it was seen to fail and to succeed.
func Proven(succeeded, failed, now time.Time) bool {
	recent := func(at time.Time) bool {
		return !at.IsZero() && !at.After(now) && now.Sub(at) <= ProbeProofAge
	}
	return recent(succeeded) && recent(failed)
}

// apart tells whether the system's line lets a session live.
func (r *Runtime) apart(s *System) bool {
	return s.Line == LineNone || r.Lines[s.ID].State == LineSeparated
}

var lineStates = map[LineState]Text{
	LineUnknown:   text.Of("不明(安全でない扱い)", "Unknown"),
	LineSeparated: text.Of("分離済み", "Separated"),
	LineJoined:    text.Of("接続", "Joined"),
}

// Label is the state as people read it.
func (s LineState) Label() Text { return text.Label(lineStates, s) }

var lineSides = map[LineSide]Text{
	SideUnknown: text.Of("不明(安全でない扱い)", "unknown (taken as unsafe)"),
	SideUp:      text.Of("接続", "connected"),
	SideDown:    text.Of("切断", "cut"),
}

// Label is the state of the side as people read it.
func (s LineSide) Label() Text { return text.Label(lineSides, s) }

var lineHows = map[LineHow]Text{
	"":            text.Of("確かめていない", "not verified"),
	LineSimulated: text.Of("模擬", "simulated"),
	LineAttested:  text.Of("目視(立会者の申告)", "by eye (the attendant's word)"),
	LineProbed:    text.Of("目視と検査器", "by eye and probes"),
	LineDriven:    text.Of("連動(切替器と検査器)", "driven (switch and probes)"),
}

// Label is the kind of protection as people read it.
func (h LineHow) Label() Text { return text.Label(lineHows, h) }

var lineLimits = map[LineHow]Text{
	"":            text.Of("庁内網との分離は確かめられていません。", "Separation from the office network was not verified."),
	LineSimulated: text.Of("実演のための模擬で、実際の回線は切れも、つながりもしません。", "A simulation for demonstrations: no real line is cut or connected."),
	LineAttested:  text.Of("人の目と申告だけによります。誤りや、途中で線が戻ることに、関守は気付けません。", "It rests on a person's eye and word alone. The broker cannot notice an error, or a cable that is put back."),
	LineProbed:    text.Of("検査は線を抜いた証明ではありません。検査する相手の外にある経路は分かりません。", "A probe is no proof of a pulled cable. Paths beyond the probed hosts stay unseen."),
	LineDriven:    text.Of("切替器の設定を読み返し、検査器で確かめています。検査は線を抜いた証明ではなく、切替器を通らない経路は分かりません。", "The switch's setting is read back and probes agree. A probe is no proof of a pulled cable, and paths around the switch stay unseen."),
}

// Limit says in words how far the protection goes.
func (h LineHow) Limit() Text { return text.Label(lineLimits, h) }

// Said is the kind of protection with its limit, as one text.
func (h LineHow) Said() Text {
	kind, limit := h.Label(), h.Limit()
	return text.Of(kind.JA+"。"+limit.JA, kind.EN+". "+limit.EN)
}

// MayMoveLine rules who may cut the office network for a window and put its maintenance line on: those who may attend it, before its end.
func MayMoveLine(p Person, f WindowFacts, now time.Time) Decision {
	if f.Window.Attended() && f.Window.Attendant != p.ID {
		return forbid(Attendant)
	}
	return first(MayPrepare(f, now), MayAttend(p, f, now))
}

// MayCloseLine rules who may take the maintenance line off and put the office network back: each attendant of the section, at any time. A
// line that is left on is worse than a line that another attendant closes.
func MayCloseLine(p Person, f WindowFacts, _ time.Time) Decision {
	if IsAttendant(p, f.System) {
		return allow()
	}
	return forbid(Attendant)
}

// MayCheckTarget rules who may have the broker connect to a target to check what was put there.
func MayCheckTarget(p Person) Decision {
	if p.Kind == Staff && (p.Has(InformationSystems) || p.Has(Administrator)) {
		return allow()
	}
	return forbid(Administrator)
}

// MayTestLine rules who may test a system's line: attendants of the section that owns it, and the information-systems section.
func MayTestLine(p Person, s System) Decision {
	if IsAttendant(p, s) || p.Kind == Staff && (p.Has(InformationSystems) || p.Has(Administrator)) {
		return allow()
	}
	return forbid(Attendant)
}
