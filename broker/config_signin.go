package broker

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"sekimori/broker/directory"
	"sekimori/broker/keys"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// SignInConfig is the group of keys about people's sign-in: passkeys, and the institution's directory, which may be an LDAP server, an
// OpenID Connect provider, or both. Which person signs in through it, the registry says.
type SignInConfig struct {
	Passkeys      registry.PasskeyUse `yaml:"passkeys"`
	PasskeyDomain string              `yaml:"passkey_domain"` // empty: gate_name

	LDAPURL              string `yaml:"ldap_url"` // empty: no such directory
	LDAPStartTLS         bool   `yaml:"ldap_start_tls"`
	LDAPCAFile           string `yaml:"ldap_ca_file"`
	LDAPUser             string `yaml:"ldap_user"`
	LDAPBase             string `yaml:"ldap_base"`
	LDAPFilter           string `yaml:"ldap_filter"`
	LDAPBindDN           string `yaml:"ldap_bind_dn"`
	LDAPBindPasswordFile string `yaml:"ldap_bind_password_file"`

	OIDCIssuer           string   `yaml:"oidc_issuer"` // empty: no provider
	OIDCClientID         string   `yaml:"oidc_client_id"`
	OIDCClientSecretFile string   `yaml:"oidc_client_secret_file"`
	OIDCCAFile           string   `yaml:"oidc_ca_file"`
	OIDCNameClaim        string   `yaml:"oidc_name_claim"`
	OIDCFactorClaim      string   `yaml:"oidc_factor_claim"`
	OIDCFactorValues     []string `yaml:"oidc_factor_values"`
}

func defaultSignIn() SignInConfig {
	return SignInConfig{Passkeys: registry.PasskeysSecond, LDAPFilter: "(uid={name})", OIDCNameClaim: "preferred_username", OIDCFactorClaim: "amr"}
}

func (s SignInConfig) empty() bool { return reflect.ValueOf(s).IsZero() }

// signInKeys documents them.
func signInKeys() []configKey {
	key := func(name, ja, en string, value func(SignInConfig) any) configKey {
		return configKey{name: name, ja: ja, en: en, value: func(c Config) any { return value(c.SignIn) }}
	}
	return []configKey{
		key("passkeys", "パスキーの使い方: second(パスワードに加える二つ目の認証)、only(本人を確かめたパスキーだけでもよい)、off。", "What a passkey proves: second (the second factor, beside the password), only (both, if it checked its user), off.", func(s SignInConfig) any { return string(s.Passkeys) }),
		key("passkey_domain", "パスキーを使う画面のホスト名。空なら gate_name。信頼された証明書が要り、IP アドレスでは使えません。", "Host name of the pages where passkeys are used; empty: gate_name. They need a trusted certificate, and an IP address does not do.", func(s SignInConfig) any { return s.PasskeyDomain }),
		key("ldap_url", "LDAP・Active Directory の場所(ldaps://…)。空なら使いません。", "Address of LDAP or Active Directory (ldaps://…); empty: none.", func(s SignInConfig) any { return s.LDAPURL }),
		key("ldap_start_tls", "ldap:// の通信を StartTLS で暗号化するか。", "Encrypt ldap:// by StartTLS.", func(s SignInConfig) any { return s.LDAPStartTLS }),
		key("ldap_ca_file", "その証明書を保証する認証局(PEM)。空なら OS のもの。", "Authorities that vouch for it (PEM); empty: the system's.", func(s SignInConfig) any { return s.LDAPCAFile }),
		key("ldap_user", "そのまま認証する名前の形。{name} に本人の名前が入ります(例 {name}@city.example)。空なら ldap_base から探します。", "Name to bind with, {name} being the person's (such as {name}@city.example); empty: people are searched below ldap_base.", func(s SignInConfig) any { return s.LDAPUser }),
		key("ldap_base", "人を探す場所(例 ou=people,dc=city,dc=example)。", "Where people are searched (such as ou=people,dc=city,dc=example).", func(s SignInConfig) any { return s.LDAPBase }),
		key("ldap_filter", "探す条件(Active Directory なら (sAMAccountName={name}))。", "What is searched for (with Active Directory (sAMAccountName={name})).", func(s SignInConfig) any { return s.LDAPFilter }),
		key("ldap_bind_dn", "探すときに使うアカウント。空なら無名で探します。", "Account that searches; empty: anonymously.", func(s SignInConfig) any { return s.LDAPBindDN }),
		key("ldap_bind_password_file", "そのパスワードのファイル(0600)。", "File of its password (0600).", func(s SignInConfig) any { return s.LDAPBindPasswordFile }),
		key("oidc_issuer", "OpenID Connect の発行者(https://…)。空なら使いません。", "Issuer of OpenID Connect (https://…); empty: none.", func(s SignInConfig) any { return s.OIDCIssuer }),
		key("oidc_client_id", "そこでの関守のクライアントID。戻り先は https://…/signin/provider/back です。", "The broker's client id there. Its redirect address is https://…/signin/provider/back.", func(s SignInConfig) any { return s.OIDCClientID }),
		key("oidc_client_secret_file", "その秘密のファイル(0600)。空なら PKCE だけ。", "File of its secret (0600); empty: PKCE alone.", func(s SignInConfig) any { return s.OIDCClientSecretFile }),
		key("oidc_ca_file", "その証明書を保証する認証局(PEM)。空なら OS のもの。", "Authorities that vouch for it (PEM); empty: the system's.", func(s SignInConfig) any { return s.OIDCCAFile }),
		key("oidc_name_claim", "本人の名前が入っている項目。", "Claim that holds a person's name.", func(s SignInConfig) any { return s.OIDCNameClaim }),
		key("oidc_factor_claim", "二つ目の認証を済ませたことを示す項目。", "Claim that states a second factor.", func(s SignInConfig) any { return s.OIDCFactorClaim }),
		key("oidc_factor_values", "そのうち信用する値(例 mfa)。書かなければ、二つ目の認証は必ず関守が確かめます。", "Its values that are trusted (such as mfa). Without any, the second factor is always the broker's own.", func(s SignInConfig) any { return wordList(s.OIDCFactorValues) }),
	}
}

