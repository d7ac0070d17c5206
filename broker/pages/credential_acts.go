package pages

import (
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// The addresses of the forms.
const (
	secretPath    = "/accounts/{id}/{login}/secret"
	signoutsPath  = "/people/{id}/signouts"
	keyAddPath    = "/people/{id}/key"
	keyRevokePath = "/people/{id}/key-revoke"
)

// secretTyped is the form of an account's secret.
type secretTyped struct{ Secret string }

var secretFields = field.Table[secretTyped]{
	field.Text("secret", "秘密鍵またはパスワード", "Private key or password", func(b *secretTyped) *string { return &b.Secret }).Need("secret-empty", "秘密鍵またはパスワードを入力してください。", "enter the private key or the password"),
}

var keyFields = field.Table[api.KeyBody]{
	field.Text("key", "公開鍵(ssh-ed25519 などで始まる1行)", "Public key (one line that begins with ssh-ed25519 or the like)", func(b *api.KeyBody) *string { return &b.Key }).
		Need("key-required", "公開鍵を入力してください。", "enter the public key"),
}

var keyRevokeFields = field.Table[api.KeyRevokeBody]{
	field.Text("fingerprint", "失効させる鍵", "Key to revoke", func(b *api.KeyRevokeBody) *string { return &b.Fingerprint }).
		Need("fingerprint-required", "失効させる鍵を選んでください。", "choose the key to revoke"),
	field.Text("reason", "理由(記録されます)", "Why (it is ledgered)", func(b *api.KeyRevokeBody) *string { return &b.Reason }),
}

var signoutFields = field.Table[api.ReasonBody]{
	field.Text("reason", "理由(記録されます)", "Why (it is ledgered)", func(b *api.ReasonBody) *string { return &b.Reason }),
}

// credentialActs are the acts on the credentials of accounts and of other people. A person's own are on their own pages.
func credentialActs() []ownAct {
	return []ownAct{
		{path: secretPath, api: string(api.SecretsPath), title: text2("認証情報を預ける", "Store the credential"), callers: those(policy.Administrator), level: l1, flags: secretFields.Flags(), proof: true, secret: "secret",
			about: text2("関守が接続先を開くときに使う秘密鍵かパスワードを、封じて預けます。前のものは置き換わり、次の接続から新しいものを使います。預けたものはどの画面にも表示されません。",
				"The private key or password with which the broker opens the account is sealed and stored. It replaces the earlier one and is used from the next connection on. No page ever shows it."),
			thing: accountOf, adjust: secretField, do: storeSecret},
		{path: signoutsPath, api: api.People.Pattern("id", "revoke-tokens"), title: text2("サインインをすべて終わらせる", "End every sign-in"), callers: issuers(), level: l1, flags: signoutFields.Flags(), danger: true,
			about: text2("この人のサインインは、どの機器でもすぐに終わります。もう一度サインインはできます。止めるには利用を停止してください。", "Every sign-in of this person ends at once, on every device. The person can sign in again: to stop that, lock them."),
			thing: personOf, do: endSignins},
		{path: keyAddPath, api: string(api.KeyAddPath), title: text2("鍵を登録する", "Register a key"), callers: issuers(), level: l1, flags: keyFields.Flags(), proof: true,
			about: text2("保守要員の公開鍵を代わりに登録します。情報システム課の二人目が確認すると使えます。", "You register an engineer's public key for them. It works once a second person of the information-systems section confirms it."),
			thing: personOf, adjust: func(_ *visit, _ ownThing, fields []Field) { fields[0].Control = "textarea" }, do: addKeyFor},
		{path: keyRevokePath, api: string(api.KeyRevokePath), title: text2("鍵を失効させる", "Revoke a key"), callers: issuers(), level: l1, flags: keyRevokeFields.Flags(), danger: true,
			about: text2("失効させた鍵は二度と使えません。この鍵で接続中なら、その接続は切れます。", "A revoked key never works again. A connection that was opened with it is cut."),
			thing: personOf, adjust: keyChoices, do: revokeKeyOf},
	}
}

// accountOf is the account of the address, for the card.
func accountOf(v *visit) (on ownThing, err error) {
	a, err := v.p.o.Views.Account(v.r.Context(), v.reader(), v.r.PathValue("id")+"/"+v.r.PathValue("login"))
	if err != nil {
		return on, err
	}
	on.card.Rows = facts(fact("番号", "Id", a.ID), fact("接続先", "Target", a.Target), fact("認証", "Credential", a.Credential))
	on.back, on.credential = accountPage(a), a.Credential
	return on, nil
}

// personOf is the person of the address, for the card.
func personOf(v *visit) (on ownThing, err error) {
	one, err := v.p.o.Views.Person(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return on, err
	}
	on.card.Rows = facts(fact("番号", "Id", one.ID), fact("氏名", "Name", one.Name), fact("保守事業者", "Vendor", one.Vendor))
	on.back = "/people/" + url.PathEscape(one.ID)
	return on, nil
}

// secretField hides a password while it is typed. A private key has several lines, which such an input cannot hold.
func secretField(_ *visit, on ownThing, fields []Field) {
	if on.credential == string(store.CredentialPassword) {
		fields[0].Control, fields[0].Complete, fields[0].Label = "password", "off", text2("パスワード", "Password")
		return
	}
	fields[0].Control, fields[0].Label = "textarea", text2("秘密鍵(パスフレーズなし)", "Private key, without a passphrase")
}

func storeSecret(v *visit, in url.Values, back string) (string, error) {
	secret := in.Get("secret")
	if secret == "" {
		return "", forms.Wrong("secret", "secret-empty", "秘密鍵またはパスワードを入力してください。", "enter the private key or the password")
	}
	id := v.r.PathValue("id") + "/" + v.r.PathValue("login")
	return withDone(back, "secret"), v.p.o.Registry.SetAccountSecret(v.r.Context(), id, []byte(secret), v.actor())
}

func endSignins(v *visit, in url.Values, back string) (string, error) {
	return withDone(back, "signouts"), v.p.o.Registry.RevokeTokens(v.r.Context(), v.r.PathValue("id"), in.Get("reason"), v.actor())
}

func addKeyFor(v *visit, in url.Values, back string) (string, error) {
	_, pending, err := v.p.o.Registry.AddKey(v.r.Context(), v.r.PathValue("id"), strings.TrimSpace(in.Get("key")), v.actor())
	if err != nil {
		return "", err
	}
	if pending == "" { // while the institution is being founded
		return withDone(back, "key-add"), nil
	}
	return "/changes/" + url.PathEscape(pending) + "?done=proposed", nil
}

func revokeKeyOf(v *visit, in url.Values, back string) (string, error) {
	person, err := v.p.o.Views.Person(v.r.Context(), v.reader(), v.r.PathValue("id")) // the address may have the login
	if err != nil {
		return "", err
	}
	print := in.Get("fingerprint")
	if print == "" {
		return "", forms.Wrong("fingerprint", "fingerprint-required", "失効させる鍵を選んでください。", "choose the key to revoke")
	}
	if err := v.p.o.Registry.RevokeKey(v.r.Context(), person.ID, print, in.Get("reason"), v.actor()); err != nil {
		return "", err
	}
	v.p.o.Sessions.EndPerson(person.ID, print, policy.CutByAuthority, v.actor(), "the key was revoked")
	return withDone(back, "key-revoke"), nil
}

// keyChoices lets the person choose among the keys that still work.
func keyChoices(v *visit, _ ownThing, fields []Field) {
	list, err := v.p.o.Views.Keys(v.r.Context(), v.reader(), v.r.PathValue("id"), view.Page{Limit: api.MostItems})
	if err != nil {
		return // the input stays one for the fingerprint
	}
	choices := []Choice{{Text: text2("選んでください", "Choose")}}
	for _, k := range list.Items {
		if store.KeyState(k.State) != store.KeyRevoked {
			choices = append(choices, Choice{Word: k.Fingerprint, Text: text.Same(strings.TrimSpace(k.Fingerprint + " " + k.Label)), Set: fields[0].Value == k.Fingerprint})
		}
	}
	fields[0].Control, fields[0].Choices = "select", choices
}
