package pages

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func consoleRoutes() []row {
	title := text2("立会いコンソール", "Attendant console")
	lookers := sessionLookers()
	return []row{
		get("/windows/{id}/console", staff, title, everyStaff(), l1, func(p *Pages, v *visit) error { return p.console(v, v.r.PathValue("id"), "") }),
		get("/sessions/{id}/live", staff, title, everyStaff(), l1, func(p *Pages, v *visit) error { return p.console(v, "", v.r.PathValue("id")) }),
		get("/sessions/side", staff, text2("接続中の画面を並べて見る", "Sessions side by side"), lookers, l0, (*Pages).side),
	}
}

func consolePages() map[string]page {
	return map[string]page{"console": &ConsolePage{}, "side": &SidePage{}}
}

// ConsolePage is the attendant's console: what is safe to do next, the live picture, and the cut that always works.
type ConsolePage struct {
	Frame
	Window, Session string            // Session is empty before a connection, and on the window's page
	Self            string            // address of this page, to which each form comes back
	Typed           map[string]string // what was typed before a mistake, by the id of the input
	System          string
	SystemID        string
	Engineer        string
	Request         Link
	Chip            Chip
	Cut             string // address of the cut; empty: nothing can be cut
	CutBack         string // address after it, where the reason is asked
	CutDone         *CutDone
	Pause, Resume   string // addresses; empty: not open
	Mark, Message   string
	Until           Moment
	EndsAt          string // time of the day
	Left            text.Text
	Watchers        int
	Running         bool // the session is under way
	Over            bool
	EndText         text.Text
	Ended           Card      // how the end was verified, and what changed on the target
	CutSaid         text.Text // what the alert says where the end was no ordinary one
	Attends         bool      // the person has the post or may take it: the steps are shown
	ListTitle       string
	Version         int
	Steps           []Step
	Line            *LinePart // nil: the system has no line
	LineLost        text.Text // empty: its separation was not lost
	Waiting         []WaitingRow
	Others          []Link // other sessions of the window under way
	Asked           []AskedRow
	Held            []HeldRow
	Masked          []text.Text // of each session with masked numbers: how many so far
	Rules           text.Text   // of the live rules, with their limit; none: the system has none
	Happened        []HappenedRow
	Text            string // address of the text view
	Phone           string
	Every           int64  // milliseconds between two refreshes
	Now             string // the broker's time, by which the page counts
	Paused          text.Text
	Behind          []text.Text // of each session whose recording lags: since when it is paused
	Frame1          string      // address of the player's frame
	Attest          string
}

// Step is one step of the console, in the compulsory order.
type Step struct {
	No     int
	Label  text.Text
	Chip   Chip
	Told   text.Text // when, how and by whom it was done
	Locked text.Text // why it cannot be pressed yet
	Action string    // address; empty: nothing to press
	Fields []Hidden
	Button text.Text
	Proof  bool
	Calls  []CallRow
	Backup bool
	Undo   string    // address that takes it back
	Closed text.Text // why its act is not open
}

// Hidden is a value that a step's form carries.
type Hidden struct{ Key, Value string }

// CallRow is one engineer to call.
type CallRow struct {
	ID                   string // of the input
	Session, Name, Phone string
	Person, Source       string
	Beside               int
	Done                 text.Text
}

// WaitingRow is one engineer in the waiting room.
type WaitingRow struct {
	Session, Name, Source string
	Since                 Moment
	State                 text.Text
}

// AskedRow is an extension that waits for an answer.
type AskedRow struct {
	ID, Reason  string
	At          Moment
	Minutes     int
	NewEnd, End string
	Grant, Deny string // addresses; empty: not open
	Input       string // id of the input for the reason
	Left        int
	Why         text.Text
}

// HappenedRow is one event of the window, newest first.
type HappenedRow struct {
	At   string
	ISO  string
	Text text.Text
}

// CutDone asks for the reason after a cut.
type CutDone struct {
	At      string
	Action  string
	Choices []Choice
	Again   string // address of the window's console, for starting again from the identity check
}

// settleWithin is for how long a page waits for a session's end that was begun. A page that did not wait would show work that goes on.
const settleWithin = 2 * time.Second

// settled waits for the ends that were begun in a session or a window.
func (v *visit) settled(id string) {
	ctx, cancel := context.WithTimeout(v.r.Context(), settleWithin)
	defer cancel()
	v.p.o.Sessions.Settled(ctx, id)
}

// console shows a window, or one of its sessions.
func (p *Pages) console(v *visit, window, session string) error {
	page, err := v.consoleOf(v.r.URL.Path, window, session)
	if err != nil {
		return err
	}
	return v.show(page)
}

