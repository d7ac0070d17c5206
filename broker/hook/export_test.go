package hook

// OwnedBy returns a hook whose file must belong to another account than root, for tests of an ordinary account.
func OwnedBy(h Hook, uid int) Hook {
	h.owner = uint32(uid)
	return h
}
