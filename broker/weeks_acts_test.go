package broker_test

import (
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/policy"
)

// The acts of people in the simulated weeks. Each act is drawn, done through the package that owns it, and noted if it succeeded.

func (w *weeks) submit(*rapid.T) {
	w.form(func(f request.Form, engineer string) {
		r := &saidRequest{system: f.System, vendor: f.ResponsibleParty, start: f.Start}
		who := w.anyone("kato", "ito2", engineer)
		no, err := w.desk.Submit(w.t.Context(), f, by(who))
		if !w.done(err) {
			return
		}
		if who == engineer {
			r.proposer = id(who)
		} else {
			r.requester = id(who)
		}
		w.requests[no] = r
	})
}

// form draws an application.
func (w *weeks) form(use func(request.Form, string)) {
	system := w.draw("system", "hr", "map")
	account, engineer := "hr-db/hrmnt01", w.draw("engineer", "sato", "kimura")
	vendor := map[string]string{"sato": "V-012", "kimura": "V-013"}[engineer]
	if system == "map" {
		account = "map-web/web"
	}
	start := w.hall.Now().Add(time.Duration(rapid.IntRange(1, 60*30).Draw(w.t, "minutes ahead")) * time.Minute)
	use(request.Form{System: system, Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 90).Draw(w.t, "length")) * time.Minute), Body: request.Body{
		Accounts: []string{account}, Engineers: []string{engineer}, Purpose: "調査", WorkType: "survey", ResponsibleParty: vendor, Phone: "0000", Attendant: w.draw("attendant", "ito", "ito2", "head2"),
	}}, engineer)
}

// emergency: one person opens, another agrees, and the window is open at once.
func (w *weeks) emergency(*rapid.T) {
	w.form(func(f request.Form, _ string) {
		ctx, first, second := w.t.Context(), w.anyone("head", "deputy"), w.anyone("deputy", "head", "head2")
		no, err := w.desk.Emergency(ctx, f, requests.EmergencyForm{Reason: "止まった", Phoned: "部長", PhonedAt: w.hall.Now()}, by(first))
		if !w.done(err) {
			return
		}
		w.requests[no] = &saidRequest{system: f.System, vendor: f.ResponsibleParty, requester: id(first), openers: []string{id(first)}}
		w.pass(rapid.IntRange(0, 2400).Draw(w.t, "seconds until agreed"), true)
		out, err := w.desk.AgreeEmergency(ctx, no, "よい", by(second))
		if !w.done(err) {
			return
		}
		w.requests[no].openers = append(w.requests[no].openers, id(second))
		w.note(no, out.Windows)
		w.seen.emergencies++
		if rapid.Bool().Draw(w.t, "orderly") {
			w.work(out.Windows[0], f)
		}
	})
}

func (w *weeks) after(*rapid.T) {
	if no, ok := some(w, "request", w.requests); ok {
		_, err := w.desk.ApproveAfter(w.t.Context(), no, "やむを得ない", by(w.anyone("head", "head2", "deputy")))
		w.done(err)
	}
}

func (w *weeks) deputy(*rapid.T) {
	deputy, from := w.anyone("kato", "ito"), w.hall.Now()
	until := from.Add(time.Duration(rapid.IntRange(1, 3*24*60).Draw(w.t, "minutes")) * time.Minute)
	_, err := w.desk.SetDeputy(w.t.Context(), policy.Deputation{For: "head", Deputy: id(deputy), From: from, Until: until, Reason: "出張"}, by(w.anyone("head")))
	if w.done(err) {
		w.deputies[id(deputy)] = append(w.deputies[id(deputy)], saidPeriod{from, until})
	}
}

// orderly is a maintenance as it should go, except that any person may come at any step: without it, weeks of chance admit no one.
func (w *weeks) orderly(*rapid.T) {
	w.steady = rapid.Bool().Draw(w.t, "steady")
	defer func() { w.steady = false }()
	w.form(func(f request.Form, engineer string) {
		ctx, who := w.t.Context(), w.anyone("kato", "kato", "kato", "ito2")
		no, err := w.desk.Submit(ctx, f, by(who))
		if !w.done(err) || who == engineer {
			if err == nil {
				w.requests[no] = &saidRequest{system: f.System, vendor: f.ResponsibleParty, proposer: id(who), start: f.Start}
			}
			return
		}
		w.requests[no] = &saidRequest{system: f.System, vendor: f.ResponsibleParty, requester: id(who), start: f.Start}
		w.decide(no, w.anyone("head", "head2", "kato"))
		made := w.decide(no, w.anyone("deputy", "head2", "head"))
		for name, x := range w.windows {
			if x.request == no {
				made = []string{name}
			}
		}
		if len(made) == 0 {
			if rapid.Bool().Draw(w.t, "turns up all the same") {
				w.pass(int(f.Start.Sub(w.hall.Now())/time.Second)+rapid.IntRange(0, 59).Draw(w.t, "seconds after the start"), true)
				w.enter(f.Engineers[0], strings.Split(f.Accounts[0], "/")[0])
			}
			return
		}
		if rapid.IntRange(0, 3).Draw(w.t, "reads otherwise by then") == 0 {
			w.editOf(no, f, who)
		}
		w.pass(int(f.Start.Sub(w.hall.Now())/time.Second)+rapid.IntRange(-2, 600).Draw(w.t, "seconds after the start"), true)
		w.work(made[0], f)
	})
}

