// Package sealing owns the question which keys open recordings: the change of the broker's viewing key, its destruction once no recording
// needs it, and the opening of recordings that were made before to a further auditor's key.
//
// Each change takes two people. A change of the viewing key has two phases. Between them new recordings are sealed to the old key and to the
// new one, so that it can be taken back without a loss. A key file is durable before the row that names it commits, and is removed
// before the row that says so. At the start the rows say which keys seal; a key that no row names opens recordings and seals none.
//
// It refuses to destroy a key while one recording under it may still exist. It never changes a recording: further keys lie in keys
// files beside them (recordings/FORMAT.md, section 8). Its acts run by broker/act; policy says who may.
package sealing
