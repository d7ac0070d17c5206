package pages

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func playbackRoutes() []row {
	play, read := text2("操作記録の再生", "Playback"), text2("操作記録を文字で読む", "Read as text")
	return []row{
		get("/recordings/{id}", staff, play, everyStaff(), l2, (*Pages).playback),
		post("/recordings/{id}", staff, play, everyStaff(), l2, func(p *Pages, v *visit) error { return p.beginPlayback(v, "") }),
		get("/recordings/{id}/text", staff, read, everyStaff(), l2, (*Pages).playbackText),
		post("/recordings/{id}/text", staff, read, everyStaff(), l2, func(p *Pages, v *visit) error { return p.beginPlayback(v, "/text") }),
		get("/recordings/{id}/cast", staff, play, everyStaff(), l2, (*Pages).cast),
		get("/recordings/{id}/parts", staff, play, everyStaff(), l2, (*Pages).reel),
		get("/recordings/{id}/parts/{no}", staff, play, everyStaff(), l2, (*Pages).reelPart),
	}
}

func playbackPages() map[string]page {
	return map[string]page{"purpose": &PurposePage{}, "playback": &PlaybackPage{}, "playtext": &PlayTextPage{}}
}

func recordingPath(id string) string { return "/recordings/" + url.PathEscape(id) }

// PurposePage asks for the purpose of viewing before anything of a recording is shown.
type PurposePage struct {
	Frame
	ID          string
	Action      string
	Purposes    []Choice
	Explanation string
	Damaged     bool // the recording does not hold: an auditor may open it all the same
}

// askPurpose shows the form, after a refusal with its mistake.
func (v *visit) askPurpose(f *api.Fault, damaged bool) error {
	id := v.r.PathValue("id")
	page := &PurposePage{Frame: v.frame(), ID: id, Action: v.r.URL.Path, Damaged: damaged, Explanation: first(v.given("explanation"))}
	page.Crumbs = []Link{{text2("接続の記録 "+id, "Session "+id), sessionPath(id)}}
	chosen := first(v.given("purpose"))
	for _, p := range policy.Purposes(policy.ActPlay) {
		page.Purposes = append(page.Purposes, Choice{Word: string(p), Text: p.Label(), Set: string(p) == chosen})
	}
	status := http.StatusOK
	if f != nil {
		one := faultProblem(f)
		one.Field, status = "purpose", f.Status
		page.Errors = []Problem{one}
	}
	return v.showAs(status, page)
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// beginPlayback takes the purpose and opens the recording: one entry, before the first byte.
func (p *Pages) beginPlayback(v *visit, part string) error {
	if err := v.readForm(); err != nil {
		return err
	}
	why, ok := view.NewWhy(v.r.PostFormValue("purpose"), v.r.PostFormValue("explanation"))
	if !ok {
		return v.askPurpose(fault.Of(fault.BadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil)), false)
	}
	id, damaged := v.r.PathValue("id"), v.r.PostFormValue("damaged") == "true"
	name, err := p.o.Views.BeginPlayback(v.r.Context(), v.reader(), v.token, id, why, damaged)
	var bad *evidence.BadError
	var denied *policy.Denied
	switch {
	case errors.As(err, &bad):
		return v.askPurpose(fault.Of(err), true)
	case errors.As(err, &denied) && denied.Reason == policy.ViewPurposeRequired:
		return v.askPurpose(fault.Of(err), damaged)
	case errors.Is(err, evidence.ErrNone):
		return &api.Fault{Status: http.StatusNotFound, Code: "no-recording", JA: "この接続には操作記録がありません", EN: "the session has no recording"}
	case err != nil:
		return err
	}
	to := recordingPath(id) + part + "?v=" + url.QueryEscape(name)
	if at, err := strconv.ParseUint(v.r.PostFormValue("at"), 10, 63); err == nil { // from a hit of a search
		to += "&at=" + strconv.FormatUint(at, 10) + "#found"
	}
	return v.to(to)
}

// playing opens the playback that the address names. nil and no error: the page has asked for the purpose.
func (v *visit) playing() (*view.Playback, error) {
	name := v.r.URL.Query().Get("v")
	if name == "" {
		return nil, v.offerPurpose()
	}
	play, err := v.p.o.Views.Playback(v.r.Context(), v.reader(), v.token, v.r.PathValue("id"), name, v.lang)
	if errors.Is(err, view.ErrNoPlayback) {
		return nil, v.offerPurpose()
	}
	return play, err
}

// offerPurpose asks people who may play the recording, if they have a purpose. Others are refused, with an entry, before they choose one.
func (v *visit) offerPurpose() error {
	anyOne := string(policy.Purposes(policy.ActPlay)[0])
	if _, err := v.p.o.Views.May(v.r.Context(), v.reader(), policy.Attempt{Act: policy.ActPlay, Session: v.r.PathValue("id"), Purpose: anyOne}, "recording"); err != nil {
		return err
	}
	return v.askPurpose(nil, false)
}