// work: the attendant opens, the engineer connects.
func (w *weeks) work(window string, f request.Form) {
	if who := w.anyone(f.Attendant); w.done(w.post.Open(w.t.Context(), window, by(who))) {
		w.windows[window].attendant, w.windows[window].heard = id(who), w.hall.Now()
	}
	w.enter(f.Engineers[0], strings.Split(f.Accounts[0], "/")[0])
	if rapid.Bool().Draw(w.t, "something happens") {
		w.check(w.t)
		w.atWork(w.t)
		w.check(w.t)
	}
	if rapid.Bool().Draw(w.t, "not done in time") {
		w.more(window, f.Engineers[0], f.Attendant)
	}
	if x := w.windows[window]; rapid.Bool().Draw(w.t, "until the end") && w.hall.Now().Before(x.end) {
		w.pass(int(x.end.Sub(w.hall.Now())/time.Second)+rapid.IntRange(-2, 2).Draw(w.t, "seconds past the end"), true)
		w.check(w.t)
		w.enter(f.Engineers[0], strings.Split(f.Accounts[0], "/")[0])
		w.check(w.t)
	}
}

func (w *weeks) edit(*rapid.T) {
	if no, ok := some(w, "request", w.requests); ok {
		w.form(func(f request.Form, engineer string) { w.editOf(no, f, w.anyone("kato", "ito2", engineer)) })
	}
}

// editOf rewrites an application: earlier approvals do not cover it.
func (w *weeks) editOf(no string, f request.Form, who string) {
	f.Purpose = "別の調査"
	if !w.done(w.desk.Edit(w.t.Context(), no, f, by(who))) {
		return
	}
	r := w.requests[no]
	r.system, r.vendor, r.start, r.approvers, r.dead = f.System, f.ResponsibleParty, f.Start, nil, false
	for name, x := range w.windows {
		if x.request != no || x.over {
			continue
		}
		x.over = true
		row, err := w.desk.Window(w.t.Context(), name)
		if err != nil {
			w.t.Fatal(err)
		}
		if row.State != policy.WindowCancelled && row.State != policy.WindowClosed && row.State != policy.WindowCut {
			w.t.Fatalf("%s is %s after %s was edited", name, row.State, no)
		}
		w.seen.edited++
	}
}

func (w *weeks) take(*rapid.T) {
	if no, ok := some(w, "request", w.requests); ok {
		if who := w.anyone("kato", "ito2"); w.done(w.desk.Take(w.t.Context(), no, by(who))) {
			w.requests[no].requester = id(who)
		}
	}
}

func (w *weeks) approve(*rapid.T) {
	no, ok := some(w, "request", w.requests)
	if !ok {
		return
	}
	w.decide(no, w.anyone("head", "head2", "deputy", "kato", "ito"))
}

func (w *weeks) decide(no, who string) []string {
	checked, err := w.desk.Check(w.t.Context(), no)
	if err != nil {
		w.t.Fatal(err)
	}
	because := map[string]string{}
	for _, item := range checked.Items {
		if item.State != policy.ItemMet && (w.steady || rapid.IntRange(0, 9).Draw(w.t, "says why") < 9) {
			because[item.Code] = "確認した"
		}
	}
	out, err := w.desk.Approve(w.t.Context(), no, requests.Approval{Because: because}, by(who))
	if !w.done(err) {
		return nil
	}
	r := w.requests[no]
	if first := len(r.approvers) == 0; first && id(who) != "head" && id(who) != "head2" {
		now := w.hall.Now()
		if !slices.ContainsFunc(w.deputies[id(who)], func(p saidPeriod) bool { return !now.Before(p.from) && now.Before(p.until) }) {
			w.t.Fatalf("%s approved %s without being head or deputy at %s: %+v", who, no, now, w.deputies[id(who)])
		}
		w.seen.byDeputy++
	}
	if id(who) == r.requester || id(who) == r.proposer || slices.Contains(r.approvers, id(who)) {
		w.t.Fatalf("%s approved %s of %s after %v", who, no, r.requester, r.approvers)
	}
	r.approvers = append(r.approvers, id(who))
	w.note(no, out.Windows)
	return out.Windows
}

