package pages

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// mostKey bounds a form with a public key, in bytes.
const mostKey = 64 << 10

// PortalKeys is the person's SSH keys.
type PortalKeys struct {
	Frame
	Table Table
	Rows  []KeyRow
	Typed string
	None  bool // no key works
}

// KeyRow is one key.
type KeyRow struct {
	Fingerprint string
	Label       string
	Chip        Chip
	Added       Moment
	Revocable   bool
}

func keyRoutes() []row {
	title := text2("SSH鍵", "SSH keys")
	return []row{
		get("/v/keys", portal, title, vendors(), l0, (*Pages).keyForm).inMenu(40),
		post("/v/keys", portal, title, vendors(), l0, (*Pages).keyAdd),
		post("/v/keys/revoke", portal, text2("SSH鍵を失効させる", "Revoke an SSH key"), vendors(), l0, (*Pages).keyRevoke),
	}
}

func (p *Pages) keyForm(v *visit) error {
	page, err := v.keysPage()
	if err != nil {
		return err
	}
	switch q := v.r.URL.Query(); q.Get("done") {
	case "key-added":
		page.Done = text2("鍵を登録しました。", "The key is registered.")
	case "key-pending":
		page.Done = text2("鍵を受け付けました。情報システム課の確認のあと使えます。", "The key is received. It works once the information-systems section has confirmed it.")
	case "key-revoked":
		page.Done = text2("鍵を失効させました。", "The key is revoked.")
	}
	return v.show(page)
}

func (v *visit) keysPage() (*PortalKeys, error) {
	list, err := v.p.o.Views.Keys(v.r.Context(), v.reader(), v.person.ID, view.Page{Limit: api.MostItems})
	if err != nil {
		return nil, err
	}
	page := &PortalKeys{Frame: v.frame(), Table: Table{Caption: text2("登録した鍵", "Your keys"),
		Columns: []text.Text{text2("指紋", "Fingerprint"), text2("状態", "State"), text2("登録日時", "Registered"), text2("失効", "Revoke")}}}
	page.None = len(list.Items) > 0
	for _, k := range list.Items {
		state := store.KeyState(k.State)
		page.None = page.None && state != store.KeyActive
		one := KeyRow{Fingerprint: k.Fingerprint, Label: k.Label, Added: moment(k.Added, v.p.o.Zone), Revocable: state != store.KeyRevoked}
		one.Chip = chip(state.Label(), map[store.KeyState]look{store.KeyActive: {"check", "ok"}, store.KeyRevoked: {"dash", "waiting"}}[state])
		page.Rows = append(page.Rows, one)
	}
	return page, nil
}

// actor is the person for entries that no act writes.
func (v *visit) actor() ledger.Actor { return ledger.Actor{Kind: "person", ID: v.person.ID, Via: door} }

// keyAdd registers a key that was typed, or chosen as a file.
func (p *Pages) keyAdd(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, mostKey)
	if err := v.r.ParseMultipartForm(mostKey); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return fault.BadRequest("入力が読めないか、大きすぎます", "the form cannot be read, or is too large", err)
	}
	line, err := givenKey(v.r)
	if err != nil {
		return fault.BadRequest("鍵のファイルが読めません", "the file of the key cannot be read", err)
	}
	print, pending := "", ""
	if line == "" {
		err = &api.Fault{Status: http.StatusUnprocessableEntity, Code: api.CodeInvalid, Details: []api.Detail{{Path: "key", Code: "key-required", JA: "公開鍵を貼り付けるか、ファイルを選んでください。", EN: "Paste the public key, or choose its file."}}}
	} else if line, err = unfit(line); err == nil { // before a code is used up in vain
		password, code := v.proof()
		if err = p.o.Registry.Fresh(v.r.Context(), v.person.ID, password, code, v.source()); err == nil {
			print, pending, err = p.o.Registry.AddKey(v.r.Context(), v.person.ID, line, v.actor())
		}
	}
	switch {
	case err == nil && pending != "":
		return v.to("/v/keys?done=key-pending")
	case err == nil && print != "":
		return v.to("/v/keys?done=key-added")
	}
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError {
		return err
	}
	page, formErr := v.keysPage()
	if formErr != nil {
		return formErr
	}
	page.Typed = line
	page.Errors = mistakes(f, "key", "keys")
	for i, e := range page.Errors {
		if e.Field == "keys" { // as the registry names the list that holds the key
			page.Errors[i].Field = "key"
		}
	}
	return v.showAs(f.Status, page)
}

// longestKey bounds a public key, in characters: RSA with 16384 bits takes less than 3000.
const longestKey = 8 << 10

// unfit refuses what cannot be a public key. shown is what the form may show again: not a private key, which is no secret any more once it
// has been sent.
func unfit(line string) (shown string, err error) {
	switch {
	case strings.Contains(line, "PRIVATE KEY"):
		return "", forms.Wrong("key", "private-key", "秘密鍵が貼り付けられました。その鍵は漏れたものとして使うのをやめ、新しい鍵の組を作って、公開鍵(.pub)を登録してください。",
			"That is a private key. Treat it as disclosed: make a new pair and register its public key (.pub).")
	case len(line) > longestKey:
		return line[:80], forms.Wrong("key", "key-too-long", "公開鍵としては長すぎます。", "It is too long for a public key.")
	}
	return line, nil
}

// givenKey is the typed key, or else that of the file.
func givenKey(r *http.Request) (string, error) {
	if typed := strings.TrimSpace(r.PostFormValue("key")); typed != "" || r.MultipartForm == nil {
		return typed, nil
	}
	var files []*multipart.FileHeader
	if files = r.MultipartForm.File["file"]; len(files) == 0 {
		return "", nil
	}
	f, err := files[0].Open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostKey))
	return strings.TrimSpace(string(b)), err
}

// mistakes are a fault's lines, each at its field where it is one of these.
func mistakes(f *api.Fault, fields ...string) []Problem {
	all, _ := problemsOf(deed{}, f)
	for i, d := range f.Details {
		if i < len(all) && contains(fields, d.Path) {
			all[i].Field = d.Path
		}
	}
	return all
}

func (p *Pages) keyRevoke(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	print, reason := v.r.PostFormValue("fingerprint"), v.r.PostFormValue("reason")
	if err := p.o.Registry.RevokeKey(v.r.Context(), v.person.ID, print, reason, v.actor()); err != nil {
		return err
	}
	p.o.Sessions.EndPerson(v.person.ID, print, policy.CutByAuthority, v.actor(), "the key was revoked")
	return v.to("/v/keys?done=key-revoked")
}
