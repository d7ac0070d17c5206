package pages

import (
	"errors"
	"testing"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// TestAChangeOfASecretOnThePages: the pages of an account and of its target say that a change is under way, and of one that failed what
// people do. Neither page has the secret.
func TestAChangeOfASecretOnThePages(t *testing.T) {
	w := found(t)
	w.put(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutTarget(store.Target{Target: policy.Target{ID: "hr-x", System: "hr", Host: "hr-x.example", Port: 22}, Steward: "root"}),
			tx.PutAccount(store.Account{Account: policy.Account{ID: "hr-x/kyuyo", Target: "hr-x", Login: "kyuyo"}, Credential: store.CredentialPassword, Secret: "account:hr-x/kyuyo", RolePassword: true}))
	})
	both := []string{"/accounts/hr-x/kyuyo", "/targets/hr-x"}
	for _, path := range both {
		if w.as("admin").get(path).holds("進行中の鍵・パスワードの交換") {
			t.Errorf("%s says a change where there is none", path)
		}
	}
	w.as("admin").get(both[0]).has(t, "データベースのロールのパスワード", "預かり、規則により替える")
	w.put(func(tx *store.Tx) error {
		return errors.Join(
			tx.PutSecretChange(store.SecretChange{Secret: "account:hr-x/kyuyo", Account: "hr-x/kyuyo", Window: "R8-0001-1", State: store.SecretPlaced, Sealed: []byte("sealed-as-it-is"), Since: tx.Now}),
			tx.PutSecretChange(store.SecretChange{Secret: "account:hr-x/kyuyo/role", Account: "hr-x/kyuyo", Window: "R8-0001-1", State: store.SecretMade, Sealed: []byte("sealed-as-it-is"), Since: tx.Now,
				Tries: 2, Again: tx.Now.Add(2 * time.Minute), Note: "try: the database refuses the role"}))
	})
	for _, path := range both {
		page := w.as("admin").get(path)
		page.has(t, "進行中の鍵・パスワードの交換", "接続先に置きました。", "新しいもので入れませんでした。", "pg_hba.conf", "失敗", "データベースのロールのパスワード", "the database refuses the role")
		if page.holds("sealed-as-it-is") {
			t.Errorf("%s holds the secret", path)
		}
	}
	w.as("admin").get(both[0]+"?lang=en").has(t, "Changes of keys and passwords that are not over", "under way", "failed", "check with the database&#39;s administrator")
}