// consoleOf makes the console of a window or session, at its address. A page of the attendant at the post is the sign that they are there.
func (v *visit) consoleOf(self, window, session string) (*ConsolePage, error) {
	p := v.p
	v.settled(cmp.Or(session, window))
	look := v.token + " " + self
	c, err := p.o.Views.Console(v.r.Context(), v.reader(), window, session, !p.lately.known(look, p.o.Clock()))
	if err != nil {
		return nil, err
	}
	p.lately.opened(look, p.o.Clock())
	if c.Post && p.o.Clock().Before(c.Attendance.End) {
		if err := p.o.Attendance.Present(v.r.Context(), c.Attendance.ID, v.caller().Actor); err != nil {
			p.o.Log.Debug("presence_not_kept", "window", c.Attendance.ID, "error", err)
		}
	}
	if err := v.nameActors(&c.Attendance); err != nil {
		return nil, err
	}
	v.withFrame()
	return v.consolePage(c, self), nil
}

// nameActors puts names for the ids of those who did the steps.
func (v *visit) nameActors(a *api.Attendance) error {
	by := []*string{&a.Attendant, &a.PermittedBy}
	if a.Backup != nil {
		by = append(by, &a.Backup.By)
	}
	if l := a.Line; l != nil {
		by = append(by, &l.CutBy, &l.OnBy, &l.OffBy, &l.RestoredBy)
	}
	if a.Checklist != nil {
		for i := range a.Checklist.Steps {
			by = append(by, &a.Checklist.Steps[i].By)
		}
	}
	var ids []string
	for _, id := range by {
		ids = append(ids, *id)
	}
	names, err := v.names(ids...)
	for _, id := range by {
		*id = names(*id)
	}
	return err
}

func (v *visit) consolePage(c api.Console, self string) *ConsolePage {
	a := c.Attendance
	z := v.p.o.Zone
	page := &ConsolePage{
		Frame: v.frame(), Window: a.ID, Self: self, System: a.SystemName, SystemID: a.System, Engineer: c.Vendor, Chip: windowChip(a.State),
		Request: Link{text.Request(a.Request), "/requests/" + url.PathEscape(a.Request)},
		Until:   moment(a.End, z), EndsAt: a.End.In(z).Format("15:04"), Left: timeLeft(max(a.End.Sub(a.Now), 0)),
		Attends: c.Post || c.Prepares, Phone: c.Phone, Every: min(max(a.BeatMS, 1000), 3000), Now: a.Now.In(z).Format(time.RFC3339), Frame1: "/player", Rules: policy.SayLiveRules(c.LiveRules),
	}
	page.Frame.Scripts = append(page.Frame.Scripts, "live.js")
	base := "/windows/" + url.PathEscape(a.ID)
	if openOffer(a.Offers, "unpermit") {
		page.Cut = base + "/unpermit"
	}
	if s := c.Session; s != nil {
		v.sessionOn(page, c, *s)
	}
	if page.Cut == "" && openOffer(a.Offers, "cut") && len(a.Sessions) > 0 {
		page.Cut = base + "/cut"
	}
	page.CutBack = page.Self + "#cut-title"
	if page.Session == "" && len(a.Sessions) == 1 {
		page.CutBack = sessionPath(a.Sessions[0].ID) + "/live#cut-title"
	}
	page.Frame.State = page.Chip.Text
	for _, s := range a.Sessions {
		if said := s.SayMasked(); !said.IsZero() && s.ID != page.Session {
			page.Masked = append(page.Masked, text2(s.ID+": "+said.JA, s.ID+": "+said.EN))
		}
		if said := s.SayBehind(); !said.IsZero() && s.ID != page.Session {
			page.Behind = append(page.Behind, text2(s.ID+": "+said.JA, s.ID+": "+said.EN))
		}
		if s.ID != page.Session {
			page.Others = append(page.Others, Link{text2(s.ID+" "+s.Engineer+" を見る", "Watch "+s.ID+" "+s.Engineer), sessionPath(s.ID) + "/live"})
			for _, h := range s.Held {
				row := v.heldRow(h, a.Now, func(string) string { return "" })
				row.Session, row.Href = s.ID, sessionPath(s.ID)+"/live"
				page.Held = append(page.Held, row)
			}
		}
	}
	for _, w := range a.Waiting {
		page.Waiting = append(page.Waiting, WaitingRow{w.Session, w.Name, w.Source, moment(w.Since, z), waitState(w.State)})
	}
	v.askedOn(page, c)
	for _, o := range c.Happened {
		page.Happened = append(page.Happened, HappenedRow{o.At.In(z).Format("15:04:05"), o.At.In(z).Format("2006-01-02T15:04:05-07:00"), text2(o.JA, o.EN)})
	}
	if page.Attends {
		v.stepsOn(page, c)
	}
	v.lineOn(page, a)
	return page
}

