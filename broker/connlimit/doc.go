// Package connlimit bounds the connections of those who have proved nothing: how many there are, how many of one address,
// and how fast they come. Both doors use it, the gate for SSH and web for HTTPS, so that neither can be filled by strangers.
//
// It refuses to let strangers keep a person out. Where all places are taken, a connection that has proved nothing gives its
// place up: to an address that holds fewer, after a while to any, and at once to an address from which somebody proved to be
// themselves before (Known).
package connlimit
