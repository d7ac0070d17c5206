package broker

import (
	"crypto/x509"
	"os"
)

// authorities reads the certificates (PEM) of the authorities that vouch for a server. key and name are those of the setting that gives the
// file. An empty path is nil: the system's authorities count. Error: *ConfigError.
func authorities(key, name, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &ConfigError{Key: key, JA: name + " を読めません。パスと、関守がそのファイルを読めることを確かめてください",
			EN: "cannot read " + name + ": check the path, and that the broker may read the file", Err: err}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, &ConfigError{Key: key, JA: name + " に証明書(PEM)がありません。相手の証明書を出した認証局のものを書いてください",
			EN: "there is no certificate (PEM) in " + name + ": give the authority that issued the other side's certificate"}
	}
	return pool, nil
}
