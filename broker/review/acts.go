package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// work has the facts for an act on a review.
type work struct {
	Subject policy.Subject // the window's work; Session is the number of the item
	Review  store.Review   // zero: none is owed yet
	Open    bool           // the window may still be used

	Question store.ReviewQuestion // the newest; zero: none was asked
}

// Signing is the table of the judgement.
var Signing = field.Table[api.SignBody]{
	field.Choice("verdict", "判定", "Judgement", func(b *api.SignBody) *api.ReviewState { return &b.Verdict }, "",
		field.Name(api.ReviewOK, "適正", "Appropriate"), field.Name(api.ReviewQuestion, "要確認", "Needs clarification"),
		field.Name(api.ReviewFix, "是正要", "Corrective action required")).
		Need("verdict-required", "判定を選んでください。", "choose a judgement"),
	field.Text("note", "判定の理由", "Grounds", func(b *api.SignBody) *string { return &b.Note }),
	field.Text("addressee", "相手", "Addressee", func(b *api.SignBody) *string { return &b.Addressee }).Most(200),
	field.Text("answer_by", "期限", "Answer by", func(b *api.SignBody) *string { return &b.AnswerBy }).Day(),
}

// The acts of this package.
var (
	take = act.Act[work]{Spec: spec("take", nil, "点検を引き受ける", "take a review"), May: mayTake, Refused: refused}
	hand = act.Act[work]{Spec: spec("hand-over", HandingOver, "別の点検担当に引き継ぐ(理由は記録されます)", "hand a review over to another auditor; the reason is ledgered"), May: mayHand, Refused: refused}
	sign = act.Act[work]{Spec: spec("sign", Signing, "判定して署名する", "judge and sign"), May: maySign, Ready: over, Refused: refused}
)

// OnReview is a review with the acts on it. It is named by its own number or by a session that it covers.
var OnReview = act.Subject[work]{Load: load, Acts: []act.Act[work]{take, hand, sign, answer}}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Queue] {
	return []act.Mount[*Queue]{act.Bare(take.Spec, (*Queue).Take), act.With(hand.Spec, (*Queue).HandOver), act.With(sign.Spec, (*Queue).Sign), act.Giving(answer.Spec, (*Queue).Answer),
		act.Giving(correct.Spec, (*Queue).Correct), act.Giving(closing.Spec, (*Queue).Close)}
}

func spec(name string, fields field.Asks, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Reviews.Pattern("id", name), Command: "review " + strings.ReplaceAll(name, "-", ""), Operands: "ID", JA: ja, EN: en,
		Fields: fields, Callers: act.Those(policy.Auditor), Shows: act.ShowsReview}
}

func load(s *store.Snap, ref string) (on work, err error) {
	on.Review, err = s.Review(ref)
	window := on.Review.Window
	if errors.Is(err, store.ErrNotFound) {
		if window, err = windowOf(s, ref); err == nil && window != "" {
			on.Review, err = s.Review(window)
		}
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) || err != nil && window == "" {
		return on, fmt.Errorf("review %q: %w", ref, err)
	}
	var answered []string
	if on.Review.ID != "" {
		asked, err := s.ReviewQuestions(on.Review.ID)
		if err != nil {
			return on, fmt.Errorf("questions of review %q: %w", ref, err)
		}
		for _, q := range asked {
			if on.Question = q; q.AnsweredBy != "" {
				answered = append(answered, q.AnsweredBy)
			}
		}
	}
	if window == "" || on.Review.Session != "" {
		on.Subject, err = s.Subject(ref)
		on.Subject.Answered = answered
		return on, err
	}
	w, err := s.Window(window)
	if err != nil {
		return on, fmt.Errorf("window %q: %w", window, err)
	}
	on.Open = w.State.Usable() && s.Now.Before(w.End)
	on.Subject, err = s.WindowSubject(window)
	on.Subject.Answered = answered
	return on, err
}

// windowOf gives the window that a reference names: its own number, or a session's window. Error: store.ErrNotFound.
func windowOf(s *store.Snap, ref string) (string, error) {
	if w, err := s.Window(ref); !errors.Is(err, store.ErrNotFound) {
		return w.ID, err
	}
	v, err := s.Session(ref)
	return v.Window, err
}

func maySign(p policy.Person, on work, now time.Time) policy.Decision {
	return policy.MaySignReview(p, on.Subject, on.Review.Auditor, now)
}

