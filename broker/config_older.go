package broker

import (
	"fmt"
	"reflect"
	"strings"
)

// olderKeys are keys of the first level that stand in a group now. Files of earlier versions still have them.
type olderKeys struct {
	LedgerOrigin  *string `yaml:"ledger_origin"`
	CheckpointDir *string `yaml:"checkpoint_dir"`
	NoticeVersion *int    `yaml:"notice_version"`
	NoticeURL     *string `yaml:"notice_url"`
	NoticeContact *string `yaml:"notice_contact"`

	CertificateFile *string `yaml:"api_certificate_file"`
	KeyFile         *string `yaml:"api_key_file"`

	RecordingRetention *Duration `yaml:"recording_retention"`
	MinFreeSpace       *Size     `yaml:"min_free_space"`

	Auditors *[]Recipient `yaml:"auditor_recipients"`
	Input    *[]Recipient `yaml:"input_recipients"`
}

// formerly gives the key of the first level that a key of a group had in earlier versions; empty: it had none.
func formerly(key string) string {
	return map[string]string{
		"ledger.origin": "ledger_origin", "ledger.checkpoint_dir": "checkpoint_dir",
		"notice.version": "notice_version", "notice.url": "notice_url", "notice.contact": "notice_contact",
		"tls.certificate_file": "api_certificate_file", "tls.key_file": "api_key_file",
		"recordings.retention": "recording_retention", "recordings.min_free_space": "min_free_space",
		"recipients.auditors": "auditor_recipients", "recipients.input": "input_recipients",
	}[key]
}

// takeOlder puts the values of older keys into their groups. A value that stands at both places is an error.
func (c *Config) takeOlder(older olderKeys, path string, text []byte) error {
	for _, take := range []error{
		taken("ledger.origin", older.LedgerOrigin, &c.Ledger.Origin, path, text),
		taken("ledger.checkpoint_dir", older.CheckpointDir, &c.Ledger.CheckpointDir, path, text),
		taken("notice.version", older.NoticeVersion, &c.Notice.Version, path, text),
		taken("notice.url", older.NoticeURL, &c.Notice.URL, path, text),
		taken("notice.contact", older.NoticeContact, &c.Notice.Contact, path, text),
		taken("tls.certificate_file", older.CertificateFile, &c.TLS.CertificateFile, path, text),
		taken("tls.key_file", older.KeyFile, &c.TLS.KeyFile, path, text),
		taken("recordings.retention", older.RecordingRetention, &c.Recordings.Retention, path, text),
		taken("recordings.min_free_space", older.MinFreeSpace, &c.Recordings.MinFreeSpace, path, text),
		taken("recipients.auditors", older.Auditors, &c.Recipients.Auditors, path, text),
		taken("recipients.input", older.Input, &c.Recipients.Input, path, text),
	} {
		if take != nil {
			return take
		}
	}
	return nil
}

func taken[T any](key string, from, to *T, path string, text []byte) error {
	if from == nil {
		return nil
	}
	group, inner, _ := strings.Cut(key, ".")
	if line, _ := keyPlace(text, key); line > 0 {
		old := formerly(key)
		line, column := keyPlace(text, old)
		return &ConfigError{
			File: path, Line: line, Column: column, Key: old,
			JA: fmt.Sprintf("%q は %q の下の %q と同じもので、二度書かれています", old, group+":", inner),
			EN: fmt.Sprintf("%q is the same as %q below %q, and stands twice", old, inner, group+":"),
		}
	}
	*to = *from
	return nil
}

// fillEmptyGroups gives groups with nothing after their name ("gate:") their defaults.
func (c *Config) fillEmptyGroups() {
	standard := DefaultConfig()
	if reflect.ValueOf(c.Gate).IsZero() {
		c.Gate = standard.Gate
	}
	if len(c.SignIn.OIDCFactorValues) == 0 {
		c.SignIn.OIDCFactorValues = nil
	}
	if c.SignIn.empty() {
		c.SignIn = standard.SignIn
	}
	if len(c.Ledger.Witnesses) == 0 {
		c.Ledger.Witnesses = nil
	}
	if c.Ledger.empty() {
		c.Ledger = standard.Ledger
	}
	if c.Recordings == (RecordingsConfig{}) {
		c.Recordings = standard.Recordings
	}
	if c.Notify == (NotifyConfig{}) {
		c.Notify = standard.Notify
	}
	if len(c.Notice.Changes) == 0 {
		c.Notice.Changes = nil
	}
	if n := c.Notice; n.Version == 0 && n.URL == "" && n.Contact == "" && n.Night == "" && n.Changes == nil {
		c.Notice = standard.Notice
	}
}
