package broker_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/store"
)

// The running broker mails an alarm to both desks. What the ledger tells follows the mails.
func TestARunningBrokerMails(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	subjects := make(chan string, 10)
	go smtpServer(l, subjects)
	o := found(t, time.Hour, func(c *broker.Config) {
		c.Notify.MailServer, c.Notify.MailSecurity, c.Notify.MailFrom, c.Notify.CentralMail = l.Addr().String(), notify.Plain, "sekimori@city.example.jp", "central@city.example.jp"
	})
	o.write(func(tx *store.Tx) error {
		_, err := tx.RaiseAlarm(store.Alarm{What: store.AlarmTarget, About: "hr-db"}, []string{"jinji"}, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
	o.start()
	select {
	case s := <-subjects:
		if !strings.HasPrefix(s, "central@city.example.jp ") {
			t.Errorf("mailed %q", s)
		}
	case <-time.After(patience):
		t.Fatal("no mail came")
	}
}

// smtpServer is the least of a mail server: it takes every mail and tells its addressee.
func smtpServer(l net.Listener, got chan<- string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(conn)
		fmt.Fprint(conn, "220 localhost\r\n")
		to, data := "", false
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				break
			}
			line = strings.TrimSpace(line)
			switch {
			case data && line == ".":
				data = false
				got <- to + " taken"
				fmt.Fprint(conn, "250 taken\r\n")
			case data:
			case strings.HasPrefix(line, "DATA"):
				data = true
				fmt.Fprint(conn, "354 go on\r\n")
			case strings.HasPrefix(line, "RCPT TO:<"):
				to = strings.TrimSuffix(strings.TrimPrefix(line, "RCPT TO:<"), ">")
				fmt.Fprint(conn, "250 yes\r\n")
			case strings.HasPrefix(line, "QUIT"):
				fmt.Fprint(conn, "221 bye\r\n")
				conn.Close()
			default:
				fmt.Fprint(conn, "250 yes\r\n")
			}
		}
		conn.Close()
	}
}