// sessionOn adds the session whose picture the page shows.
func (v *visit) sessionOn(page *ConsolePage, c api.Console, s api.Session) {
	base := sessionPath(s.ID)
	page.Session, page.Chip, page.Watchers, page.Text = s.ID, stateChip(s.State), s.Watchers, recordingPath(s.ID)+"/text"
	page.Engineer = c.Vendor + " " + c.Engineer + "(" + s.Engineer + ")"
	page.Running = s.EndCause == ""
	if said := s.SayMasked(); !said.IsZero() {
		page.Masked = append(page.Masked, said)
	}
	address := func(act string) string {
		if openOffer(c.Offers, act) {
			return base + "/" + act
		}
		return ""
	}
	if page.Running {
		if page.Cut == "" {
			page.Cut = address("end")
		}
		if s.Paused.IsZero() {
			page.Pause = address("pause")
		} else {
			page.Resume = address("resume")
			page.Paused = text2("一時停止中。保守要員の入力は届きません。", "Paused: the engineer's keys are not delivered.")
			if s.PausedBy == "" {
				page.Paused = text2("画面との通信が切れました。作業は一時停止しました。", "The connection to this page was lost. The work was paused.")
			}
		}
		if said := s.SayBehind(); !said.IsZero() {
			page.Behind = append(page.Behind, said)
		}
		for _, h := range s.Held {
			page.Held = append(page.Held, v.heldRow(h, c.Attendance.Now, address))
		}
		page.Mark, page.Message = address("bookmark"), address("message")
		return
	}
	page.Over, page.EndText, page.Cut = true, endText(s), ""
	page.Ended = Card{Rows: append(endRows(s), inventoryRows(c.Inventories)...)}
	page.Attest = base + "/attest"
	if api.SessionState(s.State) == api.SessionEndedEarly {
		at := s.Ended.In(v.p.o.Zone).Format("15:04:05")
		page.CutSaid = text2("切断しました("+at+")。"+page.EndText.JA, "Cut ("+at+"). "+page.EndText.EN)
	}
	if openOffer(c.Offers, "explain") && v.r.URL.Query().Get("done") != "explain" {
		done := &CutDone{At: s.Ended.In(v.p.o.Zone).Format("15:04:05"), Action: base + "/explain", Again: "/windows/" + url.PathEscape(s.Window) + "/console"}
		for _, w := range policy.CutWhys() {
			done.Choices = append(done.Choices, Choice{Word: string(w), Text: w.Label()})
		}
		page.CutDone = done
	}
}

// askedOn adds the extensions that wait for an answer.
func (v *visit) askedOn(page *ConsolePage, c api.Console) {
	offers := map[string][]api.Offer{}
	for _, o := range c.Answers {
		offers[o.Extension] = o.Offers
	}
	for _, x := range c.Attendance.Asked {
		row := AskedRow{ID: x.ID, Input: "why-not-" + x.ID, Reason: x.Reason, At: moment(x.At, v.p.o.Zone), Minutes: x.Minutes, End: page.EndsAt, Left: c.Delegated,
			NewEnd: c.Attendance.End.Add(time.Duration(x.Minutes) * time.Minute).In(v.p.o.Zone).Format("15:04")}
		base := "/extensions/" + url.PathEscape(x.ID)
		if openOffer(offers[x.ID], "grant") {
			row.Grant = base + "/grant"
		}
		if openOffer(offers[x.ID], "deny") {
			row.Deny = base + "/deny"
		}
		if row.Grant == "" {
			row.Why = policy.OverLimit(time.Duration(c.Delegated) * time.Minute)
		}
		page.Asked = append(page.Asked, row)
	}
}

func openOffer(offers []api.Offer, act string) bool {
	for _, o := range offers {
		if o.Act == act {
			return o.Open
		}
	}
	return false
}

// SidePage shows the pictures of several sessions at once.
type SidePage struct {
	Frame
	Sessions []SideRow
}

// SideRow is one of them.
type SideRow struct {
	ID, Title, Href, Cut, Frame1 string
	Chip                         Chip
	Left                         text.Text
}

// mostSide is how many pictures one page shows.
const mostSide = 6

func (p *Pages) side(v *visit) error {
	list, err := p.o.Views.Sessions(v.r.Context(), v.reader(), view.SessionsAsked{Live: true}, v.paging())
	if err != nil {
		return err
	}
	page := &SidePage{Frame: v.frame()}
	page.Frame.Scripts = append(page.Frame.Scripts, "live.js")
	for _, s := range list.Items {
		if len(page.Sessions) == mostSide {
			break
		}
		page.Sessions = append(page.Sessions, SideRow{ID: s.ID, Title: fmt.Sprintf("%s %s %s", s.ID, s.System, s.Engineer), Href: sessionPath(s.ID) + "/live", Cut: sessionPath(s.ID) + "/end",
			Frame1: "/player", Chip: stateChip(s.State), Left: timeLeft(max(s.Until.Sub(p.o.Clock()), 0))})
	}
	v.withFrame()
	return v.show(page)
}

// waitStates are what an engineer in the waiting room waits for.
var waitStates = map[string]text.Text{
	"waiting-window": text2("開始時刻前", "Too early"), "waiting-attendant": text2("立会者待ち", "Awaiting attendant"), "waiting-interlock": text2("回線確認中", "Checking lines"),
	"identity-check": text2("本人確認中", "Identity check"), "waiting-backup": text2("バックアップ待ち", "Awaiting the backup"),
}

func waitState(state string) text.Text {
	if t, ok := waitStates[state]; ok {
		return t
	}
	return text.Same(state)
}
