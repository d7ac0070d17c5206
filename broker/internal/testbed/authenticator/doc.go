// Package authenticator is a security key for tests, with the browser in front of it: it makes passkeys and shows them, and does what a
// stolen, copied or deceived one would do.
package authenticator
