package view

import (
	"sekimori/broker/api"
	"sekimori/broker/requests"
	"sekimori/policy"
)

func CheckItem(i policy.CheckItem) api.CheckItem {
	name := policy.ItemName(i.Code)
	return api.CheckItem{No: i.No, Code: i.Code, State: string(i.State), NameJA: name.JA, NameEN: name.EN, CauseJA: i.Cause.JA, CauseEN: i.Cause.EN,
		FixJA: i.Fix.JA, FixEN: i.Fix.EN, Reason: string(i.Reason), Overridable: i.Overridable,
		NeedsReason: i.State == policy.ItemCaution || i.State == policy.ItemUnmet && i.Overridable}
}

func Difference(d policy.Difference) api.Difference {
	return api.Difference{Field: d.Field, Kind: string(d.Kind), NameJA: d.Name.JA, NameEN: d.Name.EN, FromJA: d.From.JA, FromEN: d.From.EN, ToJA: d.To.JA, ToEN: d.To.EN}
}

func Checked(k requests.Checked) api.Checked {
	v := api.Checked{Request: k.Request.No, Version: k.Request.Version, Items: Each(k.Items, CheckItem), Differences: Each(k.Differences, Difference),
		First: k.First, Second: Each(k.Second, func(r policy.SecondRule) string { return string(r) })}
	if k.Last != nil {
		v.LastRequest, v.LastSession, v.LastReview = k.Last.Request, k.Last.Session, k.Last.Review
	}
	return v
}