// note looks up the windows that an approval made, with their times.
func (w *weeks) note(no string, made []string) {
	w.seen.approved += len(made)
	for _, name := range made {
		row, err := w.desk.Window(w.t.Context(), name)
		if err != nil {
			w.t.Fatal(err)
		}
		w.windows[name] = &saidWindow{request: no, system: w.requests[no].system, start: row.Start, end: row.End}
	}
}

// stopRequest covers every act that takes an application back.
func (w *weeks) stopRequest(*rapid.T) {
	if !w.seldom() {
		return
	}
	no, ok := some(w, "request", w.requests)
	if !ok {
		return
	}
	var err error
	switch what := w.draw("how", "withdraw", "revoke", "reject", "return"); what {
	case "withdraw":
		err = w.desk.Withdraw(w.t.Context(), no, "要らない", by(w.anyone("kato", "ito2")))
	case "revoke":
		err = w.desk.Revoke(w.t.Context(), no, "やめる", by(w.anyone("head", "deputy")))
	case "reject":
		err = w.desk.Reject(w.t.Context(), no, "だめ", by(w.anyone("head", "deputy")))
	default:
		err = w.desk.Return(w.t.Context(), no, "直して", by(w.anyone("head", "deputy")))
	}
	if w.done(err) {
		w.requests[no].dead = true
	}
}

// open covers the attendant's other acts too: each of them is a sign of presence.
func (w *weeks) attend(*rapid.T) {
	name, ok := some(w, "window", w.windows)
	if !ok {
		return
	}
	x := w.windows[name]
	who := w.anyone("ito", "ito2", "head2")
	ctx := w.t.Context()
	switch w.draw("act", "open", "open", "open", "permit", "close", "cut", "present") {
	case "open":
		if w.done(w.post.Open(ctx, name, by(who))) {
			x.attendant, x.heard = id(who), w.hall.Now()
		}
	case "permit":
		if w.done(w.post.Permit(ctx, name, by(who))) {
			x.heard = w.hall.Now()
		}
	case "present":
		if w.done(w.post.Present(ctx, name, actor(who))) {
			x.heard = w.hall.Now()
		}
	case "close":
		if w.done(w.post.Close(ctx, name, "", by(who))) {
			x.over = true
		}
	default:
		if w.done(w.post.Cut(ctx, name, "", by(who))) {
			x.over = true
		}
	}
}

func (w *weeks) cancel(*rapid.T) {
	if name, ok := some(w, "window", w.windows); ok {
		if w.done(w.desk.Cancel(w.t.Context(), name, "中止", by(w.anyone("kato", "head")))) {
			w.windows[name].over = true
		}
	}
}

func (w *weeks) extend(*rapid.T) {
	if name, ok := some(w, "window", w.windows); ok {
		w.more(name, w.draw("engineer", "sato", "kimura"), w.draw("attendant", "ito", "ito2", "head2"))
	}
}

// more: the engineer asks for more time, and a person answers in time or too late.
func (w *weeks) more(window, engineer, attendant string) {
	ctx, d := w.t.Context(), time.Duration(rapid.IntRange(1, 45).Draw(w.t, "by"))*time.Minute
	x, err := w.desk.AskExtension(ctx, window, d, "まだ", by(w.anyone(engineer)))
	if !w.done(err) {
		return
	}
	w.pass(rapid.IntRange(0, 600).Draw(w.t, "seconds until answered"), true)
	answerer := by(w.anyone(attendant, attendant, "head"))
	if !rapid.Bool().Draw(w.t, "fresh") {
		answerer.Password = ""
	}
	_, err = w.desk.GrantExtension(ctx, x.ID, "", answerer)
	if w.done(err) {
		w.windows[window].end = w.windows[window].end.Add(d)
		w.seen.extended++
	}
}

func (w *weeks) freeze(*rapid.T) {
	if !w.seldom() {
		return
	}
	scope := policy.FreezeScope(w.draw("scope", "all", "vendor", "system"))
	subject := map[policy.FreezeScope]string{policy.FreezeVendor: w.draw("vendor", "V-012", "V-013"), policy.FreezeSystem: w.draw("system", "hr", "map")}[scope]
	w.freezeOn(scope, subject, w.anyone(everybody...))
}

