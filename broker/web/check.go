package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"sekimori/broker/requests"
	"sekimori/policy"
)

// Checked is what an approver reads before deciding: the items to confirm and what differs from last time.
type Checked struct {
	Request     string       `json:"request_no"`
	Version     int          `json:"version"`
	Items       []CheckItem  `json:"items"`
	Differences []Difference `json:"differences"`
	First       bool         `json:"first"` // nothing earlier to compare with
	LastRequest string       `json:"last_request_no,omitempty"`
	LastSession string       `json:"last_session_id,omitempty"`
	LastReview  string       `json:"last_review,omitempty"`
	Second      []string     `json:"second_because"` // rules that ask for a second approver
}

// CheckItem is one of the eleven items (確認事項).
type CheckItem struct {
	No          int    `json:"no"`
	Code        string `json:"item"`
	State       string `json:"state"` // met | caution | unmet
	NameJA      string `json:"name_ja"`
	NameEN      string `json:"name_en"`
	CauseJA     string `json:"cause_ja"`
	CauseEN     string `json:"cause_en"`
	FixJA       string `json:"fix_ja,omitempty"`
	FixEN       string `json:"fix_en,omitempty"`
	Reason      string `json:"reason,omitempty"` // what stops a start while it is unmet
	Overridable bool   `json:"overridable,omitempty"`
	NeedsReason bool   `json:"needs_reason,omitempty"` // an approval needs one: --because ITEM=REASON
}

// Difference is one row of 前回との違い.
type Difference struct {
	Field  string `json:"field"`
	Kind   string `json:"kind"` // added | removed | changed | same
	NameJA string `json:"name_ja"`
	NameEN string `json:"name_en"`
	FromJA string `json:"from_ja,omitempty"`
	FromEN string `json:"from_en,omitempty"`
	ToJA   string `json:"to_ja,omitempty"`
	ToEN   string `json:"to_en,omitempty"`
}

// CopyReply is a request as a file to fill in.
type CopyReply struct {
	Text string `json:"text"`
}

// SeenBody says that what a deputy decided was read. With Object it is objected to, which needs a reason.
type SeenBody struct {
	Object bool   `json:"object,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func viewItem(i policy.CheckItem) CheckItem {
	name := policy.ItemName(i.Code)
	return CheckItem{No: i.No, Code: i.Code, State: string(i.State), NameJA: name.JA, NameEN: name.EN, CauseJA: i.Cause.JA, CauseEN: i.Cause.EN,
		FixJA: i.Fix.JA, FixEN: i.Fix.EN, Reason: string(i.Reason), Overridable: i.Overridable,
		NeedsReason: i.State == policy.ItemCaution || i.State == policy.ItemUnmet && i.Overridable}
}

func viewDifference(d policy.Difference) Difference {
	return Difference{Field: d.Field, Kind: string(d.Kind), NameJA: d.Name.JA, NameEN: d.Name.EN, FromJA: d.From.JA, FromEN: d.From.EN, ToJA: d.To.JA, ToEN: d.To.EN}
}

func viewChecked(k requests.Checked) Checked {
	v := Checked{Request: k.Request.No, Version: k.Request.Version, Items: each(k.Items, viewItem), Differences: each(k.Differences, viewDifference),
		First: k.First, Second: each(k.Second, func(r policy.SecondRule) string { return string(r) })}
	if k.Last != nil {
		v.LastRequest, v.LastSession, v.LastReview = k.Last.Request, k.Last.Session, k.Last.Review
	}
	return v
}

func (s *Server) checkRequest(c *call) error {
	no := c.r.PathValue("no")
	if err := s.requestOpened(c, "check"); err != nil {
		return err
	}
	k, err := s.o.Desk.Check(c.r.Context(), no)
	if err != nil {
		return err
	}
	return c.reply(viewChecked(k))
}

func (s *Server) copyRequest(c *call) error {
	no := c.r.PathValue("no")
	if err := s.requestOpened(c, "copy"); err != nil {
		return err
	}
	f, err := s.o.Desk.Copy(c.r.Context(), no, c.actor())
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := f.WriteYAML(&text); err != nil {
		return err
	}
	return c.reply(CopyReply{Text: text.String()})
}

func (s *Server) seenRequest(c *call) error {
	var in SeenBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Desk.Seen(c.r.Context(), c.r.PathValue("no"), in.Object, in.Reason, c.actor()); err != nil {
		return err
	}
	return s.replyRequest(c, c.r.PathValue("no"))
}

// blockedFault names the rows that stand in the way, and how to answer those that can be answered.
func blockedFault(b *requests.Blocked) *Fault {
	f := &Fault{
		Status: http.StatusForbidden, Code: "check-items", Exit: ExitRefused,
		JA: "確認事項に答えていないものがあるため承認できません", EN: "cannot approve: check items call for a reason",
		HintJA: "--because 項目=理由 を添えてください(項目ごとに一つ)", HintEN: "add --because ITEM=REASON, once for each item",
	}
	if n := b.Unmet(); n > 0 {
		f.JA, f.EN = fmt.Sprintf("不適合が%d件あるため承認できません", n), fmt.Sprintf("cannot approve: %d item(s) not met", n)
		f.HintJA, f.HintEN = "差し戻すか、直るまでお待ちください", "return it for correction, or wait until it is put right"
	}
	for _, item := range b.Items {
		name := policy.ItemName(item.Code)
		d := Detail{Path: item.Code, Code: string(item.State), JA: name.JA + ": " + item.Cause.JA, EN: name.EN + ": " + item.Cause.EN}
		switch {
		case item.State == policy.ItemCaution, item.Overridable:
			d.JA += "(--because " + item.Code + "=理由)"
			d.EN += " (--because " + item.Code + "=REASON)"
		case item.Fix.JA != "":
			d.JA += " → " + item.Fix.JA
			d.EN += " → " + item.Fix.EN
		}
		f.Details = append(f.Details, d)
	}
	return f
}

// approval is what the body of a decision says of an approval.
func (b DecideBody) approval() requests.Approval {
	return requests.Approval{Version: b.Version, Reason: b.Reason, Because: b.Because, Conditions: b.Conditions}
}

func (s *Server) approve(c *call) error {
	return s.decide(c, true, func(ctx context.Context, no string, in DecideBody) error {
		_, err := s.o.Desk.Approve(ctx, no, in.approval(), c.actor())
		return err
	})
}

// Occurrence is one of a recurring request's.
type Occurrence struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}
