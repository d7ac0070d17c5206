package forms

import "fmt"

// renamed notes a key under its former name.
func (v Value) renamed(was, now string) {
	if v.form == nil || len(v.form.hints) >= maxProblems {
		return
	}
	v.form.hints = append(v.form.hints, v.Describe("renamed-key",
		fmt.Sprintf("この項目の名前は %s に変わりました。そのまま読みましたが、次からは %s と書いてください。", now, now),
		fmt.Sprintf("this key is now called %q; it was read as such, but write the new name next time", now)))
}

// Hints are remarks for the writer of a form without faults, such as on keys under former names.
func (f *Form) Hints() []Problem { return f.hints }

// HintText gives one line per hint in the language, as Invalid.Text does for problems.
func HintText(name string, hints []Problem, lang string) string {
	return (&Invalid{Name: name, Problems: hints}).Text(lang)
}