func mayTake(p policy.Person, on work, now time.Time) policy.Decision {
	taken := on.Review.Auditor
	if on.Review.Named {
		taken = ""
	}
	return policy.MayTakeReview(p, on.Subject, taken, on.Review.Final(), now)
}

// over refuses a signature as long as the window's work may go on: what comes later would have no reader.
func over(_ *store.Snap, _ policy.Person, on work) error {
	switch {
	case on.Subject.Live:
		return forms.Wrong("session", "still-live", "接続が終わってから点検してください。", "a session of this work has not ended yet")
	case on.Open:
		return forms.Wrong("window", "window-open", "時間枠が終わってから点検してください。早く終わったときは、立会者が時間枠を閉じます。",
			"the window is not over yet; where the work ended early, the attendant closes the window")
	}
	return nil
}

// refused makes the entry of a refused act on a review. It looks like that of a refused look, because both refuse the same page.
func refused(by act.Caller, id string, err error) (act.Refusal, bool) {
	return refusedOn("review", by, id, err)
}

// refusedOn is refused for any kind of thing.
func refusedOn(what string, by act.Caller, id string, err error) (act.Refusal, bool) {
	var denied *policy.Denied
	if !errors.As(err, &denied) || denied.Ledgered || denied.Reason == policy.AlreadyDecided {
		return act.Refusal{}, false
	}
	return act.Refusal{Kind: "access.refused", What: "review " + what, Why: string(denied.Reason), Subjects: []string{by.ID, id},
		Payload: map[string]string{"act": string(policy.ActReview), "reason": string(denied.Reason), "what": what}}, true
}

// Take names the caller as the auditor of an item. An auditor may take over what another one took. Errors: *policy.Denied — forbidden,
// auditor-conflict, already-decided; store.ErrNotFound.
func (q *Queue) Take(ctx context.Context, ref string, by act.Caller) error {
	return act.Do(ctx, q.o.Acts, OnReview, take, ref, by, func(tx *store.Tx, p act.Person, on work) error {
		if err := tx.TakeReview(on.Review.ID, p.ID); err != nil {
			return fmt.Errorf("take review %q: %w", ref, err)
		}
		return entry(tx, "review.taken", p.By, on.Review, map[string]any{"before": on.Review.Auditor})
	})
}

// Sign signs an item. After a question it is signed again, with a further question or for good. Errors: *policy.Denied — forbidden, auditor-conflict, already-decided; *forms.Invalid for a judgement with a
// missing field, and for work that is still under way.
func (q *Queue) Sign(ctx context.Context, ref string, in api.SignBody, by act.Caller) error {
	return act.Do(ctx, q.o.Acts, OnReview, sign, ref, by, func(tx *store.Tx, p act.Person, on work) error {
		if on.Review.ID == "" {
			return fmt.Errorf("review %q: %w", ref, store.ErrNotFound)
		}
		if on.Review.Final() {
			return alreadySigned(ref)
		}
		v, err := q.judgement(tx, on, in, p.ID)
		if err != nil {
			return err
		}
		switch err := tx.SignReview(on.Review.ID, p.ID, v); {
		case errors.Is(err, store.ErrNotFound):
			return alreadySigned(ref)
		case err != nil:
			return fmt.Errorf("sign review: %w", err)
		}
		covered, err := Covered(tx.Snap, on.Review)
		if err != nil {
			return err
		}
		told := map[string]any{"verdict": v.Verdict, "note": v.Note, "sessions": numbers(covered.Sessions), "refused": covered.Attempts, "due": on.Review.Due, "late": tx.Now.After(on.Review.Due)}
		if v.Verdict != string(api.ReviewOK) {
			told["addressee"], told["answer_by"] = v.Addressee, in.AnswerBy
		}
		if err := entry(tx, "review.signed", p.By, on.Review, told); err != nil || in.Verdict != api.ReviewFix {
			return err
		}
		return openFinding(tx, on.Review, v, covered.Sessions, p.By)
	})
}

func alreadySigned(ref string) error {
	return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": ref}}
}