// freezeOn gives the incident; empty: refused.
func (w *weeks) freezeOn(scope policy.FreezeScope, subject, who string) string {
	no, err := w.freezer.On(w.t.Context(), scope, subject, "", by(who))
	if !w.done(err) {
		return ""
	}
	w.frozen[no] = &saidFreeze{scope: scope, subject: subject, lifts: map[string]bool{}}
	w.seen.frozen++
	return no
}

// atWork ends a live session: weeks of chance hardly ever meet one. A stop of everyone is mostly lifted again, or nothing
// else would happen that week.
func (w *weeks) atWork(*rapid.T) {
	no, ok := some(w, "live session", w.live)
	if !ok {
		return
	}
	row, ctx := w.live[no], w.t.Context()
	x := w.windows[row.Window]
	what := w.draw("what", "freeze all", "freeze vendor", "freeze system", "lock person", "lock vendor", "leave", "cut", "revoke")
	again := rapid.IntRange(0, 3).Draw(w.t, "taken back") < 3
	switch what {
	case "freeze all", "freeze vendor", "freeze system":
		scope := policy.FreezeScope(strings.TrimPrefix(what, "freeze "))
		subject := map[policy.FreezeScope]string{policy.FreezeVendor: row.Vendor, policy.FreezeSystem: row.System}[scope]
		incident := w.freezeOn(scope, subject, w.anyone("head"))
		w.check(w.t)
		for _, who := range []string{"head", "deputy"} {
			if again && incident != "" {
				w.liftBy(incident, who)
			}
		}
	case "lock person", "lock vendor":
		subject := map[string]string{"lock person": row.Person, "lock vendor": row.Vendor}[what]
		w.lockBy(subject, w.anyone("head"))
		w.check(w.t)
		for _, who := range []string{"head", "deputy"} {
			if again && w.locked[subject] != nil {
				w.unlockBy(subject, who)
			}
		}
	case "leave": // the rule of the institution: cut after two minutes
		w.pass(rapid.IntRange(115, 180).Draw(w.t, "seconds away"), false)
	case "cut":
		if w.done(w.post.Cut(ctx, row.Window, "", by(x.attendant))) {
			x.over = true
		}
	case "revoke":
		if w.done(w.desk.Revoke(ctx, x.request, "やめる", by("head"))) {
			w.requests[x.request].dead = true
		}
	}
	w.seen.atWork[what]++
}

// lift is modelled as: two different people, one of them of the information-systems section.
func (w *weeks) lift(*rapid.T) {
	no, ok := some(w, "incident", w.frozen)
	if !ok {
		return
	}
	w.liftBy(no, w.anyone("head", "deputy", "admin"))
}

func (w *weeks) liftBy(no, who string) {
	if _, err := w.freezer.Lift(w.t.Context(), no, "済んだ", by(who)); w.done(err) {
		lifts := w.frozen[no].lifts
		lifts[who] = true
		if two(lifts) {
			delete(w.frozen, no)
		}
	}
}

func two(agreed map[string]bool) bool {
	return len(agreed) >= 2 && slices.ContainsFunc(informationSystems, func(p string) bool { return agreed[p] })
}

func (w *weeks) lock(*rapid.T) {
	if !w.seldom() {
		return
	}
	w.lockBy(id(w.draw("subject", "sato", "kimura", "V-012", "V-013")), w.anyone("head", "ito"))
}

func (w *weeks) lockBy(subject, who string) {
	var err error
	if strings.HasPrefix(subject, "V-") {
		err = w.freezer.LockVendor(w.t.Context(), subject, "疑い", by(who))
	} else {
		err = w.freezer.LockPerson(w.t.Context(), subject, "疑い", by(who))
	}
	if w.done(err) {
		w.locked[subject] = map[string]bool{}
	}
}

func (w *weeks) unlock(*rapid.T) {
	subject, ok := some(w, "locked", w.locked)
	if !ok {
		return
	}
	w.unlockBy(subject, w.anyone("admin", "deputy", "head"))
}

func (w *weeks) unlockBy(subject, who string) {
	var err error
	if strings.HasPrefix(subject, "V-") {
		err = w.freezer.UnlockVendor(w.t.Context(), subject, "晴れた", by(who))
	} else {
		err = w.freezer.UnlockPerson(w.t.Context(), subject, "晴れた", by(who))
	}
	if w.done(err) {
		w.locked[subject][who] = true
		if two(w.locked[subject]) {
			delete(w.locked, subject)
		}
	}
}
