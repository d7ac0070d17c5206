package pages

import (
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// purposeFields ask for the purpose of taking something out, with what was typed before.
func (v *visit) purposeFields(act policy.Act, wrong text.Text) (purpose, explanation Field) {
	purpose = Field{Key: "purpose", Label: text2("閲覧目的", "Purpose of viewing"), Control: "radio", Required: true, Error: wrong}
	explanation = Field{Key: "explanation", Label: text2("説明", "Explanation"), Control: "text"}
	if list := v.given("explanation"); len(list) > 0 {
		explanation.Value = list[0]
	}
	for _, one := range policy.Purposes(act) {
		purpose.Choices = append(purpose.Choices, Choice{Word: string(one), Text: one.Label(), Set: string(one) == first(v.given("purpose"))})
	}
	return purpose, explanation
}

// why is the purpose and the explanation of the form. An explanation that is too long is refused and never cut: it stands in the ledger.
func (v *visit) why() (view.Why, error) {
	why, ok := view.NewWhy(v.r.PostFormValue("purpose"), v.r.PostFormValue("explanation"))
	if !ok {
		return why, fault.BadRequest("説明に表示できない文字があるか、長すぎます(400字まで)", "the explanation has characters that cannot be shown, or is longer than 400 characters", nil)
	}
	return why, nil
}