// PlaybackPage plays a recording.
type PlaybackPage struct {
	Frame
	ID      string
	Damage  text.Text
	Purpose text.Text
	Cast    string // address of the picture as a whole
	Parts   string // address of the list of its parts; empty: it has none
	Density *Density
	Player  string // address of the frame
	Size    text.Text
	Squeeze bool
	Toggle  string // the same page with quiet stretches shown, or shortened
	Length  string
	Marks   []MarkRow
	Left    int
	TooLong bool
	Text    string
	Summary string
	Review  string // where the session's work is judged; empty: not for this person, or the session is under way
	Offline string // the export as one HTML file; empty: not for this person, or the session is under way
	V       string
	Running bool
}

// MarkRow is one mark of the timeline.
type MarkRow struct {
	At     string
	ISO    string
	Group  text.Text
	Text   text.Text
	Shape  string
	PlayMS int64
	Read   string // where it stands in the text
}

var markShapes = map[api.MarkGroup]string{api.MarkBookmark: "info", api.MarkCommand: "run", api.MarkFile: "check", api.MarkPause: "bars", api.MarkRefused: "octagon",
	api.MarkRule: "triangle", api.MarkTyped: "run", api.MarkExtension: "clock", api.MarkQuiet: "dash", api.MarkEnd: "dash", api.MarkNotice: "info", api.MarkGap: "triangle", api.MarkOther: "info"}

func (p *Pages) playback(v *visit) error {
	squeeze := squeezes(v)
	play, line, parts, err := v.timeline(squeeze)
	if play == nil {
		return err
	}
	defer play.Close()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	base, name := recordingPath(play.Session), url.QueryEscape(q.Get("v"))
	page := &PlaybackPage{Frame: v.frame(), ID: play.Session, Damage: play.DamageText(), Purpose: policy.Purpose(play.Why.Purpose).Label(), Player: "/player", V: q.Get("v"),
		Squeeze: squeeze, Length: clockOf(line.PlayMS), Left: line.Left, TooLong: line.Bytes > view.MostCast, Text: base + "/text", Summary: summaryPath(play.Session) + "?v=" + name, Running: play.Live,
		Cast: base + "/cast?v=" + name, Toggle: base + "?v=" + name, Size: sizeOf(max(line.Bytes, play.Size))}
	page.Crumbs = []Link{{text2("接続の記録 "+play.Session, "Session "+play.Session), sessionPath(play.Session)}}
	if those(policy.Auditor).Allow(v.person) && !play.Live {
		page.Offline, page.Review = offlinePath(play.Session), "/reviews/"+url.PathEscape(play.Session)+"#judge"
	}
	if parts {
		page.Parts, page.TooLong, page.Density = base+"/parts?v="+name, false, densityOf(line)
	}
	switch {
	case squeeze:
		page.Toggle += "&idle=full"
	case parts:
		page.Parts += "&idle=full"
	default:
		page.Cast += "&idle=full"
	}
	for _, m := range line.Marks {
		group := m.Group.Label()
		if m.Group == api.MarkGap { // its text begins with the same words
			group = text.Text{}
		}
		page.Marks = append(page.Marks, MarkRow{At: m.At.Format("15:04:05"), ISO: m.At.Format("2006-01-02T15:04:05-07:00"), Group: group, Text: text2(m.JA, m.EN),
			Shape: markShapes[m.Group], PlayMS: m.PlayMS, Read: fmt.Sprintf("%s/text?v=%s&at=%d#found", base, name, m.AtMS)})
	}
	page.Frame.Scripts = append(page.Frame.Scripts, "playback.js")
	v.withFrame()
	return v.show(page)
}

// clockOf is a length as 0:24:40.
func clockOf(ms int64) string {
	s := ms / 1000
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

func sizeOf(n int64) text.Text {
	if n < 1<<20 {
		return text.Same(fmt.Sprintf("%d kB", (n+1023)>>10))
	}
	return text.Same(fmt.Sprintf("%.1f MB", float64(n)/(1<<20)))
}

// cast sends the picture. It is read under the purpose that was chosen.
func (p *Pages) cast(v *visit) error {
	play, err := p.o.Views.Playback(v.r.Context(), v.reader(), v.token, v.r.PathValue("id"), v.r.URL.Query().Get("v"), v.lang)
	if errors.Is(err, view.ErrNoPlayback) {
		return fault.Refusal(policy.ViewPurposeRequired, nil)
	}
	if err != nil {
		return err
	}
	defer play.Close()
	v.w.Header().Set("Content-Type", "application/x-asciicast")
	body := v.lasting(v.allowedLook(policy.Attempt{Act: policy.ActPlay, Session: play.Session, Purpose: play.Why.Purpose}), 0)
	defer body.end()
	if err := play.Cast(v.r.Context(), body, v.r.URL.Query().Get("idle") != "full"); err != nil && v.r.Context().Err() == nil {
		p.o.Log.Error("cast_failed", "session", play.Session, "error", err)
		panic(http.ErrAbortHandler) // the answer has begun: only a cut connection tells that it is not whole
	}
	play.Sent(view.AsPicture, 0, play.Length)
	return nil
}
