package pages

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/papers"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// Bounds of an upload. The copy itself is bounded by papers, which says both sizes.
const (
	mostUpload  = 24 << 20 // bytes of the whole form
	mostPart    = 8 << 10  // bytes of one field
	uploadTime  = 10 * time.Minute
	mostAnswers = 16 // fields before the file
)

// filedKinds are the kinds that are put on file with a form, in its order. The contract's own dates stand in the registry.
var filedKinds = []store.PaperKind{store.PaperPledge, store.PaperCertification, store.PaperAuditReport, store.PaperSpecialClauses, store.PaperTraining, store.PaperOther}

// filingFields are the inputs of a form that puts a paper on file, with these values, and after a fault with its mistakes.
func filingFields(kinds []store.PaperKind, engineers []api.Person, values url.Values, f *api.Fault) ([]Field, []Problem) {
	people := []Choice{{Text: text2("事業者全体", "the vendor as a whole")}}
	for _, e := range engineers {
		people = append(people, Choice{Word: e.ID, Text: text.Same(e.Name + "(" + e.ID + ")"), Set: e.ID == values.Get("person")})
	}
	var words []Choice
	for _, k := range kinds {
		words = append(words, Choice{Word: string(k), Text: k.Label(), Set: values.Get("kind") == string(k)})
	}
	input := func(key, ja, en, control string) Field {
		return Field{Key: key, Label: text2(ja, en), Control: control, Value: values.Get(key)}
	}
	fields := []Field{
		{Key: "kind", Label: text2("書類の種類", "Kind of paper"), Control: "select", Choices: words},
		{Key: "person", Label: text2("だれの書類か", "Whose paper"), Control: "select", Choices: people, Hint: text2("誓約書と教育は保守要員を選びます。", "A pledge or a training is of an engineer.")},
		input("name", "名前(認証なら isms など、特記事項なら版)", "Name (isms for a certification, the version for special clauses)", "text"),
		input("from", "開始日・署名日", "From, or signed on", "date"), input("until", "最後の日", "Last day", "date"),
		input("fiscal_year", "年度(監査報告書)", "Fiscal year (of an audit report)", "number"), input("note", "備考", "Note", "textarea"),
		{Key: "file", Label: text2("写しのファイル(20MBまで)", "File of the copy (at most 20 MB)"), Control: "file"},
	}
	if f == nil {
		return fields, nil
	}
	var keys []string
	for i := range fields {
		keys = append(keys, fields[i].Key)
	}
	wrong := mistakes(f, keys...)
	for _, bad := range wrong {
		for i := range fields {
			if fields[i].Key == bad.Field {
				fields[i].Error = bad.Text
			}
		}
	}
	return fields, wrong
}

// takeIn puts the paper of the posted form on file. The copy stands last in the form: it is read while it comes and never held in memory.
// f is the fault for which the form is shown again with values; an err is for the page of failures.
func (v *visit) takeIn(vendor string) (values url.Values, f *api.Fault, err error) {
	values, file, done, err := v.withFile(mostUpload)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	err = v.putOnFile(vendor, values, file)
	if err == nil {
		return values, nil, nil
	}
	f = fault.Of(fault.NoSpace(err))
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return nil, nil, err
	}
	if file != nil { // a browser reads the answer only when it has sent everything
		_, _ = io.Copy(io.Discard, file)
	}
	return values, f, nil
}

// withFile reads a posted form up to its file, which stands last; file is nil if none was chosen. The caller calls done when it has read it.
func (v *visit) withFile(most int64) (values url.Values, file *multipart.Part, done func(), err error) {
	v.upload(most)
	conn := http.NewResponseController(v.w)
	_ = conn.SetReadDeadline(time.Now().Add(uploadTime)) // of the machine's clock, as the kernel's; a writer without deadlines is a test's
	_ = conn.SetWriteDeadline(time.Now().Add(uploadTime + pageTime))
	done = func() { _ = conn.SetReadDeadline(time.Time{}) }
	parts, err := v.r.MultipartReader()
	if err != nil {
		done()
		return nil, nil, nil, fault.BadRequest("入力が読めません", "the form cannot be read", err)
	}
	if values, file, err = answers(parts); err != nil {
		done()
		return nil, nil, nil, fault.BadRequest("入力が読めないか、途中で切れました", "the form cannot be read, or broke off", err)
	}
	return values, file, done, nil
}

// answers reads the fields up to the file. file is nil if none was chosen.
func answers(parts *multipart.Reader) (values url.Values, file *multipart.Part, err error) {
	values = url.Values{}
	for range mostAnswers {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if part.FormName() == "file" {
			if part.FileName() == "" {
				return values, nil, nil
			}
			return values, part, nil
		}
		b, err := io.ReadAll(io.LimitReader(part, mostPart))
		if err != nil {
			return nil, nil, err
		}
		values.Add(part.FormName(), string(b))
	}
	return nil, nil, errors.New("too many fields")
}

// putOnFile files the paper.
func (v *visit) putOnFile(vendor string, values url.Values, file *multipart.Part) error {
	f := papers.Filing{Kind: store.PaperKind(values.Get("kind")), Vendor: vendor, Person: values.Get("person"), Name: values.Get("name"), Note: values.Get("note"), Size: -1}
	var err error
	if f.From, err = forms.ParseDay("from", values.Get("from")); err != nil {
		return err
	}
	if f.Until, err = forms.ParseDay("until", values.Get("until")); err != nil {
		return err
	}
	if year := values.Get("fiscal_year"); year != "" {
		if f.FiscalYear, err = strconv.Atoi(year); err != nil {
			return forms.Wrong("fiscal_year", "bad-number", "年度は 2026 のような数です。", "The fiscal year is a number like 2026.")
		}
	}
	var content io.Reader
	if file != nil {
		f.FileName, content = file.FileName(), file
	}
	_, err = v.p.o.Papers.File(v.r.Context(), f, content, v.actor())
	return err
}
