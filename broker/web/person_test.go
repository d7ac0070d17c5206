package web

import "sekimori/policy"

// person is a member of staff with one role.
func person(r policy.Role) policy.Person {
	return policy.Person{ID: "U-9", Kind: policy.Staff, Roles: []policy.Role{r}}
}