func wordList(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// paths are the files of the group.
func (s *SignInConfig) paths() []*string {
	return []*string{&s.LDAPCAFile, &s.LDAPBindPasswordFile, &s.OIDCClientSecretFile, &s.OIDCCAFile}
}

// wrong is the first mistake of the group: its key and what is wrong; without a key there is none.
func (s SignInConfig) wrong() (key, ja, en string) {
	switch s.Passkeys {
	case registry.PasskeysOff, registry.PasskeysSecond, registry.PasskeysOnly:
	default:
		return "sign_in.passkeys", "passkeys は second、only、off のどれかです", "passkeys is second, only or off"
	}
	if ip := net.ParseIP(s.PasskeyDomain); ip != nil || strings.ContainsAny(s.PasskeyDomain, " \t\r\n@/:") {
		return "sign_in.passkey_domain", "passkey_domain はホスト名です(アドレスやポートは書きません)", "passkey_domain is a host name, without address or port"
	}
	if s.LDAPURL != "" {
		if _, err := directory.NewLDAP(s.ldap(nil, "")); err != nil {
			return "sign_in.ldap_url", "LDAP の設定に誤りがあります: " + err.Error(), err.Error()
		}
	}
	if s.OIDCIssuer != "" {
		if _, err := directory.NewOIDC(s.oidc(nil, "")); err != nil {
			return "sign_in.oidc_issuer", "OpenID Connect の設定に誤りがあります: " + err.Error(), err.Error()
		}
	}
	return "", "", ""
}

func (s SignInConfig) ldap(roots *x509.CertPool, password string) directory.LDAPOptions {
	return directory.LDAPOptions{
		URL: s.LDAPURL, StartTLS: s.LDAPStartTLS, Roots: roots, UserDN: s.LDAPUser, Base: s.LDAPBase, Filter: s.LDAPFilter,
		BindDN: s.LDAPBindDN, BindPassword: password,
	}
}

func (s SignInConfig) oidc(roots *x509.CertPool, secret string) directory.OIDCOptions {
	return directory.OIDCOptions{
		Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: secret, Roots: roots, NameClaim: s.OIDCNameClaim,
		FactorClaim: s.OIDCFactorClaim, FactorValues: s.OIDCFactorValues,
	}
}

// passkeys are the registry's settings.
func (c Config) passkeys() registry.PasskeyOptions {
	o := registry.PasskeyOptions{Use: c.SignIn.Passkeys, Domain: c.SignIn.PasskeyDomain}
	if o.Domain == "" {
		o.Domain = c.GateName
	}
	return o
}

// directories reads the files and makes the directories; nil where there is none. It reaches for none of them.
func (c Config) directories(clock func() time.Time) (l *directory.LDAP, d *directory.OIDC, err error) {
	s := c.SignIn
	if s.LDAPURL != "" {
		roots, password, err := rootsAndSecret(s.LDAPCAFile, s.LDAPBindPasswordFile)
		if err != nil {
			return nil, nil, err
		}
		o := s.ldap(roots, password)
		o.Clock = clock
		if l, err = directory.NewLDAP(o); err != nil {
			return nil, nil, fmt.Errorf("LDAP: %w", err)
		}
	}
	if s.OIDCIssuer != "" {
		roots, secret, err := rootsAndSecret(s.OIDCCAFile, s.OIDCClientSecretFile)
		if err != nil {
			return nil, nil, err
		}
		o := s.oidc(roots, secret)
		o.Clock = clock
		if d, err = directory.NewOIDC(o); err != nil {
			return nil, nil, fmt.Errorf("OpenID Connect: %w", err)
		}
	}
	return l, d, nil
}

// rootsAndSecret reads a file of authorities and one of a secret; either name may be empty.
func rootsAndSecret(ca, secret string) (roots *x509.CertPool, text string, err error) {
	if ca != "" {
		b, err := os.ReadFile(ca)
		if err != nil {
			return nil, "", fmt.Errorf("authorities: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(b) {
			return nil, "", fmt.Errorf("authorities: %s has no certificate", filepath.Base(ca))
		}
	}
	if secret != "" {
		info, err := os.Stat(secret)
		if err != nil {
			return nil, "", fmt.Errorf("secret: %w", err)
		}
		if m := info.Mode().Perm(); m&0o077 != 0 {
			return nil, "", fmt.Errorf("secret: %s has mode %04o: %w", secret, m, keys.ErrLooseMode)
		}
		b, err := os.ReadFile(secret)
		if err != nil {
			return nil, "", fmt.Errorf("secret: %w", err)
		}
		text = strings.TrimRight(string(b), "\r\n")
	}
	return roots, text, nil
}

// checkSignIn checks the group without asking a directory about any person.
func (c Config) checkSignIn(out *findings, clock func() time.Time) {
	l, d, err := c.directories(clock)
	if err != nil {
		out.failed("sign_in", err)
		return
	}
	switch {
	case l == nil && d == nil:
		ids, err := c.atDirectory(clock)
		switch {
		case err != nil:
			out.failed("sign_in", err)
		case len(ids) > 0:
			said := registry.NoDirectoryFor(ids)
			out.add(LevelWarning, "sign_in", said.JA, said.EN)
		default:
			out.add(LevelOK, "sign_in", "機関の認証基盤は使いません", "no directory")
		}
	case d != nil && len(c.SignIn.OIDCFactorValues) > 0:
		out.add(LevelWarning, "sign_in", "二つ目の認証を "+c.SignIn.OIDCIssuer+" に任せています: "+strings.Join(c.SignIn.OIDCFactorValues, "、"),
			"the second factor is left to "+c.SignIn.OIDCIssuer+": "+strings.Join(c.SignIn.OIDCFactorValues, ", "))
	default:
		out.add(LevelOK, "sign_in", strings.TrimSpace(c.SignIn.LDAPURL+" "+c.SignIn.OIDCIssuer), strings.TrimSpace(c.SignIn.LDAPURL+" "+c.SignIn.OIDCIssuer))
	}
}

// atDirectory are the ids of the people who sign in at the directory. Where there is no database yet, or an older program wrote it, it gives
// none: the next serve brings it up to date.
func (c Config) atDirectory(clock func() time.Time) (ids []string, err error) {
	if _, err := os.Stat(c.DatabaseFile()); err != nil {
		return nil, nil
	}
	err = store.Look(context.Background(), c.DatabaseFile(), store.Options{Clock: clock, Zone: c.Location()}, func(s *store.Snap, seen store.Seen) error {
		if seen.Pending > 0 {
			return nil
		}
		people, err := s.Persons(store.PersonFilter{})
		for _, p := range people {
			if p.SignIn == store.SignInDirectory {
				ids = append(ids, p.ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who signs in at the directory: %w", err)
	}
	return ids, nil
}
