package interlock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"

	"sekimori/policy"
)

// netfilter is the driver of a broker that routes by itself. A table of its own holds two sets of interfaces: those whose packets may
// pass. The office network stands in its set for good, or not at all. The maintenance line stands in its set with a timeout: the kernel
// takes it out where no one renews it. A packet comes in, goes out or passes through only by an interface that stands in its set.
//
// That holds for the broker itself too: while the office network is cut, its pages are not reached from there. The attendant's place is
// on a third interface. So a probe from the broker sees what the rules do.
type netfilter struct {
	table                 string
	internal, maintenance string
	netns                 int  // a namespace's descriptor; 0: the broker's own. Tests make their own
	loose                 bool // leaves out the rule that no packet passes between the two sides whatever the sets say. Tests count what the order alone stops
}

func newNftables(system, internal, maintenance string) (Driver, error) {
	sum := sha256.Sum256([]byte(system)) // the id may hold what no table's name may
	return &netfilter{table: "sekimori_" + hex.EncodeToString(sum[:6]), internal: internal, maintenance: maintenance}, nil
}

// Names of the sets, and the chains' priority: before the usual filter.
const (
	internalSet    = "internal"
	maintenanceSet = "maintenance"
	earlier        = -10
)

func (n *netfilter) conn() (*nftables.Conn, error) {
	var o []nftables.ConnOption
	if n.netns != 0 {
		o = append(o, nftables.WithNetNSFd(n.netns))
	}
	c, err := nftables.New(o...)
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return c, nil
}

func name(s string) []byte {
	b := make([]byte, 16)
	copy(b, s)
	return b
}

func (n *netfilter) of() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: n.table}
}

func setOf(t *nftables.Table, called string) *nftables.Set {
	return &nftables.Set{Table: t, Name: called, KeyType: nftables.TypeIFName, HasTimeout: true}
}

// drop says which packets a rule drops: those of a hook that come in by, or go out by, an interface that does not stand in its set.
type drop struct {
	chain string
	key   expr.MetaKey
	iface string
	set   string
}

func (n *netfilter) drops() []drop {
	return []drop{
		{"forward", expr.MetaKeyIIFNAME, n.internal, internalSet}, {"forward", expr.MetaKeyOIFNAME, n.internal, internalSet},
		{"forward", expr.MetaKeyIIFNAME, n.maintenance, maintenanceSet}, {"forward", expr.MetaKeyOIFNAME, n.maintenance, maintenanceSet},
		{"input", expr.MetaKeyIIFNAME, n.internal, internalSet}, {"output", expr.MetaKeyOIFNAME, n.internal, internalSet},
		{"input", expr.MetaKeyIIFNAME, n.maintenance, maintenanceSet}, {"output", expr.MetaKeyOIFNAME, n.maintenance, maintenanceSet},
	}
}

// rules is how many rules the table has.
func (n *netfilter) rules() int {
	if n.loose {
		return len(n.drops())
	}
	return len(n.drops()) + 2
}

// lay makes the table anew, with both sides shut, in one transaction of the kernel.
func (n *netfilter) lay(c *nftables.Conn) error {
	t := n.of()
	c.AddTable(t) // so that the deletion finds one
	c.DelTable(t)
	t = c.AddTable(t)
	for _, called := range []string{internalSet, maintenanceSet} {
		if err := c.AddSet(setOf(t, called), nil); err != nil {
			return fmt.Errorf("set %s: %w", called, err)
		}
	}
	chains := map[string]*nftables.Chain{}
	for called, hook := range map[string]*nftables.ChainHook{"forward": nftables.ChainHookForward, "input": nftables.ChainHookInput, "output": nftables.ChainHookOutput} {
		chains[called] = c.AddChain(&nftables.Chain{Name: called, Table: t, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityRef(earlier)})
	}
	for _, d := range n.drops() {
		c.AddRule(&nftables.Rule{Table: t, Chain: chains[d.chain], Exprs: []expr.Any{
			&expr.Meta{Key: d.key, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name(d.iface)},
			&expr.Lookup{SourceRegister: 1, SetName: d.set, Invert: true},
			&expr.Counter{},
			&expr.Verdict{Kind: expr.VerdictDrop},
		}})
	}
	if !n.loose {
		for _, way := range [][2]string{{n.internal, n.maintenance}, {n.maintenance, n.internal}} {
			c.AddRule(&nftables.Rule{Table: t, Chain: chains["forward"], Exprs: []expr.Any{
				&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name(way[0])},
				&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name(way[1])},
				&expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop},
			}})
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("table %s: %w", n.table, err)
	}
	return nil
}

var errNoTable = errors.New("the table is not there")

// Look reads the rules and the sets back from the kernel. A table with other rules than ours is unknown.
func (n *netfilter) Look(context.Context) (Reading, error) {
	c, err := n.conn()
	if err != nil {
		return Reading{}, err
	}
	t, err := c.ListTableOfFamily(n.table, nftables.TableFamilyINet)
	if err != nil || t == nil {
		return Reading{}, errors.Join(errNoTable, err)
	}
	have := 0
	for _, called := range []string{"forward", "input", "output"} {
		list, err := c.GetRules(t, &nftables.Chain{Name: called, Table: t})
		if err != nil {
			return Reading{}, fmt.Errorf("%w: rules of %s: %w", errNoTable, called, err)
		}
		have += len(list)
	}
	if have != n.rules() {
		return Reading{}, fmt.Errorf("%w: table %s has %d rules, not %d", errNoTable, n.table, have, n.rules())
	}
	var read Reading
	if read.Internal, err = n.holds(c, t, internalSet, n.internal); err != nil {
		return Reading{}, err
	}
	if read.Maintenance, err = n.holds(c, t, maintenanceSet, n.maintenance); err != nil {
		return Reading{}, err
	}
	return read, nil
}

// holds tells whether an interface stands in its set.
func (n *netfilter) holds(c *nftables.Conn, t *nftables.Table, called, iface string) (policy.LineSide, error) {
	all, err := c.GetSetElements(setOf(t, called))
	if err != nil {
		return policy.SideUnknown, fmt.Errorf("set %s: %w", called, err)
	}
	for _, e := range all {
		if string(e.Key) == string(name(iface)) {
			return policy.SideUp, nil
		}
	}
	return policy.SideDown, nil
}

// Do changes one set in one transaction of the kernel. Where the table is not there, or is another one, the first step lays it anew with
// both sides shut.
func (n *netfilter) Do(ctx context.Context, step Step, lease time.Duration) error {
	if _, err := n.Look(ctx); errors.Is(err, errNoTable) {
		c, err := n.conn()
		if err != nil {
			return err
		}
		if err := n.lay(c); err != nil {
			return err
		}
	}
	if n.netns == 0 { // a misspelt interface would stand in its set and open nothing
		for _, iface := range []string{n.internal, n.maintenance} {
			if _, err := netlink.LinkByName(iface); err != nil && (step == On || step == Restore) {
				return fmt.Errorf("interface %s: %w", iface, err)
			}
		}
	}
	c, err := n.conn()
	if err != nil {
		return err
	}
	called, iface := internalSet, n.internal
	if step == On || step == Off {
		called, iface = maintenanceSet, n.maintenance
	}
	set := setOf(n.of(), called)
	c.FlushSet(set)
	if step == On || step == Restore {
		e := nftables.SetElement{Key: name(iface)}
		if step == On {
			e.Timeout = lease
		}
		if err := c.SetAddElements(set, []nftables.SetElement{e}); err != nil {
			return fmt.Errorf("set %s: %w", called, err)
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	return nil
}
