package broker

import (
	"strings"
	"testing"

	"sekimori/broker/siem"
)

func TestSIEMSettings(t *testing.T) {
	c, err := ParseConfig("/etc/s/c.yaml", []byte("ledger:\n  siem_address: siem.example:6514\n  siem_payload: whole\n  siem_ca_file: ca.pem\n"))
	s := c.Ledger.SIEM
	if err != nil || s.Address != "siem.example:6514" || s.Format != siem.SyslogJSON || s.Security != "tls" || s.Payload != "whole" || s.CAFile != "/etc/s/ca.pem" || c.Ledger.Origin != "sekimori.example/ledger" {
		t.Errorf("%+v, %v", c.Ledger, err)
	}
	if s := DefaultConfig().Ledger.SIEM; s.Address != "" || s.Payload != "header" || s.Confirm != "close" {
		t.Errorf("by default %+v", s)
	}
	for _, wrong := range []string{"siem_address: siem.example", "siem_address: \"siem.example:99999\"", "siem_security: starttls", "siem_format: xml", "siem_payload: all", "siem_confirm: no", "siem_key_file: k.pem", "siem_late: 1s"} {
		_, err := ParseConfig("c.yaml", []byte("ledger:\n  "+wrong+"\n"))
		if key, _, _ := strings.Cut(wrong, ":"); err == nil || !strings.Contains(err.Error(), strings.Replace(key, "key", "certificate", 1)) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
