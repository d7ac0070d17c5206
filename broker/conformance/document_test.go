package conformance

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"sekimori/broker/field"
	"sekimori/broker/rules"
)

type rulesField = field.Field[rules.System]

var update = flag.Bool("update", false, "write examples/audit/COMPLIANCE.md and COMPLIANCE.ja.md anew")

// The documents in examples/audit are made from the tables.
func TestDocuments(t *testing.T) {
	for lang, file := range map[string]string{"en": "COMPLIANCE.md", "ja": "COMPLIANCE.ja.md"} {
		path := "../../examples/audit/" + file
		want := document(lang)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s differs from the tables: go test ./broker/conformance -run TestDocuments -update", file)
		}
	}
}

func document(lang string) string {
	say := func(ja, en string) string {
		if lang == "ja" {
			return ja
		}
		return en
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n%s\n", say("規程・ガイドラインとの対応", "Standards and Sekimori"),
		say("条ごとに、主題、関守がすること、効く設定、証拠を示すコマンドや画面、機関に残ることを挙げます。主題は関守の言葉による要約で、原文ではありません。内容の確かな条だけを載せ、日本のガイドラインは版で番号が変わるため、主題の名で挙げます(医療は第6.0版の章)。",
			"For each clause: its subject, what Sekimori does, the settings that matter, the command or page that shows the evidence, and what stays with the institution. Subjects are summed up in our own words, not quoted. Only clauses whose content is sure are listed. Editions of the Japanese guidelines count differently, so their clauses have the names of their subjects (the medical guideline: chapters of edition 6.0)."),
		say("動いている関守の設定と比べるには `sekimori check --conformance` か、画面「運用の決まり」の「規程・ガイドラインとの対応」。適合は設定の状態であり、認証ではありません。この文書は `broker/conformance` の表から作られます。",
			"`sekimori check --conformance`, or \"Standards and this configuration\" on the page of the rules in force, compares the running configuration. Met says how settings stand; it is no certificate. This document is made from the tables of `broker/conformance`."))
	questions := map[string]check{}
	for _, c := range checks {
		questions[c.id] = c
	}
	for _, s := range Standards() {
		fmt.Fprintf(&b, "\n## %s\n", s.Name.In(lang))
		for _, c := range s.Clauses {
			fmt.Fprintf(&b, "\n### %s — %s\n", c.Number.In(lang), c.About.In(lang))
			fmt.Fprintf(&b, "- %s: %s\n", say("関守がすること", "Sekimori"), c.Does.In(lang))
			if len(c.Checks) == 0 {
				fmt.Fprintf(&b, "- %s: %s\n", say("設定", "Settings"), say("組み込み。設定では外せません。", "built in; no setting switches it off"))
			}
			for _, id := range c.Checks {
				q := questions[id]
				named := ""
				if len(q.settings) > 0 {
					named = " (`" + strings.Join(q.settings, "`, `") + "`)"
				}
				fmt.Fprintf(&b, "- %s: %s%s\n", say("設定", "Setting"), q.question.In(lang), named)
			}
			fmt.Fprintf(&b, "- %s: `%s`\n", say("証拠", "Evidence"), strings.Join(c.Evidence, "`, `"))
			fmt.Fprintf(&b, "- %s: %s\n", say("機関に残ること", "Stays with the institution"), c.Leaves.In(lang))
		}
	}
	return b.String()
}
