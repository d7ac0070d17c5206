package accounts

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/store"
	"sekimori/policy/text"
)

// Enrolment is what an administrator's steps on a target depend on.
type Enrolment struct {
	Target   store.Target
	Accounts []store.Account
	CA       ssh.PublicKey // of session certificates
	Steward  ssh.PublicKey // of the administrative connection
	Sources  []netip.Prefix
	Source   string // the broker's address at the last check; empty: unknown
}

// EnrolStep is one thing that the administrator puts on the target.
type EnrolStep struct {
	Title text.Text
	File  string // where it goes; empty: as Title says
	Lines []string
}

const caFile = "/etc/ssh/sekimori_ca.pub"

// Steps are the administrator's steps, in their order, for a host with OpenSSH.
func (e Enrolment) Steps() []EnrolStep {
	var steps []EnrolStep
	certified, others := e.split()
	if len(certified) > 0 {
		steps = append(steps,
			EnrolStep{text.Of("関守の証明書を信じる鍵を置く", "Put down the key whose certificates the target trusts"), caFile, []string{publicLine(e.CA) + " sekimori"}},
			EnrolStep{text.Of("sshd に伝え、読み直す(sshd -t で確かめてから systemctl reload ssh)", "Tell sshd, and reload it (sshd -t first, then systemctl reload ssh)"), "/etc/ssh/sshd_config.d/sekimori.conf",
				[]string{"TrustedUserCAKeys " + caFile, "AuthorizedPrincipalsFile /etc/ssh/sekimori_principals/%u"}})
		for _, login := range certified {
			steps = append(steps, EnrolStep{text.Of("このアカウントに入れる名前を、その名前だけにする", "Let only its own name open this account"), "/etc/ssh/sekimori_principals/" + login, []string{login}})
		}
	}
	for _, a := range others {
		steps = append(steps, EnrolStep{text.Of("このアカウントの鍵かパスワードを関守に預ける(関守のホストで)", "Hand the key or password of this account to the broker (on the broker's host)"), "",
			[]string{"sekimori target secret set " + a.ID + " --file FILE"}})
	}
	return append(append(steps, e.stewardSteps()...), e.egressSteps()...)
}

func (e Enrolment) split() (certified []string, others []store.Account) {
	for _, a := range e.Accounts {
		if a.Credential == store.CredentialCertificate {
			certified = append(certified, a.Login)
		} else {
			others = append(others, a)
		}
	}
	return certified, others
}

func (e Enrolment) stewardSteps() []EnrolStep {
	switch {
	case e.Target.Steward == "":
		return []EnrolStep{{text.Of("アカウントの世話(準備・検査・取上げ・終了の検証)をさせるときは、登録簿の steward に管理用のログイン名を書き、もう一度これを出す", "To have accounts looked after (prepared, probed, taken away, the end verified), name the administrative login as steward in the registry and print this again"), "", nil}}
	case filepath.IsAbs(e.Target.Steward):
		return []EnrolStep{{text.Of("アカウントの世話は関守のホストのプログラムがする。root のものにし、ほかの者が書けないようにする(examples/hooks)", "A program on the broker's host looks after accounts. Let it be root's and writable by no one else (examples/hooks)"), e.Target.Steward, nil}}
	}
	home := "/home/" + e.Target.Steward
	if e.Target.Steward == "root" {
		home = "/root"
	}
	var names, groups []string
	seen := map[string]bool{}
	for _, a := range e.Accounts {
		names = append(names, a.Login)
		for _, g := range a.Groups {
			if !seen[g] {
				groups, seen[g] = append(groups, g), true
			}
		}
	}
	steps := []EnrolStep{
		{text.Of("アカウントの世話をするプログラムを置く(examples/hooks/linux-account/sekimori-target。root のもの、0755)", "Install the program that looks after accounts (examples/hooks/linux-account/sekimori-target; root's, 0755)"), "/usr/local/sbin/sekimori-target", nil},
		{text.Of("管理用アカウントに、このプログラムだけを動かす鍵を置く(一行で)", "Give the administrative account a key that runs this program only (on one line)"), home + "/.ssh/authorized_keys",
			[]string{fmt.Sprintf(`restrict,from="%s",command="/usr/local/sbin/sekimori-target" %s sekimori`, e.from(), publicLine(e.Steward))}},
		{text.Of("プログラムが変えてよいアカウント(root のもの、0644)", "Accounts that the program may change (root's, 0644)"), "/etc/sekimori/accounts", names},
	}
	if len(groups) > 0 {
		steps = append(steps, EnrolStep{text.Of("プログラムが与えてよいグループ(root のもの、0644)", "Groups that the program may give (root's, 0644)"), "/etc/sekimori/groups", groups})
	}
	return steps
}

// from is the broker's address for a from= option.
func (e Enrolment) from() string {
	var all []string
	if e.Source != "" {
		all = append(all, e.Source)
	}
	for _, p := range e.Sources {
		all = append(all, p.String())
	}
	if len(all) == 0 {
		return "BROKER-ADDRESS"
	}
	return strings.Join(all, ",")
}

// egressSteps has a filter for each account that is not root's: root could take the filter away, and the host's own services are root's.
func (e Enrolment) egressSteps() []EnrolStep {
	var steps []EnrolStep
	for _, a := range e.Accounts {
		login := a.Login
		if a.Root || login == "root" {
			continue
		}
		allowed := "192.0.2.20 . 5432"
		if list := setElements(e.Target.Egress); list != "" {
			allowed = list
		}
		steps = append(steps, EnrolStep{text.Of("このアカウントの外向きの通信を、一覧だけに絞る(例。接続先が IPv4 の nftables を使うとき)", "Let this account connect to the list only (an example, for a target with nftables)"), "/etc/nftables.d/sekimori-" + login + ".nft", []string{
			"table inet sekimori_egress_" + setName(login) + " {", "  set allowed { type ipv4_addr . inet_service; flags interval; elements = { " + allowed + " } }",
			"  chain output {", "    type filter hook output priority filter; policy accept;", `    meta skuid != "` + login + `" accept`, "    ct direction reply accept",
			"    ip daddr . tcp dport @allowed accept", "    counter reject with icmpx admin-prohibited", "  }", "}"}})
	}
	return steps
}

// setElements writes the target's list as elements of an nftables set; what the set cannot hold is left out.
func setElements(egress []string) string {
	var all []string
	for _, e := range egress {
		i := strings.LastIndexByte(e, ':')
		if i < 0 || strings.Contains(e[:i], ":") {
			continue
		}
		port := e[i+1:]
		if port == "*" {
			port = "1-65535"
		}
		all = append(all, e[:i]+" . "+port)
	}
	return strings.Join(all, ", ")
}

func setName(login string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, login)
}

func publicLine(k ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
}
