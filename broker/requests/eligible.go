package requests

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sekimori/broker/store"
	"sekimori/policy"
)

// prime is the prime contractor of a vendor; nil: it names none, or an unregistered one.
func (c *checking) prime(v policy.Vendor) (*policy.Vendor, error) {
	if v.Prime == "" {
		return nil, nil
	}
	prime, err := c.snap.Vendor(v.Prime)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read prime contractor: %w", err)
	}
	return &prime.Vendor, nil
}

// barred gives the reason why an engineer may not work throughout the request; empty: none.
func (c *checking) barred(p policy.Person, v policy.Vendor, prime *policy.Vendor, r *store.Request) (ja, en string) {
	start, end := r.Start, r.End
	if start.IsZero() { // the times make no sense, which is reported already: papers are checked as of now
		start, end = c.snap.Now, c.snap.Now
	}
	switch {
	case v.ID != r.Vendor:
		return "別の保守事業者に所属", "of another vendor; file a request for each"
	case p.Locked != nil:
		return "利用停止中", "locked"
	case v.Locked != nil:
		return "保守事業者が利用停止中", "the vendor is locked"
	case prime != nil && prime.Locked != nil:
		return "元請が利用停止中", "the prime contractor is locked"
	}
	lacks := slices.DeleteFunc(policy.Requirements(&v, prime, &p, &c.institution), func(r policy.Requirement) bool { return r.Terms.Cover(start, end) })
	if len(lacks) == 0 {
		return "", ""
	}
	first := &lacks[0]
	if own := slices.IndexFunc(lacks, func(r policy.Requirement) bool { return r.Reason == policy.PledgeMissing }); own >= 0 {
		first = &lacks[own] // the engineer's own papers come before the vendor's
	}
	if ja, en = lacking(first); first.Prime {
		return "元請: " + ja, "prime contractor: " + en
	}
	return ja, en
}

// lacking words the paper that does not cover a request.
func lacking(r *policy.Requirement) (ja, en string) {
	none := len(r.Terms) == 0
	switch {
	case r.Paper == policy.PaperPledge && none:
		return "誓約書がない", "no pledge on file"
	case r.Paper == policy.PaperPledge:
		return "誓約書の期限切れ", "the pledge ends before the window"
	case r.Paper == policy.PaperPledgeCopy:
		return "誓約書の写しがない", "no copy of the pledge on file"
	case r.Paper == policy.PaperContract:
		return "契約期間外", "outside the vendor's contract"
	case r.Paper == policy.PaperClauses && none:
		return "契約に特記事項の添付がない", "the contract lacks the special clauses"
	case r.Paper == policy.PaperClauses:
		return "特記事項の期限切れ", "the special clauses end before the window"
	case r.Paper == policy.PaperQualified:
		return strings.TrimSpace("認証の条件を満たさない " + r.Name), strings.TrimSpace("the vendor's certification is not current " + r.Name)
	case r.Paper == policy.PaperSubcontract:
		return "再委託が未承認", "the subcontract is not approved"
	}
	return "認証の期限切れ " + r.Name, "certification not current: " + r.Name
}
