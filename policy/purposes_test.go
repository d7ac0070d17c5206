package policy_test

import (
	"testing"

	. "sekimori/policy"
)

// TestAttackAPurposeThatSaysNothing: a zero-width space was a purpose, and so was any word.
func TestAttackAPurposeThatSaysNothing(t *testing.T) {
	p := Person{ID: "U-030", Kind: Staff, Section: "personnel", Roles: []Role{Auditor, InformationSystems}}
	subject := Subject{Session: "S-20261124-01", System: "hr", Section: "personnel", Requester: "U-020", Approvers: []string{"U-001"}, Attendants: []string{"U-010"}}
	decide := func(act Act, purpose string) Decision {
		return Decide(Facts{Person: p, Subject: &subject}, Attempt{Act: act, Person: p.ID, Key: true, Factor: true, Purpose: purpose}, mid)
	}
	for _, act := range []Act{ActWatch, ActPlay, ActExport, ActOpenDamaged, ActLedgerExport, ActSearch, ActIncidentExport} {
		for _, purpose := range []string{"", " ", "\u200b", "\x00", "\u3164", "\u2800", "nonsense", "periodic review", "Periodic-Review", "periodic-review ", "periodic-review\u200b", "定期の点検"} {
			if d := decide(act, purpose); d.Allow || d.Reason != ViewPurposeRequired {
				t.Errorf("%s for %q: allowed %v, %s", act, purpose, d.Allow, d.Reason)
			}
		}
		offered := Purposes(act)
		if len(offered) < 4 {
			t.Errorf("%s offers %v", act, offered)
		}
		for _, purpose := range offered {
			if d := decide(act, string(purpose)); !d.Allow {
				t.Errorf("%s for %s: %s", act, purpose, d.Reason)
			}
			if label := purpose.Label(); label.JA == "" || label.EN == "" {
				t.Errorf("%s has no label", purpose)
			}
		}
		if d := decide(act, string(Attendance)); d.Allow != (act == ActWatch) {
			t.Errorf("%s for attendance: %v", act, d.Allow)
		}
	}
}

func TestBlank(t *testing.T) {
	for _, text := range []string{"", " ", "\t\n", "\u3000", "\u200b", "\x00", "\u00ad", "\u115f\u1160", "\u3164", "\uffa0", "\u2800", "\ufe0f", "\u034f", "\u2060 \u200d", "\ufffd", "\u00a0", "\U000e0001", "\x1b"} {
		if !Blank(text) {
			t.Errorf("%q shows", text)
		}
	}
	for _, text := range []string{"a", "理由", "。", "か\u3099", "葛\U000e0100", "🙂", "x\u200b", "-"} {
		if Blank(text) {
			t.Errorf("%q does not show", text)
		}
	}
}

// A hint about purposes lists them: in Japanese with their meanings, without those that the act does not have.
func TestTheHintOfAMissingPurposeNamesThePurposes(t *testing.T) {
	d := NeedPurpose(ActPlay, "")
	if d == nil {
		t.Fatal("allowed")
	}
	for lang, want := range map[string]string{
		"ja": "次の目的の一つを添えて(--purpose)やり直してください: periodic-review(定期の点検)、finding-follow-up(指摘事項の確認)、incident(事故の調査)、disclosure-request(開示請求への対応)",
		"en": "try again with one of these purposes (--purpose): periodic-review, finding-follow-up, incident, disclosure-request",
	} {
		if got := NextStep(d.Reason, d.Args, lang); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
}