// judgement checks what the auditor said against what the judgement needs.
func (q *Queue) judgement(tx *store.Tx, on work, in api.SignBody, by string) (store.Signature, error) {
	r := on.Review
	v := store.Signature{Verdict: string(in.Verdict), Note: forms.Printable(in.Note)}
	switch in.Verdict {
	case api.ReviewOK:
		picks, err := Picks(tx.Snap, r, q.o.Zone)
		if err != nil {
			return v, err
		}
		if v.Note == "" && needsGrounds(picks) {
			return v, forms.Wrong("note", "reason-required", "強制切断・異常終了や記録の欠けがある作業では、適正とする理由が必要です。",
				"where work was cut or a recording has a gap, appropriate needs a reason too")
		}
		if v.Note == "" && on.Question.Open() {
			return v, forms.Wrong("note", "reason-required", "質問に回答がないまま適正とするときは、理由が必要です。", "the question has no answer: appropriate needs a reason then")
		}
		return v, nil
	case api.ReviewQuestion, api.ReviewFix:
	default:
		return v, forms.Wrong("verdict", "unknown-word", "判定は ok、question、fix のどれかです。", "the verdict is ok, question or fix")
	}
	v.Addressee = forms.Printable(in.Addressee)
	until, dated := time.ParseInLocation(time.DateOnly, in.AnswerBy, q.o.Zone)
	switch {
	case v.Note == "":
		return v, forms.Wrong("note", "reason-required", "要確認・是正要には理由が必要です。", "needs clarification and corrective action need grounds")
	case v.Addressee == "":
		return v, forms.Wrong("addressee", "addressee-required", "要確認・是正要には相手が必要です。", "needs clarification and corrective action need an addressee")
	case dated != nil:
		return v, forms.Wrong("answer_by", "answer-by-required", "要確認・是正要には期限(2026-12-04 の形)が必要です。", "needs clarification and corrective action need a date, like 2026-12-04, until which they are answered")
	}
	v.AnswerBy = until.AddDate(0, 0, 1)
	if !v.AnswerBy.After(tx.Now) {
		return v, forms.Wrong("answer_by", "in-the-past", "期限が過ぎています。", "the date to answer by is over")
	}
	var err error
	v.To, err = addressee(tx.Snap, r, v.Addressee, by)
	return v, err
}

// addressee finds the one from whom a question wants an answer. Words that name no one, or several, cannot be answered.
func addressee(s *store.Snap, r store.Review, words, by string) (policy.Addressee, error) {
	vendor, err := s.Vendor(r.Vendor)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return policy.Addressee{}, fmt.Errorf("vendor of review %s: %w", r.ID, err)
	}
	people, err := s.Persons(store.PersonFilter{})
	if err != nil {
		return policy.Addressee{}, fmt.Errorf("read people: %w", err)
	}
	found, err := s.AddresseesOf(words, vendor, people)
	switch {
	case err != nil:
		return policy.Addressee{}, err
	case len(found) == 0:
		return policy.Addressee{}, forms.Wrong("addressee", "addressee-unknown", "相手が見つかりません。職員か保守要員の番号・氏名、課の名称、またはこの作業の保守事業者の名称を入力してください。",
			"no such addressee: give a person's id or name, a section's name, or the vendor of this work")
	case len(found) > 1:
		return policy.Addressee{}, forms.Wrong("addressee", "addressee-ambiguous", "相手が一つに決まりません。番号を入力してください。", "these words name more than one addressee: give the id")
	case found[0].Person == by:
		return policy.Addressee{}, forms.Wrong("addressee", "addressee-self", "点検する本人は相手にできません。", "the auditor cannot be the addressee")
	}
	return found[0], nil
}

// entry appends the entry of an act on an item. about are further subjects.
func entry(tx *store.Tx, kind string, by ledger.Actor, r store.Review, more map[string]any, about ...string) error {
	payload := map[string]any{"review": r.ID}
	subjects := []string{r.ID}
	if r.Session == "" {
		payload["window"] = r.Window
		sessions, err := tx.Sessions(store.SessionFilter{Window: r.Window, States: []store.SessionState{store.SessionEnded}, Limit: MostSubjects})
		if err != nil {
			return fmt.Errorf("sessions of %s: %w", r.Window, err)
		}
		subjects = append(subjects, numbers(sessions)...)
	} else {
		payload["session_id"] = r.Session
	}
	for name, value := range more {
		payload[name] = value
	}
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: slices.Concat(subjects, []string{r.Request, r.System}, about), Payload: payload})
	return err
}
