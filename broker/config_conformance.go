package broker

import (
	"time"

	"sekimori/broker/conformance"
)

// conformance is what the comparison with standards reads of the configuration.
func (c Config) conformance() conformance.Settings {
	return conformance.Settings{
		RecordingDays:   int(time.Duration(c.Recordings.Retention) / (24 * time.Hour)),
		OutsideCopies:   c.Ledger.CheckpointDir != "",
		Auditors:        len(c.Recipients.Auditors),
		InputKeys:       len(c.Recipients.Input),
		Inspector:       c.Gate.Clamd != "" || c.Gate.ICAP != "" || c.Gate.Inspector != "",
		Mail:            c.Notify.MailServer != "",
		FactorEachLogin: c.Gate.FactorMemory == FactorNever,
		GivenCert:       c.TLS.CertificateFile != "",
	}
}
